//! The options. Their documentation is the help and the manual page.

#![allow(clippy::doc_markdown, reason = "the help is plain text")]

mod values;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gupshup_groups::RemovalLimit;

use crate::help;

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
pub(crate) struct AccountOptions {
    #[command(flatten)]
    pub(crate) apps: AppOptions,
    #[command(flatten)]
    pub(crate) credentials: CredentialOptions,
    #[command(flatten)]
    pub(crate) requests: RequestOptions,
    #[command(flatten)]
    pub(crate) messages: MessageOptions,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Apps")]
pub(crate) struct AppOptions {
    /// The id of an app, a UUID (not its name); may be given several times [env: GUPSHUP_APP_ID]
    #[arg(long = "app", value_name = "ID")]
    pub(crate) apps: Vec<String>,
    /// Read app ids from this file, one per line; `-` is standard input. Empty lines and lines that begin with # are
    /// ignored
    #[arg(long, value_name = "FILE")]
    pub(crate) apps_from: Option<PathBuf>,
    /// List this many apps at the same time. The output is in the order of the apps
    ///
    /// Eight hide the time that the server takes for an answer: 1,000 small apps at 100 ms an answer take half a minute
    /// instead of four. More would mostly meet the API's rate limit. --rate limits the requests of all apps together.
    #[arg(long, value_name = "APPS", default_value = "8")]
    pub(crate) jobs: NonZeroUsize,
    /// List invented groups from a server on this machine; no account is needed or used
    #[arg(long, conflicts_with_all = ["apps", "apps_from", "key_file", "token_file", "token_command", "partner", "base_url"])]
    pub(crate) demo: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct CredentialOptions {
    /// Read the API key from this file; `-` is standard input [env: GUPSHUP_API_KEY holds the key itself]
    ///
    /// For account and app API keys, which stop working on 31 March 2027. No option takes a key or a token itself: other
    /// users of the machine can read the arguments of a process.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token_file", "token_command"])]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the token from this file; `-` is standard input [env: GUPSHUP_TOKEN holds the token itself]
    ///
    /// For Universal Tokens and Universal App Tokens, which replace API keys. It is sent as `Authorization: Bearer`. The
    /// file is read again when it changes and after the API answers 401, so another program may renew the token.
    #[arg(long, value_name = "FILE", conflicts_with = "token_command")]
    pub(crate) token_file: Option<PathBuf>,
    /// Run this command for the token: its standard output is the token, or JSON with `token` and `expires_at`
    ///
    /// `expires_at` is a number of seconds since 1970, or a time such as 2027-04-01T12:00:00Z. `sh -c` (`cmd /C` on
    /// Windows) runs the command at the first request, before the token expires, and after the API answers 401. The app's
    /// id is in its variable GUPSHUP_APP_ID.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) token_command: Option<String>,
    /// Use the partner API: another address, and the token is sent as it is in `Authorization`
    ///
    /// For partners. A partner app token works until 31 March 2027. Write `Bearer TOKEN` for a Universal App Token. At
    /// most 10 requests a second are made unless --rate says otherwise, as the partner API documents.
    #[arg(long, conflicts_with = "key_file")]
    pub(crate) partner: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Requests")]
pub(crate) struct RequestOptions {
    /// The address of the API [env: GUPSHUP_API_URL] [default: https://api.gupshup.io/wa]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Make at most this many requests a second, for all apps together
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Allow one attempt at a page this much time: 30s, 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,
    /// Repeat a page that fails for a short time for at most this long: 10m, 2h
    ///
    /// Without this, a page is repeated long enough to outlive an outage of half a minute. What is waited for is shown on
    /// stderr.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) retry_for: Option<Duration>,
    /// Request pages of this many groups, 1 to 1024 [default: 25, then 1024]
    #[arg(long, value_name = "GROUPS", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) page_size: Option<u32>,
}

#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageOptions {
    /// Write only errors, and the notice of the demo, to stderr
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Write every attempt at a page to stderr
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// How errors are written to stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ErrorFormat::Text)]
    pub(crate) errors: ErrorFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    /// A sentence an error
    Text,
    /// One JSON object an error, with `kind`, `app_id`, `status`, `code`, `trace_id`, `message` and `advice`; no other
    /// messages
    Json,
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
