//! The message of an error: what failed, where, why, and what to do.

use std::fmt;

use super::kind::{Kind, Limit};
use super::refusal::Refusal;
use super::{Error, mask};
use crate::cursor::MAX_CURSOR_BYTES;

/// Room for the longest app id, 256 bytes, with every byte escaped.
const MAX_APP_ID_BYTES: usize = 2 * 1024;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(app_id) = &inner.app_id {
            write!(f, "app {}: ", mask::tidy(app_id, MAX_APP_ID_BYTES))?;
        }
        if !inner.kind.is_config() && !matches!(inner.kind, Kind::Inconsistent(_)) {
            match inner.page {
                Some(number) => write!(f, "page {number} failed")?,
                None => f.write_str("the request failed")?,
            }
            if inner.attempts > 1 {
                write!(f, " after {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", inner.kind)?;
        if let Some(wait) = inner.retry_after {
            write!(f, " (the server asks to wait {} s)", wait.as_secs_f64())?;
        }
        match Advice::on(&inner.kind) {
            Some(advice) if !f.alternate() => {
                f.write_str("; ")?;
                advice.write(f, inner.checkpoint.is_some())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(detail) | Self::Tls(detail) | Self::Decode(detail) => f.write_str(detail),
            Self::PlainHttp => {
                f.write_str("the base URL is plain http, which sends the API key unencrypted: use https")
            }
            Self::Inconsistent(detail) => f.write_str(detail),
            Self::Connect(detail) | Self::Transport(detail) | Self::Protocol(detail) => f.write_str(detail),
            Self::Timeout(limit) => f.write_str(match limit {
                Limit::Connect => "could not connect in time",
                Limit::Idle => "the server sent nothing for too long",
                Limit::Attempt => "the response did not complete in time",
                Limit::Page => "the deadline of the page passed",
            }),
            Self::Redirect { status } => write!(f, "{status}: the server sent a redirect to another location"),
            Self::Api(refusal) | Self::CursorInvalid(refusal) => {
                write!(f, "{} {}", refusal.status, refusal.text())?;
                refusal.code.map_or(Ok(()), |code| write!(f, " (code {code})"))
            }
            Self::CursorLoop => f.write_str("the server returned a cursor that was already used"),
            Self::CursorRefused => f.write_str("the server refused a cursor that it had sent"),
            Self::CursorTooLong { bytes } => {
                write!(f, "the server sent a cursor of {bytes} bytes, more than the maximum of {MAX_CURSOR_BYTES}")
            }
            Self::UnexpectedStatus { status } => write!(f, "expected status 200, found {status}"),
            Self::Html { title: None } => f.write_str("the body looks like HTML, not JSON"),
            Self::Html { title: Some(title) } => {
                write!(f, "the body is a page of HTML with the title \"{title}\", not JSON")
            }
            Self::Truncated { bytes } => write!(f, "the body ends early, after {bytes} bytes"),
            Self::TooLarge { max_page_bytes } => {
                write!(f, "the page is larger than the limit of {max_page_bytes} bytes")
            }
            Self::Other => f.write_str("the source of the pages failed"),
        }
    }
}

/// What the caller can do.
enum Advice {
    /// Only this: the same request would fail again.
    Do(&'static str),
    /// This, then resume or retry.
    Then(&'static str),
    /// Retry later, or this.
    LaterOr(&'static str),
    Later,
}

impl Advice {
    /// `None` if the detail says what to do.
    fn on(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Config(_) => return None,
            Kind::PlainHttp => Self::Do("or set `allow_plain_http` if the network is trusted"),
            Kind::Inconsistent(_) => Self::Do("list again when the list changes less often"),
            Kind::Connect(_) => Self::Then("check the base URL and the network"),
            Kind::Tls(_) => Self::Do("check the base URL, the system's certificates and its clock"),
            Kind::Timeout(Limit::Connect) => Self::LaterOr("raise `connect_timeout`"),
            Kind::Timeout(Limit::Idle | Limit::Attempt) => Self::LaterOr("raise `timeout`"),
            Kind::Timeout(Limit::Page) => Self::LaterOr("raise `RetryPolicy::deadline`"),
            Kind::Transport(_) | Kind::Truncated { .. } => Self::Later,
            Kind::Redirect { .. } => {
                Self::Do("redirects are not followed, so that the key stays at its origin: check the base URL")
            }
            Kind::Api(refusal) => Self::on_refusal(refusal),
            Kind::CursorInvalid(_) => Self::Do("pass a cursor of a recent page, or list from the start"),
            Kind::CursorRefused => Self::Do("the list may have changed: list again from the start"),
            Kind::CursorLoop => Self::LaterOr("report this to the API's support"),
            Kind::CursorTooLong { .. } => Self::Do("the API's cursors are shorter: check the base URL"),
            Kind::Protocol(_) | Kind::UnexpectedStatus { .. } => {
                Self::Then("the list may be incomplete: check the base URL")
            }
            Kind::Decode(_) | Kind::Html { .. } => Self::Do("check the base URL, and report this if it is right"),
            Kind::TooLarge { .. } => Self::Do("request smaller pages, or raise `max_page_bytes`"),
            Kind::Other => Self::Then("see the error's source"),
        })
    }

    fn on_refusal(refusal: &Refusal) -> Self {
        match refusal {
            _ if refusal.is_auth() => Self::Do("check the API key, and that its account owns the app"),
            _ if refusal.is_not_found() => Self::Do("check the app id (not the app's name) and the base URL"),
            _ if refusal.is_rate_limited() => Self::Then("wait"),
            _ if refusal.is_cursor() => Self::Do("the list has changed: list again from the start"),
            _ if refusal.asks_for_less() => Self::Do("request smaller pages"),
            _ if refusal.is_retryable() => Self::Later,
            _ => Self::Do("the same request would fail again: correct what the API refuses"),
        }
    }

    /// Writes the advice. `resumable`: there is a checkpoint.
    fn write(self, f: &mut fmt::Formatter<'_>, resumable: bool) -> fmt::Result {
        match self {
            Self::Do(this) => f.write_str(this),
            Self::Then(this) if resumable => write!(f, "{this}, then resume from the checkpoint"),
            Self::Then(this) => write!(f, "{this}, then retry"),
            Self::LaterOr(this) if resumable => write!(f, "resume from the checkpoint, or {this}"),
            Self::LaterOr(this) => write!(f, "retry later, or {this}"),
            Self::Later if resumable => f.write_str("retry later, or resume from the checkpoint"),
            Self::Later => f.write_str("retry later"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("app_id", &inner.app_id)
            .field("page", &inner.page)
            .field("attempts", &inner.attempts)
            .field("elapsed", &inner.elapsed)
            .field("retry_after", &inner.retry_after)
            .field("checkpoint", &inner.checkpoint)
            .field("source", &inner.source)
            .finish()
    }
}
