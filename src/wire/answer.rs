//! Reads the objects of an answer: their keys, and the forms that their values may have.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};

use super::fault::Fault;
use super::field::{self, Failed, SentCursor, SentLink};
use super::form::{As, Form};
use crate::page::Group;
use crate::walk::PageSize;

/// The size of a small group in JSON, in bytes, to estimate how many groups a body holds.
const GROUP_BYTES: usize = 96;

const MAX_GROUPS: usize = PageSize::MAX.get() as usize;

pub(super) struct Answer {
    pub(super) groups: Vec<Group>,
    pub(super) paging: Paging,
    /// A `status` other than "success", or an `error`.
    pub(super) refused: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    #[serde(deserialize_with = "cursors")]
    pub(super) cursors: SentCursors,
    #[serde(deserialize_with = "field::next")]
    pub(super) next: Option<SentLink>,
    #[serde(deserialize_with = "field::previous")]
    pub(super) previous: Option<SentLink>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SentCursors {
    #[serde(deserialize_with = "field::cursor")]
    pub(super) after: Option<SentCursor>,
    #[serde(deserialize_with = "field::cursor")]
    pub(super) before: Option<SentCursor>,
}

fn cursors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SentCursors, D::Error> {
    As(MaybeCursors).deserialize(deserializer)
}

#[derive(Deserialize)]
struct SentGroup {
    #[serde(deserialize_with = "field::id")]
    id: String,
    #[serde(deserialize_with = "field::subject")]
    subject: String,
    #[serde(default, deserialize_with = "field::seconds")]
    creation_timestamp: Option<i64>,
    #[serde(default, deserialize_with = "field::seconds")]
    created_at: Option<i64>,
}

/// What becomes of the groups that are read.
enum Sink<'a> {
    /// They are kept, up to the number of a full page. More are an error.
    Page { bytes: usize },
    /// They are counted.
    Count(&'a mut usize),
    /// They are kept, in memory for so many.
    Exactly(usize),
}

/// Reads a body without its byte order mark.
///
/// A body that is UTF-8 and has no more groups than a page should is read once. Of any other, the groups are counted first,
/// which also finds the place of an error. A vector that grows could exceed the memory that a body of tiny groups is allowed.
pub(super) fn read(json: &[u8]) -> Result<Answer, Fault> {
    let text = simdutf8::basic::from_utf8(json).ok();
    if let Some(Ok(answer)) = text.map(|text| read_text(text, Sink::Page { bytes: json.len() })) {
        return Ok(answer);
    }
    let mut count = 0;
    let answer = read_bytes(json, Sink::Count(&mut count))?;
    if count == 0 {
        return Ok(answer);
    }
    match text.map(|text| read_text(text, Sink::Exactly(count))) {
        Some(Ok(answer)) => Ok(answer),
        _ => read_bytes(json, Sink::Exactly(count)),
    }
}

/// Reads a body at full speed: without checks of its UTF-8, and without the path to an error.
fn read_text(text: &str, sink: Sink<'_>) -> serde_json::Result<Answer> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let answer = As(Root { sink }).deserialize(&mut reader)?;
    reader.end().map(|()| answer)
}

/// Reads a body whose UTF-8 is checked where it is kept.
fn read_bytes(json: &[u8], sink: Sink<'_>) -> Result<Answer, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut track = serde_path_to_error::Track::new();
    let answer = As(Root { sink }).deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    match answer.and_then(|answer| reader.end().map(|()| answer)) {
        Ok(answer) => Ok(answer),
        Err(error) => Err(Fault::new(json, &track.path(), &error)),
    }
}

struct Root<'a> {
    sink: Sink<'a>,
}

impl<'de> Form<'de> for Root<'_> {
    type Value = Answer;
    const EXPECTED: &'static str = "an object with `data`";

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Answer, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Key {
            Data,
            Paging,
            Status,
            Error,
            #[serde(other)]
            Other,
        }

        let mut sink = Some(self.sink);
        let (mut groups, mut paging, mut status, mut error) = (None, None, None, None);
        while let Some(key) = object.next_key()? {
            match key {
                Key::Data => match sink.take() {
                    Some(sink) => groups = Some(object.next_value_seed(As(Groups { sink, may_be_nested: true }))?),
                    None => return Err(A::Error::duplicate_field("data")),
                },
                Key::Paging => once(&mut paging, "paging", &mut object, As(MaybePaging))?,
                Key::Status => once(&mut status, "status", &mut object, As(Failed))?,
                Key::Error => {
                    once(&mut error, "error", &mut object, PhantomData::<Option<IgnoredAny>>)?;
                }
                Key::Other => _ = object.next_value::<IgnoredAny>()?,
            }
        }
        let refused = status == Some(true) || error.flatten().is_some();
        let groups = match groups {
            None if !refused => return Err(A::Error::missing_field("data")),
            groups => groups.unwrap_or_default(),
        };
        Ok(Answer { groups, paging: paging.unwrap_or_default(), refused })
    }
}

/// Reads the value of a key that must not repeat.
fn once<'de, A: MapAccess<'de>, S: DeserializeSeed<'de>>(
    slot: &mut Option<S::Value>,
    key: &'static str,
    object: &mut A,
    seed: S,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(key));
    }
    *slot = Some(object.next_value_seed(seed)?);
    Ok(())
}

/// An array of groups, or an object with such an array under `groups`.
struct Groups<'a> {
    sink: Sink<'a>,
    may_be_nested: bool,
}

impl<'de> Form<'de> for Groups<'_> {
    type Value = Vec<Group>;
    const EXPECTED: &'static str = "an array of groups";

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<Group>, A::Error> {
        let mut groups = Vec::with_capacity(match self.sink {
            Sink::Page { bytes } => (bytes / GROUP_BYTES).clamp(1, MAX_GROUPS),
            Sink::Count(_) => 0,
            Sink::Exactly(count) => count,
        });
        let mut sink = self.sink;
        while let Some(group) = array.next_element_seed(As(OneGroup))? {
            match &mut sink {
                Sink::Page { .. } if groups.len() == MAX_GROUPS => return Err(A::Error::custom("more than a page")),
                Sink::Page { .. } | Sink::Exactly(_) => groups.push(group),
                Sink::Count(count) => **count += 1,
            }
        }
        Ok(groups)
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Vec<Group>, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Key {
            Groups,
            #[serde(other)]
            Other,
        }

        if !self.may_be_nested {
            return Err(Self::instead("an object"));
        }
        let mut sink = Some(self.sink);
        let mut groups = None;
        while let Some(key) = object.next_key()? {
            match key {
                Key::Groups => match sink.take() {
                    Some(sink) => groups = Some(object.next_value_seed(As(Groups { sink, may_be_nested: false }))?),
                    None => return Err(A::Error::duplicate_field("groups")),
                },
                Key::Other => _ = object.next_value::<IgnoredAny>()?,
            }
        }
        groups.ok_or_else(|| A::Error::missing_field("groups"))
    }
}

struct OneGroup;

impl<'de> Form<'de> for OneGroup {
    type Value = Group;
    const EXPECTED: &'static str = "a group";

    #[inline]
    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Group, A::Error> {
        let SentGroup { id, subject, creation_timestamp, created_at } =
            SentGroup::deserialize(MapAccessDeserializer::new(object))?;
        let seconds = creation_timestamp.or(created_at);
        let creation_timestamp = seconds.ok_or_else(|| A::Error::missing_field("creation_timestamp"))?;
        Ok(Group { id, subject, creation_timestamp })
    }
}

/// An object that may be missing: null, or PHP's empty map `[]`.
macro_rules! maybe_object {
    ($form:ident, $value:ty, $expected:literal) => {
        struct $form;

        impl<'de> Form<'de> for $form {
            type Value = $value;
            const EXPECTED: &'static str = $expected;

            fn null<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }

            fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                match array.next_element::<IgnoredAny>()? {
                    None => Ok(Self::Value::default()),
                    Some(_) => Err(Self::instead("an array")),
                }
            }

            fn object<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                Self::Value::deserialize(MapAccessDeserializer::new(object))
            }
        }
    };
}

maybe_object!(MaybePaging, Paging, "an object of cursors and links");
maybe_object!(MaybeCursors, SentCursors, "an object of cursors");
