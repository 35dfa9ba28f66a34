//! `gupshup-groups`: lists the active WhatsApp groups of Gupshup apps, and their changes.
//!
//! `gupshup-groups --help` is its documentation.

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod account;
mod args;
mod changes;
mod count;
mod demo;
mod diff;
mod exclusive;
mod exit;
mod help;
mod list;
mod manual;
mod message;
mod output;
mod resume;
mod say;
mod signals;
mod state;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Command, Options};
use exit::{Exit, Failure};
use signals::Signals;

// The main thread may block while it writes; the worker thread then receives a second signal.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let exit = run(Options::parse()).await.unwrap_or_else(|failure| {
        if !failure.message.is_empty() {
            say::say(&failure.message);
        }
        failure.exit
    });
    exit.into()
}

async fn run(options: Options) -> Result<Exit, Failure> {
    let signals =
        Signals::install().map_err(|error| Failure::new(Exit::File, format!("signals cannot be received: {error}")))?;
    match options.command {
        Command::List(options) => list::run(options, signals).await,
        Command::Count(options) => count::run(options, signals).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { directory } => manual::man(directory.as_deref()),
        Command::Diff(options) => diff::run(options, signals).await,
        Command::Watch(options) => watch::run(options, signals).await,
    }
}
