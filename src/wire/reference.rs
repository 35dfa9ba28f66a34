//! A second decoder of pages, for tests and fuzzing: serde visitors over `serde_json`. It shares no code with the
//! first, so that comparing their pages finds errors.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

use crate::cursor::MAX_CURSOR_BYTES;
use crate::page::{Cursors, Group, Page};

/// The meaning of a body with status 200.
#[derive(Debug, PartialEq)]
#[cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "the fuzz target is given it"))]
pub enum Verdict {
    /// A page of groups.
    Page(Page),
    /// An error of the API.
    Refused,
    /// Neither.
    Wrong,
}

/// Reads a body with status 200.
#[cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "the fuzz target is given it"))]
pub fn verdict(body: &[u8]) -> Verdict {
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let answer = AnswerSeed.deserialize(&mut reader).and_then(|answer| reader.end().map(|()| answer));
    match answer {
        Ok(answer) if !answer.refused => answer.into_page(body.len()).map_or(Verdict::Wrong, Verdict::Page),
        Ok(_) => Verdict::Refused,
        Err(_) if is_refusal(json) => Verdict::Refused,
        Err(_) => Verdict::Wrong,
    }
}

fn is_refusal(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Claim {
        #[serde(default)]
        status: Status,
        error: Option<IgnoredAny>,
    }
    // The derived visitor would accept an array too.
    json.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice(json).is_ok_and(|claim: Claim| claim.status.failed || claim.error.is_some())
}

impl Answer<'_> {
    /// `None` if a cursor is too long.
    fn into_page(self, bytes: usize) -> Option<Page> {
        let Paging { cursors, next, previous } = self.paging;
        let after = cursors.after.or_else(|| parameter(next.as_deref()?, "after"));
        let before = cursors.before.or_else(|| parameter(previous.as_deref()?, "before"));
        let too_long =
            |cursor: &Option<Cow<'_, str>>| cursor.as_ref().is_some_and(|text| text.len() > MAX_CURSOR_BYTES);
        if too_long(&after) || too_long(&before) {
            return None;
        }
        let page = Page::new(self.groups, Cursors::new(after.as_deref(), before.as_deref()));
        Some(page.has_next(next.is_some()).has_previous(previous.is_some()).bytes(bytes as u64))
    }
}

fn parameter<'a>(link: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, query) = link.split('#').next()?.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    percent_encoding::percent_decode_str(value).decode_utf8().ok()
}

struct Answer<'de> {
    groups: Vec<Group>,
    paging: Paging<'de>,
    /// It has a `status` other than "success", or an `error`.
    refused: bool,
}

#[derive(Default)]
struct Paging<'de> {
    cursors: SentCursors<'de>,
    next: Option<Cow<'de, str>>,
    previous: Option<Cow<'de, str>>,
}

#[derive(Default)]
struct SentCursors<'de> {
    after: Option<Cow<'de, str>>,
    before: Option<Cow<'de, str>>,
}

macro_rules! keys {
    ($name:ident { $($variant:ident = $key:literal),+ $(,)? }) => {
        #[derive(Clone, Copy)]
        enum $name { $($variant,)+ Unknown }

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

struct AnswerSeed;

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
        let (mut groups, mut paging, mut status, mut error) = (None, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                AnswerKey::Data => {
                    fill(&mut groups, "data", &mut map, GroupsSeed { nested: false })?;
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

/// Reads an array of groups, or an object with such an array under `groups`.
struct GroupsSeed {
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
        let mut groups = Vec::new();
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
                    fill(&mut groups, "groups", &mut map, GroupsSeed { nested: true })?;
                }
                DataKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        groups.ok_or_else(|| A::Error::missing_field("groups"))
    }
}

struct WireGroup(Group);

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
                if id.is_empty() {
                    return Err(A::Error::custom("an empty id"));
                }
                let subject = subject.ok_or_else(|| missing("subject"))?;
                let seconds = creation_timestamp.or(created_at).ok_or_else(|| missing("creation_timestamp"))?;
                Ok(WireGroup(Group::new(id, subject, seconds)))
            }
        }

        deserializer.deserialize_map(GroupVisitor)
    }
}

/// An object that may be missing, null, or PHP's empty map `[]`.
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

/// Whether a `status` is an error: any but null and "success".
#[derive(Clone, Copy, Default)]
struct Status {
    failed: bool,
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
                Ok(Status { failed: true })
            }

            fn visit_i64<E>(self, _: i64) -> Result<Status, E> {
                Ok(Status { failed: true })
            }

            fn visit_u64<E>(self, _: u64) -> Result<Status, E> {
                Ok(Status { failed: true })
            }

            fn visit_f64<E>(self, _: f64) -> Result<Status, E> {
                Ok(Status { failed: true })
            }

            fn visit_unit<E>(self) -> Result<Status, E> {
                Ok(Status::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Status, A::Error> {
                IgnoredAny.visit_seq(seq).map(|_| Status { failed: true })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Status, A::Error> {
                IgnoredAny.visit_map(map).map(|_| Status { failed: true })
            }
        }

        deserializer.deserialize_any(StatusVisitor)
    }
}

struct Seconds;

impl Seconds {
    fn whole<E: de::Error>(self, seconds: f64) -> Result<i64, E> {
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
    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<i64, E> {
        i64::try_from(seconds).map_err(|_| E::invalid_value(Unexpected::Other("a number out of range"), &self))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<i64, E> {
        self.whole(seconds)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        let text = text.trim();
        match (text.parse(), text.parse()) {
            (Ok(seconds), _) => Ok(seconds),
            (_, Ok(seconds)) => self.whole(seconds),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }

    // Numbers, if another crate has enabled `serde_json/arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<i64, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::invalid_type(Unexpected::Map, &self))?;
        match number.as_i64() {
            Some(seconds) => Ok(seconds),
            None => self.whole(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A whole number is read as its digits.
    Id,
    /// Likewise; null, an empty text and "null" mean `None`.
    Cursor,
    /// Null, an empty text and "null" mean `None`.
    Link,
}

impl Text {
    fn optional(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        (self == Self::Id || !matches!(&*text, "" | "null")).then_some(text)
    }

    fn digits<'de, E: de::Error>(self, number: &dyn fmt::Display) -> Result<Option<Cow<'de, str>>, E> {
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

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.digits(&number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.digits(&number)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        match self {
            Self::Cursor | Self::Link => Ok(None),
            Self::Id => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }

    // As above.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::invalid_type(Unexpected::Map, &self))?;
        match number.to_string() {
            // A float has lost its digits, so it cannot be an id.
            text if text.contains(['.', 'e', 'E']) => Err(A::Error::invalid_type(Unexpected::Other("a number"), &self)),
            text => self.digits(&text),
        }
    }
}
