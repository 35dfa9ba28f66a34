use std::fmt;

/// What kind of failure an [`Error`](super::Error) is: for logs, metrics and exit codes.
///
/// Retries, advice, traces and the [observer](crate::ClientBuilder::observer) read it. "Retried" means that
/// [`RetryPolicy`](crate::RetryPolicy) repeats the attempt before the error is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Invalid input. No request was made. Not retried.
    Config,
    /// The [credential provider](crate::CredentialProvider) failed. Retried, unless it returned an error that is not.
    Credential,
    /// Could not connect: name resolution failed, or the server or a proxy refused. Retried.
    Connect,
    /// No secure connection: an invalid certificate, or no TLS. Not retried.
    Tls,
    /// A time limit passed. The advice names its setting. Retried.
    Timeout,
    /// The connection broke before the response was complete, or [`Error::transport`](super::Error::transport). Retried.
    Transport,
    /// The server sent a redirect, which is not followed. Not retried.
    Redirect,
    /// The API refused the credential: 401, 403 or code 190. Not retried.
    Auth,
    /// The API does not know the app: 404. Not retried.
    NotFound,
    /// Too many requests: 429, one of Meta's codes for rate limits, or 401 or 403 with `Retry-After`. Retried.
    RateLimited,
    /// The API or a gateway failed, probably for a short time: 408, 421, 425, 5xx other than 501 and 505, code 1 or 2, or
    /// Meta's `is_transient`. Retried.
    Unavailable,
    /// The API refused the page size: 413, or 500 with "reduce the amount of data". Not retried.
    PageSize,
    /// Another error of the API. Not retried.
    Api,
    /// A cursor has expired (code 131059 or 2642), and the listing could not
    /// [restart](crate::GroupStream#when-groups-change-meanwhile). Not retried.
    CursorExpired,
    /// The API refused the cursor of [`after`](crate::ListGroups::after) or [`before`](crate::ListGroups::before). Not
    /// retried.
    CursorInvalid,
    /// The server returned a cursor that was already used. Not retried.
    CursorLoop,
    /// Malformed HTTP, a status other than 200, or pages that contradict the rules of paging: the list may be incomplete.
    /// Not retried.
    Protocol,
    /// The body is not a page of groups. The message names the place, such as `data[17].creation_timestamp`. Not retried.
    Decode,
    /// The response exceeds [`max_page_bytes`](crate::ClientBuilder::max_page_bytes), or a cursor 4 KiB. Not retried.
    TooLarge,
    /// No two of eight listings in a row agree. A later call may succeed.
    Inconsistent,
    /// A listing lacks more known groups than [`max_removed`](crate::ListGroups::max_removed) allows. A later call may
    /// succeed.
    MassRemoval,
    /// [`Error::other`](super::Error::other). Not retried.
    Other,
}

impl ErrorKind {
    /// The name, in lower case with underscores: a label of low cardinality.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Credential => "credential",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Redirect => "redirect",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::PageSize => "page_size",
            Self::Api => "api",
            Self::CursorExpired => "cursor_expired",
            Self::CursorInvalid => "cursor_invalid",
            Self::CursorLoop => "cursor_loop",
            Self::Protocol => "protocol",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::Inconsistent => "inconsistent",
            Self::MassRemoval => "mass_removal",
            Self::Other => "other",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Credential
                | Self::Connect
                | Self::Timeout
                | Self::Transport
                | Self::RateLimited
                | Self::Unavailable
                | Self::Inconsistent
                | Self::MassRemoval
        )
    }

    /// What to do. `resumable`: the error holds a checkpoint.
    pub(super) const fn advice(self, resumable: bool) -> &'static str {
        match self {
            Self::Config => "correct the input that the message names",
            Self::Credential if resumable => "check the credential provider, then resume from the checkpoint",
            Self::Credential => "check the credential provider, then retry",
            Self::Connect if resumable => "check the base URL and the network, then resume from the checkpoint",
            Self::Connect => "check the base URL and the network, then retry",
            Self::Tls => "check the base URL, the system's certificates and its clock",
            Self::Redirect => {
                "set the base URL to the final address; redirects are not followed, so that the credential stays at its origin"
            }
            Self::Auth => "check the credential, and that its account owns the app",
            Self::NotFound => {
                "check the app id (not the app's name) and the base URL: some of Gupshup's addresses end with /wa, others \
                 do not"
            }
            Self::RateLimited if resumable => {
                "wait, then resume from the checkpoint; set `rate_limit` to stay under the limit"
            }
            Self::RateLimited => "wait, then retry; set `rate_limit` to stay under the limit",
            Self::Timeout | Self::Transport | Self::Unavailable if resumable => {
                "retry later, or resume from the checkpoint"
            }
            Self::Timeout | Self::Transport | Self::Unavailable => "retry later",
            Self::PageSize => "request smaller pages: set `page_size`",
            Self::Api => "the same request would fail again: correct what the API refuses",
            Self::CursorExpired => "the list has changed: list again from the start",
            Self::CursorInvalid => "pass a cursor of a recent page, or list from the start",
            Self::CursorLoop | Self::Protocol => {
                "the list may be incomplete: check the base URL; if it is right, report this to the API's support"
            }
            Self::Decode => {
                "the answer is not a list of groups: check the base URL; if it is right, report this to the API's support"
            }
            Self::TooLarge => "request smaller pages, or raise `max_page_bytes`",
            Self::Inconsistent => "list again when the list changes less often",
            Self::MassRemoval => {
                "nothing was reported as removed: check the app and its number in Gupshup's console; if the groups are really \
                 gone, raise `max_removed`"
            }
            Self::Other => "see the causes of the error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
