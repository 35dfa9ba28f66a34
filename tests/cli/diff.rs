//! `diff`, and the database that it compares with.

use std::process::Command;

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, Group};
use rusqlite::Connection;

use crate::demo;
use crate::support::{Api, Ran, Scratch, after, full_disk, limited, lines_of_table, output, read, run, spawn};

fn list() -> FakeGroups {
    FakeGroups::new([Group::new("b", "Sales", 60), Group::new("a", "Support", 0)])
}

/// Creates, renames and deletes a group.
fn change(list: &FakeGroups) {
    list.create(Group::new("c", "Night shift", 120));
    list.rename("a", "Help desk");
    list.delete("b");
}

const CHANGES: [&str; 3] = ["+ c Night shift", "~ a Support -> Help desk", "- b Sales"];

/// A server, and a list that has changed since its state was saved.
struct Changed {
    api: Api,
    list: FakeGroups,
    scratch: Scratch,
}

impl Changed {
    fn new() -> Self {
        let list = list();
        let this = Self { api: Api::start(list.clone()), list, scratch: Scratch::new() };
        assert_eq!(output(&mut this.diff(&[])), "");
        change(&this.list);
        this
    }

    fn diff(&self, arguments: &[&str]) -> Command {
        let mut diff = self.api.tool(&["diff", "--state", &self.scratch.name("state")]);
        diff.args(arguments);
        diff
    }

    #[track_caller]
    fn reports(&self, expected: &[&str]) {
        assert_eq!(lines_of_table(&output(&mut self.diff(&[]))), expected);
    }

    fn query(&self, sql: &str) -> Vec<String> {
        query(&self.scratch, sql)
    }
}

/// The first column of a query, on a connection of its own.
fn query(scratch: &Scratch, sql: &str) -> Vec<String> {
    let db = Connection::open(scratch.path("state")).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn each_run_reports_what_has_changed_since_the_last() {
    let changed = Changed::new();
    changed.reports(&CHANGES);
    changed.reports(&[]);
    changed.list.delete("c");
    changed.reports(&["- c Night shift"]);
}

#[test]
fn check_says_by_the_exit_code_whether_something_has_changed() {
    let changed = Changed::new();
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, lines_of_table(&ran.out)), (Some(1), CHANGES.map(str::to_owned).to_vec()), "{}", ran.err);
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
}

#[test]
fn the_first_run_reports_nothing_unless_asked_for_the_initial_list() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    let ran = run(&mut api.tool(&["diff", "--check", "--state", &scratch.name("quiet")]));
    assert_eq!((ran.code, &*ran.out), (Some(0), ""));
    assert!(ran.err.contains("2 groups") && ran.err.contains("had no list of the app"), "{}", ran.err);
    let all = output(&mut api.tool(&["diff", "--initial", "--state", &scratch.name("all")]));
    assert_eq!(lines_of_table(&all), ["+ b Sales", "+ a Support"]);
}

#[test]
fn quiet_and_unchanged_prints_nothing_at_all() {
    let changed = Changed::new();
    output(&mut changed.diff(&[]));
    let ran = run(&mut changed.diff(&["--quiet"]));
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""));
}

#[test]
fn the_state_can_be_queried_for_groups_and_changes() {
    let changed = Changed::new();
    changed.reports(&CHANGES);
    assert_eq!(changed.query("SELECT id FROM active_groups ORDER BY id"), ["a", "c"]);
    assert_eq!(changed.query("SELECT subject FROM groups WHERE id = 'a'"), ["Help desk"]);
    assert_eq!(changed.query("SELECT id FROM groups WHERE removed IS NOT NULL AND last_seen <= removed"), ["b"]);
    assert_eq!(
        changed.query("SELECT change || ' ' || id || ' ' || coalesce(subject_before, '') FROM changes ORDER BY number"),
        ["created c ", "renamed a Support", "removed b "]
    );
    assert_eq!(changed.query("SELECT id FROM changes WHERE reported IS NULL"), [""; 0]);
    // Created like a file of a user's own.
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&changed.scratch.path("state").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_group_that_returns_is_created_again_and_keeps_when_it_was_first_seen() {
    let changed = Changed::new();
    changed.reports(&CHANGES);
    let first_seen = changed.query("SELECT first_seen FROM groups WHERE id = 'b'");
    changed.list.create(Group::new("b", "Sales", 60));
    changed.reports(&["+ b Sales"]);
    assert_eq!(changed.query("SELECT first_seen FROM groups WHERE id = 'b' AND removed IS NULL"), first_seen);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_changes_to_be_reported() {
    let changed = Changed::new();
    let ran = run(changed.diff(&["--check"]).stdout(full_disk()));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("No space left") && ran.err.contains("the next run reports the rest"), "{}", ran.err);
    changed.reports(&CHANGES);
}

/// Scenario: the file size is limited to 64 KiB, and the state becomes larger. Expected: an error, and the old state.
#[test]
fn a_state_that_cannot_be_written_stays_as_it_was() {
    let changed = Changed::new();
    for n in 0..2_000 {
        changed.list.create(Group::new(format!("new {n}"), "Night shift", 0));
    }
    let ran = run(&mut limited(128, &changed.diff(&["--quiet"])));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""), "what could not be saved is not reported: {}", ran.err);
    assert_eq!(output(&mut changed.diff(&[])).lines().count(), 2_003);
}

#[test]
fn a_reader_that_closes_the_pipe_leaves_the_changes_to_be_reported() {
    let changed = Changed::new();
    let mut child = spawn(&mut changed.diff(&["--check"]));
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(9), "{}", ran.err);
    assert!(ran.err.contains("the reader closed the output") && ran.err.contains("the next run"), "{}", ran.err);
    changed.reports(&CHANGES);
}

/// Scenario: more changes than a pipe holds; the reader takes one line. Expected: what was written in whole batches is not
/// repeated.
#[test]
fn a_pipe_that_closes_later_repeats_only_what_was_not_reported() {
    let changed = Changed::new();
    for n in 0..3_000 {
        changed.list.create(Group::new(format!("new {n}"), "x".repeat(400), 0));
    }
    let mut child = spawn(&mut changed.diff(&["--format", "jsonl"]));
    let mut stdout = child.stdout.take().unwrap();
    std::io::Read::read_exact(&mut stdout, &mut vec![0; 300_000]).unwrap();
    drop(stdout);
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(9), "{}", ran.err);
    let rest = output(&mut changed.diff(&["--format", "jsonl"])).lines().count();
    assert!(rest < 3_003 - 256, "{rest}");
    assert_eq!(changed.query("SELECT id FROM changes WHERE reported IS NULL"), [""; 0]);
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
    changed.reports(&[&CHANGES[..], &["- c Night shift"]].concat());
    changed.reports(&[]);
}

/// Scenario: a run was killed while it wrote a line, so a file that is appended to ends with the start of the line. Expected:
/// the next run, which reports the change again, removes that. What is not the start of one of its lines stays, as a line of
/// its own.
#[cfg(target_os = "linux")]
#[test]
fn a_line_that_a_kill_has_cut_is_not_left_in_a_file_that_is_appended_to() {
    for (end, left) in [("", ""), ("{\"app_id\":\"demo\",\"change\":\"cre", ""), ("a note", "a note\n")] {
        let (changed, scratch) = (Changed::new(), Scratch::new());
        let before = "an earlier line\n";
        std::fs::write(scratch.path("out"), format!("{before}{end}")).unwrap();
        let out = std::fs::File::options().append(true).open(scratch.path("out")).unwrap();
        assert!(changed.diff(&["--format", "jsonl"]).stdout(out).status().unwrap().success());
        let text = read(&scratch.path("out"));
        let lines = text.strip_prefix(before).and_then(|text| text.strip_prefix(left)).expect(&text);
        assert_eq!(lines.lines().count(), CHANGES.len(), "{text}");
        assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    }
}

#[test]
fn a_listing_that_fails_leaves_the_state_as_it_was() {
    let changed = Changed::new();
    changed.list.script([Fault::Error(Error::api(401, None, "Authentication Failed"))]);
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
    changed.reports(&CHANGES);
}

/// Scenario: all groups are gone, for a night. Expected: an error of its own, nothing removed, and nothing to report when they
/// are back.
#[test]
fn an_empty_list_removes_nothing_unless_it_is_allowed() {
    let changed = Changed::new();
    changed.reports(&CHANGES);
    let groups = changed.list.groups();
    assert!(groups.iter().all(|group| changed.list.delete(&group.id)));
    let ran = run(&mut changed.diff(&["--check"]));
    assert_eq!((ran.code, &*ran.out), (Some(8), ""), "{}", ran.err);
    assert!(ran.err.contains("--max-removed"), "{}", ran.err);
    groups.iter().rev().for_each(|group| changed.list.create(group.clone()));
    changed.reports(&[]);

    assert!(groups.iter().all(|group| changed.list.delete(&group.id)));
    let ran = run(&mut changed.diff(&["--max-removed", "all"]));
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 2), "{}", ran.err);
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
    assert_eq!(lines_of_table(&ran.out), ["a - a Support", "c - b Sales"]);
    assert!(ran.err.ends_with("2 apps, 2 changes reported, 1 failed: b\n"), "{}", ran.err);
    // An app that is left out for a run keeps its state.
    c.create(Group::new("d", "Day shift", 90));
    assert_eq!(output(&mut api.tool(&["diff", "--state", &state, "--app", "a"])), "");
    let rest = output(&mut api.tool(&["diff", "--state", &state, "--app", "c"]));
    assert_eq!(lines_of_table(&rest), ["+ d Day shift"]);
}

#[test]
fn a_file_that_is_not_a_state_is_an_error_and_is_kept() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    let other = scratch.name("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let newer = scratch.name("newer.sqlite");
    output(&mut api.tool(&["diff", "--state", &newer]));
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 2).unwrap();
    for (path, problem) in [
        (scratch.write("json", "{\"version\":1}"), "it is JSON, as the state was before"),
        (scratch.write("text", "something else entirely"), "it is not a database"),
        (other, "it is the database of another program"),
        (newer, "another version of this program wrote it (schema 2, this one has 1)"),
    ] {
        let before = std::fs::read(&path).unwrap();
        let ran = run(&mut api.tool(&["diff", "--state", &path]));
        assert_eq!((ran.code, &*ran.out), (Some(6), ""), "{}", ran.err);
        assert!(ran.err.contains(problem) && ran.err.contains("give another file"), "{}", ran.err);
        assert_eq!(std::fs::read(&path).unwrap(), before, "{path}");
    }
}

#[test]
fn with_require_state_a_lost_file_or_an_app_without_a_list_is_an_error() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    let state = scratch.name("state");
    let diff = |more: &[&str]| run(api.tool(&["diff", "--quiet", "--state", &state]).args(more));
    let ran = diff(&["--require-state"]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("the state does not exist"), "{}", ran.err);
    assert_eq!(scratch.names(), [""; 0]);
    assert_eq!(diff(&[]).code, Some(0));
    assert_eq!(diff(&["--require-state"]).code, Some(0));
    let ran = diff(&["--require-state", "--app", "another"]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("it holds no list of the app another"), "{}", ran.err);
}

#[test]
fn a_symbolic_link_stays() {
    let (api, scratch) = (Api::start(list()), Scratch::new());
    std::os::unix::fs::symlink("real", scratch.path("state")).unwrap();
    output(&mut api.tool(&["diff", "--state", &scratch.name("state")]));
    assert!(scratch.path("state").is_symlink() && scratch.path("real").is_file());
}

#[test]
fn a_closed_standard_output_loses_no_change() {
    let changed = Changed::new();
    let ran = run(&mut after("exec >&-;", &changed.diff(&[])));
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    changed.reports(&CHANGES);
    assert_eq!(changed.query("SELECT app_id FROM apps"), [demo::APP_ID]);
}
