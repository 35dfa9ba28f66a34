//! Reads errors of the API.
//!
//! Gupshup's pages and Meta's reference have four shapes; gateways and frameworks add theirs. All are read by one rule: the
//! names that errors use, wherever they stand. Load balancers add HTML, plain text and empty bodies.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::field::Failed;
use super::form::{As, Form};
use super::text::{clean, excerpt, html_title, plain_text, shown, without_bom};
use crate::error::mask::MAX_MESSAGE_BYTES;
use crate::error::{Error, Refusal};

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
    /// Groups, whose ids contain phone numbers.
    Groups,
}

/// Names in lower case, without `_` and `-`. Of two names of a role, the first counts.
const NAMES: [(&str, Role); 26] = [
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
];

/// How deep names are searched. The known shapes have five levels.
const MAX_DEPTH: usize = 8;

const MAX_TRACE_ID_BYTES: usize = 128;

/// A longer body is not read a second time. What is read of other errors is not longer either.
const MAX_REPAIRED_BYTES: usize = 64 * 1024;

/// Reads the body of an error, of any shape, also a truncated one.
pub(crate) fn refusal(status: u16, body: &[u8], secrets: &[&str]) -> Error {
    let body = without_bom(body).trim_ascii();
    let (found, is_complete) = Found::read(body);
    Error::refused(found.refusal(status, body, is_complete, secrets))
}

/// Reads a body with status 200 that is not a page. `None` if it is not an error, or not complete JSON.
pub(super) fn despite_success(status: u16, json: &[u8], secrets: &[&str]) -> Option<Error> {
    let json = json.trim_ascii();
    let (found, is_complete) = Found::read(json);
    (is_complete && found.refuses).then(|| Error::refused(found.refusal(status, json, true, secrets)))
}

#[derive(Default)]
struct Found {
    message: Best<String>,
    details: Best<String>,
    code: Best<i64>,
    trace_id: Best<String>,
    transient: bool,
    has_groups: bool,
    /// The outermost object has a status other than "success", or an error.
    refuses: bool,
}

impl Found {
    /// What is found in a body, and whether it is complete JSON.
    fn read(json: &[u8]) -> (Self, bool) {
        let mut found = Self::default();
        match found.search(json) {
            Ok(()) => (found, true),
            Err(error) if error.is_syntax() && json.len() <= MAX_REPAIRED_BYTES => {
                let mut found = Self::default();
                let read = found.search(&repaired(json));
                (found, read.is_ok())
            }
            Err(_) => (found, false),
        }
    }

    fn search(&mut self, json: &[u8]) -> serde_json::Result<()> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        // A JSON text alone is a message.
        As(Search { found: self, name: 0, depth: 0 }).deserialize(&mut reader)?;
        reader.end()
    }

    fn text(&self) -> Option<String> {
        match (self.message.get(), self.details.get()) {
            (Some(message), Some(details)) if !message.contains(&**details) => Some(format!("{message}: {details}")),
            (message, details) => message.or(details).cloned(),
        }
    }

    fn refusal(&self, status: u16, body: &[u8], is_complete: bool, secrets: &[&str]) -> Refusal {
        let text = match body.first() {
            Some(b'{' | b'[') => self.text(),
            Some(b'"') if is_complete => self.text(),
            Some(b'<') => html_title(body).map(str::to_owned),
            _ => plain_text(body).map(|text| excerpt(text).to_owned()),
        };
        let code = self.code.get().copied().or_else(|| leading_code(text.as_deref()?));
        let message = text.map(|text| clean(&text, secrets, MAX_MESSAGE_BYTES)).filter(|message| !message.is_empty());
        let message = message.or_else(|| if self.has_groups { None } else { shown(body, secrets) });
        let trace_id = self.trace_id.get().map(|id| clean(id, secrets, MAX_TRACE_ID_BYTES));
        Refusal { status, code, message, transient: self.transient, trace_id }
    }
}

/// The value that ranks first so far.
struct Best<T>(Option<((usize, usize), T)>);

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

    fn get(&self) -> Option<&T> {
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
            Role::Code => _ = text.parse().map(|code| found.code.offer((outside, *name), || code)),
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
                Name::Status | Name::Unknown => _ = object.next_value::<IgnoredAny>()?,
                Name::Known(name) if NAMES[name].1 == Role::Groups => {
                    found.has_groups = true;
                    object.next_value::<IgnoredAny>()?;
                }
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

/// The same body with `?` for each byte that is not UTF-8, and without surrogates, which may be unpaired.
fn repaired(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        text.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    for at in 0..text.len() {
        if let Some([b'\\', b'u', digits @ ..]) = text[at..].first_chunk_mut::<6>() {
            let is_surrogate = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
            if is_surrogate && digits.iter().all(u8::is_ascii_hexdigit) {
                *digits = *b"fffd";
            }
        }
    }
    text
}

/// The code in "(#2642) Invalid cursors values".
fn leading_code(message: &str) -> Option<i64> {
    message.trim_start().strip_prefix("(#")?.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
