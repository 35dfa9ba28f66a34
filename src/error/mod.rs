//! The error type: public methods here, constructors in `make.rs`, messages in `display.rs`.

mod display;
mod kind;
mod make;
pub(crate) mod mask;
mod refusal;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use kind::Kind;
pub(crate) use kind::Limit;
pub(crate) use refusal::Refusal;

use crate::checkpoint::Checkpoint;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a listing failed.
///
/// Predicates (`is_…`) return the kind, getters the details. `Display` is one sentence: where and why it failed, after
/// how many attempts, and what to do.
///
/// ```text
/// app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable; retry
/// later, or resume from the checkpoint
/// ```
///
/// The alternate form (`{error:#}`) leaves out the advice after the last semicolon.
///
/// Neither `Display` nor `Debug` shows the API key, a cursor, a link or a URL; in the server's texts, `***` replaces
/// them. The app id is shown, since it gives no access without the key.
///
/// # Kinds
///
/// "Retried": [`RetryPolicy`](crate::RetryPolicy) repeats the attempt before the error is returned.
///
/// | predicate | reason | retried |
/// |---|---|---|
/// | [`is_config`](Self::is_config) | invalid input; no request was made | no |
/// | [`is_connect`](Self::is_connect) | could not connect: name resolution failed, or the server or a proxy refused | yes |
/// | [`is_tls`](Self::is_tls) | no secure connection: an invalid certificate, or no TLS | no |
/// | [`is_timeout`](Self::is_timeout) | a time limit passed; the message names its setting | yes |
/// | [`is_transport`](Self::is_transport) | the connection broke before the response was complete, or [`Error::transport`] | yes |
/// | [`is_redirect`](Self::is_redirect) | the server sent a redirect, which is not followed | no |
/// | [`is_auth`](Self::is_auth) | the API refused the key: 401, 403 or code 190 | no |
/// | [`is_not_found`](Self::is_not_found) | unknown app: 404 | no |
/// | [`is_rate_limited`](Self::is_rate_limited) | too many requests: 429, or code 4, 17, 341, 80007, 130429 or 131208 | yes |
/// | [`is_cursor_expired`](Self::is_cursor_expired) | a cursor expired (code 131059 or 2642), and the listing could not [restart](crate::GroupStream#when-groups-change-meanwhile) | no |
/// | [`is_cursor_invalid`](Self::is_cursor_invalid) | the API refused the cursor of [`after`](crate::ListGroups::after) or [`before`](crate::ListGroups::before) | no |
/// | [`is_api`](Self::is_api) | any of the five above, or another error of the API | if [retryable](Self::is_retryable) |
/// | [`is_cursor_loop`](Self::is_cursor_loop) | the server returned a cursor that was already used | no |
/// | [`is_protocol`](Self::is_protocol) | malformed HTTP, a status other than 200, or a page that contradicts the rules of paging | no |
/// | [`is_inconsistent`](Self::is_inconsistent) | no two of eight listings in a row agree | no |
/// | [`is_decode`](Self::is_decode) | the body is not a page of groups; the message names the place, such as `data[17].creation_timestamp` | no |
/// | [`is_decode`](Self::is_decode) | the JSON is truncated | yes |
/// | [`is_too_large`](Self::is_too_large) | the response exceeds [`max_page_bytes`](crate::ClientBuilder::max_page_bytes), or a cursor 4 KiB | no |
/// | none of these | [`Error::other`] | no |
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    app_id: Option<Arc<str>>,
    page: Option<u64>,
    attempts: u32,
    elapsed: Duration,
    retry_after: Option<Duration>,
    checkpoint: Option<Checkpoint>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// For [sources](crate::PageSource) of your own.
impl Error {
    /// A failed connection. Retryable.
    pub fn transport(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::broken("the connection broke").with_source(source)
    }

    /// A failure that would occur again. Not retryable.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Other).with_source(source)
    }

    /// An error response of the API, handled like the API's own: expired cursors (codes 131059 and 2642) restart the
    /// listing, refused page sizes (413, 400, and 500 with Meta's "reduce the amount of data") are lowered, temporary
    /// errors are retried. The message becomes one line of at most 2 KiB, with access tokens masked.
    ///
    /// ```
    /// use gupshup_groups::Error;
    ///
    /// let error = Error::api(401, None, "Authentication Failed");
    /// assert!(error.is_api() && error.is_auth() && !error.is_retryable());
    /// assert_eq!(error.api_message(), Some("Authentication Failed"));
    /// ```
    pub fn api(status: u16, code: Option<i64>, message: impl Into<String>) -> Self {
        let message = mask::tidy(&mask::access_tokens(&message.into()), mask::MAX_MESSAGE_BYTES);
        let message = Some(message).filter(|message| !message.is_empty());
        Self::refused(Refusal { status, code, message, transient: false, trace_id: None })
    }

    /// Sets the server's [`retry_after`](Self::retry_after). [`RetryPolicy`](crate::RetryPolicy) retries no earlier.
    #[must_use]
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = wait.into();
        self
    }
}

/// Details.
impl Error {
    /// The HTTP status, if the error is the server's response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.kind.status()
    }

    /// The API's message: one line, at most 2 KiB, with secrets masked.
    #[must_use]
    pub fn api_message(&self) -> Option<&str> {
        self.refusal()?.message.as_deref()
    }

    /// The API's error code (Meta's, such as 131059).
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.refusal()?.code
    }

    /// The time that the server asks to wait before the next request (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The place after every group yielded before this error, if a listing had started.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.0.checkpoint.as_ref()
    }

    /// The app id, unless it is invalid or there is none.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.0.app_id.as_deref()
    }

    /// The number of attempts at the failed page: 0 if no request was made, 1 without retries.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time of those attempts and the waits between them, without waits for the rate limit. Zero if not measured.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    fn refusal(&self) -> Option<&Refusal> {
        self.0.kind.refusal()
    }
}

/// Kinds: see the [table](Self#kinds).
impl Error {
    /// Invalid input; no request was made.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind.is_config()
    }

    /// Could not connect.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_))
    }

    /// No secure connection.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls(_))
    }

    /// A time limit passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout(_))
    }

    /// The connection broke.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(self.0.kind, Kind::Transport(_))
    }

    /// The server sent a redirect.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.0.kind, Kind::Redirect { .. })
    }

    /// The API answered with an error.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.refusal().is_some()
    }

    /// The API refused the key.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.refused_for(Refusal::is_auth)
    }

    /// The API does not know the app.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refused_for(Refusal::is_not_found)
    }

    /// Too many requests.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.refused_for(Refusal::is_rate_limited)
    }

    /// A cursor has expired.
    #[must_use]
    pub fn is_cursor_expired(&self) -> bool {
        self.refused_for(Refusal::is_cursor) || matches!(self.0.kind, Kind::CursorRefused)
    }

    /// The API refused the caller's cursor.
    #[must_use]
    pub fn is_cursor_invalid(&self) -> bool {
        matches!(self.0.kind, Kind::CursorInvalid(_))
    }

    /// The server returned a cursor that was already used.
    #[must_use]
    pub fn is_cursor_loop(&self) -> bool {
        matches!(self.0.kind, Kind::CursorLoop)
    }

    /// The response contradicts HTTP or the rules of paging, so the list may be incomplete.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        matches!(self.0.kind, Kind::Protocol(_) | Kind::UnexpectedStatus { .. })
    }

    /// The list changed during a [consistent snapshot](crate::ListGroups::consistent_snapshot).
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        matches!(self.0.kind, Kind::Inconsistent(_))
    }

    /// The body is not a page of groups, or is truncated.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_) | Kind::Html { .. } | Kind::Truncated { .. })
    }

    /// The response or a cursor is too large.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.kind, Kind::TooLarge { .. } | Kind::CursorTooLong { .. })
    }

    /// Whether the same request may succeed later: the errors that are [retried](Self#kinds), and
    /// [`is_inconsistent`](Self::is_inconsistent).
    ///
    /// Of the API's errors: status 408, 429, 500, 502, 503 or 504, or a code for a rate limit or a temporary failure (1,
    /// 2, `is_transient`); not Meta's "reduce the amount of data".
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            Kind::Connect(_)
            | Kind::Timeout(_)
            | Kind::Transport(_)
            | Kind::Truncated { .. }
            | Kind::Inconsistent(_) => true,
            Kind::Api(refusal) => refusal.is_retryable(),
            _ => false,
        }
    }

    /// Code 2642, which can mean "past the end".
    pub(crate) fn is_invalid_cursors(&self) -> bool {
        self.refused_for(Refusal::is_invalid_cursors)
    }

    /// The API calls the page too large.
    pub(crate) fn asks_for_less(&self) -> bool {
        self.refused_for(Refusal::asks_for_less)
    }

    /// A 400 without an explaining code: the API may refuse the page size.
    pub(crate) fn is_unexplained_refusal(&self) -> bool {
        self.refused_for(Refusal::is_unexplained)
    }

    /// A refused cursor of the caller has its own kind.
    fn refused_for(&self, reason: impl FnOnce(&Refusal) -> bool) -> bool {
        matches!(&self.0.kind, Kind::Api(refusal) if reason(refusal))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
