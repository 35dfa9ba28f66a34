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
use sync_wrapper::SyncWrapper;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::error::{Error, Limit, Result};
use crate::page::Page;
use crate::source::{PageRequest, PageSource};
use crate::trace::PageSpan;

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
/// The timers are made when they are first needed, so that a source which answers at once needs no runtime. Outside of a
/// tokio runtime there are no timers, and so neither waits nor a deadline: a failed attempt is the last.
#[pin_project]
pub(crate) struct Fetch<F> {
    request: PageRequest,
    #[pin]
    stage: Stage<F>,
    began: Option<Instant>,
    deadline: Option<Pin<Box<Sleep>>>,
    effort: Effort,
    span: Option<PageSpan>,
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
    /// Waits, then makes another attempt.
    Wait(Pin<Box<Sleep>>),
}

type Turn = SyncWrapper<Pin<Box<dyn Future<Output = ()> + Send>>>;

fn has_timers() -> bool {
    Handle::try_current().is_ok()
}

impl<F: Future<Output = Result<Page>>> Fetch<F> {
    pub(crate) fn new(request: PageRequest) -> Self {
        Self { request, stage: Stage::Begin, began: None, deadline: None, effort: Effort::default(), span: None }
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
        this.began.get_or_insert_with(Instant::now);
        let span = this.span.get_or_insert_with(|| PageSpan::new(this.request, source.app_id())).clone();
        let _entered = span.enter();

        let answer = match self.as_mut().poll_attempts(source, pace, cx) {
            Poll::Pending => self.as_mut().poll_deadline(pace, cx).map(Err),
            answer @ Poll::Ready(_) => answer,
        };
        let this = self.project();
        let answer = ready!(answer);
        let elapsed = this.began.map(|began| began.elapsed()).unwrap_or_default();
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
                    Some(limit) => Stage::Turn { since: Instant::now(), turn: turn(limit) },
                },
                StageProjection::Turn { since, turn } => {
                    ready!(turn.get_mut().as_mut().poll(cx));
                    // What the caller's own limit takes is not the server's time.
                    let waited = since.elapsed();
                    this.effort.waited += waited;
                    *this.began = this.began.map(|began| began + waited);
                    *this.deadline = None;
                    Stage::Ask
                }
                StageProjection::Ask => {
                    this.effort.attempts += 1;
                    Stage::Attempt(source.fetch(this.request.clone()))
                }
                StageProjection::Attempt(attempt) => match catch_unwind(AssertUnwindSafe(|| attempt.poll(cx))) {
                    Err(panic) => {
                        // What panicked must not be polled again. The next poll asks for the page anew.
                        this.stage.set(Stage::Begin);
                        resume_unwind(panic)
                    }
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(Ok(arrived))) => {
                        pace.budget.deposit();
                        return Poll::Ready(Ok(arrived));
                    }
                    Ok(Poll::Ready(Err(error))) => {
                        let elapsed = this.began.map(|began| began.elapsed()).unwrap_or_default();
                        match pace.policy.decide(&error, this.effort.attempts, elapsed, fastrand::f64()) {
                            Verdict::RetryAfter(wait) if has_timers() && pace.budget.withdraw(&error) => {
                                this.effort.waited += wait;
                                if let Some(span) = this.span {
                                    span.retry(&error, this.effort.attempts, wait);
                                }
                                Stage::Wait(Box::pin(sleep(wait)))
                            }
                            _ => return Poll::Ready(Err(error)),
                        }
                    }
                },
                StageProjection::Wait(wait) => {
                    ready!(wait.as_mut().poll(cx));
                    Stage::Begin
                }
            };
            this.stage.set(next);
        }
    }

    /// Whether the page has taken too long.
    fn poll_deadline(self: Pin<&mut Self>, pace: &Pace, cx: &mut Context<'_>) -> Poll<Error> {
        let this = self.project();
        let limit = pace.policy.page_deadline();
        let end = this.began.and_then(|began| began.checked_add(limit?));
        let (Some(end), false) = (end, matches!(*this.stage, Stage::Turn { .. })) else { return Poll::Pending };
        let timer = match this.deadline {
            Some(timer) => timer,
            None if has_timers() => this.deadline.insert(Box::pin(sleep_until(end))),
            None => return Poll::Pending,
        };
        timer.as_mut().poll(cx).map(|()| Error::timeout(Limit::Page))
    }
}

fn turn(limit: &Arc<RateLimit>) -> Turn {
    let limit = Arc::clone(limit);
    SyncWrapper::new(Box::pin(async move { limit.turn().await }))
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use futures::{StreamExt, TryStreamExt};

    use super::*;
    use crate::list::ListGroups;
    use crate::page::Group;
    use crate::testing::{FakeGroups, Fault};

    const SECOND: Duration = Duration::from_secs(1);

    fn fake(count: i64) -> FakeGroups {
        FakeGroups::new((0..count).map(|n| Group::new(n.to_string(), "", n)))
    }

    fn one_a_second() -> Pace {
        Pace::new(RetryPolicy::default(), Some(RateLimit::new(1, SECOND)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_listings_share_a_rate_and_all_advance_however_long_that_takes() {
        let list = ListGroups::at_pace(fake(2), one_a_second()).page_size(1);
        let began = Instant::now();
        let mut streams: Vec<_> = (0..100).map(|_| list.stream()).collect();
        for round in 1..=2 {
            let groups = join_all(streams.iter_mut().map(StreamExt::next)).await;
            assert!(groups.into_iter().all(|group| group.is_some_and(|group| group.is_ok())));
            assert_eq!(began.elapsed().as_secs(), round * 100 - 1, "one request a second, and no deadline in between");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retries_stand_in_line_too() {
        let fake = fake(1).script([Fault::Error(Error::transport("reset")), Fault::Error(Error::transport("reset"))]);
        let mut stream = ListGroups::at_pace(fake, one_a_second()).stream();
        let began = Instant::now();
        assert!(stream.next().await.is_some_and(|group| group.is_ok()));
        assert!(began.elapsed() >= 2 * SECOND);
        let progress = stream.progress();
        assert_eq!((progress.requests, progress.retries), (3, 2));
        assert!(progress.waited >= Duration::from_millis(1_990), "less what timers round up");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_line_is_not_the_servers_time() {
        let pace = one_a_second();
        let hanging = fake(1).script([Fault::Hang]);
        let first = ListGroups::at_pace(fake(1), pace.clone()).stream().try_collect::<Vec<_>>();
        assert_eq!(first.await.unwrap().len(), 1);

        let policy = RetryPolicy::none().deadline(5 * SECOND);
        let began = Instant::now();
        let error = ListGroups::at_pace(hanging, pace.with_policy(policy)).page().await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(began.elapsed().as_secs(), 6, "a second in line, and five of the deadline");
    }
}
