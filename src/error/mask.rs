//! Masks secrets in the server's texts.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const MASK: &str = "***";

/// The longest message of the API: more than its one or two sentences, and few enough bytes for a log.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2 * 1024;

/// A shorter secret is masked only as a separate word: a cursor `1` would otherwise mask parts of codes.
const SHORT_SECRET_BYTES: usize = 6;

/// Positions in a word at which a secret may start or end. A URL has about a dozen.
const MAX_BOUNDARIES: usize = 64;

/// All but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Masks the secrets: literal, percent-encoded as a whole or in part, or with escaped slashes.
pub(crate) fn secrets<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let encoded = utf8_percent_encode(secret, ENCODED).to_string();
        // Some servers write lower-case hexadecimal digits.
        let small = lower_escapes(&encoded);
        for form in [secret, &*encoded, &*small, &*secret.replace('/', "\\/")] {
            if masked.contains(form) {
                masked = Cow::Owned(replace(&masked, form));
            }
        }
        // Percent-encoded in part, as by servers that leave slashes.
        if masked.contains('%') {
            masked = Cow::Owned(words(&masked, |word| word == *secret).into_owned());
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

/// Masks the words for which `is_secret` holds.
///
/// Parts of a word between characters that are not letters or digits are tried too, the longest first, so that `QVFI=`
/// is found in `after=QVFI=.`. Each is tried literally, percent-decoded, and with unescaped slashes.
pub(crate) fn words(text: &str, is_secret: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let mut masked = String::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = word_length(rest);
        if length == 0 {
            masked.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        match secret_in(word, &is_secret) {
            None => {
                masked.push_str(word);
                rest = after;
            }
            Some((start, end)) => {
                found = true;
                masked.push_str(&word[..start]);
                masked.push_str(MASK);
                rest = &rest[end..];
            }
        }
    }
    if found { Cow::Owned(masked) } else { Cow::Borrowed(text) }
}

fn word_length(text: &str) -> usize {
    let ends = |(at, c): &(usize, char)| separates(*c) || (*c == '\\' && !text[*at..].starts_with("\\/"));
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
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

fn secret_in(word: &str, is_secret: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    let marks = || word.char_indices().filter(|(_, c)| !c.is_alphanumeric());
    let starts = std::iter::once(0).chain(marks().map(|(at, c)| at + c.len_utf8())).take(MAX_BOUNDARIES);
    let ends = std::iter::once(word.len()).chain(marks().rev().map(|(at, _)| at)).take(MAX_BOUNDARIES);
    starts.flat_map(|start| ends.clone().map(move |end| (start, end))).find(|(start, end)| {
        start < end && {
            let word = &word[*start..*end];
            is_secret(word)
                || word.contains("\\/") && is_secret(&word.replace("\\/", "/"))
                || word.contains('%') && percent_decode_str(word).decode_utf8().is_ok_and(|word| is_secret(&word))
        }
    })
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
    fn a_secret_is_masked_as_it_is_percent_encoded_and_with_escaped_slashes() {
        let known = ["sk/live+key", "QVFI="];
        for (text, masked) in [
            ("bad key sk/live+key!", "bad key ***!"),
            ("?apikey=sk%2Flive%2Bkey&x", "?apikey=***&x"),
            ("?apikey=sk%2flive%2bkey&x", "?apikey=***&x"),
            (r"{key:sk\/live+key}", "{key:***}"),
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
    fn a_word_that_is_known_by_its_hash_only_is_masked_in_every_place_that_a_server_puts_it() {
        let known = |word: &str| matches!(word, "QV/FI+x=" | "CURSOR-3" | "17" | "a b");
        for (text, masked) in [
            ("Invalid cursor QV/FI+x=", "Invalid cursor ***"),
            ("cursor 'QV/FI+x=': expired.", "cursor '***': expired."),
            ("\u{201c}QV/FI+x=\u{201d} (QV/FI+x=) [CURSOR-3],CURSOR-3;", "\u{201c}***\u{201d} (***) [***],***;"),
            ("expired: CURSOR-3.", "expired: ***."),
            ("?limit=5&after=QV/FI+x=&x", "?limit=5&after=***&x"),
            ("after=QV%2FFI%2Bx%3D", "after=***"),
            ("after=QV%2fFI%2bx%3d.", "after=***."),
            (r#"{"after":"QV\/FI+x="}"#, r#"{"after":"***"}"#),
            ("after:CURSOR-3:17/CURSOR-3", "after:***:***/***"),
            ("(#2642) 1 of 170", "(#2642) 1 of 170"),
            ("after=a%20b", "after=***"),
            ("XCURSOR-3 CURSOR-33", "XCURSOR-3 CURSOR-33"),
            ("é\u{1f600}", "é\u{1f600}"),
        ] {
            assert_eq!(words(text, known), masked);
        }
    }

    #[test]
    fn the_search_for_words_takes_time_in_proportion_to_the_text() {
        let tried = std::cell::Cell::new(0);
        let count = |_: &str| {
            tried.set(tried.get() + 1);
            false
        };
        let text = "=".repeat(100_000);
        assert_eq!(words(&text, count), text);
        assert!(tried.get() <= MAX_BOUNDARIES * MAX_BOUNDARIES, "{}", tried.get());
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
