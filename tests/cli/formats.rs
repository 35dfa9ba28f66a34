//! The output formats.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Ran, groups_of_csv, groups_of_jsonl, output, run, spawn, tool};

#[test]
fn every_format_holds_all_groups_in_the_order_of_the_list() {
    let groups = demo::groups(2_500);
    let list = |format| output(&mut tool(&["list", "--demo", "--format", format]));
    assert_eq!(groups_of_jsonl(&list("jsonl")), groups);
    assert_eq!(groups_of_csv(&list("csv")), groups);
    let table = list("table");
    assert_eq!(table.lines().count(), 2_500);
    assert!(table.lines().zip(&groups).all(|(line, group)| line.contains(&group.id)));
}

#[test]
fn untrusted_text_cannot_control_a_terminal_or_a_spreadsheet() {
    let group = Group::new("+aWQ=", "=HYPERLINK(\"//evil\")\n\u{1b}[2J\u{202e}gpj", 0);
    let api = Api::start(FakeGroups::new([group.clone()]));
    assert_eq!(
        output(&mut api.tool(&["list"])),
        "1970-01-01T00:00:00Z +aWQ= =HYPERLINK(\"//evil\")\\n\\u{1b}[2J\\u{202e}gpj\n"
    );
    assert_eq!(
        output(&mut api.tool(&["list", "--format", "csv"])),
        "\"app_id\",\"id\",\"subject\",\"creation_timestamp\",\"created_at\"\n\
         \"demo\",\"+aWQ=\",\"'=HYPERLINK(\"\"//evil\"\")\n\u{1b}[2J\u{202e}gpj\",\"0\",\"1970-01-01T00:00:00Z\"\n"
    );
    assert_eq!(groups_of_jsonl(&output(&mut api.tool(&["list", "--format", "jsonl"]))), [group]);
}

#[test]
fn a_message_of_the_server_cannot_control_a_terminal() {
    let api = Api::always(400, r#"{"status":"error","message":"no\u001b[2J\u202enope"}"#);
    let ran = run(&mut api.tool(&["list"]));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(ran.err.contains("nope") && !ran.err.contains(['\u{1b}', '\u{202e}']), "{}", ran.err);
}

#[test]
fn an_empty_list_is_a_header_in_csv_and_nothing_elsewhere() {
    let api = Api::start(FakeGroups::new([]));
    assert_eq!(output(&mut api.tool(&["list"])), "");
    assert_eq!(output(&mut api.tool(&["list", "--format", "jsonl"])), "");
    assert_eq!(
        output(&mut api.tool(&["list", "--format", "csv"])),
        "\"app_id\",\"id\",\"subject\",\"creation_timestamp\",\"created_at\"\n"
    );
    assert_eq!(output(&mut api.tool(&["count"])), "0\n");
}

#[test]
fn max_and_backward_from_list_a_part() {
    let fake = FakeGroups::new(demo::groups(60));
    let cursor = fake.cursor_at(&demo::groups(60)[10].id).unwrap();
    let api = Api::start(fake);
    let ids = |arguments: &[&str]| -> Vec<String> {
        let text = output(api.tool(&["list", "--format", "jsonl"]).args(arguments));
        groups_of_jsonl(&text).into_iter().map(|group| group.id).collect()
    };
    let all: Vec<String> = demo::groups(60).into_iter().map(|group| group.id).collect();
    assert_eq!(ids(&["--max", "3"]), all[..3]);
    let back: Vec<String> = all[..10].iter().rev().cloned().collect();
    assert_eq!(ids(&["--backward-from", cursor.as_str()]), back);
    assert_eq!(ids(&["--backward-from", cursor.as_str(), "--max", "4"]), back[..4]);
    let two_apps = run(&mut api.tool(&["list", "--app", "a", "--app", "b", "--backward-from", "x"]));
    assert_eq!((two_apps.code, &*two_apps.out), (Some(2), ""));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    for format in ["table", "jsonl", "csv"] {
        let mut child = spawn(&mut tool(&["list", "--demo", "--quiet", "--format", format]));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{format}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "only that it is a demo: {}", ran.err);
    }
}

#[test]
fn a_closed_stderr_does_not_stop_the_program() {
    let mut child = spawn(tool(&["list", "--demo"]).stdout(Stdio::piped()));
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout.split_inclusive(|byte| *byte == b'\n').count(), 2_500);
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = output(&mut tool(&["completions", shell]));
        assert!(script.contains("backward-from"), "{shell}");
    }
    let page = output(&mut tool(&["man"]));
    assert!(page.contains(".SH \"EXIT STATUS\"") || page.contains(".SH EXIT STATUS"), "{page}");
    let scratch = crate::support::Scratch::new();
    std::fs::create_dir(scratch.path("man1")).unwrap();
    output(&mut tool(&["man", &scratch.name("man1")]));
    let page = crate::support::read(&scratch.path("man1").join("gupshup-groups-list.1"));
    assert!(page.contains("backward\\-from"), "{page}");
    assert_eq!(run(&mut tool(&["man", &scratch.name("missing")])).code, Some(6));
}

#[test]
fn help_and_version_succeed_and_name_every_exit_code() {
    assert_eq!(output(&mut tool(&["--version"])), concat!("gupshup-groups ", env!("CARGO_PKG_VERSION"), "\n"));
    for command in [&["--help"][..], &["list", "--help"], &["diff", "--help"], &["watch", "--help"]] {
        let help = output(&mut tool(command));
        let (_, codes) = help.split_once("Exit codes:").unwrap();
        for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 129, 130, 143] {
            let code = code.to_string();
            assert!(codes.lines().any(|line| line.split_whitespace().next() == Some(&code)), "{code} in {command:?}");
        }
    }
    assert!(output(&mut tool(&["list", "--help"])).contains("formula"));
}

/// The names that break readers: separators of lines in Unicode, controls, quotes, formulas, separators of cells.
pub(crate) const HOSTILE: [&str; 9] = [
    "Night\u{2028}shift",
    "a\u{2029}b\u{85}c",
    "a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f",
    "two\r\nlines",
    "x;=1+1",
    "\"quoted\", and more",
    "\u{feff}mark",
    "\\u2028 \\n",
    "",
];

#[test]
fn hostile_names_are_one_json_line_each_for_every_reader_and_exact() {
    let groups: Vec<_> = HOSTILE.iter().enumerate().map(|(n, name)| Group::new(n.to_string(), *name, 0)).collect();
    let text = output(&mut Api::start(FakeGroups::new(groups.clone())).tool(&["list", "--format", "jsonl"]));
    let separators = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    assert_eq!(text.trim_end_matches('\n').split(separators).count(), groups.len());
    assert_eq!(groups_of_jsonl(&text), groups);
}

#[test]
fn hostile_names_are_one_csv_record_each_and_no_formula() {
    let groups: Vec<_> = HOSTILE.iter().enumerate().map(|(n, name)| Group::new(n.to_string(), *name, 0)).collect();
    let text = output(&mut Api::start(FakeGroups::new(groups.clone())).tool(&["list", "--format", "csv"]));
    let read = groups_of_csv(&text);
    assert_eq!(read.len(), groups.len());
    assert!(!text.contains(";=") && text.contains("x;'=1+1"), "{text}");
    for (read, group) in read.iter().zip(&groups) {
        assert!(read.id == group.id && read.subject.replace('\'', "") == group.subject, "{read:?}");
    }
}

#[test]
fn a_typo_gets_a_suggestion_and_help_has_no_colours_in_a_pipe() {
    let ran = run(&mut tool(&["list", "--formt", "csv"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("'--format'"), "{}", ran.err);
    let ran = run(&mut tool(&["lst"]));
    assert!(ran.err.contains("'list'"), "{}", ran.err);
    assert!(!output(&mut tool(&["--help"])).contains('\u{1b}'));
}
