//! Any text is a checkpoint or an error. A checkpoint survives being saved, and a listing from it ends without a panic.
//!
//! The fuzzer writes the JSON in the text, of either version; input that does not begin with a brace is the text
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

/// Longer than any listing of twelve groups, including the search for a lost place.
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
