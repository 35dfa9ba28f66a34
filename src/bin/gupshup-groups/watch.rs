//! `gupshup-groups watch`.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gupshup_groups::testing::FakeGroups;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::account::Account;
use crate::args::{Format, WatchOptions};
use crate::changes;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::Output;
use crate::report::{Reported, Reporter, open_output};
use crate::signals::Signals;
use crate::span::span;
use crate::state::State;
use crate::tally::Tally;

/// A round without news is noted at most this often.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// The client makes requests again after this time, whatever the server asked for.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

struct Watch {
    options: WatchOptions,
    account: Account,
    state: State,
    out: Output,
    signals: Signals,
}

pub(crate) async fn run(options: WatchOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    // The command has the changes too.
    let out = match &options.on_change {
        Some(_) => Output::stdout(Format::Jsonl, false),
        None => open_output(Format::Jsonl, false)?,
    };
    let state = changes::open(&options.state, &account)?;
    account.console.with_times();
    let mut clock = interval(options.every);
    // After a listing longer than the interval, the next tick is at its usual time.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let rounds = options.rounds.unwrap_or(u64::MAX);
    let mut watch = Watch { options, account, state, out, signals: signals.clone() };
    let mut exit = Exit::Done;
    let mut noted: Option<Instant> = None;
    for round in 0..rounds {
        tokio::select! {
            biased;
            _ = signals.stopped() => return watch.stopped(),
            _ = clock.tick() => {}
        }
        let mut tally = Tally::new(watch.account.apps().len());
        let ended = watch.round(round, &mut tally).await;
        if ended.is_err() {
            return Ok(tally.end(ended.map(|()| Exit::Done), &watch.account.console));
        }
        exit = tally.first_failure().unwrap_or(Exit::Done);
        if round == 0 && tally.is_refused() {
            return Ok(exit);
        }
        if signals.so_far().is_some() {
            return watch.stopped();
        }
        let has_news = tally.changes > 0 || tally.first_failure().is_some();
        if has_news || noted.is_none_or(|noted| noted.elapsed() >= HEARTBEAT) {
            noted = Some(Instant::now());
            watch.account.console.note(format_args!("listing {}: {tally}", round + 1));
        }
        // The client would make no request before.
        if let Some(wait) = tally.wait.filter(|_| round + 1 < rounds) {
            let wait = wait.min(LONGEST_WAIT);
            watch.account.console.note(format_args!("waits {}, as the server asks", span(wait)));
            tokio::select! {
                biased;
                _ = signals.stopped() => return watch.stopped(),
                () = sleep(wait) => {}
            }
        }
    }
    Ok(exit)
}

impl Watch {
    /// Lists each app, and reports the changes.
    async fn round(&mut self, round: u64, tally: &mut Tally) -> Result<(), Failure> {
        if let Some(list) = self.account.demo_list().filter(|_| round > 0) {
            demo::change(list, round - 1);
        }
        let Self { options, account, state, out, signals } = self;
        let console = &account.console;
        let mut listings = pin!(changes::listings(account, state, &options.state));
        loop {
            let listed = tokio::select! {
                biased;
                _ = signals.stopped() => return Ok(()),
                listed = listings.next() => listed,
            };
            let Some(listed) = listed.transpose()? else { return Ok(()) };
            let app = listed.app;
            tally.ended += 1;
            match unless_locked(listed.save(state, options.state.initial))? {
                Ok(Ok(found)) if found.is_first() => console.note(found.summary(app, state)),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tally.failed(app, &message::failed(app, error, Retry::Automatic), console),
                Err(failure) => tally.failed(app, &failure, console),
            }
            let mut report = Reporter { state, out };
            let reported = match &options.on_change {
                None => report.all(app).map(|reported| {
                    tally.changes += reported;
                    Reported::All
                }),
                Some(command) => report.each(app, command, signals, &mut tally.changes).await,
            };
            match unless_locked(reported)? {
                Ok(Reported::All) => {}
                Ok(Reported::Stopped) => return Ok(()),
                Ok(Reported::CommandFailed(problem)) => {
                    let message = format!(
                        "app {app}: the command of --on-change {problem}; this change and the later ones of the app are \
                         reported again at the next listing"
                    );
                    tally.failed(app, &Failure::new(Exit::Unreported, message, ""), console);
                }
                Err(failure) => tally.failed(app, &failure, console),
            }
        }
    }

    /// A signal has ended the watch.
    fn stopped(&self) -> Result<Exit, Failure> {
        for app in self.account.apps() {
            if self.state.has_unreported(app)? {
                let message = "stopped before all changes were reported; the next run reports the rest";
                return Err(Failure::new(Exit::Unreported, message, ""));
            }
        }
        Ok(Exit::Done)
    }
}

/// Another run that writes to the state is not the end of the watch: the next listing tries again.
fn unless_locked<T>(result: Result<T, Failure>) -> Result<Result<T, Failure>, Failure> {
    match result {
        Err(failure) if failure.exit != Exit::Locked => Err(failure),
        result => Ok(result),
    }
}
