//! The attempts that an observer sees.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::TryStreamExt as _;
use gupshup_groups::{Attempt, Client, RetryPolicy};

use crate::server::{Server, Step, ok, page, reply};
use crate::support::{KEY, groups};

#[derive(Debug, PartialEq)]
struct Told {
    app_id: Option<String>,
    position: &'static str,
    number: u32,
    outcome: &'static str,
    status: Option<u16>,
    groups: usize,
    bytes: usize,
}

impl From<&Attempt<'_>> for Told {
    fn from(attempt: &Attempt<'_>) -> Self {
        Self {
            app_id: attempt.app_id().map(str::to_owned),
            position: attempt.position().name(),
            number: attempt.number(),
            outcome: attempt.outcome().as_str(),
            status: attempt.status(),
            groups: attempt.groups(),
            bytes: attempt.bytes().try_into().unwrap(),
        }
    }
}

#[tokio::test]
async fn each_attempt_of_a_clients_listings_is_told_with_its_app_status_and_size() {
    let list = groups(5);
    let pages = [page(&list, ""), page(&list, "after=CURSOR-2 ")];
    for read_ahead in [false, true] {
        let script = [
            vec![Step::Request, Step::Write(reply("503 Busy", &["Connection: close"], ""))],
            vec![Step::Request, Step::Reset],
            vec![Step::Request, Step::Write(ok(&pages[0])), Step::Request, Step::Write(ok(&pages[1]))],
        ];
        let server = Server::start(&list, script).await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&told);
        let client = Client::builder(KEY)
            .base_url(server.base_url())
            .retry(RetryPolicy::default().base(Duration::ZERO))
            .observer(move |attempt| note.lock().unwrap().push(Told::from(attempt)))
            .build()
            .unwrap();
        let found: Vec<_> = client.groups("7f3c").read_ahead(read_ahead).stream().try_collect().await.unwrap();
        assert_eq!(found, list);

        let attempt = |position, number, outcome, status, groups, bytes| Told {
            app_id: Some("7f3c".to_owned()),
            position,
            number,
            outcome,
            status,
            groups,
            bytes,
        };
        let expected = [
            attempt("start", 1, "unavailable", Some(503), 0, 0),
            attempt("start", 2, "transport", None, 0, 0),
            attempt("start", 3, "page", Some(200), 3, pages[0].len()),
            attempt("after", 1, "page", Some(200), 2, pages[1].len()),
        ];
        assert_eq!(*told.lock().unwrap(), expected, "read_ahead({read_ahead})");
    }
}

#[tokio::test]
async fn an_app_id_that_cannot_be_sent_makes_no_attempt() {
    let client = Client::builder(KEY).observer(|attempt| panic!("nothing is requested: {attempt:?}")).build().unwrap();
    assert!(client.groups("..").page().await.unwrap_err().is_config());
}
