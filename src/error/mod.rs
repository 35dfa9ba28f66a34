//! The error type. `kind.rs` classifies, `make.rs` constructs, `display.rs` writes.

mod display;
mod kind;
mod make;
pub(crate) mod mask;
mod refusal;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

pub use kind::ErrorKind;
pub(crate) use make::TimeLimit;
pub(crate) use refusal::Refusal;

use crate::checkpoint::Checkpoint;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a listing failed.
///
/// [`kind`](Self::kind) and the predicates (`is_…`) classify it, [`advice`](Self::advice) says what to do, the other
/// methods return details. Cheap to move: one pointer.
///
/// `Display` is one sentence: where and why it failed, and after how many attempts.
///
/// ```text
/// app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable
/// ```
///
/// `Debug` is what a program prints that returns the error from `main`: the sentence, the advice, and the causes.
///
/// None of these shows a credential, the cursor of the request, a link or a URL; in the server's texts, `***` replaces
/// them. The app id is shown, since it gives no access without a credential.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    /// Why, in one clause without secrets.
    reason: Cow<'static, str>,
    /// What to do, if it is more specific than the kind's advice.
    advice: Option<&'static str>,
    status: Option<u16>,
    refusal: Option<Refusal>,
    trace_id: Option<String>,
    app_id: Option<Arc<str>>,
    page: Option<u64>,
    attempts: u32,
    elapsed: Duration,
    retry_after: Option<Duration>,
    checkpoint: Option<Checkpoint>,
    /// The refused credential has been renewed.
    renewed: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Details.
impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What to do, in one clause.
    #[must_use]
    pub fn advice(&self) -> &str {
        self.0.advice.unwrap_or_else(|| self.0.kind.advice(self.0.checkpoint.is_some()))
    }

    /// The HTTP status, if the error is the server's response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The API's message: one line, at most 2 KiB, with secrets masked.
    #[must_use]
    pub fn api_message(&self) -> Option<&str> {
        self.0.refusal.as_ref()?.message.as_deref()
    }

    /// The API's error code (Meta's, such as 131059).
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.0.refusal.as_ref()?.code
    }

    /// The server's id of the request (`fbtrace_id`, `x-request-id` and the like), for a ticket to its support.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The time that the server asks to wait before the next request (`Retry-After`), or that passes before the
    /// [credential provider](crate::CredentialProvider#how-often) is called again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The place after every group yielded before this error, if a listing had started.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.0.checkpoint.as_ref()
    }

    /// The app id of the listing, if it has one.
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
}

/// Predicates: each is [`kind`](Self::kind), unless it says more.
impl Error {
    /// Invalid input; no request was made.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind == ErrorKind::Config
    }

    /// The credential provider failed.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        self.0.kind == ErrorKind::Credential
    }

    /// Could not connect.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// No secure connection.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.kind == ErrorKind::Tls
    }

    /// A time limit passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// The connection broke.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.0.kind == ErrorKind::Transport
    }

    /// The server sent a redirect.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.0.kind == ErrorKind::Redirect
    }

    /// The API answered with an error of any kind.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.0.refusal.is_some()
    }

    /// The API refused the credential.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.0.kind == ErrorKind::Auth
    }

    /// The API does not know the app.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// Too many requests.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// The API or a gateway failed, probably for a short time.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.0.kind == ErrorKind::Unavailable
    }

    /// A cursor has expired.
    #[must_use]
    pub fn is_cursor_expired(&self) -> bool {
        self.0.kind == ErrorKind::CursorExpired
    }

    /// The API refused the caller's cursor.
    #[must_use]
    pub fn is_cursor_invalid(&self) -> bool {
        self.0.kind == ErrorKind::CursorInvalid
    }

    /// The server returned a cursor that was already used.
    #[must_use]
    pub fn is_cursor_loop(&self) -> bool {
        self.0.kind == ErrorKind::CursorLoop
    }

    /// The response contradicts HTTP or the rules of paging, so the list may be incomplete.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        self.0.kind == ErrorKind::Protocol
    }

    /// The body is not a page of groups.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.0.kind == ErrorKind::Decode
    }

    /// The response or a cursor is too large.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.kind == ErrorKind::TooLarge
    }

    /// The list changed during a [consistent snapshot](crate::ListGroups::consistent_snapshot).
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        self.0.kind == ErrorKind::Inconsistent
    }

    /// A listing lacks more known groups than [`max_removed`](crate::ListGroups::max_removed) allows.
    #[must_use]
    pub fn is_mass_removal(&self) -> bool {
        self.0.kind == ErrorKind::MassRemoval
    }

    /// Whether the same request may succeed later: see [`ErrorKind`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// Whether the API refused a credential that has been renewed meanwhile, so the same request may succeed at once.
    pub(crate) fn is_renewed(&self) -> bool {
        self.0.renewed
    }

    /// Code 2642, which can mean "past the end".
    pub(crate) fn is_invalid_cursors(&self) -> bool {
        self.is_cursor_expired() && self.api_code() == Some(refusal::INVALID_CURSORS)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
