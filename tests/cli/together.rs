//! Several runs at a time on one file.

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rusqlite::Connection;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Gate, Ran, Scratch, lines_of_table, output, run, send, spawn};

#[test]
fn a_state_that_another_run_writes_to_is_locked() {
    let (api, scratch) = (Api::start(FakeGroups::new(demo::groups(7))), Scratch::new());
    let state = scratch.name("state");
    output(&mut api.tool(&["diff", "--state", &state]));
    let other = Connection::open(&state).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = run(&mut api.tool(&["diff", "--initial", "--state", &state]));
    assert_eq!((ran.code, &*ran.out), (Some(7), ""), "{}", ran.err);
    assert!(
        ran.err.contains("state: another run writes to it; waited 5 s; run again when it has ended"),
        "{}",
        ran.err
    );
}

/// Scenario: one run lists slowly; meanwhile another lists, and reports a change. Expected: both succeed, the change is
/// reported once, and the slow run does not undo what the other has saved.
#[test]
fn of_two_runs_at_the_same_time_one_reports_the_changes() {
    let list = FakeGroups::new([Group::new("a", "Support", 0)]);
    let scratch = Scratch::new();
    let state = scratch.name("state");
    output(&mut Api::start(list.clone()).tool(&["diff", "--state", &state]));
    let (slow, gate) = Gate::at(&list, list.requests().len());
    let slow_api = Api::start(slow);
    let child = spawn(&mut slow_api.tool(&["diff", "--state", &state]));
    gate.wait();
    list.create(Group::new("b", "Sales", 60));
    let fast = output(&mut Api::start(FakeGroups::new(list.groups())).tool(&["diff", "--state", &state]));
    assert_eq!(lines_of_table(&fast), ["+ b Sales"]);
    gate.open();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    assert_eq!(output(&mut slow_api.tool(&["diff", "--state", &state])), "");
}

#[test]
fn a_partial_file_in_use_is_locked_for_every_other_run() {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(7)), 0);
    let (api, scratch) = (Api::start(list), Scratch::new());
    let file = scratch.name("groups");
    let child = spawn(&mut api.tool(&["list", "--output", &file]));
    gate.wait();
    let ran = run(&mut api.tool(&["list", "--output", &file]));
    assert_eq!((ran.code, &*ran.out), (Some(7), ""), "{}", ran.err);
    assert!(ran.err.contains("groups.partial: another run writes it"), "{}", ran.err);
    gate.open();
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).code, Some(0));
    assert_eq!(scratch.names(), ["groups"]);
}

/// Scenario: a run is killed while it has the files in use. Expected: the next run is not held up.
#[test]
fn a_run_that_was_killed_leaves_the_files_free() {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(7)), 0);
    let (api, scratch) = (Api::start(list), Scratch::new());
    let (state, file) = (scratch.name("state"), scratch.name("groups"));
    let mut child = spawn(&mut api.tool(&["diff", "--initial", "--state", &state]));
    gate.wait();
    send(&child, Signal::KILL);
    child.wait().unwrap();
    gate.open();
    assert_eq!(output(&mut api.tool(&["diff", "--initial", "--state", &state])).lines().count(), 7);
    let mut child = spawn(&mut api.tool(&["list", "--output", &file]));
    send(&child, Signal::KILL);
    child.wait().unwrap();
    output(&mut api.tool(&["list", "--output", &file]));
    assert_eq!(scratch.names(), ["groups", "state"]);
}

/// Scenario: several runs begin at the same moment, also on a new file. Expected: each change is reported once, whichever of
/// them it is.
#[test]
fn runs_that_begin_together_report_each_change_once() {
    let api = Api::start(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    let scratch = Scratch::new();
    let diff = || api.tool(&["diff", "--initial", "--state", &scratch.name("state")]);
    let children: Vec<_> = (0..6).map(|_| spawn(&mut diff())).collect();
    let mut lines = 0;
    for child in children {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        lines += ran.out.lines().count();
    }
    assert_eq!(lines, 9);
    assert_eq!(output(&mut diff()), "");
}
