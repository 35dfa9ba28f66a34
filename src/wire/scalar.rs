//! Scalar values, in every form seen.

use std::borrow::Cow;

use super::json::{Reader, Result};

/// Reads an id: a text that is not empty, or a whole number, as its digits.
#[inline]
pub(super) fn id(reader: &mut Reader<'_>) -> Result<String> {
    const EXPECTED: &str = "an id";
    match reader.peek() {
        Some(b'"') => {
            let id = text(reader)?;
            if id.is_empty() { Err(reader.found(EXPECTED, "an empty string")) } else { Ok(id.into_owned()) }
        }
        Some(b'-' | b'0'..=b'9') => whole_number(reader, EXPECTED),
        _ => Err(reader.mismatch(EXPECTED)),
    }
}

#[inline]
pub(super) fn subject(reader: &mut Reader<'_>) -> Result<String> {
    match reader.peek() {
        Some(b'"') => text(reader).map(Cow::into_owned),
        _ => Err(reader.mismatch("a string")),
    }
}

/// Reads a time: a number of seconds, or the text of one. Fractions of a second are dropped.
#[inline]
pub(super) fn seconds(reader: &mut Reader<'_>) -> Result<i64> {
    const EXPECTED: &str = "seconds since 1970";
    const OUT_OF_RANGE: &str = "a number out of range";
    match reader.peek() {
        Some(b'-' | b'0'..=b'9') => {
            let text = reader.number()?;
            whole_seconds(text).ok_or_else(|| reader.found(EXPECTED, OUT_OF_RANGE))
        }
        Some(b'"') => {
            let text = text(reader)?;
            let text = text.trim();
            if text.parse::<f64>().is_err() {
                return Err(reader.found(EXPECTED, "a string"));
            }
            whole_seconds(text).ok_or_else(|| reader.found(EXPECTED, OUT_OF_RANGE))
        }
        _ => Err(reader.mismatch(EXPECTED)),
    }
}

fn whole_seconds(text: &str) -> Option<i64> {
    /// 2⁶³: the first float that is too large.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let seconds: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "in range, and fractions of a second are dropped")]
    (-LIMIT..LIMIT).contains(&seconds).then_some(seconds as i64)
}

/// Reads a text, or a whole number as its digits. Null, an empty text and "null" mean `None`.
pub(super) fn cursor<'a>(reader: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>> {
    const EXPECTED: &str = "a cursor";
    match reader.peek() {
        Some(b'-' | b'0'..=b'9') => whole_number(reader, EXPECTED).map(|digits| Some(digits.into())),
        _ => optional_text(reader, EXPECTED),
    }
}

/// Reads a text. Null, an empty text and "null" mean `None`.
pub(super) fn link<'a>(reader: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>> {
    optional_text(reader, "a link")
}

/// Whether a status is an error: any but "success" and null.
pub(super) fn status(reader: &mut Reader<'_>) -> Result<bool> {
    match reader.peek() {
        Some(b'"') => {
            let status = reader.string()?;
            Ok(!reader.text(&status).is_ok_and(|status| status.eq_ignore_ascii_case("success")))
        }
        _ => is_not_null(reader),
    }
}

/// Whether a value is not null.
pub(super) fn is_not_null(reader: &mut Reader<'_>) -> Result<bool> {
    let is_null = reader.peek() == Some(b'n');
    reader.skip()?;
    Ok(!is_null)
}

#[inline]
fn text<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>> {
    let raw = reader.string()?;
    reader.text(&raw)
}

fn optional_text<'a>(reader: &mut Reader<'a>, expected: &'static str) -> Result<Option<Cow<'a, str>>> {
    match reader.peek() {
        Some(b'"') => Ok(Some(text(reader)?).filter(|text| !matches!(&**text, "" | "null"))),
        Some(b'n') => reader.word("null").map(|()| None),
        _ => Err(reader.mismatch(expected)),
    }
}

/// Reads a number without fraction and exponent that fits in 64 bits.
fn whole_number(reader: &mut Reader<'_>, expected: &'static str) -> Result<String> {
    let text = reader.number()?;
    let is_whole = text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok_and(|number| number < 0);
    if is_whole { Ok(text.to_owned()) } else { Err(reader.found(expected, "a number")) }
}
