//! A stream that is alive and not polled, at every await and for longer than every timer: it holds up no other, and loses
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Client, ClientBuilder, Error, Group, GroupStream, ListGroups, RetryPolicy};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::faults::quick;
use crate::server::{Event, Server, Step, ok, page, pass};
use crate::support::{KEY, finish, groups, ids};

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

/// Scenario: a stream is polled until the server has read its request, and has sent nothing, a part of the head, or the head
/// and half of the body; then it is not polled for an hour. Expected: the list is complete, at the cost of at most one more
/// request.
#[tokio::test]
async fn a_request_that_is_not_polled_for_an_hour_costs_at_most_one_more_and_no_group() {
    // Pages of some 600 kB: more than a connection's task reads before its stream is polled.
    let list: Vec<_> = (0..4).map(|n| Group::new(n.to_string(), "x".repeat(200_000), 0)).collect();
    let response = ok(&page(&list, ""));
    for sent in [0, 40, response.len() / 2] {
        let gate = Arc::new(Notify::new());
        let (sent, rest) = response.split_at(sent);
        let write = |bytes: &[u8]| Step::Write(bytes.to_vec());
        let script = vec![Step::Request, write(sent), Step::Gate(Arc::clone(&gate)), write(rest)];
        let server = Server::start(&list, [script]).await;
        let client = client(&server).retry(quick()).build().unwrap();
        let mut stream = client.groups("app").stream();
        poll_until(&mut stream, &server, Event::Gated(0)).await;
        gate.notify_one();
        park(&client, &list).await;

        let (found, error) = finish(&mut stream).await;
        assert!(error.is_none(), "after {} bytes: {error:?}", sent.len());
        assert_eq!(found, list);
        assert!(stream.progress().requests <= 3, "{:?}", stream.progress());
    }
}

#[tokio::test]
async fn a_connection_under_way_is_made_or_made_again_when_the_stream_is_polled_again() {
    let list = groups(7);
    let server = Server::start(&list, []).await;
    let client = client(&server).retry(quick()).build().unwrap();
    let mut stream = client.groups("app").stream();
    assert!(stream.next().now_or_never().is_none());
    park(&client, &list).await;
    let (found, error) = finish(&mut stream).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found, list);
    assert!(stream.progress().requests <= 4, "{:?}", stream.progress());
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
                    None => sleep(SECOND / 10).await,
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
            // In a wait of ten seconds, each poll is a tenth of a second later.
            poll += if poll > 40 { 9 } else { 0 };
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

async fn eight_finish(list: &ListGroups, within: Duration) {
    let busy = join_all((0..8).map(|_| list.stream().try_collect::<Vec<_>>()));
    let found = timeout(within, busy).await.expect("they advance");
    assert!(found.into_iter().all(|found| found.unwrap() == groups(7)));
}

/// Eight listings of seven groups finish, though `idle` waits and is not polled. It is polled again after all, and loses nothing.
async fn eight_finish_beside(idle: &mut GroupStream, list: &ListGroups, within: Duration) {
    assert!(idle.next().now_or_never().is_none(), "it waits");
    eight_finish(list, within).await;
    assert_eq!(timeout(within, idle.next()).await.unwrap().unwrap().unwrap().id, "0");
}

/// A client whose requests a fake answers, three groups a page.
fn on_a_fake(client: ClientBuilder, fake: &FakeGroups) -> ListGroups {
    client.build().unwrap().groups("app").page_size(3).map_source(|_| fake.clone())
}

#[tokio::test(start_paused = true)]
async fn eight_listings_finish_beside_an_idle_one_that_waits_for_the_rate_limit() {
    let list = on_a_fake(Client::builder(KEY).rate_limit(1, SECOND), &FakeGroups::new(groups(7)));
    list.page().await.unwrap();
    let mut idle = list.stream();
    // 24 requests, and the turn that the idle one does not take.
    eight_finish_beside(&mut idle, &list, 27 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn eight_listings_finish_beside_a_hundred_idle_ones_that_wait_for_the_rate_limit() {
    let list = on_a_fake(Client::builder(KEY).rate_limit(1, SECOND), &FakeGroups::new(groups(7)));
    list.page().await.unwrap();
    let mut others: Vec<_> = (0..99).map(|_| list.stream()).collect();
    assert!(others.iter_mut().all(|stream| stream.next().now_or_never().is_none()), "all wait");
    let mut idle = list.stream();
    eight_finish_beside(&mut idle, &list, 200 * SECOND).await;
    drop(others);
}

#[tokio::test(start_paused = true)]
async fn eight_listings_finish_beside_an_idle_one_whose_page_ahead_hangs() {
    let fake = FakeGroups::new(groups(7)).fault_at(1, Fault::Hang);
    let list = on_a_fake(Client::builder(KEY).rate_limit(10, SECOND), &fake);
    let mut idle = list.clone().read_ahead(true).stream();
    assert_eq!(idle.next().await.unwrap().unwrap().id, "0");
    sleep(SECOND).await;
    assert_eq!(fake.in_flight(), 1, "the page ahead hangs on its task");
    eight_finish(&list, 3 * SECOND).await;
    drop(idle);
}

#[tokio::test(start_paused = true)]
async fn eight_listings_finish_beside_an_idle_one_that_waits_for_a_retry() {
    for retry_after in [None, Some(10 * SECOND)] {
        let outage = Error::api(503, None, "Service Unavailable").with_retry_after(retry_after);
        let fake = FakeGroups::new(groups(7)).script([Fault::Error(outage)]);
        let policy = RetryPolicy::default().base(20 * SECOND);
        let list = on_a_fake(Client::builder(KEY).retry(policy), &fake);
        let mut idle = list.stream();
        eight_finish_beside(&mut idle, &list, 21 * SECOND).await;
        assert_eq!(idle.progress().retries, 1);
    }
}
