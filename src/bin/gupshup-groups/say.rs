//! stderr: notes, warnings, and the progress of a listing.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use gupshup_groups::Progress;
use indicatif::{ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(100);

/// Writes a line to stderr. Errors are ignored; `eprintln!` would panic.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "gupshup-groups: {line}");
}

/// Which messages a run writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbosity {
    pub(crate) quiet: bool,
}

impl Verbosity {
    /// Writes a note, unless `--quiet` is set.
    pub(crate) fn note(self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// A progress bar, if stderr is a terminal and the output goes elsewhere.
    pub(crate) fn bar(self, app: &str, max: Option<usize>) -> Bar {
        let bar =
            if self.quiet || io::stdout().is_terminal() { ProgressBar::hidden() } else { ProgressBar::no_length() };
        let template = match max {
            Some(max) => {
                bar.set_length(max as u64);
                "{prefix}: {bar:30} {pos} of {len} groups, {msg}, {elapsed}"
            }
            None => "{spinner} {prefix}: {pos} groups, {msg}, {elapsed}",
        };
        // The test of the bar checks the template.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(app.to_owned());
        bar.enable_steady_tick(TICK);
        Bar { bar, started: Instant::now() }
    }
}

/// The progress bar of one listing. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    pub(crate) fn update(&self, progress: &Progress) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(progress.groups);
        #[expect(clippy::cast_precision_loss, reason = "shown as a whole number")]
        let rate = progress.groups as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let retries = if progress.retries > 0 { format!(", {} retried", progress.retries) } else { String::new() };
        self.bar.set_message(format!("{}{retries}, {rate:.0} groups/s", count(progress.requests, "request")));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// `1 request`, `2 requests`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
