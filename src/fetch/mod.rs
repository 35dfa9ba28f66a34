//! One page, with all the attempts that it takes.

mod ahead;
mod rate;
mod retry;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::error::{Error, Limit, Result};
use crate::page::Page;
use crate::source::{PageRequest, PageSource};
use crate::timer::{NoTimers, Timer};
use crate::trace::PageSpan;

use rate::Turn;
use retry::{Budget, Verdict};

pub(crate) use ahead::Ahead;
pub(crate) use rate::RateLimit;
pub use retry::RetryPolicy;

/// How fast a listing asks, and how it repeats what failed. Clones share the rate and the budget.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    policy: Arc<RetryPolicy>,
    budget: Arc<Budget>,
    limit: Option<Arc<RateLimit>>,
}

impl Pace {
    pub(crate) fn new(policy: RetryPolicy, limit: Option<RateLimit>) -> Self {
        Self { policy: Arc::new(policy), budget: Arc::new(Budget::new()), limit: limit.map(Arc::new) }
    }

    /// Another policy on the same budget, at the same rate.
    pub(crate) fn with_policy(self, policy: RetryPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }
}

/// What a page has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    /// Attempts made.
    pub(crate) attempts: u32,
    /// Time spent waiting between them, and for the rate limit.
    pub(crate) waited: Duration,
}

/// A page on its way: attempts, and the waits between them.
///
/// It holds all of its state, so that a poll that is never followed by another repeats nothing: neither an answered
/// request nor a wait that has begun. Waiting for the rate limit does not count towards the deadline.
///
/// # Without timers
///
/// A source that answers at once needs no runtime, since timers are made when something has to be waited for. Where there
/// are no timers, a failed attempt that would have to wait is the last, a rate limit that is used up is an error, and the
/// deadline is looked at whenever the page is polled.
#[pin_project]
pub(crate) struct Fetch<F> {
    request: PageRequest,
    #[pin]
    stage: Stage<F>,
    clock: Option<Clock>,
    /// Wakes the task for whatever the stage waits for.
    timer: Timer,
    effort: Effort,
    span: Option<PageSpan>,
}

/// The time that the attempts take, from the beginning of the first. It stands still while the rate limit is waited for.
struct Clock {
    began: Instant,
    deadline: Option<Deadline>,
}

/// What the next poll does.
#[pin_project(project = StageProjection)]
enum Stage<F> {
    /// Makes an attempt, as soon as the rate allows one.
    Begin,
    /// Waits until the rate allows an attempt.
    Turn { since: Instant, turn: Turn },
    /// Makes an attempt.
    Ask,
    /// Goes on with the attempt.
    Attempt(#[pin] F),
    /// Waits, then makes another attempt. Where it cannot wait any longer, the failure of the last one is the error.
    Wait { until: Instant, failure: Option<Error> },
}

impl<F: Future<Output = Result<Page>>> Fetch<F> {
    pub(crate) fn new(request: PageRequest) -> Self {
        Self { request, stage: Stage::Begin, clock: None, timer: Timer::new(), effort: Effort::default(), span: None }
    }

    pub(crate) fn effort(&self) -> Effort {
        self.effort
    }

    pub(crate) fn poll<S: PageSource<Fetch = F>>(
        mut self: Pin<&mut Self>,
        source: &S,
        pace: &Pace,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Page>> {
        let this = self.as_mut().project();
        let span = this.span.get_or_insert_with(|| PageSpan::new(this.request, source.app_id())).clone();
        let _entered = span.enter();

        let answer = ready!(self.as_mut().poll_attempts(source, pace, cx));
        let this = self.project();
        let elapsed = this.clock.as_ref().map(|clock| clock.began.elapsed()).unwrap_or_default();
        span.close(&answer, this.effort.attempts, elapsed);
        Poll::Ready(
            answer.map_err(|error| error.with_app_id(source.app_id()).with_effort(this.effort.attempts, elapsed)),
        )
    }

    fn poll_attempts<S: PageSource<Fetch = F>>(
        self: Pin<&mut Self>,
        source: &S,
        pace: &Pace,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Page>> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageProjection::Begin => match &pace.limit {
                    None => Stage::Ask,
                    Some(limit) => Stage::Turn { since: Instant::now(), turn: Turn::new(limit) },
                },
                StageProjection::Turn { since, turn } => {
                    if let Err(NoTimers) = ready!(turn.poll(this.timer, cx)) {
                        return Poll::Ready(Err(Error::config(
                            "the rate limit needs timers: poll the stream in a tokio runtime that is built with \
                             `enable_all` or `enable_time`",
                        )));
                    }
                    let waited = since.elapsed();
                    this.effort.waited += waited;
                    if let Some(clock) = this.clock {
                        clock.stand_still(waited);
                    }
                    Stage::Ask
                }
                StageProjection::Ask => {
                    this.clock.get_or_insert_with(|| Clock::start(&pace.policy));
                    this.effort.attempts += 1;
                    Stage::Attempt(source.fetch(this.request.clone()))
                }
                StageProjection::Attempt(attempt) => match catch_unwind(AssertUnwindSafe(|| attempt.poll(cx))) {
                    Err(panic) => {
                        // What panicked must not be polled again. The next poll asks for the page anew.
                        this.stage.set(Stage::Begin);
                        resume_unwind(panic)
                    }
                    // The answer comes first, and the deadline after it: what has arrived is used.
                    Ok(Poll::Pending) => {
                        let deadline = this.clock.as_mut().and_then(|clock| clock.deadline.as_mut());
                        return match deadline.map(|deadline| deadline.poll(this.timer, cx)) {
                            Some(Poll::Ready(Ok(()))) => Poll::Ready(Err(Error::timeout(Limit::Page))),
                            // Without timers the source alone wakes the task.
                            Some(Poll::Ready(Err(NoTimers)) | Poll::Pending) | None => Poll::Pending,
                        };
                    }
                    Ok(Poll::Ready(Ok(arrived))) => {
                        pace.budget.deposit();
                        return Poll::Ready(Ok(arrived));
                    }
                    Ok(Poll::Ready(Err(error))) => {
                        let now = Instant::now();
                        let left = this.clock.as_mut().and_then(|clock| clock.deadline.as_mut()?.left(now));
                        let verdict = pace.policy.decide(&error, this.effort.attempts, left, fastrand::f64());
                        let Verdict::RetryAfter(wait) = verdict else { return Poll::Ready(Err(error)) };
                        let Some(until) = now.checked_add(wait) else { return Poll::Ready(Err(error)) };
                        let can_wait = !matches!(this.timer.poll(until, cx), Poll::Ready(Err(NoTimers)));
                        if !can_wait || !pace.budget.withdraw(&error) {
                            return Poll::Ready(Err(error));
                        }
                        this.effort.waited += wait;
                        if let Some(span) = this.span {
                            span.retry(&error, this.effort.attempts, wait);
                        }
                        Stage::Wait { until, failure: Some(error) }
                    }
                },
                StageProjection::Wait { until, failure } => match ready!(this.timer.poll(*until, cx)) {
                    Ok(()) => Stage::Begin,
                    Err(NoTimers) => match failure.take() {
                        Some(failure) => return Poll::Ready(Err(failure)),
                        None => Stage::Begin,
                    },
                },
            };
            this.stage.set(next);
        }
    }
}

impl Clock {
    fn start(policy: &RetryPolicy) -> Self {
        let began = Instant::now();
        Self { began, deadline: policy.page_deadline().map(|length| Deadline::new(length, began)) }
    }

    /// What the caller's own limit takes is not the server's time.
    fn stand_still(&mut self, time: Duration) {
        self.began = self.began.checked_add(time).unwrap_or(self.began);
        if let Some(deadline) = &mut self.deadline {
            deadline.extend(time);
        }
    }
}

#[cfg(test)]
mod tests;
