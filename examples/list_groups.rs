//! Lists all groups of an app, one a line: when each was created (UTC), its id, its subject.
//!
//! ```sh
//! cargo run --example list_groups
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example list_groups
//! ```
//!
//! Without the two variables it lists 2,500 groups of a demo server that it starts on loopback. With them it lists the
//! live API, at `GUPSHUP_API_URL` if that is set.

mod demo;

use std::env;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

use futures::StreamExt;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, Group, ListGroups};
use jiff::Timestamp;

use demo::DemoServer;

const KEY: &str = "GUPSHUP_API_KEY";
const APP: &str = "GUPSHUP_APP_ID";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // The demo server lives as long as this binding.
    let (groups, _demo) = match (is_set(KEY), is_set(APP)) {
        (true, true) => (Client::from_env()?.groups(env::var(APP)?), None),
        (false, false) => {
            let demo = DemoServer::start(FakeGroups::new(demo::groups(2500))).await;
            let client = Client::builder(demo::API_KEY).base_url(demo.base_url()).build()?;
            (client.groups(demo::APP_ID), Some(demo))
        }
        (true, false) => return Err(format!("{KEY} is set, but {APP} is not: set it to the app's id").into()),
        (false, true) => return Err(format!("{APP} is set, but {KEY} is not: set it to the account's API key").into()),
    };
    list(&groups).await
}

/// Prints every group, then a summary. What arrived before an error is printed too.
async fn list(groups: &ListGroups) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut stream = groups.stream();
    while let Some(group) = stream.next().await {
        writeln!(out, "{}", line(&group?))?;
    }
    out.flush()?;
    let progress = stream.progress();
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("{} groups in {} requests, {seconds:.1} s", progress.groups, progress.requests);
    Ok(())
}

fn line(group: &Group) -> String {
    let seconds = group.creation_timestamp;
    let created = Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string());
    format!("{created} {} {}", one_line(&group.id), one_line(&group.subject))
}

/// Others chose this text. Escaped, it can neither break the line nor steer the terminal.
fn one_line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a variable holds something.
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// The reader has seen enough (`| head`): no reason to complain.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
