//! The kinds of errors, each with its data.

use std::borrow::Cow;

use super::refusal::Refusal;

/// What happened. Classified once, where it happened.
#[derive(Debug)]
pub(super) enum Kind {
    /// Invalid input. Nothing was sent.
    Config(Cow<'static, str>),
    /// No connection. Retryable.
    Connect(&'static str),
    /// The peer could not be authenticated. Not retryable.
    Tls(Cow<'static, str>),
    /// A time limit passed. Retryable.
    Timeout(Limit),
    /// The connection broke. Retryable.
    Transport(&'static str),
    /// The server sent a redirect.
    Redirect { status: u16 },
    /// The API answered with an error. Status and code decide whether it is retryable.
    Api(Refusal),
    /// The API refused the caller's cursor.
    CursorInvalid(Refusal),
    /// The server returned a cursor that was already used.
    CursorLoop,
    /// The server refuses a cursor that it still sends.
    CursorRefused,
    /// A cursor exceeds the limit.
    CursorTooLong { bytes: usize },
    /// The response contradicts HTTP or the rules of paging.
    Protocol(&'static str),
    /// No two complete listings in a row agree. Retryable.
    Inconsistent(String),
    /// The status is neither 200 nor an error.
    UnexpectedStatus { status: u16 },
    /// The body is not a page of groups.
    Decode(Cow<'static, str>),
    /// The body is HTML. The title is the server's text.
    Html { title: Option<String> },
    /// The body is truncated. Retryable.
    Truncated { bytes: usize },
    /// The body exceeds the limit.
    TooLarge { max_page_bytes: usize },
    /// A failure of a user's source. Not retryable.
    Other,
}

/// A time limit, by its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `ClientBuilder::connect_timeout`.
    Connect,
    /// Silence within an attempt, derived from `ClientBuilder::timeout`.
    Silence,
    /// `ClientBuilder::timeout`.
    Attempt,
    /// `RetryPolicy::deadline`.
    Page,
}

impl Kind {
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Api(refusal) | Self::CursorInvalid(refusal) => Some(refusal),
            _ => None,
        }
    }

    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Redirect { status } | Self::UnexpectedStatus { status } => Some(*status),
            Self::Api(refusal) | Self::CursorInvalid(refusal) => Some(refusal.status),
            // Only a body with status 200 is read as a page.
            Self::Decode(_) | Self::Html { .. } | Self::Truncated { .. } | Self::TooLarge { .. } => Some(200),
            Self::Config(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::Timeout(_)
            | Self::Transport(_)
            | Self::CursorLoop
            | Self::CursorRefused
            | Self::CursorTooLong { .. }
            | Self::Protocol(_)
            | Self::Inconsistent(_)
            | Self::Other => None,
        }
    }

    /// The server's own text, which may hold anything.
    pub(super) fn server_text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Api(refusal) | Self::CursorInvalid(refusal) => refusal.message.as_mut(),
            Self::Html { title } => title.as_mut(),
            _ => None,
        }
    }
}
