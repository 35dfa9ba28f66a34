//! The one error type: what failed, where, how often it was tried, and what to do next.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::checkpoint::Checkpoint;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a listing stopped.
///
/// The error is opaque and one word wide. Ask its predicates (`is_…`) what kind it is, and its getters for the details.
/// Its `Display` is a sentence that says what failed and what to do next. Neither `Display` nor `Debug` shows the API
/// key, a cursor or a URL.
///
/// # What to do
///
/// | predicate | meaning | what to do |
/// |---|---|---|
/// | [`is_config`](Self::is_config) | bad input; no request was made | correct the call |
/// | [`is_auth`](Self::is_auth) | the key was refused | check the key, and that it owns the app |
/// | [`is_not_found`](Self::is_not_found) | no such app at this address | check the app id (not its name) and the base URL |
/// | [`is_rate_limited`](Self::is_rate_limited) | too many requests | wait [`retry_after`](Self::retry_after), then resume |
/// | [`is_cursor_expired`](Self::is_cursor_expired) | the list changed under the cursor | list again from the start |
/// | [`is_cursor_loop`](Self::is_cursor_loop) | the server repeats itself | resume later; report it to the API's support |
/// | [`is_connect`](Self::is_connect), [`is_timeout`](Self::is_timeout) | the network, or the server's load | resume later |
/// | [`is_tls`](Self::is_tls) | the peer could not prove who it is | check the base URL and the certificates |
/// | [`is_redirect`](Self::is_redirect) | the server points elsewhere | check the base URL |
/// | [`is_decode`](Self::is_decode), [`is_protocol`](Self::is_protocol) | the answer is no page of groups | check the base URL; else report it |
/// | [`is_too_large`](Self::is_too_large) | a bound was exceeded | ask for smaller pages, or raise the bound |
///
/// Where a walk had begun, [`checkpoint`](Self::checkpoint) holds its place, and
/// [`GroupStream::resume`](crate::GroupStream::resume) goes on there.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    /// What went wrong, in words; never a secret.
    detail: Cow<'static, str>,
    /// The request that failed, as a template: "GET /app/{app}/group".
    operation: &'static str,
    status: Option<u16>,
    api_message: Option<String>,
    api_code: Option<i64>,
    /// The API itself called the failure temporary.
    transient: bool,
    retry_after: Option<Duration>,
    /// How many attempts were made, and how long they took together.
    attempts: u32,
    elapsed: Duration,
    checkpoint: Option<Checkpoint>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What happened, classified once, where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bad input. Nothing was sent.
    Config,
    /// No connection. Another attempt may help.
    Connect,
    /// The peer did not prove who it is. Another attempt will not help.
    Tls,
    /// A time limit passed. Another attempt may help.
    Timeout,
    /// The connection broke. Another attempt may help.
    Transport,
    /// The answer was a redirect.
    Redirect,
    /// The API answered, and its answer was an error. Its status and code tell whether another attempt may help.
    Api,
    /// The body ends early. Another attempt may help.
    Truncated,
    /// The body is no page of groups.
    Decode,
    /// The body is larger than its bound.
    TooLarge,
    /// A cursor is longer than any that may be sent.
    CursorTooLong,
    /// The server sent a cursor again.
    CursorLoop,
    /// The answer contradicts the rules of paging, or of HTTP.
    Protocol,
    /// What a source of the user's own says will not pass.
    Other,
}

/// API codes that say "too many requests" (Meta's list of error codes).
const RATE_LIMIT_CODES: [i64; 6] = [4, 17, 341, 80_007, 130_429, 131_208];
/// API codes that say "temporary" (Meta: "API Unknown", "API Service").
const TEMPORARY_CODES: [i64; 2] = [1, 2];
/// 131059 "Invalid cursor … expired or corrupted", and 2642 "Invalid cursors values".
const CURSOR_CODES: [i64; 2] = [131_059, INVALID_CURSORS];
/// The generic cursor error, which following a cursor past the end of the list can produce.
const INVALID_CURSORS: i64 = 2642;
/// "Access token has expired".
const TOKEN_CODE: i64 = 190;

impl Error {
    /// The connection failed, in a source of your own. Retryable.
    pub fn transport(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Transport, "the connection broke").with_source(source)
    }

    /// Something failed in a source of your own that another attempt will not mend.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Other, "the source of the pages failed").with_source(source)
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
        let mut error = Self::new(Kind::Api, "the API refused the request");
        error.0.status = Some(status);
        error.0.api_code = code;
        error.0.api_message = Some(message.into()).filter(|message| !message.is_empty());
        error
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

    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            operation: "the request for a page",
            status: None,
            api_message: None,
            api_code: None,
            transient: false,
            retry_after: None,
            attempts: 1,
            elapsed: Duration::ZERO,
            checkpoint: None,
            source: None,
        }))
    }

    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Config, detail)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = operation;
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_transient(mut self, transient: bool) -> Self {
        self.0.transient = transient;
        self
    }

    pub(crate) fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    pub(crate) fn with_checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        self.0.checkpoint = Some(checkpoint);
        self
    }

    /// The HTTP status of the answer, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The API's own message, with the key and the cursors that were sent masked.
    #[must_use]
    pub fn api_message(&self) -> Option<&str> {
        self.0.api_message.as_deref()
    }

    /// The API's own error code (Meta's numbers, such as 131059), if it sent one.
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.0.api_code
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

    /// Bad input: no request was made. The message names what is wrong; correct the call.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind == Kind::Config
    }

    /// No connection could be made: name resolution, or the connection itself. Check the base URL and the network.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// The server's certificate was not accepted, or the peer does not speak TLS. Check the base URL and the system's
    /// certificates; another attempt will not help.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.kind == Kind::Tls
    }

    /// A time limit passed. Resume later, or raise [`ClientBuilder::timeout`](crate::ClientBuilder::timeout).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// The API refused the key (401, 403, or code 190). Check the key, and that its account owns the app.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.is_api() && (matches!(self.0.status, Some(401 | 403)) || self.0.api_code == Some(TOKEN_CODE))
    }

    /// The API knows no such app (404). Check the app id, which is not the app's name, and the base URL.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is_api() && self.0.status == Some(404)
    }

    /// The API refused the request for its rate (429, or one of Meta's codes). Wait
    /// [`retry_after`](Self::retry_after), then resume.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.is_api() && (self.0.status == Some(429) || self.has_code(&RATE_LIMIT_CODES))
    }

    /// The server answered with a redirect, which is never followed: the key goes to the configured origin only. Check
    /// the base URL.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.0.kind == Kind::Redirect
    }

    /// The API answered, and its answer was an error, whatever its status. Read its
    /// [`api_message`](Self::api_message), and change what it objects to; where the error
    /// [may pass](Self::is_retryable), resume instead.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.0.kind == Kind::Api
    }

    /// The answer is no page of groups, or ends early. The message names the place, such as
    /// `data[17].creation_timestamp`. Check the base URL; resume where it [may pass](Self::is_retryable), else report it.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode | Kind::Truncated)
    }

    /// An answer, or a cursor in it, is larger than its bound. For an answer, ask for smaller pages
    /// ([`page_size`](crate::ListGroups::page_size)), or raise
    /// [`ClientBuilder::max_page_bytes`](crate::ClientBuilder::max_page_bytes); a cursor of more than 4 KiB is not the
    /// API's, so check the base URL.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.kind, Kind::TooLarge | Kind::CursorTooLong)
    }

    /// The cursor is no longer valid (codes 131059 and 2642), and the walk could not heal by itself. List again from
    /// the start.
    #[must_use]
    pub fn is_cursor_expired(&self) -> bool {
        self.is_api() && self.has_code(&CURSOR_CODES)
    }

    /// The server sent a cursor that was followed before: going on would never end. Resume later, when the list may
    /// have changed; report it to the API's support.
    #[must_use]
    pub fn is_cursor_loop(&self) -> bool {
        self.0.kind == Kind::CursorLoop
    }

    /// The answer contradicts the rules of paging or of HTTP, so nobody can say whether the list is complete.
    /// Check the base URL, and resume later.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        self.0.kind == Kind::Protocol
    }

    /// Another attempt may succeed without anything being changed.
    ///
    /// | retryable | not |
    /// |---|---|
    /// | connect, name resolution, reset, early end, timeout | TLS |
    /// | 408, 429, 500, 502, 503, 504 | 3xx, other 4xx, 501, 505 |
    /// | API codes for rate limits (4, 17, 341, 80007, 130429, 131208) and temporary failures (1, 2, `is_transient`) | other API codes |
    /// | JSON that ends early | malformed JSON, size limits, protocol violations |
    ///
    /// 500 with Meta's "reduce the amount of data" is not: the same request would fail again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::Connect | Kind::Timeout | Kind::Transport | Kind::Truncated => true,
            Kind::Api => {
                !self.asks_for_less()
                    && !self.is_cursor_expired()
                    && (matches!(self.0.status, Some(408 | 429 | 500 | 502 | 503 | 504))
                        || self.0.transient
                        || self.has_code(&RATE_LIMIT_CODES)
                        || self.has_code(&TEMPORARY_CODES))
            }
            _ => false,
        }
    }

    /// The generic cursor error, which can mean "past the end".
    pub(crate) fn is_invalid_cursors(&self) -> bool {
        self.is_api() && self.0.api_code == Some(INVALID_CURSORS)
    }

    /// The API says that the page is too large, whatever its size.
    pub(crate) fn asks_for_less(&self) -> bool {
        self.is_api()
            && match self.0.status {
                Some(413) => true,
                Some(500) => self
                    .api_message()
                    .is_some_and(|text| text.to_ascii_lowercase().contains("reduce the amount of data")),
                _ => false,
            }
    }

    /// A 400 that no code explains: the page size may be what the API refuses.
    pub(crate) fn is_unexplained_refusal(&self) -> bool {
        self.is_api()
            && self.0.status == Some(400)
            && !self.is_cursor_expired()
            && !self.is_auth()
            && !self.is_retryable()
    }

    fn has_code(&self, codes: &[i64]) -> bool {
        self.0.api_code.is_some_and(|code| codes.contains(&code))
    }

    /// What the caller can do about it. `None` where the detail says so itself.
    fn advice(&self) -> Option<&'static str> {
        Some(match self.0.kind {
            _ if self.is_auth() => "check the API key, and that its account owns the app",
            _ if self.is_not_found() => "check the app id (not the app's name) and the base URL",
            _ if self.is_rate_limited() => "wait, then resume from the checkpoint",
            _ if self.is_cursor_expired() => "the list has changed; list again from the start",
            _ if self.asks_for_less() => "ask for smaller pages",
            Kind::Connect => "check the base URL and the network, then resume from the checkpoint",
            Kind::Tls => "check the base URL and the system's certificates",
            Kind::Redirect => "redirects are not followed, to keep the key at its origin; check the base URL",
            Kind::TooLarge => "ask for smaller pages, or raise the bound",
            Kind::CursorTooLong => "no cursor of the API is that long; check the base URL",
            Kind::CursorLoop => "going on would never end; resume later from the checkpoint",
            Kind::Decode => "check the base URL, and report this if it is right",
            Kind::Protocol => "nobody can say whether the list is complete; resume later from the checkpoint",
            Kind::Timeout | Kind::Transport | Kind::Truncated => "resume from the checkpoint",
            Kind::Api if self.is_retryable() => "resume from the checkpoint",
            Kind::Api => "the same request would fail again; change what the API objects to",
            Kind::Other => "see the error's source, then resume from the checkpoint",
            Kind::Config => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if inner.kind == Kind::Config {
            return f.write_str(&inner.detail);
        }
        write!(f, "{} failed", inner.operation)?;
        if inner.attempts > 1 {
            write!(f, " after {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
        }
        f.write_str(": ")?;
        if let Some(status) = inner.status {
            write!(f, "{status} ")?;
        }
        f.write_str(inner.api_message.as_deref().unwrap_or(&inner.detail))?;
        if let Some(code) = inner.api_code {
            write!(f, " (code {code})")?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, " (the server asks to wait {} s)", wait.as_secs_f64())?;
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("detail", &inner.detail)
            .field("operation", &inner.operation)
            .field("status", &inner.status)
            .field("api_code", &inner.api_code)
            .field("api_message", &inner.api_message)
            .field("retry_after", &inner.retry_after)
            .field("attempts", &inner.attempts)
            .field("elapsed", &inner.elapsed)
            .field("checkpoint", &inner.checkpoint)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word_wide_and_crosses_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() {}
        crosses_threads::<Error>();
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn reads_as_a_sentence_that_says_what_to_do() {
        let error = Error::api(401, None, "Authentication Failed").with_operation("GET /app/{app}/group");
        assert_eq!(
            error.to_string(),
            "GET /app/{app}/group failed: 401 Authentication Failed; check the API key, and that its account owns the app",
        );
    }

    #[test]
    fn a_request_to_reduce_the_data_is_not_worth_the_same_request_again() {
        let error = Error::api(500, Some(1), "Please reduce the amount of data you're asking for, then retry");
        assert!(error.asks_for_less());
        assert!(!error.is_retryable());
        assert!(Error::api(500, Some(1), "An unknown error occurred").is_retryable());
    }

    #[test]
    fn a_rate_limit_sent_as_400_is_retryable_and_no_refusal_of_the_page_size() {
        let error = Error::api(400, Some(80_007), "Rate limit issues");
        assert!(error.is_rate_limited() && error.is_retryable() && !error.is_unexplained_refusal());
        assert!(Error::api(400, None, "limit exceeds 100").is_unexplained_refusal());
    }
}
