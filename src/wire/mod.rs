//! An answer's bytes, read as a [`Page`].
//!
//! Two promises pull in opposite directions here. A page is read leniently, because the API's own pages contradict each
//! other about its shape; and nothing that is not a list of groups may pass for one, because a list that looks complete
//! and is not makes its readers delete what is "missing". So unknown fields are ignored, and known ones are read in
//! every form that has been seen, but nothing known may be missing, doubled or of another kind.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | a body with status 200 as a page, or as the error that it is |
//! | `answer.rs` | the objects of an answer |
//! | `scalar.rs` | ids, times, cursors, links and statuses |
//! | `refusal.rs` | what an answer says when it says no |
//! | `json.rs`, `string.rs` | a reader of JSON that builds nothing |
//! | `fault.rs` | what is wrong, and where |
//! | `text.rs` | what a body is before it is JSON |
//! | `reference.rs` | a second decoder, to compare this one with; for tests and fuzzing alone |

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

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::cursor::{Cursor, MAX_CURSOR_BYTES};
use crate::error::{Error, Result};
use crate::page::{Cursors, Page};

use answer::{Answer, Paging};
use fault::Fault;
pub(crate) use refusal::Refusal;
use text::{clean, excerpt, html_title, without_bom};

/// The status that all answers read here have.
const OK: u16 = 200;

/// The longest title of a page of HTML in an error, in bytes.
const MAX_TITLE_BYTES: usize = 80;

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
    let fault = match answer::read(json) {
        Ok(answer) if !answer.refused => return Ok(answer.into_page()?.bytes(body.len() as u64)),
        Ok(_) => None,
        Err(fault) => Some(fault),
    };
    let refusal = Refusal::despite_success(json, secrets).map(|refusal| refusal.into_error(OK));
    Err(refusal.unwrap_or_else(|| explain(json, secrets, fault.as_ref())))
}

/// The error of a body that is no page.
fn explain(json: &[u8], secrets: &[&str], fault: Option<&Fault>) -> Error {
    match (json.trim_ascii_start().first(), fault) {
        (None, _) => Error::decode("the response body is empty"),
        (Some(b'<'), _) => Error::html(html_title(json).map(|title| clean(excerpt(title), secrets, MAX_TITLE_BYTES))),
        (Some(b'{'), Some(fault)) if fault.is_end() => Error::truncated(json.len()),
        (_, Some(fault)) => Error::decode(fault.to_string()),
        (_, None) => Error::decode("the body is no page of groups"),
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
