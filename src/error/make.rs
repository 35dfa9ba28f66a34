use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use super::{Details, Error, ErrorKind, Refusal, mask};
use crate::checkpoint::Checkpoint;
use crate::cursor::MAX_CURSOR_BYTES;

/// A status of a body that was read as a page.
const OK: u16 = 200;

/// A time limit, by its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// `ClientBuilder::connect_timeout`.
    Connect,
    /// `ClientBuilder::timeout`, or the limit of silence that is derived from it.
    Attempt,
}

/// For [sources](crate::PageSource) of your own.
impl Error {
    /// A failed connection. Retryable.
    pub fn transport(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::broken("the connection broke").with_source(source)
    }

    /// A time limit that passed, in a few words: "no answer in 30 s". Retryable.
    pub fn timeout(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, tidy(&reason.into()))
    }

    /// An answer that is not a page of groups; the reason in a few words. Not retryable.
    pub fn decode(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, tidy(&reason.into()))
    }

    /// A failure that would occur again. Not retryable.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Other, "the source of the pages failed").with_source(source)
    }

    /// An error response of the API, handled like the API's own: expired cursors (codes 131059 and 2642) restart the
    /// listing, refused page sizes are lowered, temporary errors are retried. The message becomes one line of at most 2 KiB,
    /// with access tokens masked.
    ///
    /// ```
    /// use gupshup_groups::Error;
    ///
    /// let error = Error::api(401, None, "Authentication Failed");
    /// assert!(error.is_api() && error.is_auth() && !error.is_retryable());
    /// assert_eq!(error.api_message(), Some("Authentication Failed"));
    /// ```
    pub fn api(status: u16, code: Option<i64>, message: impl Into<String>) -> Self {
        let message = Some(tidy(&message.into())).filter(|message| !message.is_empty());
        Self::refused(Refusal { status, code, message, ..Refusal::default() })
    }

    /// Sets the server's [`retry_after`](Self::retry_after). [`RetryPolicy`](crate::RetryPolicy) retries no earlier. A
    /// 401 or 403 that asks to wait is a rate limit, not a refused credential.
    #[must_use]
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = wait.into();
        if self.0.retry_after.is_some() && self.0.kind == ErrorKind::Auth {
            self.0.kind = ErrorKind::RateLimited;
        }
        self
    }
}

/// One line, of limited length, with access tokens masked.
fn tidy(text: &str) -> String {
    mask::tidy(&mask::access_tokens(text), mask::MAX_MESSAGE_BYTES)
}

/// The reason shows no secret and quotes no value of a body.
impl Error {
    fn new(kind: ErrorKind, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            kind,
            reason: reason.into(),
            advice: None,
            status: None,
            refusal: None,
            trace_id: None,
            app_id: None,
            page: None,
            attempts: u32::from(kind != ErrorKind::Config),
            elapsed: Duration::ZERO,
            retry_after: None,
            checkpoint: None,
            renewed: false,
            source: None,
        }))
    }

    /// The reason says what is wrong and what to do.
    pub(crate) fn config(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, reason)
    }

    pub(crate) fn credential(reason: impl Into<Cow<'static, str>>, advice: &'static str) -> Self {
        Self::new(ErrorKind::Credential, reason).with_advice(advice)
    }

    /// There is no credential that the API would accept, so no request is made.
    pub(crate) fn unauthorized(reason: &'static str, advice: &'static str) -> Self {
        Self::new(ErrorKind::Auth, reason).with_advice(advice)
    }

    pub(crate) fn plain_http() -> Self {
        Self::config("the base URL is plain http, which sends the credential unencrypted: use https")
            .with_advice("use https, or set `allow_plain_http` if the network is trusted")
    }

    pub(crate) fn connect(reason: &'static str) -> Self {
        Self::new(ErrorKind::Connect, reason)
    }

    pub(crate) fn tls(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Tls, reason)
    }

    pub(crate) fn out_of_time(limit: TimeLimit) -> Self {
        match limit {
            TimeLimit::Connect => Self::new(ErrorKind::Timeout, "could not connect in time")
                .with_advice("retry later, or raise `connect_timeout`"),
            TimeLimit::Attempt => Self::new(ErrorKind::Timeout, "the response did not complete in time")
                .with_advice("retry later, or raise `timeout`"),
        }
    }

    pub(crate) fn broken(reason: &'static str) -> Self {
        Self::new(ErrorKind::Transport, reason)
    }

    pub(crate) fn truncated(bytes: usize) -> Self {
        Self::new(ErrorKind::Transport, format!("the body ends early, after {bytes} bytes")).with_status(OK)
    }

    pub(crate) fn redirect(status: u16) -> Self {
        Self::new(ErrorKind::Redirect, format!("{status}: the server sent a redirect to another location"))
            .with_status(status)
    }

    pub(crate) fn refused(mut refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.kind(), refusal.text()).with_status(refusal.status);
        error.0.trace_id = refusal.trace_id.take();
        error.0.refusal = Some(refusal);
        error
    }

    /// No request was made, because the server asked to wait.
    pub(crate) fn told_to_wait(wait: Duration) -> Self {
        Self::new(ErrorKind::RateLimited, "no request was made, because an earlier response asked to wait")
            .with_attempts(0, Duration::ZERO)
            .with_retry_after(wait)
    }

    pub(crate) fn cursor_invalid(mut refusal: Self) -> Self {
        refusal.0.kind = ErrorKind::CursorInvalid;
        refusal
    }

    pub(crate) fn cursor_refused() -> Self {
        Self::new(ErrorKind::CursorExpired, "the server refused a cursor that it had sent")
    }

    pub(crate) fn cursor_loop() -> Self {
        Self::new(ErrorKind::CursorLoop, "the server returned a cursor that was already used")
    }

    pub(crate) fn cursor_too_long(bytes: usize) -> Self {
        let reason = format!("the server sent a cursor of {bytes} bytes, more than the maximum of {MAX_CURSOR_BYTES}");
        Self::new(ErrorKind::TooLarge, reason).with_advice("the API's cursors are shorter: check the base URL")
    }

    pub(crate) fn protocol(reason: &'static str) -> Self {
        Self::new(ErrorKind::Protocol, reason)
    }

    pub(crate) fn unexpected_status(status: u16) -> Self {
        Self::new(ErrorKind::Protocol, format!("expected status 200, found {status}")).with_status(status)
    }

    /// A body in a coding that was not asked for.
    pub(crate) fn encoded(status: u16, encoding: &str) -> Self {
        let reason = format!("the body is encoded as \"{}\", which was not asked for", mask::tidy(encoding, 80));
        Self::new(ErrorKind::Protocol, reason).with_status(status).with_advice(
            "check the proxies between this machine and the API; the crate asks for gzip and no other encoding",
        )
    }

    pub(crate) fn not_a_page(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Decode, reason).with_status(OK)
    }

    pub(crate) fn html(title: Option<String>) -> Self {
        Self::not_a_page(match title {
            None => "the body looks like HTML, not JSON".into(),
            Some(title) => Cow::from(format!("the body is a page of HTML with the title \"{title}\", not JSON")),
        })
    }

    pub(crate) fn too_large(max_page_bytes: usize) -> Self {
        Self::new(ErrorKind::TooLarge, format!("the page is larger than the limit of {max_page_bytes} bytes"))
            .with_status(OK)
    }

    /// The reason shows no group.
    pub(crate) fn inconsistent(reason: String) -> Self {
        Self::new(ErrorKind::Inconsistent, reason)
    }
}

impl Error {
    pub(crate) fn mass_removal(removed: usize, known: usize) -> Self {
        Self::new(ErrorKind::MassRemoval, format!("the list lacks {removed} of the {known} known groups"))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn with_advice(mut self, advice: &'static str) -> Self {
        self.0.advice = Some(advice);
        self
    }

    /// There is another credential: make the request again.
    pub(crate) fn renewed(mut self) -> Self {
        self.0.renewed = true;
        self
    }

    fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Keeps the id of the body, which the API itself wrote.
    pub(crate) fn with_trace_id(mut self, trace_id: Option<String>) -> Self {
        self.0.trace_id = self.0.trace_id.or(trace_id);
        self
    }

    pub(crate) fn with_app_id(mut self, app_id: Option<Arc<str>>) -> Self {
        self.0.app_id = app_id;
        self
    }

    pub(crate) fn with_page(mut self, number: u64) -> Self {
        self.0.page = Some(number);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    pub(crate) fn with_checkpoint(mut self, checkpoint: impl Into<Option<Checkpoint>>) -> Self {
        self.0.checkpoint = checkpoint.into();
        self
    }
}
