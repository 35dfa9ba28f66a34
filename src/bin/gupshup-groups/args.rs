//! The options. Their documentation is the help and the manual page.

#![allow(clippy::doc_markdown, reason = "the help is plain text")]

mod account;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gupshup_groups::RemovalLimit;

use crate::help;

pub(crate) use account::{AccountOptions, AppOptions, CredentialOptions, ErrorFormat, MessageOptions, RequestOptions};

/// List the active WhatsApp groups of Gupshup apps, and their changes.
///
/// The program lists all groups, or exits with a code other than 0.
#[derive(Debug, Parser)]
#[command(name = "gupshup-groups", bin_name = "gupshup-groups", version, max_term_width = 100, styles = help::STYLES)]
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

impl Command {
    /// How the command's errors are to be written.
    pub(crate) fn errors(&self) -> ErrorFormat {
        match self {
            Self::List(options) => options.account.messages.errors,
            Self::Count(options) => options.account.messages.errors,
            Self::Diff(options) => options.account.messages.errors,
            Self::Watch(options) => options.account.messages.errors,
            Self::Completions { .. } | Self::Man { .. } => ErrorFormat::Text,
        }
    }
}

/// List groups: as a table, as JSON lines or as CSV
///
/// If an app fails, the others are still listed; the exit code is that of the first failure.
#[derive(Args, Debug)]
#[command(after_long_help = help::LIST.text())]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    /// Write to this file instead of standard output. The file is replaced when all apps are listed
    ///
    /// Until then the old file stays, and the groups are in FILE.partial. If a run stops before, run it again with
    /// --resume.
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// Continue the partial file of --output, if there is one
    ///
    /// For a second try soon after the first. The apps, the format, the address and the other options must be those of the
    /// stopped run. Each group is written once. The first part of the file is as old as the stopped run: the program says
    /// how old. Start the job of the next night without this option.
    #[arg(long, requires = "output_file")]
    pub(crate) resume: bool,
    /// Stop after this many groups of each app
    #[arg(long, value_name = "GROUPS")]
    pub(crate) max: Option<usize>,
    /// List backward from this cursor, instead of forward from the start. For one app only
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub(crate) backward_from: Option<String>,
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
/// A group is reported as removed only if two complete listings in a row lack it. Changes are saved before they are
/// reported, and marked afterwards: a run that was stopped repeats only what it has not reported. If one app fails, the
/// others are still listed.
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
/// Each change is marked as reported after its line is written and its --on-change command has succeeded, so a restart
/// misses no change. If a listing fails, the error goes to stderr, and the next listing starts at its usual time. If
/// the API refuses every app at the first listing, the program ends.
#[derive(Args, Debug)]
#[command(after_long_help = help::WATCH.text())]
pub(crate) struct WatchOptions {
    #[command(flatten)]
    pub(crate) state: StateOptions,
    /// The time from the start of one listing to the start of the next, at least 1s: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = values::interval)]
    pub(crate) every: Duration,
    /// Run this command for each change, with the change's JSON line on its standard input
    ///
    /// `sh -c` (`cmd /C` on Windows) runs it, for one change at a time, in order, in a process group of its own: Ctrl-C
    /// does not interrupt it. The variables with credentials are not in its environment. Its output goes to stderr. If
    /// it fails, this change and the later ones of the app are reported again at the next listing, so the command must
    /// accept a repeat.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_change: Option<String>,
    /// Stop after this many listings of each app
    #[arg(long, value_name = "LISTINGS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,
    #[command(flatten)]
    pub(crate) account: AccountOptions,
}

#[derive(Args, Debug)]
pub(crate) struct OutputOptions {
    /// The format of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "State")]
pub(crate) struct StateOptions {
    /// The SQLite database that holds the list as last seen, and the changes
    ///
    /// Query it with `sqlite3 FILE`, also while the program runs: `groups`, `active_groups`, `changes`, `apps`. It holds
    /// the names of groups and their ids, which contain the business phone number: only its owner can read a new file.
    /// One file may hold several apps. If two runs write to it, one waits 5 seconds for the other, then exits with 7.
    #[arg(long = "state", value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// Report every group as created if the state holds no list of the app yet
    ///
    /// Without this, the first run saves the list and reports nothing.
    #[arg(long)]
    pub(crate) initial: bool,
    /// Fail if the state holds no list of an app: for all runs but the first, so that a lost file is noticed
    #[arg(long, conflicts_with = "initial")]
    pub(crate) require_state: bool,
    /// Accept at most so many removals of an app in one listing: a number, a share such as 20%, or `all`
    /// [default: 10 or half of the groups, whichever is more, and never all]
    ///
    /// A server that answers with an empty list for a while would otherwise remove all groups. If a listing lacks more, it
    /// fails, and the state stays as it was.
    #[arg(long, value_name = "N|P%", value_parser = values::removal_limit)]
    pub(crate) max_removed: Option<RemovalLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people, aligned and with a header at a terminal. Control characters and those that change the
    /// direction of text are escaped
    Table,
    /// One JSON object per line. Text is exact
    Jsonl,
    /// A header, then one record per line, separated by commas, in UTF-8; text is quoted. In names and times, an
    /// apostrophe stands before =, +, -, @ where a spreadsheet could run a formula; for exact text, use jsonl
    Csv,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
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
    fn no_option_takes_the_key_itself() {
        let names = ["--key", "--api-key", "--apikey", "--token"];
        for command in Options::command().get_subcommands() {
            for argument in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(!names.contains(&format!("--{argument}").as_str()), "{argument}");
            }
        }
    }
}
