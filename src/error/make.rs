//! What the crate makes errors with.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use super::kind::{Kind, Limit};
use super::refusal::Refusal;
use super::{Error, Inner, mask};
use crate::checkpoint::Checkpoint;

/// A constructor for each kind.
impl Error {
    pub(super) fn new(kind: Kind) -> Self {
        let attempts = u32::from(!matches!(kind, Kind::Config(_)));
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

    /// The input is invalid. The detail names what is wrong and what to do about it, and shows no secret.
    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Config(detail.into()))
    }

    /// There is no connection.
    pub(crate) fn connect(detail: &'static str) -> Self {
        Self::new(Kind::Connect(detail))
    }

    /// The peer did not prove who it is.
    pub(crate) fn tls(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Tls(detail.into()))
    }

    /// This time limit passed.
    pub(crate) fn timeout(limit: Limit) -> Self {
        Self::new(Kind::Timeout(limit))
    }

    /// The connection broke, or was lost in another way that may pass.
    pub(crate) fn broken(detail: &'static str) -> Self {
        Self::new(Kind::Transport(detail))
    }

    /// The response was a redirect.
    pub(crate) fn redirect(status: u16) -> Self {
        Self::new(Kind::Redirect { status })
    }

    /// No two complete listings in a row agree. The detail counts what changed and says what to do, and shows no group.
    pub(crate) fn inconsistent(detail: impl Into<String>) -> Self {
        Self::new(Kind::Inconsistent(detail.into()))
    }

    /// The API answered with an error.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::new(Kind::Api(refusal))
    }

    /// The API refused, by `refusal`, a cursor that the caller gave.
    pub(crate) fn cursor_invalid(mut refusal: Self) -> Self {
        refusal.0.kind = match refusal.0.kind {
            Kind::Api(refusal) => Kind::CursorInvalid(refusal),
            other => other,
        };
        refusal
    }

    /// The server refuses a cursor that it still sends.
    pub(crate) fn cursor_refused() -> Self {
        Self::new(Kind::CursorRefused)
    }

    /// The server returned a cursor that was already used.
    pub(crate) fn cursor_loop() -> Self {
        Self::new(Kind::CursorLoop)
    }

    /// The server sent a cursor of so many bytes, which is more than may be sent.
    pub(crate) fn cursor_too_long(bytes: usize) -> Self {
        Self::new(Kind::CursorTooLong { bytes })
    }

    /// The response contradicts the rules of paging, or of HTTP.
    pub(crate) fn protocol(detail: &'static str) -> Self {
        Self::new(Kind::Protocol(detail))
    }

    /// The status is neither 200 nor that of an error.
    pub(crate) fn unexpected_status(status: u16) -> Self {
        Self::new(Kind::UnexpectedStatus { status })
    }

    /// The body is no page of groups. The detail quotes none of its values.
    pub(crate) fn decode(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Decode(detail.into()))
    }

    /// The body is a page of HTML with this title, in which secrets are masked.
    pub(crate) fn html(title: Option<String>) -> Self {
        Self::new(Kind::Html { title })
    }

    /// The body ends early, after so many bytes.
    pub(crate) fn truncated(bytes: usize) -> Self {
        Self::new(Kind::Truncated { bytes })
    }

    /// The body is larger than `max_page_bytes`, which is so many.
    pub(crate) fn too_large(max_page_bytes: usize) -> Self {
        Self::new(Kind::TooLarge { max_page_bytes })
    }
}

/// What those add who know more of the circumstances.
impl Error {
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the app, where nobody has named it yet.
    pub(crate) fn with_app_id(mut self, app_id: Option<&str>) -> Self {
        if self.0.app_id.is_none() {
            self.0.app_id = app_id.map(Arc::from);
        }
        self
    }

    /// Which page of the listing failed, from 1.
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

    /// Masks the words of the server's text that are secret, such as earlier cursors of a walk. Each word is tried as it
    /// is and percent-decoded; see [`mask::words`].
    pub(crate) fn mask_words(&mut self, is_secret: impl Fn(&str) -> bool) {
        if let Some(text) = self.0.kind.server_text_mut() {
            if let Cow::Owned(masked) = mask::words(text, is_secret) {
                *text = masked;
            }
        }
    }
}
