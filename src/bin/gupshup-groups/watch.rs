//! `gupshup-groups watch`.

use std::io::Stdout;
use std::process::Stdio;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Error, Snapshot};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};

use crate::account::{Account, SECRET};
use crate::args::{Format, WatchOptions};
use crate::demo;
use crate::diff::{changes, initial_note};
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::{ChangeRecord, Output};
use crate::say::say;
use crate::signals::Signals;
use crate::state::{NOT_REPLACED, StateFile};

pub(crate) async fn run(options: WatchOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    let state = StateFile::open(&options.state.path, account.is_demo())?;
    let mut clock = interval(options.every);
    // After a listing that took longer than the interval, the next tick is waited for.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut watch = Watch { options, state, out: Output::stdout(Format::Jsonl, false), signals: signals.clone() };
    let mut failed = None;
    for round in 0..watch.options.rounds.unwrap_or(u64::MAX) {
        tokio::select! {
            biased;
            _ = signals.stopped() => return Ok(Exit::Done),
            _ = clock.tick() => {}
        }
        if let Some(list) = account.demo_list().filter(|_| round > 0) {
            demo::change(list, round - 1);
        }
        failed = None;
        for app in account.apps() {
            let list = account.list(app);
            let current = tokio::select! {
                biased;
                _ = signals.stopped() => return Ok(Exit::Done),
                current = list.snapshot() => current,
            };
            let reported = match current {
                Ok(current) => watch.report(&account, app, current).await?,
                Err(error) => Err(listing_failed(app, &error, round == 0)?),
            };
            failed = failed.or(reported.err());
        }
    }
    Ok(failed.unwrap_or(Exit::Done))
}

struct Watch {
    options: WatchOptions,
    state: StateFile,
    out: Output<Stdout>,
    signals: Signals,
}

impl Watch {
    /// Reports what has changed in the list of an app, and then replaces its state. A command that fails is an `Err` within
    /// the `Ok`: the watch goes on.
    async fn report(&mut self, account: &Account, app: &str, current: Snapshot) -> Result<Result<(), Exit>, Failure> {
        let reported = self.state.get(app);
        if reported.is_none() {
            account.voice.note(&initial_note(app, &current, &self.state));
        }
        for change in changes(&current, reported, self.options.state.initial) {
            if self.signals.so_far().is_some() {
                return Ok(Ok(()));
            }
            let record = ChangeRecord::new(app, &change, false);
            let written = self.out.write(&record).and_then(|()| self.out.settle());
            written.map_err(|error| Failure::output(&error).and(NOT_REPLACED))?;
            let Some(command) = &self.options.on_change else { continue };
            let line = serde_json::to_string(&record).map_err(|error| Failure::output(&error.into()))?;
            if let Err(problem) = run_command(command, line + "\n").await {
                say(&format!("app {app}: the command of --on-change {problem}; it runs again after the next listing"));
                return Ok(Err(Exit::Failed));
            }
        }
        self.state.replace(app, current)?;
        Ok(Ok(()))
    }
}

/// A listing that fails may succeed the next time, unless the options are wrong, which the first one shows.
fn listing_failed(app: &str, error: &Error, first: bool) -> Result<Exit, Failure> {
    let failure = message::failed(app, error, None);
    if first && matches!(failure.exit, Exit::Usage | Exit::Refused) {
        return Err(failure);
    }
    say(&format!("{} (nothing is lost: the next listing is compared with the same state)", failure.message));
    Ok(failure.exit)
}

/// Runs a command with this text on its standard input. Says what is wrong if it does not succeed.
async fn run_command(command: &str, text: String) -> Result<(), String> {
    let mut child = shell(command)
        .env_remove(SECRET)
        .stdin(Stdio::piped())
        // Standard output holds JSON lines.
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| format!("does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input may succeed all the same.
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
