//! The readers of what comes from outside, for `fuzz/` and `benches/` of this repository, which see only what is public.
//! Compiled for them alone: cargo-fuzz sets `--cfg fuzzing`, and the benches switch on the feature `_bench`.

use crate::error::Result;
use crate::page::Page;

/// Reads the body of an answer with status 200.
///
/// # Errors
///
/// Where the body is no page.
pub fn page_decode(body: &[u8], secrets: &[&str]) -> Result<Page> {
    crate::wire::decode(body, secrets)
}

#[cfg(fuzzing)]
pub use fuzzing::{Verdict, refusal_decode, retry_after_parse, verdict};

#[cfg(fuzzing)]
mod fuzzing {
    use std::time::{Duration, SystemTime};

    use crate::error::Error;
    use crate::wire::Refusal;

    pub use crate::wire::reference::{Verdict, verdict};

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
}
