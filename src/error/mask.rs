//! Masks secrets in the server's texts.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

const MASK: &str = "***";

/// The longest message of the API: more than its one or two sentences, and few enough bytes for a log.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2 * 1024;

/// A shorter secret is masked only as a separate word: a cursor `1` would otherwise mask parts of codes.
const SHORT_SECRET_BYTES: usize = 6;

/// All but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Masks the secrets: literal, percent-encoded or escaped as in JSON, as a whole or in part.
pub(crate) fn secrets(text: &str, secrets: &[&str]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let longest = secrets.iter().filter_map(|secret| secret_length(secret, rest, &masked)).max();
        masked.push_str(if longest.is_some() { MASK } else { &rest[..next.len_utf8()] });
        rest = &rest[longest.unwrap_or(next.len_utf8())..];
    }
    masked
}

/// The number of bytes that the secret takes at the start of `text`, which follows `before`.
fn secret_length(secret: &str, text: &str, before: &str) -> Option<usize> {
    let mut length = 0;
    for byte in secret.bytes() {
        length += form_length(byte, &text.as_bytes()[length..])?;
    }
    let after = text.get(length..)?;
    let is_word = || !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
    (length > 0 && (secret.len() >= SHORT_SECRET_BYTES || is_word())).then_some(length)
}

/// The number of bytes that one byte of a secret takes at the start of `text`, in any of its forms.
fn form_length(byte: u8, text: &[u8]) -> Option<usize> {
    let is =
        |digits: &[u8; 2]| std::str::from_utf8(digits).is_ok_and(|digits| u8::from_str_radix(digits, 16) == Ok(byte));
    match text {
        [b'%', high, low, ..] if is(&[*high, *low]) => Some(3),
        [b'\\', b'u', b'0', b'0', high, low, ..] if is(&[*high, *low]) => Some(6),
        [b'\\', b'/', ..] if byte == b'/' => Some(2),
        [first, ..] if *first == byte => Some(1),
        _ => None,
    }
}

/// Masks `access_token=…`, `"access_token":"…"`, `access_token: …` and `Bearer …`.
pub(crate) fn access_tokens(text: &str) -> Cow<'_, str> {
    // ASCII lower case has the same byte positions.
    let lower = text.to_ascii_lowercase();
    let after = |name: &'static str| lower.match_indices(name).map(move |(at, _)| at + name.len());
    let assigned = after("access_token").filter_map(|end| assigned_token(&lower, end));
    let mut tokens: Vec<_> = assigned.chain(after("bearer").filter_map(|end| bearer_token(&lower, end))).collect();
    if tokens.is_empty() {
        return Cow::Borrowed(text);
    }
    tokens.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in tokens {
        // The token of `access_token: Bearer …` is found twice.
        if start >= copied {
            masked.extend([&text[copied..start], MASK]);
            copied = end;
        }
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

fn assigned_token(text: &str, name_end: usize) -> Option<(usize, usize)> {
    let sign = text[name_end..].trim_start_matches(is_quote).trim_start();
    let value = sign.strip_prefix(['=', ':']).or_else(|| sign.strip_prefix("%3d"))?;
    let value = value.trim_start().trim_start_matches(is_quote);
    token(text, value.strip_prefix("bearer ").unwrap_or(value).trim_start())
}

fn bearer_token(text: &str, word_end: usize) -> Option<(usize, usize)> {
    token(text, text[word_end..].strip_prefix(char::is_whitespace)?.trim_start())
}

fn token(text: &str, rest: &str) -> Option<(usize, usize)> {
    let ends = |c: char| c.is_whitespace() || is_quote(c) || "&,;}])<>#".contains(c);
    let start = text.len() - rest.len();
    let escaped = rest.find("%26").unwrap_or(rest.len());
    let length = rest.find(ends).unwrap_or(rest.len()).min(escaped);
    (length > 0).then_some((start, start + length))
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '`')
}

/// Whether no cursor contains this character.
fn separates(c: char) -> bool {
    c.is_whitespace() || if c.is_ascii() { "\"'`()[]{}<>,;!?&#|".contains(c) } else { !c.is_alphanumeric() }
}

/// At most `max` bytes, cut between two words, because a part of a secret is not recognised.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = text.char_indices().take_while(|(at, _)| *at <= max).filter(|(_, c)| separates(*c)).last();
    &text[..end.map_or(0, |(at, _)| at)]
}

/// One line of at most `max` bytes, with control characters escaped.
pub(crate) fn tidy(text: &str, max: usize) -> String {
    let mut tidied = String::new();
    for c in text.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            // An escape would hide the start of the next word.
            tidied.push(' ');
        } else if c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            // Writing to a string cannot fail.
            let _ = write!(tidied, "{}", c.escape_default());
        } else {
            tidied.push(c);
        }
        if tidied.len() > max {
            let rest = cut(&tidied, max).trim_end().len();
            tidied.truncate(rest);
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

    #[test]
    fn a_secret_is_masked_literal_percent_encoded_and_escaped_as_in_json() {
        let known = ["sk/live+key", "QVFI="];
        for (text, masked) in [
            ("bad key sk/live+key!", "bad key ***!"),
            ("?apikey=sk%2Flive%2Bkey&x", "?apikey=***&x"),
            ("?apikey=sk%2flive%2bkey&x", "?apikey=***&x"),
            (r"{key:sk\/live+key}", "{key:***}"),
            (r#"{"after":"QVFI\u003d"}"#, r#"{"after":"***"}"#),
            (r#"{"after":"QVFI\u003D","key":"sk\u002flive%2bkey"}"#, r#"{"after":"***","key":"***"}"#),
            ("after=QVFI=", "after=***"),
            ("after=QVFI%3D", "after=***"),
            ("?apikey=sk/live%2Bkey&x", "?apikey=***&x"),
            ("?apikey=sk%2flive+key.", "?apikey=***."),
            ("nothing of the kind", "nothing of the kind"),
        ] {
            assert_eq!(secrets(text, &known), masked);
        }
    }

    #[test]
    fn of_two_secrets_that_begin_alike_the_longer_is_masked() {
        assert_eq!(secrets("KEY-1234-NEW, KEY-1234", &["KEY-1234", "KEY-1234-NEW"]), "***, ***");
    }

    #[test]
    fn a_short_secret_is_masked_only_as_a_separate_word() {
        assert_eq!(secrets("cursor 2: code 2642, v20, '2'", &["2", ""]), "cursor ***: code 2642, v20, '***'");
    }

    #[test]
    fn an_access_token_is_masked_in_every_spelling() {
        for (text, masked) in [
            ("GET /groups?access_token=EAAG&limit=5", "GET /groups?access_token=***&limit=5"),
            ("next: https://h/?limit=5&access_token=EAAG|x", "next: https://h/?limit=5&access_token=***"),
            ("url=h%3Faccess_token%3DEAAG%26x", "url=h%3Faccess_token%3D***%26x"),
            (r#"{"access_token":"EAAG","x":1}"#, r#"{"access_token":"***","x":1}"#),
            (r#"{\"access_token\": \"EAAG\"}"#, r#"{\"access_token\": \"***\"}"#),
            ("Access_Token: EAAG, expired", "Access_Token: ***, expired"),
            ("access_token : EAAG", "access_token : ***"),
            ("Authorization: Bearer EAAG expired", "Authorization: Bearer *** expired"),
            ("access_token=Bearer EAAG;", "access_token=Bearer ***;"),
            ("access_token=A&access_token=B é", "access_token=***&access_token=*** é"),
            ("Access_token is invalid", "Access_token is invalid"),
            ("access_token=", "access_token="),
            ("overbearer", "overbearer"),
            ("", ""),
        ] {
            assert_eq!(access_tokens(text), masked);
        }
    }

    #[test]
    fn a_text_becomes_one_line_of_bounded_length_without_control_characters() {
        assert_eq!(tidy("a\r\nb\t\u{1b}[31m\u{202e}c", 99), "a  b \\u{1b}[31m\\u{202e}c");
        assert_eq!(tidy("é é", 5), "é é");
        assert_eq!(tidy("é é é", 7), "é é…");
        assert_eq!(tidy("é éé", 6), "é…");
        assert_eq!(tidy("ééé", 5), "…");
    }
}
