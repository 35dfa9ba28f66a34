//! Shared by `diff` and `watch`: the apps are listed and compared with the state, several at a time; the results are saved in
//! the order of the apps.

use futures::{Stream, StreamExt as _, stream};
use gupshup_groups::{Change, Error, ListGroups, Update};

use crate::account::Account;
use crate::args::StateOptions;
use crate::exit::{Exit, Failure};
use crate::say::count;
use crate::state::{Known, Saved, State};

/// An app's listing.
pub(crate) struct Listed<'a> {
    pub(crate) app: &'a str,
    known: Option<Known>,
    result: Result<Option<Update>, Error>,
}

/// What an app's listing has brought.
pub(crate) struct Found {
    /// The numbers of groups that are new, changed and removed, if the app had a list.
    numbers: Option<[u64; 3]>,
    groups: u64,
}

pub(crate) fn open(options: &StateOptions, account: &Account) -> Result<State, Failure> {
    let state = State::open(&options.path, options.require_state)?;
    if options.require_state {
        for app in account.apps() {
            if state.known(app)?.is_none() {
                return Err(Failure::file(
                    state.path(),
                    format_args!("it holds no list of the app {app}, and --require-state is given"),
                    "leave the option out once to start with its present list",
                ));
            }
        }
    }
    Ok(state)
}

/// Lists all apps. The results are in the order of the apps.
///
/// Each listing is a task, so that it goes on while the changes of another app are reported.
pub(crate) fn listings<'a>(
    account: &'a Account,
    state: &'a State,
    options: &'a StateOptions,
) -> impl Stream<Item = Result<Listed<'a>, Failure>> {
    let begin = move |app: &'a String| {
        let list = options.max_removed.into_iter().fold(account.list(app), ListGroups::max_removed);
        // Read when the listing begins, so that few lists are in memory.
        let task = state.known(app).map(|known| {
            tokio::spawn(async move {
                let result = list.update(known.as_ref().map(|known| &known.list)).await;
                (known, result)
            })
        });
        async move {
            let (known, result) = task?.await.map_err(|error| Failure::new(Exit::Failed, error.to_string(), ""))?;
            Ok(Listed { app, known, result })
        }
    };
    stream::iter(account.apps()).map(begin).buffered(account.jobs)
}

impl Listed<'_> {
    /// Saves what was found, with its changes. `Err`: the listing failed.
    pub(crate) fn save(&self, state: &State, initial: bool) -> Result<Result<Found, &Error>, Failure> {
        let update = match &self.result {
            Ok(update) => update.as_ref(),
            Err(error) => return Ok(Err(error)),
        };
        let known = self.known.as_ref();
        let groups = match (update, known) {
            (Some(update), _) => update.snapshot.len(),
            (None, Some(known)) => known.list.len(),
            (None, None) => 0,
        };
        let numbers = match state.save(self.app, known, update, initial)? {
            Saved::Yes => known.map(|_| numbers(update.map_or(&[][..], |update| &*update.changes))),
            Saved::Overtaken => Some([0; 3]),
        };
        Ok(Ok(Found { numbers, groups: groups as u64 }))
    }
}

fn numbers(changes: &[Change]) -> [u64; 3] {
    let mut numbers = [0; 3];
    for change in changes {
        match change {
            Change::Created(_) => numbers[0] += 1,
            Change::Removed(_) => numbers[2] += 1,
            _ => numbers[1] += 1,
        }
    }
    numbers
}

impl Found {
    pub(crate) fn is_first(&self) -> bool {
        self.numbers.is_none()
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.numbers.is_some_and(|numbers| numbers != [0; 3])
    }

    /// The note on stderr.
    pub(crate) fn summary(&self, app: &str, state: &State) -> String {
        let groups = count(self.groups, "group");
        match self.numbers {
            None => {
                let path = state.path().display();
                format!("{app}: {groups}; {path} had no list of the app, so changes are reported from now on")
            }
            Some([0, 0, 0]) => format!("{app}: no changes, {groups}"),
            Some([created, changed, removed]) => {
                format!("{app}: {created} created, {changed} renamed, {removed} removed, {groups} now")
            }
        }
    }
}
