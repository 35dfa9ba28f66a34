//! `gupshup-groups count`.

use std::pin::pin;

use futures::{StreamExt as _, stream};
use gupshup_groups::testing::FakeGroups;

use crate::account::Account;
use crate::args::CountOptions;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{CountRecord, Output};
use crate::signals::Signals;
use crate::tally::Tally;

pub(crate) async fn run(options: CountOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    let mut tally = Tally::new(account.apps().len());
    let ended = count(&options, &account, &mut tally, &mut signals).await;
    account.console.end_progress();
    tally.sum_up(&account.console);
    Ok(tally.end(ended, &account.console))
}

async fn count(
    options: &CountOptions,
    account: &Account,
    tally: &mut Tally,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let mut out = Output::stdout(options.output.format, account.has_several_apps());
    let failed = |error: std::io::Error| Failure::output(&error);
    account.console.show_progress(account.apps().len());
    let counts = stream::iter(account.apps()).map(|app| {
        let list = account.list(app);
        async move { (app, list.consistent_snapshot().await.map(|groups| groups.len())) }
    });
    let mut counts = pin!(counts.buffered(account.jobs));
    loop {
        let next = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(exit),
            next = counts.next() => next,
        };
        account.console.app_ended();
        match next {
            None => break,
            Some((app, Ok(groups))) => {
                tally.ended += 1;
                out.write(&CountRecord::new(app, groups)).and_then(|()| out.flush()).map_err(failed)?;
            }
            Some((app, Err(error))) => {
                tally.ended += 1;
                tally.failed(app, &message::failed(app, &error, Retry::Rerun), &account.console);
            }
        }
    }
    if tally.first_failure().is_none() {
        out.begin::<CountRecord<'_>>().and_then(|()| out.sync()).map_err(failed)?;
    }
    Ok(Exit::Done)
}
