//! The plain values of an answer, in every form that they have been seen in.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

/// The verdict of a `status`. One that is no text says nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Status {
    pub(super) failed: bool,
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusVisitor;

        impl<'de> Visitor<'de> for StatusVisitor {
            type Value = Status;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status")
            }

            fn visit_str<E>(self, status: &str) -> Result<Status, E> {
                Ok(Status { failed: !status.eq_ignore_ascii_case("success") })
            }

            fn visit_bool<E>(self, _: bool) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_unit<E>(self) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Status, A::Error> {
                IgnoredAny.visit_seq(seq).map(|_| Status::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Status, A::Error> {
                IgnoredAny.visit_map(map).map(|_| Status::default())
            }
        }

        deserializer.deserialize_any(StatusVisitor)
    }
}

/// Reads a time: a number of seconds, or the text of one.
pub(super) struct Seconds;

impl Seconds {
    fn whole<E: Error>(self, seconds: f64) -> Result<i64, E> {
        /// 2⁶³: the first float that is too large.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if !(-LIMIT..LIMIT).contains(&seconds) {
            return Err(E::invalid_value(Unexpected::Other("a number out of range"), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "in range, and fractions of a second are dropped")]
        Ok(seconds as i64)
    }
}

impl<'de> DeserializeSeed<'de> for Seconds {
    type Value = i64;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seconds {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    #[inline]
    fn visit_i64<E>(self, seconds: i64) -> Result<i64, E> {
        Ok(seconds)
    }

    #[inline]
    fn visit_u64<E: Error>(self, seconds: u64) -> Result<i64, E> {
        i64::try_from(seconds).map_err(|_| E::invalid_value(Unexpected::Other("a number out of range"), &self))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<i64, E> {
        self.whole(seconds)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        let text = text.trim();
        match (text.parse(), text.parse()) {
            (Ok(seconds), _) => Ok(seconds),
            (_, Ok(seconds)) => self.whole(seconds),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }

    /// How numbers come where some other crate has switched on `serde_json/arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<i64, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::invalid_type(Unexpected::Map, &self))?;
        match number.as_i64() {
            Some(seconds) => Ok(seconds),
            None => self.whole(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

/// Reads a text, and knows what may stand in for one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// A whole number is taken as its digits.
    Id,
    /// Likewise, and null, the empty text and the text "null" are none.
    Cursor,
    /// Null, the empty text and the text "null" are none.
    Link,
}

impl Text {
    fn optional(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        (self == Self::Id || !matches!(&*text, "" | "null")).then_some(text)
    }

    fn digits<'de, E: Error>(self, number: &dyn fmt::Display) -> Result<Option<Cow<'de, str>>, E> {
        match self {
            Self::Id | Self::Cursor => Ok(Some(number.to_string().into())),
            Self::Link => Err(E::invalid_type(Unexpected::Other("a number"), &self)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "an id",
            Self::Cursor => "a cursor",
            Self::Link => "a link",
        })
    }

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(self.optional(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.optional(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.digits(&number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.digits(&number)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        match self {
            Self::Cursor | Self::Link => Ok(None),
            Self::Id => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }

    /// How numbers come where some other crate has switched on `serde_json/arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::invalid_type(Unexpected::Map, &self))?;
        match number.to_string() {
            // A float has lost what it was written as, and is nobody's id.
            text if text.contains(['.', 'e', 'E']) => Err(A::Error::invalid_type(Unexpected::Other("a number"), &self)),
            text => self.digits(&text),
        }
    }
}
