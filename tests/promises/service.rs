//! A listing in the types of other programs.

use std::future::{Future, ready};
use std::pin::Pin;

use futures::TryStreamExt as _;
use futures::executor::block_on;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{AnySource, Client, HttpSource, ListGroups, Page, PageRequest, PageSource, Result};
use tokio::runtime;

use crate::server::Server;
use crate::support::{KEY, groups};

/// The loop of the documentation, generic over the source.
async fn count<S: PageSource + Clone>(list: &ListGroups) -> Result<usize> {
    let mut stream = list.stream();
    let mut count = 0;
    while stream.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// A source whose future is an `async` block: it is not `Unpin`, and has no name.
#[derive(Clone)]
struct Async<F>(F);

impl<F, A> PageSource for Async<F>
where
    F: Fn(PageRequest) -> A,
    A: Future<Output = Result<Page>>,
{
    type Fetch = A;

    fn fetch(&self, request: PageRequest) -> A {
        self.0(request)
    }
}

#[test]
fn generic_code_loops_over_a_source_whose_future_cannot_be_moved() {
    let fake = FakeGroups::new(groups(60));
    let source = Async(|request: PageRequest| {
        let fake = fake.clone();
        async move {
            ready(()).await;
            fake.fetch(request).await
        }
    });
    assert_eq!(block_on(count(&ListGroups::from_source(source))).unwrap(), 60);
}

/// A service of a program that uses this crate.
struct Service {
    groups: ListGroups,
}

#[test]
fn a_struct_stores_a_listing_and_a_test_gives_it_a_fake() {
    let service = Service { groups: ListGroups::from_source(FakeGroups::new(groups(60))).boxed() };
    assert_eq!(block_on(count(&service.groups)).unwrap(), 60);
}

/// A source that wraps the crate's own, and asks for pages of two groups.
#[derive(Clone)]
struct Small(HttpSource);

impl PageSource for Small {
    type Fetch = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

    fn fetch(&self, mut request: PageRequest) -> Self::Fetch {
        request.limit = gupshup_groups::PageSize::clamped(2);
        Box::pin(self.0.fetch(request))
    }

    fn app_id(&self) -> Option<&str> {
        self.0.app_id()
    }
}

#[test]
fn the_crates_own_source_can_be_wrapped_and_keeps_the_clients_limits() {
    runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let server = Server::start(&groups(7), []).await;
        let client = Client::builder(KEY).base_url(server.base_url()).build().unwrap();
        let service = Service { groups: client.groups("app").map_source(Small).boxed() };
        assert_eq!(count(&service.groups).await.unwrap(), 7);
        assert!(server.heads().iter().all(|head| head.contains("limit=2 ") || head.contains("limit=2&")));

        // Without the wrapper, the server is asked for the default page size.
        let page = client.source("app").fetch(server_start()).await.unwrap();
        assert_eq!(page.groups.len(), 3);
    });
}

fn server_start() -> PageRequest {
    PageRequest::new(gupshup_groups::Position::Start, gupshup_groups::PageSize::DEFAULT)
}
