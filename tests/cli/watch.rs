//! `watch --state`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, Group};
use rustix::process::Signal;
use serde_json::Value;

use crate::demo;
use crate::support::{Api, Ran, Scratch, full_disk, output, read, run, send, spawn, tool};

/// A server, and a list that has changed since its state was saved: a group was created.
struct Changed {
    api: Api,
    list: FakeGroups,
    scratch: Scratch,
    saved: Value,
}

impl Changed {
    fn new() -> Self {
        let list = FakeGroups::new([Group::new("a", "Support", 0)]);
        let this = Self { api: Api::start(list.clone()), list, scratch: Scratch::new(), saved: Value::Null };
        assert_eq!(output(&mut this.watch(&["--rounds", "1"])), "");
        this.list.create(Group::new("b", "Sales", 60));
        Self { saved: this.state(), ..this }
    }

    fn watch(&self, arguments: &[&str]) -> Command {
        let mut watch = self.api.tool(&["watch", "--every", "1ms", "--state", &self.scratch.name("state")]);
        watch.args(arguments);
        watch
    }

    /// The list as it was last reported.
    fn state(&self) -> Value {
        let mut state: Value = serde_json::from_str(&read(&self.scratch.path("state"))).unwrap();
        state["apps"][demo::APP_ID]["list"].take()
    }
}

/// The kind and group of each change, one per line.
fn changes(text: &str) -> Vec<String> {
    let line = |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", line["change"].as_str().unwrap(), line["id"].as_str().unwrap())
    };
    text.lines().map(line).collect()
}

/// The next line that a running child writes.
fn next_line(child: &mut Child) -> String {
    let mut line = String::new();
    // Reads no further than the line, because the child then waits.
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_restart_misses_nothing_and_repeats_nothing_that_was_saved() {
    let changed = Changed::new();
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "1"]))), ["created b"]);
    changed.list.delete("a");
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "2"]))), ["removed a"]);
    assert_eq!(output(&mut changed.watch(&["--rounds", "1"])), "");
}

#[test]
fn a_signal_ends_a_watch_with_code_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let changed = Changed::new();
        let mut child = spawn(&mut changed.watch(&[]));
        assert_eq!(changes(&next_line(&mut child)), ["created b"]);
        send(&child, signal);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    }
}

#[test]
fn the_command_gets_each_change_as_a_json_line_and_no_key() {
    let changed = Changed::new();
    let log = changed.scratch.name("log");
    let command = format!("cat >> '{log}'; echo \"key: $GUPSHUP_API_KEY\" >> '{log}'; echo printed");
    let ran = run(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(read(&changed.scratch.path("log")), format!("{}key: \n", ran.out));
    assert_eq!(changes(&ran.out), ["created b"]);
    assert!(ran.err.contains("printed"), "what the command prints goes to stderr: {}", ran.err);
}

#[test]
fn a_command_that_does_not_read_its_input_may_succeed() {
    let changed = Changed::new();
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "1", "--on-change", "true"]))), ["created b"]);
    assert_eq!(output(&mut changed.watch(&["--rounds", "1"])), "");
}

#[test]
fn a_command_that_fails_is_reported_and_runs_again_before_the_next_listing() {
    let changed = Changed::new();
    changed.list.create(Group::new("c", "Night shift", 120));
    // Fails for the second change the first time.
    let (log, failed) = (changed.scratch.name("log"), changed.scratch.name("failed"));
    let command = format!("grep -o '\"id\":\"[^\"]*\"' >> '{log}'; [ $(wc -l < '{log}') != 2 ] || ! touch '{failed}'");
    let ran = run(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    assert!(ran.err.contains("the command of --on-change failed (exit status: 1)"), "{}", ran.err);
    assert_eq!(changed.state(), changed.saved);
    assert_eq!(changes(&ran.out), ["created c", "created b"]);

    changed.list.delete("c");
    let ran = run(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(changes(&ran.out), ["created c", "created b", "removed c"], "which of them succeeded is not kept");
    assert_ne!(changed.state(), changed.saved);
}

#[test]
fn a_listing_that_fails_is_reported_and_the_next_one_has_its_changes() {
    let changed = Changed::new();
    changed.list.script([Fault::Error(Error::api(400, None, "not now"))]);
    // The first listing of a run would end it.
    let refused = run(&mut changed.watch(&["--rounds", "2"]));
    assert_eq!((refused.code, &*refused.out), (Some(4), ""), "{}", refused.err);

    let list = changed.list.clone();
    let asked = list.requests().len();
    output(&mut changed.watch(&["--rounds", "1"]));
    let each = list.requests().len() - asked;
    list.create(Group::new("c", "Night shift", 120));
    list.fault_at(list.requests().len() + each, Fault::Error(Error::api(400, None, "not now")));
    let ran = run(&mut changed.watch(&["--rounds", "3"]));
    assert_eq!((ran.code, changes(&ran.out)), (Some(0), vec!["created c".to_owned()]), "{}", ran.err);
    assert!(ran.err.contains("400 not now") && ran.err.contains("no change is lost"), "{}", ran.err);
}

#[test]
fn a_wrong_key_ends_the_watch_at_its_first_listing() {
    let changed = Changed::new();
    let ran = run(changed.watch(&[]).env("GUPSHUP_API_KEY", "sk_wrong"));
    assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
    assert_eq!(changed.state(), changed.saved);
}

/// Scenario: the first listing fails because the list changes at each of its requests. Expected: the watch goes on, since neither
/// key nor app is wrong.
#[test]
fn a_cursor_that_expires_in_the_first_listing_does_not_end_the_watch() {
    let list = FakeGroups::new(demo::groups(60)).on_request(|index, list| {
        if index < 12 {
            list.expire_cursors();
        }
    });
    let (api, scratch) = (Api::start(list), Scratch::new());
    let state = scratch.name("state");
    let ran = run(&mut api.tool(&["watch", "--every", "1ms", "--rounds", "3", "--page-size", "20", "--state", &state]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("code 131059); no change is lost"), "{}", ran.err);
    assert!(ran.err.contains("demo: 60 groups"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_or_a_closed_pipe_leaves_the_state_as_it_was() {
    let changed = Changed::new();
    let ran = run(changed.watch(&[]).stdout(full_disk()));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    let mut child = spawn(changed.watch(&[]).stdout(Stdio::piped()));
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(changed.state(), changed.saved);
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "1"]))), ["created b"]);
}

#[test]
fn the_demo_changes_from_listing_to_listing() {
    let scratch = Scratch::new();
    let state = scratch.name("state");
    let text = output(&mut tool(&["watch", "--demo", "--every", "1ms", "--rounds", "4", "--state", &state]));
    let kinds: Vec<_> = changes(&text).into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["created", "renamed", "removed"]);
    assert!(text.lines().all(|line| line.contains(&format!(r#""app_id":"{}""#, demo::APP_ID))));
}
