//! Translates between pages and the walk: pages to ids and sides, errors to problems, failures to errors.

use std::panic::resume_unwind;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, Direction, Position};
use crate::error::{Error, ErrorKind, Result};
use crate::fetch::Fetcher;
use crate::page::{Group, Page};
use crate::source::PageRequest;
use crate::trace;
use crate::walk::{Failure, Kept, Outcome, PageSize, Place, Problem, Rules, Side, Walk};

use super::progress::Progress;

/// The settings of a listing.
pub(crate) struct Plan {
    pub(crate) fetcher: Fetcher,
    pub(crate) participants: Option<Arc<[String]>>,
    pub(crate) read_ahead: bool,
    /// Where to begin, or why the settings are invalid.
    pub(crate) from: Result<Checkpoint>,
    pub(crate) rules: Rules,
}

pub(super) struct Listing {
    fetcher: Fetcher,
    participants: Option<Arc<[String]>>,
    read_ahead: bool,
    /// The identity of the list, for checkpoints.
    list: Option<u64>,
    walk: Walk,
    /// Settings that are an error: the only item.
    refused: Option<Error>,
    /// Without what the walk and the fetcher count.
    progress: Progress,
}

/// What a stream does that waits for no page.
pub(super) enum Pulled {
    Request(BoxFuture<'static, Result<Page>>),
    Item(Option<Result<Page>>),
}

impl Listing {
    pub(super) fn new(plan: Plan) -> Self {
        let Plan { fetcher, participants, read_ahead, from, rules } = plan;
        let (list, walk, refused) = match from {
            Ok(from) => (from.list, Walk::new(from.place, from.heading, rules), None),
            Err(error) => {
                let nothing = Rules { max_groups: Some(0), ..rules };
                (None, Walk::new(Place::Start, Direction::Forward, nothing), Some(error))
            }
        };
        Self { fetcher, participants, read_ahead, list, walk, refused, progress: Progress::default() }
    }

    /// The listing in the other direction. The caller has not received the last `remaining` groups.
    pub(super) fn reversed(self, remaining: usize) -> Self {
        let groups = self.progress.groups - remaining as u64;
        Self { walk: self.walk.reversed(remaining), progress: Progress { groups, ..self.progress }, ..self }
    }

    pub(super) fn resume(&mut self) {
        self.walk.resume();
    }

    pub(super) fn limit(&mut self, groups: usize) {
        self.walk.limit(groups);
    }

    pub(super) fn progress(&self) -> Progress {
        let (requests, retries, waited) = self.fetcher.effort();
        Progress { requests, retries, waited, restarts: self.walk.restarts(), ..self.progress }
    }

    pub(super) fn saw_change(&self) -> bool {
        self.walk.saw_change()
    }

    pub(super) fn direction(&self) -> Direction {
        self.walk.heading()
    }

    /// Bounds on the items to come from pages that have not arrived. An error is an item.
    pub(super) fn groups_hint(&self) -> (usize, Option<usize>) {
        match self.refused {
            Some(_) => (1, Some(1)),
            None => self.walk.size_hint(),
        }
    }

    pub(super) fn checkpoint(&self, remaining: usize) -> Checkpoint {
        Checkpoint { list: self.list, heading: self.walk.heading(), place: self.walk.place(remaining) }
    }

    pub(super) fn pull(&mut self) -> Pulled {
        if let Some(error) = self.refused.take() {
            return Pulled::Item(Some(Err(error)));
        }
        match self.walk.pull() {
            Ok(Some((position, size))) => {
                if self.read_ahead {
                    // Panics before a page arrives, which would be lost.
                    let _ = Handle::current();
                }
                let request = self.request(position, size);
                Pulled::Request(Box::pin(self.fetcher.clone().fetch(request)))
            }
            Ok(None) => Pulled::Item(None),
            Err(failure) => Pulled::Item(Some(Err(self.error(failure, None)))),
        }
    }

    /// Starts to fetch the next page, if there is one and pages are read ahead.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub(super) fn fetch_ahead(&self) -> Option<BoxFuture<'static, Result<Page>>> {
        if !self.read_ahead {
            return None;
        }
        let (position, size) = self.walk.wanted()?;
        // Dropping the set aborts the task.
        let mut task = JoinSet::new();
        task.spawn(self.fetcher.clone().fetch(self.request(position, size)));
        Some(Box::pin(async move {
            match task.join_next().await {
                Some(Ok(answer)) => answer,
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                Some(Err(_)) | None => Err(Error::broken("the runtime was shut down")),
            }
        }))
    }

    fn request(&self, position: Position, size: PageSize) -> PageRequest {
        PageRequest { participants: self.participants.clone(), ..PageRequest::new(position, size) }
    }

    /// Handles the answer to a request. Returns the item to yield, if any.
    pub(super) fn arrive(&mut self, answer: Result<Page>) -> Option<Result<Page>> {
        let (outcome, answer) = match answer {
            Ok(page) => {
                self.progress.pages += 1;
                self.progress.bytes += page.bytes;
                let ids = page.groups.iter().map(|group| group.id.as_str());
                let next = side(page.has_next, page.cursors.after.as_ref());
                let previous = side(page.has_previous, page.cursors.before.as_ref());
                (self.walk.page(ids, next, previous), Ok(page))
            }
            Err(error) => (self.walk.failed(problem(&error)), Err(error)),
        };
        match outcome {
            Outcome::Yield(kept) => {
                // Only a page is yielded.
                let mut page = answer.unwrap_or_default();
                keep(&mut page.groups, kept);
                self.progress.groups += page.groups.len() as u64;
                return Some(Ok(page));
            }
            Outcome::Fail(failure) => return Some(Err(self.error(failure, answer.err()))),
            Outcome::Restarted(restarts) => trace::restarted(self.fetcher.app_id(), restarts),
            Outcome::Lowered(size) => trace::lowered(self.fetcher.app_id(), size),
            Outcome::Nothing => {}
        }
        None
    }

    fn error(&self, failure: Failure, reported: Option<Error>) -> Error {
        let error = match (failure, reported) {
            (Failure::Request, Some(error)) => error,
            (Failure::GivenCursor, Some(refusal)) => Error::cursor_invalid(refusal),
            (Failure::RefusedCursor | Failure::Request | Failure::GivenCursor, _) => Error::cursor_refused(),
            (Failure::Loop, _) => Error::cursor_loop(),
            (Failure::CursorTooLong(bytes), _) => Error::cursor_too_long(bytes),
            (Failure::LinkWithoutCursor, _) => Error::protocol("the page has a link to another page, but no cursor"),
            (Failure::NoProgress, _) => {
                Error::protocol("a hundred pages in a row have no new group, and each leads to another page")
            }
            (Failure::Unstable, _) => Error::protocol("the last page of the list changes each time it is requested"),
            (Failure::NoWayBack, _) => {
                Error::protocol("cannot reverse here: the page has no cursor for the other direction")
            }
        };
        self.fetcher.name(error).with_page(self.progress.pages + 1).with_checkpoint(self.checkpoint(0))
    }
}

/// A source of the user's own may send an empty text or `null` as a cursor.
fn side(link: bool, cursor: Option<&Cursor>) -> Side {
    Side { link, cursor: cursor.filter(|cursor| cursor.is_usable()).cloned() }
}

fn problem(error: &Error) -> Problem {
    match error.kind() {
        ErrorKind::CursorExpired if error.is_invalid_cursors() => Problem::Invalid,
        ErrorKind::CursorExpired => Problem::Expired,
        ErrorKind::PageSize => Problem::TooLarge,
        ErrorKind::Api if error.status() == Some(400) => Problem::Unexplained,
        ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Unavailable => Problem::Exhausted,
        _ => Problem::Other,
    }
}

fn keep(groups: &mut Vec<Group>, kept: Kept) {
    match kept {
        Kept::Run(run) => {
            groups.truncate(run.end);
            groups.drain(..run.start);
        }
        Kept::Each(kept) => {
            let mut kept = kept.into_iter();
            groups.retain(|_| kept.next().unwrap_or(true));
        }
    }
}
