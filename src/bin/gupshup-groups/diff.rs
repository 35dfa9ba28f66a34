//! `gupshup-groups diff`.

use std::io::Stdout;

use gupshup_groups::Change;
use gupshup_groups::testing::FakeGroups;

use crate::account::Account;
use crate::args::DiffOptions;
use crate::changes::find;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{ChangeRecord, Output};
use crate::say::say;
use crate::signals::Signals;
use crate::state::{NOT_REPLACED, StateFile};

pub(crate) async fn run(options: DiffOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    let mut state = StateFile::open(&options.state.path, account.is_demo())?;
    if let Some(list) = account.demo_list().filter(|_| state.list(demo::APP_ID).is_some()) {
        (0..3).for_each(|turn| demo::change(list, turn));
    }
    let mut out = Output::stdout(options.output.format, false);

    let (mut first_failure, mut any) = (None, false);
    for app in account.apps() {
        let pending = state.pending(app);
        any |= !pending.is_empty();
        write(&mut out, app, &pending, &account)?;
        state.finish(app)?;

        let list = account.list(app);
        let found = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(exit),
            found = find(&list, state.list(app)) => found,
        };
        match found {
            Ok(found) => {
                account.verbosity.note(&found.summary(app, &state));
                if let Some((changes, list)) = found.into_report(options.state.initial) {
                    any |= !changes.is_empty();
                    state.begin(app, &changes, list)?;
                    write(&mut out, app, &changes, &account)?;
                    state.finish(app)?;
                }
            }
            Err(error) => {
                let failure = message::failed(app, &error, Retry::Rerun);
                say(&failure.message);
                first_failure.get_or_insert(failure.exit);
            }
        }
    }
    if first_failure.is_none() {
        out.begin::<ChangeRecord<'_>>().and_then(|()| out.sync()).map_err(|error| Failure::output(&error))?;
    }
    let changed = options.check && any;
    Ok(first_failure.unwrap_or(if changed { Exit::Changed } else { Exit::Done }))
}

/// Returns after the changes have left the program: then the state may be replaced.
fn write(out: &mut Output<Stdout>, app: &str, changes: &[Change], account: &Account) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    changes
        .iter()
        .try_for_each(|change| out.write(&ChangeRecord::new(app, change, account.has_several_apps())))
        .and_then(|()| out.sync())
        .map_err(|error| Failure::output(&error).and(NOT_REPLACED))
}
