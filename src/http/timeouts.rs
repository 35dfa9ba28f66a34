//! The time limits of an attempt. reqwest's own limits panic without timers, and discard a response that arrived while
//! the stream was not polled.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::deadline::{Deadline, poll_first};
use crate::error::{Error, Limit, Result};
use crate::timer::{NoTimers, Timer};

#[derive(Debug)]
pub(super) struct Timeouts {
    total: Deadline,
    idle: Deadline,
    idle_timeout: Duration,
    timer: Timer,
}

/// Finds out whether there are timers.
const PROBE: Duration = Duration::from_secs(3600);

impl Timeouts {
    /// Starts both limits. Without timers it fails, because reqwest would panic.
    pub(super) async fn start(total: Duration, idle_timeout: Duration) -> Result<Self> {
        let now = Instant::now();
        let mut timer = Timer::new();
        let probe = now.checked_add(total.min(idle_timeout)).unwrap_or(now + PROBE);
        poll_fn(|cx| match timer.poll(probe, cx) {
            Poll::Ready(Err(NoTimers)) => Poll::Ready(Err(no_timers())),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
        })
        .await?;
        let (total, idle) = (Deadline::new(total, now), Deadline::new(idle_timeout, now));
        Ok(Self { total, idle, idle_timeout, timer })
    }

    pub(super) fn at_most(&mut self, time: Duration) {
        self.total.at_most(time, Instant::now());
    }

    /// Awaits the next step: the response's head, or a piece of its body.
    ///
    /// Fails if a limit has passed, or if the runtime of the attempt was shut down: reqwest's own timers would panic.
    pub(super) async fn step<T>(&mut self, step: impl Future<Output = T>) -> Result<T> {
        let Self { total, idle, idle_timeout, timer } = self;
        let mut step = pin!(step);
        let output = poll_fn(|cx| {
            if timer.has_lost_runtime(cx) {
                return Poll::Ready(Err(Error::broken("the runtime was shut down")));
            }
            if let Poll::Ready(output) = step.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            poll_first([&mut *total, &mut *idle], timer, cx).map(|passed| {
                Err(match passed {
                    Ok(0) => Error::timeout(Limit::Attempt),
                    Ok(_) => Error::timeout(Limit::Idle),
                    Err(NoTimers) => no_timers(),
                })
            })
        })
        .await?;
        *idle = Deadline::new(*idle_timeout, Instant::now());
        Ok(output)
    }
}

fn no_timers() -> Error {
    Error::config(
        "tokio's timers are not available: poll the stream in a tokio runtime built with `enable_all`, or with `enable_io` \
         and `enable_time`",
    )
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures::FutureExt as _;
    use futures::executor::block_on;
    use tokio::sync::mpsc;
    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MOMENT: Duration = Duration::from_millis(4);

    async fn timeouts() -> Timeouts {
        Timeouts::start(30 * SECOND, 15 * SECOND).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_an_attempt_after_its_own_limit() {
        let mut timeouts = timeouts().await;
        let began = Instant::now();
        timeouts.step(sleep(14 * SECOND)).await.unwrap();
        assert!(timeouts.step(pending::<()>()).await.unwrap_err().is_timeout());
        assert!(began.elapsed() >= 29 * SECOND && began.elapsed() < 29 * SECOND + MOMENT, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_trickle_ends_at_the_limit_of_the_whole_attempt() {
        let mut timeouts = timeouts().await;
        let began = Instant::now();
        let error = loop {
            if let Err(error) = timeouts.step(sleep(SECOND / 10)).await {
                break error;
            }
        };
        assert!(error.is_timeout());
        assert!(began.elapsed() >= 30 * SECOND && began.elapsed() < 30 * SECOND + MOMENT, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_has_arrived_is_used_after_any_time_and_in_any_number_of_pieces() {
        let (send, mut pieces) = mpsc::channel(1);
        tokio::spawn(async move {
            for piece in 0..100 {
                send.send(piece).await.unwrap();
            }
        });
        let mut timeouts = timeouts().await;
        {
            let mut head = std::pin::pin!(timeouts.step(pending::<()>()));
            assert!(head.as_mut().now_or_never().is_none());
            advance(3600 * SECOND).await;
            // After an hour without polls, the attempt continues.
            assert!(head.as_mut().now_or_never().is_none());
        }
        advance(3600 * SECOND).await;
        let began = Instant::now();
        for piece in 0..100 {
            assert_eq!(timeouts.step(pieces.recv()).await.unwrap(), Some(piece));
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_an_attempt_can_be_limited_further() {
        let mut timeouts = timeouts().await;
        timeouts.at_most(5 * SECOND);
        let began = Instant::now();
        assert!(timeouts.step(pending::<()>()).await.unwrap_err().is_timeout());
        assert!(began.elapsed() >= 5 * SECOND && began.elapsed() < 5 * SECOND + MOMENT, "{:?}", began.elapsed());
    }

    #[test]
    fn without_timers_it_is_an_error_before_any_request() {
        for limit in [SECOND, Duration::MAX] {
            let error = block_on(Timeouts::start(limit, limit)).unwrap_err();
            assert!(error.is_config() && error.to_string().contains("enable_time"), "{error}");
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            assert!(runtime.block_on(Timeouts::start(limit, limit)).unwrap_err().is_config());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn limits_too_far_away_for_an_instant_never_pass() {
        let mut timeouts = Timeouts::start(Duration::MAX, Duration::MAX).await.unwrap();
        timeouts.step(sleep(1_000_000 * SECOND)).await.unwrap();
        timeouts.step(ready(())).await.unwrap();
    }
}
