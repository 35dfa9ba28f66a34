use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::Result;
use crate::page::Page;
use crate::source::{PageRequest, PageSource};

/// Any [`PageSource`], boxed: a struct stores it without a type parameter, and tests pass a fake.
///
/// Clones share the source. It and its listings are [`Send`] and [`Sync`]; its streams are [`Send`] and [`Unpin`]. It
/// costs an allocation and an indirect call a page. The module `testing` (feature `test-util`) has an example.
#[derive(Clone)]
pub struct AnySource {
    source: Arc<dyn PageSource<Fetch = AnyFetch> + Send + Sync>,
}

type AnyFetch = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

struct Boxing<S>(S);

impl<S> PageSource for Boxing<S>
where
    S: PageSource,
    S::Fetch: Send + 'static,
{
    type Fetch = AnyFetch;

    fn fetch(&self, request: PageRequest) -> AnyFetch {
        Box::pin(self.0.fetch(request))
    }

    fn list_identity(&self) -> Option<u64> {
        self.0.list_identity()
    }

    fn app_id(&self) -> Option<&str> {
        self.0.app_id()
    }
}

impl AnySource {
    /// Boxes a source. To box that of a listing, use [`ListGroups::boxed`](crate::ListGroups::boxed).
    pub fn new<S>(source: S) -> Self
    where
        S: PageSource + Send + Sync + 'static,
        S::Fetch: Send + 'static,
    {
        Self { source: Arc::new(Boxing(source)) }
    }
}

impl PageSource for AnySource {
    type Fetch = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

    fn fetch(&self, request: PageRequest) -> Self::Fetch {
        self.source.fetch(request)
    }

    fn list_identity(&self) -> Option<u64> {
        self.source.list_identity()
    }

    fn app_id(&self) -> Option<&str> {
        self.source.app_id()
    }
}

impl fmt::Debug for AnySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySource").field("app_id", &self.app_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::{StreamExt as _, TryStreamExt as _};

    use super::*;
    use crate::testing::FakeGroups;
    use crate::{Client, Group, GroupStream, ListGroups};

    fn groups() -> Vec<Group> {
        (0..60).map(|n| Group::new(n.to_string(), "Support", n)).collect()
    }

    #[test]
    fn lists_the_groups_of_the_boxed_source() {
        let fake = FakeGroups::new(groups());
        let list = ListGroups::from_source(fake.clone()).page_size(20).boxed();
        assert_eq!(block_on(list.stream().try_collect::<Vec<_>>()).unwrap(), groups());
        assert_eq!(fake.requests().len(), 3);
    }

    #[test]
    fn has_the_app_id_and_list_identity_of_the_boxed_source() {
        let source = Client::new("key").unwrap().source("app-7");
        let any = AnySource::new(source.clone());
        assert_eq!((any.app_id(), any.list_identity()), (Some("app-7"), source.list_identity()));
        assert!(any.list_identity().is_some());
        assert_eq!(format!("{any:?}"), "AnySource { app_id: Some(\"app-7\"), .. }");
    }

    #[test]
    fn a_boxed_listing_keeps_its_settings() {
        let fake = FakeGroups::new(groups());
        let list = ListGroups::from_source(fake.clone()).page_size(7).max_groups(9);
        let list = list.boxed();
        assert_eq!(block_on(list.stream().count()), 9);
        let limits: Vec<_> = fake.requests().iter().map(|request| request.limit.get()).collect();
        assert_eq!(limits, [7, 2]);
    }

    #[tokio::test]
    async fn a_boxed_listing_still_reads_ahead() {
        let fake = FakeGroups::new(groups());
        let list = ListGroups::from_source(fake.clone()).page_size(20).read_ahead(true).boxed();
        let mut stream = list.stream();
        stream.next().await.unwrap().unwrap();
        while fake.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_struct_can_hold_it_and_a_task_can_take_it() {
        fn holds<T: Clone + Send + Sync + 'static>() {}
        fn moves<T: Send + Unpin + 'static>() {}
        holds::<AnySource>();
        holds::<ListGroups<AnySource>>();
        moves::<<AnySource as PageSource>::Fetch>();
        moves::<GroupStream<AnySource>>();
    }
}
