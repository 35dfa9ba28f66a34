use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::cursor::Position;
use crate::error::Result;
use crate::page::Page;
use crate::walk::PageSize;

/// A source of pages: the API over HTTP, or a transport of your own. The guarantees of the streams hold for every source. A
/// closure is a source too.
///
/// # Errors
///
/// A source returns [`Error::transport`](crate::Error::transport) or [`Error::timeout`](crate::Error::timeout) (retried),
/// [`Error::decode`](crate::Error::decode) or [`Error::other`](crate::Error::other) (not retried), or
/// [`Error::api`](crate::Error::api) (the API's status, code and message, so that expired cursors and refused page sizes
/// are recognised).
///
/// A source limits the time of its requests itself: a stream waits for its source without limit.
///
/// # Cancel safety
///
/// A fetch is dropped with its stream. It must not continue in the background.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
/// use gupshup_groups::{Cursors, Group, ListGroups, Page, PageRequest};
///
/// let source = |_request: PageRequest| async {
///     let group = Group::new("Z3JvdXA", "Support", 1_700_000_000);
///     Ok(Page::new(vec![group], Cursors::default()))
/// };
///
/// # futures::executor::block_on(async {
/// let groups: Vec<_> = ListGroups::from_source(source).stream().collect().await;
/// assert_eq!(groups.len(), 1);
/// # });
/// ```
///
/// A type of your own, around the source of a client ([`ListGroups::map_source`](crate::ListGroups::map_source)):
///
/// ```
/// use gupshup_groups::{AnySource, Client, Page, PageRequest, PageSource, Result};
///
/// struct Logged(AnySource);
///
/// impl PageSource for Logged {
///     fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
///         eprintln!("at most {} groups", request.limit);
///         self.0.fetch(request)
///     }
/// }
///
/// let list = Client::new("key")?.groups("app-id").map_source(Logged);
/// # Ok::<(), gupshup_groups::Error>(())
/// ```
pub trait PageSource: Send + Sync + 'static {
    /// Fetches one page. The request should start at the first poll.
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static;
}

impl<F, P> PageSource for F
where
    F: Fn(PageRequest) -> P + Send + Sync + 'static,
    P: Future<Output = Result<Page>> + Send + 'static,
{
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        self(request)
    }
}

/// Any [`PageSource`], boxed. Clones share the source.
#[derive(Clone)]
pub struct AnySource(Arc<dyn Boxed>);

trait Boxed: Send + Sync {
    fn fetch(&self, request: PageRequest) -> BoxFuture<'static, Result<Page>>;
}

impl<S: PageSource> Boxed for S {
    fn fetch(&self, request: PageRequest) -> BoxFuture<'static, Result<Page>> {
        Box::pin(PageSource::fetch(self, request))
    }
}

impl AnySource {
    /// Boxes a source.
    pub fn new(source: impl PageSource) -> Self {
        Self(Arc::new(source))
    }

    /// [`PageSource::fetch`], with a future whose type has a name.
    #[must_use]
    pub fn fetch(&self, request: PageRequest) -> BoxFuture<'static, Result<Page>> {
        self.0.fetch(request)
    }
}

impl PageSource for AnySource {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        self.fetch(request)
    }
}

impl fmt::Debug for AnySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySource").finish_non_exhaustive()
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
    /// The body of the request: see [`ListGroups::participants`](crate::ListGroups::participants).
    pub(crate) participants: Option<Arc<[String]>>,
}

impl PageRequest {
    /// A request for at most `limit` groups at `position`.
    #[must_use]
    pub fn new(position: Position, limit: PageSize) -> Self {
        Self { position, limit, participants: None }
    }
}
