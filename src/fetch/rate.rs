//! How often the clones of a client make requests: the pure [`Queue`] says who begins when, and [`Turn`] waits for it.

mod queue;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::timer::{NoTimers, Timer};

use queue::{Decision, Queue};

/// At most so many requests in any stretch of so much time. Clones of a client share it.
#[derive(Debug)]
pub(crate) struct RateLimit(Mutex<Queue<Waker>>);

impl RateLimit {
    /// At most `requests` in any stretch of `per`. Neither may be zero.
    pub(crate) fn new(requests: u32, per: Duration) -> Self {
        Self(Mutex::new(Queue::new(requests, per)))
    }

    /// Does something to the queue, then wakes those who should come earlier than they planned.
    ///
    /// The lock is held for a few steps in memory, and never while somebody waits. Wakers are called and dropped after it,
    /// since both may run any code, also code that drops a [`Turn`].
    fn with<T>(&self, act: impl FnOnce(&mut Queue<Waker>, Instant) -> T) -> T {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut queue, Instant::now());
        let released = queue.released();
        drop(queue);
        released.called.into_iter().for_each(Waker::wake);
        done
    }
}

/// One wait for the rate limit. Dropping it gives its place to those behind.
#[derive(Debug)]
pub(crate) struct Turn {
    limit: Arc<RateLimit>,
    /// The place in the queue, once there is one.
    arrival: Option<u64>,
}

impl Turn {
    pub(crate) fn new(limit: &Arc<RateLimit>) -> Self {
        Self { limit: Arc::clone(limit), arrival: None }
    }

    /// Ready when a request may begin, which then counts as begun.
    ///
    /// # Errors
    ///
    /// [`NoTimers`] where it would have to wait and nothing would wake it.
    pub(crate) fn poll(&mut self, timer: &mut Timer, cx: &mut Context<'_>) -> Poll<Result<(), NoTimers>> {
        loop {
            let mut waker = Some(cx.waker().clone());
            match self.limit.with(|queue, now| queue.poll(&mut self.arrival, now, &mut waker)) {
                Decision::Begin => return Poll::Ready(Ok(())),
                Decision::Wait(None) => return Poll::Pending,
                Decision::Wait(Some(due)) => ready!(timer.poll(due, cx))?,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(arrival) = self.arrival {
            drop(self.limit.with(|queue, now| queue.leave(arrival, now)));
        }
    }
}
