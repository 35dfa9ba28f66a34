//! Readers of untrusted input, for `fuzz/` and `benches/`, which see only public items.

use crate::error::Result;
use crate::page::Page;

/// Reads a body with status 200.
///
/// # Errors
///
/// If the body is not a page.
pub fn page_decode(body: &[u8], secrets: &[&str]) -> Result<Page> {
    crate::wire::decode(body, secrets)
}

/// Reads the body of an error with this status.
#[must_use]
pub fn refusal_decode(status: u16, body: &[u8], secrets: &[&str]) -> crate::Error {
    crate::wire::refusal(status, body, secrets)
}

/// Reads `Retry-After`, relative to the response's `date`.
#[must_use]
pub fn retry_after_parse(value: &str, date: Option<&str>) -> Option<std::time::Duration> {
    crate::http::parse_retry_after(value, date, std::time::SystemTime::UNIX_EPOCH)
}
