//! What JSON Lines and CSV share: the columns of a batch by their type, and how a time is written.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use chrono::DateTime;

use super::RenderError;
use super::row;
use crate::clock::rfc3339;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A column of a batch.
pub(super) enum Column<'a> {
    Text(&'a StringArray),
    /// A text that is JSON.
    Json(&'a StringArray),
    Number(&'a Int64Array),
    Time(&'a TimestampMicrosecondArray),
}

/// The columns of `batch`, in order.
pub(super) fn columns(batch: &RecordBatch) -> Result<Vec<Column<'_>>, RenderError> {
    let schema = batch.schema_ref();
    let columns = batch.columns().iter().zip(schema.fields()).map(|(array, field)| {
        let text = array.as_string_opt::<i32>();
        let text = text.map(|it| if row::is_json(field) { Column::Json(it) } else { Column::Text(it) });
        text.or_else(|| array.as_primitive_opt::<Int64Type>().map(Column::Number))
            .or_else(|| array.as_primitive_opt::<TimestampMicrosecondType>().map(Column::Time))
            .ok_or_else(|| RenderError::Column(field.name().clone()))
    });
    columns.collect()
}

/// The value at `at`; `None` when it is missing.
pub(super) fn text_at(column: &StringArray, at: usize) -> Option<&str> {
    column.is_valid(at).then(|| column.value(at))
}

/// Writes a time as RFC 3339 in UTC with six digits after the second, as [`rfc3339`] does and much faster.
pub(super) fn write_time(out: &mut Vec<u8>, micros: i64) {
    let (days, of_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    if !(0..=9999).contains(&year) {
        out.extend(DateTime::from_timestamp_micros(micros).map(rfc3339).unwrap_or_default().into_bytes());
        return;
    }
    let (seconds, micros) = (of_day / 1_000_000, of_day % 1_000_000);
    for (number, after) in [
        (year / 100, ""),
        (year % 100, "-"),
        (month, "-"),
        (day, "T"),
        (seconds / 3600, ":"),
        (seconds / 60 % 60, ":"),
        (seconds % 60, "."),
        (micros / 10_000, ""),
        (micros / 100 % 100, ""),
        (micros % 100, "Z"),
    ] {
        out.extend_from_slice(&two_digits(number));
        out.extend_from_slice(after.as_bytes());
    }
}

/// A number below 100.
fn two_digits(number: i64) -> [u8; 2] {
    let number = u8::try_from(number).unwrap_or_default();
    [b'0' + number / 10, b'0' + number % 10]
}

/// Year, month and day of a number of days since 1970 in the proleptic Gregorian calendar (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes a whole number.
pub(super) fn write_number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_chrono_writes_it(micros in -70_000_000_000_000_000..260_000_000_000_000_000i64) {
            let mut written = Vec::new();
            write_time(&mut written, micros);
            let expected = DateTime::from_timestamp_micros(micros).map(rfc3339);
            prop_assert_eq!(String::from_utf8(written).ok(), expected);
        }
    }

    #[test]
    fn the_ends_of_days_and_years_are_right() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            // the second before and the second after the leap second of 2016: Unix time has none for it
            (1_483_228_799_999_999, "2016-12-31T23:59:59.999999Z"),
            (1_483_228_800_000_000, "2017-01-01T00:00:00.000000Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
        ] {
            let mut written = Vec::new();
            write_time(&mut written, micros);
            assert_eq!(String::from_utf8(written).as_deref(), Ok(text));
        }
    }
}
