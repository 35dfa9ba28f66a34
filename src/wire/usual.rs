//! Groups in the form that nearly all have, read in few steps: the three documented keys, each once.
//!
//! A group in another form, or a malformed one, is left to the strict reader, which begins at the same byte.
//! A page is hundreds of groups, and reading them is most of what a listing costs the processor.

use std::iter;

use super::string::{plain_length, unescape_into};
use crate::page::Group;

/// The longest subject with escapes that is read here, in bytes, so that the buffer for it stays small.
const MAX_UNESCAPED_BYTES: usize = 1024;

const TIME: &[u8] = b"\"creation_timestamp\":";
const ID: &[u8] = b"\"id\":";
const SUBJECT: &[u8] = b"\"subject\":";

/// Reads the group that begins at this byte, and appends it. Returns where it ends. `None`, without appending, if it is
/// not a group in the usual form. `buffer` is for a subject with escapes.
#[inline]
pub(super) fn push_group(groups: &mut Vec<Group>, text: &str, at: usize, buffer: &mut String) -> Option<usize> {
    let body = text.as_bytes();
    let (mut id, mut subject, mut seconds, mut is_escaped) = (None, None, None, false);
    let mut at = token(body, at, b"{")?;
    loop {
        at = skip_space(body, at);
        let rest = body.get(at..)?;
        if seconds.is_none() && rest.starts_with(TIME) {
            let (value, end) = number(body, at + TIME.len())?;
            (seconds, at) = (Some(value), end);
        } else if id.is_none() && rest.starts_with(ID) {
            let (start, end) = plain_part(body, at + ID.len())?;
            (start < end && body.get(end) == Some(&b'"')).then_some(())?;
            (id, at) = (Some(text.get(start..end)?), end + 1);
        } else if subject.is_none() && rest.starts_with(SUBJECT) {
            let (start, end) = plain_part(body, at + SUBJECT.len())?;
            is_escaped = body.get(end) != Some(&b'"');
            at = if is_escaped { unescape(text, start, end, buffer)? } else { end + 1 };
            subject = Some(text.get(start..end)?);
        } else {
            return None;
        }
        match token(body, at, b",") {
            Some(after) => at = after,
            None => break,
        }
    }
    at = token(body, at, b"}")?;
    let (id, plain, creation_timestamp) = (id?, subject?, seconds?);
    let subject = if is_escaped { buffer.as_str() } else { plain };
    // `push` would build the group on the stack and copy it. The copy stalls the processor, because it loads in pairs the
    // words that were stored one by one.
    groups.extend(iter::once_with(|| Group { id: id.to_owned(), subject: subject.to_owned(), creation_timestamp }));
    Some(at)
}

/// Skips white space.
#[inline]
fn skip_space(body: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = body.get(at) {
        at += 1;
    }
    at
}

/// Skips white space and this token. `None` if another follows.
#[inline]
fn token(body: &[u8], at: usize, token: &[u8]) -> Option<usize> {
    let at = skip_space(body, at);
    body.get(at..)?.starts_with(token).then_some(at + token.len())
}

/// Reads a string up to its first escape or its end. Returns the range of this part.
#[inline]
fn plain_part(body: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = token(body, at, b"\"")?;
    Some((start, start + plain_length(body.get(start..)?)))
}

/// Reads into `buffer` a string whose content begins at `start`, with its first escape at `at`. Returns where it ends.
fn unescape(text: &str, start: usize, at: usize, buffer: &mut String) -> Option<usize> {
    buffer.clear();
    let end = start + unescape_into(buffer, text.get(start..)?, at - start, MAX_UNESCAPED_BYTES)?;
    (end < text.len()).then_some(end + 1)
}

/// Reads a number that consists of at most 18 digits.
#[inline]
fn number(body: &[u8], at: usize) -> Option<(i64, usize)> {
    /// Any number with so many digits fits an `i64`.
    const MAX_DIGITS: usize = 18;
    let start = skip_space(body, at);
    let (mut value, mut end) = (0, start);
    while let Some(digit @ b'0'..=b'9') = body.get(end) {
        // A value that overflows has too many digits, and is not used.
        value = i64::wrapping_add(i64::wrapping_mul(value, 10), i64::from(digit - b'0'));
        end += 1;
    }
    let is_usual = match body.get(start..end)? {
        [] | [b'0', _, ..] => false,
        digits => digits.len() <= MAX_DIGITS,
    };
    is_usual.then_some((value, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The group in this text, and what follows it.
    fn group(text: &str) -> Option<(Group, &str)> {
        let mut groups = Vec::new();
        match push_group(&mut groups, text, 0, &mut String::new()) {
            Some(end) => Some((groups.pop()?, &text[end..])),
            None => groups.pop().map(|group| panic!("{text}: {group:?}")),
        }
    }

    #[test]
    fn a_group_of_the_documented_keys_is_read_in_every_order() {
        let fields = [r#""id":"a b""#, "\n\t\"subject\": \"c\"\r", r#""creation_timestamp":17 "#];
        for [one, two, three] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let text = format!("{{{} , {},{}}} ,", fields[one], fields[two], fields[three]);
            assert_eq!(group(&text), Some((Group::new("a b", "c", 17), " ,")), "{text}");
        }
    }

    #[test]
    fn a_subject_with_escapes_is_read_while_it_is_short() {
        let text = |subject: &str| format!(r#"{{"subject":"{subject}","id":"a","creation_timestamp":0}}"#);
        let read = |subject: &str| group(&text(subject)).map(|(group, _)| group.subject);
        assert_eq!(read(r"é\ud83d\ude00 \n\u00e9z").as_deref(), Some("é\u{1f600} \néz"));
        let long = "s".repeat(MAX_UNESCAPED_BYTES);
        assert_eq!(read(&long), Some(long.clone()));
        assert!(read(&format!(r"\n{}", &long[1..])).is_some());
        assert_eq!(read(&format!(r"\n{long}")), None);
        assert_eq!(read(&r"\n".repeat(10_000)), None);
    }

    #[test]
    fn what_is_unusual_or_wrong_is_left_to_the_strict_reader() {
        let usual = r#"{"id":"a","subject":"b","creation_timestamp":1}"#;
        assert!(group(usual).is_some());
        for (part, instead) in [
            (r#""a""#, r#""""#),
            (r#""a""#, r#""\u0061""#),
            (r#""a""#, "\"a\n\""),
            (r#""a""#, "7"),
            (r#""b""#, "\"b\n\""),
            (r#""b""#, r#""\ud83d""#),
            (r#""b""#, "null"),
            ("subject", "id"),
            ("subject", "name"),
            ("creation_timestamp", "created_at"),
            (":1}", ":01}"),
            (":1}", ":-1}"),
            (":1}", ":1.5}"),
            (":1}", ":1e3}"),
            (":1}", ":1000000000000000000}"),
            (":1}", ":}"),
            (":1}", ":1,}"),
            (":1}", r#":1,"id":"a"}"#),
            (":1}", r#":1,"x":0}"#),
            (r#","creation_timestamp":1"#, ""),
        ] {
            let text = usual.replacen(part, instead, 1);
            assert_eq!(group(&text), None, "{text}");
        }
        for end in 0..usual.len() {
            assert_eq!(group(&usual[..end]), None);
        }
    }
}
