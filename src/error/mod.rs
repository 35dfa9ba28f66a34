//! The error type. `kind.rs` classifies, `make.rs` constructs, `display.rs` writes.

mod display;
mod kind;
mod make;
pub(crate) mod mask;
mod refusal;
mod span;

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
/// [`kind`](Self::kind) and the predicates (`is_…`) classify it; [`advice`](Self::advice) says what to do.
///
/// `Display` is one sentence: where and why it failed, and after how many attempts.
///
/// ```text
/// app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable
/// ```
///
/// The page is counted from where the listing began. `Debug`, which Rust prints if `main` returns the error, is the sentence,
/// the advice, and the causes; log these too.
///
/// Neither shows a credential, the cursor of the request, a link or a URL; in the server's texts, `***` replaces them. The app
/// id is shown.
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

    /// The server's id of the request (such as `fbtrace_id` or `x-request-id`), for its support.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The time that the server asks to wait before the next request (`Retry-After`), or until the next call of the
    /// [credential provider](crate::CredentialProvider#how-often).
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

    /// The number of attempts at the failed page, at the last page size, including those whose credential failed: 0 if none was
    /// made, 1 without retries.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time of those attempts and the waits between them, without waits for the rate limit.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }
}

/// A predicate for each kind that callers decide on.
macro_rules! predicates {
    ($($(#[$doc:meta])* $predicate:ident => $kind:ident,)*) => {
        /// Predicates: each is a [`kind`](Self::kind).
        impl Error {
            $($(#[$doc])*
            #[must_use]
            pub fn $predicate(&self) -> bool {
                self.0.kind == ErrorKind::$kind
            })*
        }
    };
}

predicates! {
    /// Invalid input; no request was made.
    is_config => Config,
    /// The credential provider failed.
    is_credential => Credential,
    /// Could not connect.
    is_connect => Connect,
    /// No secure connection.
    is_tls => Tls,
    /// A time limit passed.
    is_timeout => Timeout,
    /// The connection broke.
    is_transport => Transport,
    /// The server sent a redirect.
    is_redirect => Redirect,
    /// The API refused the credential.
    is_auth => Auth,
    /// The API does not know the app.
    is_not_found => NotFound,
    /// Too many requests.
    is_rate_limited => RateLimited,
    /// The API or a gateway failed, probably for a short time.
    is_unavailable => Unavailable,
    /// A cursor has expired.
    is_cursor_expired => CursorExpired,
    /// The API refused the caller's cursor.
    is_cursor_invalid => CursorInvalid,
    /// The server returned a cursor that was already used.
    is_cursor_loop => CursorLoop,
    /// The response contradicts HTTP or the rules of paging, so the list may be incomplete.
    is_protocol => Protocol,
    /// The body is not a page of groups.
    is_decode => Decode,
    /// The response or a cursor is too large.
    is_too_large => TooLarge,
    /// The list changed during a [consistent snapshot](crate::ListGroups::consistent_snapshot).
    is_inconsistent => Inconsistent,
    /// A listing lacks more known groups than [`max_removed`](crate::ListGroups::max_removed) allows.
    is_mass_removal => MassRemoval,
}

impl Error {
    /// The API answered with an error of any kind.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.0.refusal.is_some()
    }

    /// Whether the same call may succeed later: see [`ErrorKind`]. If a credential provider failed, its error decides.
    /// [`RetryPolicy`](crate::RetryPolicy) repeats requests only: not for [`is_inconsistent`](Self::is_inconsistent) and
    /// [`is_mass_removal`](Self::is_mass_removal).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let source = self.0.source.as_ref().filter(|_| self.is_credential());
        let provider = source.and_then(|source| source.downcast_ref::<Self>());
        self.0.kind.is_retryable() && provider.is_none_or(Self::is_retryable)
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
