use std::borrow::Cow;

use super::refusal::Refusal;

/// The predicates of [`Error`](super::Error) document the kinds.
#[derive(Debug)]
pub(super) enum Kind {
    Config(Cow<'static, str>),
    PlainHttp,
    Connect(&'static str),
    Tls(Cow<'static, str>),
    Timeout(Limit),
    Transport(&'static str),
    Redirect { status: u16 },
    Api(Refusal),
    CursorInvalid(Refusal),
    CursorLoop,
    CursorRefused,
    CursorTooLong { bytes: usize },
    Protocol(&'static str),
    Inconsistent(String),
    UnexpectedStatus { status: u16 },
    Decode(Cow<'static, str>),
    Html { title: Option<String> },
    Truncated { bytes: usize },
    TooLarge { max_page_bytes: usize },
    Other,
}

/// A time limit, by its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `ClientBuilder::connect_timeout`.
    Connect,
    /// Of silence within an attempt, derived from `ClientBuilder::timeout`.
    Idle,
    /// `ClientBuilder::timeout`.
    Attempt,
    /// `RetryPolicy::deadline`.
    Page,
}

impl Kind {
    pub(super) fn is_config(&self) -> bool {
        matches!(self, Self::Config(_) | Self::PlainHttp)
    }

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
            | Self::PlainHttp
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
}
