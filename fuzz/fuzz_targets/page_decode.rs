//! Any body is a page or an error. A second decoder reads the same page, in memory of a few times the body. No error
//! shows a secret, and none is long.

#![no_main]

use gupshup_groups::internals::{Verdict, page_decode, verdict};
use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

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
    assert!(taken <= 4 * body.len() + ERROR_BYTES, "{taken} bytes for {}", body.len());

    let expected = verdict(body);
    match decoded {
        Ok(page) => {
            assert_eq!(page.bytes, body.len() as u64);
            for cursor in [&page.cursors.after, &page.cursors.before].into_iter().flatten() {
                assert!(!cursor.as_str().is_empty() && cursor.as_str().len() <= 4096);
            }
            assert_eq!(Verdict::Page(page), expected);
        }
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.contains(KEY) && !text.contains(CURSOR), "a secret is shown");
            assert!(text.len() < 64 * 1024, "{} bytes of error", text.len());
            // The second decoder does not limit the nesting of ignored values.
            let may_differ = text.contains("nested too deep");
            match expected {
                Verdict::Page(page) => assert!(may_differ, "{error:?} for {page:?}"),
                Verdict::Refused => assert!(error.is_api() || may_differ, "{error:?}"),
                Verdict::Wrong => assert!(error.is_decode() || error.is_api() || error.is_too_large(), "{error:?}"),
            }
        }
    }
});
