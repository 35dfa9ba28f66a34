//! Why a body is no page, and where. Slow, and only ever asked of a body that failed.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny};
use serde_path_to_error::Segment;

use super::answer::{AnswerSeed, is_known};
use super::refusal::Refusal;
use super::scalar::Status;
use super::text::{clean, html_title};
use crate::error::Error;

/// The status that all answers read here have.
pub(super) const OK: u16 = 200;

/// The longest title of a page of HTML in an error, in bytes.
const MAX_TITLE_BYTES: usize = 80;

/// The error of a body that is no page.
pub(super) fn explain(json: &[u8], secrets: &[&str], error: &serde_json::Error) -> Error {
    match json.trim_ascii_start().first() {
        None => Error::decode("the response body is empty"),
        Some(b'<') => Error::html(html_title(json).map(|title| clean(title, secrets, MAX_TITLE_BYTES))),
        Some(b'{') if says_error(json) => Refusal::read(json, secrets).into_error(OK),
        Some(b'{') if error.is_eof() => Error::truncated(json.len()),
        Some(_) => Error::decode(describe(json)),
    }
}

/// Whether the whole body is an object that calls itself an error, whatever else is in it.
fn says_error(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Verdict {
        #[serde(default)]
        status: Status,
        error: Option<IgnoredAny>,
    }
    serde_json::from_slice(json).is_ok_and(|verdict: Verdict| verdict.status.failed || verdict.error.is_some())
}

/// The path to what is wrong, what is wrong there, and the place in the text.
fn describe(json: &[u8]) -> String {
    let mut track = serde_path_to_error::Track::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let answer = AnswerSeed { bytes: 0, groups: None }
        .deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    let Err(error) = answer.and_then(|_| reader.end()) else {
        return "the body is no page of groups".to_owned();
    };
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = without_values(message.strip_suffix(&place).unwrap_or(&message));
    match known_part(&track.path()).as_str() {
        "" => format!("{message}{place}"),
        path => format!("{path}: {message}{place}"),
    }
}

/// The path up to the first key that is not the API's: such a key is a value of the server's choice, of any length.
fn known_part(path: &serde_path_to_error::Path) -> String {
    let mut known = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => known.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } if is_known(key) => {
                if !known.is_empty() {
                    known.push('.');
                }
                known.push_str(key);
            }
            _ => break,
        }
    }
    known
}

/// serde's message, less the value that it quotes: that may be a cursor, a name, or a megabyte of either.
fn without_values(message: &str) -> Cow<'_, str> {
    let mismatch = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((found, expected)) = mismatch.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return message.into();
    };
    let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
    let kind = match kind {
        "string" => "a string",
        "map" => "an object",
        "sequence" => "an array",
        "boolean" => "a boolean",
        "integer" | "floating point" => "a number",
        other => other,
    };
    format!("expected {expected}, found {kind}").into()
}
