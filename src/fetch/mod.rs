//! One page, with all its attempts.

mod ahead;
mod observe;
mod rate;
mod retry;

use std::future::Future;
use std::mem;
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

use observe::Observed;
use rate::Turn;
use retry::{Budget, Verdict};

pub(crate) use ahead::{Ahead, ReadAhead};
pub use observe::Attempt;
pub(crate) use observe::Observer;
pub(crate) use rate::RateLimit;
pub use retry::RetryPolicy;

/// Clones share the rate limit and the budget.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    policy: Arc<RetryPolicy>,
    budget: Arc<Budget>,
    limit: Option<Arc<RateLimit>>,
    observer: Option<Observer>,
}

impl Pace {
    pub(crate) fn new(policy: RetryPolicy, limit: Option<RateLimit>) -> Self {
        let (policy, budget) = (Arc::new(policy), Arc::new(Budget::new()));
        Self { policy, budget, limit: limit.map(Arc::new), observer: None }
    }

    pub(crate) fn with_observer(self, observer: Option<Observer>) -> Self {
        Self { observer, ..self }
    }

    pub(crate) fn with_policy(self, policy: RetryPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    pub(crate) attempts: u32,
    pub(crate) waited: Duration,
}

/// The future of a page: attempts, and the waits between them. Timers are made only to wait, so a source that answers at
/// once needs no runtime.
#[pin_project]
pub(crate) struct Fetch<F> {
    request: PageRequest,
    #[pin]
    stage: Stage<F>,
    clock: Option<Clock>,
    timer: Timer,
    effort: Effort,
    span: Option<PageSpan>,
}

/// The time since the first attempt, without waits for the rate limit.
struct Clock {
    began: Instant,
    deadline: Option<Deadline>,
}

#[pin_project(project = StageProjection)]
enum Stage<F> {
    Begin,
    Turn {
        since: Instant,
        turn: Turn,
    },
    Request,
    Attempt {
        #[pin]
        attempt: F,
        observed: Observed,
    },
    Wait {
        until: Instant,
        failure: Option<Error>,
    },
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
                    None => Stage::Request,
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
                        clock.exclude(waited);
                    }
                    Stage::Request
                }
                StageProjection::Request => {
                    this.clock.get_or_insert_with(|| Clock::start(&pace.policy));
                    this.effort.attempts += 1;
                    let attempt = source.fetch(this.request.clone());
                    let observed = match &pace.observer {
                        Some(observer) => observer.begin(this.request, source.app_id(), this.effort.attempts),
                        None => Observed::default(),
                    };
                    Stage::Attempt { attempt, observed }
                }
                StageProjection::Attempt { attempt, observed } => {
                    let polled = catch_unwind(AssertUnwindSafe(|| attempt.poll(cx)));
                    let answer = match polled {
                        Ok(Poll::Ready(answer)) => answer,
                        // Checked after the answer, so that an answer that has arrived is used.
                        Ok(Poll::Pending) => Err(ready!(Clock::poll_deadline(this.clock, this.timer, cx))),
                        Err(panic) => {
                            // A future that panicked must not be polled again. The next poll makes a new request.
                            this.stage.set(Stage::Begin);
                            resume_unwind(panic)
                        }
                    };
                    let observed = mem::take(observed);
                    // Set first: the observer may panic.
                    this.stage.set(Stage::Begin);
                    observed.end(&answer);
                    let failure = match answer {
                        Ok(arrived) => {
                            pace.budget.deposit();
                            return Poll::Ready(Ok(arrived));
                        }
                        Err(failure) => failure,
                    };
                    // Invalid input was found before any request.
                    this.effort.attempts -= u32::from(failure.is_config());
                    let now = Instant::now();
                    let left = this.clock.as_mut().and_then(|clock| clock.deadline.as_mut()?.left(now));
                    let verdict = pace.policy.decide(&failure, this.effort.attempts, left, fastrand::f64());
                    let Verdict::RetryAfter(wait) = verdict else { return Poll::Ready(Err(failure)) };
                    let Some(until) = now.checked_add(wait) else { return Poll::Ready(Err(failure)) };
                    let can_wait = !matches!(this.timer.poll(until, cx), Poll::Ready(Err(NoTimers)));
                    if !can_wait || !pace.budget.withdraw(&failure) {
                        return Poll::Ready(Err(failure));
                    }
                    this.effort.waited += wait;
                    if let Some(span) = this.span {
                        span.retry(&failure, this.effort.attempts, wait);
                    }
                    Stage::Wait { until, failure: Some(failure) }
                }
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
    /// Ready with the error if the deadline has passed.
    fn poll_deadline(clock: &mut Option<Self>, timer: &mut Timer, cx: &mut Context<'_>) -> Poll<Error> {
        match clock.as_mut().and_then(|clock| clock.deadline.as_mut()).map(|deadline| deadline.poll(timer, cx)) {
            Some(Poll::Ready(Ok(()))) => Poll::Ready(Error::timeout(Limit::Page)),
            Some(Poll::Ready(Err(NoTimers)) | Poll::Pending) | None => Poll::Pending,
        }
    }

    fn start(policy: &RetryPolicy) -> Self {
        let began = Instant::now();
        Self { began, deadline: policy.page_deadline().map(|length| Deadline::new(length, began)) }
    }

    /// Excludes `time` from the clock.
    fn exclude(&mut self, time: Duration) {
        self.began = self.began.checked_add(time).unwrap_or(self.began);
        if let Some(deadline) = &mut self.deadline {
            deadline.extend(time);
        }
    }
}

#[cfg(test)]
mod tests;
