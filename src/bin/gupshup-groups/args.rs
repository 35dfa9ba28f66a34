//! The options. Their documentation is the help and the manual page.

#![allow(clippy::doc_markdown, reason = "the help is plain text")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::help;

/// List the active WhatsApp groups of Gupshup apps, and their changes.
///
/// The program lists all groups, or exits with a code other than 0.
#[derive(Debug, Parser)]
#[command(name = "gupshup-groups", bin_name = "gupshup-groups", version, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = help::TOOL.text())]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
    Count(CountOptions),
    Diff(DiffOptions),
    Watch(WatchOptions),
    /// Print a completion script for a shell
    #[command(after_long_help = help::COMPLETIONS.text())]
    Completions {
        /// The shell to complete commands in
        shell: Shell,
    },
    /// Print the manual page, or write those of all commands
    #[command(after_long_help = help::MAN.text())]
    Man {
        /// Write the page of each command into this directory, which must exist
        directory: Option<PathBuf>,
    },
}

/// List groups: as a table, as JSON lines or as CSV
///
/// The apps are listed one after the other. If one fails, the others are still listed; the exit code is that of the
/// first failure.
#[derive(Args, Debug)]
#[command(after_long_help = help::LIST.text())]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    /// Stop after this many groups of each app
    #[arg(long, value_name = "GROUPS")]
    pub(crate) max: Option<usize>,
    /// List backward from this cursor, instead of forward from the start. For one app only
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub(crate) backward_from: Option<String>,
    /// Continue where the last run with this file stopped
    ///
    /// The place is saved after the groups of each page are written, and when the run stops. The next run with this
    /// file continues there, in the same direction and without a CSV header: append its output to that of the last run.
    /// If a run is killed (SIGKILL), its last line may be incomplete, and the next run repeats at most one page; no
    /// group is lost. The file is removed at the end of the list. Use it only for the apps of the first run. A run
    /// fails at once if another run uses the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) resume_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) account: AccountOptions,
}

/// Count groups, one line for each app
///
/// The groups are listed until two complete listings in a row agree.
#[derive(Args, Debug)]
#[command(after_long_help = help::COUNT.text())]
pub(crate) struct CountOptions {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) account: AccountOptions,
}

/// Report what has changed since the last run: groups created, renamed and removed
///
/// A group is reported as removed only if two complete listings in a row lack it. The list in the state file is
/// replaced after the output is written. If a run stops before that, the next run reports its changes again, then the
/// later ones. So every change is reported at least once. If one app fails, the others are still listed.
#[derive(Args, Debug)]
#[command(after_long_help = help::DIFF.text())]
pub(crate) struct DiffOptions {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) state: StateOptions,
    /// Exit with 1 if something has changed
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) account: AccountOptions,
}

/// Report changes as they happen, as JSON lines, until stopped by a signal
///
/// The list in the state file is replaced after the changes are written and the --on-change command has succeeded for
/// each. So a restart misses no change; it may repeat some. If a listing fails, the error goes to stderr, and the next
/// listing starts at its usual time. If the API refuses the key or the app at the first listing, the program ends.
#[derive(Args, Debug)]
#[command(after_long_help = help::WATCH.text())]
pub(crate) struct WatchOptions {
    #[command(flatten)]
    pub(crate) state: StateOptions,
    /// The time from the start of one listing to the start of the next: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(crate) every: Duration,
    /// Run this command for each change, with the change's JSON line on its standard input
    ///
    /// `sh -c` (`cmd /C` on Windows) runs it, for one change at a time, in order, without GUPSHUP_API_KEY in its
    /// environment. Its output goes to stderr. If it fails, all changes of that listing are reported again before the
    /// next listing: the command must accept a repeat.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_change: Option<String>,
    /// Stop after this many listings of each app
    #[arg(long, value_name = "LISTINGS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,
    #[command(flatten)]
    pub(crate) account: AccountOptions,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Account")]
pub(crate) struct AccountOptions {
    /// The id of an app, a UUID (not its name); may be given several times [env: GUPSHUP_APP_ID]
    #[arg(long = "app", value_name = "ID")]
    pub(crate) apps: Vec<String>,
    /// Read app ids from this file, one per line; `-` is standard input. Empty lines and lines that begin with # are
    /// ignored
    #[arg(long, value_name = "FILE")]
    pub(crate) apps_from: Option<PathBuf>,
    /// Read the API key from this file, instead of the variable GUPSHUP_API_KEY
    ///
    /// There is no option for the key itself: other users of the machine can read the arguments of a process.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The address of the API [env: GUPSHUP_API_URL] [default: https://api.gupshup.io/wa]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Make at most this many requests a second
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Allow one attempt at a page this much time: 30s, 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Request pages of this many groups, 1 to 1024 [default: 25, then 1024]
    #[arg(long, value_name = "GROUPS", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) page_size: Option<u32>,
    /// List invented groups from a server on this machine; no account is needed or used
    #[arg(long, conflicts_with_all = ["apps", "apps_from", "key_file", "base_url"])]
    pub(crate) demo: bool,
    /// Write only errors, and the notice of the demo, to stderr
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OutputOptions {
    /// The format of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct StateOptions {
    /// The file that holds the list as last reported
    ///
    /// It holds the names of groups and their ids, which contain the business phone number. Only its owner can read a
    /// new file; an existing one keeps its permissions. One file may hold several apps. A run fails at once if another
    /// run uses the file.
    #[arg(long = "state", value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// Report every group as created if the state file holds no list of the app yet
    ///
    /// Without this, the first run saves the list and reports nothing.
    #[arg(long)]
    pub(crate) initial: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people. Control characters and those that change the direction of text are escaped
    Table,
    /// One JSON object per line. Text is exact
    Jsonl,
    /// A header, then one record per line. A cell that begins with =, +, -, @, a tab or a carriage return, which a
    /// spreadsheet could run as a formula, gets an apostrophe in front; for exact text, use jsonl
    Csv,
}

/// A time such as `90s`, `5m` or `1h 30m`, of more than zero.
fn duration(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration = text.parse().map_err(|_| "write it as 90s, 5m or 1h".to_owned())?;
    match Duration::try_from(time) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("it must be more than zero".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_time_has_a_unit_and_is_more_than_zero() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "5", "0s", "-1m", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_option_takes_the_key_itself() {
        let names = ["--key", "--api-key", "--apikey", "--token"];
        for command in Options::command().get_subcommands() {
            for argument in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(!names.contains(&format!("--{argument}").as_str()), "{argument}");
            }
        }
    }
}
