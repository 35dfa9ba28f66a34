//! `diff --state`.

use std::fs;
use std::process::Command;

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, Group};
use serde_json::Value;

use crate::demo;
use crate::support::{Api, Ran, Scratch, full_disk, output, read, run, spawn, tool};

fn list() -> FakeGroups {
    FakeGroups::new([Group::new("b", "Sales", 60), Group::new("a", "Support", 0)])
}

/// Creates, renames and deletes a group.
fn change(list: &FakeGroups) {
    list.create(Group::new("c", "Night shift", 120));
    list.rename("a", "Help desk");
    list.delete("b");
}

const CHANGES: &str = "+ 1970-01-01T00:02:00Z c Night shift\n\
                       ~ 1970-01-01T00:00:00Z a Support -> Help desk\n\
                       - 1970-01-01T00:01:00Z b Sales\n";

/// A server, a list that has changed since its state was saved, and that state.
struct Changed {
    api: Api,
    list: FakeGroups,
    scratch: Scratch,
    saved: Value,
}

impl Changed {
    fn new() -> Self {
        let list = list();
        let this = Self { api: Api::start(list.clone()), list, scratch: Scratch::new(), saved: Value::Null };
        assert_eq!(output(&mut this.diff(&[])), "");
        change(&this.list);
        Self { saved: this.state(), ..this }
    }

    fn diff(&self, arguments: &[&str]) -> Command {
        let mut diff = self.api.tool(&["diff", "--state", &self.scratch.name("state")]);
        diff.args(arguments);
        diff
    }

    /// The list as it was last reported.
    fn state(&self) -> Value {
        let mut state: Value = serde_json::from_str(&read(&self.scratch.path("state"))).unwrap();
        state["apps"][demo::APP_ID]["list"].take()
    }

    /// The report was not completed, so the next run makes it.
    #[track_caller]
    fn assert_still_to_report(&self) {
        assert_eq!(self.state(), self.saved);
        assert_eq!(self.scratch.names(), ["state"]);
        assert_eq!(output(&mut self.diff(&[])), CHANGES);
    }
}

#[test]
fn each_run_reports_what_has_changed_since_the_last() {
    let changed = Changed::new();
    assert_eq!(output(&mut changed.diff(&[])), CHANGES);
    assert_eq!(output(&mut changed.diff(&[])), "");
    changed.list.delete("c");
    assert_eq!(output(&mut changed.diff(&[])), "- 1970-01-01T00:02:00Z c Night shift\n");
}

#[test]
fn check_says_by_the_exit_code_whether_something_has_changed() {
    let changed = Changed::new();
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(1), CHANGES), "{}", ran.err);
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
}

#[test]
fn the_first_run_reports_nothing_unless_asked_for_the_initial_list() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    let ran = run(&mut api.tool(&["diff", "--check", "--state", &scratch.name("quiet")]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""));
    assert!(ran.err.contains("2 groups") && ran.err.contains("has no list of the app yet"), "{}", ran.err);
    let all = output(&mut api.tool(&["diff", "--initial", "--state", &scratch.name("all")]));
    assert_eq!(all, "+ 1970-01-01T00:01:00Z b Sales\n+ 1970-01-01T00:00:00Z a Support\n");
    assert_eq!(read(&scratch.path("quiet")), read(&scratch.path("all")));
}

#[test]
fn quiet_and_unchanged_prints_nothing_at_all() {
    let changed = Changed::new();
    output(&mut changed.diff(&[]));
    let ran = run(&mut changed.diff(&["--quiet"]));
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_state_as_it_was() {
    let changed = Changed::new();
    let ran = run(changed.diff(&["--check"]).stdout(full_disk()));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("No space left") && ran.err.contains("the next run reports these changes again"));
    changed.assert_still_to_report();
}

/// Scenario: the file size is limited to 512 bytes, and the state is larger. Expected: an error, and the old state.
#[test]
fn a_state_that_cannot_be_written_stays_as_it_was() {
    let changed = Changed::new();
    for n in 0..20 {
        changed.list.create(Group::new(format!("new {n}"), "Night shift", 0));
    }
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_gupshup-groups")]);
    let diff = changed.diff(&[]);
    limited.args(diff.get_args()).envs(diff.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = run(&mut limited);
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "what could not be struck off is not reported: {}", ran.err);
    assert_eq!((changed.state(), changed.scratch.names()), (changed.saved.clone(), vec!["state".to_owned()]));
    assert_eq!(output(&mut changed.diff(&[])).lines().count(), 23);
}

#[test]
fn a_reader_that_closes_the_pipe_leaves_the_state_as_it_was() {
    let changed = Changed::new();
    let mut child = spawn(&mut changed.diff(&[]));
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("the next run reports these changes again"), "{}", ran.err);
    changed.assert_still_to_report();
}

/// Scenario: a run reports that a group was created, and is stopped; then the group is deleted. Expected: the next run
/// reports the creation again, and the removal, though neither list has the group.
#[test]
fn changes_reported_before_a_crash_are_reported_again() {
    let changed = Changed::new();
    let mut child = spawn(&mut changed.diff(&[]));
    drop(child.stdout.take());
    child.wait().unwrap();
    changed.list.delete("c");
    assert_eq!(output(&mut changed.diff(&[])), format!("{CHANGES}- 1970-01-01T00:02:00Z c Night shift\n"));
    assert_eq!(output(&mut changed.diff(&[])), "");
}

#[test]
fn a_listing_that_fails_leaves_the_state_as_it_was() {
    let changed = Changed::new();
    changed.list.script([Fault::Error(Error::api(401, None, "Authentication Failed"))]);
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
    changed.assert_still_to_report();
}

#[test]
fn one_file_holds_several_apps_and_a_failed_app_does_not_stop_the_others() {
    let (a, c) = (list(), list());
    let api = Api::start_apps([("a", a.clone()), ("c", c.clone())]);
    let scratch = Scratch::new();
    let state = scratch.name("state");
    output(&mut api.tool(&["diff", "--state", &state, "--app", "a", "--app", "c"]));
    a.delete("a");
    c.delete("b");
    let ran = run(&mut api.tool(&["diff", "--state", &state, "--app", "a", "--app", "b", "--app", "c"]));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert_eq!(ran.out, "a - 1970-01-01T00:00:00Z a Support\nc - 1970-01-01T00:01:00Z b Sales\n");
    // An app that is left out for a run keeps its state.
    c.delete("a");
    assert_eq!(output(&mut api.tool(&["diff", "--state", &state, "--app", "a"])), "");
    let rest = output(&mut api.tool(&["diff", "--state", &state, "--app", "c"]));
    assert_eq!(rest, "- 1970-01-01T00:00:00Z a Support\n");
}

#[test]
fn a_file_that_is_not_a_state_file_is_an_error_and_is_kept() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    for damaged in ["", "{}", r#"{"version":1,"demo":false,"apps":{"demo":{"list":{"version":1}}}}"#] {
        let state = scratch.write("state", damaged);
        for command in ["diff", "watch"] {
            let ran = run(&mut api.tool(&[command, "--state", &state]));
            assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
            assert!(ran.err.contains("it is not a state file") && ran.err.contains(&state), "{}", ran.err);
            assert_eq!(read(&scratch.path("state")), damaged);
        }
    }
}

/// Scenario: a cron job has lost its environment, or `--demo` is used with the file of an account. Expected: no
/// invented group gets into that file.
#[test]
fn invented_groups_never_reach_the_state_of_an_account() {
    let changed = Changed::new();
    let state = changed.scratch.name("state");
    let ran = run(&mut tool(&["diff", "--demo", "--state", &state]));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
    assert!(ran.err.contains("groups of an account"), "{}", ran.err);
    assert_eq!(run(&mut tool(&["diff", "--state", &state])).code, Some(3));
    changed.assert_still_to_report();

    let demo = changed.scratch.name("demo");
    output(&mut tool(&["diff", "--demo", "--state", &demo]));
    let ran = run(&mut changed.api.tool(&["diff", "--state", &demo]));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
}

#[test]
fn the_demo_changes_after_its_first_run() {
    let scratch = Scratch::new();
    let diff = || output(&mut tool(&["diff", "--demo", "--format", "jsonl", "--state", &scratch.name("state")]));
    assert_eq!(diff(), "");
    let kinds = ["created", "renamed", "removed"];
    assert!(diff().lines().zip(kinds).all(|(line, kind)| line.contains(&format!(r#""change":"{kind}""#))));
    assert_eq!(diff(), "");
}

#[test]
fn the_state_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let changed = Changed::new();
    let mode = fs::metadata(changed.scratch.path("state")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!read(&changed.scratch.path("state")).contains(demo::API_KEY));
}
