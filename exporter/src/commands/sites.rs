//! `exporter sites`: which there are, and which of them are billed.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use sqlx::Connection;

use super::connect;
use crate::billing::site_name;
use crate::config::Config;
use crate::store::sites::{self, Site, SiteState};

/// So many are read at once.
const PAGE: i64 = 1000;

/// Examples for `--help`.
pub const EXAMPLES: &str = "\
Examples:
  exporter sites list --state unconfirmed      what is stored and not billed
  exporter sites confirm shop.example.com      bill it from now on
  exporter sites ignore forged.example         store what comes of it, and never bill it";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the sites that events came from.
    List {
        /// Only those in this state.
        #[arg(long)]
        state: Option<StateArgument>,
        /// Print one JSON object a line instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Bill sites from now on. They may be new.
    Confirm {
        /// Hostnames in lower case, without www. and port.
        #[arg(required = true, value_name = "SITE", value_parser = site)]
        sites: Vec<String>,
    },
    /// Never bill sites. What comes of them is stored all the same.
    Ignore {
        /// Hostnames in lower case, without www. and port.
        #[arg(required = true, value_name = "SITE", value_parser = site)]
        sites: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateArgument {
    Unconfirmed,
    Confirmed,
    Ignored,
}

fn site(text: &str) -> Result<String, &'static str> {
    site_name(text).map(|()| text.to_owned())
}

/// Does it.
pub async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let mut connection = connect(config).await?;
    let (names, confirms) = match arguments.action {
        Action::List { state, json } => {
            let state = state.map(|state| match state {
                StateArgument::Unconfirmed => SiteState::Unconfirmed,
                StateArgument::Confirmed => SiteState::Confirmed,
                StateArgument::Ignored => SiteState::Ignored,
            });
            return list(&mut connection, config, state, json).await;
        }
        Action::Confirm { sites } => (sites, true),
        Action::Ignore { sites } => (sites, false),
    };
    let state = if confirms { SiteState::Confirmed } else { SiteState::Ignored };
    for name in names {
        let mut transaction = connection.begin().await?;
        let changed = sites::decide(&mut transaction, &name, confirms).await?;
        transaction.commit().await?;
        println!("{name}: {}{}", if changed { "now " } else { "was already " }, state.name());
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(
    connection: &mut sqlx::PgConnection,
    config: &Config,
    state: Option<SiteState>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    if !json {
        println!("{:<12} {:>12} {:>6} {:>9}  {:<10}  site", "state", "events", "days", "visitors", "since");
    }
    let mut after = String::new();
    loop {
        let page = sites::list(connection, state, &after, PAGE).await?;
        for site in &page {
            if json {
                println!("{}", serde_json::to_string(site)?);
            } else {
                println!("{}", row(site));
            }
        }
        match page.last() {
            Some(last) if page.len() == usize::try_from(PAGE)? => after.clone_from(&last.site_id),
            _ => break,
        }
    }
    let (new, beyond) = sites::new_today(connection).await?;
    if beyond > 0 {
        let most = config.sites.new_a_day;
        eprintln!(
            "today {new} sites are new; {beyond} event(s) are of sites beyond sites.new_a_day = {most}: stored, not billed. \
             A site of yours among them can be confirmed by its name."
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn row(site: &Site) -> String {
    let visitors = site.visitors.map_or_else(|| "-".to_owned(), |visitors| visitors.to_string());
    let since = site.decided_at.unwrap_or(site.discovered_at).format("%Y-%m-%d");
    // A name comes from outside, and goes to a terminal.
    let name: String = site.site_id.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    format!("{:<12} {:>12} {:>6} {visitors:>9}  {since:<10}  {name}", site.state, site.events, site.days)
}
