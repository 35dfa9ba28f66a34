//! A full disk.

use std::fs::File;

use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Scratch, full_disk, output, read, run};

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

/// Scenario: two runs with a resume file; the disk is full in the second. Expected: the place is that of the first, so that
/// the third run loses nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_move_the_place() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let scratch = Scratch::new();
    let place = scratch.name("place");
    let list = |max| api.tool(&["list", "--format", "jsonl", "--resume-file", &place, "--max", max]);
    let first = run(&mut list("30"));
    assert_eq!(first.code, Some(0), "{}", first.err);
    let saved = read(&scratch.path("place"));

    let second = run(list("20").stdout(full_disk()));
    assert_eq!(second.code, Some(6), "{}", second.err);
    assert!(second.err.contains("stays at the last page that was written"), "{}", second.err);
    assert_eq!(read(&scratch.path("place")), saved);

    let third = run(&mut list("60"));
    assert_eq!(third.code, Some(0), "{}", third.err);
    let groups = crate::support::groups_of_jsonl(&format!("{}{}", first.out, third.out));
    assert_eq!(groups, demo::groups(60));
}

/// Scenario: there is room for the output, and none for the resume file. Expected: an error before anything is listed.
#[test]
fn a_resume_file_that_cannot_be_written_is_an_error_before_any_request() {
    let fake = FakeGroups::new(demo::groups(60));
    let api = Api::start(fake.clone());
    let scratch = Scratch::new();
    let ran = run(&mut api.tool(&["list", "--resume-file", &scratch.name("missing/place")]));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
    assert_eq!(fake.requests().len(), 0);
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
