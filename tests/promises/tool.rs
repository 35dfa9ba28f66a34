//! The example `list_groups`, run as its users run it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use gupshup_groups::testing::FakeGroups;

use crate::demo::{self, DemoServer};

/// Long enough for any machine; what is waited for takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The example, which `cargo test` has built beside this program.
fn tool() -> Command {
    let program = std::env::current_exe().unwrap();
    let directory = program.ancestors().nth(2).unwrap();
    let tool = directory.join("examples").join(format!("list_groups{}", std::env::consts::EXE_SUFFIX));
    assert!(tool.exists(), "not built: run `cargo build --examples`");
    let mut tool = Command::new(tool);
    for variable in ["GUPSHUP_API_KEY", "GUPSHUP_APP_ID", "GUPSHUP_API_URL"] {
        tool.env_remove(variable);
    }
    tool
}

/// The example, with an account on this server.
fn tool_at(server: &DemoServer) -> Command {
    let mut tool = tool();
    tool.envs([("GUPSHUP_API_KEY", demo::API_KEY), ("GUPSHUP_APP_ID", demo::APP_ID)]);
    tool.env("GUPSHUP_API_URL", server.base_url());
    tool
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A path that is free, and is freed again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", process::id()));
        fs::remove_file(&path).ok();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// Scenario: Ctrl-C while the third page is awaited. Expected: two pages are written, and the next run writes the rest.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_stopped_by_ctrl_c_goes_on_in_the_next() {
    let (reached, is_reached) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let is_released = std::sync::Mutex::new(is_released);
    let list = FakeGroups::new(demo::groups(2_500)).on_request(move |index, _| {
        if index == 2 {
            reached.send(()).unwrap();
            is_released.lock().unwrap().recv_timeout(PATIENCE).ok();
        }
    });
    let server = DemoServer::start(list).await;
    let place = Scratch::new("place");
    let run = || {
        let mut tool = tool_at(&server);
        tool.args(["--format", "csv", "--resume-file"]).arg(&place.0);
        tool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };

    let first = run();
    let process = first.id().to_string();
    // Read it while it runs: a full pipe would stop it before the third page.
    let first = std::thread::spawn(|| first.wait_with_output());
    is_reached.recv_timeout(PATIENCE).unwrap();
    let signal = Command::new("kill").args(["-INT", &process]).status().unwrap();
    assert!(signal.success());
    let first = first.join().unwrap().unwrap();
    assert_eq!(code(&first), Some(130), "{}", text(&first.stderr));
    assert!(text(&first.stderr).starts_with("stopped after 1049 groups in 3 requests"), "{}", text(&first.stderr));
    assert!(fs::read_to_string(&place.0).unwrap().starts_with("gupshup-groups:2:"));
    release.send(()).unwrap();

    let rest = run().wait_with_output().unwrap();
    assert_eq!(code(&rest), Some(0), "{}", text(&rest.stderr));
    assert!(!place.0.exists(), "at the end of the list there is nothing to go on with");

    let whole = [first.stdout, rest.stdout].concat();
    let mut csv = csv::Reader::from_reader(&*whole);
    let groups: Vec<gupshup_groups::Group> = csv.deserialize().map(Result::unwrap).collect();
    assert_eq!(groups, demo::groups(2_500));
}

/// Scenario: a limit of groups a run. Expected: each run goes on where the one before stopped, down to the last group.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn runs_of_a_few_groups_each_make_up_the_list() {
    let server = DemoServer::start(FakeGroups::new(demo::groups(7))).await;
    let place = Scratch::new("batches");
    let mut written = Vec::new();
    for lines in [3, 3, 1] {
        let output = tool_at(&server)
            .args(["--format", "jsonl", "--max", "3", "--read-ahead", "--resume-file"])
            .arg(&place.0)
            .output()
            .unwrap();
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).lines().count(), lines);
        written.extend(output.stdout);
    }
    assert!(!place.0.exists());
    let groups: Vec<gupshup_groups::Group> =
        text(&written).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(groups, demo::groups(7));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for format in ["table", "jsonl", "csv"] {
        let mut child =
            tool().args(["--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), text(&output.stderr)), (Some(0), ""), "{format}");
    }
}

#[test]
fn wrong_options_are_told_apart_from_errors() {
    for arguments in [&["--page-size", "0"][..], &["--page-size", "1025"], &["--format", "xml"], &["--max"], &["x"]] {
        let output = tool().args(arguments).output().unwrap();
        assert_eq!((code(&output), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
    }
    let half = tool().env("GUPSHUP_API_KEY", "k").output().unwrap();
    assert_eq!(code(&half), Some(1));
    assert!(text(&half.stderr).contains("GUPSHUP_APP_ID"), "{}", text(&half.stderr));
}

#[test]
fn a_resume_file_that_holds_no_place_is_an_error_and_stays() {
    let place = Scratch::new("damaged");
    fs::write(&place.0, "gupshup-groups:1:damaged!").unwrap();
    let output = tool().arg("--resume-file").arg(&place.0).output().unwrap();
    assert_eq!((code(&output), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).contains("damaged"), "{}", text(&output.stderr));
    assert!(place.0.exists());
}
