//! The table of exit codes, row by row.

use std::process::{Child, Command};

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, Group};
use rusqlite::Connection;
use rustix::process::Signal;

use crate::demo;
use crate::support::{Api, Gate, Scratch, full_disk, output, send, spawn, tool};

/// A server with seven groups, and a state that holds three others, so that a diff finds changes.
struct World {
    api: Api,
    scratch: Scratch,
}

impl World {
    fn new() -> Self {
        let list = FakeGroups::new(demo::groups(7));
        let scratch = Scratch::new();
        let old = FakeGroups::new(demo::groups(7).into_iter().skip(1).collect::<Vec<Group>>());
        output(&mut Api::start(old).tool(&["diff", "--state", &scratch.name("state")]));
        Self { api: Api::start(list), scratch }
    }

    fn diff(&self) -> Command {
        self.api.tool(&["diff", "--check", "--state", &self.scratch.name("state")])
    }
}

/// The code of a run whose output nobody reads.
fn unread(mut command: Command) -> Option<i32> {
    let mut child = spawn(&mut command);
    drop(child.stdout.take());
    child.wait_with_output().unwrap().status.code()
}

fn code(command: &mut Command) -> Option<i32> {
    command.output().unwrap().status.code()
}

fn code_of(child: Child) -> Option<i32> {
    child.wait_with_output().unwrap().status.code()
}

/// The code of a listing that a signal stops.
fn stopped(signal: Signal) -> Option<i32> {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(7)), 0);
    let api = Api::start(list);
    let child = spawn(&mut api.tool(&["list"]));
    gate.wait();
    send(&child, signal);
    let code = code_of(child);
    gate.open();
    code
}

/// The code of a watch that a signal stops after a listing.
fn stopped_watch() -> Option<i32> {
    let (list, gate) = Gate::at(&FakeGroups::new([]), 4);
    let (api, scratch) = (Api::start(list), Scratch::new());
    let child = spawn(&mut api.tool(&["watch", "--every", "1s", "--state", &scratch.name("state")]));
    gate.wait();
    send(&child, Signal::TERM);
    let code = code_of(child);
    gate.open();
    code
}

#[test]
fn every_row_of_the_table_is_what_the_program_does() {
    let world = World::new();
    let empty = || Api::start(FakeGroups::new([]));
    let busy = Api::always(503, "{}");
    let locked = {
        let scratch = Scratch::new();
        output(&mut world.api.tool(&["diff", "--state", &scratch.name("state")]));
        let other = Connection::open(scratch.path("state")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        code(&mut world.api.tool(&["diff", "--initial", "--state", &scratch.name("state")]))
    };
    let locked_partial = {
        let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(7)), 0);
        let (api, scratch) = (Api::start(list), Scratch::new());
        let first = spawn(&mut api.tool(&["list", "--output", &scratch.name("groups")]));
        gate.wait();
        let second = code(&mut api.tool(&["list", "--output", &scratch.name("groups")]));
        gate.open();
        assert_eq!(code_of(first), Some(0));
        second
    };
    let watch = |arguments: &[&str]| {
        let scratch = Scratch::new();
        code(tool(&["watch", "--demo", "--state", &scratch.name("state"), "--every", "1s"]).args(arguments))
    };
    let with_command =
        |program: &str| code(world.api.tool(&["list", "--token-command", program]).env_remove("GUPSHUP_API_KEY"));
    let mut full = world.api.tool(&["list"]);
    full.stdout(full_disk());
    let table = [
        // The rows change the state: their order matters.
        ("done", 0, code(&mut world.api.tool(&["count"]))),
        ("the reader of a list closed the pipe", 0, unread(tool(&["list", "--demo"]))),
        ("changes that nobody read", 9, unread(world.diff())),
        ("changes that are still to be reported", 1, code(&mut world.diff())),
        ("no changes", 0, code(&mut world.diff())),
        (
            "a list that lacks all groups",
            8,
            code(&mut empty().tool(&["diff", "--state", &world.scratch.name("state")])),
        ),
        ("wrong options", 2, code(&mut tool(&["list", "--max"]))),
        ("no account", 3, code(&mut tool(&["list"]))),
        ("no app", 3, code(world.api.tool(&["list"]).env_remove("GUPSHUP_APP_ID"))),
        ("a command for the token that cannot be run", 3, with_command("no-such-program")),
        ("a key that is refused", 4, code(world.api.tool(&["list"]).env("GUPSHUP_API_KEY", "wrong"))),
        ("a token that is refused", 4, with_command("echo wrong")),
        ("an app that does not exist", 4, code(&mut world.api.tool(&["list", "--app", "wrong"]))),
        ("a request that is refused", 4, code(&mut Api::always(400, "{}").tool(&["list"]))),
        ("a redirect", 4, code(&mut Api::always(308, "").tool(&["list"]))),
        ("a server that is down", 5, code(&mut busy.tool(&["list", "--retry-for", "1ms"]))),
        ("a full disk", 6, code(&mut full)),
        ("a file that does not exist", 6, code(&mut world.api.tool(&["list", "--apps-from", "no/such/file"]))),
        ("a state that another run writes to", 7, locked),
        ("a partial file that another run writes", 7, locked_partial),
        ("a command for changes that fails", 9, watch(&["--initial", "--rounds", "1", "--on-change", "false"])),
        ("a signal that stops a watch with nothing to report", 0, stopped_watch()),
        ("SIGHUP", 129, stopped(Signal::HUP)),
        ("SIGINT", 130, stopped(Signal::INT)),
        ("SIGTERM", 143, stopped(Signal::TERM)),
    ];
    for (scenario, expected, found) in table {
        assert_eq!(found, Some(expected), "{scenario}");
    }
    let help = output(&mut tool(&["--help"]));
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    for line in codes.lines().filter(|line| line.starts_with("  ")) {
        let Some(Ok(code)) = line.split_whitespace().next().map(str::parse::<i32>) else { continue };
        assert!(table.iter().any(|(_, expected, _)| *expected == code), "{code} of the help is not in the table");
    }
}

/// Scenario: the first app is refused, then the reader closes the pipe. Expected: the code of the first failure.
#[test]
fn the_first_failure_survives_a_closed_pipe() {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(2_500)), 0);
    let api = Api::start_apps([("good", list)]);
    let scratch = Scratch::new();
    for (command, state) in [("list", None), ("diff", Some(scratch.name("state")))] {
        let mut command = api.tool(&[command, "--app", "bad", "--app", "good", "--jobs", "1"]);
        if let Some(state) = state {
            command.args(["--initial", "--state", &state]);
        }
        let mut child = spawn(&mut command);
        if !command.get_args().any(|argument| argument == "--state") {
            gate.wait();
            gate.open();
        }
        drop(child.stdout.take());
        assert_eq!(code_of(child), Some(4));
    }
}

#[test]
fn a_failure_that_comes_before_changes_counts() {
    let list = FakeGroups::new(demo::groups(3)).script([Fault::Error(Error::api(403, None, "no"))]);
    let (api, scratch) = (Api::start_apps([("a", list), ("b", FakeGroups::new(demo::groups(2)))]), Scratch::new());
    let state = scratch.name("state");
    let mut command = api.tool(&["diff", "--check", "--initial", "--app", "a", "--app", "b", "--state", &state]);
    assert_eq!(code(&mut command), Some(4));
}
