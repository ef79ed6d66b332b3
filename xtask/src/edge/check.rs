//! What `wrangler.toml` says of an environment, judged before anything is built: a deployment that would lose data, keep too
//! much or mix two clients does not come to be.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use edge_settings::{REQUIRED_SECRETS, SECRETS, Settings, VARIABLES};
use toml::{Table, Value};

/// The environment that runs on this machine: plain http and keys in the file are fine there.
pub(crate) const LOCAL: &str = "local";
/// The build command at the top of the file passes this name, so that a deployment without `--env` fails.
const UNNAMED: &str = "unnamed";
/// Bindings and classes of the Durable Objects.
const OBJECTS: [(&str, &str); 2] = [("COOKIELESS_DAYS", "CookielessDay"), ("KNOWN_SITES", "KnownSites")];

/// Messages in a batch where the file says nothing (<https://developers.cloudflare.com/queues/configuration/configure-queues/>).
const USUAL_BATCH: i64 = 10;
/// A consumer may run for 15 minutes (<https://developers.cloudflare.com/queues/platform/limits/>), and waits 20 seconds for
/// the exporter with each message at most.
const LARGEST_BATCH: i64 = 40;

/// Checks the environment `name` in the text of a `wrangler.toml`.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn environment(text: &str, name: &str) -> Result<()> {
    let file: Table = text.parse().context("wrangler.toml cannot be read")?;
    let environments = table(&file, "env").cloned().unwrap_or_default();
    let Some(own) = table(&environments, name) else {
        let known: Vec<&str> = environments.keys().map(String::as_str).collect();
        if name == UNNAMED {
            bail!(
                "no environment: say which client, as in `wrangler deploy --env CLIENT`; known are: {}. Each has its own \
                 build command, `cargo xtask edge CLIENT`",
                known.join(", ")
            );
        }
        bail!("wrangler.toml has no [env.{name}]; known are: {}", known.join(", "));
    };
    let mut wrong = Vec::new();
    secrets_in_the_file(&file, &environments, &mut wrong);
    is_built_by_its_name(own, name, &mut wrong);
    settings(own, name, &mut wrong);
    queues(own, name, &environments, &mut wrong);
    objects(&file, own, name, &mut wrong);
    if name != LOCAL {
        reachable(own, name, &mut wrong);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut said = format!("wrangler.toml, [env.{name}]:");
    for complaint in wrong {
        let _ = write!(said, "\n  - {complaint}");
    }
    bail!(said)
}

fn table<'a>(parent: &'a Table, name: &str) -> Option<&'a Table> {
    parent.get(name).and_then(Value::as_table)
}

fn text<'a>(parent: &'a Table, name: &str) -> Option<&'a str> {
    parent.get(name).and_then(Value::as_str)
}

/// The tables of a list such as `queues.producers`.
fn tables<'a>(parent: &'a Table, group: &str, name: &str) -> Vec<&'a Table> {
    let list = table(parent, group).and_then(|group| group.get(name)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_table).collect()
}

/// In any environment: the file is in version control.
fn secrets_in_the_file(file: &Table, environments: &Table, wrong: &mut Vec<String>) {
    let clients = environments.iter().filter(|(name, _)| *name != LOCAL);
    let places =
        clients.filter_map(|(name, own)| Some((format!("[env.{name}.vars]"), table(own.as_table()?, "vars")?)));
    for (place, variables) in places.chain(table(file, "vars").map(|variables| ("[vars]".to_owned(), variables))) {
        for secret in SECRETS.iter().filter(|secret| variables.contains_key(**secret)) {
            wrong.push(format!("{secret} is a secret and stands in {place}: take it out and replace it by another, set by `wrangler secret put {secret}`"));
        }
    }
}

fn is_built_by_its_name(own: &Table, name: &str, wrong: &mut Vec<String>) {
    let expected = format!("cargo xtask edge {name}");
    if table(own, "build").and_then(|build| text(build, "command")) != Some(&expected) {
        wrong.push(format!("[env.{name}.build] must say command = \"{expected}\""));
    }
}

fn settings(own: &Table, name: &str, wrong: &mut Vec<String>) {
    let variables = table(own, "vars").cloned().unwrap_or_default();
    for (variable, value) in &variables {
        if !VARIABLES.contains(&variable.as_str()) && !SECRETS.contains(&variable.as_str()) {
            wrong.push(format!("{variable} is no setting; known are: {}", VARIABLES.join(", ")));
        } else if !value.is_str() {
            wrong.push(format!("{variable} must be a text: put it between quotes"));
        }
    }
    let get = |setting: &str| match text(&variables, setting) {
        // what is set by `wrangler secret put` cannot be seen from here
        None if name != LOCAL && REQUIRED_SECRETS.contains(&setting) => Some("00".repeat(32)),
        said => said.map(str::to_owned),
    };
    match Settings::read(&get) {
        Ok(settings) => wrong.extend(settings.complaints.iter().map(ToString::to_string)),
        Err(complaint) => wrong.push(complaint.to_string()),
    }
    let exporter = text(&variables, "EXPORTER_URL").unwrap_or_default();
    if name != LOCAL && exporter.starts_with("http://") {
        wrong.push("EXPORTER_URL must begin with https://: what is forwarded is signed, not encrypted".to_owned());
    }
}

/// The two queues of an environment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Queues {
    pub(crate) queue: String,
    pub(crate) dead: String,
}

/// The queues of the environment `name` in the text of a `wrangler.toml`.
///
/// # Errors
/// Without the environment, or one of them.
pub(crate) fn queues_of(text: &str, name: &str) -> Result<Queues> {
    let file: Table = text.parse().context("wrangler.toml cannot be read")?;
    let own = table(&file, "env").and_then(|environments| table(environments, name));
    let own = own.with_context(|| format!("wrangler.toml has no [env.{name}]"))?;
    let queue = queue_of(own).with_context(|| format!("[env.{name}] has no queue bound as BATCHES"))?;
    let dead = consumer_of(own, &queue).and_then(|consumer| self::text(consumer, "dead_letter_queue"));
    let dead = dead.with_context(|| format!("the queue {queue} of [env.{name}] has no dead_letter_queue"))?.to_owned();
    Ok(Queues { queue, dead })
}

fn queue_of(environment: &Table) -> Option<String> {
    let producers = tables(environment, "queues", "producers");
    let batches = producers.into_iter().find(|producer| text(producer, "binding") == Some("BATCHES"))?;
    text(batches, "queue").map(str::to_owned)
}

fn consumer_of<'a>(environment: &'a Table, queue: &str) -> Option<&'a Table> {
    let consumers = tables(environment, "queues", "consumers");
    consumers.into_iter().find(|consumer| text(consumer, "queue") == Some(queue))
}

fn queues(own: &Table, name: &str, environments: &Table, wrong: &mut Vec<String>) {
    let Some(queue) = queue_of(own) else {
        wrong
            .push("a queue must be bound as BATCHES: without one every outage of the exporter loses events".to_owned());
        return;
    };
    let others = environments.iter().filter(|(other, _)| *other != name);
    for (other, environment) in others {
        if environment.as_table().and_then(queue_of).as_ref() == Some(&queue) {
            wrong.push(format!(
                "the queue {queue} is that of [env.{other}] too: one client would receive the other's events"
            ));
        }
    }
    let Some(consumer) = consumer_of(own, &queue) else {
        wrong.push(format!("the queue {queue} has no consumer"));
        return;
    };
    if text(consumer, "dead_letter_queue").is_none_or(|dead| dead == queue) {
        wrong.push(format!(
            "the queue {queue} needs a dead_letter_queue: without one what cannot be delivered is deleted"
        ));
    }
    if consumer.get("max_retries").and_then(Value::as_integer) != Some(100) {
        wrong.push(format!("the queue {queue} needs max_retries = 100: fewer do not outlast a weekend"));
    }
    let size = consumer.get("max_batch_size").map_or(Some(USUAL_BATCH), Value::as_integer);
    if !size.is_some_and(|size| (1..=LARGEST_BATCH).contains(&size)) {
        wrong.push(format!(
            "the queue {queue} needs a max_batch_size of {LARGEST_BATCH} at most: an exporter that is slow would keep the \
             consumer longer than it may run"
        ));
    }
}

fn objects(file: &Table, own: &Table, name: &str, wrong: &mut Vec<String>) {
    let bindings = tables(own, "durable_objects", "bindings");
    let migrations = own.get("migrations").or_else(|| file.get("migrations")).and_then(Value::as_array);
    let made: Vec<&str> = migrations
        .into_iter()
        .flatten()
        .filter_map(|migration| migration.get("new_sqlite_classes").and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (binding, class) in OBJECTS {
        let is_bound =
            |bound: &&Table| text(bound, "name") == Some(binding) && text(bound, "class_name") == Some(class);
        if !bindings.iter().any(is_bound) {
            wrong.push(format!("[[env.{name}.durable_objects.bindings]] must bind {class} as {binding}"));
        }
        if !made.contains(&class) {
            wrong.push(format!("[[migrations]] must make {class} as one of new_sqlite_classes"));
        }
    }
}

fn reachable(own: &Table, name: &str, wrong: &mut Vec<String>) {
    let is_somewhere = own.contains_key("route") || own.contains_key("routes");
    if !is_somewhere && own.get("workers_dev").and_then(Value::as_bool) != Some(true) {
        wrong.push(format!("[env.{name}] has no routes: nobody could reach it"));
    }
    let required = table(own, "secrets").and_then(|secrets| secrets.get("required")).and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    for secret in REQUIRED_SECRETS.iter().filter(|secret| !required.contains(*secret)) {
        wrong.push(format!(
            "[env.{name}.secrets] must list {secret} as required, so that wrangler refuses to deploy without it"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../wrangler.toml");
    const DOCS: &str = include_str!("../../../docs/deploy-edge.md");

    /// The file with the block that operators copy.
    fn with_acme() -> String {
        let block = DOCS.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block to copy");
        format!("{FILE}\n{block}")
    }

    /// What is wrong with the environment `acme` once `found` is replaced.
    fn complaint(found: &str, instead: &str) -> String {
        let text = with_acme();
        assert!(text.contains(found), "{found}");
        let error = environment(&text.replace(found, instead), "acme").expect_err("something wrong");
        format!("{error:#}")
    }

    #[test]
    fn the_local_environment_and_the_block_in_the_docs_are_right() {
        environment(FILE, LOCAL).expect("the local environment");
        environment(&with_acme(), "acme").expect("the block in docs/deploy-edge.md");
    }

    #[test]
    fn an_environment_has_a_queue_and_one_for_the_dead() {
        let queues = Queues { queue: "acme-batches".to_owned(), dead: "acme-batches-dead".to_owned() };
        assert_eq!(queues_of(&with_acme(), "acme").expect("both"), queues);
        let without = with_acme().replace("dead_letter_queue = \"acme-batches-dead\"", "");
        let refused = |text: &str, name| queues_of(text, name).expect_err("not both").to_string();
        assert!(refused(&without, "acme").contains("the queue acme-batches of [env.acme] has no dead_letter_queue"));
        assert!(refused(&without, "acne").contains("no [env.acne]"));
    }

    #[test]
    fn the_unnamed_environment_and_one_that_is_not_there_are_refused() {
        let refused = |name| environment(FILE, name).expect_err("no such environment").to_string();
        assert!(refused(UNNAMED).contains("wrangler deploy --env CLIENT"));
        assert!(refused("acme").contains("no [env.acme]; known are: local"));
        assert!(FILE.contains(&format!("[build]\ncommand = \"cargo xtask edge {UNNAMED}\"")));
    }

    #[test]
    fn each_mistake_is_named() {
        for (found, instead, expected) in [
            ("PRIVACY = \"gdpr\"", "PRIVACY = \"GDPR\"", "PRIVACY must be one of: standard, gdpr, hipaa"),
            (
                "PRIVACY = \"gdpr\"",
                "PRIVACY = \"gdpr\"\nIP_POLICY = \"keep\"",
                "IP_POLICY keeps more than PRIVACY allows; the most is truncate",
            ),
            ("PRIVACY = \"gdpr\"", "PRIVACY = \"gdpr\"\nIP_POLCY = \"drop\"", "IP_POLCY is no setting"),
            ("PRIVACY = \"gdpr\"", "PRIVACY = \"gdpr\"\nNEW_SITES_A_DAY = 5", "NEW_SITES_A_DAY must be a text"),
            (
                "PRIVACY = \"gdpr\"",
                "PRIVACY = \"gdpr\"\nTOKEN_KEY = \"00\"",
                "TOKEN_KEY is a secret and stands in [env.acme.vars]",
            ),
            (
                "name = \"evothesis-edge\"",
                "vars = { FORWARD_KEY = \"00\" }\nname = \"evothesis-edge\"",
                "FORWARD_KEY is a secret and stands in [vars]",
            ),
            ("https://exporter.acme.example", "http://exporter.acme.example", "EXPORTER_URL must begin with https://"),
            ("https://exporter.acme.example", "exporter.acme.example", "EXPORTER_URL must begin with http"),
            (
                "cargo xtask edge acme",
                "cargo xtask edge local",
                "[env.acme.build] must say command = \"cargo xtask edge acme\"",
            ),
            (
                "queue = \"acme-batches\"",
                "queue = \"evothesis-local\"",
                "the queue evothesis-local is that of [env.local] too",
            ),
            ("dead_letter_queue = \"acme-batches-dead\"", "", "needs a dead_letter_queue"),
            ("dead_letter_queue = \"acme-batches-dead\"\n", "max_concurrency = 1\n", "needs a dead_letter_queue"),
            (
                "max_batch_size = 10\nmax_batch_timeout = 1\n# The",
                "max_batch_size = 100\n# The",
                "max_batch_size of 40 at most",
            ),
            (
                "max_batch_size = 10\nmax_batch_timeout = 1\n# The",
                "max_batch_size = \"10\"\n# The",
                "max_batch_size of 40",
            ),
            ("PRIVACY = \"gdpr\"", "PRIVACY = \"gdpr\"\nSITES = \",\"", "SITES must be hostnames"),
            (
                "PRIVACY = \"gdpr\"",
                "PRIVACY = \"gdpr\"\nBATCHES_A_MINUTE_PER_SITE = \"10O\"",
                "BATCHES_A_MINUTE_PER_SITE must be a whole number, 1 or more",
            ),
            ("routes = ", "# routes = ", "[env.acme] has no routes"),
            (
                "required = [\"FORWARD_KEY\", \"TOKEN_KEY\"]",
                "required = [\"FORWARD_KEY\"]",
                "must list TOKEN_KEY as required",
            ),
            (
                "new_sqlite_classes = [\"CookielessDay\", \"KnownSites\"]",
                "new_sqlite_classes = [\"KnownSites\"]",
                "[[migrations]] must make CookielessDay",
            ),
            (
                "binding = \"BATCHES\"\nqueue = \"acme",
                "binding = \"BATCH\"\nqueue = \"acme",
                "a queue must be bound as BATCHES",
            ),
        ] {
            let said = complaint(found, instead);
            assert!(said.contains(expected), "{instead}\n{said}");
        }
    }
}
