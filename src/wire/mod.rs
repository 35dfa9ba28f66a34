//! Reads a response's body as a [`Page`].
//!
//! Unknown fields are ignored, and known ones are accepted in every form seen, because the API's pages contradict each
//! other. A known field must not be missing, duplicated or of another kind, because programs delete groups that a list
//! lacks.

mod answer;
mod field;
mod form;
mod refusal;
mod text;

use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::page::{Cursors, Page};

use answer::{Answer, Paging};
use field::SentCursor;
pub(crate) use refusal::refusal;
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
    match Answer::read(json) {
        Ok(answer) if answer.refused() => Err(refusal(OK, json, secrets)),
        Ok(answer) => Ok(Page { bytes: body.len() as u64, ..answer.into_page()? }),
        Err(error) => Err(refusal::despite_success(json, secrets).unwrap_or_else(|| explain(json, secrets, &error))),
    }
}

fn explain(json: &[u8], secrets: &[&str], error: &serde_json::Error) -> Error {
    match json.trim_ascii_start().first() {
        None => Error::not_a_page("the response body is empty"),
        Some(b'<') => Error::html(html_title(json).map(|title| clean(excerpt(title), secrets, MAX_TITLE_BYTES))),
        Some(b'{') if error.is_eof() => Error::truncated(json.len()),
        Some(_) => Error::not_a_page(Answer::explain(json, error)),
    }
}

impl Answer {
    fn into_page(self) -> Result<Page> {
        let Self { data, paging: Paging { cursors, next, previous }, .. } = self;
        let (has_next, has_previous) = (next.is_some(), previous.is_some());
        let after = cursor(cursors.after, next.and_then(|link| link.after))?;
        let before = cursor(cursors.before, previous.and_then(|link| link.before))?;
        Ok(Page::new(data.unwrap_or_default(), Cursors { after, before })
            .with_next_link(has_next)
            .with_previous_link(has_previous))
    }
}

/// The cursor, or else the one in the link.
fn cursor(sent: Option<SentCursor>, in_link: Option<SentCursor>) -> Result<Option<Cursor>> {
    sent.or(in_link).transpose().map_err(Error::cursor_too_long)
}

#[cfg(test)]
mod tests;
