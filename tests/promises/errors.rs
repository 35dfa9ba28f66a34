//! What errors say, and what their predicates answer.

use std::time::Duration;

use futures::StreamExt;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Client, Cursors, Error, ListGroups, Page, RetryPolicy};
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

#[test]
fn bad_input_is_named_together_with_what_to_do() {
    for (error, text) in [
        (
            client("ftp://host").build().unwrap_err(),
            "the base URL is neither https nor http: write it as https://host/prefix",
        ),
        (
            client("http://host.example").build().unwrap_err(),
            "the base URL is plain http, which sends the API key unencrypted: use https; or set `allow_plain_http` if the network is trusted",
        ),
        (Client::new("").unwrap_err(), "the API key is empty: set it to the key of your Gupshup account"),
        (
            Client::new("a b").unwrap_err(),
            "the API key contains a character that is not visible ASCII, at byte 1: copy it again",
        ),
        (
            "QVFI".parse::<Checkpoint>().unwrap_err(),
            "the text is not a checkpoint, which begins with \"gupshup-groups:\": save and read it as a whole",
        ),
        (
            "gupshup-groups:1:QV".parse::<Checkpoint>().unwrap_err(),
            "the checkpoint is damaged: list again from the start",
        ),
        (
            "gupshup-groups:9:QV".parse::<Checkpoint>().unwrap_err(),
            "the checkpoint has version 9, and this crate reads versions up to 2: update gupshup-groups",
        ),
    ] {
        assert!(error.is_config());
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn an_error_of_the_api_shows_its_status_message_and_code_and_what_to_do() {
    for (error, text) in [
        (
            Error::api(401, None, "Authentication Failed"),
            "401 Authentication Failed; check the API key, and that its account owns the app",
        ),
        (Error::api(403, None, ""), "403 Forbidden; check the API key, and that its account owns the app"),
        (
            Error::api(400, Some(190), "Access token has expired"),
            "400 Access token has expired (code 190); check the API key, and that its account owns the app",
        ),
        (
            Error::api(404, None, "App not found"),
            "404 App not found; check the app id (not the app's name) and the base URL",
        ),
        (Error::api(429, None, "Too Many Requests"), "429 Too Many Requests; wait, then retry"),
        (
            Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_secs(120)),
            "429 Too Many Requests (the server asks to wait 120 s); wait, then retry",
        ),
        (Error::api(400, Some(80_007), "Rate limit issues"), "400 Rate limit issues (code 80007); wait, then retry"),
        (
            Error::api(400, Some(131_059), "Invalid cursor"),
            "400 Invalid cursor (code 131059); the list has changed: list again from the start",
        ),
        (Error::api(413, None, "Request Entity Too Large"), "413 Request Entity Too Large; request smaller pages"),
        (
            Error::api(500, Some(1), "Please reduce the amount of data"),
            "500 Please reduce the amount of data (code 1); request smaller pages",
        ),
        (Error::api(503, None, "Service Unavailable"), "503 Service Unavailable; retry later"),
        (
            Error::api(400, None, "limit exceeds 100"),
            "400 limit exceeds 100; the same request would fail again: correct what the API refuses",
        ),
        (
            Error::api(501, None, "Not Implemented"),
            "501 Not Implemented; the same request would fail again: correct what the API refuses",
        ),
    ] {
        assert_eq!(error.to_string(), format!("the request failed: {text}"));
    }
}

#[test]
fn an_error_of_the_callers_own_source_shows_what_to_do_and_keeps_its_cause() {
    let broken = Error::transport("reset by peer");
    assert_eq!(broken.to_string(), "the request failed: the connection broke; retry later");
    let other = Error::other("no such file");
    assert_eq!(
        other.to_string(),
        "the request failed: the source of the pages failed; see the error's source, then retry"
    );
    for (error, cause) in [(broken, "reset by peer"), (other, "no such file")] {
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), cause);
    }
}

#[tokio::test]
async fn a_page_that_leads_nowhere_says_why_and_what_to_do() {
    let cursors = |after: &str| Cursors::new(Some(after), None);
    let text = of_a_page(Page::new(groups(1), Cursors::default()).has_next(true)).await.to_string();
    assert_eq!(
        text,
        "page 2 failed: the page has a link to another page, but no cursor; the list may be incomplete: \
         check the base URL, then resume from the checkpoint"
    );

    let long = "c".repeat(4097);
    let error = of_a_page(Page::new(groups(1), cursors(&long)).has_next(true)).await;
    assert!(error.is_too_large());
    assert_eq!(
        error.to_string(),
        "page 2 failed: the server sent a cursor of 4097 bytes, more than the maximum of 4096; the API's cursors \
         are shorter: check the base URL"
    );

    let again = || Page::new(groups(1), cursors("c")).has_next(true);
    let fake = FakeGroups::new([]).script([Fault::Page(again()), Fault::Page(again())]);
    let error =
        ListGroups::from_source(fake).stream().filter_map(async |item| item.err()).boxed().next().await.unwrap();
    assert!(error.is_cursor_loop());
    assert_eq!(
        error.to_string(),
        "page 3 failed: the server returned a cursor that was already used; resume from the checkpoint, or report this to \
         the API's support"
    );

    let empty = (0..101).map(|n| Fault::Page(Page::new(Vec::new(), cursors(&n.to_string())).has_next(true)));
    let fake = FakeGroups::new([]).script(empty);
    let error = ListGroups::from_source(fake).stream().next().await.unwrap().unwrap_err();
    assert!(error.is_protocol());
    assert_eq!(
        error.to_string(),
        "page 101 failed: a hundred pages in a row have no groups, and each leads to another page; the list may be \
         incomplete: check the base URL, then resume from the checkpoint"
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_took_several_attempts_says_how_many_and_how_long() {
    let outage = || Fault::Error(Error::api(503, None, "Service Unavailable").with_retry_after(Duration::from_secs(2)));
    let fake = FakeGroups::new(groups(9)).script([outage(), outage(), outage()]);
    let error = ListGroups::from_source(fake).page().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "page 1 failed after 3 attempts in 4.0 s: 503 Service Unavailable (the server asks to wait 2 s); retry later, or \
         resume from the checkpoint"
    );
    assert_eq!((error.attempts(), error.elapsed()), (3, Duration::from_secs(4)));

    let fake = FakeGroups::new(groups(9)).script([outage(), Fault::Hang]);
    let error = ListGroups::from_source(fake).page().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(
        error.to_string(),
        "page 1 failed after 2 attempts in 90.0 s: the deadline of the page passed; resume from the \
         checkpoint, or raise `RetryPolicy::deadline`"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_page_says_what_came_instead_and_what_to_do() {
    for (status, body, text) in [
        (
            302,
            "",
            "302: the server sent a redirect to another location; redirects are not followed, so that the key stays at its origin: check the base URL",
        ),
        (
            204,
            "",
            "expected status 200, found 204; the list may be incomplete: check the base URL, then resume from the checkpoint",
        ),
        (200, "", "the response body is empty; check the base URL, and report this if it is right"),
        (
            200,
            "<title>Login</title>",
            "the body is a page of HTML with the title \"Login\", not JSON; check the base URL, and report this if it is right",
        ),
        (200, r#"{"data":["#, "the body ends early, after 9 bytes; retry later, or resume from the checkpoint"),
        (
            200,
            &" ".repeat(101),
            "the page is larger than the limit of 100 bytes; request smaller pages, or raise `max_page_bytes`",
        ),
        (
            200,
            r#"{"status":"error","message":"App not found"}"#,
            "200 App not found; the same request would fail again: correct what the API refuses",
        ),
    ] {
        assert_eq!(of_an_answer(status, body).await.to_string(), format!("app app: page 1 failed: {text}"));
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_says_what_to_check() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = client(format!("http://{unused}")).build().unwrap().groups("app").page().await.unwrap_err();
    assert!(refused.is_connect());
    assert_eq!(
        refused.to_string(),
        "app app: page 1 failed: could not connect; check the base URL and the network, then resume from the checkpoint"
    );

    let plain = client(format!("https://{}", closes().await)).build().unwrap().groups("app").page().await.unwrap_err();
    assert!(plain.is_tls(), "{plain:?}");
    assert_eq!(
        plain.to_string(),
        "app app: page 1 failed: no secure connection: the server does not speak TLS; check the base URL, the system's certificates and its clock"
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
        (error.is_retryable(), "retryable"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
    .collect()
}

#[tokio::test]
async fn each_kind_of_error_answers_to_its_own_predicates_only() {
    let api = |status, code| Error::api(status, code, "message");
    let nowhere = Page::new(groups(1), Cursors::default()).has_next(true);
    for (error, names) in [
        (Client::new("").unwrap_err(), &["config"][..]),
        (Error::transport("reset"), &["transport", "retryable"]),
        (Error::other("gone"), &[]),
        (api(400, None), &["api"]),
        (api(401, None), &["auth", "api"]),
        (api(403, None), &["auth", "api"]),
        (api(400, Some(190)), &["auth", "api"]),
        (api(404, None), &["not_found", "api"]),
        (api(408, None), &["api", "retryable"]),
        (api(413, None), &["api"]),
        (api(429, None), &["rate_limited", "api", "retryable"]),
        (api(400, Some(4)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(17)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(341)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(80_007)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(130_429)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(131_208)), &["rate_limited", "api", "retryable"]),
        (api(400, Some(1)), &["api", "retryable"]),
        (api(400, Some(2)), &["api", "retryable"]),
        (api(400, Some(2642)), &["api", "cursor_expired"]),
        (api(400, Some(131_059)), &["api", "cursor_expired"]),
        (api(500, Some(131_059)), &["api", "cursor_expired"]),
        (api(500, None), &["api", "retryable"]),
        (api(501, None), &["api"]),
        (api(502, None), &["api", "retryable"]),
        (api(503, None), &["api", "retryable"]),
        (api(504, None), &["api", "retryable"]),
        (api(505, None), &["api"]),
        (of_a_page(nowhere).await, &["protocol"]),
        (of_an_answer(302, "").await, &["redirect"]),
        (of_an_answer(200, "").await, &["decode"]),
        (of_an_answer(200, r#"{"data":["#).await, &["decode", "retryable"]),
        (of_an_answer(200, &" ".repeat(101)).await, &["too_large"]),
        (of_an_answer(200, r#"{"error":{"message":"m","code":9,"is_transient":true}}"#).await, &["api", "retryable"]),
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
