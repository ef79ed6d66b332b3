//! What stands in a query, each parameter named when it is refused.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::ApiError;

/// Longer values name nothing that is stored. In characters, as the API's description counts them.
const LONGEST: usize = 512;

/// The parameters of a query. Each is taken once; what is left in the end is refused.
#[derive(Debug)]
pub(super) struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

impl Parameters {
    fn of(query: &str) -> Self {
        Self { given: form_urlencoded::parse(query.as_bytes()).into_owned().collect(), known: Vec::new() }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        self.known.push(name);
        let mut values: Vec<_> =
            self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect();
        if values.len() > 1 {
            return Err(invalid(name, "must be given once"));
        }
        let Some(value) = values.pop() else { return Ok(None) };
        // Bytes that are no UTF-8 are replaced when they are decoded.
        if value.contains('\u{FFFD}') {
            return Err(invalid(name, "must be UTF-8"));
        }
        if value.contains(char::is_control) {
            return Err(invalid(name, "must have no control characters"));
        }
        if !(1..=LONGEST).contains(&value.chars().count()) {
            return Err(invalid(name, &format!("must have 1 to {LONGEST} characters")));
        }
        Ok(Some(value))
    }

    /// A value that knows how it is written.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<Option<T>, ApiError> {
        self.read(name, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }

    /// A UUID, with its hyphens.
    pub(super) fn uuid(&mut self, name: &'static str) -> Result<Option<Uuid>, ApiError> {
        self.read(name, |text| {
            let uuid = (text.len() == 36).then(|| text.parse().ok()).flatten();
            uuid.ok_or_else(|| "must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057".to_owned())
        })
    }

    /// A time of RFC 3339.
    pub(super) fn time(&mut self, name: &'static str) -> Result<Option<DateTime<Utc>>, ApiError> {
        self.read(name, |text| {
            let time = DateTime::parse_from_rfc3339(text).ok().map(DateTime::<Utc>::from);
            time.ok_or_else(|| "must be a time such as 2026-10-01T12:00:00Z".to_owned())
        })
    }

    /// A whole number from 1 to `most`.
    pub(super) fn limit(&mut self, name: &'static str, most: u32, otherwise: u32) -> Result<u32, ApiError> {
        let limit = self.read(name, |text| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            let limit = text.parse().ok().filter(|limit| is_plain && (1..=most).contains(limit));
            limit.ok_or_else(|| format!("must be a whole number from 1 to {most}"))
        })?;
        Ok(limit.unwrap_or(otherwise))
    }

    /// Whatever `read` makes of the text.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ApiError> {
        self.text(name)?.map(|text| read(&text).map_err(|reason| invalid(name, &reason))).transpose()
    }

    /// Refuses what nobody asked for: a filter with a typing error must not be no filter.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let Some((name, _)) = self.given.into_iter().next() else { return Ok(()) };
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        let name: String = name.chars().filter(|it| !it.is_control()).take(64).collect();
        Err(ApiError::Invalid { field: name, reason: format!("is no parameter of this path; there are {known}") })
    }
}

fn invalid(field: &str, reason: &str) -> ApiError {
    ApiError::Invalid { field: field.to_owned(), reason: reason.to_owned() }
}

/// No parameters at all.
pub(super) struct Nothing;

impl<S: Sync> FromRequestParts<S> for Nothing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Parameters::of(parts.uri.query().unwrap_or_default()).finish().map(|()| Self)
    }
}

/// A site in a path: a hostname as the edge makes one of an origin.
#[derive(Debug)]
pub(super) struct SiteId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for SiteId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let name = path.map_err(|_| invalid("site_id", "must be UTF-8"))?.0;
        crate::billing::site_name(&name).map_err(|reason| invalid("site_id", reason))?;
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(result: Result<impl Sized, ApiError>) -> String {
        match result {
            Err(ApiError::Invalid { field, .. }) => field,
            Err(other) => panic!("{other}"),
            Ok(_) => String::new(),
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_characters_are_many() {
        for character in ["a", "é", "🐟"] {
            for (count, good) in [(LONGEST, true), (LONGEST + 1, false)] {
                let query = format!("site={}", character.repeat(count));
                assert_eq!(Parameters::of(&query).text("site").is_ok(), good, "{count} {character}");
            }
        }
    }

    #[test]
    fn each_parameter_is_named_when_it_is_refused() {
        for (query, at_fault) in [
            ("", ""),
            ("site=shop.example.com&limit=100&from=2026-10-01T00:00:00%2B02:00", ""),
            ("site=a%00b", "site"),
            ("site=%ff%fe", "site"),
            ("site=", "site"),
            ("site=a&site=b", "site"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=%2B5", "limit"),
            ("limit=-1", "limit"),
            ("limit=99999999999999999999999", "limit"),
            ("limit=1.5", "limit"),
            ("from=yesterday", "from"),
            ("from=0000-01-01T00:00:00Z", ""),
            ("from=9999-12-31T23:59:59-01:00", ""),
            ("from=%2B10000-01-01T00:00:00Z", "from"),
            ("from=2026-10-01", "from"),
            ("session=1", "session"),
            ("session=01890a5dac96774bbcceb302099a8057", "session"),
            ("stie=a", "stie"),
            ("%00=a", ""),
        ] {
            let mut parameters = Parameters::of(query);
            let result = (|| {
                parameters.text("site")?;
                parameters.limit("limit", 100, 20)?;
                parameters.time("from")?;
                parameters.uuid("session")?;
                parameters.finish()
            })();
            assert_eq!(result.is_ok(), at_fault.is_empty() && !query.contains("%00="), "{query}");
            assert_eq!(field(result), at_fault, "{query}");
        }
    }
}
