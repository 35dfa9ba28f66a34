//! Reads the objects of an answer: their keys, and the forms that their values may have.

use std::borrow::Cow;

use super::json::{Reader, Result};
use super::{scalar, usual};
use crate::page::Group;
use crate::walk::PageSize;

/// The size of a small group in JSON, in bytes, to estimate how many groups a body holds.
const GROUP_BYTES: usize = 96;

pub(super) struct Answer<'a> {
    pub(super) groups: Vec<Group>,
    pub(super) paging: Paging<'a>,
    /// A `status` other than "success", or an `error`.
    pub(super) refused: bool,
}

#[derive(Default)]
pub(super) struct Paging<'a> {
    pub(super) cursors: SentCursors<'a>,
    pub(super) next: Option<Cow<'a, str>>,
    pub(super) previous: Option<Cow<'a, str>>,
}

#[derive(Default)]
pub(super) struct SentCursors<'a> {
    pub(super) after: Option<Cow<'a, str>>,
    pub(super) before: Option<Cow<'a, str>>,
}

/// Reads a body without its byte order mark.
pub(super) fn read(json: &[u8]) -> Result<Answer<'_>> {
    let mut reader = Reader::new(json);
    if reader.peek() != Some(b'{') {
        return Err(reader.mismatch("an object with `data`"));
    }
    let (mut data, mut paging, mut status, mut error) = (None, None, None, None);
    reader.object(|reader, key| match key {
        "data" => once(&mut data, "data", reader, |reader| groups(reader, true)),
        "paging" => once(&mut paging, "paging", reader, self::paging),
        "status" => once(&mut status, "status", reader, scalar::status),
        "error" => once(&mut error, "error", reader, scalar::is_not_null),
        _ => reader.skip(),
    })?;
    let refused = status == Some(true) || error == Some(true);
    let groups = match data {
        None if !refused => return Err(reader.missing("data")),
        data => data.unwrap_or_default(),
    };
    reader.end()?;
    Ok(Answer { groups, paging: paging.unwrap_or_default(), refused })
}

/// Reads the value of a key that must not repeat.
#[inline]
fn once<'a, T>(
    slot: &mut Option<T>,
    key: &'static str,
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T>,
) -> Result<()> {
    if slot.is_some() {
        return Err(reader.twice(key));
    }
    *slot = Some(read(reader).map_err(|fault| fault.under(key))?);
    Ok(())
}

/// Reads an array of groups, or an object with such an array under `groups`.
fn groups(reader: &mut Reader<'_>, may_be_nested: bool) -> Result<Vec<Group>> {
    match reader.peek() {
        Some(b'[') => {
            let mut groups = Vec::new();
            let mut buffer = String::new();
            reader.array(|reader| {
                if groups.len() == groups.capacity() {
                    groups.reserve_exact(capacity(reader, groups.len()));
                }
                let end =
                    reader.all_text().and_then(|text| usual::push_group(&mut groups, text, reader.at(), &mut buffer));
                match end {
                    Some(end) => reader.go_to(end),
                    None => groups.push(group(reader)?),
                }
                Ok(())
            })?;
            Ok(groups)
        }
        Some(b'{') if may_be_nested => {
            let mut inner = None;
            reader.object(|reader, key| match key {
                "groups" => once(&mut inner, "groups", reader, |reader| groups(reader, false)),
                _ => reader.skip(),
            })?;
            inner.ok_or_else(|| reader.missing("groups"))
        }
        _ => Err(reader.mismatch("an array of groups")),
    }
}

/// How many groups to reserve memory for: an estimate at first, then the exact number. A vector that doubles could exceed
/// the memory that a body of tiny groups is allowed.
fn capacity(reader: &Reader<'_>, so_far: usize) -> usize {
    match so_far {
        0 => (reader.left() / GROUP_BYTES).clamp(1, usize::from(PageSize::MAX.get())),
        _ => reader.count().max(1),
    }
}

/// Reads a group in any form that is accepted.
#[cold]
fn group(reader: &mut Reader<'_>) -> Result<Group> {
    if reader.peek() != Some(b'{') {
        return Err(reader.mismatch("a group"));
    }
    let (mut id, mut subject, mut creation_timestamp, mut created_at) = (None, None, None, None);
    reader.object(|reader, key| match key {
        "id" => once(&mut id, "id", reader, scalar::id),
        "subject" => once(&mut subject, "subject", reader, scalar::subject),
        "creation_timestamp" => once(&mut creation_timestamp, "creation_timestamp", reader, scalar::seconds),
        "created_at" => once(&mut created_at, "created_at", reader, scalar::seconds),
        _ => reader.skip(),
    })?;
    let id = id.ok_or_else(|| reader.missing("id"))?;
    let subject = subject.ok_or_else(|| reader.missing("subject"))?;
    let seconds = creation_timestamp.or(created_at).ok_or_else(|| reader.missing("creation_timestamp"))?;
    Ok(Group::new(id, subject, seconds))
}

fn paging<'a>(reader: &mut Reader<'a>) -> Result<Paging<'a>> {
    let (mut cursors, mut next, mut previous) = (None, None, None);
    maybe_object(reader, "an object of cursors and links", |reader, key| match key {
        "cursors" => once(&mut cursors, "cursors", reader, self::cursors),
        "next" => once(&mut next, "next", reader, scalar::link),
        "previous" => once(&mut previous, "previous", reader, scalar::link),
        _ => reader.skip(),
    })?;
    Ok(Paging { cursors: cursors.unwrap_or_default(), next: next.flatten(), previous: previous.flatten() })
}

fn cursors<'a>(reader: &mut Reader<'a>) -> Result<SentCursors<'a>> {
    let (mut after, mut before) = (None, None);
    maybe_object(reader, "an object of cursors", |reader, key| match key {
        "after" => once(&mut after, "after", reader, scalar::cursor),
        "before" => once(&mut before, "before", reader, scalar::cursor),
        _ => reader.skip(),
    })?;
    Ok(SentCursors { after: after.flatten(), before: before.flatten() })
}

/// Reads an object that may be missing: null, or PHP's empty map `[]`.
fn maybe_object<'a>(
    reader: &mut Reader<'a>,
    expected: &'static str,
    field: impl FnMut(&mut Reader<'a>, &str) -> Result<()>,
) -> Result<()> {
    match reader.peek() {
        Some(b'{') => reader.object(field),
        Some(b'n') => reader.word("null"),
        Some(b'[') => {
            let not_empty = reader.mismatch(expected);
            let is_empty = reader.is_empty_array();
            reader.skip()?;
            if is_empty { Ok(()) } else { Err(not_empty) }
        }
        _ => Err(reader.mismatch(expected)),
    }
}
