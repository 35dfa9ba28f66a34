//! Reads errors of the API.
//!
//! Gupshup's pages and Meta's reference have four shapes; gateways and frameworks add theirs. All are read by one rule: the
//! names that errors use, wherever they stand. Load balancers add HTML, plain text and empty bodies.

mod search;

use search::Found;

use super::text::{clean, excerpt, html_title, plain_text, shown, without_bom};
use crate::error::mask::MAX_MESSAGE_BYTES;
use crate::error::{Error, Refusal};

const MAX_TRACE_ID_BYTES: usize = 128;

/// A longer body is not read a second time. What is read of other errors is not longer either.
const MAX_REPAIRED_BYTES: usize = 64 * 1024;

/// Reads the body of an error, of any shape, also a truncated one.
pub(crate) fn refusal(status: u16, body: &[u8], secrets: &[&str]) -> Error {
    let body = without_bom(body).trim_ascii();
    let (found, is_complete) = Found::read(body);
    Error::refused(found.refusal(status, body, is_complete, secrets))
}

/// Reads a body with status 200 that is not a page. `None` if it is not an error, or not complete JSON.
pub(super) fn despite_success(status: u16, json: &[u8], secrets: &[&str]) -> Option<Error> {
    let json = json.trim_ascii();
    let (found, is_complete) = Found::read(json);
    (is_complete && found.refuses).then(|| Error::refused(found.refusal(status, json, true, secrets)))
}

impl Found {
    /// What is found in a body, and whether it is complete JSON.
    fn read(json: &[u8]) -> (Self, bool) {
        let mut found = Self::default();
        match found.search(json) {
            Ok(()) => (found, true),
            Err(error) if error.is_syntax() && json.len() <= MAX_REPAIRED_BYTES => {
                let mut found = Self::default();
                let read = found.search(&repaired(json));
                (found, read.is_ok())
            }
            Err(_) => (found, false),
        }
    }

    fn refusal(&self, status: u16, body: &[u8], is_complete: bool, secrets: &[&str]) -> Refusal {
        let text = match body.first() {
            Some(b'{' | b'[') => self.text(),
            Some(b'"') if is_complete => self.text(),
            Some(b'<') => html_title(body).map(str::to_owned),
            _ => plain_text(body).map(|text| excerpt(text).to_owned()),
        };
        let code = self.code.get().copied().or_else(|| leading_code(text.as_deref()?));
        let message = text
            .map(|text| clean(&text, secrets, MAX_MESSAGE_BYTES))
            .filter(|message| message.contains(char::is_alphanumeric));
        let message = message.or_else(|| if self.has_groups { None } else { shown(body, secrets) });
        let trace_id = self.trace_id.get().map(|id| clean(id, secrets, MAX_TRACE_ID_BYTES));
        Refusal { status, code, message, transient: self.transient, trace_id }
    }
}

/// The same body with `?` for each byte that is not UTF-8, and without surrogates, which may be unpaired.
fn repaired(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        text.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    for at in 0..text.len() {
        if let Some([b'\\', b'u', digits @ ..]) = text[at..].first_chunk_mut::<6>() {
            let is_surrogate = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
            if is_surrogate && digits.iter().all(u8::is_ascii_hexdigit) {
                *digits = *b"fffd";
            }
        }
    }
    text
}

/// The code in "(#2642) Invalid cursors values".
fn leading_code(message: &str) -> Option<i64> {
    message.trim_start().strip_prefix("(#")?.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
