//! The forms that the values of fields may have.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{DeserializeSeed as _, Deserializer};

use super::form::{As, Json};
use crate::cursor::{Cursor, MAX_CURSOR_BYTES};

/// A text that is not empty, or a whole number, as its digits.
#[inline]
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = |json: Json<'_>| match json {
        Json::Text(text) => (!text.is_empty()).then(|| text.to_owned()),
        // `to_string` makes room for 39 digits.
        Json::Whole(number) => Some(number.to_string().into_boxed_str().into_string()),
        _ => None,
    };
    As("an id", id).deserialize(deserializer)
}

#[inline]
pub(super) fn subject<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let subject = |json: Json<'_>| if let Json::Text(text) = json { Some(text.to_owned()) } else { None };
    As("a string", subject).deserialize(deserializer)
}

/// A number of seconds, or the text of one. Fractions of a second are dropped.
#[inline]
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let seconds = |json: Json<'_>| match json {
        Json::Whole(number) => number.try_into().ok(),
        Json::Float(number) => without_fraction(number),
        Json::Text(text) => text.trim().parse().ok().or_else(|| without_fraction(text.trim().parse().ok()?)),
        _ => None,
    };
    As("seconds since 1970 in 64 bits", seconds).deserialize(deserializer).map(Some)
}

fn without_fraction(number: f64) -> Option<i64> {
    /// 2⁶³: the first float that is too large.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "in range, and fractions of a second are dropped")]
    (-LIMIT..LIMIT).contains(&number).then_some(number as i64)
}

/// A cursor as the server sent it, or the length in bytes of one that is too long.
pub(super) type SentCursor = Result<Cursor, usize>;

#[derive(Default, Deserialize)]
pub(super) struct SentCursors {
    #[serde(default, deserialize_with = "cursor")]
    pub(super) after: Option<SentCursor>,
    #[serde(default, deserialize_with = "cursor")]
    pub(super) before: Option<SentCursor>,
}

/// `None` if it is empty or "null".
fn sent(text: &str) -> Option<SentCursor> {
    if text.len() > MAX_CURSOR_BYTES { Some(Err(text.len())) } else { Cursor::usable(text).map(Ok) }
}

/// A text, or a whole number as its digits. Null, an empty text and "null" mean `None`.
fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SentCursor>, D::Error> {
    let cursor = |json: Json<'_>| match json {
        Json::Null => Some(None),
        Json::Whole(number) => Some(sent(&number.to_string())),
        Json::Text(text) => Some(sent(text)),
        _ => None,
    };
    As("a cursor", cursor).deserialize(deserializer)
}

/// Its cursors, in case they are missing elsewhere. The rest of the link is dropped: it points to another company's host, and
/// may hold a token. Null, an empty text and "null" mean `None`.
pub(super) fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SentCursors>, D::Error> {
    let link = |json: Json<'_>| match json {
        Json::Null | Json::Text("" | "null") => Some(None),
        Json::Text(text) => {
            Some(Some(SentCursors { after: parameter(text, "after"), before: parameter(text, "before") }))
        }
        _ => None,
    };
    As("a link", link).deserialize(deserializer)
}

/// The percent-decoded parameter of a link. `+` stays `+`, a digit of base64.
fn parameter(link: &str, name: &str) -> Option<SentCursor> {
    let query = link.split('#').next()?.split_once('?')?.1;
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    if value.len() > 3 * MAX_CURSOR_BYTES {
        // Too long when decoded too. It may be as large as the body, so it is not copied.
        return Some(Err(value.len()));
    }
    sent(&percent_decode_str(value).decode_utf8().ok()?)
}

pub(super) fn failed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    As("a status", |json: Json<'_>| Some(is_failure(json))).deserialize(deserializer)
}

/// Whether a status is an error: any but "success" and null.
pub(super) fn is_failure(status: Json<'_>) -> bool {
    match status {
        Json::Null => false,
        Json::Text(text) => !text.eq_ignore_ascii_case("success"),
        _ => true,
    }
}
