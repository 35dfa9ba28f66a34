//! A time limit that allows for time in which the stream is not polled.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::timer::{NoTimers, Timer};

/// A time limit, checked only while the limited future is pending, so that a result that is ready is used.
///
/// A result that has arrived may not be ready at the first poll:
///
/// - Other tasks have to read it from the socket. So after the limit there is one more check, a moment later.
/// - A result in many pieces needs several polls. So a limit that is noticed late is extended by that time, at most by
///   its length, and [`MAX_EXTENSIONS`] times.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    length: Duration,
    /// `None`: never.
    due: Option<Instant>,
    extensions: u32,
    is_last_check: bool,
}

/// Ready with the index of a deadline that has passed. [`NoTimers`] if nothing would wake the task.
pub(crate) fn poll_first<const N: usize>(
    mut deadlines: [&mut Deadline; N],
    timer: &mut Timer,
    cx: &mut Context<'_>,
) -> Poll<Result<usize, NoTimers>> {
    let mut now = Instant::now();
    loop {
        let mut first: Option<Instant> = None;
        for (index, deadline) in deadlines.iter_mut().enumerate() {
            match deadline.check(now) {
                Check::Passed => return Poll::Ready(Ok(index)),
                Check::Until(due) => first = first.into_iter().chain(due).min(),
            }
        }
        let Some(first) = first else { return Poll::Pending };
        ready!(timer.poll(first, cx))?;
        now = Instant::now().max(first);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// `None`: never.
    Until(Option<Instant>),
    Passed,
}

/// The resolution of timers.
const MOMENT: Duration = Duration::from_millis(1);

/// A poll this late shows that the stream was not polled: a woken task runs sooner, even on a busy thread.
const LATE: Duration = Duration::from_secs(1);

/// How often a deadline that is noticed late is extended. A page polled once a minute has fewer pieces.
const MAX_EXTENSIONS: u32 = 16;

impl Deadline {
    pub(crate) fn new(length: Duration, now: Instant) -> Self {
        Self { length, due: now.checked_add(length), extensions: 0, is_last_check: false }
    }

    /// Ready if the deadline has passed.
    pub(crate) fn poll(&mut self, timer: &mut Timer, cx: &mut Context<'_>) -> Poll<Result<(), NoTimers>> {
        poll_first([self], timer, cx).map_ok(|_| ())
    }

    /// `None`: unlimited.
    pub(crate) fn left(&mut self, now: Instant) -> Option<Duration> {
        match self.check(now) {
            Check::Until(due) => due.map(|due| due.saturating_duration_since(now)),
            Check::Passed => Some(Duration::ZERO),
        }
    }

    pub(crate) fn extend(&mut self, time: Duration) {
        self.due = self.due.and_then(|due| due.checked_add(time));
    }

    pub(crate) fn at_most(&mut self, length: Duration, now: Instant) {
        let sooner = Self::new(length, now);
        if sooner.due.is_some_and(|due| self.due.is_none_or(|own| due < own)) {
            *self = sooner;
        }
    }

    fn check(&mut self, now: Instant) -> Check {
        let Some(due) = self.due.filter(|due| *due <= now) else {
            return Check::Until(self.due);
        };
        let late = now.saturating_duration_since(due);
        if late >= LATE && self.extensions < MAX_EXTENSIONS {
            self.extensions += 1;
            self.due = now.checked_add(late.min(self.length));
        } else if self.is_last_check {
            return Check::Passed;
        } else {
            self.is_last_check = true;
            self.due = now.checked_add((4 * late).clamp(MOMENT, LATE));
        }
        Check::Until(self.due)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Checks the deadline whenever it is due, each time `late`, and returns when it has passed.
    fn passes(mut deadline: Deadline, mut now: Instant, late: impl Fn(u32) -> Duration) -> Instant {
        for check in 0..1_000 {
            match deadline.check(now) {
                Check::Passed => return now,
                Check::Until(due) => now = due.unwrap() + late(check),
            }
        }
        panic!("it never passes");
    }

    #[test]
    fn a_deadline_polled_in_time_passes_after_one_last_check() {
        let now = Instant::now();
        for late in [0, 1, 20, 900].map(Duration::from_millis) {
            let passed = passes(Deadline::new(30 * SECOND, now), now, |_| late);
            assert_eq!(passed, now + 30 * SECOND + 2 * late + (4 * late).clamp(MOMENT, SECOND));
        }
    }

    #[test]
    fn a_deadline_noticed_late_is_extended_by_the_lateness_and_at_most_by_its_length() {
        let began = Instant::now();
        for (late, extension) in [(1_000, 1_000), (5_000, 5_000), (30_000, 30_000), (3_600_000, 30_000)] {
            let mut deadline = Deadline::new(30 * SECOND, began);
            let now = began + 30 * SECOND + Duration::from_millis(late);
            let extension = Duration::from_millis(extension);
            assert_eq!(deadline.check(now), Check::Until(Some(now + extension)));
            assert_eq!(deadline.left(now), Some(extension));
            assert_eq!(passes(deadline, now, |_| Duration::ZERO), now + extension + MOMENT);
        }
    }

    #[test]
    fn a_deadline_too_far_away_for_an_instant_never_passes() {
        let now = Instant::now();
        let mut deadline = Deadline::new(Duration::MAX, now);
        assert_eq!(deadline.check(now + 1_000_000 * SECOND), Check::Until(None));
        assert_eq!(deadline.left(now), None);
        deadline.extend(SECOND);
        deadline.at_most(SECOND, now);
        assert_eq!(deadline.left(now), Some(SECOND));
        deadline.at_most(2 * SECOND, now);
        assert_eq!(deadline.left(now), Some(SECOND), "it is only ever brought forward");
        deadline.extend(Duration::MAX);
        assert_eq!(deadline.left(now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn its_timer_wakes_the_task_when_it_has_passed() {
        let began = Instant::now();
        let mut deadline = Deadline::new(30 * SECOND, began);
        let mut timer = Timer::new();
        poll_fn(|cx| deadline.poll(&mut timer, cx)).await.unwrap();
        let elapsed = began.elapsed();
        assert!(elapsed > 30 * SECOND && elapsed <= 30 * SECOND + 3 * MOMENT, "{elapsed:?}");
    }

    #[test]
    fn without_timers_it_is_checked_at_each_poll() {
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        let now = Instant::now();
        let mut timer = Timer::new();
        assert_eq!(Deadline::new(3600 * SECOND, now).poll(&mut timer, &mut cx), Poll::Ready(Err(NoTimers)));
        let mut passed = Deadline { length: SECOND, due: Some(now), extensions: MAX_EXTENSIONS, is_last_check: true };
        assert_eq!(passed.poll(&mut timer, &mut cx), Poll::Ready(Ok(())));
    }

    proptest! {
        /// However late the checks are, the time in which the deadline was polled is bounded.
        #[test]
        fn it_always_passes_and_never_early(
            length in 1_u64..100_000,
            late in proptest::collection::vec(0_u64..100_000, 1..50),
        ) {
            let length = Duration::from_millis(length);
            let now = Instant::now();
            let late = |check: u32| Duration::from_millis(late[check as usize % late.len()]);
            let passed = passes(Deadline::new(length, now), now, late);
            prop_assert!(passed >= now + length);
            let lateness: Duration = (0..MAX_EXTENSIONS + 3).map(late).sum();
            prop_assert!(passed <= now + length * (MAX_EXTENSIONS + 1) + lateness + SECOND);
        }
    }
}
