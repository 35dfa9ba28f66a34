//! The examples as processes. `process` is killed: every group is processed, and only those in flight twice. Without an
//! account, each is an error.

#![cfg(unix)]

#[path = "../src/bin/gupshup-groups/demo/mod.rs"]
mod demo;

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use demo::DemoServer;
use futures::TryStreamExt as _;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Group};
use tempfile::TempDir;

const GROUPS: u32 = 1_000;
const KILLS: usize = 20;
/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server and the files of the runs.
struct Runs {
    server: DemoServer,
    directory: TempDir,
}

impl Runs {
    fn new() -> Self {
        let server = DemoServer::start(FakeGroups::new(demo::groups(GROUPS))).unwrap();
        Self { server, directory: TempDir::new().unwrap() }
    }

    fn place(&self) -> PathBuf {
        self.directory.path().join("place")
    }

    fn spawn(&self) -> Child {
        example("process")
            .args([self.place(), self.directory.path().join("handled")])
            .env("GUPSHUP_API_KEY", demo::API_KEY)
            .env("GUPSHUP_APP_ID", demo::APP_ID)
            .env("GUPSHUP_API_URL", self.server.base_url())
            .spawn()
            .unwrap()
    }

    /// The ids that were processed, in order. Every line is complete.
    fn handled(&self) -> Vec<String> {
        let text = fs::read_to_string(self.directory.path().join("handled")).unwrap_or_default();
        assert!(text.is_empty() || text.ends_with('\n'), "half a line was written");
        text.lines().map(str::to_owned).collect()
    }

    /// Returns when this many groups are processed, or the process has ended.
    fn wait_for(&self, child: &mut Child, count: usize) {
        let begun = Instant::now();
        while self.handled().len() < count && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "nothing is handled");
            sleep(Duration::from_micros(200));
        }
    }
}

/// An example, which `cargo test` has built.
fn example(name: &str) -> Command {
    let program = std::env::current_exe().unwrap();
    let example = program.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(example.exists(), "not built: run `cargo build --examples`");
    Command::new(example)
}

/// Scenario: a cron job has lost its environment. Expected: an error that names the variables, and no invented groups, which
/// would look like an account's.
#[test]
fn without_an_account_no_example_lists_anything() {
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap();
    let mut names = Vec::new();
    for source in sources.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()) {
        let name = source.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut example = example(&name);
        for variable in ["GUPSHUP_API_KEY", "GUPSHUP_TOKEN", "GUPSHUP_APP_ID", "GUPSHUP_APP_IDS", "GUPSHUP_API_URL"] {
            example.env_remove(variable);
        }
        let directory = TempDir::new().unwrap();
        let output = example.current_dir(directory.path()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}: {error}");
        assert!(error.contains("set GUPSHUP_") && error.contains("--demo"), "{name}: {error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{name} writes a file");
        names.push(name);
    }
    assert!(names.len() > 5, "{names:?}");
}

/// Scenario: the program is killed twenty times, each time after a few more groups. Expected: the saved place is
/// after processed groups only, and the last run processes the rest.
#[test]
fn killed_again_and_again_it_leaves_no_group_unhandled() {
    let runs = Runs::new();
    let list: Vec<String> = demo::groups(GROUPS).into_iter().map(|group| group.id).collect();
    let mut random = fastrand::Rng::with_seed(1);
    for kill in 0..KILLS {
        let before = runs.handled().len();
        let mut child = runs.spawn();
        runs.wait_for(&mut child, before + random.usize(1..40));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "kill {kill} came too late: {status}");

        let handled = runs.handled();
        let rest = match fs::read_to_string(runs.place()) {
            Ok(place) => rest_of_the_list(&runs, &place),
            Err(_) => list.clone(),
        };
        let behind = &list[..list.len() - rest.len()];
        assert!(behind.iter().all(|id| handled.contains(id)), "kill {kill}: the place is past a group not handled");
    }
    assert!(runs.spawn().wait().unwrap().success());
    assert!(!runs.place().exists(), "at the end of the list nothing is left to continue");

    let mut times = HashMap::<String, usize>::new();
    for id in runs.handled() {
        *times.entry(id).or_default() += 1;
    }
    assert!(list.iter().all(|id| times.contains_key(id)) && times.len() == list.len());
    let repeats = times.values().map(|times| times - 1).sum::<usize>();
    println!("{KILLS} kills: {repeats} times a group was handled again");
    // At each kill up to 16 groups were in flight, and as many were handled since the place was saved.
    assert!(repeats <= KILLS * 64, "{repeats} repeats");
}

/// The ids that a listing resumed at a saved place yields.
fn rest_of_the_list(runs: &Runs, place: &str) -> Vec<String> {
    let rest = runs.server.list().unwrap().resume(place.parse::<Checkpoint>().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let groups: Vec<Group> = runtime.block_on(rest.stream().try_collect()).unwrap();
    groups.into_iter().map(|group| group.id).collect()
}
