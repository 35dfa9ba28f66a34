//! Decides which request may begin, and when. Pure.
//!
//! A waiter begins when the window has room for it and for all *present* waiters ahead of it. The window holds the
//! requests that began within the last `per`.
//!
//! A waiter must be polled at its due time. One that is [`HOLD`] late is absent: it is removed, and gets its old place
//! back when it is polled. So a stream that is not polled delays the others by at most [`HOLD`], without a task.
//!
//! The due time is the waiter's turn if all ahead of it are on time, or, if that is sooner, [`HOLD`] for each of them
//! after the first turn. So one waiter is always due, and few are polled in vain.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

/// How late a waiter may be. A woken task runs sooner, even on a busy machine.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// How many of the first waiters are woken when they are due earlier: several, because some may not be polled.
const CALLED: usize = 16;

/// `W` wakes a waiter.
#[derive(Debug)]
pub(super) struct Queue<W> {
    requests: usize,
    per: Duration,
    /// Oldest first.
    begun: VecDeque<Instant>,
    /// In order of arrival.
    waiting: VecDeque<Waiter<W>>,
    arrivals: u64,
    released: Released<W>,
}

/// Wakers to call or drop after the lock is released, because they may run any code.
#[derive(Debug)]
pub(super) struct Released<W> {
    pub(super) called: Vec<W>,
    pub(super) begun: Option<W>,
}

#[derive(Debug)]
struct Waiter<W> {
    arrival: u64,
    due: Due,
    wake: Option<W>,
}

/// `None`: never.
type Due = Option<Instant>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Begin,
    /// Until then, or until called; `None`: until called.
    Wait(Due),
}

impl<W> Queue<W> {
    pub(super) fn new(requests: u32, per: Duration) -> Self {
        Self {
            requests: requests as usize,
            per,
            begun: VecDeque::new(),
            waiting: VecDeque::new(),
            arrivals: 0,
            released: Released::default(),
        }
    }

    /// Polls the waiter. `arrival` is `None` if it is not waiting. `wake` is swapped for the waker of its last poll.
    pub(super) fn poll(&mut self, arrival: &mut Option<u64>, now: Instant, wake: &mut Option<W>) -> Decision {
        let now = self.forget(now);
        let number = *arrival.get_or_insert_with(|| {
            self.arrivals += 1;
            self.arrivals
        });
        let at = self.position(number).unwrap_or_else(|at| {
            self.waiting.insert(at, Waiter { arrival: number, due: None, wake: None });
            at
        });
        self.waiting[at].due = None;
        mem::swap(&mut self.waiting[at].wake, wake);

        self.remove_absent(now);
        let at = self.position(number).unwrap_or_else(|at| at);
        let decision = if at < self.room() {
            self.released.begun = self.waiting.remove(at).and_then(|waiter| waiter.wake);
            *arrival = None;
            self.begun.push_back(now);
            Decision::Begin
        } else {
            let ahead = at.checked_sub(1).and_then(|ahead| self.waiting[ahead].due);
            let due = self.due(at, ahead, now);
            self.waiting[at].due = due;
            Decision::Wait(due)
        };
        self.call(now);
        decision
    }

    /// Removes a waiter for good.
    pub(super) fn leave(&mut self, arrival: u64, now: Instant) -> Option<W> {
        let now = self.forget(now);
        let left = self.position(arrival).ok().and_then(|at| self.waiting.remove(at));
        self.call(now);
        left.and_then(|waiter| waiter.wake)
    }

    /// To be called after each change.
    pub(super) fn released(&mut self) -> Released<W> {
        mem::take(&mut self.released)
    }

    /// Removes requests that have left the window. Returns `now`, but never an earlier time than before: threads may
    /// read the clock in another order than they arrive here.
    fn forget(&mut self, now: Instant) -> Instant {
        let now = self.begun.back().map_or(now, |last| now.max(*last));
        while self.begun.front().is_some_and(|begun| begun.checked_add(self.per).is_some_and(|end| end <= now)) {
            self.begun.pop_front();
        }
        now
    }

    fn room(&self) -> usize {
        self.requests - self.begun.len()
    }

    fn position(&self, arrival: u64) -> Result<usize, usize> {
        self.waiting.binary_search_by_key(&arrival, |waiter| waiter.arrival)
    }

    /// Removes absent waiters among the first.
    fn remove_absent(&mut self, now: Instant) {
        let matter = self.room().saturating_add(1).max(CALLED);
        let mut at = 0;
        while at < matter.min(self.waiting.len()) {
            if self.waiting[at].due.and_then(|due| due.checked_add(HOLD)).is_none_or(|end| end > now) {
                at += 1;
            } else if let Some(absent) = self.waiting.remove(at) {
                // If it was only slow, it returns.
                self.released.called.extend(absent.wake);
            }
        }
    }

    /// When the waiter begins if all ahead of it are on time.
    fn turn(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at / self.requests).unwrap_or(u32::MAX);
        let first = match (at % self.requests).checked_sub(self.room()) {
            None => Some(now),
            Some(after) => self.begun[after].checked_add(self.per),
        };
        first?.checked_add(self.per.checked_mul(rounds)?)
    }

    /// The waiter's turn, or the time at which all ahead of it have proved absent.
    fn plan(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at).unwrap_or(u32::MAX);
        let absent = self.turn(0, now).and_then(|first| first.checked_add(HOLD.checked_mul(rounds)?));
        earlier(self.turn(at, now), absent)
    }

    /// `ahead` is the due time of the waiter ahead.
    fn due(&self, at: usize, ahead: Due, now: Instant) -> Due {
        let first = self.turn(0, now)?;
        match ahead {
            // Whether the one ahead is absent is known soon.
            Some(ahead) if ahead <= first => {
                let absent = ahead.checked_add(HOLD).map(|absent| if absent > now { absent } else { now + HOLD });
                earlier(self.turn(at, now), absent).map(|due| due.max(first))
            }
            _ => self.plan(at, now),
        }
    }

    /// Wakes those of the first waiters that are now due earlier.
    fn call(&mut self, now: Instant) {
        self.remove_absent(now);
        for at in 0..CALLED.min(self.waiting.len()) {
            let plan = self.plan(at, now);
            let waiter = &mut self.waiting[at];
            if plan.is_some_and(|plan| waiter.due.is_none_or(|due| due > plan)) {
                waiter.due = Some(now);
                self.released.called.extend(waiter.wake.take());
            }
        }
    }
}

impl<W> Default for Released<W> {
    fn default() -> Self {
        Self { called: Vec::new(), begun: None }
    }
}

fn earlier(one: Due, other: Due) -> Due {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests;
