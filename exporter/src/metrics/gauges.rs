//! What is asked for only when Prometheus asks: how things stand in the database and in this process.

use prometheus::{Gauge, GaugeVec, Opts, Registry};
use sqlx::PgPool;

use crate::status::{State, Status};
use crate::store::Pools;

/// How things stand in this process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Bytes and batches that there is room for.
    pub room: (usize, usize),
    /// The connections.
    pub pools: Vec<Pool>,
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Its name.
    pub name: &'static str,
    /// Connections that there are.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: usize,
}

impl Process {
    /// How things stand with `pools`, and with `room` left.
    #[must_use]
    pub fn new(room: (usize, usize), pools: &Pools) -> Self {
        let pool = |name, pool: &PgPool| Pool { name, open: pool.size(), idle: pool.num_idle() };
        let pools = vec![
            pool("ingest", &pools.ingest),
            pool("export", &pools.export),
            pool("operator", &pools.operator),
            pool("status", &pools.status),
        ];
        Self { room, pools }
    }
}

/// The gauges of this process, and of the database where it answers.
///
/// # Errors
/// When two of them have one name.
pub fn gauges(process: &Process, status: Option<&Status>) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    let build =
        family(&registry, "evothesis_build_info", "1; the label is the version of the exporter.", &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    let room = family(&registry, "evothesis_ingest_room", "What /ingest has room for before it answers 429.", &["of"])?;
    room.with_label_values(&["bytes"]).set(number(process.room.0));
    room.with_label_values(&["batches"]).set(number(process.room.1));
    let pools = family(&registry, "evothesis_pool_connections", "Connections to Postgres.", &["pool", "state"])?;
    for pool in &process.pools {
        let used = (pool.open as usize).saturating_sub(pool.idle);
        pools.with_label_values(&[pool.name, "used"]).set(number(used));
        pools.with_label_values(&[pool.name, "idle"]).set(number(pool.idle));
    }
    gauge(&registry, "evothesis_database_up", "1 when the database has answered this request.")?
        .set(if status.is_some() { 1.0 } else { 0.0 });
    if let Some(status) = status {
        checks(&registry, status)?;
        database(&registry, status)?;
        deliveries(&registry, status)?;
        exports(&registry, status)?;
        events(&registry, status)?;
        ledger(&registry, status)?;
    }
    Ok(registry)
}

fn checks(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let help = "The states of GET /health: 0 ok, 1 warning, 2 critical.";
    let states = family(registry, "evothesis_state", help, &["check"])?;
    for check in &status.checks {
        states.with_label_values(&[check.name]).set(match check.state {
            State::Ok => 0.0,
            State::Warning => 1.0,
            State::Critical => 2.0,
        });
    }
    Ok(())
}

fn database(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let disk = &status.disk;
    gauge(registry, "evothesis_database_bytes", "What the database takes on disk.")?.set(count(disk.used_bytes));
    for (name, help, value) in [
        ("evothesis_database_disk_bytes", "What it may take: the setting database.disk.", disk.disk_bytes),
        ("evothesis_database_growth_bytes_per_day", "What a full day adds.", disk.bytes_a_day),
        ("evothesis_database_days_left", "Days until the disk is full. Absent where it will not be.", disk.days_left),
    ] {
        if let Some(value) = value {
            gauge(registry, name, help)?.set(count(value));
        }
    }
    let partitions = family(registry, "evothesis_partitions", "Day partitions.", &["state"])?;
    partitions.with_label_values(&["present"]).set(count(status.partitions.span.days));
    partitions.with_label_values(&["missing"]).set(number(status.partitions.missing.len()));
    partitions.with_label_values(&["held"]).set(number(status.retention.held.len()));
    Ok(())
}

fn deliveries(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let named = ["destination"];
    let rows = family(registry, "evothesis_export_pending_rows", "Rows that a destination does not hold yet.", &named)?;
    let lag =
        family(registry, "evothesis_export_lag_seconds", "Age of the oldest row that a destination lacks.", &named)?;
    let success = "evothesis_export_last_success_timestamp_seconds";
    let success = family(registry, success, "When a destination last was verified to hold a batch.", &named)?;
    let failing =
        family(registry, "evothesis_export_failing_deliveries", "Deliveries whose last attempt failed.", &named)?;
    for it in &status.destinations {
        let label = [it.destination.as_str()];
        rows.with_label_values(&label).set(count(it.pending_rows));
        let age = it.oldest.map_or(0, |oldest| (status.at - oldest).num_seconds().max(0));
        lag.with_label_values(&label).set(count(age));
        failing.with_label_values(&label).set(count(it.failing));
        if let Some(at) = it.last_success {
            success.with_label_values(&label).set(count(at.timestamp()));
        }
    }
    Ok(())
}

fn exports(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let named = ["destination"];
    let batches = family(
        registry,
        "evothesis_export_pending_batches",
        "Export batches that a destination does not hold yet, dead letters included.",
        &named,
    )?;
    let dead = family(
        registry,
        "evothesis_export_dead_letters",
        "Export batches that are tried again only when somebody says so.",
        &named,
    )?;
    let help = "Export batches that a destination was found not to hold as exported, and that were not repaired since.";
    let doubted = family(registry, "evothesis_export_doubted_batches", help, &named)?;
    let waits = family(registry, "evothesis_export_waiting", "1 while a destination takes nothing.", &named)?;
    let kinds = ["destination", "kind"];
    let verified = "evothesis_verify_timestamp_seconds";
    let verified =
        family(registry, verified, "When a destination last was compared with the database; 0 for never.", &kinds)?;
    let help = "What the last comparison found.";
    let discrepancies = family(registry, "evothesis_verify_discrepancies", help, &kinds)?;
    for it in &status.exports {
        let label = [it.destination.as_str()];
        batches.with_label_values(&label).set(count(it.pending_batches));
        dead.with_label_values(&label).set(count(it.dead_letters));
        doubted.with_label_values(&label).set(count(it.doubted_batches));
        waits.with_label_values(&label).set(if it.waits.is_some() { 1.0 } else { 0.0 });
        for kind in ["head", "full"] {
            let last = it.verified.iter().find(|last| last.kind == kind);
            let labels = [it.destination.as_str(), kind];
            verified.with_label_values(&labels).set(count(last.map_or(0, |last| last.verified_at.timestamp())));
            discrepancies.with_label_values(&labels).set(count(last.map_or(0, |last| last.discrepancies)));
        }
    }
    Ok(())
}

fn events(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let help = "Events that came today (UTC) by what became of them, of all exporters of this database.";
    let today = family(registry, "evothesis_events_today", help, &["outcome"])?;
    for it in status.outcomes.iter().filter(|it| it.day == status.at.date_naive()) {
        today.with_label_values(&[it.outcome.as_str()]).set(count(it.events));
    }
    let help = "Share of the numbered events that came, from 0 to 1, by the day in their ids.";
    let delivered = family(registry, "evothesis_delivered_ratio", help, &["day"])?;
    let help = "Numbers of page loads that did not come, by the day in their ids.";
    let missing = family(registry, "evothesis_missing_events", help, &["day"])?;
    for (name, loss) in [("today", status.loss_today()), ("yesterday", status.loss_yesterday())] {
        let Some(loss) = loss else { continue };
        missing.with_label_values(&[name]).set(count(loss.missing));
        if let Some(share) = loss.delivered() {
            delivered.with_label_values(&[name]).set(share);
        }
    }
    gauge(registry, "evothesis_unmeasured_segments", "Segments whose loss is not measured yet, counted up to 1000.")?
        .set(count(status.unmeasured_segments));
    Ok(())
}

fn ledger(registry: &Registry, status: &Status) -> prometheus::Result<()> {
    let help = "Messages that are not delivered: pending, or dead, which nobody sends again by itself.";
    let messages = family(registry, "evothesis_webhooks", help, &["state"])?;
    messages.with_label_values(&["pending"]).set(count(status.webhooks.pending));
    messages.with_label_values(&["dead"]).set(count(status.webhooks.dead));
    let age = status.webhooks.oldest_pending.map_or(0, |oldest| (status.at - oldest).num_seconds().max(0));
    gauge(registry, "evothesis_webhooks_oldest_pending_seconds", "Age of the oldest pending message; 0 for none.")?
        .set(count(age));
    gauge(registry, "evothesis_new_sites_today", "Sites that were listed for the first time today (UTC).")?
        .set(f64::from(status.sites.new_today));
    gauge(registry, "evothesis_events_beyond_site_cap_today", "Events of today of new sites beyond sites.new_a_day.")?
        .set(count(status.sites.beyond_today));
    Ok(())
}

fn gauge(registry: &Registry, name: &str, help: &str) -> prometheus::Result<Gauge> {
    let gauge = Gauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn family(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
    let family = GaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(family.clone()))?;
    Ok(family)
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats alone")]
fn number(value: usize) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats alone")]
fn count(value: i64) -> f64 {
    value as f64
}
