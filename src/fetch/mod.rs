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
            let (mut number, mut spent) = (0, Duration::ZERO);
            let answer = self.attempts(&request, &span, &mut number, &mut spent).await;
            span.close(&answer, number, spent);
            answer.map_err(|error| error.with_attempts(number, spent))
        })
    }

    /// `number`: of the attempt. `spent`: the time of attempts and of the waits between them; a wait for the gate is not the
    /// page's.
    async fn attempts(
        &self,
        request: &PageRequest,
        span: &PageSpan,
        number: &mut u32,
        spent: &mut Duration,
    ) -> Result<Page> {
        let Pace { policy, timeout, budget, gate, observer } = &self.pace;
        // Whether the attempt is the one before with a renewed credential, and how many were.
        let (mut renewed, mut renewals) = (false, 0);
        loop {
            // Before its turn, so that requests which wait for the same credential do not begin at the same time.
            let credential = self.credential(spent).await;
            self.effort.add_wait(gate.turn(policy.longest_hint()).await?);
            *number += 1;
            self.effort.begin(*number > 1 && !renewed);
            let start = Instant::now();
            let attempt = async {
                credential?;
                self.source.fetch(request.clone()).await
            };
            let attempt = Observed::new(attempt, observer.as_ref(), self.app_id.as_ref(), request, *number);
            let (answer, report) = attempt.await;
            *spent += start.elapsed().min(*timeout);
            let repeats = |failure: &Error| failure.is_renewed() && !renewed && policy.is_in_time(*spent);
            renewed = answer.as_ref().is_err_and(repeats);
            renewals += u32::from(renewed);
            let wait = match &answer {
                Ok(_) => {
                    budget.deposit();
                    None
                }
                Err(_) if renewed => Some(Duration::ZERO),
                Err(failure) => self.wait(failure, *number - renewals, *spent),
            };
            if let Some(report) = report {
                report.end(&answer, wait);
            }
            let (Some(wait), Err(failure)) = (wait, &answer) else { return answer };
            span.retry(failure, *number, wait);
            self.effort.add_wait(wait);
            if !wait.is_zero() {
                sleep(wait).await;
            }
            *spent += wait;
        }
    }

    /// Waits until there is a credential for the next request.
    async fn credential(&self, spent: &mut Duration) -> Result<()> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let start = Instant::now();
        let credential = credentials.get().await;
        *spent += start.elapsed().min(self.pace.timeout);
        credential.map(drop)
    }

    /// How long to wait before the next attempt, if there is one. `number`: of the attempt, without those with a renewed
    /// credential.
    fn wait(&self, failure: &Error, number: u32, spent: Duration) -> Option<Duration> {
        let Pace { policy, budget, gate, .. } = &self.pace;
        // A credential provider speaks for one app, the API for all.
        if let Some(wait) = failure.retry_after().filter(|_| !failure.is_credential()) {
            gate.close(wait);
        }
        let wait = policy.wait(failure, number, spent, fastrand::f64());
        wait.filter(|wait| budget.withdraw(policy.cost(failure, *wait)))
    }
}

#[cfg(test)]
mod tests;
