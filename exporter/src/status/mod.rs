//! How the installation is doing: what `/health`, `/metrics` and `exporter status` tell, from one look at the database.

mod check;
pub mod disk;
mod exports;
mod judge;
mod ledger;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

pub use self::check::{Check, State};
pub use self::disk::Disk;
pub use self::judge::percent;
pub use self::ledger::NewSites;
use crate::config::Config;
use crate::retention;
use crate::store::backlog::{self, Backlog};
use crate::store::credentials;
use crate::store::losses::{self, Loss};
use crate::store::operator::{self, DestinationStatus};
use crate::store::outcomes::{self, OfDay};
use crate::store::partitions::{self, Span};
use crate::store::redaction_findings::{self, OfVersion};
use crate::store::retention as store_retention;
use crate::store::webhooks::{self, Outbox};
use crate::store::{erasure_searches, erasures, sites};

/// Days that figures are told of, today included.
const DAYS: Days = Days::new(7);
/// Sites that loss is told of.
const SITES: i64 = 10;

/// How the installation is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// The worst of the checks.
    pub status: State,
    /// That the database answers; there is no status otherwise.
    pub database: &'static str,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// What was judged.
    pub checks: Vec<Check>,
    /// When the disk will be full.
    pub disk: Disk,
    /// The days that there are.
    pub partitions: Partitions,
    /// The days that should be gone.
    pub retention: Retention,
    /// What became of the events of the last days.
    pub outcomes: Vec<OfDay>,
    /// What was lost of the last days, the newest first, at the sites that are judged: confirmed ones; until there is one, all
    /// that nobody has ignored.
    pub losses: Vec<Loss>,
    /// The same of all other sites, which anyone can make up.
    pub losses_of_others: Vec<Loss>,
    /// Where most was lost, of the sites that are judged.
    pub worst_sites: Vec<Loss>,
    /// Segments whose loss is not measured yet, counted up to 1000.
    pub unmeasured_segments: i64,
    /// Personal data that edges let pass since yesterday.
    pub redaction: Vec<OfVersion>,
    /// How far behind each destination is.
    pub destinations: Vec<Backlog>,
    /// How the exports to each destination go: failures, dead letters, the next run, the last comparison.
    pub exports: Vec<DestinationStatus>,
    /// The messages to the receiver of webhooks. They wait while `webhooks.url` is not set.
    pub webhooks: Outbox,
    /// Sites that came for the first time today.
    pub sites: NewSites,
}

/// The day partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Partitions {
    /// Those that there are.
    #[serde(flatten)]
    pub span: Span,
    /// Days that events may belong to and that have none.
    pub missing: Vec<NaiveDate>,
}

/// What retention has to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Retention {
    /// The setting; absent when nothing is dropped.
    pub days: Option<u32>,
    /// Days that are older and still there, the oldest first.
    pub held: Vec<NaiveDate>,
}

impl Status {
    /// The loss of the day that it is.
    #[must_use]
    pub fn loss_today(&self) -> Option<&Loss> {
        self.loss_of(self.at.date_naive())
    }

    /// The loss of the last day that is over.
    #[must_use]
    pub fn loss_yesterday(&self) -> Option<&Loss> {
        self.loss_of(self.at.date_naive().pred_opt()?)
    }

    fn loss_of(&self, day: NaiveDate) -> Option<&Loss> {
        self.losses.iter().find(|it| it.day == day)
    }
}

/// How the exports to each destination go at `now`.
///
/// # Errors
/// The database's.
pub async fn exports(
    connection: &mut PgConnection,
    config: &Config,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DestinationStatus>> {
    let next_run = config.export.schedule.next(now, &config.seed());
    let mut exports = Vec::new();
    for name in config.destination_names() {
        exports.push(operator::destination_status(connection, &name, now, next_run).await?);
    }
    Ok(exports)
}

/// Looks at everything there is, at `now`.
///
/// # Errors
/// The database's.
pub async fn examine(connection: &mut PgConnection, config: &Config, now: DateTime<Utc>) -> sqlx::Result<Status> {
    let today = now.date_naive();
    let (first, yesterday) = (today - DAYS, today - Days::new(1));
    let missing = partitions::missing(connection, now).await?;
    let partitions = Partitions { span: partitions::span(connection).await?, missing };
    let clocks = store_retention::clocks(connection).await?;
    // By the database's clock, too, where it is used; how far that is off is a check of its own.
    let certain = retention::by_events(now, clocks);
    let first_kept = retention::first_kept(config, certain);
    let retention =
        Retention { days: config.retention.kept(), held: retention::overdue(connection, config, certain).await? };
    let used = crate::store::disk::used(connection, today).await?;
    let dropped_after = retention.days.filter(|_| !judge::is_held_back(&retention.held, first_kept)).map(i64::from);
    let disk = disk::forecast(&used, config.database.disk.map(crate::config::Size::bytes), dropped_after);
    let outcomes = outcomes::since(connection, first).await?;
    let losses = losses::by_day(connection, first, true).await?;
    let losses_of_others = losses::by_day(connection, first, false).await?;
    let worst_sites = losses::worst_sites(connection, first, SITES).await?;
    let unmeasured_segments = losses::unmeasured(connection).await?;
    let redaction = redaction_findings::since(connection, yesterday).await?;
    let destinations = backlog::of(connection, &config.destination_names()).await?;
    let refusals = credentials::latest_failures(connection, &config.destination_names()).await?;
    let exports = exports(connection, config, now).await?;
    let unfinished = erasures::unfinished(connection).await?;
    let unsearched = erasure_searches::unsearched(connection, None).await?;
    let webhooks = webhooks::outbox(connection).await?;
    let (new_today, beyond_today) = sites::new_today(connection).await?;
    let sites = NewSites { new_today, beyond_today };
    let of_yesterday = losses.iter().find(|it| it.day == yesterday);
    let checks = vec![
        judge::partitions(&partitions.missing),
        judge::clocks(now - clocks.database),
        disk::check(&disk, retention.days.is_some()),
        judge::retention(&config.required_names(), &retention.held, first_kept, &exports),
        judge::export(config, &destinations, now),
        judge::credentials(&refusals),
        exports::deliveries(config, &exports),
        exports::verify(config, &exports, now),
        judge::erasures(&unfinished, &unsearched, now),
        judge::redaction(&redaction),
        judge::loss(of_yesterday, unmeasured_segments),
        judge::refused(&outcomes, today),
        ledger::webhooks(!config.webhooks.url.is_empty(), &webhooks, now),
        ledger::sites(config.sites.new_a_day, sites),
    ];
    Ok(Status {
        status: checks.iter().map(|it| it.state).max().unwrap_or_default(),
        database: "connected",
        at: now,
        checks,
        disk,
        partitions,
        retention,
        outcomes,
        losses,
        losses_of_others,
        worst_sites,
        unmeasured_segments,
        redaction,
        destinations,
        exports,
        webhooks,
        sites,
    })
}
