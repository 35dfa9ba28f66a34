//! The seam between the walk and the wire: what is asked ([`PageRequest`]), and who answers ([`PageSource`]).

use std::future::Future;

use crate::cursor::Position;
use crate::error::Result;
use crate::page::Page;
use crate::walk::PageSize;

/// Something that answers a request for one page.
///
/// The crate's own [`HttpSource`](crate::HttpSource) asks the API. Implement the trait for another transport, or use
/// `testing::FakeGroups` (feature `test-util`) in tests; every guarantee of the streams holds on any source,
/// since they live above this seam.
///
/// # Errors
///
/// A source of your own makes its errors with [`Error::transport`](crate::Error::transport) (worth another attempt),
/// [`Error::other`](crate::Error::other) (not), and [`Error::api`](crate::Error::api) (the API's own status, code and
/// message; expired cursors and refused page sizes are then recognised).
///
/// # Cancel safety
///
/// A fetch is dropped when the stream is dropped, and only then. A dropped fetch must not go on in the background.
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
    /// The answer on its way.
    type Fetch: Future<Output = Result<Page>>;

    /// Asks for one page. Nothing should happen before the answer is first polled.
    fn fetch(&self, request: PageRequest) -> Self::Fetch;

    /// A number that identifies the list, the same in every process: checkpoints hold it, so that one of another list is
    /// refused.
    ///
    /// Default: `None`, and checkpoints are not checked. [`HttpSource`](crate::HttpSource) answers with a hash of the app
    /// id. A source that wraps another should pass the question on.
    fn list_identity(&self) -> Option<u64> {
        None
    }

    /// The id of the app whose groups these are, if there is one: errors and spans name it
    /// ([`Error::app_id`](crate::Error::app_id)). A source that wraps another passes on its answer.
    ///
    /// The default is none.
    fn app_id(&self) -> Option<&str> {
        None
    }
}

/// What a page is asked for: where, and how many groups at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PageRequest {
    /// Where the page lies.
    pub position: Position,
    /// How many groups the page may hold; always sent.
    pub limit: PageSize,
}

impl PageRequest {
    /// A request for at most `limit` groups at `position`.
    #[must_use]
    pub fn new(position: Position, limit: PageSize) -> Self {
        Self { position, limit }
    }
}
