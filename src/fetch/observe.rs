use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use pin_project::pin_project;
use tokio::time::Instant;

use crate::cursor::Position;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Page;
use crate::source::PageRequest;
use crate::walk::PageSize;

/// One attempt at a page, at its end: the argument of an [observer](crate::ClientBuilder::observer).
///
/// All values but the app id and the position's cursor have a low cardinality, for labels of metrics.
#[non_exhaustive]
pub struct Attempt<'a> {
    begun: &'a Details,
    duration: Duration,
    /// `None`: dropped.
    answer: Option<&'a Result<Page>>,
    retry_in: Option<Duration>,
}

/// How an [`Attempt`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A page arrived.
    Page,
    /// The attempt failed. It may be repeated.
    Failed(ErrorKind),
    /// The stream was dropped or reversed.
    Dropped,
}

impl Outcome {
    /// `page`, `dropped`, or the [name of the kind](ErrorKind::as_str) of the failure.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Failed(kind) => kind.as_str(),
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Attempt<'_> {
    /// The app id, if the listing has one.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.begun.app_id.as_deref()
    }

    /// Where the page is.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.begun.request.position
    }

    /// The number of groups requested.
    #[must_use]
    pub fn limit(&self) -> PageSize {
        self.begun.request.limit
    }

    /// The number of the attempt at its page with this limit, from 1. Attempts from 2 on are retries, or have a renewed
    /// credential.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.begun.number
    }

    /// The time to the end of the response, including time in which the stream was not polled.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// How the attempt ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.answer {
            None => Outcome::Dropped,
            Some(Ok(_)) => Outcome::Page,
            Some(Err(error)) => Outcome::Failed(error.kind()),
        }
    }

    /// The HTTP status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.answer? {
            Ok(_) => Some(200),
            Err(error) => error.status(),
        }
    }

    /// The error of a failed attempt. If the attempt is repeated, the stream does not yield it.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.answer?.as_ref().err()
    }

    /// The wait before the next attempt at the page, if there is one, without the wait for the rate limit.
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        self.retry_in
    }

    /// The number of groups on the page.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.page().map_or(0, |page| page.groups.len())
    }

    /// The size of the page's decoded body in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.page().map_or(0, |page| page.bytes)
    }

    fn page(&self) -> Option<&Page> {
        self.answer?.as_ref().ok()
    }
}

/// Shows no group.
impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("app_id", &self.app_id())
            .field("position", &self.position())
            .field("limit", &self.limit())
            .field("number", &self.number())
            .field("duration", &self.duration())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&Attempt<'_>) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").finish_non_exhaustive()
    }
}

/// The report of an attempt to its observer, if there is one: that it was dropped, unless its end is reported.
pub(super) struct Report(Option<Box<Details>>);

struct Details {
    observer: Observer,
    app_id: Option<Arc<str>>,
    request: PageRequest,
    number: u32,
    at: Instant,
}

impl Report {
    /// The attempt ended. `retry_in`: the wait before the next one.
    pub(super) fn end(mut self, answer: &Result<Page>, retry_in: Option<Duration>) {
        self.report(Some(answer), retry_in);
    }

    fn report(&mut self, answer: Option<&Result<Page>>, retry_in: Option<Duration>) {
        if let Some(begun) = self.0.take() {
            (begun.observer.0)(&Attempt { begun: &begun, duration: begun.at.elapsed(), answer, retry_in });
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // A second panic, in the observer, would abort the process.
        if !thread::panicking() {
            self.report(None, None);
        }
    }
}

/// An attempt whose end, or drop, is reported to an observer.
#[pin_project]
pub(super) struct Observed<F> {
    #[pin]
    attempt: F,
    report: Option<Report>,
}

impl<F> Observed<F> {
    pub(super) fn new(
        attempt: F,
        observer: Option<&Observer>,
        app_id: Option<&Arc<str>>,
        request: &PageRequest,
        number: u32,
    ) -> Self {
        let begun = observer.map(|observer| {
            Box::new(Details {
                observer: observer.clone(),
                app_id: app_id.cloned(),
                request: request.clone(),
                number,
                at: Instant::now(),
            })
        });
        Self { attempt, report: Some(Report(begun)) }
    }
}

/// Returns the report too, which is made when it is known whether another attempt follows.
impl<F: Future> Future for Observed<F> {
    type Output = (F::Output, Option<Report>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.attempt.poll(cx));
        Poll::Ready((answer, this.report.take()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt as _;
    use futures::stream::{StreamExt as _, TryStreamExt as _};

    use super::super::{Gate, Pace, RetryPolicy, TIMEOUT};
    use super::*;
    use crate::list::ListGroups;
    use crate::page::Group;
    use crate::source::AnySource;
    use crate::testing::{FakeGroups, Fault};

    fn list(fake: FakeGroups, observer: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> ListGroups {
        let pace = Pace::new(RetryPolicy::default(), TIMEOUT, Gate::open(), Some(Observer::new(observer)));
        ListGroups::at_pace(AnySource::new(fake), pace)
    }

    /// A listing of pages of two, and what its observer has logged.
    fn observed(faults: impl IntoIterator<Item = Fault>) -> (ListGroups, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let observer = {
            let log = Arc::clone(&log);
            move |attempt: &Attempt<'_>| {
                log.lock().unwrap().push(format!(
                    "{} {} #{} {} {:?} {} groups in {} s",
                    attempt.position().name(),
                    attempt.limit().get(),
                    attempt.number(),
                    attempt.outcome(),
                    attempt.status(),
                    attempt.groups(),
                    attempt.duration().as_secs(),
                ));
            }
        };
        let fake = FakeGroups::new((0..3).map(|n| Group::new(n.to_string(), "", n))).script(faults);
        (list(fake, observer).page_size(2), log)
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_is_observed_once_with_its_request_and_outcome() {
        let second = Duration::from_secs(1);
        let busy = || Fault::Error(Error::api(503, None, "Busy"));
        let limited = Fault::Error(Error::api(429, None, "Slow down").with_retry_after(20 * second));
        let (list, log) =
            observed([busy(), limited, Fault::Delay(3 * second), Fault::Error(Error::transport("reset"))]);
        assert_eq!(list.stream().try_collect::<Vec<_>>().await.unwrap().len(), 3);
        assert_eq!(
            *log.lock().unwrap(),
            [
                "start 2 #1 unavailable Some(503) 0 groups in 0 s",
                "start 2 #2 rate_limited Some(429) 0 groups in 0 s",
                "start 2 #3 page Some(200) 2 groups in 3 s",
                "after 2 #1 transport None 0 groups in 0 s",
                "after 2 #2 page Some(200) 1 groups in 0 s",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_is_dropped_is_observed_as_dropped() {
        let (list, log) = observed([Fault::Hang]);
        let mut stream = list.stream();
        assert!(stream.next().now_or_never().is_none());
        assert_eq!(log.lock().unwrap().len(), 0);
        drop(stream);
        assert_eq!(*log.lock().unwrap(), ["start 2 #1 dropped None 0 groups in 0 s"]);
    }

    #[tokio::test]
    async fn invalid_input_is_not_observed() {
        let (list, log) = observed([]);
        assert_eq!(list.after("").page().await.unwrap_err().attempts(), 0);
        assert_eq!(log.lock().unwrap().len(), 0);
    }

    #[test]
    fn a_panic_of_the_observer_reaches_the_caller_and_the_next_poll_requests_the_page_again() {
        let broken = AtomicBool::new(true);
        let observer = move |_: &Attempt<'_>| {
            assert!(!broken.swap(false, Ordering::Relaxed), "a bug in the observer");
        };
        let mut stream = list(FakeGroups::new([Group::new("a", "", 0)]), observer).stream();
        let poll = || stream.next().now_or_never();
        let panic = thread::scope(|scope| scope.spawn(poll).join()).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a bug in the observer"));
        assert_eq!(stream.next().now_or_never().unwrap().unwrap().unwrap().id, "a");
    }
}
