//! Personal data that was found on arrival, by the version of the edge that let it pass.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What is added for one version and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The version of the edge.
    pub edge_version: &'a str,
    /// The kind of personal data.
    pub kind: &'a str,
    /// How often; at least one.
    pub findings: i64,
}

/// What an edge's version let pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfVersion {
    /// The version.
    pub edge_version: String,
    /// The kinds of personal data, in alphabetical order.
    pub kinds: Vec<String>,
    /// How often, all kinds together.
    pub findings: i64,
    /// When it was last found.
    pub found_at: DateTime<Utc>,
}

/// Adds to the findings of `day`, in the transaction that stores the events.
pub async fn add(connection: &mut PgConnection, day: NaiveDate, findings: &[Finding<'_>]) -> sqlx::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "-- name: add_redaction_findings
        insert into redaction_findings (day, edge_version, kind, findings)
        select $1, edge_version, kind, findings
        from unnest($2::text[], $3::text[], $4::bigint[]) as row (edge_version, kind, findings)
        -- Two that add to the same rows in different orders would deadlock.
        order by 2, 3
        on conflict (day, edge_version, kind) do update
        set findings = redaction_findings.findings + excluded.findings, found_at = now()",
        day,
        column(findings, |it| it.edge_version) as Vec<&str>,
        column(findings, |it| it.kind) as Vec<&str>,
        column(findings, |it| it.findings) as Vec<i64>,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What was found since the day `first`, by version.
pub async fn since(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<Vec<OfVersion>> {
    sqlx::query_as!(
        OfVersion,
        r#"-- name: redaction_findings_since
        select
            edge_version,
            array_agg(distinct kind order by kind) as "kinds!",
            sum(findings)::bigint as "findings!",
            max(found_at) as "found_at!"
        from redaction_findings where day >= $1
        group by edge_version
        order by edge_version"#,
        first,
    )
    .fetch_all(connection)
    .await
}

fn column<'a, T>(findings: &'a [Finding<'a>], value: impl Fn(&'a Finding<'a>) -> T) -> Vec<T> {
    findings.iter().map(value).collect()
}
