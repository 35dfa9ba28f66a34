//! Timers on tokio's clock that do not panic.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{self, Handle};
use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes a task at an instant. Polled in another runtime, it moves there, because its own may have been shut down.
///
/// # Why it uses `catch_unwind`
///
/// tokio panics when a timer is made in a runtime without timers, or polled after its runtime was shut down, and offers
/// no way to ask beforehand. The panic is caught once for each thread and runtime; the panic hook still prints it. A
/// program with `panic = "abort"` aborts.
#[derive(Debug, Default)]
pub(crate) struct Timer(Option<Armed>);

#[derive(Debug)]
struct Armed {
    runtime: runtime::Id,
    sleep: Pin<Box<Sleep>>,
}

/// There is no tokio runtime, or it has no timers or was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoTimers;

thread_local! {
    static WITHOUT_TIMERS: Cell<Option<runtime::Id>> = const { Cell::new(None) };
}

impl Timer {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Ready after `at`. Otherwise wakes the task at `at`.
    pub(crate) fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<Result<(), NoTimers>> {
        if at <= Instant::now() {
            return Poll::Ready(Ok(()));
        }
        let here = Handle::try_current().ok().map(|handle| handle.id());
        // Outside a runtime, the timer works while its runtime lives.
        let Some(runtime) = here.or(self.0.as_ref().map(|armed| armed.runtime)) else {
            return Poll::Ready(Err(NoTimers));
        };
        if WITHOUT_TIMERS.get() == Some(runtime) {
            return Poll::Ready(Err(NoTimers));
        }
        let armed = self.0.take().filter(|armed| armed.runtime == runtime);
        let polled = catch(runtime, || {
            let mut sleep = match armed {
                Some(Armed { sleep, .. }) => sleep,
                None => Box::pin(sleep_until(at)),
            };
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            let polled = sleep.as_mut().poll(cx);
            (polled, sleep)
        });
        match polled {
            Ok((polled, sleep)) => {
                self.0 = Some(Armed { runtime, sleep });
                polled.map(Ok)
            }
            Err(no_timers) => Poll::Ready(Err(no_timers)),
        }
    }

    /// Whether the timer's runtime was shut down. The timer then belongs to none.
    pub(crate) fn has_lost_runtime(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(Armed { runtime, mut sleep }) = self.0.take() else { return false };
        let polled = catch(runtime, || {
            let _ = sleep.as_mut().poll(cx);
            sleep
        });
        self.0 = polled.ok().map(|sleep| Armed { runtime, sleep });
        self.0.is_none()
    }
}

/// Calls `act`, which uses timers.
fn catch<T>(runtime: runtime::Id, act: impl FnOnce() -> T) -> Result<T, NoTimers> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|_| {
        WITHOUT_TIMERS.set(Some(runtime));
        NoTimers
    })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use futures::executor::block_on;
    use futures::task::noop_waker_ref;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn noop() -> Context<'static> {
        Context::from_waker(noop_waker_ref())
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    async fn wait(timer: &mut Timer, at: Instant) -> Result<(), NoTimers> {
        poll_fn(|cx| timer.poll(at, cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_at_its_instant_and_can_be_moved_both_ways() {
        let mut timer = Timer::new();
        let began = Instant::now();
        assert!(timer.poll(began + 5 * SECOND, &mut noop()).is_pending());
        assert_eq!(wait(&mut timer, began + 2 * SECOND).await, Ok(()));
        assert_eq!(began.elapsed().as_secs(), 2);
        assert_eq!(wait(&mut timer, began + 9 * SECOND).await, Ok(()));
        assert_eq!(began.elapsed().as_secs(), 9);
        assert_eq!(timer.poll(began, &mut noop()), Poll::Ready(Ok(())));
    }

    #[test]
    fn an_instant_that_has_passed_needs_no_runtime_and_another_is_an_error_without_one() {
        let mut timer = Timer::new();
        assert_eq!(timer.poll(Instant::now(), &mut noop()), Poll::Ready(Ok(())));
        assert_eq!(timer.poll(Instant::now() + SECOND, &mut noop()), Poll::Ready(Err(NoTimers)));
    }

    #[test]
    fn a_runtime_without_timers_is_an_error_and_is_asked_once() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..3 {
                assert_eq!(wait(&mut Timer::new(), Instant::now() + SECOND).await, Err(NoTimers));
            }
            assert_eq!(WITHOUT_TIMERS.get(), Some(Handle::current().id()));
        });
    }

    #[test]
    fn a_timer_of_a_runtime_that_was_shut_down_moves_to_the_runtime_that_polls_it() {
        let mut timer = Timer::new();
        let at = runtime().block_on(async {
            let at = Instant::now() + 3600 * SECOND;
            assert!(timer.poll(at, &mut noop()).is_pending());
            at
        });
        assert_eq!(timer.poll(at, &mut noop()), Poll::Ready(Err(NoTimers)), "outside, there is none");
        runtime().block_on(async { assert_eq!(wait(&mut timer, at).await, Ok(())) });

        assert!(timer.has_lost_runtime(&mut noop()));
        assert!(!timer.has_lost_runtime(&mut noop()), "it belongs to no runtime now");

        let mut moved = Timer::new();
        runtime().block_on(async {
            assert!(moved.poll(at, &mut noop()).is_pending());
            assert!(!moved.has_lost_runtime(&mut noop()));
        });
        runtime().block_on(async { assert_eq!(wait(&mut moved, Instant::now() + SECOND).await, Ok(())) });
    }

    #[test]
    fn a_runtime_that_was_shut_down_has_no_timers_though_it_is_entered() {
        let runtime = runtime();
        let handle = runtime.handle().clone();
        let mut timer = Timer::new();
        runtime.block_on(async { assert!(timer.poll(Instant::now() + SECOND, &mut noop()).is_pending()) });
        drop(runtime);
        let _entered = handle.enter();
        for _ in 0..2 {
            assert_eq!(block_on(wait(&mut timer, Instant::now() + SECOND)), Err(NoTimers));
            assert_eq!(block_on(wait(&mut Timer::new(), Instant::now() + SECOND)), Err(NoTimers));
        }
    }

    #[test]
    fn a_timer_works_outside_its_runtime_while_that_runtime_lives() {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let mut timer = Timer::new();
        let at = Instant::now() + Duration::from_millis(20);
        runtime.block_on(async { assert!(timer.poll(at, &mut noop()).is_pending()) });
        assert_eq!(block_on(wait(&mut timer, at)), Ok(()));
    }
}
