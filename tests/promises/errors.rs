//! What errors say and advise, and what their predicates answer.

use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Client, Cursors, Error, ErrorKind, ListGroups, Page, RetryPolicy};
use httpmock::prelude::*;
use tokio::net::TcpListener;

use crate::support::{groups, settle};

/// The error of one request, in the words of a source of the caller's own.
async fn of_a_page(page: Page) -> Error {
    of(Fault::Page(page)).await
}

async fn of(fault: Fault) -> Error {
    let fake = FakeGroups::new(groups(9)).script([fault]);
    let mut stream = ListGroups::from_source(fake).retry(RetryPolicy::none()).stream();
    loop {
        if let Err(error) = stream.next().await.expect("the fault is an error") {
            return error;
        }
    }
}

fn client(url: impl Into<String>) -> gupshup_groups::ClientBuilder {
    Client::builder("sk_live-0123456789").base_url(url).retry(RetryPolicy::none())
}

async fn of_an_answer(status: u16, body: &str) -> Error {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(status).header("location", "https://elsewhere.example").body(body);
        })
        .await;
    client(server.url("/wa")).max_page_bytes(100).build().unwrap().groups("app").page().await.unwrap_err()
}

/// A server that reads nothing and closes at once, and where it listens.
async fn closes() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            // A last word that no handshake begins with.
            let _ = connection.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            settle().await;
        }
    });
    address.to_string()
}

/// The sentence and the advice.
#[track_caller]
fn assert_says(error: &Error, sentence: &str, advice: &str) {
    assert_eq!((&*error.to_string(), error.advice()), (sentence, advice));
}

#[test]
fn bad_input_is_named_together_with_what_to_do() {
    for (error, text) in [
        (
            client("ftp://host").build().unwrap_err(),
            "the base URL is neither https nor http: write it as https://host/prefix",
        ),
        (Client::new("").unwrap_err(), "the API key is empty: copy it from Gupshup's console"),
        (
            Client::new("a b").unwrap_err(),
            "the API key contains a character that is not visible ASCII, at byte 1: copy it again",
        ),
        (
            "QVFI".parse::<Checkpoint>().unwrap_err(),
            "the text is not a checkpoint, which begins with \"gupshup-groups:\": save and read it as a whole",
        ),
        (
            "gupshup-groups:3:QV".parse::<Checkpoint>().unwrap_err(),
            "the checkpoint is damaged: list again from the start",
        ),
        (
            "gupshup-groups:2:QV".parse::<Checkpoint>().unwrap_err(),
            "the checkpoint has version 2, and this version of the crate reads only 3: list again from the start",
        ),
        (
            "gupshup-groups:9:QV".parse::<Checkpoint>().unwrap_err(),
            "the checkpoint has version 9, and this version of the crate reads only 3: update gupshup-groups, or list again from the start",
        ),
    ] {
        assert!(error.is_config());
        assert_says(&error, text, "correct the input that the message names");
    }
    assert_says(
        &client("http://host.example").build().unwrap_err(),
        "the base URL is plain http, which sends the credential unencrypted: use https",
        "use https, or set `allow_plain_http` if the network is trusted",
    );
}

#[test]
fn an_error_of_the_api_shows_its_status_message_and_code_and_advises_what_to_do() {
    const KEY: &str = "check the credential, and that its account owns the app";
    const WAIT: &str = "wait, then retry; set `rate_limit` to stay under the limit";
    const AGAIN: &str = "the same request would fail again: correct what the API refuses";
    const SMALLER: &str = "request smaller pages: set `page_size`";
    for (error, text, advice) in [
        (Error::api(401, None, "Authentication Failed"), "401 Authentication Failed", KEY),
        (Error::api(403, None, ""), "403 Forbidden", KEY),
        (Error::api(400, Some(190), "Access token has expired"), "400 Access token has expired (code 190)", KEY),
        (
            Error::api(404, None, "App not found"),
            "404 App not found",
            "check the app id (not the app's name) and the base URL: some of Gupshup's addresses end with /wa, others do not",
        ),
        (Error::api(429, None, "Too Many Requests"), "429 Too Many Requests", WAIT),
        (
            Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_secs(120)),
            "429 Too Many Requests (the server asks to wait 120 s)",
            WAIT,
        ),
        (Error::api(400, Some(80_007), "Rate limit issues"), "400 Rate limit issues (code 80007)", WAIT),
        (
            Error::api(400, Some(131_059), "Invalid cursor"),
            "400 Invalid cursor (code 131059)",
            "the list has changed: list again from the start",
        ),
        (Error::api(413, None, "Request Entity Too Large"), "413 Request Entity Too Large", SMALLER),
        (
            Error::api(500, Some(1), "Please reduce the amount of data"),
            "500 Please reduce the amount of data (code 1)",
            SMALLER,
        ),
        (Error::api(503, None, "Service Unavailable"), "503 Service Unavailable", "retry later"),
        (Error::api(400, None, "limit exceeds 100"), "400 limit exceeds 100", AGAIN),
        (Error::api(501, None, "Not Implemented"), "501 Not Implemented", AGAIN),
    ] {
        assert_says(&error, &format!("the request failed: {text}"), advice);
    }
}

#[test]
fn an_error_of_the_callers_own_source_shows_what_to_do_and_keeps_its_cause() {
    let broken = Error::transport("reset by peer");
    assert_says(&broken, "the request failed: the connection broke", "retry later");
    let other = Error::other("no such file");
    assert_says(&other, "the request failed: the source of the pages failed", "see the causes of the error");
    for (error, cause) in [(broken, "reset by peer"), (other, "no such file")] {
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), cause);
    }
    assert_says(&Error::timeout("no answer in 30 s"), "the request failed: no answer in 30 s", "retry later");
}

#[test]
fn a_clone_of_an_error_says_the_same_and_keeps_its_cause() {
    let error = Error::transport("reset by peer").with_retry_after(Duration::from_secs(3));
    let clone = error.clone();
    assert_eq!(format!("{clone} {clone:?}"), format!("{error} {error:?}"));
    assert_eq!((clone.kind(), clone.retry_after()), (ErrorKind::Transport, Some(Duration::from_secs(3))));
}

/// A cause that has a cause.
#[derive(Debug)]
struct Reset(std::io::Error);

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the proxy gave up")
    }
}

impl std::error::Error for Reset {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// `fn main() -> Result<()>` prints `Error: ` and the `Debug` of the error.
#[tokio::test]
async fn returned_from_main_an_error_is_its_sentence_what_to_do_and_its_causes() {
    let reset = Error::transport(Reset(std::io::Error::other("reset by peer")));
    let fake = FakeGroups::new(groups(9)).script([Fault::Error(reset)]);
    let list = ListGroups::from_source(fake).app_id("7f3c").retry(RetryPolicy::none());
    let error = list.page().await.unwrap_err();
    assert_eq!(
        format!("Error: {error:?}"),
        "Error: app 7f3c: page 1 failed: the connection broke\n\
         \n\
         What to do: retry later, or resume from the checkpoint\n\
         Caused by: the proxy gave up\n\
         Caused by: reset by peer"
    );
    let error = Error::api(401, None, "Authentication Failed");
    assert_eq!(
        format!("{error:?}"),
        "the request failed: 401 Authentication Failed\n\
         \n\
         What to do: check the credential, and that its account owns the app"
    );
}

const INCOMPLETE: &str =
    "the list may be incomplete: check the base URL; if it is right, report this to the API's support";
const RESUME: &str = "retry later, or resume from the checkpoint";

#[tokio::test]
async fn a_page_that_leads_nowhere_says_why_and_what_to_do() {
    let cursors = |after: &str| Cursors::new(Some(after), None);
    assert_says(
        &of_a_page(Page::new(groups(1), Cursors::default()).with_next_link(true)).await,
        "page 2 failed: the page has a link to another page, but no cursor",
        INCOMPLETE,
    );

    let long = "c".repeat(4097);
    let error = of_a_page(Page::new(groups(1), cursors(&long)).with_next_link(true)).await;
    assert!(error.is_too_large());
    assert_says(
        &error,
        "page 2 failed: the server sent a cursor of 4097 bytes, more than the maximum of 4096",
        "the API's cursors are shorter: check the base URL",
    );

    let again = || Page::new(groups(1), cursors("c")).with_next_link(true);
    let fake = FakeGroups::new([]).script([Fault::Page(again()), Fault::Page(again())]);
    let error =
        ListGroups::from_source(fake).stream().filter_map(async |item| item.err()).boxed().next().await.unwrap();
    assert!(error.is_cursor_loop());
    assert_says(&error, "page 3 failed: the server returned a cursor that was already used", INCOMPLETE);

    let empty = (0..101).map(|n| Fault::Page(Page::new(Vec::new(), cursors(&n.to_string())).with_next_link(true)));
    let fake = FakeGroups::new([]).script(empty);
    let error = ListGroups::from_source(fake).stream().next().await.unwrap().unwrap_err();
    assert!(error.is_protocol());
    assert_says(
        &error,
        "page 101 failed: a hundred pages in a row have no new group, and each leads to another page",
        INCOMPLETE,
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_took_several_attempts_says_how_many_and_how_long() {
    let outage = || Fault::Error(Error::api(503, None, "Service Unavailable").with_retry_after(Duration::from_secs(2)));
    let fake = FakeGroups::new(groups(9)).script([outage(), outage(), outage()]);
    let error = ListGroups::from_source(fake).retry(RetryPolicy::default().attempts(3)).page().await.unwrap_err();
    assert_says(
        &error,
        "page 1 failed after 3 attempts in 4 s: 503 Service Unavailable (the server asks to wait 2 s)",
        RESUME,
    );
    assert_eq!((error.attempts(), error.elapsed().as_secs()), (3, 4));
}

#[tokio::test]
async fn an_answer_that_is_no_page_says_what_came_instead_and_what_to_do() {
    const NO_LIST: &str =
        "the answer is not a list of groups: check the base URL; if it is right, report this to the API's support";
    for (status, body, text, advice) in [
        (
            302,
            "",
            "302: the server sent a redirect to another location",
            "set the base URL to the final address; redirects are not followed, so that the credential stays at its origin",
        ),
        (204, "", "expected status 200, found 204", INCOMPLETE),
        (200, "", "the response body is empty", NO_LIST),
        (200, "<title>Login</title>", "the body is a page of HTML with the title \"Login\", not JSON", NO_LIST),
        (200, r#"{"data":["#, "the body ends early, after 9 bytes", RESUME),
        (
            200,
            &" ".repeat(101),
            "the page is larger than the limit of 100 bytes",
            "request smaller pages, or raise `max_page_bytes`",
        ),
        (
            200,
            r#"{"status":"error","message":"App not found"}"#,
            "200 App not found",
            "the same request would fail again: correct what the API refuses",
        ),
    ] {
        assert_says(&of_an_answer(status, body).await, &format!("app app: page 1 failed: {text}"), advice);
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_says_what_to_check() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = client(format!("http://{unused}")).build().unwrap().groups("app").page().await.unwrap_err();
    assert!(refused.is_connect());
    assert_says(
        &refused,
        "app app: page 1 failed: could not connect",
        "check the base URL and the network, then resume from the checkpoint",
    );

    let plain = client(format!("https://{}", closes().await)).build().unwrap().groups("app").page().await.unwrap_err();
    assert!(plain.is_tls(), "{plain:?}");
    assert_says(
        &plain,
        "app app: page 1 failed: no secure connection: the server does not speak TLS",
        "check the base URL, the system's certificates and its clock",
    );
}

/// All that can be asked of an error, by name.
fn holds(error: &Error) -> Vec<&'static str> {
    [
        (error.is_config(), "config"),
        (error.is_connect(), "connect"),
        (error.is_tls(), "tls"),
        (error.is_timeout(), "timeout"),
        (error.is_auth(), "auth"),
        (error.is_not_found(), "not_found"),
        (error.is_rate_limited(), "rate_limited"),
        (error.is_redirect(), "redirect"),
        (error.is_api(), "api"),
        (error.is_decode(), "decode"),
        (error.is_too_large(), "too_large"),
        (error.is_cursor_expired(), "cursor_expired"),
        (error.is_cursor_invalid(), "cursor_invalid"),
        (error.is_cursor_loop(), "cursor_loop"),
        (error.is_protocol(), "protocol"),
        (error.is_transport(), "transport"),
        (error.is_unavailable(), "unavailable"),
        (error.is_retryable(), "retryable"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
    .collect()
}

#[tokio::test]
async fn each_kind_of_error_answers_to_its_own_predicates_only() {
    let api = |status, code| Error::api(status, code, "message");
    let nowhere = Page::new(groups(1), Cursors::default()).with_next_link(true);
    for (error, names) in [
        (Client::new("").unwrap_err(), &["config"][..]),
        (Error::transport("reset"), &["transport", "retryable"]),
        (Error::other("gone"), &[]),
        (api(400, None), &["api"]),
        (api(401, None), &["auth", "api"]),
        (api(403, None), &["auth", "api"]),
        (api(400, Some(190)), &["auth", "api"]),
        (api(404, None), &["not_found", "api"]),
        (api(408, None), &["api", "unavailable", "retryable"]),
        (api(413, None), &["api"]),
        (api(429, None), &["rate_limited", "api", "retryable"]),
        (api(400, Some(4)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(17)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(341)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(80_007)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(130_429)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(131_208)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(1)), &["api", "unavailable", "retryable"]),
        (api(400, Some(2)), &["api", "unavailable", "retryable"]),
        (api(400, Some(2642)), &["api", "cursor_expired"]),
        (api(400, Some(131_059)), &["api", "cursor_expired"]),
        (api(500, Some(131_059)), &["api", "cursor_expired"]),
        (api(500, None), &["api", "unavailable", "retryable"]),
        (api(501, None), &["api"]),
        (api(502, None), &["api", "unavailable", "retryable"]),
        (api(503, None), &["api", "unavailable", "retryable"]),
        (api(504, None), &["api", "unavailable", "retryable"]),
        (api(505, None), &["api"]),
        (of_a_page(nowhere).await, &["protocol"]),
        (of_an_answer(302, "").await, &["redirect"]),
        (of_an_answer(200, "").await, &["decode"]),
        (of_an_answer(200, r#"{"data":["#).await, &["transport", "retryable"]),
        (of_an_answer(200, &" ".repeat(101)).await, &["too_large"]),
        (
            of_an_answer(200, r#"{"error":{"message":"m","code":9,"is_transient":true}}"#).await,
            &["api", "unavailable", "retryable"],
        ),
    ] {
        assert_eq!(holds(&error), names, "{error:?}");
    }
}

#[tokio::test]
async fn an_error_names_its_app_and_the_page_that_failed_whoever_found_it() {
    let twice =
        r#"{"data":[{"id":"a","subject":"","creation_timestamp":1}],"paging":{"next":"n","cursors":{"after":"C"}}}"#;
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.path("/app/loops/group");
            then.status(200).body(twice);
        })
        .await;
    let client = client(server.base_url()).build().unwrap();
    for (app, page, found) in [("loops", 3, "already used"), ("unknown-é", 1, "404")] {
        let error = client.groups(app).stream().filter_map(async |item| item.err()).boxed().next().await.unwrap();
        assert_eq!(error.app_id(), Some(app));
        let text = error.to_string();
        assert!(text.starts_with(&format!("app {app}: page {page} failed: ")) && text.contains(found), "{text}");
    }
    let error = client.groups("some").participants([""]).page().await.unwrap_err();
    assert!(error.to_string().starts_with("app some: a participant is empty"), "{error}");
    let error = client.groups("a\nb").page().await.unwrap_err();
    assert!(error.app_id().is_none() && !error.to_string().contains("a\nb"), "{error:?}");
}
