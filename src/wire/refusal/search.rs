//! Searches an error for the names that errors use.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::field::Failed;
use crate::wire::form::{As, Form, skip};
use crate::wire::text::excerpt;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// Says what is wrong.
    Message,
    /// Is added to the message.
    Details,
    Code,
    TraceId,
    Transient,
    /// Only holds other names, as all of these may.
    Outer,
    /// As the last. An array is one of groups.
    Groups,
}

/// Names in lower case, without `_` and `-`. Of two names of a role, the first counts.
const NAMES: [(&str, Role); 27] = [
    ("message", Role::Message),
    ("errormessage", Role::Message),
    ("errormsg", Role::Message),
    ("msg", Role::Message),
    ("faultstring", Role::Message),
    ("developermessage", Role::Message),
    ("errordescription", Role::Message),
    ("description", Role::Message),
    ("reason", Role::Message),
    ("title", Role::Message),
    ("error", Role::Message),
    ("errors", Role::Message),
    ("fault", Role::Message),
    ("details", Role::Details),
    ("detail", Role::Details),
    ("code", Role::Code),
    ("errorcode", Role::Code),
    ("fbtraceid", Role::TraceId),
    ("traceid", Role::TraceId),
    ("xrequestid", Role::TraceId),
    ("requestid", Role::TraceId),
    ("istransient", Role::Transient),
    ("errordata", Role::Outer),
    ("meta", Role::Outer),
    ("response", Role::Outer),
    ("data", Role::Groups),
    ("groups", Role::Groups),
];

/// How deep names are searched. The known shapes have five levels.
pub(super) const MAX_DEPTH: usize = 8;

#[derive(Default)]
pub(super) struct Found {
    pub(super) message: Best<String>,
    pub(super) details: Best<String>,
    pub(super) code: Best<i64>,
    pub(super) trace_id: Best<String>,
    pub(super) transient: bool,
    /// There are groups. Their ids contain phone numbers.
    pub(super) has_groups: bool,
    /// The outermost object has a status other than "success", or an error.
    pub(super) refuses: bool,
}

impl Found {
    pub(super) fn search(&mut self, json: &[u8]) -> serde_json::Result<()> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        // A JSON text alone is a message.
        As(Search { found: self, name: 0, depth: 0 }).deserialize(&mut reader)?;
        reader.end()
    }

    pub(super) fn text(&self) -> Option<String> {
        match (self.message.get(), self.details.get()) {
            (Some(message), Some(details)) if !message.contains(&**details) => Some(format!("{message}: {details}")),
            (message, details) => message.or(details).cloned(),
        }
    }
}

/// The value that ranks first so far.
pub(super) struct Best<T>(Option<((usize, usize), T)>);

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Best<T> {
    /// Takes a value if its rank is lower.
    fn offer(&mut self, rank: (usize, usize), value: impl FnOnce() -> T) {
        if self.0.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.0 = Some((rank, value()));
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }
}

/// Searches a value. Returns whether it is neither null nor empty.
struct Search<'a> {
    found: &'a mut Found,
    /// The index in [`NAMES`] of the value's name, or of that of the array around it.
    name: usize,
    depth: usize,
}

impl Search<'_> {
    fn offer(&mut self, text: &str) {
        let text = excerpt(text.trim());
        // A text without a letter or digit says nothing.
        if !text.contains(char::is_alphanumeric) {
            return;
        }
        let Self { found, name, depth } = self;
        let outside = MAX_DEPTH - *depth;
        match NAMES[*name].1 {
            Role::Message => found.message.offer((*name, outside), || text.to_owned()),
            Role::Details => found.details.offer((*name, outside), || text.to_owned()),
            Role::TraceId => found.trace_id.offer((*name, outside), || text.to_owned()),
            // The inner code is the API's own. The outer one may repeat the status.
            Role::Code => {
                if let Ok(code) = text.parse() {
                    found.code.offer((outside, *name), || code);
                }
            }
            Role::Transient | Role::Outer | Role::Groups => {}
        }
    }
}

impl<'de> Form<'de> for Search<'_> {
    type Value = bool;
    const EXPECTED: &'static str = "an error";

    fn null<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn boolean<E>(self, value: bool) -> Result<bool, E> {
        self.found.transient |= value && NAMES[self.name].1 == Role::Transient;
        Ok(true)
    }

    fn whole<E>(mut self, number: i128) -> Result<bool, E> {
        if matches!(NAMES[self.name].1, Role::Code | Role::TraceId) {
            self.offer(&number.to_string());
        }
        Ok(true)
    }

    fn text<E>(mut self, text: &str) -> Result<bool, E> {
        self.offer(text);
        Ok(true)
    }

    fn other<E>(self, _: &'static str) -> Result<bool, E> {
        Ok(true)
    }

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let Self { found, name, depth } = self;
        if depth == MAX_DEPTH {
            return IgnoredAny.visit_seq(array).map(|_| true);
        }
        let mut is_empty = true;
        while NAMES[name].1 == Role::Groups && array.next_element::<IgnoredAny>()?.is_some() {
            found.has_groups = true;
        }
        while array.next_element_seed(As(Search { found: &mut *found, name, depth: depth + 1 }))?.is_some() {
            is_empty = false;
        }
        Ok(!is_empty)
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        let Self { found, depth, .. } = self;
        if depth == MAX_DEPTH {
            return IgnoredAny.visit_map(object).map(|_| true);
        }
        let mut is_empty = true;
        while let Some(name) = object.next_key()? {
            is_empty = false;
            match name {
                Name::Status if depth == 0 => found.refuses |= object.next_value_seed(As(Failed))?,
                Name::Status | Name::Unknown => skip(&mut object)?,
                Name::Known(name) => {
                    let says = object.next_value_seed(As(Search { found: &mut *found, name, depth: depth + 1 }))?;
                    found.refuses |= says && depth == 0 && matches!(NAMES[name].0, "error" | "errors");
                }
            }
        }
        Ok(!is_empty)
    }
}

enum Name {
    Status,
    /// Its index in [`NAMES`].
    Known(usize),
    Unknown,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyName;

        impl Visitor<'_> for AnyName {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, key: &str) -> Result<Name, E> {
                let letters =
                    || key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
                Ok(match NAMES.iter().position(|(name, _)| letters().eq(name.bytes())) {
                    _ if key == "status" => Name::Status,
                    Some(name) => Name::Known(name),
                    None => Name::Unknown,
                })
            }
        }

        deserializer.deserialize_identifier(AnyName)
    }
}
