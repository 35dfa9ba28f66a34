//! Who may begin a request, and when. Pure: instants go in, decisions come out.
//!
//! The rule: a waiter begins when the window has room for it and for everybody ahead of it. The window is the log of the
//! requests that began within the last `per`, so that no stretch of `per` ever holds more than `requests`. Ahead are those
//! who came earlier and are *present*.
//!
//! Every waiter is told when to come again, its due time. A waiter that lets [`HOLD`] pass after its due time is absent:
//! nobody polls it, and nobody waits for it. It is taken out, and when it comes again it has its old place in the order.
//! So a stream that is alive and not polled costs those behind it at most [`HOLD`], and nothing has to run on its behalf.
//!
//! The due time of a waiter is when its turn comes if all ahead of it come in time, or [`HOLD`] for each of them after the
//! first turn if that is sooner, to take the place of those that are absent. So there is always somebody who comes, and in
//! each [`HOLD`] only a few come in vain, about the logarithm of their number. When somebody leaves, those behind may come
//! earlier than they were told; the first of them are called.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

/// How long after its due time a waiter still holds its place. A task that is woken runs within a few milliseconds, and
/// within this time on a machine that is busy.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// How many waiters are kept from coming late when others leave. One would do if it were certain to be polled.
const CALLED: usize = 16;

/// The log of the window, and the waiters in their order. `W` wakes one of them.
#[derive(Debug)]
pub(super) struct Queue<W> {
    requests: usize,
    per: Duration,
    /// When the requests of the last `per` began, oldest first; at most `requests`.
    begun: VecDeque<Instant>,
    /// In the order of arrival.
    waiting: VecDeque<Waiter<W>>,
    arrivals: u64,
    released: Released<W>,
}

/// What the queue has let go of. A waker may run any code when it is called and when it is dropped, so both have to wait
/// until the queue is not locked.
#[derive(Debug)]
pub(super) struct Released<W> {
    /// Those to be woken.
    pub(super) called: Vec<W>,
    /// One that has begun.
    pub(super) begun: Option<W>,
}

#[derive(Debug)]
struct Waiter<W> {
    arrival: u64,
    due: Due,
    wake: Option<W>,
}

/// An instant; `None` is never.
type Due = Option<Instant>;

/// What a waiter does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Begins its request now.
    Begin,
    /// Comes again then, or when it is called; `None` is only when it is called.
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

    /// Decides for a waiter that is polled. `arrival` is its place in the order, `None` before its first poll and after it
    /// has begun. `wake` is how to call it; afterwards it holds the waker of the poll
    /// before, which is of no use any more.
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
        // Whoever is polled is present, whatever it was told before.
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

    /// Takes out a waiter that will not come again. Returns its waker.
    pub(super) fn leave(&mut self, arrival: u64, now: Instant) -> Option<W> {
        let now = self.forget(now);
        let left = self.position(arrival).ok().and_then(|at| self.waiting.remove(at));
        self.call(now);
        left.and_then(|waiter| waiter.wake)
    }

    /// What was let go of since the last time; to be asked for after each change.
    pub(super) fn released(&mut self) -> Released<W> {
        mem::take(&mut self.released)
    }

    /// Forgets the requests that have left the window. Returns `now`, or the time of the last request if that is later:
    /// two threads may look at the clock in another order than they come here.
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

    /// Where the waiter is, or would be.
    fn position(&self, arrival: u64) -> Result<usize, usize> {
        self.waiting.binary_search_by_key(&arrival, |waiter| waiter.arrival)
    }

    /// Takes out those who are absent, as far as it matters: ahead of those who may begin or may be called.
    fn remove_absent(&mut self, now: Instant) {
        let matter = self.room().saturating_add(1).max(CALLED);
        let mut at = 0;
        while at < matter.min(self.waiting.len()) {
            if self.waiting[at].due.and_then(|due| due.checked_add(HOLD)).is_none_or(|end| end > now) {
                at += 1;
            } else if let Some(absent) = self.waiting.remove(at) {
                // If it was only slow, it comes back.
                self.released.called.extend(absent.wake);
            }
        }
    }

    /// When the turn of the waiter at `at` comes if all ahead of it begin as soon as they may.
    fn turn(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at / self.requests).unwrap_or(u32::MAX);
        let first = match (at % self.requests).checked_sub(self.room()) {
            None => Some(now),
            Some(after) => self.begun[after].checked_add(self.per),
        };
        first?.checked_add(self.per.checked_mul(rounds)?)
    }

    /// When the waiter at `at` should come: at its turn, or when all ahead of it would have been found absent one after the
    /// other, if that is sooner.
    fn plan(&self, at: usize, now: Instant) -> Due {
        let rounds = u32::try_from(at).unwrap_or(u32::MAX);
        let absent = self.turn(0, now).and_then(|first| first.checked_add(HOLD.checked_mul(rounds)?));
        earlier(self.turn(at, now), absent)
    }

    /// When the waiter at `at` should come, where the one ahead of it comes at `ahead`.
    fn due(&self, at: usize, ahead: Due, now: Instant) -> Due {
        let first = self.turn(0, now)?;
        match ahead {
            // It should be here already, or should be the first to come: whether it is absent shows soon.
            Some(ahead) if ahead <= first => {
                let absent = ahead.checked_add(HOLD).map(|absent| if absent > now { absent } else { now + HOLD });
                earlier(self.turn(at, now), absent).map(|due| due.max(first))
            }
            _ => self.plan(at, now),
        }
    }

    /// Calls those of the first waiters who were told to come later than they should now.
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

/// The earlier of two, of which none is never.
fn earlier(one: Due, other: Due) -> Due {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests;
