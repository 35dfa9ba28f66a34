//! What is traced, and what is not.
//!
//! It is a test binary, because the interest in an event is cached for the whole process, and another test without a
//! subscriber could turn the event off.

use std::cell::RefCell;
use std::future::ready;
use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::TryStreamExt;
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Client, Credential, Credentials, Error, Group, ListGroups, TRACING_TARGET};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tracing::{Instrument as _, Level, info_span};
use tracing_subscriber::fmt::format::FmtSpan;

thread_local! {
    /// The output of this thread, and so of one test.
    static TRACED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ToThread;

impl io::Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TRACED.with_borrow_mut(|traced| traced.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Traces from here on. Make spans after this call.
fn subscribe() {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(|| ToThread)
            .init();
    });
}

/// The traces of listing `list`.
async fn traced(list: ListGroups) -> String {
    subscribe();
    let _ = list.stream().try_collect::<Vec<_>>().await;
    String::from_utf8(TRACED.take()).unwrap()
}

fn groups(count: i64) -> Vec<Group> {
    (0..count).map(|n| Group::new(n.to_string(), format!("group {n}"), n)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_page_is_a_span_with_its_request_and_result() {
    let text = traced(ListGroups::from_source(FakeGroups::new(groups(30)))).await;
    let spans: Vec<_> = text.lines().filter(|line| line.contains("close")).collect();
    assert_eq!(spans.len(), 2, "{text}");
    assert!(
        spans[0].contains(r#"page{position="start" limit=25 attempts=1 elapsed_ms=0 status=200 groups=25}"#),
        "{text}"
    );
    assert!(
        spans[1].contains(r#"page{position="after" limit=1024 attempts=1 elapsed_ms=0 status=200 groups=5}"#),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_a_restart_and_a_lowered_page_size_are_events() {
    let dialect = Dialect::default().refuse_page_size_above(100).expire_cursors_on_change(true);
    let fake = FakeGroups::new(groups(300)).dialect(dialect);
    fake.fault_at(1, Fault::Error(Error::api(503, None, "Busy"))).on_request(|index, fake| {
        if index == 4 {
            fake.create(Group::new("new", "", 0));
        }
    });
    let text = traced(ListGroups::from_source(fake)).await;
    for event in [
        r#"retrying a page attempt=1 error="unavailable" status=503"#,
        "requesting smaller pages limit=100",
        "restarts=1",
    ] {
        assert!(text.contains(event), "{event} is not in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_line_names_the_app_and_has_the_public_target() {
    let refusing = Dialect::default().refuse_page_size_above(100).expire_cursors_on_change(true);
    let fake = FakeGroups::new(groups(300)).dialect(refusing).fault_at(1, Fault::Error(Error::api(503, None, "Busy")));
    let fake = fake.on_request(|index, fake| {
        if index == 4 {
            fake.create(Group::new("new", "", 0));
        }
    });
    let text = traced(ListGroups::from_source(fake).app_id("7f3c")).await;
    assert!(text.lines().count() > 5, "{text}");
    for line in text.lines() {
        assert!(line.contains(&format!("{TRACING_TARGET}: ")) && line.contains(r#"app="7f3c""#), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_fetched_ahead_belongs_to_the_span_of_its_caller() {
    subscribe();
    let list = ListGroups::from_source(FakeGroups::new(groups(30))).read_ahead(true);
    let text = traced(list).instrument(info_span!("sync", run = 7)).await;
    let spans: Vec<_> = text.lines().filter(|line| line.contains("page{") && line.contains("close")).collect();
    assert_eq!(spans.len(), 2, "{text}");
    assert!(spans.iter().all(|span| span.contains("sync{run=7}:page{")), "{text}");
}

#[tokio::test(start_paused = true)]
async fn no_cursor_id_or_subject_is_ever_traced() {
    let secret = |n: i64| Group::new(format!("SECRET-{n}"), "SECRET", n);
    let fake = FakeGroups::new((0..60).map(secret)).fault_at(1, Fault::Error(Error::api(400, Some(190), "SECRET")));
    let cursor = fake.cursor_at("SECRET-24").unwrap();
    let text = traced(ListGroups::from_source(fake)).await;
    assert!(text.contains("status=400"), "{text}");
    assert!(!text.contains("SECRET") && !text.contains(cursor.as_str()), "{text}");
}

/// A server that answers 401, and shows all that was sent.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let sent = String::from_utf8(head).unwrap().replace("\r\n", " ");
            let body = format!(r#"{{"status":"error","message":"{sent}"}}"#);
            let answer =
                format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    base
}

#[tokio::test]
async fn no_trace_error_or_debug_shows_a_key_a_token_or_a_replaced_token() {
    subscribe();
    let minted = AtomicUsize::new(0);
    let provider = move |_: &str, _: Option<&Credential>| {
        ready(Ok(Credential::bearer(format!("SECRET-{}", minted.fetch_add(1, Ordering::Relaxed)))))
    };
    for credentials in [Credentials::from("SECRET"), Credential::bearer("SECRET").into(), provider.into()] {
        let settings = format!("{credentials:?}");
        let builder = Client::builder(credentials).base_url(echo().await);
        let settings = format!("{settings} {builder:?}");
        let client = builder.build().unwrap();
        let list = client.groups("app");
        let mut stream = list.stream();
        let error = stream.try_next().await.unwrap_err();
        assert!(error.is_auth() && error.api_message().is_some_and(|text| text.contains("***")), "{error:?}");
        let traced = String::from_utf8(TRACED.take()).unwrap();
        assert!(traced.contains("auth"), "{traced}");
        let shown = format!("{settings} {client:?} {list:?} {stream:?} {error} {error:?} {error:#?} {traced}");
        assert_eq!(shown.matches("SECRET").count(), 0, "{shown}");
    }
}
