//! Sources that panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::FusedStream as _;
use futures::{FutureExt as _, Stream, StreamExt as _};
use futures_test::task::noop_context;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{ListGroups, PageRequest, PageSource as _};

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
    let fake = FakeGroups::new(groups(5));
    let source = fake.clone();
    let panics_once = move |request: PageRequest| {
        let (source, first) = (source.clone(), source.requests().is_empty());
        async move {
            let page = source.fetch(request).await;
            tokio::task::yield_now().await;
            assert!(!first, "the source has a bug");
            page
        }
    };
    let mut stream = ListGroups::from_source(panics_once).page_size(2).stream();
    assert!(stream.next().now_or_never().is_none());
    assert!(panics(&mut stream));
    assert_eq!(all(&mut stream), groups(5));
    assert_eq!(fake.requests().len(), 4);
}

/// The panic is before there is a future.
#[test]
fn a_panic_in_fetch_itself_loses_nothing_either() {
    let fake = FakeGroups::new(groups(5));
    let (source, calls) = (fake.clone(), AtomicUsize::new(0));
    let panics_at_once = move |request: PageRequest| {
        assert_ne!(calls.fetch_add(1, Ordering::Relaxed), 1, "the source has a bug");
        let source = source.clone();
        async move { source.fetch(request).await }
    };
    let mut stream = ListGroups::from_source(panics_at_once).page_size(2).stream();
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
