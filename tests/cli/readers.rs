//! The output, read by other programs. A reader that is not installed is named on stderr, and not tried.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use serde_json::Value;

use crate::formats::HOSTILE;
use crate::support::{Api, output};

/// What a program writes that reads this text, as JSON; `None` if it is not installed.
fn read_by(program: &[&str], text: &str) -> Option<Value> {
    let child = Command::new(program[0]).args(&program[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        #[expect(clippy::explicit_write, reason = "what `eprintln!` writes is captured")]
        writeln!(std::io::stderr(), "SKIPPED: {} is not installed", program[0]).unwrap();
        return None;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Hostile names, and what the program writes for them in a format.
fn hostile(format: &str) -> (Value, String) {
    let groups = HOSTILE.iter().enumerate().map(|(n, name)| Group::new(n.to_string(), *name, 0));
    let text = output(&mut Api::start(FakeGroups::new(groups)).tool(&["list", "--format", format]));
    (HOSTILE.iter().map(|name| Value::from(*name)).collect(), text)
}

#[test]
fn json_lines_are_exact_for_jq_and_for_readers_of_lines_in_python_and_node() {
    const PYTHON: &str = "import sys, json
text = sys.stdin.buffer.read().decode()
print(json.dumps([json.loads(line)['subject'] for line in text.splitlines()]))";
    const NODE: &str = "const subjects = [];
require('readline').createInterface({input: process.stdin})
    .on('line', line => subjects.push(JSON.parse(line).subject))
    .on('close', () => console.log(JSON.stringify(subjects)));";
    let (names, text) = hostile("jsonl");
    for reader in [&["jq", "-s", "map(.subject)"][..], &["python3", "-c", PYTHON], &["node", "-e", NODE]] {
        if let Some(read) = read_by(reader, &text) {
            assert_eq!(read, names, "{}", reader[0]);
        }
    }
}

/// The guard is an apostrophe before what a spreadsheet could run.
#[test]
fn csv_is_a_record_a_group_for_python_and_exact_but_for_the_guard() {
    const PYTHON: &str = "import sys, csv, io, json
text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')
print(json.dumps([record['subject'].replace(\"'\", '') for record in csv.DictReader(text)]))";
    let (names, text) = hostile("csv");
    if let Some(read) = read_by(&["python3", "-c", PYTHON], &text) {
        assert_eq!(read, names);
    }
}
