//! Ctrl-C, SIGTERM and SIGHUP.

use std::io::Write as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gupshup_groups::testing::FakeGroups;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Gate, PATIENCE, Ran, Scratch, after, send, spawn};

/// Scenario: the output is not read and is more than a pipe holds, so that the program cannot even stop.
#[test]
fn a_second_signal_ends_the_program_at_once() {
    let list = FakeGroups::new(demo::groups(2_500));
    let api = Api::start(list.clone());
    let mut child = spawn(&mut api.tool(&["list", "--format", "jsonl"]));
    let until = Instant::now() + PATIENCE;
    while list.requests().len() < 2 {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(1));
    }
    let status = loop {
        send(&child, Signal::INT);
        sleep(Duration::from_millis(1));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < until);
    };
    assert_eq!(status.code(), Some(130));
}

/// Scenario: `timeout` sends its signal to the program and at once to its process group, so that it comes twice. Expected: that is
/// one signal. The place is saved, and the last line counts the apps that are listed.
#[test]
fn two_signals_at_once_are_one() {
    for _ in 0..5 {
        let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(60)), 1);
        let api = Api::start_apps([("a", FakeGroups::new(demo::groups(3))), ("b", list)]);
        let scratch = Scratch::new();
        let file = scratch.name("groups");
        let mut list = api.tool(&["list", "--jobs", "1", "--app", "a", "--app", "b", "--page-size", "25"]);
        let child = spawn(list.args(["--output", &file]));
        gate.wait();
        send(&child, Signal::TERM);
        // So that it is not merged with the first.
        sleep(Duration::from_millis(5));
        send(&child, Signal::TERM);
        let ran = Ran::from(child.wait_with_output().unwrap());
        gate.open();
        assert_eq!(ran.code, Some(143), "{}", ran.err);
        assert!(ran.err.contains("gupshup-groups: 1 of 2 apps\n"), "{}", ran.err);
        assert!(ran.err.contains("stopped: ") && ran.err.contains("run again with --resume"), "{}", ran.err);
    }
}

/// Scenario: the apps are to be typed, and nobody types. Expected: the first signal ends the program, which has nothing to save.
#[test]
fn a_signal_ends_a_program_that_waits_for_its_input() {
    let api = Api::start(FakeGroups::new(demo::groups(3)));
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = spawn(api.tool(&["list", "--apps-from", "-"]).stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe holds: when it is written, the program reads.
        stdin.write_all(&vec![b'\n'; 1024 * 1024]).unwrap();
        send(&child, signal);
        let until = Instant::now() + PATIENCE;
        let status = loop {
            assert!(Instant::now() < until, "it waits for its input");
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None => sleep(Duration::from_millis(1)),
            }
        };
        assert_eq!(status.code(), Some(code));
    }
}

/// Scenario: `nohup`, which ignores SIGHUP, and then the terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_the_caller_ignores_does_not_stop_the_program() {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(3)), 0);
    let api = Api::start(list);
    let child = spawn(&mut after("trap '' HUP;", &api.tool(&["list"])));
    gate.wait();
    send(&child, Signal::HUP);
    gate.open();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 3), "{}", ran.err);
}
