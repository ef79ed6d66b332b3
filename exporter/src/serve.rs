//! The service: two listeners, an export every so often, the regular work of the database, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::config::{Config, Schedule};
use crate::endpoints::{self, Services};
use crate::erasure;
use crate::export::{Exporter, Failure, Report};
use crate::ingest::Ingest;
use crate::ingest::authenticate::Keys;
use crate::ingest::redact::Rules;
use crate::ledger;
use crate::listener::{self, Limits, stopped};
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::refusal::{self, Concerns};
use crate::regular::{self, Turn};
use crate::retention;
use crate::store::{Pools, kind, partitions, schema, sqlstate, tries, verifications};
use crate::verify::{self, Depth};
use crate::webhooks::Webhooks;

/// Days are created and dropped so often. What is missing on arrival is made at once.
const DAYS_EVERY: Duration = Duration::from_hours(1);
/// How often it is looked whether something is due, at least and at most.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The pause after a comparison that the database broke off: begun again at once, it would download the same once more.
const AFTER_ERROR: Duration = Duration::from_hours(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LEDGER_EVERY: Duration = Duration::from_secs(30);
const ERASURES_EVERY: Duration = Duration::from_mins(5);
const WEBHOOKS_EVERY: Duration = Duration::from_secs(2);
/// How long requests and exports that are under way may take once the end has come. What is cut off is done again.
const DRAIN: Duration = Duration::from_secs(30);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config, migrate: bool, clock: Clock) -> anyhow::Result<()> {
    let pools = Pools::new(&config.database)?;
    prepare(&pools, migrate, clock).await?;
    let ingest = bind("ingest.listen", config.ingest.listen).await?;
    let operator = bind("operator.listen", config.operator.listen).await?;
    tracing::info!(ingest = %ingest.local_addr()?, operator = %operator.local_addr()?, "listening");

    let stop = stop_signal()?;
    let metrics = Metrics::new()?;
    let webhooks = Webhooks::new(pools.export.clone(), &config.webhooks, clock)?;
    let keys = Keys::new(&config.ingest.keys);
    let rules = Rules { policy: config.redaction()?, addresses: config.redaction.ip };
    let new_sites = config.sites.new_a_day;
    let services = Arc::new(Services {
        exporter: Exporter::new(pools.export.clone(), &config, owner()),
        ingest: Ingest::new(keys, rules, pools.ingest.clone(), new_sites, metrics.clone()),
        metrics,
        config,
        pools,
        clock,
        readers: endpoints::readers(),
        stop: stop.clone(),
    });
    let names = services.config.destination_names();
    let listen = async |listener, router| {
        listener::serve(listener, router, Limits::default(), stop.clone()).await;
        Ok(())
    };
    let running = async {
        tokio::try_join!(
            listen(ingest, endpoints::ingest_router(services.clone())),
            listen(operator, endpoints::operator_router(services.clone())),
            try_join_all(names.iter().map(|name| export_regularly(&services, name, stop.clone()))),
            verify_regularly(&services, Depth::Head, &services.config.verify.head, stop.clone()),
            verify_regularly(&services, Depth::Full, &services.config.verify.full, stop.clone()),
            work_regularly(
                (regular::EVERY, DAYS_EVERY),
                stop.clone(),
                async || measure(&services).await,
                async || turn_days(&services).await,
            ),
            every(LEDGER_EVERY, stop.clone(), async || keep_ledger(&services).await),
            every(ERASURES_EVERY, stop.clone(), async || go_on_erasing(&services).await),
            every(WEBHOOKS_EVERY, stop.clone(), async || send_webhooks(&webhooks, stop.clone()).await),
        )?;
        // Callers that hung up have left batches behind.
        services.ingest.drained().await;
        anyhow::Ok(())
    };
    tokio::select! {
        result = running => result?,
        () = overdue(stop.clone()) => tracing::warn!("stopped before everything was drained"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Brings the database into a state that may be served from, or says why it is in none.
async fn prepare(pools: &Pools, migrate: bool, clock: Clock) -> anyhow::Result<()> {
    let mut connection = pools.export.acquire().await.context("cannot reach the database")?;
    if migrate {
        schema::MIGRATOR.run(&mut *connection).await.context("cannot migrate the database")?;
    }
    schema::check(&mut connection).await?;
    partitions::ensure(&mut connection, clock.now()).await.context("cannot create partitions")?;
    Ok(())
}

async fn bind(setting: &str, address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{setting}: cannot listen on {address}"))
}

/// A loop for each destination: one that is slow must not keep the others from what came in meanwhile. It exports at once,
/// so that what was missed while nobody served is caught up with, then by schedule, and in between when something that
/// failed is to be tried again.
async fn export_regularly(services: &Services, destination: &str, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let (schedule, seed) = (&services.config.export.schedule, services.config.seed());
    let next = || schedule.next(services.clock.now(), &seed);
    let mut due = next().map(|_| services.clock.now());
    loop {
        let now = services.clock.now();
        // A run that has begun is finished, within what the drain allows.
        if due.is_some_and(|due| due <= now) {
            let ran = services.exporter.run_only(destination).await;
            if let Err(error) = &ran {
                tracing::error!(destination, reason = %error, "export failed");
            }
            due = due_after(&ran, next(), services.clock.now());
        }
        let retry = next_retry(services, destination).await;
        if retry.is_some_and(|pause| pause.is_zero()) {
            services.exporter.retry_only(destination).await;
        }
        let until_due = due.and_then(|due| (due - services.clock.now()).to_std().ok());
        let pause = [until_due, retry].into_iter().flatten().min().unwrap_or(LOOK_EVERY);
        // The clock may be set, and a machine may sleep: nothing is waited for in one piece.
        let pause = pause.clamp(SHORTEST_PAUSE, LOOK_EVERY);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(stop.clone()) => return Ok(()),
        }
    }
}

/// When the next run of a schedule is due, which says `next`, after one that `ran` until `now`. What the database or this
/// machine kept from running does not wait for it: that may be tomorrow.
fn due_after(ran: &sqlx::Result<Report>, next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_here = |it: &Failure| refusal::of(&it.code).concerns == Concerns::Here;
    match ran {
        Ok(report) if !report.failures.iter().any(is_here) => next,
        _ => Some(now + LOOK_EVERY),
    }
}

/// How long until something that failed is to be tried again; zero when it is time.
async fn next_retry(services: &Services, destination: &str) -> Option<Duration> {
    let asked = async { tries::next_retry(&mut *services.pools.export.acquire().await?, destination).await };
    match asked.await {
        Ok(seconds) => seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()),
        Err(error) => {
            tracing::error!(destination, kind = kind(&error), code = %sqlstate(&error), "cannot look for what to try again");
            None
        }
    }
}

/// Compares the buckets with the database when the schedule says so. Of several exporters one does it.
async fn verify_regularly(
    services: &Services,
    depth: Depth,
    schedule: &Schedule,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (seed, started) = (services.config.seed(), services.clock.now());
    every(LOOK_EVERY, stop.clone(), async || {
        let compared = async {
            let mut connection = services.pools.export.acquire().await?;
            // What belongs to the session must not go back to the pool.
            connection.close_on_drop();
            let destinations: Vec<_> = services.config.destinations.iter().map(|it| it.name.clone()).collect();
            let last = verifications::last(&mut connection, depth.name(), &destinations).await?;
            // What was missed while nobody served is caught up with, but not by a new installation.
            let due = schedule.next(last.unwrap_or(started), &seed);
            if due.is_none_or(|due| due > services.clock.now()) || !verifications::lock(&mut connection).await? {
                return Ok(());
            }
            let order = verify::Order { depth, ..verify::Order::default() };
            let verdict = verify::verify(&services.pools.export, &services.config, &order, &Progress::silent()).await?;
            verify::record(&mut connection, &verdict, &order, services.clock.now()).await
        };
        if let Err(error) = compared.await {
            let error: sqlx::Error = error;
            tracing::error!(kind = kind(&error), code = %sqlstate(&error), "cannot compare the buckets with the database");
            tokio::select! {
                () = tokio::time::sleep(AFTER_ERROR) => {}
                () = stopped(stop.clone()) => {}
            }
        }
    })
    .await
}

/// Does `work` now and after each `interval`, until it is to stop.
async fn every(pause: Duration, stop: watch::Receiver<bool>, work: impl AsyncFn()) -> anyhow::Result<()> {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => work().await,
            () = stopped(stop.clone()) => return Ok(()),
        }
    }
}

/// Measures, and turns days after each `days_pause`, one after the other: both want the one turn that there is. Days that could
/// not be turned are after the next `pause`.
async fn work_regularly(
    (pause, days_pause): (Duration, Duration),
    stop: watch::Receiver<bool>,
    measure: impl AsyncFn(),
    turn_days: impl AsyncFn() -> bool,
) -> anyhow::Result<()> {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turned = None;
    loop {
        tokio::select! {
            tick = ticks.tick() => {
                measure().await;
                if turned.is_none_or(|at| tick - at >= days_pause) && turn_days().await {
                    turned = Some(tick);
                }
            }
            () = stopped(stop.clone()) => return Ok(()),
        }
    }
}

/// Measures the loss of what came since the last time.
async fn measure(services: &Services) {
    let measured = async {
        match Turn::take(&services.pools.export).await? {
            Some(mut turn) => regular::measure(turn.connection()).await,
            None => Ok(0),
        }
    };
    if let Err(error) = measured.await {
        tracing::error!(kind = kind(&error), code = %sqlstate(&error), "cannot measure");
    }
}

/// Adds the days that are needed, and drops those that are not any more. Whether all of it is done.
async fn turn_days(services: &Services) -> bool {
    let added = regular::add_days(&services.pools.export, services.clock.now()).await;
    match &added {
        Ok(0) => {}
        Ok(added) => tracing::info!(added, "partitions added"),
        Err(error) => tracing::error!(reason = %error, "cannot add partitions"),
    }
    let dropped = async {
        match Turn::take(&services.pools.export).await? {
            Some(mut turn) => {
                let now = retention::moment(turn.connection(), services.clock.now()).await?;
                regular::drop_days(turn.connection(), &services.config, now).await
            }
            None => Ok(None),
        }
    };
    match dropped.await {
        Ok(None) => {
            tracing::debug!("days are left to another exporter, or to the time after verify");
            false
        }
        Ok(Some(days)) => {
            for it in &days {
                if let Some(rows) = it.dropped_rows {
                    tracing::info!(day = %it.day, rows, bytes = it.bytes, "day dropped");
                } else {
                    tracing::warn!(day = %it.day, held = ?it.held, failed = it.failed, "day held back");
                }
            }
            added.is_ok() && days.iter().all(|it| it.failed.is_none())
        }
        Err(error) => {
            tracing::error!(reason = %error, "cannot drop days");
            false
        }
    }
}

/// Confirms sites, closes months and tells of passed shares.
async fn keep_ledger(services: &Services) {
    let config = &services.config;
    if let Err(error) = ledger::keep(&services.pools.export, &config.sites, &config.billing).await {
        tracing::error!(reason = %error, "cannot keep sites and usage");
    }
}

/// Brings erasures to their end that a bucket has kept from it.
async fn go_on_erasing(services: &Services) {
    match erasure::go_on(&services.pools.export, &services.exporter).await {
        Ok(report) => {
            for it in report.erasures {
                let (id, pending) = (it.erasure_id, report.pending.len());
                if it.finished {
                    tracing::info!(erasure_id = %id, "erasure finished");
                } else {
                    tracing::warn!(erasure_id = %id, pending, "erasure not finished: `exporter forget --resume` says why");
                }
            }
        }
        Err(error) => tracing::error!(reason = %error, "cannot go on with erasures"),
    }
}

/// Sends what is due. Cut off in the middle by a stop, a message is sent again when its lease runs out.
async fn send_webhooks(webhooks: &Webhooks, stop: watch::Receiver<bool>) {
    tokio::select! {
        sent = webhooks.send_due() => match sent {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "webhooks delivered"),
            Err(error) => tracing::error!(reason = %error, "cannot send webhooks"),
        },
        () = stopped(stop) => {}
    }
}

/// Turns true on SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        // Nobody may be left to hear it.
        let _ = sender.send(true);
        // The sender lives on, so that the receivers never see it gone.
        sender.closed().await;
    });
    Ok(receiver)
}

async fn overdue(stop: watch::Receiver<bool>) {
    stopped(stop).await;
    tokio::time::sleep(DRAIN).await;
}

/// Names this process in leases.
#[must_use]
pub fn owner() -> String {
    format!("process {}", std::process::id())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test]
    async fn days_that_cannot_be_turned_are_tried_again_soon_and_not_put_off_by_measuring() {
        use std::cell::{Cell, RefCell};

        let pause = Duration::from_millis(1);
        for (days_pause, expected) in [(DAYS_EVERY, vec![1, 2, 3]), (pause, (1..=9).collect())] {
            let (end, stop) = watch::channel(false);
            let (measured, turned) = (Cell::new(0), RefCell::new(Vec::new()));
            let measure = async || {
                measured.set(measured.get() + 1);
                if measured.get() == 9 {
                    let _ = end.send(true);
                }
            };
            // Another exporter is at it the first two times.
            let turn_days = async || {
                turned.borrow_mut().push(measured.get());
                measured.get() > 2
            };
            work_regularly((pause, days_pause), stop, measure, turn_days).await.expect("stopped");
            assert_eq!(*turned.borrow(), expected);
        }
    }

    #[test]
    fn a_run_that_this_machine_kept_from_running_is_made_again_soon() {
        let failed = |code: &str| {
            let failure = Failure {
                destination: "client".to_owned(),
                export_batch_id: None,
                code: code.to_owned(),
                reason: String::new(),
                remedy: "",
                is_dead: false,
            };
            Ok(Report { failures: vec![failure], ..Report::default() })
        };
        let now = DateTime::UNIX_EPOCH;
        let tomorrow = Some(now + TimeDelta::days(1));
        assert_eq!(due_after(&Ok(Report::default()), tomorrow, now), tomorrow);
        // A destination that fails has its own time to be tried again.
        for code in ["AccessDenied", "SlowDown", refusal::NO_ANSWER, refusal::NOT_HELD, refusal::ROWS] {
            assert_eq!(due_after(&failed(code), tomorrow, now), tomorrow, "{code}");
        }
        let soon = Some(now + LOOK_EVERY);
        for code in [refusal::DATABASE, refusal::DISK] {
            assert_eq!(due_after(&failed(code), tomorrow, now), soon, "{code}");
        }
        assert_eq!(due_after(&Err(sqlx::Error::PoolTimedOut), tomorrow, now), soon);
    }
}
