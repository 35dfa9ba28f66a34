//! The rate limit of a client: the pure [`Queue`] decides, and [`Turn`] waits.

mod queue;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::timer::{NoTimers, Timer};

use queue::{Decision, Queue};

/// At most so many requests in any window of time.
#[derive(Debug)]
pub(crate) struct RateLimit(Mutex<Queue<Waker>>);

impl RateLimit {
    pub(crate) fn new(requests: u32, per: Duration) -> Self {
        Self(Mutex::new(Queue::new(requests, per)))
    }

    /// Changes the queue, then wakes waiters. The lock is released first, because wakers may run any code, including
    /// the drop of a [`Turn`].
    fn with<T>(&self, act: impl FnOnce(&mut Queue<Waker>, Instant) -> T) -> T {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut queue, Instant::now());
        let released = queue.released();
        drop(queue);
        released.called.into_iter().for_each(Waker::wake);
        done
    }
}

/// One wait for the rate limit. Dropping it gives up its place.
#[derive(Debug)]
pub(crate) struct Turn {
    limit: Arc<RateLimit>,
    arrival: Option<u64>,
}

impl Turn {
    pub(crate) fn new(limit: &Arc<RateLimit>) -> Self {
        Self { limit: Arc::clone(limit), arrival: None }
    }

    /// Ready when a request may begin, which then counts as begun. [`NoTimers`] if nothing would wake the task.
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
