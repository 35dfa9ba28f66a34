//! Decides who may begin a request, and when. Pure.
//!
//! A waiter begins when the window has room for it and for all *present* waiters ahead of it. The window holds the
//! requests that began within the last `per`, so no stretch of `per` has more than `requests`.
//!
//! Each waiter has a due time, at which it must be polled again. A waiter that is [`HOLD`] late is absent: it is
//! removed, and gets its old place back when it is polled. So a stream that is not polled delays those behind it by at
//! most [`HOLD`], and no task has to run for it.
//!
//! The due time is the waiter's turn if all ahead of it are on time, or [`HOLD`] for each of them after the first turn,
//! if that is sooner, to replace absent ones. So somebody is always due, and in each [`HOLD`] only a few (about the
//! logarithm of their number) are polled in vain. When one leaves, others may be due earlier; the first of them are
//! called.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

/// How late a waiter may be. A woken task runs within a few milliseconds, and within this time on a busy machine.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// How many of the first waiters are called when they are due earlier. One would do if it were certain to be polled.
const CALLED: usize = 16;

/// The window, and the waiters in order. `W` wakes one.
#[derive(Debug)]
pub(super) struct Queue<W> {
    requests: usize,
    per: Duration,
    /// The requests of the last `per`, oldest first.
    begun: VecDeque<Instant>,
    /// In order of arrival.
    waiting: VecDeque<Waiter<W>>,
    arrivals: u64,
    released: Released<W>,
}

/// Wakers to be called or dropped after the lock is released, because they may run any code.
#[derive(Debug)]
pub(super) struct Released<W> {
    /// To be called.
    pub(super) called: Vec<W>,
    /// Of a waiter that has begun.
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
    /// Begin now.
    Begin,
    /// Poll again then, or when called; `None`: when called.
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

    /// Decides for the waiter that is polled. `arrival` is its place in the order, `None` before its first poll and
    /// after it has begun. `wake` is its waker, which is exchanged for that of its last poll.
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
        // A waiter that is polled is present.
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

    /// Removes a waiter for good. Returns its waker.
    pub(super) fn leave(&mut self, arrival: u64, now: Instant) -> Option<W> {
        let now = self.forget(now);
        let left = self.position(arrival).ok().and_then(|at| self.waiting.remove(at));
        self.call(now);
        left.and_then(|waiter| waiter.wake)
    }

    /// What was released since the last call. Call it after each change.
    pub(super) fn released(&mut self) -> Released<W> {
        mem::take(&mut self.released)
    }

    /// Removes requests that have left the window. Returns `now`, or the time of the last request if that is later,
    /// because threads may read the clock in another order than they arrive here.
    fn forget(&mut self, now: Instant) -> Instant {
        let now = self.begun.back().map_or(now, |last| now.max(*last));
        while self.begun.front().is_some_and(|begun| begun.checked_add(self.per).is_some_and(|end| end <= now)) {
            self.begun.pop_front();
        }
        now
    }

    /// How many requests may begin now.
    fn room(&self) -> usize {
        self.requests - self.begun.len()
    }

    /// The index of the waiter, or where it would be.
    fn position(&self, arrival: u64) -> Result<usize, usize> {
        self.waiting.binary_search_by_key(&arrival, |waiter| waiter.arrival)
    }

    /// Removes absent waiters ahead of those that may begin or be called.
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

    /// The turn of the waiter at `at` if all ahead of it begin as soon as they may.
    fn turn(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at / self.requests).unwrap_or(u32::MAX);
        let first = match (at % self.requests).checked_sub(self.room()) {
            None => Some(now),
            Some(after) => self.begun[after].checked_add(self.per),
        };
        first?.checked_add(self.per.checked_mul(rounds)?)
    }

    /// The due time of the waiter at `at`: its turn, or the time by which all ahead of it would prove absent.
    fn plan(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at).unwrap_or(u32::MAX);
        let absent = self.turn(0, now).and_then(|first| first.checked_add(HOLD.checked_mul(rounds)?));
        earlier(self.turn(at, now), absent)
    }

    /// The due time of the waiter at `at`, if that of the one ahead of it is `ahead`.
    fn due(&self, at: usize, ahead: Due, now: Instant) -> Due {
        let first = self.turn(0, now)?;
        match ahead {
            // The one ahead is late, or the first to be due: whether it is absent shows soon.
            Some(ahead) if ahead <= first => {
                let absent = ahead.checked_add(HOLD).map(|absent| if absent > now { absent } else { now + HOLD });
                earlier(self.turn(at, now), absent).map(|due| due.max(first))
            }
            _ => self.plan(at, now),
        }
    }

    /// Calls those of the first waiters that are due earlier than they know.
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

/// The earlier of two.
fn earlier(one: Due, other: Due) -> Due {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests;
