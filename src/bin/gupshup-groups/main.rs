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

use std::future::Future;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime;

use args::{Command, Options};
use exit::{Exit, Failure};
use signals::Signals;

fn main() -> ExitCode {
    let options = Options::parse();
    let ended = in_runtime(run(options)).unwrap_or_else(|error| {
        Err(Failure::new(Exit::File, format!("the program cannot start its threads: {error}")))
    });
    let exit = ended.unwrap_or_else(|failure| {
        if !failure.message.is_empty() {
            say::say(&failure.message);
        }
        failure.exit
    });
    exit.into()
}

/// Runs to the end, without waiting for what else may still block, such as the resolution of a name.
fn in_runtime<T>(run: impl Future<Output = T>) -> io::Result<T> {
    // The main thread may block while it writes; the worker thread then receives a second signal.
    let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = runtime.block_on(run);
    runtime.shutdown_background();
    Ok(ended)
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Scenario: a name is being resolved, on a thread that cannot be stopped.
    #[test]
    fn the_program_does_not_wait_for_threads_that_block() {
        let (release, released) = mpsc::channel::<()>();
        let ended = in_runtime(async {
            let (tell, begun) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                tell.send(()).unwrap();
                // Until the test has ended.
                released.recv().unwrap_err();
            });
            begun.await.unwrap();
            Exit::Interrupted
        });
        assert_eq!(ended.unwrap(), Exit::Interrupted);
        drop(release);
    }
}
