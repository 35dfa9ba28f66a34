//! What a run, or a round of `watch`, has come to.

use std::time::Duration;

use crate::exit::{Exit, Failure};
use crate::say::{Console, count};

/// How many apps that failed are named.
const NAMED: usize = 10;

#[derive(Debug)]
pub(crate) struct Tally {
    /// The apps that are to be listed.
    apps: u64,
    /// Those whose listing has ended, with or without an error.
    pub(crate) ended: u64,
    pub(crate) changes: u64,
    failed: Vec<String>,
    first: Option<Exit>,
    /// How many failed for a reason that only the user can correct.
    refused: u64,
    /// The longest time that the server asks to wait.
    pub(crate) wait: Option<Duration>,
}

impl Tally {
    pub(crate) fn new(apps: usize) -> Self {
        Self { apps: apps as u64, ended: 0, changes: 0, failed: Vec::new(), first: None, refused: 0, wait: None }
    }

    /// Notes and writes the failure of an app. The others go on.
    pub(crate) fn failed(&mut self, app: &str, failure: &Failure, console: &Console) {
        console.failure(failure);
        if !self.failed.iter().any(|failed| failed == app) {
            self.failed.push(app.to_owned());
        }
        self.first.get_or_insert(failure.exit);
        self.wait = self.wait.max(failure.listing.as_ref().and_then(|listing| listing.retry_after));
        self.refused += u64::from(matches!(failure.exit, Exit::Usage | Exit::NoCredentials | Exit::Refused));
    }

    /// The exit code of the first failure.
    pub(crate) fn first_failure(&self) -> Option<Exit> {
        self.first
    }

    /// Whether every app failed for a reason that only the user can correct.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused == self.apps
    }

    pub(crate) fn has_refused(&self) -> bool {
        self.refused > 0
    }

    /// The exit code of a run that ended so. The first failure counts, also if the output is closed later.
    pub(crate) fn end(&self, ended: Result<Exit, Failure>, console: &Console) -> Exit {
        match ended {
            Ok(Exit::Done | Exit::Changed) if self.first.is_some() => self.first.unwrap_or(Exit::Done),
            Ok(exit) => exit,
            Err(failure) => {
                console.failure(&failure);
                self.first.unwrap_or(failure.exit)
            }
        }
    }

    /// The last line of a run of several apps: what the user must not miss if some failed.
    pub(crate) fn sum_up(&self, console: &Console) {
        match (self.apps, self.failed.is_empty()) {
            (0 | 1, _) => {}
            (_, true) => console.note(self),
            (_, false) => console.always(self),
        }
    }
}

/// Such as `997 apps, 3 failed: a, b, c`, or `20 of 1000 apps` if the run was stopped.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let listed = self.ended.saturating_sub(self.failed.len() as u64);
        if self.ended < self.apps {
            write!(f, "{listed} of {}", count(self.apps, "app"))?;
        } else {
            f.write_str(&count(listed, "app"))?;
        }
        if self.changes > 0 {
            write!(f, ", {} reported", count(self.changes, "change"))?;
        }
        if self.failed.is_empty() {
            return Ok(());
        }
        let names = self.failed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        write!(f, ", {} failed: {names}", self.failed.len())?;
        match self.failed.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
