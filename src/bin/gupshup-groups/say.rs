//! stderr: errors, notes, attempts, and the progress of a run.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gupshup_groups::{Attempt, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::{ErrorFormat, MessageOptions};
use crate::exit::Failure;
use crate::message::described;
use crate::output::now;
use crate::span::span;

const TICK: Duration = Duration::from_millis(100);

/// A shorter wait between two attempts is not shown.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// Where messages go. Clones share one progress bar.
#[derive(Clone, Debug)]
pub(crate) struct Console(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: MessageOptions,
    bar: ProgressBar,
    started: Instant,
    /// Whether lines begin with the time.
    timed: AtomicBool,
    apps: AtomicU64,
    listed: AtomicU64,
    groups: AtomicU64,
    requests: AtomicU64,
}

/// An error, as one JSON object.
#[derive(Serialize)]
struct JsonError<'a> {
    kind: &'a str,
    app_id: Option<&'a str>,
    status: Option<u16>,
    code: Option<i64>,
    trace_id: Option<&'a str>,
    message: &'a str,
    advice: &'a str,
}

impl Console {
    pub(crate) fn new(options: MessageOptions) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or(ProgressStyle::default_spinner()));
        Self(Arc::new(Shared {
            options,
            bar,
            started: Instant::now(),
            timed: AtomicBool::new(false),
            apps: AtomicU64::new(1),
            listed: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }))
    }

    /// From now on, lines begin with the time.
    pub(crate) fn with_times(&self) {
        self.0.timed.store(true, Ordering::Relaxed);
    }

    /// Whether more than errors is written.
    pub(crate) fn is_talkative(&self) -> bool {
        !self.0.options.quiet && self.0.options.errors == ErrorFormat::Text
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.0.options.verbose && self.is_talkative()
    }

    /// Writes an error.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        match self.0.options.errors {
            ErrorFormat::Text => self.line(failure),
            ErrorFormat::Json => self.write(&json(failure)),
        }
    }

    /// Writes a note.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        if self.is_talkative() {
            self.line(line);
        }
    }

    /// Writes a line that also `--quiet` shows, but not JSON.
    pub(crate) fn always(&self, line: impl fmt::Display) {
        if self.0.options.errors == ErrorFormat::Text {
            self.line(line);
        }
    }

    /// Shows the progress, if stderr is a terminal and the output goes elsewhere.
    pub(crate) fn show_progress(&self, apps: usize) {
        self.0.apps.store(apps as u64, Ordering::Relaxed);
        if self.is_talkative() && io::stderr().is_terminal() && !io::stdout().is_terminal() {
            self.0.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.0.bar.enable_steady_tick(TICK);
        }
    }

    /// An app is listed, or has failed.
    pub(crate) fn app_ended(&self) {
        self.0.listed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_progress(&self) {
        self.0.bar.finish_and_clear();
        self.0.bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }

    /// Observes an attempt at a page.
    pub(crate) fn attempt(&self, attempt: &Attempt<'_>) {
        let shared = &self.0;
        let requests = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let groups = attempt.groups() as u64;
        let groups = shared.groups.fetch_add(groups, Ordering::Relaxed) + groups;
        if !shared.bar.is_hidden() {
            #[expect(clippy::cast_precision_loss, reason = "shown as a whole number")]
            let rate = groups as f64 / shared.started.elapsed().as_secs_f64().max(0.001);
            let time = span(Duration::from_secs(shared.started.elapsed().as_secs()));
            let requests = count(requests, "request");
            let apps = match shared.apps.load(Ordering::Relaxed) {
                0 | 1 => String::new(),
                all => format!("{} of {all} apps, ", shared.listed.load(Ordering::Relaxed)),
            };
            shared.bar.set_message(format!("{apps}{groups} groups, {requests}, {rate:.0} groups/s, {time}"));
        }
        let wait = attempt.retry_in().filter(|wait| self.is_verbose() || *wait >= WORTH_A_LINE);
        if self.is_verbose() {
            self.line(describe(attempt));
        }
        if let (Some(wait), Some(error)) = (wait, attempt.error()) {
            let app = attempt.app_id().unwrap_or_default();
            let (wait, error) = (span(wait), described(error));
            self.note(format_args!("app {app}: waits {wait}, then tries again: {error}"));
        }
    }

    fn line(&self, line: impl fmt::Display) {
        if self.0.timed.load(Ordering::Relaxed) {
            self.write(&format!("gupshup-groups: {} {line}", now()));
        } else {
            self.write(&format!("gupshup-groups: {line}"));
        }
    }

    /// Errors are ignored; `eprintln!` would panic.
    fn write(&self, line: &str) {
        self.0.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{line}");
        });
    }
}

/// Writes an error where there is no [`Console`] yet.
pub(crate) fn failure(failure: &Failure, format: ErrorFormat) {
    if failure.message.is_empty() {
        return;
    }
    // Errors are ignored; `eprintln!` would panic.
    let _ = match format {
        ErrorFormat::Text => writeln!(io::stderr(), "gupshup-groups: {failure}"),
        ErrorFormat::Json => writeln!(io::stderr(), "{}", json(failure)),
    };
}

fn json(failure: &Failure) -> String {
    let listing = failure.listing.as_deref();
    let error = JsonError {
        kind: listing.map_or(failure.exit.kind(), |listing| listing.kind),
        app_id: listing.map(|listing| &*listing.app_id),
        status: listing.and_then(|listing| listing.status),
        code: listing.and_then(|listing| listing.code),
        trace_id: listing.and_then(|listing| listing.trace_id.as_deref()),
        message: &failure.message,
        advice: &failure.advice,
    };
    serde_json::to_string(&error).unwrap_or_default()
}

fn describe(attempt: &Attempt<'_>) -> String {
    let app = attempt.app_id().unwrap_or_default();
    let what = match attempt.outcome() {
        Outcome::Page => format!("{} in {} bytes", count(attempt.groups() as u64, "group"), attempt.bytes()),
        Outcome::Dropped => "dropped".to_owned(),
        _ => attempt.error().map(described).unwrap_or_default(),
    };
    let number = attempt.number();
    let milliseconds = attempt.duration().as_millis();
    format!("app {app}: page of {} groups, attempt {number}, {milliseconds} ms: {what}", attempt.limit().get())
}

/// `1 request`, `2 requests`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
