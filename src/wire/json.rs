//! A strict reader of JSON (RFC 8259) that builds no tree: its callers choose what to keep, and skip the rest.
//!
//! It does not recurse, and allocates only what it returns, however a body is nested or escaped. Skipped values must be
//! JSON too, except that their strings may hold any bytes, because they are not decoded.

mod skip;

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Fault, What};
use super::string::{plain_length, unescape};
use super::text::MAX_EXCERPT_BYTES;

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A body, and the position in it.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    body: &'a [u8],
    /// The body, if all of it is UTF-8. Otherwise each string that is kept is checked.
    text: Option<&'a str>,
    at: usize,
}

/// The content of a string, before its escapes are decoded.
pub(super) struct Raw {
    range: Range<usize>,
    escaped: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body, text: simdutf8::basic::from_utf8(body).ok(), at: 0 }
    }

    /// The body, if all of it is UTF-8.
    pub(super) fn all_text(&self) -> Option<&'a str> {
        self.text
    }

    /// The number of bytes read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Continues at this byte.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The number of bytes not yet read.
    pub(super) fn left(&self) -> usize {
        self.body.len() - self.at
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.body.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    /// Reads this byte, if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    #[inline]
    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(self.malformed(expected)) }
    }

    /// Checks that the body ends here.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("the end of the body")),
        }
    }

    /// A fault: malformed JSON.
    #[cold]
    fn malformed(&self, expected: &'static str) -> Fault {
        let what = if self.left() == 0 { What::End } else { What::Syntax(expected) };
        Fault::new(self.at, what)
    }

    /// A fault: a value of another kind.
    #[cold]
    pub(super) fn mismatch(&mut self, expected: &'static str) -> Fault {
        let found = match self.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return self.malformed("a value"),
        };
        self.found(expected, found)
    }

    #[cold]
    pub(super) fn found(&self, expected: &'static str, found: &'static str) -> Fault {
        Fault::new(self.at, What::Found { expected, found })
    }

    #[cold]
    pub(super) fn missing(&self, key: &'static str) -> Fault {
        Fault::new(self.at, What::Missing(key))
    }

    #[cold]
    pub(super) fn twice(&self, key: &'static str) -> Fault {
        Fault::new(self.at, What::Twice(key))
    }

    /// Reads an object. `field` reads the value of each key.
    #[inline]
    pub(super) fn object(&mut self, mut field: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<()> {
        self.expect(b'{', "`{`")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            let key = self.text(&key)?;
            self.expect(b':', "`:`")?;
            field(self, &key)?;
            if !self.take(b',') {
                return self.expect(b'}', "`,` or `}`");
            }
        }
    }

    /// Reads an array. `element` reads each element.
    #[inline]
    pub(super) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.expect(b'[', "`[`")?;
        if self.take(b']') {
            return Ok(());
        }
        let mut index = 0;
        loop {
            element(self).map_err(|fault| fault.within(index))?;
            index += 1;
            if !self.take(b',') {
                return self.expect(b']', "`,` or `]`");
            }
        }
    }

    /// Whether the next value is an empty array.
    pub(super) fn is_empty_array(&self) -> bool {
        let mut ahead = self.clone();
        ahead.take(b'[') && ahead.take(b']')
    }

    /// Reads a string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Raw> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        self.at += plain_length(&self.body[start..]);
        let escaped = self.body.get(self.at) != Some(&b'"');
        if escaped {
            self.escaped_string()?;
        }
        let range = start..self.at;
        self.at += 1;
        Ok(Raw { range, escaped })
    }

    /// Reads the rest of a string, from its first escape or fault.
    fn escaped_string(&mut self) -> Result<()> {
        loop {
            match self.body[self.at..] {
                [b'"', ..] => return Ok(()),
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', b'u', ..] => {
                    let digits = self.body[self.at + 2..].iter().take(4).take_while(|digit| digit.is_ascii_hexdigit());
                    let digits = digits.count();
                    self.at += 2 + digits;
                    if digits < 4 {
                        return Err(self.malformed("a hexadecimal digit"));
                    }
                }
                [b'\\'] => return Err(Fault::new(self.body.len(), What::End)),
                [b'\\', ..] => return Err(self.malformed("an escape")),
                _ => return Err(self.malformed("a character of a string, or its end")),
            }
            self.at += plain_length(&self.body[self.at..]);
        }
    }

    /// The content of a string.
    #[inline]
    pub(super) fn text(&self, raw: &Raw) -> Result<Cow<'a, str>> {
        let text = match self.text {
            Some(text) => text.get(raw.range.clone()),
            None => std::str::from_utf8(&self.body[raw.range.clone()]).ok(),
        };
        let text = match (text, raw.escaped) {
            (Some(text), false) => return Ok(Cow::Borrowed(text)),
            (Some(text), true) => unescape(text),
            (None, _) => None,
        };
        text.map(Cow::Owned).ok_or_else(|| Fault::new(raw.range.start, What::Unicode))
    }

    /// The start of a long string's content, cut between two words.
    pub(super) fn beginning(&self, raw: &Raw) -> Result<Cow<'a, str>> {
        let range = raw.range.clone();
        let range = match self.body.get(range.start..range.start + MAX_EXCERPT_BYTES) {
            Some(start) if range.len() > MAX_EXCERPT_BYTES => {
                // A space is part of no escape.
                range.start..range.start + start.iter().rposition(|byte| *byte == b' ').unwrap_or(0)
            }
            _ => range,
        };
        self.text(&Raw { range, escaped: raw.escaped })
    }

    /// Reads a number. Returns its text.
    pub(super) fn number(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        let sign = usize::from(self.body.get(self.at) == Some(&b'-'));
        self.at += sign;
        if self.body.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.body.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.body.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        // It is ASCII.
        Ok(std::str::from_utf8(&self.body[start..self.at]).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<()> {
        let count = self.body[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.malformed("a digit")) } else { Ok(()) }
    }

    /// Reads this word: `null`, `true` or `false`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<()> {
        self.peek();
        let rest = &self.body[self.at..];
        let same = rest.iter().zip(word.as_bytes()).take_while(|(one, other)| one == other).count();
        self.at += same;
        if same == word.len() { Ok(()) } else { Err(self.malformed(word)) }
    }
}
