//! `gupshup-groups`: lists the active WhatsApp groups of Gupshup apps, and their changes.
//!
//! `gupshup-groups --help` is its documentation.

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod account;
mod apps;
mod args;
mod changes;
mod count;
mod credentials;
mod demo;
mod diff;
mod exit;
mod help;
mod hook;
mod input;
mod list;
mod manual;
mod message;
mod output;
mod report;
mod say;
mod signals;
#[path = "../../error/span.rs"]
mod span;
mod state;
mod tally;
mod watch;

use std::env;
use std::future::Future;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime;

use args::{Command, ErrorFormat, Options};
use exit::{Exit, Failure};
use signals::Signals;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return usage(&error).into(),
    };
    let errors = options.command.errors();
    let ended = in_runtime(run(options)).unwrap_or_else(|error| {
        Err(Failure::new(Exit::File, format!("the program cannot start its threads: {error}"), ""))
    });
    let exit = ended.unwrap_or_else(|failure| {
        say::failure(&failure, errors);
        failure.exit
    });
    exit.into()
}

/// Prints the help, or why the options are wrong.
fn usage(error: &clap::Error) -> Exit {
    let is_json = || {
        env::args_os().any(|argument| argument == "--errors=json") || {
            let given: Vec<_> = env::args_os().collect();
            given.windows(2).any(|pair| pair[0] == "--errors" && pair[1] == "json")
        }
    };
    if error.use_stderr() && is_json() {
        let text = error.render().to_string();
        let text = text.trim_start_matches("error: ").lines().next().unwrap_or_default();
        say::failure(&Failure::usage(text, "see --help"), ErrorFormat::Json);
    } else if error.print().is_err() && !error.use_stderr() {
        return Exit::File;
    }
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
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
    let signals = Signals::install()
        .map_err(|error| Failure::new(Exit::File, format!("signals cannot be received: {error}"), ""))?;
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
