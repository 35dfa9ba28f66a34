//! The options of every command that makes requests.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

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
    /// file, and that of --key-file, is read again every minute and after the API answers 401, so another program may renew
    /// the token.
    #[arg(long, value_name = "FILE", conflicts_with = "token_command")]
    pub(crate) token_file: Option<PathBuf>,
    /// Run this command for the token: its standard output is the token, or JSON with `token` and `expires_at`
    ///
    /// `expires_at` is a number of seconds since 1970, or a time such as 2027-04-01T12:00:00Z. `sh -c` (`cmd /C` on
    /// Windows) runs the command at the first request, before the token expires, and after the API answers 401. The app's
    /// id is in its variable GUPSHUP_APP_ID. It has 30 seconds.
    ///
    /// If it fails or writes no token, it is retried like a page: see --retry-for. The error shows the end of what it wrote to
    /// stderr, without secrets. If it does not exist or cannot be executed (exit status 127 or 126), the error comes at
    /// once.
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
    ///
    /// With more than a minute, a page is retried for three times this long, unless --retry-for is given.
    #[arg(long, value_name = "TIME", value_parser = super::values::duration)]
    pub(crate) timeout: Option<Duration>,
    /// Retry a page for at most this long, if its failure may pass: 10m, 2h
    ///
    /// Without this, a page is retried long enough to outlive an outage of half a minute. If the server asks to wait for more
    /// than a minute, or than this time if it is given, the error comes at once. What is waited for is shown on stderr.
    #[arg(long, value_name = "TIME", value_parser = super::values::duration)]
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
