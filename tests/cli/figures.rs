//! Costs: how they grow with the number of apps.
//!
//! `GUPSHUP_APPS=1000 GUPSHUP_BIN=target/release/gupshup-groups cargo test --test cli figures -- --nocapture` measures and
//! prints more.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;

use crate::demo::{self, ApiRequest};
use crate::support::{Api, Scratch};

/// What a run has cost.
#[derive(Debug)]
struct Cost {
    time: Duration,
    /// Bytes written by system calls.
    written: u64,
    /// The peak, in KiB.
    memory: u64,
}

fn apps() -> usize {
    env::var("GUPSHUP_APPS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// A server of these apps, each with as many groups, which answers after some time.
fn server(groups: u32, delay: Duration) -> Api {
    let list: Vec<Group> = demo::groups(groups);
    let list = FakeGroups::new(list);
    let apps = [("app".to_owned(), list)].into_iter().collect();
    Api::answering(move |request| {
        sleep(delay);
        // Every app has the same list.
        let (status, body) =
            futures::executor::block_on(demo::answer(&apps, ApiRequest { path: "/wa/app/app/group", ..request }));
        (status, body.to_string())
    })
}

fn run(api: &Api, scratch: &Scratch, apps: usize, arguments: &[&str]) -> Cost {
    let names = (0..apps).fold(String::new(), |text, n| text + &format!("app-{n}\n"));
    let names = scratch.write("apps", &names);
    let program = env::var("GUPSHUP_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_gupshup-groups").to_owned());
    let tool = api.tool(arguments);
    let mut command = Command::new(program);
    command.args(tool.get_args()).args(["--quiet", "--apps-from", &names]).stdout(Stdio::null());
    command.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let process = format!("/proc/{}", child.id());
    let number = |file: &str, name: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("{process}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let mut cost = Cost { time: Duration::ZERO, written: 0, memory: 0 };
    let status = loop {
        cost.written = number("io", "wchar:").unwrap_or(0).max(cost.written);
        cost.memory = number("status", "VmHWM:").unwrap_or(0).max(cost.memory);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(2));
    };
    cost.time = begun.elapsed();
    assert!(status.success(), "{arguments:?}: {status}");
    println!(
        "{apps} apps, {arguments:?}: {:.2} s, {} KB written, {} KiB of memory at most",
        cost.time.as_secs_f64(),
        cost.written / 1_000,
        cost.memory
    );
    cost
}

#[test]
fn a_first_diff_of_many_apps_writes_in_proportion_to_them() {
    let (api, scratch) = (server(20, Duration::ZERO), Scratch::new());
    let many = apps();
    let list = run(&api, &scratch, many, &["list", "--format", "jsonl"]);
    let few = run(&api, &scratch, many / 4, &["diff", "--state", &scratch.name("few")]);
    let all = run(&api, &scratch, many, &["diff", "--state", &scratch.name("all")]);
    run(&api, &scratch, many, &["diff", "--state", &scratch.name("all")]);
    println!("diff takes {:.2} times as long as list", all.time.as_secs_f64() / list.time.as_secs_f64());
    // Four times as many apps, with room for what is written once.
    assert!(all.written < 6 * few.written.max(100_000), "{few:?}, {all:?}");
}

/// Only with `GUPSHUP_APPS`, because it takes long.
#[test]
fn large_lists_and_slow_answers() {
    if env::var_os("GUPSHUP_APPS").is_none() {
        return;
    }
    let scratch = Scratch::new();
    let api = server(1_000, Duration::ZERO);
    run(&api, &scratch, 320, &["list", "--format", "jsonl"]);
    run(&api, &scratch, 320, &["diff", "--state", &scratch.name("large")]);
    run(&api, &scratch, 320, &["diff", "--state", &scratch.name("large")]);
    let size = fs::metadata(scratch.path("large")).unwrap().len();
    println!("the state of 320 apps of 1,000 groups has {} KB", size / 1_000);
    let api = server(20, Duration::from_millis(100));
    for jobs in ["1", "8", "32"] {
        run(&api, &scratch, apps(), &["list", "--format", "jsonl", "--jobs", jobs]);
    }
}
