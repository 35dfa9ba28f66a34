//! `watch`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, Group};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::Value;

use crate::demo;
use crate::support::{Api, Ran, Scratch, full_disk, output, read, run, send, spawn, tool};

/// A server, and a list that has changed since its state was saved: a group was created.
struct Changed {
    api: Api,
    list: FakeGroups,
    scratch: Scratch,
}

impl Changed {
    fn new() -> Self {
        let list = FakeGroups::new([Group::new("a", "Support", 0), Group::new("z", "Orders", 0)]);
        let this = Self { api: Api::start(list.clone()), list, scratch: Scratch::new() };
        assert_eq!(output(&mut this.watch(&["--rounds", "1"])), "");
        this.list.create(Group::new("b", "Sales", 60));
        this
    }

    fn watch(&self, arguments: &[&str]) -> Command {
        let mut watch = self.api.tool(&["watch", "--every", "1s", "--state", &self.scratch.name("state")]);
        watch.args(arguments);
        watch
    }

    /// The changes that a run of one listing reports.
    fn reports(&self) -> Vec<String> {
        changes(&output(&mut self.watch(&["--rounds", "1"])))
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
fn a_restart_misses_nothing_and_repeats_nothing() {
    let changed = Changed::new();
    assert_eq!(changed.reports(), ["created b"]);
    changed.list.delete("a");
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "2"]))), ["removed a"]);
    assert_eq!(changed.reports(), [""; 0]);
}

#[test]
fn lines_and_messages_have_the_time() {
    let changed = Changed::new();
    let ran = run(&mut changed.watch(&["--rounds", "1"]));
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(line["observed_at"].as_str().unwrap().ends_with('Z'), "{line}");
    assert!(
        ran.err.starts_with("gupshup-groups: 20") && ran.err.contains("Z listing 1: 1 app, 1 change reported"),
        "{}",
        ran.err
    );
}

#[test]
fn a_signal_ends_a_watch_with_code_0() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let changed = Changed::new();
        let mut child = spawn(&mut changed.watch(&[]));
        assert_eq!(changes(&next_line(&mut child)), ["created b"]);
        send(&child, signal);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    }
}

#[test]
fn the_command_gets_each_change_as_a_json_line_and_no_credential() {
    let changed = Changed::new();
    let log = changed.scratch.name("log");
    let command = format!("cat >> '{log}'; env | grep -c 'demo-key\\|GUPSHUP_TOKEN\\|secret' >> '{log}'; echo printed");
    let key = changed.scratch.write("key", demo::API_KEY);
    let mut watch = changed.watch(&["--rounds", "1", "--on-change", &command, "--key-file", &key]);
    let ran = run(watch.env("GUPSHUP_TOKEN", "secret"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(read(&changed.scratch.path("log")), format!("{}0\n", ran.out));
    assert_eq!(changes(&ran.out), ["created b"]);
    assert!(ran.err.contains("printed"), "what the command prints goes to stderr: {}", ran.err);
}

#[test]
fn a_command_that_does_not_read_its_input_may_succeed() {
    let changed = Changed::new();
    assert_eq!(changes(&output(&mut changed.watch(&["--rounds", "1", "--on-change", "true"]))), ["created b"]);
    assert_eq!(changed.reports(), [""; 0]);
}

/// Scenario: of nine changes, the command fails for the seventh, once. Expected: the next listing reports from the seventh on.
#[test]
fn a_command_that_fails_repeats_only_from_that_change() {
    let changed = Changed::new();
    for n in 1..9 {
        changed.list.create(Group::new(format!("new {n}"), "Night shift", 120 + n));
    }
    let (log, failed) = (changed.scratch.name("log"), changed.scratch.name("failed"));
    let command = format!(
        "grep -o '\"id\":\"[^\"]*\"' >> '{log}'; [ -e '{failed}' ] || [ $(wc -l < '{log}') != 7 ] || ! touch '{failed}'"
    );
    let first = run(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(first.code, Some(9), "{}", first.err);
    assert!(first.err.contains("the command of --on-change failed (exit status: 1)"), "{}", first.err);
    let second = run(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(second.code, Some(0), "{}", second.err);
    let (first, second) = (changes(&first.out), changes(&second.out));
    assert_eq!((first.len(), second.len()), (7, 3));
    assert_eq!(first[6], second[0]);
}

#[test]
fn a_failed_listing_does_not_end_the_watch_and_the_next_one_has_its_changes() {
    let changed = Changed::new();
    let each = {
        let asked = changed.list.requests().len();
        changed.reports();
        changed.list.requests().len() - asked
    };
    changed.list.create(Group::new("c", "Night shift", 120));
    changed.list.fault_at(changed.list.requests().len() + each, Fault::Error(Error::api(400, None, "not now")));
    let ran = run(&mut changed.watch(&["--rounds", "3"]));
    assert_eq!((ran.code, changes(&ran.out)), (Some(0), vec!["created c".to_owned()]), "{}", ran.err);
    assert!(ran.err.contains("400 not now"), "{}", ran.err);
}

#[test]
fn one_refused_app_does_not_end_the_watch_of_the_others() {
    let list = FakeGroups::new([Group::new("a", "Support", 0)]);
    let (api, scratch) = (Api::start_apps([("good", list)]), Scratch::new());
    let ran = run(&mut api.tool(&[
        "watch",
        "--initial",
        "--every",
        "1s",
        "--rounds",
        "2",
        "--app",
        "bad",
        "--app",
        "good",
        "--state",
        &scratch.name("s"),
    ]));
    assert_eq!((ran.code, changes(&ran.out)), (Some(4), vec!["created a".to_owned()]), "{}", ran.err);
    assert!(ran.err.contains("listing 2: 1 app, 1 failed: bad"), "{}", ran.err);
}

#[test]
fn a_wrong_key_ends_the_watch_at_its_first_listing() {
    let changed = Changed::new();
    let ran = run(changed.watch(&[]).env("GUPSHUP_API_KEY", "sk_wrong"));
    assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
    assert_eq!(changed.reports(), ["created b"]);
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
    let ran = run(&mut api.tool(&["watch", "--every", "1s", "--rounds", "3", "--page-size", "20", "--state", &state]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("code 131059") && ran.err.contains("demo: 60 groups"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_or_a_closed_pipe_leaves_the_changes_to_be_reported() {
    let changed = Changed::new();
    let ran = run(changed.watch(&[]).stdout(full_disk()));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    let mut child = spawn(changed.watch(&[]).stdout(Stdio::piped()));
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(9), "{}", ran.err);
    assert_eq!(changed.reports(), ["created b"]);
}

#[test]
fn the_state_can_be_read_while_a_command_runs_and_writes_are_pending() {
    let changed = Changed::new();
    let (begun, end) = (changed.scratch.name("begun"), changed.scratch.name("end"));
    for fifo in [&begun, &end] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    let command = format!("echo > '{begun}'; cat '{end}'");
    let child = spawn(&mut changed.watch(&["--rounds", "1", "--on-change", &command]));
    assert_eq!(read(&changed.scratch.path("begun")), "\n");
    let db = Connection::open_with_flags(changed.scratch.path("state"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let seen: (i64, i64) = db
        .query_row(
            "SELECT (SELECT count(*) FROM active_groups), (SELECT count(*) FROM changes WHERE reported IS NULL)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(seen, (3, 1));
    std::fs::write(&end, "").unwrap();
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).code, Some(0));
}

/// Scenario: Ctrl-C at a terminal, which goes to the whole process group, while the command runs. Expected: the command ends
/// as it would, and its change is not reported again.
#[test]
fn ctrl_c_does_not_interrupt_the_command() {
    use std::os::unix::process::CommandExt as _;
    let changed = Changed::new();
    let (begun, end) = (changed.scratch.name("begun"), changed.scratch.name("end"));
    for fifo in [&begun, &end] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    let log = changed.scratch.name("log");
    let command = format!("echo > '{begun}'; cat '{end}'; echo done >> '{log}'");
    let child = spawn(changed.watch(&["--on-change", &command]).process_group(0));
    assert_eq!(read(&changed.scratch.path("begun")), "\n");
    rustix::process::kill_process_group(rustix::process::Pid::from_child(&child), Signal::INT).unwrap();
    std::fs::write(&end, "").unwrap();
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).code, Some(0));
    assert_eq!(read(&changed.scratch.path("log")), "done\n");
    assert_eq!(changed.reports(), [""; 0]);
}

/// The processes whose parent this is, with their states.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<(u32, char)> {
    let stat = |entry: std::io::Result<std::fs::DirEntry>| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // After the name, which may hold anything.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.chars().next()?;
        (fields.next()?.parse() == Ok(parent)).then_some((process, state))
    };
    std::fs::read_dir("/proc").unwrap().filter_map(stat).collect()
}

/// Scenario: thirty changes, some of whose commands fail or leave a process behind; the command of the last one waits.
/// Expected: it is the only child.
#[cfg(target_os = "linux")]
#[test]
fn no_command_that_has_ended_stays_as_a_zombie() {
    let changed = Changed::new();
    for n in 0..29 {
        changed.list.create(Group::new(format!("new {n}"), "Night shift", 120 + n));
    }
    let (begun, end, log) = (changed.scratch.name("begun"), changed.scratch.name("end"), changed.scratch.name("log"));
    for fifo in [&begun, &end] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    let command = format!(
        "echo >> '{log}'; n=$(wc -l < '{log}'); sh -c : & [ $n != 5 ] || exit 1; [ $n != 31 ] || {{ echo > '{begun}'; cat '{end}'; }}"
    );
    let child = spawn(&mut changed.watch(&["--rounds", "2", "--on-change", &command]));
    assert_eq!(read(&changed.scratch.path("begun")), "\n");
    let found = children(child.id());
    std::fs::write(&end, "").unwrap();
    assert!(matches!(found[..], [(_, state)] if state != 'Z'), "{found:?}");
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).code, Some(0));
    assert_eq!(read(&changed.scratch.path("log")).lines().count(), 31, "thirty, and the failed one again");
}

#[test]
fn a_signal_before_all_changes_are_reported_is_not_code_0() {
    // So many that the signal arrives before the last.
    const CHANGES: usize = 100;
    let changed = Changed::new();
    for n in 1..CHANGES {
        changed.list.create(Group::new(format!("new {n}"), "Night shift", 120));
    }
    // Sent once, since a second signal would end the run at once.
    let command = format!("mkdir '{}' 2>&- && kill -TERM $(ps -o ppid= -p $$) || true", changed.scratch.name("sent"));
    let ran = run(&mut changed.watch(&["--on-change", &command]));
    assert_eq!(ran.code, Some(9), "{}", ran.err);
    let (before, after) = (changes(&ran.out), changed.reports());
    assert!(!before.is_empty() && !after.is_empty(), "{before:?} {after:?}");
    assert_eq!(before.len() + after.len(), CHANGES);
}

#[test]
fn the_time_between_listings_is_at_least_a_second() {
    let ran = run(&mut tool(&["watch", "--demo", "--state", "unused", "--every", "1ns"]));
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    assert!(ran.err.contains("the shortest is 1s"), "{}", ran.err);
}

#[test]
fn the_demo_changes_from_listing_to_listing() {
    let scratch = Scratch::new();
    let state = scratch.name("state");
    let text = output(&mut tool(&["watch", "--demo", "--every", "1s", "--rounds", "4", "--state", &state]));
    let kinds: Vec<_> = changes(&text).into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["created", "renamed", "removed"]);
    assert!(text.lines().all(|line| line.contains(&format!(r#""app_id":"{}""#, demo::APP_ID))));
}
