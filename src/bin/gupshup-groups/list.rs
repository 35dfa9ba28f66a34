//! `gupshup-groups list`.

use std::io::{self, Stdout};

use futures::{Stream as _, StreamExt as _};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Cursor, Error, GroupStream, ListGroups};

use crate::account::Account;
use crate::args::ListOptions;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::message::{self, Retry};
use crate::output::{GroupRecord, Output};
use crate::resume::ResumeFile;
use crate::say::{Bar, count, say};
use crate::signals::Signals;

/// How one app's listing ended.
enum End {
    /// At the end of the list, or at `--max`.
    Reached,
    Failed(Error),
    Stopped(Exit),
}

pub(crate) async fn run(options: ListOptions, mut signals: Signals) -> Result<Exit, Failure> {
    let account = Account::open(&options.account, || FakeGroups::new(demo::groups(2_500)))?;
    signals.hold();
    if options.backward_from.is_some() && account.has_several_apps() {
        return Err(Failure::new(Exit::Usage, "--backward-from works with one app only"));
    }
    let mut file = ResumeFile::open(options.resume_file.as_deref(), account.apps())?;
    let mut out = Output::stdout(options.output.format, file.continues());

    let mut first_failure = None;
    for app in account.apps() {
        let place = file.place(app).cloned();
        if place.as_ref().is_some_and(Checkpoint::is_end) {
            continue;
        }
        let list = listing(&account, app, place, &options);
        let bar = account.verbosity.bar(app, options.max);
        let mut listing = Listing { app, several: account.has_several_apps(), stream: list.stream(), bar };
        let end = listing.copy(&mut out, &mut file, &mut signals).await?;
        let done = listing.done();
        drop(listing);
        match end {
            End::Reached => account.verbosity.note(&format!("{app}: {done}")),
            End::Failed(error) => {
                let retry = match (file.path(), &options.backward_from) {
                    (Some(path), _) => Retry::Resume(path),
                    (None, Some(_)) => Retry::RerunWithCursor,
                    (None, None) => Retry::Rerun,
                };
                let failure = message::failed(app, &error, retry);
                say(&format!("{} ({done})", failure.message));
                first_failure.get_or_insert(failure.exit);
            }
            End::Stopped(exit) => {
                let next = match file.path() {
                    Some(_) => "to continue, run again with the same --resume-file",
                    None => "without --resume-file, the next run starts at the beginning",
                };
                account.verbosity.note(&format!("stopped: {app}: {done}; {next}"));
                return Ok(exit);
            }
        }
    }
    if first_failure.is_none() {
        out.begin::<GroupRecord<'_>>().and_then(|()| out.sync()).map_err(|error| output_failure(&error, &file))?;
    }
    file.finish(account.apps())?;
    Ok(first_failure.unwrap_or(Exit::Done))
}

fn listing(account: &Account, app: &str, place: Option<Checkpoint>, options: &ListOptions) -> ListGroups {
    let list = options.max.into_iter().fold(account.list(app), ListGroups::max_groups);
    match (place, &options.backward_from) {
        (Some(place), _) => list.resume(place),
        (None, Some(cursor)) => list.before(Cursor::from(cursor.as_str())),
        (None, None) => list,
    }
}

/// The listing of one app.
struct Listing<'a> {
    app: &'a str,
    several: bool,
    stream: GroupStream,
    bar: Bar,
}

impl Listing<'_> {
    /// Writes the groups, until the end, an error or a signal. Saves the place after each page.
    async fn copy(
        &mut self,
        out: &mut Output<Stdout>,
        file: &mut ResumeFile,
        signals: &mut Signals,
    ) -> Result<End, Failure> {
        let end = loop {
            // The next page may take a while.
            if self.stream.size_hint().0 == 0 {
                self.save(out, file)?;
                self.bar.update(&self.stream.progress());
            }
            tokio::select! {
                biased;
                exit = signals.stopped() => break End::Stopped(exit),
                next = self.stream.next() => match next {
                    Some(Ok(group)) => out.write(&GroupRecord::new(self.app, &group, self.several))
                        .map_err(|error| output_failure(&error, file))?,
                    Some(Err(error)) => break End::Failed(error),
                    None => break End::Reached,
                },
            }
        };
        self.save(out, file)?;
        Ok(end)
    }

    /// Writes what is buffered, then saves the place; as long as nothing is written, only notes it.
    fn save(&self, out: &mut Output<Stdout>, file: &mut ResumeFile) -> Result<(), Failure> {
        let written = if file.path().is_some() { out.sync() } else { out.flush() };
        written.map_err(|error| output_failure(&error, file))?;
        file.reached(self.app, self.stream.checkpoint());
        if out.has_begun() { file.save() } else { Ok(()) }
    }

    fn done(&self) -> String {
        let progress = self.stream.progress();
        format!("{} in {}", count(progress.groups, "group"), count(progress.requests, "request"))
    }
}

/// It is unknown how much of the last page was read.
fn output_failure(error: &io::Error, file: &ResumeFile) -> Failure {
    match (Failure::output(error), file.path()) {
        (failure, Some(path)) if !failure.message.is_empty() => {
            failure.and(&format!("{} stays at the last page that was written", path.display()))
        }
        (failure, _) => failure,
    }
}
