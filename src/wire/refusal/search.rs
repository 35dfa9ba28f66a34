//! Searches an error for the names that errors use.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use crate::wire::answer;
use crate::wire::field::is_failure;
use crate::wire::form::{As, Form, Json};
use crate::wire::text::excerpt;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// Says what is wrong.
    Message,
    /// As well, but more briefly. Its presence in an answer that is not a page makes it an error.
    Error,
    /// Is added to the message.
    Details,
    Code,
    TraceId,
    Transient,
    Status,
    /// Only holds other names, as all of these may.
    Outer,
}

/// Names in lower case, without `_` and `-`.
const NAMES: [(Role, &str); 8] = [
    (Role::Message, "message errormessage errormsg msg faultstring developermessage errordescription description"),
    (Role::Error, "error errors fault reason title"),
    (Role::Details, "details detail"),
    (Role::Code, "code errorcode"),
    (Role::TraceId, "fbtraceid traceid xrequestid requestid"),
    (Role::Transient, "istransient"),
    (Role::Status, "status"),
    (Role::Outer, "data errordata meta response"),
];

/// How deep names are searched. The known shapes have five levels.
pub(super) const MAX_DEPTH: usize = 8;

#[derive(Default)]
pub(super) struct Found {
    /// The text of each of the first five roles, and its depth.
    texts: [Option<(usize, String)>; 5],
    pub(super) transient: bool,
    /// The outermost object has a status other than "success", or an error.
    pub(super) refuses: bool,
    /// All of the body is JSON.
    pub(super) is_complete: bool,
}

impl Found {
    pub(super) fn read(json: &[u8]) -> Self {
        let mut found = Self::default();
        // A JSON text alone is a message.
        let search = Search { found: &mut found, role: Role::Message, depth: 0 };
        found.is_complete = answer::read(json, As("an error", search)).is_ok();
        found
    }

    pub(super) fn text(&self, role: Role) -> Option<&str> {
        self.texts[role as usize].as_ref().map(|(_, text)| &**text)
    }

    pub(super) fn message(&self) -> Option<String> {
        let message = self.text(Role::Message).or(self.text(Role::Error));
        match (message, self.text(Role::Details)) {
            (Some(message), Some(details)) if !message.contains(details) => Some(format!("{message}: {details}")),
            (message, details) => message.or(details).map(str::to_owned),
        }
    }
}

/// Searches a value. Returns whether it is neither null nor an empty array.
struct Search<'a> {
    found: &'a mut Found,
    /// Of the value's name, or of that of the array around it.
    role: Role,
    depth: usize,
}

impl Search<'_> {
    fn offer(self, text: &str) {
        let text = excerpt(text.trim());
        let says = match self.role {
            Role::Code => text.parse::<i64>().is_ok(),
            _ => text.contains(char::is_alphanumeric),
        };
        match self.found.texts.get_mut(self.role as usize) {
            // The innermost is the API's own: others may repeat the status. Of two at the same depth, the first counts.
            Some(best) if says && best.as_ref().is_none_or(|(depth, _)| self.depth > *depth) => {
                *best = Some((self.depth, text.to_owned()));
            }
            _ => {}
        }
    }
}

impl<'de> Form<'de> for Search<'_> {
    type Value = bool;

    fn value(self, json: Json<'_>) -> Option<bool> {
        match (self.role, json) {
            (Role::Status, status) => self.found.refuses |= self.depth == 1 && is_failure(status),
            (Role::Transient, Json::Bool(value)) => self.found.transient |= value,
            (Role::Code | Role::TraceId, Json::Whole(number)) => self.offer(&number.to_string()),
            (_, Json::Text(text)) => self.offer(text),
            _ => {}
        }
        Some(!matches!(json, Json::Null))
    }

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Option<bool>, A::Error> {
        let Self { found, role, depth } = self;
        let mut says = false;
        while depth < MAX_DEPTH
            && array.next_element_seed(As("an error", Search { found, role, depth: depth + 1 }))?.is_some()
        {
            says = true;
        }
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(says))
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Option<bool>, A::Error> {
        let Self { found, depth, .. } = self;
        while let Some(role) = object.next_key_seed(As("a name", |json: Json<'_>| Some(role(json))))? {
            match role.filter(|_| depth < MAX_DEPTH) {
                Some(role) => {
                    let says = object.next_value_seed(As("an error", Search { found, role, depth: depth + 1 }))?;
                    found.refuses |= says && depth == 0 && role == Role::Error;
                }
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(true))
    }
}

fn role(name: Json<'_>) -> Option<Role> {
    let Json::Text(name) = name else { return None };
    let letters = || name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
    let is_known = |names: &str| names.split(' ').any(|known| letters().eq(known.bytes()));
    NAMES.iter().find(|(_, names)| is_known(names)).map(|(role, _)| *role)
}
