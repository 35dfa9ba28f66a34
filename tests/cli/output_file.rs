//! `list --output`.

use std::fs;
use std::process::Command;

use gupshup_groups::Error;
use gupshup_groups::testing::{FakeGroups, Fault};
use rustix::process::Signal;

use crate::demo;
use crate::support::{
    Api, Gate, Ran, Scratch, groups_of_csv, groups_of_jsonl, limited, output, read, run, send, spawn,
};

/// Lists to the file `groups` of the directory.
fn list(api: &Api, scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut list = api.tool(&["list", "--format", "csv", "--output", &scratch.name("groups")]);
    list.args(arguments);
    list
}

/// A listing that failed at its third page, after 1,049 groups.
fn failed() -> (Api, Scratch) {
    let refused = Fault::Error(Error::api(403, None, "Not App Owner"));
    let api = Api::start(FakeGroups::new(demo::groups(2_500)).fault_at(2, refused));
    let scratch = Scratch::new();
    scratch.write("groups", "old");
    let ran = run(&mut list(&api, &scratch, &[]));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(ran.err.contains("is unchanged; "), "{}", ran.err);
    (api, scratch)
}

#[test]
fn a_complete_list_replaces_the_file_and_leaves_nothing_else() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let scratch = Scratch::new();
    scratch.write("groups", "old");
    assert_eq!(output(&mut list(&api, &scratch, &[])), "");
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(60));
    assert_eq!(scratch.names(), ["groups"]);
}

#[test]
fn an_empty_list_is_a_file_with_a_header() {
    let api = Api::start(FakeGroups::new([]));
    let scratch = Scratch::new();
    output(&mut list(&api, &scratch, &[]));
    assert_eq!(read(&scratch.path("groups")).lines().count(), 1);
}

#[test]
fn the_file_keeps_its_permissions_and_a_link_to_it_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let api = Api::start(FakeGroups::new(demo::groups(3)));
    let scratch = Scratch::new();
    let real = scratch.write("real", "old");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", scratch.path("groups")).unwrap();
    output(&mut list(&api, &scratch, &[]));
    assert!(scratch.path("groups").is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(groups_of_csv(&read(&scratch.path("real"))), demo::groups(3));
}

#[test]
fn a_listing_that_failed_leaves_the_old_file_and_is_continued() {
    let (api, scratch) = failed();
    assert_eq!(read(&scratch.path("groups")), "old");
    assert_eq!(scratch.names(), ["groups", "groups.partial", "groups.partial.json"]);
    let ran = run(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("continues after 1049 groups, saved "), "{}", ran.err);
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500));
    assert_eq!(scratch.names(), ["groups"]);
}

/// Scenario: a full disk or a kill has left a part of a line behind the place that was saved. Expected: it is cut off.
#[test]
fn what_was_written_after_the_saved_place_is_cut_off() {
    let (api, scratch) = failed();
    let partial = read(&scratch.path("groups.partial"));
    scratch.write("groups.partial", &format!("{partial}\"demo\",\"half a li"));
    output(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500));
}

#[test]
fn without_resume_a_list_begins_again() {
    let (api, scratch) = failed();
    let ran = run(&mut list(&api, &scratch, &[]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("discards 1049 groups of a run that stopped "), "{}", ran.err);
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500));
    assert_eq!(scratch.names(), ["groups"]);
}

#[test]
fn with_nothing_to_continue_resume_lists_from_the_start() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let scratch = Scratch::new();
    for _ in 0..2 {
        let ran = run(&mut list(&api, &scratch, &["--resume"]));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.err.contains("there is nothing to continue"), "{}", ran.err);
        assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(60));
    }
}

#[test]
fn only_the_same_listing_is_continued() {
    let (api, scratch) = failed();
    let names = scratch.names();
    let partial = read(&scratch.path("groups.partial"));
    for (arguments, problem) in [
        (&["--app", "other"][..], "it has the app demo, which is not listed now"),
        (&["--app", "demo", "--app", "other"], "it does not have the app other"),
        (&["--format", "jsonl"], "its --format is csv, not jsonl"),
        (&["--max", "2000"], "its --max is not given, not 2000"),
        (&["--backward-from", "x"], "its --backward-from is not given, not x"),
        (&["--base-url", "https://other.example"], "its address is "),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push("--resume");
        let mut list = api.tool(&["list", "--output", &scratch.name("groups")]);
        if !arguments.contains(&"--format") {
            list.args(["--format", "csv"]);
        }
        let ran = run(list.args(&arguments));
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains(problem) && ran.err.contains("without --resume"), "{arguments:?}: {}", ran.err);
    }
    assert_eq!((scratch.names(), read(&scratch.path("groups.partial"))), (names, partial));
}

#[test]
fn a_record_that_is_damaged_or_does_not_fit_is_an_error_and_stays() {
    let (api, scratch) = failed();
    scratch.write("groups.partial", "short");
    let ran = run(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("it has 5 bytes") && ran.err.contains("without --resume"), "{}", ran.err);
    scratch.write("groups.partial.json", "damaged");
    let ran = run(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("it does not say where the listing stopped"), "{}", ran.err);
    assert_eq!(read(&scratch.path("groups")), "old");
}

/// Scenario: of three apps, the second fails half way. Expected: the next run lists only what is missing.
#[test]
fn several_apps_continue_each_at_its_own_place() {
    let broken = FakeGroups::new(demo::groups(60)).fault_at(1, Fault::Error(Error::api(403, None, "no")));
    let (short, other) = (FakeGroups::new(demo::groups(3)), FakeGroups::new(demo::groups(4)));
    let api = Api::start_apps([("a", short.clone()), ("b", broken), ("c", other.clone())]);
    let scratch = Scratch::new();
    let (file, apps) = (scratch.name("groups"), scratch.write("apps", "a\nb\nc"));
    let list =
        || run(&mut api.tool(&["list", "--format", "jsonl", "--apps-from", &apps, "--output", &file, "--resume"]));
    let one = list();
    assert_eq!(one.code, Some(4), "{}", one.err);
    assert!(one.err.contains("2 apps, 1 failed: b\n"), "{}", one.err);
    assert_eq!(read(&scratch.path("groups.partial")).lines().count(), 3 + 25 + 4);
    let asked = (short.requests().len(), other.requests().len());
    let two = list();
    assert_eq!(two.code, Some(0), "{}", two.err);
    assert_eq!((short.requests().len(), other.requests().len()), asked);
    let all = read(&scratch.path("groups"));
    let of = |app: &str| {
        let lines = all.lines().filter(|line| line.contains(&format!(r#""app_id":"{app}""#)));
        groups_of_jsonl(&lines.fold(String::new(), |text, line| text + line + "\n"))
    };
    assert_eq!((of("a"), of("b"), of("c")), (demo::groups(3), demo::groups(60), demo::groups(4)));
}

#[test]
fn the_limit_of_groups_counts_those_of_the_stopped_run() {
    let (api, scratch) = failed();
    output(&mut list(&api, &scratch, &["--max", "1500"]));
    let failing = Fault::Error(Error::api(403, None, "Not App Owner"));
    let api = Api::start(FakeGroups::new(demo::groups(2_500)).fault_at(2, failing));
    assert_eq!(run(&mut list(&api, &scratch, &["--max", "1500"])).code, Some(4));
    output(&mut list(&api, &scratch, &["--max", "1500", "--resume"]));
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500)[..1_500]);
}

/// Scenario: a signal while the third page is awaited. Expected: two pages are saved, and the next run writes the rest.
#[test]
fn a_run_that_a_signal_stopped_is_continued() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let (groups, gate) = Gate::at(&FakeGroups::new(demo::groups(2_500)), 2);
        let (api, scratch) = (Api::start(groups), Scratch::new());
        let child = spawn(&mut list(&api, &scratch, &[]));
        gate.wait();
        send(&child, signal);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        assert!(ran.err.contains("run again with --resume"), "{}", ran.err);
        assert_eq!(groups_of_csv(&read(&scratch.path("groups.partial"))), demo::groups(2_500)[..1_049]);
        gate.open();
        output(&mut list(&api, &scratch, &["--resume"]));
        assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500));
    }
}

#[test]
fn a_place_that_has_expired_says_to_list_from_the_start() {
    let refused = Fault::Error(Error::api(403, None, "Not App Owner"));
    let groups = FakeGroups::new(demo::groups(2_500)).fault_at(2, refused);
    let (api, scratch) = (Api::start(groups.clone()), Scratch::new());
    assert_eq!(run(&mut list(&api, &scratch, &[])).code, Some(4));
    groups.expire_cursors();
    let ran = run(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(ran.err.contains("run again without --resume"), "{}", ran.err);
}

#[test]
fn output_to_something_else_than_a_file_is_an_error() {
    let (api, scratch) = (Api::start(FakeGroups::new([])), Scratch::new());
    for other in ["/dev/null", "-"] {
        let ran = run(&mut api.tool(&["list", "--output", other]));
        assert_eq!(ran.code, Some(2), "{}", ran.err);
    }
    let ran = run(&mut api.tool(&["list", "--output", &scratch.name("missing/groups")]));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("missing does not exist; create it"), "{}", ran.err);
}

/// Scenario: a file size limit of 100 KiB, which the second page exceeds. Expected: the old file, and a place to continue at.
#[test]
fn a_full_disk_leaves_the_old_file_and_the_rest_is_continued() {
    let (api, scratch) = (Api::start(FakeGroups::new(demo::groups(2_500))), Scratch::new());
    scratch.write("groups", "old");
    let ran = run(&mut limited(200, &list(&api, &scratch, &["--page-size", "100"])));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("the old file is unchanged"), "{}", ran.err);
    assert_eq!(read(&scratch.path("groups")), "old");
    output(&mut list(&api, &scratch, &["--resume"]));
    assert_eq!(groups_of_csv(&read(&scratch.path("groups"))), demo::groups(2_500));
}
