//! `gupshup-groups count`.

use gupshup_groups::testing::FakeGroups;

use crate::account::Account;
use crate::args::CountOptions;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{CountRecord, Output};
use crate::say::say;
use crate::signals::Signals;

pub(crate) async fn run(options: CountOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    let mut out = Output::stdout(options.output.format, false);
    let failed = |error: std::io::Error| Failure::output(&error);

    let mut first_failure = None;
    for app in account.apps() {
        let list = account.list(app);
        let groups = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(exit),
            groups = list.consistent_snapshot() => groups,
        };
        match groups {
            Ok(groups) => {
                let record = CountRecord::new(app, groups.len(), account.has_several_apps());
                out.write(&record).and_then(|()| out.flush()).map_err(failed)?;
            }
            Err(error) => {
                let failure = message::failed(app, &error, Retry::Rerun);
                say(&failure.message);
                first_failure.get_or_insert(failure.exit);
            }
        }
    }
    out.begin::<CountRecord<'_>>().and_then(|()| out.sync()).map_err(failed)?;
    Ok(first_failure.unwrap_or(Exit::Done))
}
