//! `--retry-for`, and servers that ask to wait.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use gupshup_groups::testing::FakeGroups;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Scratch, groups_of_jsonl, run, send, spawn};

/// A server that always asks to wait.
fn busy(retry_after: &str) -> Api {
    Api::asking_to_wait(&FakeGroups::new([]), usize::MAX, retry_after)
}

/// Stops a child that waits, after it has said so. Returns its code and what it has said.
fn stop_when_it_waits(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while !said.contains(" waits ") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    send(&child, Signal::TERM);
    (child.wait().unwrap().code(), said)
}

/// Scenario: the server asks to wait two minutes. Expected: with `--retry-for 10m`, it is waited for, and stderr says so, in
/// every command.
#[test]
fn a_wait_that_fits_into_retry_for_is_kept_and_shown() {
    let api = busy("120");
    let scratch = Scratch::new();
    let state = scratch.name("state");
    for command in [&["list"][..], &["count"], &["diff", "--state", &state], &["watch", "--state", &state]] {
        let (code, said) = stop_when_it_waits(spawn(api.tool(command).args(["--retry-for", "10m"])));
        assert_eq!(code, Some(if command[0] == "watch" { 0 } else { 143 }), "{said}");
        assert!(said.contains("app demo: waits 120 s, then tries again: "), "{said}");
    }
}

#[test]
fn a_wait_of_more_than_a_minute_or_than_retry_for_is_an_error_at_once_that_says_how_long() {
    for (wait, option, shown) in [
        ("120", None, "120 s"),
        ("119.009544778", None, "119 s"),
        ("1800000000", None, "20833 days"),
        ("120", Some("90s"), "120 s"),
        ("86400", Some("2h"), "24 h"),
    ] {
        let mut list = busy(wait).tool(&["list"]);
        list.args(option.iter().flat_map(|time| ["--retry-for", time]));
        let ran = run(&mut list);
        assert_eq!((ran.code, &*ran.out), (Some(5), ""), "{}", ran.err);
        let asked = format!(": 429 Too Many Requests (the server asks to wait {shown}); run again after that time; ");
        assert!(ran.err.contains(&asked), "{}", ran.err);
    }
}

#[test]
fn a_list_is_complete_after_a_wait() {
    let list = FakeGroups::new(demo::groups(60));
    let ran = run(&mut Api::asking_to_wait(&list, 1, "2").tool(&["list", "--format", "jsonl"]));
    assert_eq!((ran.code, groups_of_jsonl(&ran.out)), (Some(0), demo::groups(60)), "{}", ran.err);
    assert!(ran.err.contains("waits 2 s, then tries again: "), "{}", ran.err);
}
