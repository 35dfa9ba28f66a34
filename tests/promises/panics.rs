//! Sources that panic.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::stream::FusedStream as _;
use futures::{FutureExt as _, Stream, StreamExt as _};
use futures_test::task::noop_context;
use gupshup_groups::testing::{FakeFetch, FakeGroups, Fault};
use gupshup_groups::{ListGroups, Page, PageRequest, PageSource, Result};

use crate::support::{all, five_groups, groups, poll_next, take};

/// Whether a poll of the stream panics.
fn panics<T: std::fmt::Debug>(stream: &mut (impl Stream<Item = T> + Unpin)) -> bool {
    catch_unwind(AssertUnwindSafe(|| poll_next(stream, &mut noop_context()).is_pending())).is_err()
}

#[test]
fn after_a_panic_of_the_source_the_stream_repeats_the_request_and_loses_no_group() {
    for request in 0..3 {
        let (fake, list) = five_groups();
        fake.fault_at(request, Fault::Panic);
        let mut stream = list.stream();
        let mut found = take(&mut stream, 2 * request).0;
        let place = stream.checkpoint();
        assert!(panics(&mut stream), "it goes through to the caller");
        assert_eq!((fake.in_flight(), fake.dropped()), (0, 1), "the request is gone");
        assert_eq!(stream.checkpoint(), place);
        assert!(!stream.is_terminated());
        found.extend(all(&mut stream));
        assert_eq!(found, groups(5), "a panic of request {request}");
        assert_eq!(fake.requests().len(), 4);
        assert_eq!(stream.progress().requests, 4);
    }
}

/// The future reports a poll after its panic.
#[test]
fn a_request_that_panicked_is_never_polled_again() {
    #[derive(Clone)]
    struct PanicsOnce(FakeGroups);

    impl PageSource for PanicsOnce {
        type Fetch = BoxFuture<'static, Result<Page>>;

        fn fetch(&self, request: PageRequest) -> Self::Fetch {
            let first = self.0.requests().is_empty();
            let answer = self.0.fetch(request);
            async move {
                let page = answer.await;
                tokio::task::yield_now().await;
                assert!(!first, "the source has a bug");
                page
            }
            .boxed()
        }
    }

    let fake = FakeGroups::new(groups(5));
    let mut stream = ListGroups::from_source(PanicsOnce(fake.clone())).page_size(2).stream();
    assert!(stream.next().now_or_never().is_none());
    assert!(panics(&mut stream));
    assert_eq!(all(&mut stream), groups(5));
    assert_eq!(fake.requests().len(), 4);
}

/// The panic is before there is a future.
#[test]
fn a_panic_in_fetch_itself_loses_nothing_either() {
    #[derive(Clone)]
    struct PanicsAtOnce(FakeGroups, Arc<Mutex<VecDeque<bool>>>);

    impl PageSource for PanicsAtOnce {
        type Fetch = FakeFetch;

        fn fetch(&self, request: PageRequest) -> Self::Fetch {
            let panics = self.1.lock().unwrap().pop_front();
            assert_ne!(panics, Some(true), "the source has a bug");
            self.0.fetch(request)
        }
    }

    let fake = FakeGroups::new(groups(5));
    let script = Arc::new(Mutex::new(VecDeque::from([false, true])));
    let mut stream = ListGroups::from_source(PanicsAtOnce(fake.clone(), script)).page_size(2).stream();
    let mut found = take(&mut stream, 2).0;
    assert!(panics(&mut stream));
    found.extend(all(&mut stream));
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn after_a_panic_the_stream_can_be_reversed() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Panic);
    let mut stream = list.stream();
    take(&mut stream, 2);
    assert!(panics(&mut stream));
    let mut expected = groups(2);
    expected.reverse();
    assert_eq!(all(stream.reverse()), expected);
}
