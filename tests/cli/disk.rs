//! A full disk.

use std::fs::File;

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Scratch, full_disk, groups_of_jsonl, limited, output, read, run};

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

/// Scenario: standard output is appended to a file, which may not grow beyond 200 KiB. Expected: the file ends with a whole line,
/// so that the next run's first line is not glued to a part of one, and no change is lost.
#[test]
fn a_file_that_is_appended_to_ends_with_a_whole_line() {
    let (api, scratch) = (Api::start(FakeGroups::new(demo::groups(60))), Scratch::new());
    let earlier = "{}\n".repeat(200 * 1024 / 3 - 500);
    let out = scratch.write("out", &earlier);
    let append = || File::options().append(true).open(&out).unwrap();
    let state = scratch.name("state");
    let mut diff = api.tool(&["diff", "--quiet", "--initial", "--format", "jsonl", "--state", &state]);
    let ran = run(limited(400, &diff).stdout(append()));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert_eq!(read(&scratch.path("out")), earlier);
    assert_eq!(run(diff.stdout(append())).code, Some(0));
    assert_eq!(groups_of_jsonl(&read(&scratch.path("out"))[earlier.len()..]), demo::groups(60));
}

/// Scenario: the state cannot grow when a watch has found a hundred changes. Expected: an error, nothing is reported that is
/// not saved, and the next watch reports each change once.
#[test]
fn a_watch_whose_state_is_full_loses_and_repeats_nothing() {
    let list = FakeGroups::new(demo::groups(60));
    let (api, scratch) = (Api::start(list.clone()), Scratch::new());
    let (state, log) = (scratch.name("state"), scratch.name("log"));
    let watch = || api.tool(&["watch", "--rounds", "1", "--state", &state, "--on-change", &format!("cat >> '{log}'")]);
    assert_eq!(run(&mut watch()).code, Some(0));
    (0..100).for_each(|n| list.create(Group::new(format!("new {n}"), "x".repeat(400), 0)));
    // Room for a few of their pages.
    let ran = run(&mut limited(100, &watch()));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
    assert!(ran.err.contains("state: reading or writing failed"), "{}", ran.err);
    assert!(!scratch.path("log").exists());
    let ran = run(&mut watch());
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 100), "{}", ran.err);
    assert_eq!(read(&scratch.path("log")), ran.out);
    assert_eq!(output(&mut watch()), "");
}
