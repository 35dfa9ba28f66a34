//! `gupshup-groups list`.

mod pages;
mod partial;
mod record;

use std::future::ready;
use std::pin::pin;

use futures::{StreamExt as _, stream};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Cursor, Error, Group, ListGroups, Progress};
use tokio::sync::mpsc;

use crate::account::Account;
use crate::args::ListOptions;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{GroupRecord, Output};
use crate::say::count;
use crate::signals::Signals;
use crate::tally::Tally;

use pages::Event;
use partial::Partial;
use record::{Listing, Place};

/// Where the groups go.
enum Target {
    Stdout(Output),
    File(Box<Partial>),
}

/// How one app's listing ended.
enum End {
    /// At the end of the list, or at `--max`; or with an error.
    Listed(Result<(), Error>, Progress),
    Stopped(Exit),
}

pub(crate) async fn run(options: ListOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    if options.backward_from.is_some() && account.has_several_apps() {
        return Err(Failure::usage("--backward-from works with one app only", "give one --app"));
    }
    let mut target = Target::open(&options, &account)?;
    let mut tally = Tally::new(account.apps().len());
    account.console.show_progress(account.apps().len());
    let ended = list(&options, &account, &mut target, &mut tally, &mut signals).await;
    account.console.end_progress();
    tally.sum_up(&account.console);
    let ended = ended.and_then(|exit| target.end(exit, &tally, &account));
    Ok(tally.end(ended, &account.console))
}

async fn list(
    options: &ListOptions,
    account: &Account,
    target: &mut Target,
    tally: &mut Tally,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let places = target.places(account.apps().len());
    tally.ended += places.iter().filter(|place| **place == Place::End).count() as u64;
    let apps = account.apps().iter().zip(places).enumerate();
    let listings = apps.filter_map(|(index, (app, place))| {
        let list = listing(account, app, &place, options)?;
        Some((index, app, list))
    });
    // The tasks begin when they are taken from the iterator: this many at a time.
    let mut listings = pin!(
        stream::iter(listings)
            .map(|(index, app, list)| ready((index, app, pages::begin(&list))))
            .buffered(account.jobs)
    );
    while let Some((index, app, mut pages)) = listings.next().await {
        let end = copy(index, app, &mut pages, target, signals).await?;
        account.console.app_ended();
        tally.ended += u64::from(matches!(end, End::Listed(..)));
        match end {
            End::Listed(Ok(()), progress) => {
                target.ended(index);
                if !account.has_several_apps() || account.console.is_verbose() {
                    account.console.note(format_args!("{app}: {}", done(&progress)));
                }
            }
            End::Listed(Err(error), progress) => {
                let retry = match (&target, &options.backward_from) {
                    (Target::File(_), _) => Retry::Resume,
                    (Target::Stdout(_), Some(_)) => Retry::RerunWithCursor,
                    (Target::Stdout(_), None) => Retry::Rerun,
                };
                let mut failure = message::failed(app, &error, retry);
                if progress.groups > 0 {
                    failure.message = format!("{} (after {})", failure.message, count(progress.groups, "group"));
                }
                tally.failed(app, &failure, &account.console);
            }
            End::Stopped(exit) => return Ok(exit),
        }
    }
    Ok(Exit::Done)
}

/// The listing of an app from its place on, unless it is at its end.
fn listing(account: &Account, app: &str, place: &Place, options: &ListOptions) -> Option<ListGroups> {
    let list = account.list(app);
    let list = match (place, &options.backward_from) {
        (Place::End, _) => return None,
        (Place::After { place, .. }, _) => list.resume(place.clone()),
        (Place::Start, Some(cursor)) => list.before(Cursor::from(cursor.as_str())),
        (Place::Start, None) => list,
    };
    let before = if let Place::After { groups, .. } = place { *groups } else { 0 };
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    Some(options.max.into_iter().fold(list, |list, max| list.max_groups(max.saturating_sub(before))))
}

/// Writes the pages of an app, until the end, an error or a signal.
async fn copy(
    index: usize,
    app: &str,
    pages: &mut mpsc::Receiver<Event>,
    target: &mut Target,
    signals: &mut Signals,
) -> Result<End, Failure> {
    loop {
        let event = tokio::select! {
            biased;
            exit = signals.stopped() => return Ok(End::Stopped(exit)),
            event = pages.recv() => event,
        };
        match event {
            Some(Event::Page { groups, place }) => target.write(index, app, &groups, place)?,
            Some(Event::End { result, progress }) => return Ok(End::Listed(result, progress)),
            None => {
                return Err(Failure::new(Exit::Failed, format!("app {app}: the listing ended without a result"), ""));
            }
        }
    }
}

fn done(progress: &Progress) -> String {
    format!("{} in {}", count(progress.groups, "group"), count(progress.requests, "request"))
}

impl Target {
    fn open(options: &ListOptions, account: &Account) -> Result<Self, Failure> {
        let format = options.output.format;
        let Some(path) = &options.output_file else {
            return Ok(Self::Stdout(Output::stdout(format, account.has_several_apps())));
        };
        let listing = Listing {
            apps: account.apps().to_vec(),
            format: format.name().to_owned(),
            address: account.address().to_owned(),
            max: options.max,
            backward_from: options.backward_from.clone(),
        };
        let partial = Partial::open(path, options.resume, format, listing, &account.console)?;
        Ok(Self::File(Box::new(partial)))
    }

    /// Where each app begins.
    fn places(&self, apps: usize) -> Vec<Place> {
        match self {
            Self::Stdout(_) => vec![Place::Start; apps],
            Self::File(partial) => partial.places().to_vec(),
        }
    }

    /// Writes the groups of a page.
    fn write(&mut self, index: usize, app: &str, groups: &[Group], place: Checkpoint) -> Result<(), Failure> {
        let out = match self {
            Self::Stdout(out) => out,
            Self::File(partial) => &mut partial.out,
        };
        let written = groups.iter().try_for_each(|group| out.write(&GroupRecord::new(app, group)));
        match self {
            Self::Stdout(out) => written.and_then(|()| out.flush()).map_err(|error| Failure::output(&error)),
            Self::File(partial) => {
                written.map_err(|error| partial.not_written(&error))?;
                partial.reached(index, place, groups.len() as u64)
            }
        }
    }

    fn ended(&mut self, index: usize) {
        if let Self::File(partial) = self {
            partial.ended(index);
        }
    }

    /// Completes the output, or saves how far it has come.
    fn end(self, exit: Exit, tally: &Tally, account: &Account) -> Result<Exit, Failure> {
        match self {
            // A header alone would look like an empty list.
            Self::Stdout(_) if exit == Exit::Done && tally.first_failure().is_some() => {}
            Self::Stdout(mut out) if exit == Exit::Done => {
                out.begin::<GroupRecord<'_>>().and_then(|()| out.sync()).map_err(|error| Failure::output(&error))?;
            }
            Self::Stdout(_) => {
                account.console.note("stopped: the next run starts at the beginning; --output can resume");
            }
            Self::File(partial) if exit == Exit::Done && tally.first_failure().is_none() => partial.finish()?,
            Self::File(mut partial) => {
                partial.save()?;
                let why = if exit == Exit::Done { "not complete" } else { "stopped" };
                account.console.always(format_args!("{why}: {}", partial.how_to_continue(tally.has_refused())));
            }
        }
        Ok(exit)
    }
}
