//! A stream that is not polled, at every await and for longer than every timer: it blocks no other, and loses and
//! repeats nothing.
//!
//! `src/fetch/tests.rs` tests streams that wait for the rate limit.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::{iter, mem};

use futures::executor::block_on;
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _};
use gupshup_groups::reqwest;
use gupshup_groups::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Client, ClientBuilder, Error, Group, ListGroups, RetryPolicy};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::server::{Event, Server, Step, ok, page, pass};
use crate::support::{KEY, finish, groups, ids, settle};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than every timer of the crate and of its HTTP client.
const HOUR: Duration = Duration::from_secs(3600);

/// A client without retries, so that every loss is an error.
fn client(server: &Server) -> ClientBuilder {
    Client::builder(KEY).base_url(server.base_url()).retry(RetryPolicy::none())
}

/// Polls the stream until the server has seen this.
async fn poll_until<T: std::fmt::Debug>(stream: &mut (impl Stream<Item = T> + Unpin), server: &Server, event: Event) {
    tokio::select! {
        biased;
        () = server.saw(&event) => {}
        item = stream.next() => panic!("nothing was answered: {item:?}"),
    }
}

/// An hour without polls, while others list with the same client.
async fn park(client: &Client, list: &[Group]) {
    for _ in 0..4 {
        assert_eq!(client.groups("other").stream().try_collect::<Vec<_>>().await.unwrap(), list);
        pass(HOUR / 4).await;
    }
}

#[tokio::test]
async fn a_response_that_arrived_without_polls_is_used() {
    // Pages of some 600 kB: more than a connection's task reads before its stream is polled.
    let list: Vec<_> = (0..4).map(|n| Group::new(n.to_string(), "x".repeat(200_000), 0)).collect();
    let response = ok(&page(&list, ""));
    // When the stream is last polled, the server has sent nothing, a part of the head, or the head and half of the body.
    for sent in [0, 40, response.len() / 2] {
        let gate = Arc::new(Notify::new());
        let (sent, rest) = response.split_at(sent);
        let write = |bytes: &[u8]| Step::Write(bytes.to_vec());
        let script = vec![Step::Request, write(sent), Step::Gate(Arc::clone(&gate)), write(rest)];
        let server = Server::start(&list, [script]).await;
        let client = client(&server).build().unwrap();
        let mut stream = client.groups("app").stream();
        poll_until(&mut stream, &server, Event::Gated(0)).await;
        gate.notify_one();
        park(&client, &list).await;

        let (found, error) = finish(&mut stream).await;
        assert!(error.is_none(), "after {} bytes: {error:?}", sent.len());
        assert_eq!(found, list);
        assert_eq!(stream.progress().requests, 2, "one for each page, after {} bytes", sent.len());
    }
}

#[tokio::test]
async fn a_response_that_has_not_arrived_is_waited_for_when_the_stream_is_polled_again() {
    let list = groups(4);
    let gate = Arc::new(Notify::new());
    let script = vec![Step::Request, Step::Gate(Arc::clone(&gate)), Step::Write(ok(&page(&list, "")))];
    let server = Server::start(&list, [script]).await;
    let client = client(&server).build().unwrap();
    let mut stream = client.groups("app").stream();
    poll_until(&mut stream, &server, Event::Gated(0)).await;
    park(&client, &list).await;
    let later = async {
        pass(10 * SECOND).await;
        gate.notify_one();
    };
    let ((found, error), ()) = futures::join!(finish(&mut stream), later);
    assert!(error.is_none(), "{error:?}");
    assert_eq!((found, stream.progress().requests), (list, 2));
}

#[tokio::test]
async fn a_response_that_never_comes_is_a_timeout_though_the_stream_was_parked() {
    let list = groups(3);
    let server = Server::start(&list, [vec![Step::Request, Step::Hang]]).await;
    let client = client(&server).build().unwrap();
    let mut stream = client.groups("app").stream();
    poll_until(&mut stream, &server, Event::Silent(0)).await;
    park(&client, &list).await;
    let later = async {
        while !server.log().contains(&Event::ClosedByPeer(0)) {
            pass(SECOND).await;
        }
    };
    let ((_, error), ()) = futures::join!(finish(&mut stream), later);
    assert!(error.is_some_and(|error| error.is_timeout()));
}

#[tokio::test]
async fn a_connection_under_way_is_made_when_the_stream_is_polled_again() {
    let list = groups(7);
    let server = Server::start(&list, []).await;
    let client = client(&server).build().unwrap();
    let mut stream = client.groups("app").stream();
    assert!(stream.next().now_or_never().is_none());
    park(&client, &list).await;
    let (found, error) = finish(&mut stream).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!((found, stream.progress().requests), (list, 3));
}

#[tokio::test]
async fn a_stream_that_waits_for_the_rate_limit_blocks_no_other_listing_of_the_client() {
    let list = groups(7);
    let server = Server::start(&list, []).await;
    let client = client(&server).rate_limit(1, SECOND).build().unwrap();
    client.groups("app").page().await.unwrap();
    let mut parked = client.groups("app").stream();
    assert!(parked.next().now_or_never().is_none());
    let others = async {
        let mut passed = Duration::ZERO;
        while server.requests() < 4 {
            pass(SECOND / 10).await;
            passed += SECOND / 10;
            assert!(passed < 10 * SECOND, "the other listing is held up after {} requests", server.requests());
        }
    };
    let (other, ()) = futures::join!(client.groups("other").stream().try_collect::<Vec<_>>(), others);
    assert_eq!(other.unwrap(), list);
    pass(HOUR).await;
    assert_eq!(parked.next().await.unwrap().unwrap(), list[0]);
}

/// Four pages of three, with a policy whose limits all pass in an hour.
fn scripted(faults: impl IntoIterator<Item = Fault>) -> (FakeGroups, ListGroups) {
    let fake = FakeGroups::new(groups(12)).script(faults);
    let list = ListGroups::from_source(fake.clone()).page_size(3);
    (fake, list)
}

fn busy() -> Fault {
    Fault::Error(Error::api(503, None, "Service Unavailable").with_retry_after(10 * SECOND))
}

#[tokio::test(start_paused = true)]
async fn a_stream_parked_after_any_number_of_polls_continues_unchanged() {
    let script = || [Fault::Pending(3), busy(), Fault::Delay(SECOND), Fault::None, busy(), busy(), Fault::Pending(2)];
    for read_ahead in [false, true] {
        let parked_at = |poll: usize| async move {
            let (fake, list) = scripted(script());
            let mut stream = list.read_ahead(read_ahead).stream();
            let (mut found, mut ended) = (Vec::new(), false);
            for _ in 0..poll {
                match stream.next().now_or_never() {
                    Some(Some(group)) => found.push(group.unwrap()),
                    Some(None) => ended = true,
                    None => settle().await,
                }
            }
            let (beside, list) = scripted(script());
            assert_eq!(list.stream().try_collect::<Vec<_>>().await.unwrap().len(), 12);
            sleep(HOUR).await;
            let (rest, error) = finish(&mut stream).await;
            assert!(error.is_none(), "parked at poll {poll}: {error:?}");
            found.extend(rest);
            assert_eq!(ids(&found), (0..12).collect::<Vec<_>>());
            assert_eq!(fake.requests(), beside.requests(), "parked at poll {poll}");
            assert_eq!(fake.dropped(), 0);
            ended
        };
        let mut poll = 0;
        while !parked_at(poll).await {
            poll += 1;
            // In a wait of ten seconds each poll is a millisecond later.
            poll += if poll > 40 { 997 } else { 0 };
        }
        assert!(poll > 40);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_polled_once_a_minute_gets_a_page_that_needs_many_polls() {
    let (fake, list) = scripted([Fault::Pending(10), busy(), Fault::Pending(10), busy(), Fault::Pending(10)]);
    let mut stream = list.stream();
    let mut polls = 0;
    let group = loop {
        match stream.next().now_or_never() {
            Some(group) => break group.unwrap().unwrap(),
            None => sleep(60 * SECOND).await,
        }
        polls += 1;
    };
    assert_eq!((group.id.as_str(), polls), ("0", 10));
    assert_eq!((fake.requests().len(), fake.dropped()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_given_up_though_the_stream_is_polled_once_a_minute() {
    let (fake, list) = scripted([Fault::Hang]);
    let mut stream = list.stream();
    for poll in 0.. {
        if let Some(group) = stream.next().now_or_never() {
            assert!(group.unwrap().unwrap_err().is_timeout());
            break;
        }
        assert!(poll < 60, "it is never given up");
        sleep(60 * SECOND).await;
    }
    assert_eq!((fake.requests().len(), fake.dropped()), (1, 1));
}

/// A runtime with I/O, and with timers or without.
fn runtime(timers: bool) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_io();
    if timers {
        builder.enable_time();
    }
    builder.build().unwrap()
}

#[test]
fn a_runtime_without_timers_is_an_error_that_says_so_and_not_a_panic() {
    let elsewhere = runtime(true);
    let server = elsewhere.block_on(Server::start(&groups(3), []));
    runtime(false).block_on(async {
        let (found, error) = finish(&mut client(&server).build().unwrap().groups("app").stream()).await;
        let error = error.unwrap();
        assert!(found.is_empty() && error.is_config() && error.to_string().contains("enable_time"), "{error}");

        let (fake, list) = scripted([Fault::Pending(3), Fault::None, busy()]);
        let mut stream = list.stream();
        let (mut found, error) = finish(&mut stream).await;
        assert_eq!(
            (found.len(), error.unwrap().status()),
            (6, Some(503)),
            "what cannot be waited for is the last attempt"
        );
        stream.resume();
        found.extend(finish(&mut stream).await.0);
        assert_eq!((ids(&found), fake.requests().len()), ((0..12).collect(), 5));
    });
    assert_eq!(server.connections(), 0, "no request is made that nothing would bound");
}

#[test]
fn outside_a_runtime_listing_over_http_is_an_error_and_not_a_panic() {
    let mut stream = Client::builder(KEY).base_url("http://127.0.0.1:9").build().unwrap().groups("app").stream();
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("tokio runtime"), "{error}");
    assert!(block_on(stream.next()).is_none());
    assert_eq!((error.attempts(), stream.progress().requests), (0, 0));
}

#[test]
fn outside_of_a_runtime_a_page_ahead_is_an_error_after_the_groups_before_it() {
    let (_, list) = scripted([]);
    let (found, error) = block_on(finish(&mut list.read_ahead(true).stream()));
    let error = error.unwrap();
    assert!(error.is_config() && error.to_string().contains("`read_ahead`"), "{error}");
    assert_eq!(ids(&found), [0, 1, 2]);
}

#[test]
fn a_stream_whose_runtime_was_shut_down_during_a_request_continues_in_another() {
    let list = groups(7);
    // The server still runs.
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"da"] {
        let script = vec![Step::Request, Step::Write(head.into()), Step::Hang];
        let server = elsewhere.block_on(Server::start(&list, [script]));
        let mut stream = Client::builder(KEY).base_url(server.base_url()).build().unwrap().groups("app").stream();
        let first = runtime(true);
        first.block_on(poll_until(&mut stream, &server, Event::Silent(0)));
        drop(first);

        let (found, error) = runtime(true).block_on(finish(&mut stream));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(found, list);
        assert_eq!(stream.progress().retries, 1);
    }
}

#[test]
fn a_stream_whose_runtime_was_shut_down_while_it_connected_continues_in_another() {
    let list = groups(7);
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = elsewhere.block_on(Server::start(&list, []));
    // With a name, it is the name that is resolved when the runtime is shut down.
    for base in [server.base_url(), format!("http://localhost:{}", server.address.port())] {
        let mut stream = Client::builder(KEY).base_url(base).build().unwrap().groups("app").stream();
        let first = runtime(true);
        first.block_on(async { assert!(stream.next().now_or_never().is_none()) });
        drop(first);
        let (found, error) = runtime(true).block_on(finish(&mut stream));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(found, list);
    }
}

#[test]
fn a_stream_whose_runtime_was_shut_down_is_an_error_outside_of_any_and_no_panic() {
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = elsewhere.block_on(Server::start(&groups(7), [vec![Step::Request, Step::Hang]]));
    let mut stream = Client::builder(KEY).base_url(server.base_url()).build().unwrap().groups("app").stream();
    let first = runtime(true);
    first.block_on(poll_until(&mut stream, &server, Event::Silent(0)));
    drop(first);
    assert!(block_on(stream.next()).unwrap().is_err());
    assert!(block_on(stream.next()).is_none());
}

#[test]
fn a_runtime_without_io_is_an_error_that_says_so_and_not_a_panic() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let client = Client::builder("key").base_url("http://127.0.0.1:9").build().unwrap();
    for list in [client.groups("app"), client.groups("app").read_ahead(true)] {
        let (found, error) = runtime.block_on(finish(&mut list.stream()));
        let error = error.unwrap();
        assert!(found.is_empty() && error.is_config() && error.to_string().contains("enable_io"), "{error}");
        assert_eq!(error.attempts(), 0);
    }
}

/// Resolves every name to loopback, at the second poll.
struct SlowNames(SocketAddr);

impl Resolve for SlowNames {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        let mut is_first = true;
        Box::pin(poll_fn(move |cx| {
            if mem::take(&mut is_first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let addresses: Addrs = Box::new(iter::once(address));
            Poll::Ready(Ok(addresses))
        }))
    }
}

/// Scenario: the stream is polled in a runtime until a name is resolved, and then by another executor. Expected: an error, and a
/// stream that goes on in the runtime.
#[test]
fn a_stream_that_leaves_its_runtime_is_an_error_that_says_so_and_not_a_panic() {
    let runtime = runtime(true);
    let server = runtime.block_on(Server::start(&groups(3), []));
    let address: SocketAddr = server.base_url().strip_prefix("http://").unwrap().parse().unwrap();
    let http = reqwest::Client::builder().dns_resolver(Arc::new(SlowNames(address)));
    let client = client(&server).base_url(format!("http://localhost:{}", address.port())).http(http).build().unwrap();
    let mut stream = client.groups("app").stream();
    runtime.block_on(async { assert!(stream.next().now_or_never().is_none()) });
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("tokio runtime"), "{error}");
    stream.resume();
    let (found, error) = runtime.block_on(finish(&mut stream));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(ids(&found), [0, 1, 2]);
}
