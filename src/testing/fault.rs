//! What happens to a request instead of, or before, its normal answer.

use std::time::Duration;

use crate::error::Error;
use crate::page::Page;

/// What happens to a request instead of, or before, its normal answer.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: the request is answered normally. It fills the gaps in a [script](super::FakeGroups::script).
    #[default]
    None,
    /// This error instead of an answer; [`Error::api`] and [`Error::transport`] make them.
    Error(Error),
    /// This page instead of the list's own: a cursor that repeats, a link without a cursor, what no list would send.
    Page(Page),
    /// The answer comes after this many polls that found nothing. Each of them wakes its task at once.
    Pending(u32),
    /// The answer comes after this time, on tokio's clock: paused time works.
    Delay(Duration),
    /// The answer never comes.
    Hang,
    /// The fetch panics when it is first polled.
    Panic,
}
