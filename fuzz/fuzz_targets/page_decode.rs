//! Any body is a page or an error, in memory of a few times the body. A page has all the groups of the body, and never is
//! a refusal. No error shows a secret, and none is long.

#![no_main]

use gupshup_groups::internals::page_decode;
use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;
use serde_json::Value;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const KEY: &str = "KEY-0123456789";
const CURSOR: &str = "QVFI/+=CURSOR";

/// The memory of an error: its texts, and the texts to mask.
const ERROR_BYTES: usize = 16 * 1024;

fuzz_target!(|body: &[u8]| {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let decoded = page_decode(body, &[KEY, CURSOR]);
    let taken = MEMORY.peak_usage() - before;
    assert!(taken <= 5 * body.len() + ERROR_BYTES, "{taken} bytes for {}", body.len());

    match decoded {
        Ok(page) => {
            assert_eq!(page.bytes, body.len() as u64);
            for cursor in [&page.cursors.after, &page.cursors.before].into_iter().flatten() {
                assert!(!cursor.as_str().is_empty() && cursor.as_str().len() <= 4096);
            }
            let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            // A tree of it cannot be built if ignored values are not Unicode, out of range or nested too deep.
            if let Ok(tree) = serde_json::from_slice::<Value>(json) {
                let succeeded = |status: &str| status.eq_ignore_ascii_case("success");
                assert!(tree["status"].is_null() || tree["status"].as_str().is_some_and(succeeded), "{tree}");
                assert!(tree["error"].is_null(), "{tree}");
                let groups = tree["data"].as_array().or_else(|| tree["data"]["groups"].as_array());
                assert_eq!(Some(page.groups.len()), groups.map(Vec::len), "{tree}");
            }
        }
        Err(error) => {
            assert!(error.is_decode() || error.is_api() || error.is_too_large(), "{error:?}");
            let text = format!("{error} {error:?}");
            assert!(!text.contains(KEY) && !text.contains(CURSOR), "a secret is shown");
            assert!(text.len() < 64 * 1024, "{} bytes of error", text.len());
        }
    }
});
