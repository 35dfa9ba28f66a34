//! One page, with all the attempts that it takes.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use pin_project::pin_project;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::error::{Error, Kind, Result};
use crate::page::Page;
use crate::retry::{Budget, RetryPolicy, Verdict};
use crate::source::{PageRequest, PageSource};

/// How a listing repeats what failed. Clones share the budget.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    policy: Arc<RetryPolicy>,
    budget: Arc<Budget>,
}

impl Retry {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy: Arc::new(policy), budget: Arc::new(Budget::new()) }
    }

    /// Another policy on the same budget.
    pub(crate) fn with_policy(self, policy: RetryPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }
}

/// What a page has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    /// Attempts made.
    pub(crate) attempts: u32,
    /// Time spent waiting between them.
    pub(crate) waited: Duration,
}

/// A page on its way: attempts, and the waits between them.
///
/// It holds all of its state, so that a poll that is never followed by another repeats nothing: neither an answered
/// request nor a wait that has begun.
///
/// The timers are made when they are first needed, so that a source which answers at once needs no runtime. Outside of a
/// tokio runtime there are no timers, and so neither waits nor a deadline: a failed attempt is the last.
#[pin_project]
pub(crate) struct Fetch<F> {
    request: PageRequest,
    #[pin]
    stage: Stage<F>,
    began: Option<Instant>,
    deadline: Deadline,
    effort: Effort,
    /// A poll is under way. Found set at the beginning of another one, the first never ended: the source panicked.
    polling: bool,
}

/// What the next poll does.
#[pin_project(project = StageProjection)]
enum Stage<F> {
    /// Makes an attempt.
    Begin,
    /// Goes on with the attempt.
    Attempt(#[pin] F),
    /// Waits, then makes another attempt.
    Wait(Pin<Box<Sleep>>),
}

/// The end of all attempts. Its timer is handed on from page to page, so that it is made once.
#[derive(Default)]
pub(crate) struct Deadline {
    timer: Option<Pin<Box<Sleep>>>,
    is_set: bool,
}

impl Deadline {
    fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => timer,
            None if has_timers() => self.timer.insert(Box::pin(sleep_until(at))),
            None => return Poll::Pending,
        };
        if !self.is_set {
            self.is_set = true;
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }
}

fn has_timers() -> bool {
    Handle::try_current().is_ok()
}

impl<F: Future<Output = Result<Page>>> Fetch<F> {
    pub(crate) fn new(request: PageRequest, deadline: Deadline) -> Self {
        Self {
            request,
            stage: Stage::Begin,
            began: None,
            deadline: Deadline { is_set: false, ..deadline },
            effort: Effort::default(),
            polling: false,
        }
    }

    pub(crate) fn effort(&self) -> Effort {
        self.effort
    }

    /// The timer of the deadline, for the next page.
    pub(crate) fn take_deadline(self: Pin<&mut Self>) -> Deadline {
        std::mem::take(self.project().deadline)
    }

    pub(crate) fn poll<S: PageSource<Fetch = F>>(
        mut self: Pin<&mut Self>,
        source: &S,
        retry: &Retry,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Page>> {
        if self.polling {
            // What panicked is not polled again. The page is asked for again instead.
            self.as_mut().project().stage.set(Stage::Begin);
        }
        *self.as_mut().project().polling = true;
        let answer = self.as_mut().poll_attempts(source, retry, cx);
        *self.project().polling = false;
        answer
    }

    fn poll_attempts<S: PageSource<Fetch = F>>(
        self: Pin<&mut Self>,
        source: &S,
        retry: &Retry,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Page>> {
        let mut this = self.project();
        let began = *this.began.get_or_insert_with(Instant::now);
        loop {
            let answer = match this.stage.as_mut().project() {
                StageProjection::Begin => {
                    this.effort.attempts += 1;
                    this.stage.set(Stage::Attempt(source.fetch(this.request.clone())));
                    continue;
                }
                StageProjection::Wait(wait) => match wait.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        this.stage.set(Stage::Begin);
                        continue;
                    }
                    Poll::Pending => None,
                },
                StageProjection::Attempt(attempt) => match attempt.poll(cx) {
                    Poll::Ready(answer) => Some(answer),
                    Poll::Pending => None,
                },
            };
            let error = match answer {
                Some(Ok(page)) => {
                    retry.budget.deposit();
                    return Poll::Ready(Ok(page));
                }
                Some(Err(error)) => error,
                None => {
                    let Some(end) = retry.policy.page_deadline().and_then(|limit| began.checked_add(limit)) else {
                        return Poll::Pending;
                    };
                    ready!(this.deadline.poll(end, cx));
                    let error = Error::new(Kind::Timeout, "the page did not come before its deadline");
                    return Poll::Ready(Err(error.with_effort(this.effort.attempts, began.elapsed())));
                }
            };
            let elapsed = began.elapsed();
            match retry.policy.decide(&error, this.effort.attempts, elapsed, fastrand::f64()) {
                Verdict::RetryAfter(wait) if has_timers() && retry.budget.withdraw(&error) => {
                    this.effort.waited += wait;
                    this.stage.set(Stage::Wait(Box::pin(sleep(wait))));
                }
                _ => return Poll::Ready(Err(error.with_effort(this.effort.attempts, elapsed))),
            }
        }
    }
}

/// A page that is fetched on a task of its own, whoever polls meanwhile. Dropping it ends the task.
pub(crate) struct Ahead {
    task: JoinHandle<Result<Page>>,
    /// What the page has cost, also while it is on its way, and where its source panicked.
    effort: Arc<Mutex<Effort>>,
}

impl Ahead {
    /// Begins to fetch a page. Needs a tokio runtime.
    pub(crate) fn spawn<S>(source: &S, retry: Retry, request: PageRequest) -> Self
    where
        S: PageSource + Clone + Send + 'static,
        S::Fetch: Send + 'static,
    {
        let source = source.clone();
        let effort = Arc::new(Mutex::new(Effort::default()));
        let told = Arc::clone(&effort);
        let task = tokio::spawn(async move {
            let mut fetch = pin!(Fetch::new(request, Deadline::default()));
            poll_fn(move |cx| Tell { fetch: fetch.as_mut(), to: &told }.fetch.as_mut().poll(&source, &retry, cx)).await
        });
        Self { task, effort }
    }

    pub(crate) fn effort(&self) -> Effort {
        *self.effort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page, or the panic of its source.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<thread::Result<Result<Page>>> {
        Pin::new(&mut self.task).poll(cx).map(|fetched| match fetched.map_err(JoinError::try_into_panic) {
            Ok(fetched) => Ok(fetched),
            Err(Ok(panic)) => Err(panic),
            Err(Err(_)) => Ok(Err(Error::new(Kind::Transport, "the runtime was shut down"))),
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Tells the effort of a poll when the poll ends, however it ends.
struct Tell<'a, F: Future<Output = Result<Page>>> {
    fetch: Pin<&'a mut Fetch<F>>,
    to: &'a Mutex<Effort>,
}

impl<F: Future<Output = Result<Page>>> Drop for Tell<'_, F> {
    fn drop(&mut self) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = self.fetch.effort();
    }
}
