//! Reads the objects of an answer: their keys, and the forms that their values may have.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed as _, Error, IgnoredAny, MapAccess, SeqAccess};

use super::fault::{Fault, Trail};
use super::field::{Failed, Id, Seconds, Subject};
use super::form::{As, Form, skip};
use super::paging::{MaybePaging, Paging};
use crate::page::Group;
use crate::walk::PageSize;

const MAX_GROUPS: usize = PageSize::MAX.get() as usize;

pub(super) struct Answer {
    groups: Groups,
    pub(super) paging: Paging,
    /// A `status` other than "success", or an `error`.
    pub(super) refused: bool,
}

#[derive(Default)]
struct Groups {
    /// None if there are too many.
    kept: Vec<Group>,
    count: usize,
}

impl Answer {
    /// Reads a body without its byte order mark.
    ///
    /// Groups beyond a full page are counted before they are kept. A vector that grows could exceed the memory that a body of
    /// tiny groups is allowed.
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let answer = Self::read_at_most(json, MAX_GROUPS, 0)?;
        match answer.groups.count {
            0..=MAX_GROUPS => Ok(answer),
            count => Self::read_at_most(json, count, count),
        }
    }

    fn read_at_most(json: &[u8], max: usize, capacity: usize) -> Result<Self, Fault> {
        // Text that was validated as a whole, with vector instructions, is read a quarter faster. If it is not UTF-8, only
        // what is kept must be.
        match simdutf8::basic::from_utf8(json) {
            Ok(text) => Self::read_from(serde_json::Deserializer::from_str(text), json, max, capacity),
            Err(_) => Self::read_from(serde_json::Deserializer::from_slice(json), json, max, capacity),
        }
    }

    fn read_from<'de>(
        mut reader: serde_json::Deserializer<impl serde_json::de::Read<'de>>,
        json: &[u8],
        max: usize,
        capacity: usize,
    ) -> Result<Self, Fault> {
        let trail = Trail::default();
        let answer = As(AnAnswer { trail: &trail, max, capacity }).deserialize(&mut reader);
        answer.and_then(|answer| reader.end().map(|()| answer)).map_err(|error| trail.fault(json, &error))
    }

    pub(super) fn into_parts(self) -> (Vec<Group>, Paging) {
        (self.groups.kept, self.paging)
    }
}

#[derive(Clone, Copy)]
struct AnAnswer<'a> {
    trail: &'a Trail,
    /// How many groups may be kept.
    max: usize,
    /// How many groups memory is reserved for at first.
    capacity: usize,
}

impl<'de> Form<'de> for AnAnswer<'_> {
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

        let Self { trail, .. } = self;
        let (mut groups, mut paging, mut status, mut error) = (None, None, None, None);
        while let Some(key) = object.next_key()? {
            match key {
                Key::Data => {
                    let form = SomeGroups { answer: self, is_nested: false };
                    trail.value(&mut groups, "data", &mut object, As(form))?;
                }
                Key::Paging => trail.value(&mut paging, "paging", &mut object, As(MaybePaging(trail)))?,
                Key::Status => trail.value(&mut status, "status", &mut object, As(Failed))?,
                Key::Error => trail.value(&mut error, "error", &mut object, PhantomData::<Option<IgnoredAny>>)?,
                Key::Other => skip(&mut object)?,
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

/// An array of groups, or an object with such an array under `groups`.
struct SomeGroups<'a> {
    answer: AnAnswer<'a>,
    is_nested: bool,
}

impl<'de> Form<'de> for SomeGroups<'_> {
    type Value = Groups;
    const EXPECTED: &'static str = "an array of groups";

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Groups, A::Error> {
        let AnAnswer { trail, max, capacity } = self.answer;
        let mut groups = Groups { kept: Vec::with_capacity(capacity), count: 0 };
        while trail.element(groups.count, &mut array, As(OneGroup { trail, max, groups: &mut groups }))?.is_some() {}
        Ok(groups)
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Groups, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Key {
            Groups,
            #[serde(other)]
            Other,
        }

        let Self { answer, is_nested } = self;
        if is_nested {
            return Err(Self::instead("an object"));
        }
        let mut groups = None;
        while let Some(key) = object.next_key()? {
            match key {
                Key::Groups => {
                    answer.trail.value(
                        &mut groups,
                        "groups",
                        &mut object,
                        As(SomeGroups { answer, is_nested: true }),
                    )?;
                }
                Key::Other => skip(&mut object)?,
            }
        }
        groups.ok_or_else(|| A::Error::missing_field("groups"))
    }
}

/// Reads a group, and appends it.
struct OneGroup<'a> {
    trail: &'a Trail,
    max: usize,
    groups: &'a mut Groups,
}

impl<'de> Form<'de> for OneGroup<'_> {
    type Value = ();
    const EXPECTED: &'static str = "a group";

    #[inline]
    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Key {
            Id,
            Subject,
            CreationTimestamp,
            CreatedAt,
            #[serde(other)]
            Other,
        }

        let Self { trail, max, groups } = self;
        let (mut id, mut subject, mut creation_timestamp, mut created_at) = (None, None, None, None);
        while let Some(key) = object.next_key()? {
            match key {
                Key::Id => trail.value(&mut id, "id", &mut object, As(Id))?,
                Key::Subject => trail.value(&mut subject, "subject", &mut object, As(Subject))?,
                Key::CreationTimestamp => {
                    trail.value(&mut creation_timestamp, "creation_timestamp", &mut object, As(Seconds))?;
                }
                Key::CreatedAt => trail.value(&mut created_at, "created_at", &mut object, As(Seconds))?,
                Key::Other => skip(&mut object)?,
            }
        }
        let missing = A::Error::missing_field;
        let id = id.ok_or_else(|| missing("id"))?;
        let subject = subject.ok_or_else(|| missing("subject"))?;
        let creation_timestamp = creation_timestamp.or(created_at).ok_or_else(|| missing("creation_timestamp"))?;
        groups.count += 1;
        if groups.count <= max {
            groups.kept.push(Group { id, subject, creation_timestamp });
        } else {
            groups.kept = Vec::new();
        }
        Ok(())
    }
}
