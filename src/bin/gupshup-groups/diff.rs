//! `gupshup-groups diff`.

use std::pin::pin;

use futures::StreamExt as _;
use gupshup_groups::testing::FakeGroups;

use crate::account::Account;
use crate::args::DiffOptions;
use crate::changes;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{ChangeRecord, Output};
use crate::report::{Reporter, open_output};
use crate::say::count;
use crate::signals::Signals;
use crate::state::State;
use crate::tally::Tally;

pub(crate) async fn run(options: DiffOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    let mut out = open_output(options.output.format, account.has_several_apps())?;
    let state = changes::open(&options.state, &account)?;
    if let Some(list) = account.demo_list().filter(|_| state.known(demo::APP_ID).is_ok_and(|known| known.is_some())) {
        (0..3).for_each(|turn| demo::change(list, turn));
    }
    let mut tally = Tally::new(account.apps().len());
    let ended = diff(&options, &account, &state, &mut out, &mut tally, &mut signals).await;
    account.console.end_progress();
    tally.sum_up(&account.console);
    Ok(tally.end(ended, &account.console))
}

async fn diff(
    options: &DiffOptions,
    account: &Account,
    state: &State,
    out: &mut Output,
    tally: &mut Tally,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let console = &account.console;
    console.show_progress(account.apps().len());
    let mut listings = pin!(changes::listings(account, state, &options.state));
    loop {
        let listed = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(exit),
            listed = listings.next() => listed,
        };
        let Some(listed) = listed.transpose()? else { break };
        let app = listed.app;
        console.app_ended();
        tally.ended += 1;
        let earlier = state.unreported(app)?;
        if earlier > 0 {
            console.note(format_args!("{app}: reports {} of an earlier run too", count(earlier, "change")));
        }
        match listed.save(state, options.state.initial)? {
            Ok(found) => {
                let summary = found.summary(app, state);
                if !account.has_several_apps() || found.has_changes() || console.is_verbose() {
                    console.note(summary);
                }
            }
            Err(error) => tally.failed(app, &message::failed(app, error, Retry::Rerun), console),
        }
        // Also those of an earlier run, and of an app whose listing failed.
        tally.changes += Reporter { state, out }.all(app)?;
    }
    if tally.first_failure().is_none() {
        out.begin::<ChangeRecord<'_>>().and_then(|()| out.sync()).map_err(|error| Failure::output(&error))?;
    }
    Ok(if options.check && tally.changes > 0 { Exit::Changed } else { Exit::Done })
}
