//! The message of any error of the API is limited, on one line and without secrets, and is read in memory of a few
//! times the body.

#![no_main]

use gupshup_groups::internals::refusal_decode;
use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The memory of an error: its texts, and the texts to mask.
const ERROR_BYTES: usize = 16 * 1024;

const KEY: &str = "KEY-0123456789";
const CURSOR: &str = "QVFI/+=CURSOR";

fuzz_target!(|body: &[u8]| {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let error = refusal_decode(400, body, &[KEY, CURSOR]);
    let taken = MEMORY.peak_usage() - before;
    assert!(taken <= 4 * body.len() + ERROR_BYTES, "{taken} bytes for {}", body.len());
    assert!(error.is_api() && error.status() == Some(400));
    if let Some(message) = error.api_message() {
        assert!(!message.is_empty() && message.len() <= 2 * 1024 + 16, "{} bytes", message.len());
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(!message.contains(KEY) && !message.contains(CURSOR), "a secret is shown");
    }
    // These must not panic.
    let _ = (error.is_retryable(), error.is_cursor_expired(), error.is_rate_limited(), error.to_string());
});
