//! What an answer says when it says no.
//!
//! Gupshup's own pages and Meta's reference show four shapes of error, and a load balancer in front of them adds pages
//! of HTML, plain text and nothing at all. All of them end here as a message, a code and whether the API called the
//! failure temporary.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::Error;

/// The longest message that is kept, in bytes. Messages of the API are a sentence or two; 2 KiB leaves room for them
/// and keeps what a stranger's server sends out of the logs.
const MAX_MESSAGE_BYTES: usize = 2 * 1024;

/// What stands where a secret was.
const MASK: &str = "***";

/// A secret shorter than this is masked only where it stands alone: else a cursor `1` would blot out every code.
const SHORT_SECRET_BYTES: usize = 6;

/// Everything that is percent-encoded in a path segment or in a query value: all but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
        let body = super::decode::without_bom(body).trim_ascii();
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
            .map(|message| tidy(&mask(message.trim(), secrets), MAX_MESSAGE_BYTES))
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
        Error::api(status, self.code, self.message.unwrap_or_default()).with_transient(self.transient)
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

/// The text of the first `<title>`.
pub(super) fn html_title(body: &[u8]) -> Option<&str> {
    let find = |from: usize, tag: &[u8]| {
        body[from..].windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag)).map(|at| from + at)
    };
    let open = find(0, b"<title")?;
    let start = find(open, b">")? + 1;
    let end = find(start, b"</title")?;
    let title = std::str::from_utf8(&body[start..end]).ok()?.trim();
    (!title.is_empty()).then_some(title)
}

/// The body, where it is text that a person could have written.
fn plain_text(body: &[u8]) -> Option<&str> {
    // A bounded read may have cut the last character in two.
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&body[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let binary = |c: char| c.is_control() && !c.is_ascii_whitespace();
    (!text.contains(binary)).then_some(text)
}

/// The text with every secret in it replaced, as it is or percent-encoded.
pub(crate) fn mask<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let encoded = utf8_percent_encode(secret, ENCODED).to_string();
        // Some servers write the hexadecimal digits small.
        let small = lower_escapes(&encoded);
        for form in [*secret, &encoded, &small] {
            if masked.contains(form) {
                masked = Cow::Owned(replace(&masked, form));
            }
        }
    }
    masked
}

fn replace(text: &str, secret: &str) -> String {
    if secret.len() >= SHORT_SECRET_BYTES {
        return text.replace(secret, MASK);
    }
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, found) = rest.split_at(at);
        let after = &found[secret.len()..];
        replaced.push_str(before);
        let alone = !replaced.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        replaced.push_str(if alone { MASK } else { secret });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// `%2F` as `%2f`.
fn lower_escapes(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        if c == '%' {
            digits = 2;
        } else if digits > 0 {
            digits -= 1;
            return c.to_ascii_lowercase();
        }
        c
    };
    encoded.chars().map(lower).collect()
}

/// The text on one line, with characters that could act on a terminal escaped, and cut at `max` bytes.
pub(super) fn tidy(text: &str, max: usize) -> String {
    let mut tidied = String::new();
    for c in text.chars() {
        let start = tidied.len();
        if c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            // Writing to a string cannot fail.
            let _ = write!(tidied, "{}", c.escape_default());
        } else {
            tidied.push(c);
        }
        if tidied.len() > max {
            tidied.truncate(start);
            tidied.push('…');
            break;
        }
    }
    tidied
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
                says("502 Bad\\nGateway", None, false),
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

    /// S10.
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
        assert_eq!(message, "a\\nb\\u{1b}[31m\\u{202e}c");
        let message = read(&"é\u{7f}".replace('\u{7f}', "").repeat(9_000)).message.unwrap();
        assert!(message.len() <= MAX_MESSAGE_BYTES + '…'.len_utf8() && message.ends_with("é…"));
    }

    /// S11.
    #[test]
    fn a_secret_is_masked_as_it_is_and_percent_encoded() {
        let secrets = ["sk/live+key", "QVFI="];
        for (text, masked) in [
            ("bad key sk/live+key!", "bad key ***!"),
            ("?apikey=sk%2Flive%2Bkey&x", "?apikey=***&x"),
            ("?apikey=sk%2flive%2bkey&x", "?apikey=***&x"),
            ("after=QVFI=", "after=***"),
            ("after=QVFI%3D", "after=***"),
            ("nothing of the kind", "nothing of the kind"),
        ] {
            assert_eq!(mask(text, &secrets), masked);
        }
    }

    #[test]
    fn a_short_secret_is_masked_only_where_it_stands_alone() {
        assert_eq!(mask("cursor 2: code 2642, v20, '2'", &["2", ""]), "cursor ***: code 2642, v20, '***'");
    }

    /// S11.
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
