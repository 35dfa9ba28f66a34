use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::Error;

/// How failed attempts at a page are repeated, if [`Error::is_retryable`].
///
/// The wait before a retry is random, between half of a limit and the limit ("equal jitter"), so that clients that failed
/// together do not retry together. The limit doubles with each attempt.
///
/// The wait is at least the server's `Retry-After`. If that exceeds the rest of the [`deadline`](Self::deadline), the error is
/// returned at once. A `Retry-After` of more than 60 s is waited for only if `deadline` is called, with any value.
///
/// The limits hold for each page size: unless the caller [set](crate::ListGroups::page_size) one, a page that keeps failing
/// with 1024 groups is tried again with 100, and then with 25.
///
/// After a 401, the request is made again as soon as the [provider](crate::CredentialProvider) has returned another
/// credential. That does not count as a retry.
///
/// # The budget
///
/// So that retries do not multiply an outage, the clones of a client share a budget of 500 tokens. A retry costs 5 tokens, 10
/// after a timeout, and none if it waits 3 s or more and a deadline was set. Each page that arrives earns 1. While the budget
/// is empty, errors are returned at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gupshup_groups::{Client, RetryPolicy};
///
/// let patient = RetryPolicy::default().attempts(100).deadline(Duration::from_secs(1_800));
/// let client = Client::builder("key").retry(patient).build()?;
/// # Ok::<(), gupshup_groups::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    base: Duration,
    cap: Duration,
    deadline: Option<Duration>,
    /// The deadline, if the caller has set it.
    patience: Option<Duration>,
}

const RATE_LIMIT_FACTOR: u32 = 5;

/// The longest `Retry-After` to wait for, unless a deadline is set.
const MAX_HINT: Duration = Duration::from_secs(60);

/// A retry after such a wait costs nothing, if a deadline is set. The five quick ones before it take at most 50 tokens, so that
/// ten listings get so far.
const SLOW: Duration = Duration::from_secs(3);

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 10,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(20),
            deadline: Some(Duration::from_secs(180)),
            patience: None,
        }
    }
}

impl RetryPolicy {
    /// One attempt at each page size, without a deadline: for callers with their own retries.
    #[must_use]
    pub fn none() -> Self {
        Self { attempts: 1, deadline: None, ..Self::default() }
    }

    /// Sets the most attempts at a page, including the first. 0 counts as 1. Default: 10, whose waits take at least 32 s, so
    /// that a restart of a server does not end a nightly job.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the limit of the first wait. Zero leaves only the server's `Retry-After`. Default: 200 ms; five times that after
    /// "too many requests", since rate limits count seconds.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the largest limit of a wait. Default: 20 s, so that a listing goes on within 20 s after the end of an outage.
    #[must_use]
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Limits the time of a page's attempts and the waits between them: no attempt begins later. Default: three minutes; none with
    /// [`none`](Self::none).
    ///
    /// It does not end an attempt in progress; [`ClientBuilder::timeout`](crate::ClientBuilder::timeout) does. Waits for the
    /// rate limit, and for a `Retry-After` that another request received, do not count.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self.patience = self.deadline;
        self
    }

    /// How long to wait after attempt number `attempt`, or `None` to give up. `spent` is the time of the page's attempts and
    /// waits so far; `random` is uniform in 0..=1.
    pub(super) fn wait(&self, error: &Error, attempt: u32, spent: Duration, random: f64) -> Option<Duration> {
        if attempt >= self.attempts || !error.is_retryable() {
            return None;
        }
        let hint = error.retry_after().unwrap_or_default();
        let limit = self.limit(error, attempt);
        let wait = Duration::try_from_secs_f64(limit.as_secs_f64() * (0.5 + random / 2.0)).unwrap_or(limit).max(hint);
        (hint <= self.longest_hint() && self.is_in_time(spent.saturating_add(wait))).then_some(wait)
    }

    /// The longest `Retry-After` to wait for.
    pub(super) fn longest_hint(&self) -> Duration {
        self.patience.unwrap_or(MAX_HINT)
    }

    /// How many tokens of the budget a retry takes.
    pub(super) fn cost(&self, error: &Error, wait: Duration) -> u32 {
        match self.patience {
            Some(_) if wait >= SLOW => 0,
            _ if error.is_timeout() => TIMEOUT_COST,
            _ => RETRY_COST,
        }
    }

    pub(super) fn is_in_time(&self, spent: Duration) -> bool {
        self.deadline.is_none_or(|deadline| spent < deadline)
    }

    fn limit(&self, error: &Error, attempt: u32) -> Duration {
        let base = if error.is_rate_limited() { self.base.saturating_mul(RATE_LIMIT_FACTOR) } else { self.base };
        let doubled = 2_u32.checked_pow(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        base.saturating_mul(doubled).min(self.cap)
    }
}

#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

/// A hundred retries: more than a working listing needs, fewer than an outage would make.
const BUDGET: u32 = 500;
const RETRY_COST: u32 = 5;
/// A timeout has occupied the server, and the caller, for longest.
const TIMEOUT_COST: u32 = 10;

impl Budget {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(BUDGET))
    }

    pub(super) fn withdraw(&self, cost: u32) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| tokens.checked_sub(cost)).is_ok()
    }

    pub(super) fn deposit(&self) {
        // Fails if the budget is full.
        let _ =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| (tokens < BUDGET).then_some(tokens + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn outage() -> Error {
        Error::api(503, None, "Service Unavailable")
    }

    fn rate_limit() -> Error {
        Error::api(429, None, "Too Many Requests")
    }

    /// The wait after this attempt, of a policy that allows any number of them.
    fn wait(error: &Error, attempt: u32, random: f64) -> Option<Duration> {
        RetryPolicy::default().attempts(u32::MAX).wait(error, attempt, Duration::ZERO, random)
    }

    #[test]
    fn no_attempt_follows_the_last() {
        let policy = RetryPolicy::default();
        assert!(policy.wait(&outage(), 9, Duration::ZERO, 0.5).is_some());
        assert_eq!(policy.wait(&outage(), 10, Duration::ZERO, 0.5), None);
        assert_eq!(RetryPolicy::none().wait(&outage(), 1, Duration::ZERO, 0.5), None);
    }

    #[test]
    fn an_outage_of_30_s_is_outlived_and_the_deadline_has_room_for_every_wait() {
        let waits = |error: &Error, random| -> Duration {
            let policy = RetryPolicy::default();
            (1..10).map(|attempt| policy.wait(error, attempt, Duration::ZERO, random).unwrap()).sum()
        };
        for error in [outage(), rate_limit()] {
            assert!(waits(&error, 0.0) > 30 * SECOND, "{:?}", waits(&error, 0.0));
            assert!(waits(&error, 1.0) < 150 * SECOND, "{:?}", waits(&error, 1.0));
        }
    }

    #[test]
    fn a_permanent_failure_is_not_retried() {
        assert_eq!(wait(&Error::api(401, None, "Authentication Failed"), 1, 0.5), None);
    }

    #[test]
    fn the_wait_is_random_between_half_and_all_of_a_limit_that_doubles_up_to_the_cap() {
        for (attempt, limit) in
            [(1, 200), (2, 400), (3, 800), (7, 12_800), (8, 20_000), (40, 20_000), (u32::MAX - 1, 20_000)]
        {
            let limit = Duration::from_millis(limit);
            assert_eq!(wait(&outage(), attempt, 1.0), Some(limit));
            assert_eq!(wait(&outage(), attempt, 0.5), Some(limit * 3 / 4));
            assert_eq!(wait(&outage(), attempt, 0.0), Some(limit / 2));
        }
    }

    #[test]
    fn after_a_rate_limit_the_wait_is_five_times_as_long() {
        assert_eq!(wait(&rate_limit(), 1, 1.0), Some(SECOND));
        assert_eq!(wait(&rate_limit(), 2, 1.0), Some(2 * SECOND));
    }

    #[test]
    fn no_request_is_made_before_the_servers_retry_after() {
        let error = rate_limit().with_retry_after(Some(7 * SECOND));
        assert_eq!(wait(&error, 1, 0.0), Some(7 * SECOND));
    }

    #[test]
    fn a_server_that_asks_for_more_than_a_minute_is_an_error_at_once() {
        for (asked, expected) in [(60, Some(60 * SECOND)), (61, None), (u64::MAX, None)] {
            let error = rate_limit().with_retry_after(Some(Duration::from_secs(asked)));
            assert_eq!(wait(&error, 1, 0.0), expected);
        }
    }

    #[test]
    fn no_wait_ends_after_the_deadline_of_three_minutes() {
        let policy = RetryPolicy::default();
        let error = rate_limit().with_retry_after(Some(10 * SECOND));
        assert_eq!(policy.wait(&error, 1, 169 * SECOND, 0.0), Some(10 * SECOND));
        assert_eq!(policy.wait(&error, 1, 170 * SECOND, 0.0), None);
        assert_eq!(policy.wait(&error, 1, Duration::MAX, 0.0), None);
        assert_eq!(policy.deadline(SECOND).wait(&error, 1, Duration::ZERO, 0.0), None);
    }

    #[test]
    fn absurd_settings_neither_panic_nor_overflow() {
        let policy = RetryPolicy::default().base(Duration::MAX).cap(Duration::MAX).deadline(Duration::MAX).attempts(0);
        assert_eq!(policy.wait(&rate_limit(), 1, Duration::ZERO, 1.0), None);
        let policy = policy.attempts(u32::MAX);
        assert_eq!(policy.wait(&rate_limit(), 9, Duration::ZERO, 1.0), None);
        assert_eq!(policy.wait(&rate_limit(), 9, SECOND, 1.0), None);
    }

    #[test]
    fn the_budget_allows_a_hundred_retries_in_a_row_or_fifty_after_timeouts() {
        let count = |error: Error| {
            let budget = Budget::new();
            let cost = RetryPolicy::default().cost(&error, Duration::MAX);
            (0..1_000).take_while(|_| budget.withdraw(cost)).count()
        };
        assert_eq!(count(outage()), 100);
        assert_eq!(count(Error::timeout("no answer")), 50);
    }

    #[test]
    fn none_has_one_attempt_and_no_deadline() {
        let none = RetryPolicy::none();
        assert_eq!(none.wait(&outage(), 1, Duration::ZERO, 0.5), None);
        assert!(none.is_in_time(Duration::from_secs(3_600)));
    }

    #[test]
    fn a_slow_retry_is_free_if_a_deadline_is_set() {
        let patient = RetryPolicy::default().deadline(600 * SECOND);
        for (policy, wait, cost) in [(&patient, 3, 0), (&patient, 2, 5), (&RetryPolicy::default(), 3, 5)] {
            assert_eq!(policy.cost(&outage(), wait * SECOND), cost);
        }
    }

    #[test]
    fn five_pages_pay_for_a_retry_and_the_budget_never_overflows() {
        let budget = Budget::new();
        budget.deposit();
        while budget.withdraw(RETRY_COST) {}
        (0..4).for_each(|_| budget.deposit());
        assert!(!budget.withdraw(RETRY_COST));
        budget.deposit();
        assert!(budget.withdraw(RETRY_COST));
    }
}
