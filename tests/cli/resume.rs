//! The resume file.

use gupshup_groups::Error;
use gupshup_groups::testing::{FakeGroups, Fault};

use crate::demo;
use crate::support::{Api, Scratch, groups_of_csv, groups_of_jsonl, output, read, run};

/// Scenario: a limit of groups a run. Expected: each run continues where the one before stopped, down to the last group.
#[test]
fn runs_of_a_few_groups_each_list_every_group_once() {
    let api = Api::start(FakeGroups::new(demo::groups(7)));
    let scratch = Scratch::new();
    let mut written = String::new();
    for lines in [3, 3, 1] {
        let place = scratch.name("place");
        let out = output(&mut api.tool(&["list", "--format", "jsonl", "--max", "3", "--resume-file", &place]));
        assert_eq!(out.lines().count(), lines);
        written += &out;
    }
    assert_eq!(scratch.names(), [""; 0], "at the end of the list the file is removed");
    assert_eq!(groups_of_jsonl(&written), demo::groups(7));
}

/// Scenario: a listing fails at its third page. Expected: what came before is written, the message says how to continue,
/// and the next run with the file writes the rest, without a second header.
#[test]
fn a_run_that_failed_continues_in_the_next() {
    let refused = Fault::Error(Error::api(403, None, "Not App Owner"));
    let api = Api::start(FakeGroups::new(demo::groups(2_500)).fault_at(2, refused));
    let scratch = Scratch::new();
    let place = scratch.name("place");
    let list = || run(&mut api.tool(&["list", "--format", "csv", "--resume-file", &place]));
    let first = list();
    assert_eq!(first.code, Some(4), "{}", first.err);
    assert_eq!(groups_of_csv(&first.out), demo::groups(2_500)[..1_049]);
    let rest = list();
    assert_eq!(rest.code, Some(0), "{}", rest.err);
    assert_eq!(groups_of_csv(&format!("{}{}", first.out, rest.out)), demo::groups(2_500));
}

#[test]
fn a_transient_failure_advises_to_run_again_with_the_same_file() {
    let api = Api::always(503, "{}");
    let scratch = Scratch::new();
    let ran = run(&mut api.tool(&["list", "--resume-file", &scratch.name("place")]));
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    assert!(ran.err.contains("run again with the same --resume-file"), "{}", ran.err);
    assert!(!ran.err.contains("checkpoint"), "{}", ran.err);
}

/// Scenario: the file of one app, given with another. Expected: an error that names the app it belongs to; an empty list
/// and exit code 0 would look like an app without groups.
#[test]
fn a_resume_file_of_another_app_is_an_error_and_stays() {
    let api = Api::start_apps([("a", FakeGroups::new(demo::groups(60))), ("b", FakeGroups::new(demo::groups(60)))]);
    let scratch = Scratch::new();
    let place = scratch.name("place");
    output(&mut api.tool(&["list", "--app", "a", "--max", "5", "--resume-file", &place]));
    let saved = read(&scratch.path("place"));
    let ran = run(&mut api.tool(&["list", "--app", "b", "--resume-file", &place]));
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{}", ran.err);
    assert!(ran.err.contains("it belongs to the app a, which is not listed now"), "{}", ran.err);
    assert_eq!(read(&scratch.path("place")), saved);
}

#[test]
fn a_resume_file_that_holds_no_place_is_an_error_and_stays() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let scratch = Scratch::new();
    for damaged in ["", "gupshup-groups:1:damaged!", r#"{"version":1,"apps":{"demo":"x"}}"#] {
        let place = scratch.write("place", damaged);
        let ran = run(&mut api.tool(&["list", "--resume-file", &place]));
        assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
        assert!(ran.err.contains("it is not a resume file") && ran.err.contains(&place), "{}", ran.err);
        assert_eq!(read(&scratch.path("place")), damaged);
    }
}

/// Scenario: of three apps, the second fails half way. Expected: the next run lists only what is missing.
#[test]
fn several_apps_continue_each_at_its_own_place() {
    let broken = FakeGroups::new(demo::groups(60)).fault_at(1, Fault::Error(Error::api(403, None, "no")));
    let (short, other) = (FakeGroups::new(demo::groups(3)), FakeGroups::new(demo::groups(4)));
    let api = Api::start_apps([("a", short.clone()), ("b", broken), ("c", other.clone())]);
    let scratch = Scratch::new();
    let (place, apps) = (scratch.name("place"), scratch.write("apps", "a\nb\nc"));
    let list = || run(&mut api.tool(&["list", "--format", "jsonl", "--apps-from", &apps, "--resume-file", &place]));
    let one = list();
    assert_eq!((one.code, one.out.lines().count()), (Some(4), 3 + 25 + 4), "{}", one.err);
    let asked = (short.requests().len(), other.requests().len());
    let two = list();
    assert_eq!((two.code, two.out.lines().count()), (Some(0), 35), "{}", two.err);
    assert_eq!((short.requests().len(), other.requests().len()), asked);
    assert_eq!(scratch.names(), ["apps"]);
    let all = format!("{}{}", one.out, two.out);
    let of = |app: &str| {
        groups_of_jsonl(
            &all.lines()
                .filter(|line| line.contains(&format!(r#""app_id":"{app}""#)))
                .fold(String::new(), |text, line| text + line + "\n"),
        )
    };
    assert_eq!((of("a"), of("b"), of("c")), (demo::groups(3), demo::groups(60), demo::groups(4)));
}

/// Scenario: of two apps, the first has no groups, and so nothing is written for it. Expected: the file is removed at the end all
/// the same, because a second run with it would write nothing, and look like an account without groups.
#[test]
fn a_first_app_without_groups_does_not_keep_the_file() {
    let api = Api::start_apps([("a", FakeGroups::new([])), ("b", FakeGroups::new(demo::groups(3)))]);
    let scratch = Scratch::new();
    let place = scratch.name("place");
    for _ in 0..2 {
        let out = output(&mut api.tool(&["list", "--app", "a", "--app", "b", "--resume-file", &place]));
        assert_eq!((out.lines().count(), scratch.names()), (3, vec![]));
    }
}
