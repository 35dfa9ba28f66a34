//! Reads a response's body as a [`Page`].
//!
//! Unknown fields are ignored, and known ones are accepted in every form seen, because the API's pages contradict each
//! other. A known field must not be missing, duplicated or of another kind, because programs delete groups that a list
//! lacks.

mod answer;
mod fault;
mod json;
#[cfg(any(test, fuzzing))]
pub(crate) mod reference;
mod refusal;
mod scalar;
mod string;
#[cfg(test)]
mod tests;
mod text;
mod usual;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::cursor::{Cursor, MAX_CURSOR_BYTES};
use crate::error::{Error, Result};
use crate::page::{Cursors, Page};

use answer::{Answer, Paging};
use fault::Fault;
pub(crate) use refusal::Refusal;
use text::{clean, excerpt, html_title, without_bom};

const OK: u16 = 200;

const MAX_TITLE_BYTES: usize = 80;

/// Reads a body with status 200. Errors quote no value of the body, except masked texts of the server.
///
/// # Errors
///
/// * [`Error::refused`]: the body is an error of the API.
/// * [`Error::truncated`]: the JSON is truncated.
/// * [`Error::decode`], [`Error::html`]: the body is not a page of groups, or is empty.
/// * [`Error::cursor_too_long`]: a cursor exceeds the limit.
pub(crate) fn decode(body: &[u8], secrets: &[&str]) -> Result<Page> {
    let json = without_bom(body);
    let fault = match answer::read(json) {
        Ok(answer) if !answer.refused => return Ok(answer.into_page()?.bytes(body.len() as u64)),
        Ok(_) => return Err(Refusal::read(json, secrets).into_error(OK)),
        Err(fault) => fault,
    };
    let refusal = Refusal::despite_success(json, secrets).map(|refusal| refusal.into_error(OK));
    Err(refusal.unwrap_or_else(|| explain(json, secrets, &fault)))
}

/// Reads the body of an error.
pub(crate) fn refusal(status: u16, body: &[u8], secrets: &[&str]) -> Error {
    Refusal::read(body, secrets).into_error(status)
}

fn explain(json: &[u8], secrets: &[&str], fault: &Fault) -> Error {
    match json.trim_ascii_start().first() {
        None => Error::not_a_page("the response body is empty"),
        Some(b'<') => Error::html(html_title(json).map(|title| clean(excerpt(title), secrets, MAX_TITLE_BYTES))),
        Some(b'{') if fault.is_end() => Error::truncated(json.len()),
        Some(_) => Error::not_a_page(fault.to_string()),
    }
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

/// The cursor, or else the one in the link. The rest of the link is dropped.
fn cursor(sent: Option<Cow<'_, str>>, link: Option<&str>, name: &str) -> Result<Option<Cursor>> {
    let Some(text) = sent.or_else(|| parameter(link?, name)) else { return Ok(None) };
    if text.len() > MAX_CURSOR_BYTES {
        return Err(Error::cursor_too_long(text.len()));
    }
    Ok(Cursor::usable(&text))
}

/// A percent-decoded parameter of a link. `+` stays `+`, a digit of base64.
fn parameter<'a>(link: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let query = link.split('#').next()?.split_once('?')?.1;
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    percent_decode_str(value).decode_utf8().ok()
}
