//! A full disk.

use std::fs::File;

use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Scratch, full_disk, output, run};

#[cfg(target_os = "linux")]
#[test]
fn output_on_a_full_disk_is_a_failure() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    for command in [&["list"][..], &["list", "--format", "csv"], &["count"], &["man"], &["completions", "bash"]] {
        let ran = run(api.tool(command).stdout(full_disk()));
        assert_eq!(ran.code, Some(6), "{command:?}: {}", ran.err);
        assert!(ran.err.contains("the output could not be written: No space left on device"), "{}", ran.err);
    }
}

/// Scenario: standard output is open for reading only. Expected: an error, and changes that the next run reports.
#[cfg(target_os = "linux")]
#[test]
fn output_that_is_not_open_for_writing_is_a_failure() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let scratch = Scratch::new();
    let state = scratch.name("state");
    let diff = ["diff", "--initial", "--state", &state];
    for command in [&["list"][..], &["count"], &diff] {
        let ran = run(api.tool(command).stdout(File::open("/dev/null").unwrap()));
        assert_eq!(ran.code, Some(6), "{command:?}: {}", ran.err);
        assert!(ran.err.contains("the output could not be written: Bad file descriptor"), "{}", ran.err);
    }
    assert_eq!(output(&mut api.tool(&diff)).lines().count(), 60);
}
