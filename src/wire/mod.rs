//! An answer's bytes, read as a [`Page`].
//!
//! Two promises pull in opposite directions here. A page is read leniently, because the API's own pages contradict each
//! other about its shape; and nothing that is not a list of groups may pass for one, because a list that looks complete
//! and is not makes its readers delete what is "missing". So unknown fields are ignored, and known ones are read in
//! every form that has been seen, but nothing known may be missing, doubled or of another kind.
//!
//! The path to an error is found by reading the body again, so that a page without one pays nothing for it.

mod answer;
mod explain;
mod quick;
mod refusal;
mod scalar;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeSeed;

use crate::cursor::{Cursor, MAX_CURSOR_BYTES};
use crate::error::{Error, Result};
use crate::page::{Cursors, Group, Page};

use answer::{Answer, AnswerSeed, Paging};
use explain::{OK, explain};
pub(crate) use refusal::Refusal;
use text::without_bom;

/// Reads the body of an answer with status 200.
///
/// # Errors
///
/// * [`Error::refused`]: the answer says that it is an error, its status notwithstanding. `secrets` are masked in it.
/// * [`Error::truncated`]: the JSON ends early.
/// * [`Error::decode`], [`Error::html`]: the body is no page of groups. An empty body is one of these: it may be what is left
///   of a list, and it is never an empty list. Nothing of the body's values is quoted, since a group's name is no business of
///   a log.
/// * [`Error::cursor_too_long`]: a cursor is longer than any that may be sent.
pub(crate) fn decode(body: &[u8], secrets: &[&str]) -> Result<Page> {
    let json = without_bom(body);
    let rest;
    let mut answer = None;
    if let Some((groups, without_groups)) = quick::split(json) {
        rest = without_groups;
        answer = read(rest.as_bytes(), Some(groups)).ok();
    }
    match answer.map_or_else(|| read(json, None), Ok) {
        Ok(answer) if answer.refused => Err(Refusal::read(json, secrets).into_error(OK)),
        Ok(answer) => Ok(answer.into_page()?.bytes(body.len() as u64)),
        Err(error) => Err(explain(json, secrets, &error)),
    }
}

/// Reads the outermost object, with its groups if they were taken out of it.
fn read(json: &[u8], groups: Option<Vec<Group>>) -> serde_json::Result<Answer<'_>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let answer = AnswerSeed { bytes: json.len(), groups }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(answer)
}

impl Answer<'_> {
    fn into_page(self) -> Result<Page> {
        let Paging { cursors, next, previous } = self.paging;
        let after = cursor(cursors.after, next.as_deref(), "after")?;
        let before = cursor(cursors.before, previous.as_deref(), "before")?;
        let page = Page::new(self.groups, Cursors { after, before });
        Ok(page.has_next(next.is_some()).has_previous(previous.is_some()))
    }
}

/// The cursor that was sent, or else the one inside the link. Nothing else of a link is kept: it leads to another
/// company's host, and may hold a token.
fn cursor(sent: Option<Cow<'_, str>>, link: Option<&str>, name: &str) -> Result<Option<Cursor>> {
    let Some(text) = sent.or_else(|| parameter(link?, name)) else { return Ok(None) };
    if text.len() > MAX_CURSOR_BYTES {
        return Err(Error::cursor_too_long(text.len()));
    }
    Ok(Cursor::usable(&text))
}

/// A parameter of a link's query, percent-decoded. A `+` stays one: it is a digit of base64.
fn parameter<'a>(link: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let query = link.split('#').next()?.split_once('?')?.1;
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    percent_decode_str(value).decode_utf8().ok()
}
