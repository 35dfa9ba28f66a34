//! `gupshup-groups diff`.

use std::io::Stdout;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Change, Snapshot};

use crate::account::Account;
use crate::args::DiffOptions;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::{ChangeRecord, Output};
use crate::say::{count, say};
use crate::signals::Signals;
use crate::state::{NOT_REPLACED, StateFile};

pub(crate) async fn run(options: DiffOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    let mut state = StateFile::open(&options.state.path, account.is_demo())?;
    if let Some(list) = account.demo_list().filter(|_| state.get(demo::APP_ID).is_some()) {
        demo::change(list, 0);
        demo::change(list, 1);
        demo::change(list, 2);
    }
    let mut out = Output::stdout(options.output.format, false);

    let (mut first_failure, mut any) = (None, false);
    for app in account.apps() {
        let list = account.list(app);
        let current = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(exit),
            current = list.snapshot() => current,
        };
        match current {
            Ok(current) => {
                let changes = changes(&current, state.get(app), options.state.initial);
                any |= !changes.is_empty();
                write(&mut out, app, &changes, account.has_several_apps())?;
                account.voice.note(&summary(app, &current, &changes, &state));
                state.replace(app, current)?;
            }
            Err(error) => {
                let failure = message::failed(app, &error, None);
                say(&failure.message);
                first_failure.get_or_insert(failure.exit);
            }
        }
    }
    if first_failure.is_none() {
        out.begin::<ChangeRecord<'_>>().and_then(|()| out.settle()).map_err(|error| Failure::output(&error))?;
    }
    let changed = options.check && any;
    Ok(first_failure.unwrap_or(if changed { Exit::Changed } else { Exit::Done }))
}

/// What has happened since the list was last reported.
pub(crate) fn changes(current: &Snapshot, reported: Option<&Snapshot>, initial: bool) -> Vec<Change> {
    match reported {
        Some(reported) => current.changes_since(reported),
        None if initial => current.iter().cloned().map(Change::Created).collect(),
        None => Vec::new(),
    }
}

/// Returns once the changes have left the program: from then on the state may be replaced.
fn write(out: &mut Output<Stdout>, app: &str, changes: &[Change], several: bool) -> Result<(), Failure> {
    changes
        .iter()
        .try_for_each(|change| out.write(&ChangeRecord::new(app, change, several)))
        .and_then(|()| out.settle())
        .map_err(|error| Failure::output(&error).and(NOT_REPLACED))
}

fn summary(app: &str, current: &Snapshot, changes: &[Change], state: &StateFile) -> String {
    if state.get(app).is_none() {
        return initial_note(app, current, state);
    }
    let mut numbers = [0_u64; 3];
    for change in changes {
        match change {
            Change::Created(_) => numbers[0] += 1,
            Change::Removed(_) => numbers[2] += 1,
            _ => numbers[1] += 1,
        }
    }
    let [created, renamed, removed] = numbers;
    let groups = count(current.len() as u64, "group");
    format!("{app}: {created} created, {renamed} renamed, {removed} removed, {groups} now")
}

/// What there is to say of an app that the state does not know.
pub(crate) fn initial_note(app: &str, current: &Snapshot, state: &StateFile) -> String {
    let groups = count(current.len() as u64, "group");
    format!(
        "{app}: {groups}; {} has no list of the app yet, so changes are reported from now on",
        state.path().display()
    )
}
