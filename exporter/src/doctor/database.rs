//! Postgres: whether it can be reached, is the right one, and keeps what it acknowledges.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::finding::{Finding, Judgement};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::server::{self, Server};
use crate::store::{CONNECTIONS, Pools, operator, partitions, schema};

/// The oldest that the schema is written for.
const OLDEST: i32 = 15;
/// Clocks that differ by more than that make times hard to compare, and leases short or long.
const CLOCKS: TimeDelta = TimeDelta::seconds(5);

/// What was found, and the way to the database if its schema is in order.
pub(super) async fn examine(config: &Config, clock: Clock) -> (Vec<Finding>, Option<Pools>) {
    let finding = |check, judgement| Finding { subject: "database".to_owned(), check, judgement };
    let connected = async {
        let pools = Pools::new(&config.database)?;
        let mut connection = pools.export.acquire().await?;
        operator::ping(&mut connection).await?;
        Ok::<_, sqlx::Error>((pools, connection))
    };
    let (pools, mut connection) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            let remedy = "see that Postgres runs, and that database.url names its host, user, password and database";
            return (vec![finding("reach", Judgement::trouble(error.to_string(), remedy))], None);
        }
    };
    let mut findings = vec![finding("reach", Judgement::well("it answers"))];
    let before = clock.now();
    match server::ask(&mut connection).await {
        Ok(server) => {
            let ahead = server.now - before;
            findings.extend(settings(&server, ahead, config).into_iter().map(|(check, it)| finding(check, it)));
        }
        Err(error) => {
            findings.push(finding("settings", Judgement::trouble(error.to_string(), "see the log of Postgres")));
        }
    }
    let migrated = schema::check(&mut connection).await;
    let is_migrated = migrated.is_ok();
    findings.push(finding(
        "migrations",
        match migrated {
            Ok(()) => Judgement::well("the schema is this program's"),
            Err(error) => Judgement::trouble(
                error.to_string(),
                "run `exporter migrate` with the version of the exporter that you serve with",
            ),
        },
    ));
    if !is_migrated {
        return (findings, None);
    }
    findings.push(finding("partitions", days(&mut connection, clock).await));
    drop(connection);
    (findings, Some(pools))
}

async fn days(connection: &mut PgConnection, clock: Clock) -> Judgement {
    match partitions::missing(connection, clock.now()).await.as_deref() {
        Ok([]) => Judgement::well("every day that events may belong to has one"),
        Ok([first, more @ ..]) => Judgement::trouble(
            format!("{} day(s) have no partition or a detached one, the first is {first}", more.len() + 1),
            "run `exporter migrate`; a detached table that it cannot attach has to be renamed or dropped: see the log of \
             Postgres",
        ),
        Err(error) => Judgement::trouble(error.to_string(), "see the log of Postgres"),
    }
}

/// What the server's settings mean for events.
fn settings(server: &Server, ahead: TimeDelta, config: &Config) -> Vec<(&'static str, Judgement)> {
    let version = server.version / 10_000;
    let of_version = if version < OLDEST {
        Judgement::trouble(format!("it is {version}"), format!("upgrade to Postgres {OLDEST} or newer"))
    } else {
        Judgement::well(version.to_string())
    };
    let durable = match (server.fsync, server.full_page_writes) {
        (true, true) => Judgement::well("what is committed is on disk"),
        (fsync, _) => Judgement::trouble(
            format!(
                "{} is off: a crash of the machine can ruin the database",
                if fsync { "full_page_writes" } else { "fsync" }
            ),
            "set it to on in postgresql.conf and reload: what the edge was told is stored must stay so",
        ),
    };
    let writable = if server.read_only {
        Judgement::trouble("it is a standby or read-only", "let database.url name the primary")
    } else {
        Judgement::well("it takes writes")
    };
    let room = i64::from(server.max_connections) - i64::from(server.reserved_connections);
    let needed = i64::from(CONNECTIONS);
    let connections = match room - server.other_connections {
        _ if room < needed => Judgement::trouble(
            format!("max_connections leaves {room}, an exporter takes up to {needed}"),
            format!("set max_connections to {} or more", needed * 2 + i64::from(server.reserved_connections)),
        ),
        left if left < needed => Judgement::advice(
            format!("{left} are free beside those of others, an exporter takes up to {needed}"),
            "raise max_connections, or let others take fewer: ingest answers 503 when it gets none",
        ),
        left => Judgement::well(format!("{left} are free, an exporter takes up to {needed}")),
    };
    let clocks = if ahead.abs() > CLOCKS {
        Judgement::advice(
            format!("the database's clock is {} s off this machine's", ahead.num_seconds()),
            "keep both right with chrony or systemd-timesyncd",
        )
    } else {
        Judgement::well("it agrees with this machine's")
    };
    let disk = match (config.database.disk, config.retention.kept()) {
        (Some(_), _) => Judgement::well("database.disk says how much there is"),
        (None, Some(_)) => {
            Judgement::advice("database.disk is not set: nobody can tell when the disk will be full", "set it")
        }
        (None, None) => Judgement::advice(
            "events grow until the disk is full: retention.days is 0, and database.disk is not set, so nobody can tell when",
            "set retention.days to drop what the buckets hold, or database.disk to be told in time",
        ),
    };
    let user = if server.superuser {
        Judgement::advice("the exporter is a superuser there", "give it a user of its own that owns its database alone")
    } else {
        Judgement::well("no superuser")
    };
    let checksums = if server.data_checksums {
        Judgement::well("on")
    } else {
        Judgement::advice(
            "off: a disk that changes bytes is not noticed",
            "stop Postgres and run `pg_checksums --enable`",
        )
    };
    vec![
        ("version", of_version),
        ("durability", durable),
        ("writes", writable),
        ("connections", connections),
        ("clock", clocks),
        ("disk", disk),
        ("user", user),
        ("data checksums", checksums),
    ]
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn well() -> Server {
        Server {
            version: 180_000,
            fsync: true,
            full_page_writes: true,
            read_only: false,
            superuser: false,
            data_checksums: true,
            max_connections: 100,
            reserved_connections: 3,
            other_connections: 5,
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn config() -> Config {
        let config = Config::from_text(
            &include_str!("../../../deploy/exporter.toml")
                .replace("k1 = \"\"", &format!("k1 = \"{}\"", "01".repeat(32)))
                .replace("token = \"\"", "token = \"token-not-shown-\"")
                .replace("_key = \"\"", "_key = \"not-shown\""),
        );
        config.expect("valid")
    }

    fn told(server: &Server, ahead: i64) -> Vec<String> {
        settings(server, TimeDelta::seconds(ahead), &config())
            .into_iter()
            .filter_map(|(check, judgement)| match judgement {
                Judgement::Well(_) => None,
                Judgement::Advice(_) => Some(format!("advice {check}")),
                Judgement::Trouble(_) => Some(format!("fail {check}")),
            })
            .collect()
    }

    #[test]
    fn each_bad_setting_is_told() {
        assert_eq!(told(&well(), 0), Vec::<String>::new());
        for (server, ahead, expected) in [
            (Server { version: 140_011, ..well() }, 0, "fail version"),
            (Server { fsync: false, ..well() }, 0, "fail durability"),
            (Server { full_page_writes: false, ..well() }, 0, "fail durability"),
            (Server { read_only: true, ..well() }, 0, "fail writes"),
            (Server { max_connections: 10, ..well() }, 0, "fail connections"),
            (Server { other_connections: 90, ..well() }, 0, "advice connections"),
            (Server { superuser: true, ..well() }, 0, "advice user"),
            (Server { data_checksums: false, ..well() }, 0, "advice data checksums"),
            (well(), -60, "advice clock"),
        ] {
            assert_eq!(told(&server, ahead), [expected]);
        }
    }

    #[test]
    fn a_disk_that_nothing_keeps_from_filling_is_told() {
        let mut config = config();
        config.database.disk = None;
        for (days, expected) in
            [(90, "nobody can tell when the disk will be full"), (0, "events grow until the disk is")]
        {
            config.retention.days = days;
            let settings = settings(&well(), TimeDelta::zero(), &config);
            let disk = settings.into_iter().find(|(check, _)| *check == "disk").expect("a check").1;
            assert!(matches!(&disk, Judgement::Advice(advice) if advice.what.contains(expected)), "{disk:?}");
        }
    }
}
