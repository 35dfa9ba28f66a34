//! Readers of untrusted input, for `fuzz/` (`--cfg fuzzing`) and `benches/` (feature `_bench`), which see only public
//! items.

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

#[cfg(fuzzing)]
pub use fuzzing::{refusal_decode, retry_after_parse};

#[cfg(fuzzing)]
mod fuzzing {
    use std::time::{Duration, SystemTime};

    use crate::error::Error;

    /// Reads the body of an error with this status.
    #[must_use]
    pub fn refusal_decode(status: u16, body: &[u8], secrets: &[&str]) -> Error {
        crate::wire::refusal(status, body, secrets)
    }

    /// Reads `Retry-After`, relative to the response's `date`.
    #[must_use]
    pub fn retry_after_parse(value: &str, date: Option<&str>) -> Option<Duration> {
        crate::http::parse_retry_after(value, date, SystemTime::UNIX_EPOCH)
    }
}
