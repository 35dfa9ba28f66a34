//! Several runs at a time on one file.

use std::process::{Child, Command};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Gate, Ran, Scratch, groups_of_jsonl, output, read, run, send, spawn};

/// A run that has the file in use, at its first request.
struct Using {
    api: Api,
    scratch: Scratch,
    gate: Gate,
    child: Child,
}

impl Using {
    fn start(arguments: &[&str]) -> Self {
        let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(7)), 0);
        let (api, scratch) = (Api::start(list), Scratch::new());
        let child = spawn(api.tool(arguments).arg(scratch.name("file")));
        gate.wait();
        Self { api, scratch, gate, child }
    }

    fn tool(&self, arguments: &[&str]) -> Command {
        let mut tool = self.api.tool(arguments);
        tool.arg(self.scratch.name("file"));
        tool
    }

    /// Lets the run come to its end.
    fn end(self) -> (Ran, Scratch) {
        self.gate.open();
        (self.child.wait_with_output().unwrap().into(), self.scratch)
    }
}

#[track_caller]
fn assert_in_use(ran: &Ran) {
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
    assert!(ran.err.contains("file: another run uses it: wait until that run has ended"), "{}", ran.err);
}

#[test]
fn a_state_file_in_use_is_refused_to_every_other_run() {
    let using = Using::start(&["diff", "--initial", "--format", "jsonl", "--state"]);
    assert_in_use(&run(&mut using.tool(&["diff", "--state"])));
    assert_in_use(&run(&mut using.tool(&["watch", "--rounds", "1", "--state"])));
    let (ran, scratch) = using.end();
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 7), "{}", ran.err);
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn a_resume_file_in_use_is_refused_to_every_other_run() {
    let using = Using::start(&["list", "--format", "jsonl", "--max", "3", "--resume-file"]);
    assert_in_use(&run(&mut using.tool(&["list", "--resume-file"])));
    let (ran, scratch) = using.end();
    assert_eq!((ran.code, groups_of_jsonl(&ran.out).len()), (Some(0), 3), "{}", ran.err);
    assert_eq!(scratch.names(), ["file"]);
}

/// Scenario: a run is killed while it has the file in use. Expected: the next run is not held up, and nothing is left of it.
#[test]
fn a_run_that_was_killed_leaves_the_file_free() {
    let mut using = Using::start(&["diff", "--initial", "--state"]);
    send(&using.child, Signal::KILL);
    using.child.wait().unwrap();
    using.gate.open();
    assert_eq!(using.scratch.names(), [".file.lock"]);
    assert_eq!(output(&mut using.tool(&["diff", "--initial", "--state"])).lines().count(), 7);
    assert_eq!(using.scratch.names(), ["file"]);
}

/// Scenario: several runs begin at the same moment. Expected: those that find the file in use say so; the others report each
/// group once, whichever of them it is.
#[test]
fn runs_that_begin_together_report_each_change_once() {
    let api = Api::start(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    let scratch = Scratch::new();
    let diff = || api.tool(&["diff", "--initial", "--state", &scratch.name("file")]);
    let children: Vec<_> = (0..6).map(|_| spawn(&mut diff())).collect();
    let mut lines = 0;
    for child in children {
        let ran = Ran::from(child.wait_with_output().unwrap());
        match ran.code {
            Some(0) => lines += ran.out.lines().count(),
            _ => assert_in_use(&ran),
        }
    }
    assert_eq!(lines, 9);
    assert!(read(&scratch.path("file")).contains("\"id\":\"8\""));
    assert_eq!(output(&mut diff()), "");
}
