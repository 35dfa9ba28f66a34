//! Whatever a refusal says, its message is bounded, on one line, and shows no secret.

#![no_main]

use gupshup_groups::fuzzing::refusal_decode;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "KEY-0123456789";
const CURSOR: &str = "QVFI/+=CURSOR";

fuzz_target!(|body: &[u8]| {
    let error = refusal_decode(400, body, &[KEY, CURSOR]);
    assert!(error.is_api() && error.status() == Some(400));
    if let Some(message) = error.api_message() {
        assert!(!message.is_empty() && message.len() <= 2 * 1024 + 16, "{} bytes", message.len());
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(!message.contains(KEY) && !message.contains(CURSOR), "a secret is shown");
    }
    // The rest is to end without a panic, whatever the code.
    let _ = (error.is_retryable(), error.is_cursor_expired(), error.is_rate_limited(), error.to_string());
});
