//! Where streams run: what needs a tokio runtime panics outside of one, and a source that answers at once needs none.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _, stream};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Client, Error, GroupStream, ListGroups, RetryPolicy};
use tokio::runtime::{Builder, Runtime};

use crate::server::{Event, Server, Step};
use crate::support::{KEY, all, finish, groups};

const SECOND: Duration = Duration::from_secs(1);

/// Nine groups on pages of three, with these faults.
fn script(faults: impl IntoIterator<Item = Fault>) -> ListGroups {
    ListGroups::from_source(FakeGroups::new(groups(9)).script(faults)).page_size(3)
}

/// A listing over HTTP, to a port where nothing listens.
fn over_http() -> GroupStream {
    let client = Client::builder(KEY).base_url("http://127.0.0.1:9").retry(RetryPolicy::none()).build().unwrap();
    client.groups("app").stream()
}

#[test]
fn a_source_that_answers_at_once_runs_on_any_executor() {
    let list = || script([Fault::Pending(3)]);
    assert_eq!(all(list().stream()), groups(9));
    assert_eq!(all(list().pages()).len(), 3);
    assert_eq!(block_on(list().page()).unwrap().groups.len(), 3);
    assert_eq!(block_on(list().snapshot()).unwrap().len(), 9);
    assert_eq!(block_on(list().consistent_snapshot()).unwrap().len(), 9);
    assert_eq!(block_on(list().update(None)).unwrap().unwrap().changes.len(), 9);
    let updates: Vec<_> = block_on(list().updates(None, stream::empty()).collect());
    assert_eq!((updates.len(), updates.iter().all(Result::is_ok)), (1, true));
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_a_runtime_a_listing_over_http_panics() {
    let _ = block_on(over_http().next());
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_a_runtime_a_wait_for_a_retry_panics() {
    let outage = Error::api(503, None, "Service Unavailable").with_retry_after(SECOND);
    let _ = block_on(script([Fault::Error(outage)]).page());
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_a_runtime_a_wait_for_the_rate_limit_panics() {
    let client = Client::builder(KEY).rate_limit(1, 3_600 * SECOND).build().unwrap();
    let list = client.groups("app").map_source(|_| FakeGroups::new(groups(9)));
    assert_eq!(block_on(list.page()).unwrap().groups.len(), 9, "the first request does not wait");
    let _ = block_on(list.page());
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_a_runtime_a_page_ahead_panics() {
    let _ = block_on(script([]).read_ahead(true).stream().next());
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_a_runtime_a_watch_panics() {
    let _ = block_on(script([]).watch(SECOND).next());
}

/// A page ahead needs a runtime when the page before it has arrived.
#[test]
fn a_panic_for_want_of_a_runtime_loses_no_group() {
    let mut stream = script([]).read_ahead(true).stream();
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(stream.next()))).is_err());
    let (found, error) = runtime().block_on(finish(&mut stream));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found, groups(9));
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
#[should_panic(expected = "enable_time")]
fn in_a_runtime_without_timers_a_listing_over_http_panics() {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    let _ = runtime.block_on(over_http().next());
}

#[test]
#[should_panic(expected = "enable_io")]
fn in_a_runtime_without_io_a_listing_over_http_panics() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _ = runtime.block_on(over_http().next());
}

/// Scenario: the runtime is shut down during a request, and the stream is polled in another. Expected: the first poll panics, as
/// tokio's timers do, or the request is made again; in either case the list is complete.
#[test]
fn a_stream_whose_runtime_was_shut_down_during_a_request_continues_in_another() {
    let list = groups(7);
    // The server still runs.
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"da"] {
        let script = vec![Step::Request, Step::Write(head.into()), Step::Hang];
        let server = elsewhere.block_on(Server::start(&list, [script]));
        let mut stream = Client::builder(KEY).base_url(server.base_url()).build().unwrap().groups("app").stream();
        let first = runtime();
        first.block_on(async {
            tokio::select! {
                biased;
                () = server.saw(&Event::Silent(0)) => {}
                item = stream.next() => panic!("nothing was answered: {item:?}"),
            }
        });
        drop(first);

        let second = runtime();
        // tokio's timers panic.
        let polled = catch_unwind(AssertUnwindSafe(|| second.block_on(async { stream.next().now_or_never() })));
        assert!(!matches!(polled, Ok(Some(_))), "{polled:?}");
        let (found, error) = second.block_on(finish(&mut stream));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(found, list);
    }
}
