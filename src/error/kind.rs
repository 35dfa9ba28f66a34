//! What can fail, each kind with its own data.

use std::borrow::Cow;

use super::refusal::Refusal;

/// What happened, classified once, where it happened.
#[derive(Debug)]
pub(super) enum Kind {
    /// The input is invalid. Nothing was sent.
    Config(Cow<'static, str>),
    /// No connection. Another attempt may help.
    Connect(&'static str),
    /// The peer did not prove who it is. Another attempt will not help.
    Tls(Cow<'static, str>),
    /// A time limit passed. Another attempt may help.
    Timeout(Limit),
    /// The connection broke. Another attempt may help.
    Transport(&'static str),
    /// The response was a redirect.
    Redirect { status: u16 },
    /// The API answered with an error. Its status and code tell whether another attempt may help.
    Api(Refusal),
    /// The API refused a cursor that the caller gave.
    CursorInvalid(Refusal),
    /// The server returned a cursor that was already used.
    CursorLoop,
    /// The server refuses a cursor that it still sends.
    CursorRefused,
    /// A cursor is longer than any that may be sent.
    CursorTooLong { bytes: usize },
    /// The response contradicts the rules of paging, or of HTTP.
    Protocol(&'static str),
    /// No two complete listings in a row agree. Another attempt may help.
    Inconsistent(String),
    /// The status is neither 200 nor that of an error.
    UnexpectedStatus { status: u16 },
    /// The body is no page of groups.
    Decode(Cow<'static, str>),
    /// The body is a page of HTML. The title is the server's text.
    Html { title: Option<String> },
    /// The body ends early. Another attempt may help.
    Truncated { bytes: usize },
    /// The body is larger than its bound.
    TooLarge { max_page_bytes: usize },
    /// What a source of the user's own says another attempt would repeat.
    Other,
}

/// A time limit, each with a setting of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Of making a connection: `ClientBuilder::connect_timeout`.
    Connect,
    /// Of silence within an attempt, which follows from `ClientBuilder::timeout`.
    Silence,
    /// Of an attempt as a whole: `ClientBuilder::timeout`.
    Attempt,
    /// Of all attempts at a page: `RetryPolicy::deadline`.
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
            // A body is read as a page only where the status is 200.
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

    /// The text that is the server's own, and may hold anything.
    pub(super) fn server_text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Api(refusal) | Self::CursorInvalid(refusal) => refusal.message.as_mut(),
            Self::Html { title } => title.as_mut(),
            _ => None,
        }
    }
}
