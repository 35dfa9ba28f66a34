//! The groups of an answer in its usual form, read without a parser's generality.
//!
//! A page is hundreds of objects of the same three keys, and reading them is most of what a listing costs the processor.
//! Where a body begins with its groups, this room reads them with a few comparisons each. It decides nothing: a group
//! that is worded in any other way is left to the visitors of `answer`, one by one, and a body that is, is left to them
//! whole. So what is accepted, and what an error says, is theirs to say; a test holds the two together.

use super::answer::{WireGroup, room};
use crate::page::Group;

/// A number of so many digits fits an `i64`, whatever its digits.
const MAX_DIGITS: usize = 18;

/// Takes the groups out of a body that begins with them. Returns them, and the body without `data`; `None` where the
/// body is worded in another way, or is wrong.
pub(super) fn split(body: &[u8]) -> Option<(Vec<Group>, String)> {
    let mut text = Text { rest: std::str::from_utf8(body).ok()? };
    text.take("{")?;
    text.take("\"data\"")?;
    text.take(":")?;
    let nested = text.take("{").is_some();
    if nested {
        text.take("\"groups\"")?;
        text.take(":")?;
    }
    let groups = text.groups()?;
    if nested {
        text.take("}")?;
    }
    // Another key, or the end.
    match text.take(",") {
        Some(()) => text.peek("\"")?,
        None => text.peek("}")?,
    }
    Some((groups, format!("{{{}", text.rest)))
}

/// What of a body is not yet read.
struct Text<'a> {
    rest: &'a str,
}

impl Text<'_> {
    /// Goes past white space.
    #[inline]
    fn space(&mut self) {
        // The usual form has none.
        if self.rest.as_bytes().first().is_some_and(|byte| *byte <= b' ') {
            let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            let length = self.rest.bytes().take_while(space).count();
            self.rest = self.rest.get(length..).unwrap_or_default();
        }
    }

    /// Whether this comes next.
    #[inline]
    fn peek(&mut self, token: &str) -> Option<()> {
        self.space();
        self.rest.starts_with(token).then_some(())
    }

    /// Goes past this, if it comes next.
    #[inline]
    fn take(&mut self, token: &str) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    /// Goes past an array of groups.
    fn groups(&mut self) -> Option<Vec<Group>> {
        self.take("[")?;
        if self.take("]").is_some() {
            return Some(Vec::new());
        }
        let mut groups = room(self.rest.len());
        loop {
            self.space();
            let mut ahead = Text { rest: self.rest };
            let group = match ahead.group() {
                Some(group) => {
                    self.rest = ahead.rest;
                    group
                }
                None => self.unusual_group()?,
            };
            groups.push(group);
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(groups);
            }
        }
    }

    /// Goes past a group worded in the usual way.
    #[inline]
    fn group(&mut self) -> Option<Group> {
        let (mut id, mut subject, mut seconds) = (None, None, None);
        self.take("{")?;
        loop {
            self.space();
            // Each key once; `created_at` beside `creation_timestamp` is none of the usual ways.
            if seconds.is_none() && self.take("\"creation_timestamp\"").is_some() {
                self.take(":")?;
                seconds = Some(self.seconds()?);
            } else if id.is_none() && self.take("\"id\"").is_some() {
                self.take(":")?;
                id = Some(self.string()?);
            } else if subject.is_none() && self.take("\"subject\"").is_some() {
                self.take(":")?;
                subject = Some(self.string()?);
            } else {
                return None;
            }
            if self.take(",").is_none() {
                self.take("}")?;
                return Some(Group::new(id?, subject?, seconds?));
            }
        }
    }

    /// Goes past a group that the visitors can read.
    #[cold]
    fn unusual_group(&mut self) -> Option<Group> {
        let mut groups = serde_json::Deserializer::from_str(self.rest).into_iter();
        let WireGroup(group) = groups.next()?.ok()?;
        self.rest = self.rest.get(groups.byte_offset()..)?;
        Some(group)
    }

    /// Goes past a string.
    #[inline]
    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let end = plain_length(self.rest.as_bytes());
        if self.rest.as_bytes().get(end) == Some(&b'\\') {
            return self.escaped_string(end);
        }
        let text = self.rest.get(..end)?.to_owned();
        self.rest = self.rest.get(end..)?.strip_prefix('"')?;
        Some(text)
    }

    /// Goes past a string whose first escape is here.
    fn escaped_string(&mut self, mut end: usize) -> Option<String> {
        // An escape is never shorter than what it stands for, and few strings have many.
        let mut text = String::with_capacity(end + 64);
        text.push_str(self.rest.get(..end)?);
        loop {
            self.rest = self.rest.get(end..)?;
            match self.rest.as_bytes().first()? {
                b'"' => {
                    self.rest = self.rest.get(1..)?;
                    text.shrink_to_fit();
                    return Some(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return None,
            }
            end = plain_length(self.rest.as_bytes());
            text.push_str(self.rest.get(..end)?);
        }
    }

    /// Goes past an escape.
    fn escape(&mut self) -> Option<char> {
        let (kind, rest) = (*self.rest.as_bytes().get(1)?, self.rest.get(2..)?);
        self.rest = rest;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let low = if (0xd800..0xdc00).contains(&unit) {
                    self.rest = self.rest.strip_prefix("\\u")?;
                    Some(self.hex()?)
                } else {
                    None
                };
                // Half a pair of surrogates is an error, for the visitors to tell.
                char::decode_utf16([unit].into_iter().chain(low)).next()?.ok()?
            }
            _ => return None,
        })
    }

    /// Goes past four hexadecimal digits.
    fn hex(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        // `from_str_radix` would take a sign too.
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    /// Goes past a number that is a plain run of digits.
    #[inline]
    fn seconds(&mut self) -> Option<i64> {
        self.space();
        let bytes = self.rest.as_bytes();
        let mut seconds = 0;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = bytes.get(length).copied() {
            if length == MAX_DIGITS {
                return None;
            }
            seconds = seconds * 10 + i64::from(digit - b'0');
            length += 1;
        }
        // JSON has no number with a zero before it.
        if length == 0 || (length > 1 && bytes.first() == Some(&b'0')) {
            return None;
        }
        self.rest = self.rest.get(length..)?;
        Some(seconds)
    }
}

/// How many bytes of a string come before its first quote, backslash or control character: eight at a time.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    /// The high bit of each byte that is below `limit`, and maybe of some after the first such.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
    }
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let special =
            below(word, b' ') | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1);
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(special).unwrap_or(rest.len())
}
