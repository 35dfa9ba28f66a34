//! What is traced, and what is not.
//!
//! It is a test binary, because the interest in an event is cached for the whole process, and another test without a
//! subscriber could turn the event off.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use futures::TryStreamExt;
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Error, Group, ListGroups, TRACING_TARGET};
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
