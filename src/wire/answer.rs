//! Reads the objects of an answer.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed as _, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess};
use serde_path_to_error::{Segment, Track};

use super::field::{SentCursors, failed, id, link, seconds, subject};
use super::form::{As, Form, Object};
use crate::page::Group;
use crate::walk::PageSize;

/// A page may have more groups than were asked for, but not without end: the vector that grows could exceed the memory that
/// a body of tiny groups is allowed. A business number has at most 10,000 groups.
pub(super) const MAX_GROUPS: usize = 32 * PageSize::MAX.get() as usize;

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default, deserialize_with = "groups::<true, _>")]
    pub(super) data: Option<Vec<Group>>,
    #[serde(default, deserialize_with = "object")]
    pub(super) paging: Paging,
    #[serde(default, deserialize_with = "failed")]
    status: bool,
    error: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
pub(super) struct Paging {
    #[serde(default, deserialize_with = "object")]
    pub(super) cursors: SentCursors,
    #[serde(default, deserialize_with = "link")]
    pub(super) next: Option<SentCursors>,
    #[serde(default, deserialize_with = "link")]
    pub(super) previous: Option<SentCursors>,
}

#[derive(Deserialize)]
struct SentGroup {
    #[serde(deserialize_with = "id")]
    id: String,
    #[serde(deserialize_with = "subject")]
    subject: String,
    #[serde(default, deserialize_with = "seconds")]
    creation_timestamp: Option<i64>,
    #[serde(default, deserialize_with = "seconds")]
    created_at: Option<i64>,
}

impl Answer {
    const FORM: As<Object<Self>> = As("an object with `data`", Object(None));

    /// Reads a body without its byte order mark.
    pub(super) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let answer = read(json, Self::FORM)?;
        if answer.data.is_none() && !answer.refused() {
            return Err(serde_json::Error::missing_field("data"));
        }
        Ok(answer)
    }

    /// Whether there is a `status` other than "success", or an `error`.
    pub(super) fn refused(&self) -> bool {
        self.status || self.error.is_some()
    }

    /// What is wrong, and where, as `data[17].creation_timestamp: expected seconds …`. Quotes nothing of the body.
    pub(super) fn explain(json: &[u8], error: &serde_json::Error) -> String {
        /// Of larger bodies, only line and column are told, because keys are copied.
        const MAX_TRACKED_BYTES: usize = 1024 * 1024;
        const KEYS: &str =
            "data groups id subject creation_timestamp created_at paging cursors after before next previous status";
        let mut track = Track::new();
        if json.len() <= MAX_TRACKED_BYTES {
            let mut reader = serde_json::Deserializer::from_slice(json);
            // The same error again.
            drop(Self::FORM.deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track)));
        }
        let path = track.path();
        let is_known =
            |step: &Segment| matches!(step, Segment::Seq { .. }) || KEYS.split(' ').any(|key| key == step.to_string());
        if path.iter().len() > 0 && path.iter().all(is_known) { format!("{path}: {error}") } else { error.to_string() }
    }
}

/// Reads a whole body.
pub(super) fn read<'de, F: Form<'de>>(json: &'de [u8], form: As<F>) -> serde_json::Result<F::Value> {
    fn to_end<'de, F: Form<'de>>(
        mut reader: serde_json::Deserializer<impl serde_json::de::Read<'de>>,
        form: As<F>,
    ) -> serde_json::Result<F::Value> {
        let value = form.deserialize(&mut reader)?;
        reader.end().map(|()| value)
    }

    // Text that was validated as a whole, with vector instructions, is read a quarter faster. If it is not UTF-8, only what
    // is kept must be.
    match simdutf8::basic::from_utf8(json) {
        Ok(text) => to_end(serde_json::Deserializer::from_str(text), form),
        Err(_) => to_end(serde_json::Deserializer::from_slice(json), form),
    }
}

/// An object that may be missing.
fn object<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    As("an object", Object(Some(T::default()))).deserialize(deserializer)
}

fn groups<'de, const OUTER: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Group>>, D::Error> {
    As("an array of groups", Groups { may_be_nested: OUTER }).deserialize(deserializer).map(Some)
}

/// An array of groups, or an object with such an array under `groups`.
struct Groups {
    may_be_nested: bool,
}

impl<'de> Form<'de> for Groups {
    type Value = Vec<Group>;

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Option<Vec<Group>>, A::Error> {
        let mut groups = Vec::new();
        while array.next_element_seed(As("a group", OneGroup(&mut groups)))?.is_some() {}
        Ok(Some(groups))
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<Vec<Group>>, A::Error> {
        #[derive(Deserialize)]
        struct Nested {
            #[serde(deserialize_with = "groups::<false, _>")]
            groups: Option<Vec<Group>>,
        }

        if !self.may_be_nested {
            return Ok(None);
        }
        Nested::deserialize(MapAccessDeserializer::new(object)).map(|nested| nested.groups)
    }
}

/// Reads a group, and appends it.
struct OneGroup<'a>(&'a mut Vec<Group>);

impl<'de> Form<'de> for OneGroup<'_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<()>, A::Error> {
        let SentGroup { id, subject, creation_timestamp, created_at } =
            SentGroup::deserialize(MapAccessDeserializer::new(object))?;
        let creation_timestamp = creation_timestamp.or(created_at);
        let creation_timestamp = creation_timestamp.ok_or_else(|| A::Error::missing_field("creation_timestamp"))?;
        if self.0.len() == MAX_GROUPS {
            return Err(A::Error::custom(format_args!("more than {MAX_GROUPS} groups")));
        }
        self.0.push(Group { id, subject, creation_timestamp });
        Ok(Some(()))
    }
}
