//! Spans and events for `tracing`. Without that feature, they compile to nothing.

/// The target of the spans and events of this crate (feature `tracing`), for filters such as `gupshup_groups=debug`.
///
/// These names are stable:
///
/// | name | kind | level | fields |
/// |---|---|---|---|
/// | `page` | span of a page, including all attempts and waits | debug | `app`, `position` ("start", "after" or "before"), `limit`; at its end `attempts`, `status`, `error`, `groups`, `elapsed_ms` |
/// | "retrying a page" | event in that span | info | `attempt` that failed, its `error`, `status` and API `code`, `wait_ms` until the next |
/// | "the cursor has expired: …" | event | info | `app`, `restarts` so far |
/// | "the API refuses the page size: …" | event | info | `app`, `limit` of the next request |
///
/// `app` is the app id. `error` is the [name of the kind](crate::ErrorKind::as_str). Everything else is a number or a fixed word.
#[cfg(feature = "tracing")]
pub const TRACING_TARGET: &str = "gupshup_groups";

#[cfg(feature = "tracing")]
pub(crate) use on::{PageSpan, lowered, restarted};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{PageSpan, lowered, restarted};

#[cfg(feature = "tracing")]
mod on {
    use std::time::Duration;

    use tracing::field::Empty;
    use tracing::instrument::{Instrument, Instrumented};
    use tracing::{Span, debug_span, info};

    use super::TRACING_TARGET;
    use crate::error::{Error, Result};
    use crate::page::Page;
    use crate::source::PageRequest;
    use crate::walk::PageSize;

    #[derive(Clone)]
    pub(crate) struct PageSpan(Span);

    impl PageSpan {
        pub(crate) fn new(request: &PageRequest, app: Option<&str>) -> Self {
            Self(debug_span!(
                target: TRACING_TARGET,
                "page",
                app,
                position = request.position.name(),
                limit = request.limit.get(),
                attempts = Empty,
                status = Empty,
                error = Empty,
                groups = Empty,
                elapsed_ms = Empty
            ))
        }

        pub(crate) fn instrument<F>(self, fetch: F) -> Instrumented<F> {
            fetch.instrument(self.0)
        }

        #[expect(clippy::unused_self, reason = "the event belongs to the span, which is entered")]
        pub(crate) fn retry(&self, error: &Error, attempt: u32, wait: Duration) {
            info!(
                target: TRACING_TARGET,
                attempt,
                error = error.kind().as_str(),
                status = error.status(),
                code = error.api_code(),
                wait_ms = millis(wait),
                "retrying a page"
            );
        }

        pub(crate) fn close(&self, answer: &Result<Page>, attempts: u32, elapsed: Duration) {
            self.0.record("attempts", attempts);
            self.0.record("elapsed_ms", millis(elapsed));
            match answer {
                Ok(page) => {
                    self.0.record("status", 200_u16);
                    self.0.record("groups", page.groups.len());
                }
                Err(error) => {
                    self.0.record("status", error.status());
                    self.0.record("error", error.kind().as_str());
                }
            }
        }
    }

    fn millis(time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn restarted(app: Option<&str>, restarts: u32) {
        info!(target: TRACING_TARGET, app, restarts, "the cursor has expired: listing again from the start, without what was yielded");
    }

    pub(crate) fn lowered(app: Option<&str>, size: PageSize) {
        info!(target: TRACING_TARGET, app, limit = size.get(), "the API refuses the page size: requesting smaller pages");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::time::Duration;

    use crate::error::{Error, Result};
    use crate::page::Page;
    use crate::source::PageRequest;
    use crate::walk::PageSize;

    #[derive(Clone)]
    pub(crate) struct PageSpan;

    #[expect(clippy::unused_self, reason = "the shape of the other one")]
    impl PageSpan {
        pub(crate) fn new(_: &PageRequest, _: Option<&str>) -> Self {
            Self
        }

        pub(crate) fn instrument<F>(self, fetch: F) -> F {
            fetch
        }

        pub(crate) fn retry(&self, _: &Error, _attempt: u32, _wait: Duration) {}

        pub(crate) fn close(&self, _: &Result<Page>, _attempts: u32, _elapsed: Duration) {}
    }

    pub(crate) fn restarted(_: Option<&str>, _restarts: u32) {}

    pub(crate) fn lowered(_: Option<&str>, _: PageSize) {}
}
