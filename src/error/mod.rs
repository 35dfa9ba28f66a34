//! The one error type: what failed, where, how often it was tried, and what to do next.
//!
//! | file | what it says |
//! |---|---|
//! | `mod.rs` | [`Error`]: how it is made, and what can be asked of it |
//! | `make.rs` | what the crate makes errors with: a constructor for each kind, and the circumstances |
//! | `kind.rs` | what can fail, each kind with its own data |
//! | `refusal.rs` | an error of the API, and what its status and code mean |
//! | `display.rs` | the sentence: what failed, and what to do |
//! | `mask.rs` | secrets in the texts of others |

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

/// Why a listing stopped.
///
/// The error is opaque and one word wide. Ask its predicates (`is_…`) for the kind, and its getters for the details.
/// Its `Display` is a sentence: which app and which page failed, after how many attempts, why, and what to do next.
///
/// ```text
/// app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable; retry
/// later, or resume from the checkpoint
/// ```
///
/// The alternate form (`{error:#}`) ends before the last semicolon: for programs that tell their users in words of their own
/// what to do.
///
/// Neither `Display` nor `Debug` shows the API key, a cursor, a link or a URL; where the server's own text holds one of
/// them, `***` stands in its place. The app's id is shown as it was passed in: it is no secret, since it gives access to
/// nothing without the key.
///
/// # Kinds
///
/// "Retried" means that [`RetryPolicy`](crate::RetryPolicy) makes further attempts before the error is returned.
///
/// | predicate | reason | retried | what to do |
/// |---|---|---|---|
/// | [`is_config`](Self::is_config) | the input is invalid; no request was made | no | correct what the message names |
/// | [`is_connect`](Self::is_connect) | no connection: the host's name does not resolve, nothing accepts connections there, or a proxy refuses | yes | check the base URL and the network, then resume |
/// | [`is_tls`](Self::is_tls) | no secure connection: the certificate has expired, is from an unknown issuer or is for another host, or the server does not speak TLS; the message says which | no | check the base URL, the system's certificates and its clock |
/// | [`is_timeout`](Self::is_timeout) | a time limit passed; the message names its setting | yes | resume later, or raise that setting |
/// | [`is_transport`](Self::is_transport) | the connection broke before the response was complete | yes | resume later |
/// | [`is_redirect`](Self::is_redirect) | the server sent a redirect; it is not followed, so that the key stays at its origin | no | check the base URL |
/// | [`is_auth`](Self::is_auth) | the API refused the key: 401, 403 or code 190 | no | check the key, and that its account owns the app |
/// | [`is_not_found`](Self::is_not_found) | the API knows no such app: 404 | no | check the app id (not the app's name) and the base URL |
/// | [`is_rate_limited`](Self::is_rate_limited) | too many requests: 429, or code 4, 17, 341, 80007, 130429 or 131208 | yes | wait [`retry_after`](Self::retry_after), then resume |
/// | [`is_cursor_expired`](Self::is_cursor_expired) | the list changed and its cursors are no longer valid (codes 131059 and 2642), where the walk could not start again by itself | no | list again from the start |
/// | [`is_cursor_invalid`](Self::is_cursor_invalid) | the API refused a cursor that was passed to [`after`](crate::ListGroups::after) or [`before`](crate::ListGroups::before) | no | pass a cursor of a recent page, or list from the start |
/// | [`is_api`](Self::is_api) | any of the five above, or another error of the API | if [retryable](Self::is_retryable) | change what [`api_message`](Self::api_message) objects to |
/// | [`is_cursor_loop`](Self::is_cursor_loop) | the server returned a cursor that was already used | no | resume later; report it to the API's support |
/// | [`is_protocol`](Self::is_protocol) | malformed HTTP, a status other than 200, or a page that contradicts the rules of paging | no | check the base URL, resume later |
/// | [`is_inconsistent`](Self::is_inconsistent) | no two complete listings in a row agree; the message counts what changed | yes: 8 listings | try again when the list changes less often |
/// | [`is_decode`](Self::is_decode) | the response is no page of groups | no | check the base URL; report it if that is right |
/// | [`is_decode`](Self::is_decode) | the JSON ends early | yes | resume later |
/// | [`is_too_large`](Self::is_too_large) | the response exceeds [`max_page_bytes`](crate::ClientBuilder::max_page_bytes), or a cursor exceeds 4 KiB | no | ask for smaller pages, or raise the bound |
/// | none of these | a [`PageSource`](crate::PageSource) of your own failed: [`Error::other`] | no | see [`source`](StdError::source) |
///
/// Where a walk had begun, [`checkpoint`](Self::checkpoint) holds its place, and
/// [`GroupStream::resume`](crate::GroupStream::resume) goes on there.
pub struct Error(Box<Inner>);

/// What happened is in the kind, with all that belongs to it. The rest is what any error may come with.
struct Inner {
    kind: Kind,
    /// Whose list it is.
    app_id: Option<Arc<str>>,
    /// Which page of the listing, from 1.
    page: Option<u64>,
    /// How many attempts were made at the page, and how long they took together.
    attempts: u32,
    elapsed: Duration,
    /// How long the server asks to wait.
    retry_after: Option<Duration>,
    checkpoint: Option<Checkpoint>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Errors of a source of the caller's own.
impl Error {
    /// The connection failed, in a [`PageSource`](crate::PageSource) of your own. Retryable.
    pub fn transport(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::broken("the connection broke").with_source(source)
    }

    /// Something failed in a [`PageSource`](crate::PageSource) of your own. Not retryable: for failures that another
    /// attempt would repeat.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Other).with_source(source)
    }

    /// The API answered `status`, with a code and a message where it sent them.
    ///
    /// Everything that depends on the API's errors works on errors made here: expired cursors heal (codes 131059 and
    /// 2642), refused page sizes are lowered (413, 400, and 500 with Meta's "reduce the amount of data"), temporary ones
    /// are retried.
    ///
    /// ```
    /// use gupshup_groups::Error;
    ///
    /// let error = Error::api(401, None, "Authentication Failed");
    /// assert!(error.is_api() && error.is_auth() && !error.is_retryable());
    /// assert_eq!(error.api_message(), Some("Authentication Failed"));
    /// ```
    pub fn api(status: u16, code: Option<i64>, message: impl Into<String>) -> Self {
        let message = Some(message.into()).filter(|message| !message.is_empty());
        Self::refused(Refusal { status, code, message, transient: false })
    }

    /// Sets how long the server asks to wait before the next request, as its `Retry-After` does: for errors of a source
    /// of your own.
    ///
    /// No retry comes earlier. Where it is more than 60 s, or more than the page's deadline leaves, there is none; see
    /// [`RetryPolicy`](crate::RetryPolicy).
    ///
    /// ```
    /// use std::time::Duration;
    /// use gupshup_groups::Error;
    ///
    /// let error = Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_secs(7));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = wait.into();
        self
    }
}

/// The details.
impl Error {
    /// The HTTP status, where the server answered and the status or the body was what failed.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.kind.status()
    }

    /// The API's own message, on one line and at most 2 KiB of it. The key, cursors that were sent and access tokens are
    /// masked in it.
    #[must_use]
    pub fn api_message(&self) -> Option<&str> {
        self.refusal()?.message.as_deref()
    }

    /// The API's own error code (Meta's numbers, such as 131059), if it sent one.
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.refusal()?.code
    }

    /// How long the server asks to wait before the next request (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The place of the walk, after every group that was yielded before this error. `None` where no walk had begun.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.0.checkpoint.as_ref()
    }

    /// The id of the app whose list failed, as it was passed to [`Client::groups`](crate::Client::groups). An app id is
    /// no secret, and `Display` shows it. `None` where the list is no app's, or the id cannot be sent.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.0.app_id.as_deref()
    }

    /// How many attempts were made at the page that failed: 0 where no request was made, 1 without retries.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long those attempts took together, with the waits between them, but without waiting for
    /// [`rate_limit`](crate::ClientBuilder::rate_limit). Zero where that was not measured.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    fn refusal(&self) -> Option<&Refusal> {
        self.0.kind.refusal()
    }
}

/// The kinds. Their reasons are in the table above.
impl Error {
    /// The input is invalid, and no request was made.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config(_))
    }

    /// No connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_))
    }

    /// No secure connection could be made. Another attempt will not help.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls(_))
    }

    /// A time limit passed: [`connect_timeout`](crate::ClientBuilder::connect_timeout),
    /// [`timeout`](crate::ClientBuilder::timeout), or the [`deadline`](crate::RetryPolicy::deadline) of all attempts at a
    /// page. The message names it.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout(_))
    }

    /// The connection broke before the response was complete, or a source of your own
    /// [says so](Self::transport).
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(self.0.kind, Kind::Transport(_))
    }

    /// The server answered with a redirect.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.0.kind, Kind::Redirect { .. })
    }

    /// The API answered, and its answer was an error, whatever its status.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.refusal().is_some()
    }

    /// The API refused the key.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.refused_for(Refusal::is_auth)
    }

    /// The API knows no such app.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refused_for(Refusal::is_not_found)
    }

    /// The API refused the request for its rate.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.refused_for(Refusal::is_rate_limited)
    }

    /// A cursor of the API's own is no longer valid, and the walk could not start again by itself.
    #[must_use]
    pub fn is_cursor_expired(&self) -> bool {
        self.refused_for(Refusal::is_cursor) || matches!(self.0.kind, Kind::CursorRefused)
    }

    /// The API refused a cursor that the caller gave: it is no cursor of this list, or it has expired.
    #[must_use]
    pub fn is_cursor_invalid(&self) -> bool {
        matches!(self.0.kind, Kind::CursorInvalid(_))
    }

    /// The server returned a cursor that was already used: going on would never end.
    #[must_use]
    pub fn is_cursor_loop(&self) -> bool {
        matches!(self.0.kind, Kind::CursorLoop)
    }

    /// The response contradicts the rules of HTTP or of paging, so the list may be incomplete.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        matches!(self.0.kind, Kind::Protocol(_) | Kind::UnexpectedStatus { .. })
    }

    /// The list changed during each listing of a [consistent snapshot](crate::ListGroups::consistent_snapshot).
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        matches!(self.0.kind, Kind::Inconsistent(_))
    }

    /// The body is no page of groups, or ends early. The message names the place, such as `data[17].creation_timestamp`.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_) | Kind::Html { .. } | Kind::Truncated { .. })
    }

    /// The response is larger than [`max_page_bytes`](crate::ClientBuilder::max_page_bytes), or a cursor in it is longer
    /// than 4 KiB, as no cursor of the API is.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.kind, Kind::TooLarge { .. } | Kind::CursorTooLong { .. })
    }

    /// Another attempt may succeed without anything being changed.
    ///
    /// | retryable | not |
    /// |---|---|
    /// | connect, name resolution, reset, early end, timeout | TLS |
    /// | 408, 429, 500, 502, 503, 504 | 3xx, other 4xx, 501, 505 |
    /// | API codes for rate limits (4, 17, 341, 80007, 130429, 131208) and temporary failures (1, 2, `is_transient`) | other API codes |
    /// | a list that changed during each listing of a consistent snapshot | |
    /// | JSON that ends early | malformed JSON, size limits, protocol violations |
    ///
    /// 500 with Meta's "reduce the amount of data" is not: the same request would fail again.
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

    /// The generic cursor error, which can mean "past the end".
    pub(crate) fn is_invalid_cursors(&self) -> bool {
        self.refused_for(Refusal::is_invalid_cursors)
    }

    /// The API says that the page is too large, whatever its size.
    pub(crate) fn asks_for_less(&self) -> bool {
        self.refused_for(Refusal::asks_for_less)
    }

    /// A 400 that no code explains: the page size may be what the API refuses.
    pub(crate) fn is_unexplained_refusal(&self) -> bool {
        self.refused_for(Refusal::is_unexplained)
    }

    /// A cursor of the caller's that is refused is an error of its own, whatever status and code it came with.
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
