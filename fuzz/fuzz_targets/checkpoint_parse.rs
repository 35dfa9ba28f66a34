//! Any text is a checkpoint or an error. What is one survives being saved, and a walk from it ends, and does not panic.
//!
//! The fuzzer writes the JSON that the text holds, of either version, or, if it does not begin with a brace, the text
//! itself.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt;
use futures::executor::block_on;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Group, ListGroups};
use libfuzzer_sys::fuzz_target;

static LIST: LazyLock<FakeGroups> =
    LazyLock::new(|| FakeGroups::new((0..12_i64).map(|n| Group::new(n.to_string(), "", n))));

/// Longer than any walk over twelve groups, there, in search of a lost place, and back again.
const ITEMS: usize = 100;

fuzz_target!(|text: &str| {
    if text.starts_with('{') {
        for version in [1, 2] {
            check(&format!("gupshup-groups:{version}:{}", URL_SAFE_NO_PAD.encode(text)));
        }
    } else {
        check(text);
    }
});

fn check(text: &str) {
    let Ok(place) = text.parse::<Checkpoint>() else { return };
    assert_eq!(place.to_string().parse().ok(), Some(place.clone()));
    for place in [place.clone(), place.reversed()] {
        let fake = FakeGroups::new(LIST.groups());
        let mut groups = ListGroups::from_source(fake).page_size(5).resume(place).stream();
        let items = block_on(groups.by_ref().take(ITEMS).count());
        assert!(items < ITEMS, "a walk of twelve groups yields {items} items");
        assert_eq!(groups.checkpoint().to_string().parse::<Checkpoint>().ok(), Some(groups.checkpoint()));
    }
}
