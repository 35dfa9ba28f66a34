//! The forms that the values of fields may have.

use percent_encoding::percent_decode_str;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor as _};

use super::form::Form;
use crate::cursor::{Cursor, MAX_CURSOR_BYTES};

/// A text that is not empty, or a whole number, as its digits.
pub(super) struct Id;

impl Form<'_> for Id {
    type Value = String;
    const EXPECTED: &'static str = "an id";

    #[inline]
    fn text<E: Error>(self, text: &str) -> Result<String, E> {
        if text.is_empty() { Err(Self::instead("an empty string")) } else { Ok(text.to_owned()) }
    }

    fn whole<E>(self, number: i128) -> Result<String, E> {
        let mut digits = number.to_string();
        // It has room for 39 digits.
        digits.shrink_to_fit();
        Ok(digits)
    }
}

pub(super) struct Subject;

impl Form<'_> for Subject {
    type Value = String;
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn text<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// A number of seconds, or the text of one. Fractions of a second are dropped.
pub(super) struct Seconds;

const OUT_OF_RANGE: &str = "a number out of range";

impl Form<'_> for Seconds {
    type Value = i64;
    const EXPECTED: &'static str = "seconds since 1970";

    #[inline]
    fn whole<E: Error>(self, number: i128) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| Self::instead(OUT_OF_RANGE))
    }

    fn float<E: Error>(self, number: f64) -> Result<i64, E> {
        /// 2⁶³: the first float that is too large.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if !(-LIMIT..LIMIT).contains(&number) {
            return Err(Self::instead(OUT_OF_RANGE));
        }
        #[expect(clippy::cast_possible_truncation, reason = "in range, and fractions of a second are dropped")]
        Ok(number as i64)
    }

    fn text<E: Error>(self, text: &str) -> Result<i64, E> {
        let text = text.trim();
        match (text.parse(), text.parse()) {
            (Ok(seconds), _) => Ok(seconds),
            (_, Ok(number)) => self.float(number),
            _ => Err(Self::instead("a string")),
        }
    }
}

/// A cursor as the server sent it.
#[derive(Debug)]
pub(super) enum SentCursor {
    Usable(Cursor),
    /// Its length in bytes. The text is dropped.
    TooLong(usize),
}

impl SentCursor {
    /// `None` if it is empty or "null".
    fn new(text: &str) -> Option<Self> {
        if text.len() > MAX_CURSOR_BYTES {
            return Some(Self::TooLong(text.len()));
        }
        Cursor::usable(text).map(Self::Usable)
    }
}

/// A text, or a whole number as its digits. Null, an empty text and "null" mean `None`.
pub(super) struct AnyCursor;

impl Form<'_> for AnyCursor {
    type Value = Option<SentCursor>;
    const EXPECTED: &'static str = "a cursor";

    fn null<E>(self) -> Result<Option<SentCursor>, E> {
        Ok(None)
    }

    fn whole<E>(self, number: i128) -> Result<Option<SentCursor>, E> {
        Ok(SentCursor::new(&number.to_string()))
    }

    fn text<E>(self, text: &str) -> Result<Option<SentCursor>, E> {
        Ok(SentCursor::new(text))
    }
}

/// What is kept of a link: it points to another company's host, and may hold a token.
#[derive(Debug)]
pub(super) struct SentLink {
    /// The cursor in it, if it has one.
    pub(super) cursor: Option<SentCursor>,
}

/// A link, and the parameter that is its cursor. Null, an empty text and "null" mean `None`.
pub(super) struct Link {
    pub(super) cursor: &'static str,
}

impl Form<'_> for Link {
    type Value = Option<SentLink>;
    const EXPECTED: &'static str = "a link";

    fn null<E>(self) -> Result<Option<SentLink>, E> {
        Ok(None)
    }

    fn text<E>(self, text: &str) -> Result<Option<SentLink>, E> {
        let link = SentLink { cursor: parameter(text, self.cursor) };
        Ok((!matches!(text, "" | "null")).then_some(link))
    }
}

/// The percent-decoded parameter of a link. `+` stays `+`, a digit of base64.
fn parameter(link: &str, name: &str) -> Option<SentCursor> {
    let query = link.split('#').next()?.split_once('?')?.1;
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    let decoded = percent_decode_str(value);
    if value.len() > MAX_CURSOR_BYTES {
        // It may be as large as the body, so it is measured before it is copied.
        let bytes = decoded.clone().count();
        if bytes > MAX_CURSOR_BYTES {
            return Some(SentCursor::TooLong(bytes));
        }
    }
    SentCursor::new(&decoded.decode_utf8().ok()?)
}

/// Whether a status is an error: any but "success" and null.
pub(super) struct Failed;

impl<'de> Form<'de> for Failed {
    type Value = bool;
    const EXPECTED: &'static str = "a status";

    fn null<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn text<E>(self, text: &str) -> Result<bool, E> {
        Ok(!text.eq_ignore_ascii_case("success"))
    }

    fn other<E>(self, _: &'static str) -> Result<bool, E> {
        Ok(true)
    }

    fn array<A: SeqAccess<'de>>(self, array: A) -> Result<bool, A::Error> {
        IgnoredAny.visit_seq(array).map(|_| true)
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<bool, A::Error> {
        IgnoredAny.visit_map(object).map(|_| true)
    }
}
