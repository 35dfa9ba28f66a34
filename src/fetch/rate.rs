//! When the next request of a client may begin.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Result};

/// A request that begins late by no more than this does not delay the next one, so that the timers' resolution of 1 ms does
/// not lower the rate. The interval is longer by this time, shared by the requests of a window.
const SLACK: Duration = Duration::from_millis(5);

/// The longest time for which a server's `Retry-After` holds all requests.
pub(crate) const MAX_CLOSED: Duration = Duration::from_secs(3_600);

/// Spaces the requests of a client evenly, and holds them while the server asks to wait. No lock is held across an await.
///
/// Each waiter reserves a time, in order of arrival. One that is not polled at its time loses it, and reserves another when
/// it is polled: it delays nobody.
#[derive(Debug)]
pub(crate) struct Gate {
    interval: Duration,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    /// The first time that no waiter has reserved.
    unreserved: Instant,
    /// No request begins earlier, because of the one before it.
    free: Instant,
    /// No request begins earlier, because the server asked to wait.
    open: Instant,
    waiters: usize,
}

enum Turn {
    Begin,
    Wait { reserved: Instant, until: Instant },
    Closed(Duration),
}

impl Gate {
    /// Without a rate limit.
    pub(crate) fn open() -> Self {
        Self::with_interval(Duration::ZERO)
    }

    /// At most `requests` in any window of length `per`, as far as the requests take equally long to the server.
    pub(crate) fn with_limit(requests: u32, per: Duration) -> Self {
        Self::with_interval(per.saturating_add(SLACK) / requests)
    }

    fn with_interval(interval: Duration) -> Self {
        let now = Instant::now();
        Self { interval, times: Mutex::new(Times { unreserved: now, free: now, open: now, waiters: 0 }) }
    }

    /// Waits until a request may begin. Returns the time waited, or an error at once if the server asked to wait longer than
    /// this.
    pub(super) async fn turn(&self, longest: Duration) -> Result<Duration> {
        let _waiter = Waiter::of(self);
        let (mut reserved, mut began) = (None, None);
        loop {
            match self.ask(reserved, longest) {
                Turn::Begin => return Ok(began.map_or(Duration::ZERO, |began: Instant| began.elapsed())),
                Turn::Closed(wait) => return Err(Error::told_to_wait(wait)),
                Turn::Wait { reserved: time, until } => {
                    reserved = Some(time);
                    began.get_or_insert_with(Instant::now);
                    sleep_until(until).await;
                }
            }
        }
    }

    /// No request begins within this time.
    pub(super) fn close(&self, wait: Duration) {
        let mut times = self.times();
        times.open = times.open.max(Instant::now() + wait.min(MAX_CLOSED));
    }

    fn ask(&self, reserved: Option<Instant>, longest: Duration) -> Turn {
        let now = Instant::now();
        let mut times = self.times();
        let closed = times.open.saturating_duration_since(now);
        if closed > longest {
            return Turn::Closed(closed);
        }
        let reserved = reserved.filter(|time| now < later(*time, self.interval)).unwrap_or_else(|| {
            let time = times.unreserved.max(times.open).max(now);
            times.unreserved = later(time, self.interval);
            time
        });
        let until = reserved.max(times.free).max(times.open);
        if until > now {
            return Turn::Wait { reserved, until };
        }
        let on_time = now.checked_sub(SLACK).map_or(now, |time| time.max(times.free));
        times.free = later(on_time, self.interval);
        Turn::Begin
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(time: Instant, by: Duration) -> Instant {
    /// Thirty years, for limits that are never reached.
    const NEVER: Duration = Duration::from_secs(946_080_000);
    time.checked_add(by).unwrap_or_else(|| time + NEVER)
}

/// Counts a waiter. When the last one leaves, times that were reserved and not used are free again.
struct Waiter<'a>(&'a Gate);

impl<'a> Waiter<'a> {
    fn of(gate: &'a Gate) -> Self {
        gate.times().waiters += 1;
        Self(gate)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut times = self.0.times();
        times.waiters -= 1;
        if times.waiters == 0 {
            times.unreserved = times.free;
        }
    }
}

#[cfg(test)]
mod tests;
