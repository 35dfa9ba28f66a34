//! The readers of what comes from outside, for the fuzz targets in `fuzz/`. Compiled only there.

use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::page::Page;
use crate::wire::Refusal;

/// Reads the body of an answer with status 200.
///
/// # Errors
///
/// Where the body is no page.
pub fn page_decode(body: &[u8], secrets: &[&str]) -> Result<Page> {
    crate::wire::decode(body, secrets)
}

/// Reads the body of a refusal with this status.
#[must_use]
pub fn refusal_decode(status: u16, body: &[u8], secrets: &[&str]) -> Error {
    Refusal::read(body, secrets).into_error(status)
}

/// Reads `Retry-After`, with the answer's `date` beside it.
#[must_use]
pub fn retry_after_parse(value: &str, date: Option<&str>) -> Option<Duration> {
    crate::http::parse_retry_after(value, date, SystemTime::UNIX_EPOCH)
}
