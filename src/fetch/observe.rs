use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::page::Page;
use crate::source::PageRequest;
use crate::walk::PageSize;

/// One attempt at a page, at its end: the argument of an [observer](crate::ClientBuilder::observer).
///
/// All labels have few values, except for the app id.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    begun: &'a Begun,
    duration: Duration,
    /// `None`: dropped.
    answer: Option<&'a Result<Page>>,
}

impl Attempt<'_> {
    /// The app id, if the source has one.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.begun.app_id.as_deref()
    }

    /// The position of the page: `start`, `after` or `before`.
    #[must_use]
    pub fn position(&self) -> &'static str {
        self.begun.position
    }

    /// The number of groups requested.
    #[must_use]
    pub fn limit(&self) -> PageSize {
        self.begun.limit
    }

    /// The number of the attempt at its page, from 1. Attempts from 2 on are retries.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.begun.number
    }

    /// The time from the start of the attempt to the end of the response, including time in which the stream was not
    /// polled.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The outcome, in a word. More may be added.
    ///
    /// | outcome | meaning |
    /// |---|---|
    /// | `page` | a page |
    /// | `dropped` | the stream was dropped or reversed |
    /// | `connect`, `tls`, `timeout`, `transport`, `redirect`, `decode`, `too_large`, `protocol` | the [kind](Error#kinds) of the error |
    /// | `rate_limited`, `auth`, `not_found`, `cursor` | an error of the API: too many requests, the key, the app id, the cursor |
    /// | `api` | another error of the API |
    /// | `other` | [`Error::other`] |
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self.answer {
            None => "dropped",
            Some(Ok(_)) => "page",
            Some(Err(error)) => kind(error),
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

    /// The error of a failed attempt. If the attempt is repeated, the stream does not yield it. The key and the cursor of
    /// this attempt are masked in it; cursors of earlier pages only in errors that the stream yields.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.answer?.as_ref().err()
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

fn kind(error: &Error) -> &'static str {
    let kinds = [
        (error.is_connect(), "connect"),
        (error.is_tls(), "tls"),
        (error.is_timeout(), "timeout"),
        (error.is_transport(), "transport"),
        (error.is_redirect(), "redirect"),
        (error.is_rate_limited(), "rate_limited"),
        (error.is_auth(), "auth"),
        (error.is_not_found(), "not_found"),
        (error.is_cursor_expired() || error.is_cursor_invalid(), "cursor"),
        (error.is_api(), "api"),
        (error.is_decode(), "decode"),
        (error.is_too_large(), "too_large"),
        (error.is_protocol(), "protocol"),
    ];
    kinds.into_iter().find_map(|(is, kind)| is.then_some(kind)).unwrap_or("other")
}

#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&Attempt<'_>) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub(super) fn begin(&self, request: &PageRequest, app_id: Option<&str>, number: u32) -> Observed {
        let begun = Begun {
            app_id: app_id.map(str::to_owned),
            position: request.position.kind(),
            limit: request.limit,
            number,
            at: Instant::now(),
        };
        Observed(Some(Box::new((self.clone(), begun))))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Begun {
    app_id: Option<String>,
    position: &'static str,
    limit: PageSize,
    number: u32,
    at: Instant,
}

#[derive(Default)]
pub(super) struct Observed(Option<Box<(Observer, Begun)>>);

impl Observed {
    /// Invalid input is not an attempt.
    pub(super) fn end(mut self, answer: &Result<Page>) {
        match answer {
            Err(error) if error.is_config() => self.0 = None,
            _ => self.report(Some(answer)),
        }
    }

    fn report(&mut self, answer: Option<&Result<Page>>) {
        if let Some(observed) = self.0.take() {
            let (observer, begun) = &*observed;
            (observer.0)(&Attempt { begun, duration: begun.at.elapsed(), answer });
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        // A second panic, in the observer, would abort the process.
        if !thread::panicking() {
            self.report(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt as _;
    use futures::stream::{StreamExt as _, TryStreamExt as _};

    use super::super::{Pace, RetryPolicy};
    use super::*;
    use crate::list::ListGroups;
    use crate::page::Group;
    use crate::testing::{FakeGroups, Fault};

    /// A listing of pages of two, and what its observer has logged.
    fn observed(faults: impl IntoIterator<Item = Fault>) -> (ListGroups<FakeGroups>, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let observer = Observer::new({
            let log = Arc::clone(&log);
            move |attempt: &Attempt<'_>| {
                log.lock().unwrap().push(format!(
                    "{} {} #{} {} {:?} {} groups in {} s",
                    attempt.position(),
                    attempt.limit().get(),
                    attempt.number(),
                    attempt.outcome(),
                    attempt.status(),
                    attempt.groups(),
                    attempt.duration().as_secs(),
                ));
            }
        });
        let fake = FakeGroups::new((0..3).map(|n| Group::new(n.to_string(), "", n))).script(faults);
        let pace = Pace::new(RetryPolicy::default(), None).with_observer(Some(observer));
        (ListGroups::at_pace(fake, pace).page_size(2), log)
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
                "start 2 #1 api Some(503) 0 groups in 0 s",
                "start 2 #2 rate_limited Some(429) 0 groups in 0 s",
                "start 2 #3 page Some(200) 2 groups in 3 s",
                "after 2 #1 transport None 0 groups in 0 s",
                "after 2 #2 page Some(200) 1 groups in 0 s",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_past_its_deadline_is_a_timeout_and_a_dropped_one_is_dropped() {
        let (list, log) = observed([Fault::Hang]);
        assert!(list.page().await.unwrap_err().is_timeout());
        assert_eq!(*log.lock().unwrap(), ["start 2 #1 timeout None 0 groups in 90 s"]);

        let (list, log) = observed([Fault::Hang]);
        let mut stream = list.stream();
        assert!(stream.next().now_or_never().is_none());
        assert_eq!(log.lock().unwrap().len(), 0);
        drop(stream);
        assert_eq!(*log.lock().unwrap(), ["start 2 #1 dropped None 0 groups in 0 s"]);
    }

    #[tokio::test(start_paused = true)]
    async fn invalid_input_is_not_observed() {
        let (list, log) = observed([Fault::Error(Error::config("bad input"))]);
        assert_eq!(list.page().await.unwrap_err().attempts(), 0);
        assert_eq!(log.lock().unwrap().len(), 0);
    }

    #[test]
    fn a_panic_of_the_observer_reaches_the_caller_and_the_next_poll_requests_the_page_again() {
        let broken = AtomicBool::new(true);
        let observer = Observer::new(move |_: &Attempt<'_>| {
            assert!(!broken.swap(false, Ordering::Relaxed), "a bug in the observer");
        });
        let pace = Pace::new(RetryPolicy::default(), None).with_observer(Some(observer));
        let mut stream = ListGroups::at_pace(FakeGroups::new([Group::new("a", "", 0)]), pace).stream();
        let panic = catch_unwind(AssertUnwindSafe(|| stream.next().now_or_never())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a bug in the observer"));
        assert_eq!(stream.next().now_or_never().unwrap().unwrap().unwrap().id, "a");
    }

    #[test]
    fn each_kind_of_error_has_its_own_outcome() {
        for (error, outcome) in [
            (Error::connect("refused"), "connect"),
            (Error::tls("expired"), "tls"),
            (Error::redirect(302), "redirect"),
            (Error::api(401, None, ""), "auth"),
            (Error::api(404, None, ""), "not_found"),
            (Error::api(400, Some(131_059), ""), "cursor"),
            (Error::api(400, None, ""), "api"),
            (Error::decode("no page"), "decode"),
            (Error::too_large(1), "too_large"),
            (Error::protocol("two lengths"), "protocol"),
            (Error::other("a bug"), "other"),
        ] {
            assert_eq!(kind(&error), outcome, "{error}");
        }
    }
}
