//! `exporter usage`: what a month came to.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::connect;
use crate::billing::{self, Bill, Month, UsageReport};
use crate::config::Config;

/// Examples for `--help`.
pub const EXAMPLES: &str = "\
Examples:
  exporter usage                                    this month so far
  exporter usage --month 2026-10 --csv              per day and site
  exporter usage --month 2026-10 --invoice          what is due, a line for each item and the total";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The month, UTC: from the first with an event to this one, which is taken when it is absent.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// Print everything as one JSON object.
    #[arg(long, group = "format")]
    json: bool,
    /// Print usage per day and site as CSV.
    #[arg(long, group = "format")]
    csv: bool,
    /// Print the bill as CSV.
    #[arg(long, group = "format")]
    invoice: bool,
}

/// Prints it.
pub async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let mut connection = connect(config).await?;
    let report = billing::report(&mut connection, &config.billing, arguments.month).await?;
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else if arguments.csv {
        write_days(&report, &mut out)?;
    } else if arguments.invoice {
        if report.closed_at.is_none() {
            eprintln!("{} is not closed yet: the amounts may still change", report.month);
        }
        write_invoice(&report.bill, &mut out)?;
    } else {
        write_summary(&report, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_summary(report: &UsageReport, out: &mut impl Write) -> io::Result<()> {
    let state = report.closed_at.map_or_else(|| "not closed yet".to_owned(), |at| format!("closed {at}"));
    writeln!(out, "{} (UTC), {state}\n", report.month)?;
    writeln!(out, "{:>14} {:>14}  site", "page views", "events")?;
    for site in &report.sites {
        writeln!(out, "{:>14} {:>14}  {}", site.page_views, site.events, plain(&site.site_id))?;
    }
    writeln!(out, "{:>14} {:>14}  billed", report.billed.page_views, report.billed.events)?;
    writeln!(out, "{:>14} {:>14}  not billed\n", report.unbilled.page_views, report.unbilled.events)?;
    for line in &report.bill.lines {
        writeln!(out, "{:>14} {}  {}", line.amount, report.bill.currency, line.description)?;
    }
    writeln!(out, "{:>14} {}  total", report.bill.total, report.bill.currency)
}

/// Usage per day and site.
pub fn write_days(report: &UsageReport, out: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["month", "day", "site_id", "billed", "page_views", "events"])?;
    for day in &report.days {
        csv.write_record([
            report.month.clone(),
            day.day.to_string(),
            cell(&day.site_id),
            day.billed.to_string(),
            day.page_views.to_string(),
            day.events.to_string(),
        ])?;
    }
    Ok(csv.flush()?)
}

/// A line for each item of a bill, and one for the total.
pub fn write_invoice(bill: &Bill, out: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "period_start",
        "period_end",
        "plan",
        "item",
        "description",
        "quantity",
        "unit",
        "unit_price",
        "amount_cents",
        "amount",
        "currency",
    ])?;
    let (start, end) = (bill.period_start.to_string(), bill.period_end.to_string());
    for line in &bill.lines {
        csv.write_record([
            &start,
            &end,
            bill.plan.name(),
            line.item,
            &line.description,
            &line.quantity.to_string(),
            line.unit,
            &line.unit_price,
            &line.amount_cents.to_string(),
            &line.amount,
            bill.currency,
        ])?;
    }
    let (cents, total) = (bill.total_cents.to_string(), &bill.total);
    csv.write_record([&start, &end, bill.plan.name(), "total", "total", "", "", "", &cents, total, bill.currency])?;
    Ok(csv.flush()?)
}

/// A cell that no spreadsheet takes for a formula (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// A name from outside, for a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Plan, bill};

    #[test]
    fn an_invoice_has_a_line_for_each_item_and_the_total() {
        let mut out = Vec::new();
        let month = "2026-10".parse().expect("a month");
        write_invoice(&bill(month, Plan::Growth, true, 10_250_050), &mut out).expect("written");
        let expected = "\
period_start,period_end,plan,item,description,quantity,unit,unit_price,amount_cents,amount,currency
2026-10-01,2026-10-31,growth,plan,\"plan growth, 10000000 page views included\",1,month,499.00,49900,499.00,USD
2026-10-01,2026-10-31,growth,overage,\"page views beyond plan growth, 10 USD per 100000 pro rata\",250050,page view,0.0001,2500,25.00,USD
2026-10-01,2026-10-31,growth,hipaa,HIPAA terms,1,month,1500.00,150000,1500.00,USD
2026-10-01,2026-10-31,growth,total,total,,,,202400,2024.00,USD
";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn no_name_becomes_a_formula() {
        for (name, shown) in
            [("=1+1", "'=1+1"), ("-x.example", "'-x.example"), ("shop.example.com", "shop.example.com")]
        {
            assert_eq!(cell(name), shown);
        }
    }
}
