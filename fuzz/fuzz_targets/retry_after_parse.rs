//! Any `Retry-After`, with any `Date` (the second line), is a wait or is ignored. Digits alone are always a wait.

#![no_main]

use gupshup_groups::internals::retry_after_parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (value, date) = text.split_once('\n').map_or((text, None), |(value, date)| (value, Some(date)));
    let wait = retry_after_parse(value, date);
    let digits = value.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = digits.parse().unwrap_or(u64::MAX);
        assert_eq!(wait.map(|wait| wait.as_secs()), Some(seconds));
    }
    // An invalid date counts as none.
    if date.is_some_and(|date| date.trim().is_empty()) {
        assert_eq!(wait, retry_after_parse(value, None));
    }
});
