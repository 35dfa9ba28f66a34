//! One page, with all its attempts.

mod observe;
mod rate;
mod retry;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::credential::App;
use crate::error::{Error, Result};
use crate::page::Page;
use crate::source::{AnySource, PageRequest};
use crate::trace::PageSpan;

use observe::Observed;
use retry::Budget;

pub(crate) use observe::Observer;
pub use observe::{Attempt, Outcome};
pub(crate) use rate::{Gate, MAX_CLOSED};
pub use retry::RetryPolicy;

/// The default of [`ClientBuilder::timeout`](crate::ClientBuilder::timeout).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// How requests are repeated and spaced. Clones share the budget and the gate.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    policy: Arc<RetryPolicy>,
    /// The most that an attempt takes while it is polled. If it is left alone, the rest is not the page's time.
    timeout: Duration,
    budget: Arc<Budget>,
    gate: Arc<Gate>,
    observer: Option<Observer>,
}

impl Pace {
    pub(crate) fn new(policy: RetryPolicy, timeout: Duration, gate: Gate, observer: Option<Observer>) -> Self {
        Self { policy: Arc::new(policy), timeout, budget: Arc::new(Budget::new()), gate: Arc::new(gate), observer }
    }

    /// For a source of the user's own.
    pub(crate) fn without_client() -> Self {
        Self::new(RetryPolicy::default(), TIMEOUT, Gate::open(), None)
    }

    pub(crate) fn with_policy(self, policy: RetryPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }
}

/// What the requests of a listing have taken so far, including the one in flight.
#[derive(Debug, Default)]
struct Effort {
    attempts: AtomicU64,
    retries: AtomicU64,
    waited_ns: AtomicU64,
}

impl Effort {
    fn begin(&self, is_retry: bool) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.retries.fetch_add(u64::from(is_retry), Ordering::Relaxed);
    }

    fn add_wait(&self, wait: Duration) {
        self.waited_ns.fetch_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Fetches the pages of one listing. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fetcher {
    source: AnySource,
    /// Those of the source, if it sends any.
    credentials: Option<Arc<App>>,
    pace: Pace,
    app_id: Option<Arc<str>>,
    effort: Arc<Effort>,
}

impl Fetcher {
    pub(crate) fn new(source: AnySource, credentials: Option<Arc<App>>, pace: Pace, app_id: Option<Arc<str>>) -> Self {
        Self { source, credentials, pace, app_id, effort: Arc::default() }
    }

    /// The attempts made, those of them that are retries, and the time waited.
    pub(crate) fn effort(&self) -> (u64, u64, Duration) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Effort { attempts, retries, waited_ns } = &*self.effort;
        (read(attempts), read(retries), Duration::from_nanos(read(waited_ns)))
    }

    pub(crate) fn app_id(&self) -> Option<&str> {
        self.app_id.as_deref()
    }

    /// The error of a listing, with its app id.
    pub(crate) fn name(&self, error: Error) -> Error {
        error.with_app_id(self.app_id.clone())
    }

    /// Fetches a page, with as many attempts as the policy allows. Its span belongs to the caller's.
    pub(crate) fn fetch(self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + use<> {
        let span = PageSpan::new(&request, self.app_id.as_deref());
        span.clone().instrument(async move {
            let mut made = Attempts::default();
            let answer = self.attempts(&request, &span, &mut made).await;
            span.close(&answer, made.number, made.spent);
            answer.map_err(|error| error.with_attempts(made.number, made.spent))
        })
    }

    async fn attempts(&self, request: &PageRequest, span: &PageSpan, made: &mut Attempts) -> Result<Page> {
        let Pace { policy, timeout, budget, gate, observer } = &self.pace;
        loop {
            // Before its turn, so that requests which wait for the same credential do not begin at the same time.
            let credential = self.credential(made).await;
            self.effort.add_wait(gate.turn(policy.longest_hint()).await?);
            self.effort.begin(made.next_is_retry());
            made.number += 1;
            let start = Instant::now();
            let attempt = async {
                credential?;
                self.source.fetch(request.clone()).await
            };
            let attempt = Observed::new(attempt, observer.as_ref(), self.app_id.as_ref(), request, made.number);
            let (answer, report) = attempt.await;
            made.spent += start.elapsed().min(*timeout);
            let wait = match &answer {
                Ok(_) => {
                    budget.deposit();
                    None
                }
                Err(failure) => self.wait(failure, made),
            };
            if let Some(report) = report {
                report.end(&answer, wait);
            }
            let (Some(wait), Err(failure)) = (wait, &answer) else { return answer };
            span.retry(failure, made.number, wait);
            self.effort.add_wait(wait);
            if !wait.is_zero() {
                sleep(wait).await;
            }
            made.spent += wait;
        }
    }

    /// Waits until there is a credential for the next request.
    async fn credential(&self, made: &mut Attempts) -> Result<()> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let start = Instant::now();
        let credential = credentials.get().await;
        made.spent += start.elapsed().min(self.pace.timeout);
        credential.map(drop)
    }

    /// How long to wait before the next attempt, if there is one.
    fn wait(&self, failure: &Error, made: &mut Attempts) -> Option<Duration> {
        let Pace { policy, budget, gate, .. } = &self.pace;
        // A credential provider speaks for one app, the API for all.
        if let Some(wait) = failure.retry_after().filter(|_| !failure.is_credential()) {
            gate.close(wait);
        }
        made.renewed = failure.is_renewed() && !made.renewed && policy.is_in_time(made.spent);
        if made.renewed {
            made.renewals += 1;
            return Some(Duration::ZERO);
        }
        let wait = policy.wait(failure, made.number - made.renewals, made.spent, fastrand::f64());
        wait.filter(|wait| budget.withdraw(policy.cost(failure, *wait)))
    }
}

/// The attempts made at a page.
#[derive(Default)]
struct Attempts {
    number: u32,
    /// Those that the policy does not count, because they repeat one with a renewed credential.
    renewals: u32,
    /// Whether the next one does.
    renewed: bool,
    /// Their time, and that of the waits between them. A wait for the gate is not the page's.
    spent: Duration,
}

impl Attempts {
    fn next_is_retry(&self) -> bool {
        self.number > 0 && !self.renewed
    }
}

#[cfg(test)]
mod tests;
