use std::time::Duration;

use crate::error::Error;
use crate::page::Page;

/// What happens to a request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Fault {
    /// A normal answer.
    #[default]
    None,
    /// This error. See [`Error::api`] and [`Error::transport`].
    Error(Error),
    /// This page, for example with a repeated cursor, or a link without a cursor.
    Page(Page),
    /// The answer after this many pending polls, each of which wakes the task.
    Pending(u32),
    /// The answer after this time on tokio's clock, which may be paused.
    Delay(Duration),
    /// No answer.
    Hang,
    /// A panic at the first poll.
    Panic,
}
