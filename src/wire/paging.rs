//! Reads the cursors and links of an answer. Both may be missing in several ways.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::fault::Trail;
use super::field::{AnyCursor, Link, SentCursor, SentLink};
use super::form::{As, Form, skip};

#[derive(Default)]
pub(super) struct Paging {
    pub(super) cursors: SentCursors,
    pub(super) next: Option<SentLink>,
    pub(super) previous: Option<SentLink>,
}

#[derive(Default)]
pub(super) struct SentCursors {
    pub(super) after: Option<SentCursor>,
    pub(super) before: Option<SentCursor>,
}

/// An empty array, which is PHP's empty map.
fn empty<'de, F: Form<'de>, A: SeqAccess<'de>>(mut array: A) -> Result<F::Value, A::Error>
where
    F::Value: Default,
{
    match array.next_element::<IgnoredAny>()? {
        None => Ok(F::Value::default()),
        Some(_) => Err(F::instead("an array")),
    }
}

/// An object that may be missing: null, or an empty array.
pub(super) struct MaybePaging<'a>(pub(super) &'a Trail);

impl<'de> Form<'de> for MaybePaging<'_> {
    type Value = Paging;
    const EXPECTED: &'static str = "an object of cursors and links";

    fn null<E>(self) -> Result<Paging, E> {
        Ok(Paging::default())
    }

    fn array<A: SeqAccess<'de>>(self, array: A) -> Result<Paging, A::Error> {
        empty::<Self, A>(array)
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Paging, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Key {
            Cursors,
            Next,
            Previous,
            #[serde(other)]
            Other,
        }

        let Self(trail) = self;
        let (mut cursors, mut next, mut previous) = (None, None, None);
        while let Some(key) = object.next_key()? {
            match key {
                Key::Cursors => trail.value(&mut cursors, "cursors", &mut object, As(MaybeCursors(trail)))?,
                Key::Next => trail.value(&mut next, "next", &mut object, As(Link { cursor: "after" }))?,
                Key::Previous => trail.value(&mut previous, "previous", &mut object, As(Link { cursor: "before" }))?,
                Key::Other => skip(&mut object)?,
            }
        }
        Ok(Paging { cursors: cursors.unwrap_or_default(), next: next.flatten(), previous: previous.flatten() })
    }
}

/// An object that may be missing: null, or an empty array.
struct MaybeCursors<'a>(&'a Trail);

impl<'de> Form<'de> for MaybeCursors<'_> {
    type Value = SentCursors;
    const EXPECTED: &'static str = "an object of cursors";

    fn null<E>(self) -> Result<SentCursors, E> {
        Ok(SentCursors::default())
    }

    fn array<A: SeqAccess<'de>>(self, array: A) -> Result<SentCursors, A::Error> {
        empty::<Self, A>(array)
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<SentCursors, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Key {
            After,
            Before,
            #[serde(other)]
            Other,
        }

        let Self(trail) = self;
        let (mut after, mut before) = (None, None);
        while let Some(key) = object.next_key()? {
            match key {
                Key::After => trail.value(&mut after, "after", &mut object, As(AnyCursor))?,
                Key::Before => trail.value(&mut before, "before", &mut object, As(AnyCursor))?,
                Key::Other => skip(&mut object)?,
            }
        }
        Ok(SentCursors { after: after.flatten(), before: before.flatten() })
    }
}
