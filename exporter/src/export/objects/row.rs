//! The exported row: its columns and their order, once for all formats.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::exported_rows::ExportedRow;

/// How many columns there are.
pub const WIDTH: usize = 38;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text that is always there.
    Text,
    /// A text that may be missing.
    OptionalText,
    /// JSON: nested in JSON Lines, a string in Parquet.
    Json,
    /// A whole number.
    Number,
    /// A time, UTC, microseconds.
    Time,
}

/// The columns in order (`wire::version::ROW_SCHEMA`). New ones go to the end; none is ever moved or removed.
pub const COLUMNS: [(&str, Kind); WIDTH] = [
    ("event_id", Kind::Text),
    ("event_type", Kind::Text),
    ("site_id", Kind::Text),
    ("visitor_id", Kind::Text),
    ("session_id", Kind::Text),
    ("stream_id", Kind::Text),
    ("seq", Kind::Number),
    ("timestamp", Kind::Time),
    ("sent_at", Kind::Time),
    ("received_at", Kind::Time),
    ("url", Kind::Text),
    ("path", Kind::Text),
    ("title", Kind::Text),
    ("referrer", Kind::Text),
    ("channel", Kind::Text),
    ("platform", Kind::Text),
    ("utm_source", Kind::OptionalText),
    ("utm_medium", Kind::OptionalText),
    ("utm_campaign", Kind::OptionalText),
    ("utm_term", Kind::OptionalText),
    ("utm_content", Kind::OptionalText),
    ("utm_id", Kind::OptionalText),
    ("country", Kind::OptionalText),
    ("region", Kind::OptionalText),
    ("user_agent", Kind::Text),
    ("browser", Kind::Text),
    ("os", Kind::Text),
    ("device", Kind::Text),
    ("bot", Kind::OptionalText),
    ("ip_address", Kind::OptionalText),
    ("consent", Kind::Text),
    ("redactions", Kind::Json),
    ("data", Kind::Json),
    ("ingested_at", Kind::Time),
    ("t", Kind::Number),
    ("session_number", Kind::Number),
    ("session_start", Kind::Time),
    ("edge_version", Kind::Text),
];

/// A value of a row.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// For [`Kind::Text`], a UUID.
    Id(Uuid),
    /// For [`Kind::Text`].
    Text(&'a str),
    /// For [`Kind::OptionalText`].
    OptionalText(Option<&'a str>),
    /// For [`Kind::Json`].
    Json(&'a str),
    /// For [`Kind::Number`].
    Number(i64),
    /// For [`Kind::Time`].
    Time(DateTime<Utc>),
}

/// The values of a row, in the order of [`COLUMNS`].
#[must_use]
pub fn cells(row: &ExportedRow) -> [Cell<'_>; WIDTH] {
    use Cell::{Id, Json, Number, OptionalText, Text, Time};
    [
        Id(row.event_id),
        Text(&row.event_type),
        Text(&row.site_id),
        Id(row.visitor_id),
        Id(row.session_id),
        Id(row.stream_id),
        Number(row.seq),
        Time(row.timestamp),
        Time(row.sent_at),
        Time(row.received_at),
        Text(&row.url),
        Text(&row.path),
        Text(&row.title),
        Text(&row.referrer),
        Text(&row.channel),
        Text(&row.platform),
        OptionalText(row.utm_source.as_deref()),
        OptionalText(row.utm_medium.as_deref()),
        OptionalText(row.utm_campaign.as_deref()),
        OptionalText(row.utm_term.as_deref()),
        OptionalText(row.utm_content.as_deref()),
        OptionalText(row.utm_id.as_deref()),
        OptionalText(row.country.as_deref()),
        OptionalText(row.region.as_deref()),
        Text(&row.user_agent),
        Text(&row.browser),
        Text(&row.os),
        Text(&row.device),
        OptionalText(row.bot.as_deref()),
        OptionalText(row.ip_address.as_deref()),
        Text(&row.consent),
        Json(&row.redactions),
        Json(&row.data),
        Time(row.ingested_at),
        Number(row.t),
        Number(row.session_number),
        Time(row.session_start),
        Text(&row.edge_version),
    ]
}
