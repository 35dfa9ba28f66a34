//! What a value of JSON may be: the kinds that a field accepts.
//!
//! serde's own errors of kind quote the value that was found. These name its kind only.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads a value of the kinds whose methods are implemented. Any other kind is an error.
pub(super) trait Form<'de>: Sized {
    type Value;

    /// What the error expects, as in "expected an id, found null".
    const EXPECTED: &'static str;

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        self.other("null")
    }

    fn boolean<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.other("a boolean")
    }

    /// A whole number that fits into 64 bits, with or without a sign.
    fn whole<E: Error>(self, _: i128) -> Result<Self::Value, E> {
        self.other("a number")
    }

    /// Any other number.
    fn float<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.other("a number")
    }

    fn text<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        self.other("a string")
    }

    fn array<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(Self::instead("an array"))
    }

    fn object<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(Self::instead("an object"))
    }

    /// Null, a boolean, a number or a text, where its own method is not implemented.
    fn other<E: Error>(self, found: &'static str) -> Result<Self::Value, E> {
        Err(Self::instead(found))
    }

    #[cold]
    fn instead<E: Error>(found: &str) -> E {
        E::custom(format_args!("expected {}, found {found}", Self::EXPECTED))
    }
}

/// A [`Form`] as serde has it.
pub(super) struct As<F>(pub(super) F);

impl<'de, F: Form<'de>> DeserializeSeed<'de> for As<F> {
    type Value = F::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: Form<'de>> Visitor<'de> for As<F> {
    type Value = F::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<F::Value, E> {
        self.0.null()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<F::Value, E> {
        self.0.boolean(value)
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<F::Value, E> {
        self.0.whole(value.into())
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<F::Value, E> {
        self.0.whole(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<F::Value, E> {
        self.0.float(value)
    }

    #[inline]
    fn visit_str<E: Error>(self, value: &str) -> Result<F::Value, E> {
        self.0.text(value)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<F::Value, A::Error> {
        self.0.array(array)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<F::Value, A::Error> {
        self.0.object(object)
    }
}

/// Ignores the value of a key.
pub(super) fn skip<'de, A: MapAccess<'de>>(object: &mut A) -> Result<(), A::Error> {
    object.next_value::<IgnoredAny>().map(drop)
}
