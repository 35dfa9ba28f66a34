//! Runs that are killed at random moments.
//!
//! `GUPSHUP_KILLS=500 cargo test --test cli kills` makes more of them.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rustix::process::Signal;
use serde_json::Value;

use crate::demo;
use crate::support::{Api, Scratch, full_disk, groups_of_csv, groups_of_jsonl, limited, output, read, send};

const SIGNALS: [Signal; 3] = [Signal::KILL, Signal::TERM, Signal::INT];

/// How many runs a test kills.
fn kills() -> usize {
    env::var("GUPSHUP_KILLS").ok().and_then(|text| text.parse::<usize>().ok()).map_or(24, |all| all / 3)
}

/// A list in thirty pages, slow enough for signals to arrive in every part of a run.
fn slow_list() -> FakeGroups {
    FakeGroups::new(demo::groups(600)).on_request(|_, _| sleep(Duration::from_micros(500)))
}

/// Waits for a random moment of a run, then sends a signal. Returns whether it came before the end of the run.
fn kill(mut child: Child, random: &mut fastrand::Rng, longest: Duration) -> bool {
    let longest = u64::try_from(longest.as_micros()).unwrap();
    sleep(Duration::from_micros(random.u64(..longest)));
    if child.try_wait().unwrap().is_some() {
        return false;
    }
    send(&child, SIGNALS[random.usize(..SIGNALS.len())]);
    !child.wait().unwrap().success()
}

#[test]
fn a_file_is_absent_old_or_whole_and_a_killed_list_continues() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut killed = 0;
    let mut old = String::new();
    let scratch = Scratch::new();
    let api = Api::start(slow_list());
    let list = |more: &[&str]| {
        let file = scratch.name("groups");
        let mut list = api.tool(&["list", "--quiet", "--page-size", "20", "--output", &file]);
        list.args(more);
        list
    };
    for round in 0_usize.. {
        if killed >= kills() {
            break;
        }
        let format = if round % 2 == 0 { "jsonl" } else { "csv" };
        let begin: [&str; 2] = ["--format", format];
        let mut more = begin.to_vec();
        loop {
            let full = random.u8(..4) == 0;
            let mut command = list(&more);
            let stopped = if full {
                let mut command = limited(random.u64(1..160), &command);
                !command.output().unwrap().status.success()
            } else {
                kill(
                    command.stderr(std::process::Stdio::null()).spawn().unwrap(),
                    &mut random,
                    Duration::from_millis(90),
                )
            };
            let now = if scratch.path("groups").exists() { read(&scratch.path("groups")) } else { String::new() };
            if !stopped {
                break;
            }
            killed += 1;
            // Killed after it had replaced the file, or before.
            if now != old {
                break;
            }
            more = [&begin[..], &["--resume"]].concat();
            // As an operator would, if nothing is left to continue.
            assert!(killed < 10_000);
        }
        // The last run may have been killed just before its end.
        if !scratch.path("groups").exists() || scratch.path("groups.partial").exists() {
            output(&mut list(&more));
        }
        old = read(&scratch.path("groups"));
        let groups = if format == "csv" { groups_of_csv(&old) } else { groups_of_jsonl(&old) };
        assert_eq!(groups, demo::groups(600));
    }
    println!("list --output --resume: {killed} runs were stopped");
}

/// The changes in JSON lines, of which each is whole, and how often each comes.
fn counted(text: &str) -> BTreeMap<(String, String, String), usize> {
    let mut counted = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("a broken line ({error}): {line}"));
        let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        *counted.entry((field("change"), field("id"), field("subject"))).or_default() += 1;
    }
    counted
}

/// Makes a few changes, each of which happens once.
fn change(list: &FakeGroups, turn: usize, expected: &mut HashSet<(String, String, String)>) {
    let group =
        Group::new(format!("new {turn}"), format!("Group {turn}"), 1_750_000_000 + i64::try_from(turn).unwrap());
    expected.insert(("created".to_owned(), group.id.clone(), group.subject.clone()));
    list.create(group);
    // One of the first groups, each once.
    if let Some(old) = demo::groups(60).get(turn) {
        let name = format!("Renamed {turn}");
        list.rename(&old.id, &name);
        expected.insert(("renamed".to_owned(), old.id.clone(), name));
    }
}

/// Runs a command that reports changes to a file, again and again, killing it; between the runs, the list changes.
fn reports(seed: u64, arguments: &[&str], log: Option<&str>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let list = FakeGroups::new(demo::groups(60));
    let (api, scratch) = (Api::start(list.clone()), Scratch::new());
    let (state, out) = (scratch.name("state"), scratch.path("out"));
    output(&mut api.tool(&["diff", "--state", &state]));
    let hook = log.map(|_| format!("cat >> '{}'", scratch.name("log")));
    let command = || {
        let mut command = api.tool(arguments);
        command.args(["--state", &state]).stderr(std::process::Stdio::null());
        if let Some(hook) = &hook {
            command.args(["--on-change", hook]);
        }
        command.stdout(std::fs::File::options().append(true).create(true).open(&out).unwrap());
        command
    };
    let mut expected = HashSet::new();
    let (mut killed, mut turn) = (0, 0);
    while killed < kills() {
        for _ in 0..random.usize(1..5) {
            change(&list, turn, &mut expected);
            turn += 1;
        }
        if random.u8(..6) == 0 {
            assert!(!command().stdout(full_disk()).status().unwrap().success());
            killed += 1;
        } else {
            killed += usize::from(kill(command().spawn().unwrap(), &mut random, Duration::from_millis(60)));
        }
    }
    assert!(command().status().unwrap().success());
    let file = log.map_or(out.clone(), |log| scratch.path(log));
    for text in [read(&out), read(&file)] {
        let counted = counted(&text);
        let found: HashSet<_> = counted.keys().cloned().collect();
        assert_eq!(found, expected);
        let repeated: usize = counted.values().map(|count| count - 1).sum();
        println!("{arguments:?}: {killed} runs were stopped; {} changes, {repeated} repeated", counted.len());
    }
}

#[test]
fn every_change_of_a_killed_diff_is_reported_in_a_whole_line() {
    reports(2, &["diff", "--format", "jsonl"], None);
}

#[test]
fn every_change_of_a_killed_watch_is_reported_and_its_command_run() {
    reports(3, &["watch", "--rounds", "1", "--every", "1s"], Some("log"));
}
