//! Dropped futures and streams: nothing is lost, and no request stays.

use std::sync::Mutex;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _};
use gupshup_groups::testing::Fault;
use gupshup_groups::{Client, ListGroups, Result, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Gated, all, five_groups, groups, take};

#[test]
fn a_next_dropped_at_any_await_loses_nothing_and_repeats_no_request() {
    for waits in [0, 1, 2, 7] {
        let (fake, list) = five_groups();
        fake.script([Fault::Pending(waits), Fault::Pending(waits), Fault::Pending(waits)]);
        let mut stream = list.stream();
        let mut found = Vec::new();
        let mut dropped = 0;
        loop {
            // Polls the future of `next` once, and drops it.
            match stream.next().now_or_never() {
                Some(Some(group)) => found.push(group.unwrap()),
                Some(None) => break,
                None => dropped += 1,
            }
        }
        assert_eq!(found, groups(5));
        assert_eq!(dropped, 3 * waits);
        assert_eq!(fake.requests().len(), 3);
        assert_eq!(fake.dropped(), 0);
    }
}

#[test]
fn a_next_dropped_once_at_the_nth_poll_loses_nothing() {
    for nth in 0..9 {
        let (fake, list) = five_groups();
        fake.script([Fault::Pending(2), Fault::Pending(2), Fault::Pending(2)]);
        let mut stream = list.stream();
        let mut found = Vec::new();
        for _ in 0..nth {
            found.extend(stream.next().now_or_never().flatten());
        }
        found.extend(block_on(stream.collect::<Vec<_>>()));
        let found: Result<Vec<_>> = found.into_iter().collect();
        assert_eq!(found.unwrap(), groups(5), "dropped at poll {nth}");
        assert_eq!(fake.requests().len(), 3);
    }
}

#[test]
fn a_next_of_pages_dropped_at_any_await_loses_nothing() {
    let (fake, list) = five_groups();
    fake.script([Fault::Pending(1), Fault::Pending(3), Fault::Pending(2)]);
    let mut pages = list.pages();
    let mut found = Vec::new();
    let mut dropped = 0;
    loop {
        match pages.next().now_or_never() {
            Some(Some(page)) => found.extend(page.unwrap().groups),
            Some(None) => break,
            None => dropped += 1,
        }
    }
    assert_eq!((found, dropped), (groups(5), 6));
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn an_error_that_waits_comes_once_though_next_is_dropped() {
    let gated = Gated::default();
    let gate = gated.gate();
    let mut stream = ListGroups::from_source(gated).retry(RetryPolicy::none()).stream();
    assert!(stream.next().now_or_never().is_none());
    drop(gate);
    assert!(block_on(stream.next()).expect("the error").unwrap_err().is_retryable());
    assert!(block_on(stream.next()).is_none());
}

/// During connect, headers and body.
#[tokio::test]
async fn a_next_dropped_at_every_poll_makes_one_request_a_page_over_http() {
    let server = httpmock::MockServer::start_async().await;
    let body = r#"{"data":{"groups":[{"id":"a","subject":"A","creation_timestamp":"1"}]},"paging":{}}"#;
    let mock = server
        .mock_async(|_, then| {
            then.status(200).body(body);
        })
        .await;
    let client = Client::builder("key").base_url(server.base_url()).build().unwrap();
    let mut stream = client.groups("app").stream();
    let mut dropped = 0;
    let group = loop {
        match stream.next().now_or_never() {
            Some(item) => break item.expect("one group").unwrap(),
            None => dropped += 1,
        }
        tokio::task::yield_now().await;
    };
    assert!(dropped > 0, "an answer over a socket is never there at once");
    assert_eq!(group.id, "a");
    assert!(stream.next().await.is_none());
    assert_eq!(mock.calls_async().await, 1);
}

#[test]
fn dropping_the_stream_drops_its_request() {
    for request in 0..3 {
        let (fake, list) = five_groups();
        fake.fault_at(request, Fault::Hang);
        let mut stream = list.stream();
        assert_eq!(take(&mut stream, 2 * request).0.len(), 2 * request);
        assert!(stream.next().now_or_never().is_none());
        assert_eq!((fake.in_flight(), fake.dropped()), (1, 0));
        drop(stream);
        assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
        assert_eq!(fake.requests().len(), request + 1);
    }
}

#[test]
fn reversing_drops_the_request_in_flight_and_no_group() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Hang);
    let mut stream = list.stream();
    take(&mut stream, 2);
    assert!(stream.next().now_or_never().is_none());
    let back = stream.reverse();
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    let mut expected = groups(2);
    expected.reverse();
    assert_eq!(all(back), expected);
}

#[test]
fn dropping_the_future_of_a_page_drops_its_request() {
    let (fake, list) = five_groups();
    fake.script([Fault::Hang]);
    assert!(list.page().now_or_never().is_none());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    assert_eq!(block_on(list.page()).unwrap().groups, groups(2), "and calling again asks again");
}

#[tokio::test]
async fn a_task_that_is_aborted_leaves_no_request_behind() {
    let (fake, list) = five_groups();
    let (asked, is_asked) = oneshot::channel();
    let asked = Mutex::new(Some(asked));
    fake.script([Fault::Hang]).on_request(move |_, _| {
        let asked = asked.lock().unwrap().take();
        asked.expect("one request").send(()).unwrap();
    });
    let task = tokio::spawn(async move { list.stream().next().await.is_some() });
    is_asked.await.unwrap();
    assert_eq!(fake.in_flight(), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
}

#[tokio::test]
async fn dropping_the_stream_closes_its_connection() {
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"da"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder("key").base_url(base).build().unwrap();
        let mut stream = client.groups("app").stream();
        let accepted = {
            let answer = async {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
                }
                connection.write_all(head.as_bytes()).await.unwrap();
                connection
            };
            tokio::select! {
                item = stream.next() => panic!("nothing was answered: {item:?}"),
                connection = answer => connection,
            }
        };
        assert!(stream.next().now_or_never().is_none());
        drop(stream);
        let mut connection = accepted;
        let read = connection.read(&mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "the connection is closed: {read:?}");
    }
}
