//! Translates between a source and the walk: pages to views, errors to faults, failures to errors.

use std::panic::resume_unwind;
use std::thread;

use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, Direction};
use crate::error::{Error, Result};
use crate::fetch::{Ahead, Effort, Pace, ReadAhead};
use crate::page::{Group, Page};
use crate::progress::Progress;
use crate::source::{PageRequest, PageSource};
use crate::trace;
use crate::walk::{Failure, Kept, Outcome, Place, Problem, Rules, Side, Walk};

pub(crate) struct Listing<S> {
    pub(super) source: S,
    pub(super) pace: Pace,
    read_ahead: Option<ReadAhead<S>>,
    pub(super) walk: Walk,
    /// Settings that are an error: the only item.
    refused: Option<Error>,
    progress: Progress,
}

/// What a stream does that waits for no page.
pub(super) enum Pulled {
    Request(PageRequest),
    Item(Option<Result<Page>>),
}

impl<S: PageSource> Listing<S> {
    pub(crate) fn new(
        source: S,
        pace: Pace,
        read_ahead: Option<ReadAhead<S>>,
        from: Result<Checkpoint>,
        rules: Rules,
    ) -> Self {
        let (walk, refused) = match from {
            Ok(from) => (Walk::new(from.place, from.heading, rules), None),
            Err(error) => {
                let rules = Rules { max_groups: Some(0), ..rules };
                (Walk::new(Place::Start, Direction::Forward, rules), Some(error))
            }
        };
        Self { source, pace, read_ahead, walk, refused, progress: Progress::default() }
    }

    /// The listing in the other direction. The caller has not received the last `remaining` groups. `progress` includes
    /// the request in flight.
    pub(super) fn reversed(self, remaining: usize, mut progress: Progress) -> Self {
        progress.groups -= remaining as u64;
        Self { walk: self.walk.reversed(remaining), progress, ..self }
    }

    /// Without the request in flight.
    pub(super) fn progress(&self) -> Progress {
        Progress { restarts: self.walk.restarts(), ..self.progress }
    }

    /// Bounds on the items to come from pages that have not arrived. An error is an item.
    pub(super) fn groups_hint(&self) -> (usize, Option<usize>) {
        match self.refused {
            Some(_) => (1, Some(1)),
            None => self.walk.size_hint(),
        }
    }

    pub(super) fn checkpoint(&self, remaining: usize) -> Checkpoint {
        Checkpoint {
            list: self.source.list_identity(),
            heading: self.walk.heading(),
            place: self.walk.place(remaining),
        }
    }

    pub(super) fn pull(&mut self) -> Pulled {
        if let Some(error) = self.refused.take() {
            return Pulled::Item(Some(Err(error)));
        }
        match self.walk.pull() {
            Ok(Some((position, size))) => Pulled::Request(PageRequest::new(position, size)),
            Ok(None) => Pulled::Item(None),
            Err(failure) => Pulled::Item(Some(Err(self.error(failure, None)))),
        }
    }

    pub(super) fn fetch_ahead(&self) -> Option<Ahead> {
        let spawn = self.read_ahead?;
        let (position, limit) = self.walk.wanted()?;
        Some(spawn(&self.source, self.pace.clone(), PageRequest::new(position, limit)))
    }

    /// Handles the answer to a request. Returns the item to yield, if any.
    ///
    /// # Panics
    ///
    /// If the source has panicked.
    pub(super) fn arrive(&mut self, answer: thread::Result<Result<Page>>, effort: Effort) -> Option<Result<Page>> {
        self.progress.count(effort);
        let (mut page, error) = match answer.unwrap_or_else(|panic| resume_unwind(panic)) {
            Ok(page) => (page, None),
            Err(error) => (Page::default(), Some(error)),
        };
        let outcome = if let Some(error) = &error {
            self.walk.failed(problem(error))
        } else {
            self.progress.pages += 1;
            self.progress.bytes += page.bytes;
            self.answer(&page)
        };
        match outcome {
            Outcome::Yield(kept) => {
                keep(&mut page.groups, kept);
                self.progress.groups += page.groups.len() as u64;
                return Some(Ok(page));
            }
            Outcome::Fail(failure) => return Some(Err(self.error(failure, error))),
            Outcome::Restarted(restarts) => trace::restarted(self.source.app_id(), restarts),
            Outcome::Lowered(size) => trace::lowered(self.source.app_id(), size),
            Outcome::Nothing => {}
        }
        None
    }

    fn answer(&mut self, page: &Page) -> Outcome {
        let side = |link, cursor: &Option<Cursor>| Side {
            link,
            // A source of the user's own may send an empty text or `null`.
            cursor: cursor.clone().filter(Cursor::is_usable),
        };
        let ids = page.groups.iter().map(|group| group.id.as_str());
        let next = side(page.has_next, &page.cursors.after);
        self.walk.page(ids, next, side(page.has_previous, &page.cursors.before))
    }

    fn error(&self, failure: Failure, reported: Option<Error>) -> Error {
        let error = match (failure, reported) {
            // Nothing was listed.
            (Failure::Request, Some(error)) if error.is_config() && self.progress.pages == 0 => return error,
            (Failure::Request, Some(error)) => error,
            (Failure::GivenCursor, Some(refusal)) => Error::cursor_invalid(refusal),
            (Failure::RefusedCursor | Failure::Request | Failure::GivenCursor, _) => Error::cursor_refused(),
            (Failure::Loop, _) => Error::cursor_loop(),
            (Failure::CursorTooLong(bytes), _) => Error::cursor_too_long(bytes),
            (Failure::LinkWithoutCursor, _) => Error::protocol("the page has a link to another page, but no cursor"),
            (Failure::NoProgress, _) => {
                Error::protocol("a hundred pages in a row have no new groups, and each leads to another page")
            }
            (Failure::Unstable, _) => Error::protocol("the last page of the list changes each time it is requested"),
            (Failure::NoWayBack, _) => {
                Error::protocol("cannot reverse here: the page has no cursor for the other direction")
            }
        };
        let error = error.with_app_id(self.source.app_id()).with_page(self.progress.pages + 1);
        error.with_checkpoint(self.checkpoint(0))
    }
}

fn problem(error: &Error) -> Problem {
    if error.is_invalid_cursors() {
        Problem::Invalid
    } else if error.is_cursor_expired() {
        Problem::Expired
    } else if error.asks_for_less() {
        Problem::TooLarge
    } else if error.is_unexplained_refusal() {
        Problem::Unexplained
    } else if error.is_retryable() && !error.is_rate_limited() {
        Problem::Exhausted
    } else {
        Problem::Other
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
