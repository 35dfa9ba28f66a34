//! Reads errors of the API.
//!
//! Gupshup's pages and Meta's reference have four shapes; gateways and frameworks add theirs. All are read by one rule: the
//! names that errors use, wherever they stand. Load balancers add HTML, plain text and empty bodies.

mod search;

use search::{Found, Role};

use super::OK;
use super::text::{clean, html_title, plain_text, shown, without_bom};
use crate::error::mask::MAX_MESSAGE_BYTES;
use crate::error::{Error, Refusal};

const MAX_TRACE_ID_BYTES: usize = 128;

/// Reads the body of an error, of any shape, also a truncated one.
pub(crate) fn refusal(status: u16, body: &[u8], secrets: &[&str]) -> Error {
    let body = without_bom(body).trim_ascii();
    Error::refused(described(status, body, &Found::read(body), secrets))
}

/// Reads a body with status 200 that is not a page. `None` if it is not an error, or not complete JSON.
pub(super) fn despite_success(json: &[u8], secrets: &[&str]) -> Option<Error> {
    let found = Found::read(json);
    (found.is_complete && found.refuses).then(|| refusal(OK, json, secrets))
}

fn described(status: u16, body: &[u8], found: &Found, secrets: &[&str]) -> Refusal {
    let text = match body.first() {
        Some(b'{' | b'[') => found.message(),
        Some(b'<') => html_title(body).map(str::to_owned),
        _ if found.is_complete => found.message(),
        _ => plain_text(body),
    };
    let code = found.text(Role::Code).or_else(|| leading_code(text.as_deref()?)).and_then(|code| code.parse().ok());
    let message = text
        .map(|text| clean(&text, secrets, MAX_MESSAGE_BYTES))
        .filter(|message| message.contains(char::is_alphanumeric))
        .or_else(|| shown(body, secrets));
    let trace_id = found.text(Role::TraceId).map(|id| clean(id, secrets, MAX_TRACE_ID_BYTES));
    Refusal { status, code, message, transient: found.transient, trace_id }
}

/// The code in "(#2642) Invalid cursors values".
fn leading_code(message: &str) -> Option<&str> {
    Some(message.trim_start().strip_prefix("(#")?.split_once(')')?.0)
}

#[cfg(test)]
mod tests;
