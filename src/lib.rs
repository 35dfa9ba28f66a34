//! Lists a Gupshup app's active WhatsApp groups as an async stream.

mod checkpoint;
mod client;
mod cursor;
mod error;
mod fetch;
mod http;
mod list;
mod page;
mod pages;
mod rate_limit;
mod retry;
mod snapshot;
mod source;
mod stream;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod trace;
mod traversal;
mod watch;

pub use checkpoint::Checkpoint;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL, PARTNER_BASE_URL};
pub use cursor::{Cursor, Direction};
pub use error::{Error, Result};
pub use http::{HttpFetch, HttpSource};
pub use list::ListGroups;
pub use page::{Cursors, Group, Page, PageSize};
pub use pages::{PageStream, Progress};
pub use retry::RetryPolicy;
pub use snapshot::{Change, Snapshot};
pub use source::{PageRequest, PageSource, Position};
pub use stream::GroupStream;
