use std::future::Future;

use crate::cursor::Position;
use crate::error::Result;
use crate::page::Page;
use crate::walk::PageSize;

/// A source of pages: [`HttpSource`](crate::HttpSource), or a transport of your own. The guarantees of the streams hold
/// for every source.
///
/// # Errors
///
/// A source returns [`Error::transport`](crate::Error::transport) (retried), [`Error::other`](crate::Error::other) (not
/// retried) or [`Error::api`](crate::Error::api) (the API's status, code and message, so that expired cursors and
/// refused page sizes are recognised).
///
/// # Cancel safety
///
/// A fetch is dropped with its stream. It must not continue in the background.
///
/// # Examples
///
/// ```
/// use std::future::{Ready, ready};
/// use futures::StreamExt;
/// use gupshup_groups::{Cursors, Group, ListGroups, Page, PageRequest, PageSource, Result};
///
/// #[derive(Clone)]
/// struct OneGroup;
///
/// impl PageSource for OneGroup {
///     type Fetch = Ready<Result<Page>>;
///
///     fn fetch(&self, _request: PageRequest) -> Self::Fetch {
///         let group = Group::new("Z3JvdXA", "Support", 1_700_000_000);
///         ready(Ok(Page::new(vec![group], Cursors::default())))
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let groups: Vec<_> = ListGroups::from_source(OneGroup).stream().collect().await;
/// assert_eq!(groups.len(), 1);
/// # });
/// ```
pub trait PageSource {
    /// The future of a page.
    type Fetch: Future<Output = Result<Page>>;

    /// Fetches one page. The request should start at the first poll.
    fn fetch(&self, request: PageRequest) -> Self::Fetch;

    /// A number that identifies the list, the same in every process. A checkpoint with another number is refused.
    ///
    /// Default: `None`, no check. [`HttpSource`](crate::HttpSource) returns a hash of the app id; a source that wraps
    /// another returns that one's.
    fn list_identity(&self) -> Option<u64> {
        None
    }

    /// The id of the app, for errors ([`Error::app_id`](crate::Error::app_id)) and spans. Default: `None`. A source
    /// that wraps another returns that one's.
    fn app_id(&self) -> Option<&str> {
        None
    }
}

/// A request for one page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PageRequest {
    /// Where the page is.
    pub position: Position,
    /// The most groups that the page may hold.
    pub limit: PageSize,
}

impl PageRequest {
    /// A request for at most `limit` groups at `position`.
    #[must_use]
    pub fn new(position: Position, limit: PageSize) -> Self {
        Self { position, limit }
    }
}
