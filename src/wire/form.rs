//! Reads a value of JSON whose kind is not known before.
//!
//! serde's own errors of type quote the value that was found. These name its kind only.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Copy)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// A whole number that fits into 64 bits, with or without a sign.
    Whole(i128),
    Float(f64),
    Text(&'a str),
    Array,
    Object,
}

/// What is made of a value. `None` if the value is not what is expected.
pub(super) trait Form<'de>: Sized {
    type Value;

    /// Of arrays and objects, only the kind is known.
    fn value(self, _: Json<'_>) -> Option<Self::Value> {
        None
    }

    fn array<A: SeqAccess<'de>>(self, array: A) -> Result<Option<Self::Value>, A::Error> {
        IgnoredAny.visit_seq(array).map(|_| self.value(Json::Array))
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<Self::Value>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| self.value(Json::Object))
    }
}

impl<T, F: FnOnce(Json<'_>) -> Option<T>> Form<'_> for F {
    type Value = T;

    #[inline]
    fn value(self, json: Json<'_>) -> Option<T> {
        self(json)
    }
}

/// A derived struct, which alone would accept an array too. Null and an empty array, PHP's empty map, mean this value.
pub(super) struct Object<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Form<'de> for Object<T> {
    type Value = T;

    fn value(self, json: Json<'_>) -> Option<T> {
        self.0.filter(|_| matches!(json, Json::Null))
    }

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Option<T>, A::Error> {
        let is_empty = array.next_element::<IgnoredAny>()?.is_none();
        Ok(self.0.filter(|_| is_empty))
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Some)
    }
}

/// What is expected, as in "expected an id, found null", and its form, as serde has it.
pub(super) struct As<F>(pub(super) &'static str, pub(super) F);

fn result<T, E: Error>(expected: &str, value: Option<T>, json: Json<'_>) -> Result<T, E> {
    value.ok_or_else(|| {
        let found = match json {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Whole(_) | Json::Float(_) => "a number",
            Json::Text("") => "an empty string",
            Json::Text(_) => "a string",
            Json::Array => "an array",
            Json::Object => "an object",
        };
        E::custom(format_args!("expected {expected}, found {found}"))
    })
}

impl<'de, F: Form<'de>> DeserializeSeed<'de> for As<F> {
    type Value = F::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The kinds of values without parts.
macro_rules! visit {
    ($($visit:ident: $kind:ident($type:ty),)*) => {$(
        #[inline]
        fn $visit<E: Error>(self, value: $type) -> Result<F::Value, E> {
            let json = Json::$kind(value.into());
            result(self.0, self.1.value(json), json)
        }
    )*};
}

impl<'de, F: Form<'de>> Visitor<'de> for As<F> {
    type Value = F::Value;

    visit! { visit_bool: Bool(bool), visit_i64: Whole(i64), visit_u64: Whole(u64), visit_f64: Float(f64), visit_str: Text(&str), }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_unit<E: Error>(self) -> Result<F::Value, E> {
        result(self.0, self.1.value(Json::Null), Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<F::Value, A::Error> {
        result(self.0, self.1.array(array)?, Json::Array)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<F::Value, A::Error> {
        result(self.0, self.1.object(object)?, Json::Object)
    }
}
