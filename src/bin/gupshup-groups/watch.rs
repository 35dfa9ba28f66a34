//! `gupshup-groups watch`.

use std::io::Stdout;
use std::process::Stdio;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Change, Error};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};

use crate::account::{Account, SECRET};
use crate::args::{Format, WatchOptions};
use crate::changes::{Found, find};
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{ChangeRecord, Output};
use crate::say::say;
use crate::signals::Signals;
use crate::state::{NOT_REPLACED, StateFile};

pub(crate) async fn run(options: WatchOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    let state = StateFile::open(&options.state.path, account.is_demo())?;
    let mut clock = interval(options.every);
    // After a listing longer than the interval, the next tick is at its usual time.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let rounds = options.rounds.unwrap_or(u64::MAX);
    let out = Output::stdout(Format::Jsonl, false);
    let mut watch = Watch { options, account, state, out, signals: signals.clone() };
    let mut failed = None;
    for round in 0..rounds {
        tokio::select! {
            biased;
            _ = signals.stopped() => return Ok(Exit::Done),
            _ = clock.tick() => {}
        }
        failed = watch.round(round).await?;
        if signals.so_far().is_some() {
            return Ok(Exit::Done);
        }
    }
    Ok(failed.unwrap_or(Exit::Done))
}

struct Watch {
    options: WatchOptions,
    account: Account,
    state: StateFile,
    out: Output<Stdout>,
    signals: Signals,
}

/// How a report ended.
enum Report {
    Complete,
    /// A command failed. The watch continues.
    Failed,
    /// A signal arrived.
    Stopped,
}

impl Watch {
    /// Lists each app, and reports the changes. Returns the exit code of the first app that failed.
    async fn round(&mut self, round: u64) -> Result<Option<Exit>, Failure> {
        if let Some(list) = self.account.demo_list().filter(|_| round > 0) {
            demo::change(list, round - 1);
        }
        let mut failed = None;
        for app in self.account.apps().to_vec() {
            let pending = self.state.pending(&app);
            match self.report(&app, &pending).await? {
                Report::Complete => {}
                Report::Failed => {
                    failed = failed.or(Some(Exit::Failed));
                    continue;
                }
                Report::Stopped => break,
            }
            let list = self.account.list(&app);
            let found = tokio::select! {
                biased;
                _ = self.signals.stopped() => break,
                found = find(&list, self.state.list(&app)) => found,
            };
            match found {
                Ok(found) => failed = failed.or(self.report_found(&app, found).await?),
                Err(error) => failed = failed.or(Some(listing_failed(&app, &error, round == 0)?)),
            }
        }
        Ok(failed)
    }

    async fn report_found(&mut self, app: &str, found: Found) -> Result<Option<Exit>, Failure> {
        if matches!(found, Found::First(_)) {
            self.account.verbosity.note(&found.summary(app, &self.state));
        }
        let Some((changes, list)) = found.into_report(self.options.state.initial) else { return Ok(None) };
        self.state.begin(app, &changes, list)?;
        match self.report(app, &changes).await? {
            Report::Complete | Report::Stopped => Ok(None),
            Report::Failed => Ok(Some(Exit::Failed)),
        }
    }

    /// Writes each change, and runs the command for it; then replaces the state.
    async fn report(&mut self, app: &str, changes: &[Change]) -> Result<Report, Failure> {
        for change in changes {
            if self.signals.so_far().is_some() {
                return Ok(Report::Stopped);
            }
            let record = ChangeRecord::new(app, change, false);
            let written = self.out.write(&record).and_then(|()| self.out.sync());
            written.map_err(|error| Failure::output(&error).and(NOT_REPLACED))?;
            let Some(command) = &self.options.on_change else { continue };
            let line = serde_json::to_string(&record).map_err(|error| Failure::output(&error.into()))?;
            if let Err(problem) = run_command(command, line + "\n").await {
                say(&format!(
                    "app {app}: the command of --on-change {problem}; these changes are reported again before the next listing"
                ));
                return Ok(Report::Failed);
            }
        }
        self.state.finish(app)?;
        Ok(Report::Complete)
    }
}

/// A failed listing may succeed the next time, unless the first one shows that the options are wrong.
fn listing_failed(app: &str, error: &Error, first: bool) -> Result<Exit, Failure> {
    let failure = message::failed(app, error, Retry::Automatic);
    if first && matches!(failure.exit, Exit::Usage | Exit::Refused) {
        return Err(failure);
    }
    say(&format!("{}; no change is lost: the next listing is compared with the same state", failure.message));
    Ok(failure.exit)
}

/// Runs a command with this text on its standard input.
async fn run_command(command: &str, text: String) -> Result<(), String> {
    let mut child = shell(command)
        .env_remove(SECRET)
        .stdin(Stdio::piped())
        // Standard output is for JSON lines.
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| format!("does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command may succeed without reading its input.
        let _ = stdin.write_all(text.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("failed ({status})")) }
}

fn shell(command: &str) -> Command {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(shell);
    shell.arg(option).arg(command);
    shell
}
