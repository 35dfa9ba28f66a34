//! Any body at all is a page or an error; no error shows a secret, and none is long.

#![no_main]

use gupshup_groups::fuzzing::page_decode;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "KEY-0123456789";
const CURSOR: &str = "QVFI/+=CURSOR";

fuzz_target!(|body: &[u8]| {
    match page_decode(body, &[KEY, CURSOR]) {
        Ok(page) => {
            assert_eq!(page.bytes, body.len() as u64);
            for cursor in [&page.cursors.after, &page.cursors.before].into_iter().flatten() {
                assert!(!cursor.as_str().is_empty() && cursor.as_str().len() <= 4096);
            }
        }
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.contains(KEY) && !text.contains(CURSOR), "a secret is shown");
            assert!(text.len() < 64 * 1024, "{} bytes of error", text.len());
            assert!(error.is_decode() || error.is_api() || error.is_too_large(), "{error:?}");
        }
    }
});
