use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use super::kind::{Kind, Limit};
use super::refusal::Refusal;
use super::{Error, Inner};
use crate::checkpoint::Checkpoint;

impl Error {
    pub(super) fn new(kind: Kind) -> Self {
        let attempts = u32::from(!kind.is_config());
        Self(Box::new(Inner {
            kind,
            app_id: None,
            page: None,
            attempts,
            elapsed: Duration::ZERO,
            retry_after: None,
            checkpoint: None,
            source: None,
        }))
    }

    /// The detail says what is wrong and what to do, and shows no secret.
    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Config(detail.into()))
    }

    pub(crate) fn plain_http() -> Self {
        Self::new(Kind::PlainHttp)
    }

    pub(crate) fn connect(detail: &'static str) -> Self {
        Self::new(Kind::Connect(detail))
    }

    pub(crate) fn tls(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Tls(detail.into()))
    }

    pub(crate) fn timeout(limit: Limit) -> Self {
        Self::new(Kind::Timeout(limit))
    }

    pub(crate) fn broken(detail: &'static str) -> Self {
        Self::new(Kind::Transport(detail))
    }

    pub(crate) fn redirect(status: u16) -> Self {
        Self::new(Kind::Redirect { status })
    }

    /// The detail shows no group.
    pub(crate) fn inconsistent(detail: impl Into<String>) -> Self {
        Self::new(Kind::Inconsistent(detail.into()))
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::new(Kind::Api(refusal))
    }

    pub(crate) fn cursor_invalid(mut refusal: Self) -> Self {
        refusal.0.kind = match refusal.0.kind {
            Kind::Api(refusal) => Kind::CursorInvalid(refusal),
            other => other,
        };
        refusal
    }

    pub(crate) fn cursor_refused() -> Self {
        Self::new(Kind::CursorRefused)
    }

    pub(crate) fn cursor_loop() -> Self {
        Self::new(Kind::CursorLoop)
    }

    pub(crate) fn cursor_too_long(bytes: usize) -> Self {
        Self::new(Kind::CursorTooLong { bytes })
    }

    pub(crate) fn protocol(detail: &'static str) -> Self {
        Self::new(Kind::Protocol(detail))
    }

    pub(crate) fn unexpected_status(status: u16) -> Self {
        Self::new(Kind::UnexpectedStatus { status })
    }

    /// The detail quotes no value of the body.
    pub(crate) fn decode(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Decode(detail.into()))
    }

    pub(crate) fn html(title: Option<String>) -> Self {
        Self::new(Kind::Html { title })
    }

    pub(crate) fn truncated(bytes: usize) -> Self {
        Self::new(Kind::Truncated { bytes })
    }

    pub(crate) fn too_large(max_page_bytes: usize) -> Self {
        Self::new(Kind::TooLarge { max_page_bytes })
    }
}

impl Error {
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_app_id(mut self, app_id: Option<&str>) -> Self {
        if self.0.app_id.is_none() {
            self.0.app_id = app_id.map(Arc::from);
        }
        self
    }

    pub(crate) fn with_page(mut self, number: u64) -> Self {
        self.0.page = Some(number);
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
}
