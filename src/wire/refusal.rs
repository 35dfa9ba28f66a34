//! Reads errors of the API.
//!
//! Gupshup's pages and Meta's reference have four shapes; load balancers add HTML, plain text and empty bodies.

use std::borrow::Cow;

use super::json::{Reader, Result};
use super::scalar;
use super::text::{clean, excerpt, html_title, plain_text, without_bom};
use crate::error::mask::MAX_MESSAGE_BYTES;
use crate::error::{Error, Refusal as Refused};

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    message: Option<String>,
    code: Option<i64>,
    transient: bool,
}

impl Refusal {
    /// Reads an error body of any shape, also a truncated one.
    pub(crate) fn read(body: &[u8], secrets: &[&str]) -> Self {
        let body = without_bom(body).trim_ascii();
        match body.first() {
            Some(b'{') => Shape::read(body).0.into_refusal(secrets),
            Some(b'<') => Self { message: message(html_title(body), secrets), ..Self::default() },
            None | Some(b'[') => Self::default(),
            Some(_) => Self { message: message(plain_text(body), secrets), ..Self::default() },
        }
    }

    /// Reads a body with status 200. `None` if it is not an error, or not complete JSON.
    pub(super) fn despite_success(json: &[u8], secrets: &[&str]) -> Option<Self> {
        match Shape::read(json) {
            (shape, Ok(())) if shape.refuses => Some(shape.into_refusal(secrets)),
            _ => None,
        }
    }

    pub(crate) fn into_error(self, status: u16) -> Error {
        let Self { message, code, transient } = self;
        Error::refused(Refused { status, code, message, transient, trace_id: None })
    }
}

fn message(text: Option<&str>, secrets: &[&str]) -> Option<String> {
    let message = clean(excerpt(text?.trim()), secrets, MAX_MESSAGE_BYTES);
    Some(message).filter(|message| !message.is_empty())
}

/// The parts of an error. The outer object is Gupshup's; Meta's is its `error` or `message`, or the whole.
#[derive(Default)]
struct Shape {
    outer: Part,
    error: Inner,
    message: Inner,
    refuses: bool,
}

#[derive(Default)]
struct Part {
    message: Option<String>,
    details: Option<String>,
    code: Option<i64>,
    transient: bool,
}

#[derive(Default)]
enum Inner {
    #[default]
    Nothing,
    Text(String),
    Object(Part),
}

impl Shape {
    /// The parts that could be read, and whether that was the whole body.
    fn read(json: &[u8]) -> (Self, Result<()>) {
        let mut shape = Self::default();
        let mut reader = Reader::new(json);
        let read = shape.read_outer(&mut reader).and_then(|()| reader.end());
        (shape, read)
    }

    fn read_outer(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.object(|reader, key| match key {
            "status" => {
                self.refuses |= scalar::status(reader)?;
                Ok(())
            }
            "error" => {
                self.refuses |= reader.peek() != Some(b'n');
                or_skip(reader, |reader| self.error.read(reader))
            }
            "message" => or_skip(reader, |reader| self.message.read(reader)),
            _ => or_skip(reader, |reader| self.outer.read_member(reader, key)),
        })
    }

    fn into_refusal(self, secrets: &[&str]) -> Refusal {
        let Self { outer, error, message, .. } = self;
        let (error, error_text) = error.split();
        let (message, message_text) = message.split();
        let has_part = error.is_some() || message.is_some();
        let part = error.or(message).unwrap_or_default();
        let text = part.message.or(error_text).or(message_text);
        let details = if has_part { part.details } else { outer.details };
        let text = match (text, details) {
            (Some(text), Some(details)) if !text.contains(&details) => Some(format!("{text}: {details}")),
            (text, details) => text.or(details),
        };
        let code = part.code.or(outer.code);
        Refusal {
            code: code.or_else(|| leading_code(text.as_deref()?)),
            message: self::message(text.as_deref(), secrets),
            transient: part.transient || outer.transient,
        }
    }
}

/// Reads a value as far as possible. The rest must be JSON too.
fn or_skip<'a>(reader: &mut Reader<'a>, read: impl FnOnce(&mut Reader<'a>) -> Result<()>) -> Result<()> {
    let mut ahead = reader.clone();
    if read(&mut ahead).is_err() {
        return reader.skip();
    }
    *reader = ahead;
    Ok(())
}

impl Inner {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        if reader.peek() != Some(b'{') {
            *self = text(reader)?.map_or(Self::Nothing, Self::Text);
            return Ok(());
        }
        let mut part = Part::default();
        let read = reader.object(|reader, key| match key {
            "message" => {
                part.message = text(reader)?;
                Ok(())
            }
            _ => part.read_member(reader, key),
        });
        *self = Self::Object(part);
        read
    }

    fn split(self) -> (Option<Part>, Option<String>) {
        match self {
            Self::Nothing => (None, None),
            Self::Text(text) => (None, Some(text)),
            Self::Object(part) => (Some(part), None),
        }
    }
}

impl Part {
    fn read_member(&mut self, reader: &mut Reader<'_>, key: &str) -> Result<()> {
        match key {
            "code" => self.code = number(reader)?,
            "is_transient" => {
                self.transient = reader.peek() == Some(b't');
                reader.skip()?;
            }
            "error_data" if reader.peek() == Some(b'{') => reader.object(|reader, key| match key {
                "details" => {
                    self.details = text(reader)?;
                    Ok(())
                }
                _ => reader.skip(),
            })?,
            _ => reader.skip()?,
        }
        Ok(())
    }
}

fn text(reader: &mut Reader<'_>) -> Result<Option<String>> {
    if reader.peek() != Some(b'"') {
        return reader.skip().map(|()| None);
    }
    let raw = reader.string()?;
    let text = reader.beginning(&raw).unwrap_or_default();
    Ok(Some(text).filter(|text| !text.trim().is_empty()).map(Cow::into_owned))
}

fn number(reader: &mut Reader<'_>) -> Result<Option<i64>> {
    match reader.peek() {
        Some(b'-' | b'0'..=b'9') => Ok(reader.number()?.parse().ok()),
        _ => Ok(text(reader)?.and_then(|text| text.trim().parse().ok())),
    }
}

/// The code in "(#2642) Invalid cursors values".
fn leading_code(message: &str) -> Option<i64> {
    message.trim_start().strip_prefix("(#")?.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::text::MAX_EXCERPT_BYTES;
    use super::*;

    fn read(body: &str) -> Refusal {
        Refusal::read(body.as_bytes(), &[])
    }

    fn says(message: &str, code: Option<i64>, transient: bool) -> Refusal {
        Refusal { message: (!message.is_empty()).then(|| message.to_owned()), code, transient }
    }

    #[test]
    fn every_known_shape_gives_its_message_and_code() {
        for (body, expected) in [
            (r#"{"status":"error","message":"App not found"}"#, says("App not found", None, false)),
            (r#"{"status":"error","error":{"message":"No","code":"100"}}"#, says("No", Some(100), false)),
            (r#"{"status":"error","error":"Unauthorised"}"#, says("Unauthorised", None, false)),
            (r#"{"error":{"message":"Later","code":2,"is_transient":true}}"#, says("Later", Some(2), true)),
            (r#"{"error":{"message":"","code":7},"message":"Outer"}"#, says("Outer", Some(7), false)),
            (r#"{"message":{"message":"Inner","code":1}}"#, says("Inner", Some(1), false)),
            (r#"{"message":"Flat","code":131059}"#, says("Flat", Some(131_059), false)),
            ("\u{feff} {\"message\":\"Marked\"}", says("Marked", None, false)),
            (
                "<!doctype html><html><head><TITLE lang=en> 502 Bad\nGateway </TITLE>",
                says("502 Bad Gateway", None, false),
            ),
            ("<html><body>no title</body></html>", Refusal::default()),
            ("<title>cut off", Refusal::default()),
            ("no healthy upstream\n", says("no healthy upstream", None, false)),
            ("", Refusal::default()),
            (" \r\n", Refusal::default()),
            ("{}", Refusal::default()),
            ("[]", Refusal::default()),
            (r#"{"error":null,"message":7}"#, Refusal::default()),
            (r#"{"message":"cut off"#, Refusal::default()),
            (
                r#"{"error":{"x":[{}],"message":["no"],"code":{}},"message":"Outer","code":" 5 "}"#,
                says("Outer", Some(5), false),
            ),
            (
                r#"{"message":"Outer","error":{"code":1.5,"is_transient":"true"},"is_transient":true}"#,
                says("Outer", None, true),
            ),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }

    #[test]
    fn metas_details_are_added_where_they_say_more_than_the_message() {
        let body = |message: &str, details: &str| {
            format!(r#"{{"error":{{"message":"{message}","code":131059,"error_data":{{"details":"{details}"}}}}}}"#)
        };
        assert_eq!(read(&body("Invalid cursor", "It expired")).message.unwrap(), "Invalid cursor: It expired");
        assert_eq!(
            read(&body("Invalid cursor: It expired", "It expired")).message.unwrap(),
            "Invalid cursor: It expired"
        );
        assert_eq!(read(&body("", "It expired")).message.unwrap(), "It expired");
    }

    #[test]
    fn a_code_at_the_head_of_the_message_counts_where_there_is_no_other() {
        assert_eq!(read(r#"{"message":"(#2642) Invalid cursors values"}"#).code, Some(2642));
        assert_eq!(read(r#"{"message":"(#2642) Invalid","code":5}"#).code, Some(5));
        for body in [r#"{"message":"(#) no"}"#, r#"{"message":"(#12"}"#, r#"{"message":"see (#12)"}"#] {
            assert_eq!(read(body).code, None, "{body}");
        }
    }

    #[test]
    fn a_binary_body_has_no_message() {
        for body in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xfe\x00", b"text\0text"] {
            assert_eq!(Refusal::read(body, &[]), Refusal::default());
        }
    }

    #[test]
    fn nesting_without_end_has_no_message_and_does_not_overflow_the_stack() {
        assert_eq!(read(&r#"{"error":"#.repeat(100_000)), Refusal::default());
    }

    #[test]
    fn a_message_is_one_line_of_at_most_two_kibibytes() {
        let message = read(r#"{"message":"a\nb\u001b[31m\u202ec"}"#).message.unwrap();
        assert_eq!(message, "a b\\u{1b}[31m\\u{202e}c");
        let message = read(&"é ".repeat(9_000)).message.unwrap();
        assert!(message.len() <= MAX_MESSAGE_BYTES + '…'.len_utf8() && message.ends_with("é…"));
        assert!(message.len() > MAX_MESSAGE_BYTES - 4, "{}", message.len());
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_message_is_cut() {
        let key = "K".repeat(64);
        for before in [MAX_MESSAGE_BYTES - 32, MAX_EXCERPT_BYTES - 32] {
            for body in [
                format!("{} {key}", "x ".repeat(before / 2)),
                format!(r#"{{"message":"{} {key} and more"}}"#, "x ".repeat(before / 2)),
                format!("{}after={key}", "*** ".repeat(before / 4)),
                format!(r#"{{"message":"{}{key}"}}"#, format!("{key} ").repeat(before / 65)),
            ] {
                let message = Refusal::read(body.as_bytes(), &[&key]).message.unwrap();
                assert!(!message.contains('K'), "{message}");
                // The walk's earlier cursors are masked later, in what is left.
                let message = Refusal::read(body.as_bytes(), &[]).message.unwrap();
                assert!(!message.replace(&key, "").contains('K'), "{message}");
            }
        }
    }

    #[test]
    fn an_access_token_is_masked() {
        let message = read(r#"{"message":"GET /groups?access_token=EAAG123&limit=5"}"#).message.unwrap();
        assert_eq!(message, "GET /groups?access_token=***&limit=5");
    }

    #[test]
    fn what_could_be_read_of_a_cut_body_is_its_message() {
        let whole =
            r#"{"status":"error","error":{"message":"Busy","code":2,"error_data":{"details":"Later"},"x":[1]},"y":0}"#;
        let told = |end: usize| read(&whole[..end]).message;
        assert_eq!(told(whole.find(r#","code"#).unwrap()).unwrap(), "Busy");
        assert_eq!(told(whole.find(r#","x"#).unwrap()).unwrap(), "Busy: Later");
        assert_eq!(told(whole.find(r#"","code"#).unwrap()), None, "a message that is not whole is none");
        for end in 0..whole.len() {
            assert!(Refusal::despite_success(&whole.as_bytes()[..end], &[]).is_none(), "{end}");
        }
        assert!(Refusal::despite_success(whole.as_bytes(), &[]).is_some());
    }

    #[test]
    fn the_error_keeps_status_code_message_and_transience() {
        let error = read(r#"{"error":{"message":"Busy","code":99,"is_transient":true}}"#).into_error(400);
        assert!(error.is_api() && error.is_retryable());
        assert_eq!((error.status(), error.api_code(), error.api_message()), (Some(400), Some(99), Some("Busy")));
        assert_eq!(Refusal::default().into_error(502).api_message(), None);
    }
}
