//! Ctrl-C, SIGTERM and SIGKILL.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Gate, PATIENCE, Ran, Scratch, groups_of_csv, groups_of_jsonl, run, send, spawn};

/// Reads the output while the child runs: a full pipe would stop it.
fn ending(child: Child) -> thread::JoinHandle<Ran> {
    thread::spawn(|| child.wait_with_output().unwrap().into())
}

/// Scenario: a signal while the third page is awaited. Expected: two pages are written, and the next run writes the rest.
#[test]
fn a_run_that_a_signal_stopped_continues_in_the_next() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(2_500)), 2);
        let api = Api::start(list);
        let scratch = Scratch::new();
        let place = scratch.name("place");
        let list = || api.tool(&["list", "--format", "csv", "--resume-file", &place]);

        let child = spawn(&mut list());
        let pid = rustix::process::Pid::from_child(&child);
        let first = ending(child);
        gate.wait();
        rustix::process::kill_process(pid, signal).unwrap();
        let first = first.join().unwrap();
        assert_eq!(first.code, Some(code), "{}", first.err);
        assert!(first.err.contains("stopped: demo: 1049 groups"), "{}", first.err);
        assert!(first.err.contains("run again with the same --resume-file"), "{}", first.err);
        assert_eq!(groups_of_csv(&first.out), demo::groups(2_500)[..1_049]);
        gate.open();

        let rest = run(&mut list());
        assert_eq!(rest.code, Some(0), "{}", rest.err);
        assert_eq!(scratch.names(), [""; 0]);
        assert_eq!(groups_of_csv(&format!("{}{}", first.out, rest.out)), demo::groups(2_500));
    }
}

/// A list in thirty pages, slow enough for signals to arrive in every part of a run.
fn slow_list() -> FakeGroups {
    FakeGroups::new(demo::groups(600)).on_request(|_, _| sleep(Duration::from_micros(500)))
}

/// Runs until the list is complete; each run but the last gets a signal at a random moment, on average after ten pages.
/// Returns the output of all runs, and how many were stopped.
fn in_parts(list: &FakeGroups, random: &mut fastrand::Rng, signals: &[Signal]) -> (String, usize) {
    let api = Api::start(list.clone());
    let scratch = Scratch::new();
    let place = scratch.name("place");
    let (mut written, mut stopped) = (String::new(), 0);
    loop {
        let pages = list.requests().len() + random.usize(..20);
        let child = spawn(&mut api.tool(&["list", "--format", "jsonl", "--page-size", "20", "--resume-file", &place]));
        let pid = rustix::process::Pid::from_child(&child);
        let run = ending(child);
        while list.requests().len() < pages && !run.is_finished() {
            sleep(Duration::from_micros(100));
        }
        sleep(Duration::from_micros(random.u64(..2_000)));
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, signals[random.usize(..signals.len())]);
        let ran = run.join().unwrap();
        written += &ran.out;
        if !written.is_empty() && !written.ends_with('\n') {
            // An incomplete line.
            written.push('\n');
        }
        match ran.code {
            Some(0) => return (written, stopped),
            // Killed after it had removed the file.
            None if !scratch.path("place").exists() && has_all(&written) => return (written, stopped),
            Some(130 | 143) | None => stopped += 1,
            other => panic!("{other:?}: {}", ran.err),
        }
    }
}

fn has_all(written: &str) -> bool {
    demo::groups(600).last().is_some_and(|last| written.contains(&last.id))
}

#[test]
fn stopped_at_random_moments_no_group_is_lost_and_none_comes_twice() {
    let list = slow_list();
    let mut random = fastrand::Rng::with_seed(1);
    let mut stops = 0;
    for _ in 0..8 {
        let (written, stopped) = in_parts(&list, &mut random, &[Signal::INT, Signal::TERM]);
        assert_eq!(groups_of_jsonl(&written), demo::groups(600));
        stops += stopped;
    }
    assert!(stops >= 8, "only {stops} runs were stopped");
}

#[test]
fn killed_at_random_moments_no_group_is_lost_and_at_most_a_page_is_repeated() {
    let list = slow_list();
    let mut random = fastrand::Rng::with_seed(2);
    let mut kills = 0;
    for _ in 0..8 {
        let (written, killed) = in_parts(&list, &mut random, &[Signal::KILL]);
        // An incomplete line is repeated.
        let groups: Vec<_> = written.lines().filter_map(|line| serde_json::from_str::<Group>(line).ok()).collect();
        let ids: HashSet<_> = groups.iter().map(|group| &group.id).collect();
        assert_eq!(ids.len(), 600);
        assert!(groups.len() <= 600 + 20 * killed, "{} groups, {killed} kills", groups.len());
        kills += killed;
    }
    assert!(kills >= 8, "only {kills} runs were killed");
}

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

/// Scenario: the apps are to be typed, and nobody types. Expected: the first signal ends the program, which has nothing to save.
#[test]
fn a_signal_ends_a_program_that_waits_for_its_input() {
    let api = Api::start(FakeGroups::new(demo::groups(3)));
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
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
