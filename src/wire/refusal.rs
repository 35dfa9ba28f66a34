//! What an answer says when it says no.
//!
//! Gupshup's own pages and Meta's reference show four shapes of error, and a load balancer in front of them adds pages
//! of HTML, plain text and nothing at all. All of them end here as a message, a code and whether the API called the
//! failure temporary.

use serde_json::Value;

use super::text::{clean, html_title, plain_text, without_bom};
use crate::error::{Error, Refusal as Refused};

/// The longest message that is kept, in bytes. Messages of the API are a sentence or two; 2 KiB leaves room for them
/// and keeps what a stranger's server sends out of the logs.
const MAX_MESSAGE_BYTES: usize = 2 * 1024;

/// An error of the API, as far as its body tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    message: Option<String>,
    code: Option<i64>,
    transient: bool,
}

impl Refusal {
    /// Reads an error body of any shape, or a part of one. What cannot be read tells nothing, and is no failure: the
    /// status is known already.
    pub(crate) fn read(body: &[u8], secrets: &[&str]) -> Self {
        let body = without_bom(body).trim_ascii();
        let mut refusal = match body.first() {
            None => Self::default(),
            Some(b'{' | b'[') => {
                serde_json::from_slice(body).map(|json: Value| Self::from_json(&json)).unwrap_or_default()
            }
            Some(b'<') => Self { message: html_title(body).map(str::to_owned), ..Self::default() },
            Some(_) => Self { message: plain_text(body).map(str::to_owned), ..Self::default() },
        };
        refusal.message = refusal
            .message
            .map(|message| clean(message.trim(), secrets, MAX_MESSAGE_BYTES))
            .filter(|message| !message.is_empty());
        refusal
    }

    /// The outer object is Gupshup's, and `error` in it, or the whole of it, is Meta's.
    fn from_json(json: &Value) -> Self {
        let error = [&json["error"], &json["message"]].into_iter().find(|inner| inner.is_object()).unwrap_or(json);
        let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let message = text(&error["message"]).or_else(|| text(&json["error"])).or_else(|| text(&json["message"]));
        let details = text(&error["error_data"]["details"]);
        let message = match (message, details) {
            (Some(message), Some(details)) if !message.contains(&details) => Some(format!("{message}: {details}")),
            (message, details) => message.or(details),
        };
        let code = [&error["code"], &json["code"]].into_iter().find_map(number);
        Self {
            code: code.or_else(|| message.as_deref().and_then(leading_code)),
            message,
            transient: [error, json].iter().any(|object| object["is_transient"] == Value::Bool(true)),
        }
    }

    /// The error that a request ends with.
    pub(crate) fn into_error(self, status: u16) -> Error {
        let Self { message, code, transient } = self;
        Error::refused(Refused { status, code, message, transient })
    }
}

/// A code, be it a number or the text of one.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The code in "(#2642) Invalid cursors values": how it comes where only the message of Meta's error is passed on.
fn leading_code(message: &str) -> Option<i64> {
    message.trim_start().strip_prefix("(#")?.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
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
        let message = read(&"é\u{7f}".replace('\u{7f}', "").repeat(9_000)).message.unwrap();
        assert!(message.len() <= MAX_MESSAGE_BYTES + '…'.len_utf8() && message.ends_with("é…"));
    }

    #[test]
    fn a_secret_is_masked_before_the_message_is_cut() {
        let key = "K".repeat(64);
        let body = format!("{}{key}", "x".repeat(MAX_MESSAGE_BYTES - 32));
        let message = Refusal::read(body.as_bytes(), &[&key]).message.unwrap();
        assert!(!message.contains('K'), "{message}");
    }

    #[test]
    fn the_error_keeps_status_code_message_and_transience() {
        let error = read(r#"{"error":{"message":"Busy","code":99,"is_transient":true}}"#).into_error(400);
        assert!(error.is_api() && error.is_retryable());
        assert_eq!((error.status(), error.api_code(), error.api_message()), (Some(400), Some(99), Some("Busy")));
        assert_eq!(Refusal::default().into_error(502).api_message(), None);
    }
}
