//! The objects of an answer, as visitors of serde: which keys they have, and what may stand in for them.
//!
//! They are written by hand, for speed (nothing is copied that the page does not keep), and because serde's derive
//! accepts arrays in place of objects.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::scalar::{Seconds, Status, Text};
use crate::page::Group;

/// About the size of a group in JSON, in bytes: a guess on the small side, since a list that grows once is cheaper than
/// memory that is never used.
const GROUP_BYTES: usize = 96;

/// The outermost object, in part.
pub(super) struct Answer<'de> {
    pub(super) groups: Vec<Group>,
    pub(super) paging: Paging<'de>,
    /// It has a `status` other than "success", or an `error`.
    pub(super) refused: bool,
}

/// What `paging` holds. Without one, everything is absent.
#[derive(Default)]
pub(super) struct Paging<'de> {
    pub(super) cursors: SentCursors<'de>,
    pub(super) next: Option<Cow<'de, str>>,
    pub(super) previous: Option<Cow<'de, str>>,
}

/// What `paging.cursors` holds.
#[derive(Default)]
pub(super) struct SentCursors<'de> {
    pub(super) after: Option<Cow<'de, str>>,
    pub(super) before: Option<Cow<'de, str>>,
}

/// Keys as an enum, compared where they stand in the body.
macro_rules! keys {
    ($name:ident { $($variant:ident = $key:literal),+ $(,)? }) => {
        #[derive(Clone, Copy)]
        enum $name { $($variant,)+ Unknown }

        impl $name {
            const ALL: &'static [&'static str] = &[$($key),+];
        }

        impl<'de> Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct KeyVisitor;

                impl Visitor<'_> for KeyVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a key")
                    }

                    #[inline]
                    fn visit_str<E>(self, key: &str) -> Result<$name, E> {
                        Ok(match key {
                            $($key => $name::$variant,)+
                            _ => $name::Unknown,
                        })
                    }
                }

                deserializer.deserialize_identifier(KeyVisitor)
            }
        }
    };
}

keys!(AnswerKey { Data = "data", Paging = "paging", Status = "status", Error = "error" });
keys!(DataKey { Groups = "groups" });
keys!(GroupKey { Id = "id", Subject = "subject", CreationTimestamp = "creation_timestamp", CreatedAt = "created_at" });
keys!(PagingKey { Cursors = "cursors", Next = "next", Previous = "previous" });
keys!(CursorsKey { After = "after", Before = "before" });

pub(super) fn is_known(key: &str) -> bool {
    [AnswerKey::ALL, DataKey::ALL, GroupKey::ALL, PagingKey::ALL, CursorsKey::ALL]
        .iter()
        .any(|keys| keys.contains(&key))
}

/// Reads the value of a key that may come once.
#[inline]
fn fill<'de, A, S>(slot: &mut Option<S::Value>, key: &'static str, map: &mut A, seed: S) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    S: DeserializeSeed<'de>,
{
    if slot.is_some() {
        return Err(A::Error::duplicate_field(key));
    }
    *slot = Some(map.next_value_seed(seed)?);
    Ok(())
}

/// Reads the outermost object.
pub(super) struct AnswerSeed {
    /// The size of the body.
    pub(super) bytes: usize,
    /// The groups, where they were read and taken out beforehand.
    pub(super) groups: Option<Vec<Group>>,
}

impl<'de> DeserializeSeed<'de> for AnswerSeed {
    type Value = Answer<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Answer<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerSeed {
    type Value = Answer<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer<'de>, A::Error> {
        let (mut groups, mut paging, mut status, mut error) = (self.groups, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                AnswerKey::Data => {
                    fill(&mut groups, "data", &mut map, GroupsSeed { bytes: self.bytes, nested: false })?;
                }
                AnswerKey::Paging => fill(&mut paging, "paging", &mut map, MaybeObject::new())?,
                AnswerKey::Status => fill(&mut status, "status", &mut map, PhantomData::<Status>)?,
                AnswerKey::Error => fill(&mut error, "error", &mut map, PhantomData::<Option<IgnoredAny>>)?,
                AnswerKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        let refused = status.is_some_and(|status| status.failed) || error.flatten().is_some();
        let groups = match groups {
            None if !refused => return Err(A::Error::missing_field("data")),
            groups => groups.unwrap_or_default(),
        };
        Ok(Answer { groups, paging: paging.unwrap_or_default(), refused })
    }
}

/// Reads `data`: an array of groups, or an object with such an array under `groups`.
struct GroupsSeed {
    /// The size of the whole body.
    bytes: usize,
    /// This is the inner array already.
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for GroupsSeed {
    type Value = Vec<Group>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Group>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for GroupsSeed {
    type Value = Vec<Group>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of groups")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Group>, A::Error> {
        let mut groups = match seq.next_element()? {
            None => return Ok(Vec::new()),
            Some(WireGroup(first)) => {
                let mut groups = room(self.bytes);
                groups.push(first);
                groups
            }
        };
        while let Some(WireGroup(group)) = seq.next_element()? {
            groups.push(group);
        }
        Ok(groups)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Group>, A::Error> {
        if self.nested {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let mut groups = None;
        while let Some(key) = map.next_key()? {
            match key {
                DataKey::Groups => {
                    fill(&mut groups, "groups", &mut map, GroupsSeed { bytes: self.bytes, nested: true })?;
                }
                DataKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        groups.ok_or_else(|| A::Error::missing_field("groups"))
    }
}

/// As many groups as the API sends in a page: its `limit` is at most 1024.
const MAX_GROUPS: usize = 1024;

/// Room for the groups of a body of so many bytes. More than a page's worth is accepted, but memory for more is not set
/// aside beforehand.
pub(super) fn room(bytes: usize) -> Vec<Group> {
    Vec::with_capacity((bytes / GROUP_BYTES).clamp(1, MAX_GROUPS))
}

/// A group as it comes. [`Group`]'s own serde form is for this crate's users, and strict.
pub(super) struct WireGroup(pub(super) Group);

impl<'de> Deserialize<'de> for WireGroup {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GroupVisitor;

        impl<'de> Visitor<'de> for GroupVisitor {
            type Value = WireGroup;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a group")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireGroup, A::Error> {
                let (mut id, mut subject, mut creation_timestamp, mut created_at) = (None, None, None, None);
                while let Some(key) = map.next_key()? {
                    match key {
                        GroupKey::Id => fill(&mut id, "id", &mut map, Text::Id)?,
                        GroupKey::Subject => fill(&mut subject, "subject", &mut map, PhantomData::<String>)?,
                        GroupKey::CreationTimestamp => {
                            fill(&mut creation_timestamp, "creation_timestamp", &mut map, Seconds)?;
                        }
                        GroupKey::CreatedAt => fill(&mut created_at, "created_at", &mut map, Seconds)?,
                        GroupKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                let missing = A::Error::missing_field;
                let id = id.flatten().ok_or_else(|| missing("id"))?.into_owned();
                let subject = subject.ok_or_else(|| missing("subject"))?;
                let seconds = creation_timestamp.or(created_at).ok_or_else(|| missing("creation_timestamp"))?;
                Ok(WireGroup(Group::new(id, subject, seconds)))
            }
        }

        deserializer.deserialize_map(GroupVisitor)
    }
}

/// An object that may be missing: null, or the `[]` that PHP writes for an empty map.
trait Object<'de>: Default {
    const NAME: &'static str;

    fn read<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

struct MaybeObject<T>(PhantomData<T>);

impl<T> MaybeObject<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Object<'de>> DeserializeSeed<'de> for MaybeObject<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for MaybeObject<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(T::default()),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(map)
    }
}

impl<'de> Object<'de> for Paging<'de> {
    const NAME: &'static str = "an object of cursors and links";

    fn read<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut cursors, mut next, mut previous) = (None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                PagingKey::Cursors => fill(&mut cursors, "cursors", &mut map, MaybeObject::new())?,
                PagingKey::Next => fill(&mut next, "next", &mut map, Text::Link)?,
                PagingKey::Previous => fill(&mut previous, "previous", &mut map, Text::Link)?,
                PagingKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Self { cursors: cursors.unwrap_or_default(), next: next.flatten(), previous: previous.flatten() })
    }
}

impl<'de> Object<'de> for SentCursors<'de> {
    const NAME: &'static str = "an object of cursors";

    fn read<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut after, mut before) = (None, None);
        while let Some(key) = map.next_key()? {
            match key {
                CursorsKey::After => fill(&mut after, "after", &mut map, Text::Cursor)?,
                CursorsKey::Before => fill(&mut before, "before", &mut map, Text::Cursor)?,
                CursorsKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Self { after: after.flatten(), before: before.flatten() })
    }
}
