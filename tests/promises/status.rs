//! The meaning of a status: another attempt, or an error with the server's message.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use gupshup_groups::{Client, Error, RetryPolicy};

use crate::faults::{Fault, builder, client, fails_at_once, quick, survives, then, walk, writes};
use crate::server::{Event, Server, Step, pass, reply};
use crate::support::{KEY, all_of, assert_hides, assert_no_secrets, groups};

const SECOND: Duration = Duration::from_secs(1);

/// A response after which the connection ends.
fn last(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Fault {
    writes(reply(status, &[headers, &["Connection: close"]].concat(), body))
}

pub(crate) fn rate_limits() -> Vec<Fault> {
    vec![
        last("429 Too Many Requests", &[], ""),
        last("429 Too Many Requests", &["Retry-After: 0"], r#"{"status":"error","message":"Too Many Requests"}"#),
        // Meta's form.
        last("400 Bad Request", &[], r#"{"error":{"message":"Rate limit issues","code":80007}}"#),
        last("200 OK", &[], r#"{"error":{"message":"Rate limit hit","code":130429}}"#),
    ]
}

pub(crate) fn outages() -> Vec<Fault> {
    let outages =
        ["500 Internal Server Error", "502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout", "408 Timeout"];
    outages.map(|status| last(status, &[], "<html><title>Sorry</title></html>")).into()
}

pub(crate) fn temporary() -> Vec<Fault> {
    vec![
        last("400 Bad Request", &[], r#"{"error":{"message":"Service temporarily unavailable","code":2}}"#),
        last("403 Forbidden", &[], r#"{"error":{"message":"Later","code":99,"is_transient":true}}"#),
        last("200 OK", &[], r#"{"status":"error","error":{"message":"An unknown error occurred","code":1}}"#),
    ]
}

/// The error of one attempt, for status 429 with these headers.
async fn rate_limited(headers: &[&str]) -> Error {
    let server = Server::start(&[], [[vec![Step::Request], last("429 Slow Down", headers, "")].concat()]).await;
    let client = builder(server.base_url()).retry(RetryPolicy::none()).build().unwrap();
    let (_, error) = walk(client.groups("app")).await;
    let error = error.unwrap();
    assert!(error.is_rate_limited() && error.is_retryable(), "{error:?}");
    assert_eq!(error.status(), Some(429));
    error
}

#[tokio::test]
async fn a_rate_limit_is_retried_and_the_last_error_is_rate_limited() {
    for fault in rate_limits() {
        let error = survives(fault).await;
        assert!(error.is_rate_limited() && error.advice().contains("wait"), "{error:?}");
    }
}

#[tokio::test]
async fn no_retry_is_made_before_the_servers_retry_after() {
    let list = groups(7);
    let server = Server::start(&list, [[vec![Step::Request], last("429", &["Retry-After: 1"], "")].concat()]).await;
    let mut stream = client(&server).groups("app").stream();
    let begun = Instant::now();
    assert_eq!(stream.next().await.unwrap().unwrap(), list[0]);
    assert!(begun.elapsed() >= SECOND && stream.progress().waited >= SECOND, "{:?}", begun.elapsed());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_retry_after_of_two_seconds_is_not_shortened() {
    let error = rate_limited(&["Retry-After: 2"]).await;
    assert_eq!(error.retry_after(), Some(2 * SECOND));

    let server =
        Server::start(&groups(7), [[vec![Step::Request], last("429", &["Retry-After: 2"], "")].concat()]).await;
    let mut stream = client(&server).groups("app").stream();
    {
        let mut next = stream.next();
        let wait = async {
            server.saw(&Event::Done(0)).await;
            pass(SECOND + SECOND / 2).await;
            // Any further request has arrived by now.
            pass(Duration::ZERO).await;
            assert_eq!(server.requests(), 1);
            pass(SECOND).await;
        };
        let (group, ()) = futures::join!(&mut next, wait);
        assert!(group.unwrap().is_ok());
    }
    assert!(stream.progress().waited >= 2 * SECOND);
    assert_eq!((server.requests(), stream.progress().retries), (2, 1));
}

#[tokio::test]
async fn a_server_that_asks_for_more_than_a_minute_is_an_error_at_once_that_says_so() {
    for (seconds, wait) in [(61, 61 * SECOND), (u64::MAX, Duration::MAX)] {
        let error = fails_at_once(last("503 Unavailable", &[&format!("Retry-After: {seconds}")], "")).await;
        assert_eq!(error.retry_after(), Some(wait));
        assert!(error.is_retryable() && error.to_string().contains("the server asks to wait "), "{error}");
    }
}

#[tokio::test]
async fn the_wait_that_a_refusal_with_status_200_names_counts_too() {
    let body = r#"{"error":{"message":"Rate limit hit","code":130429}}"#;
    let error = fails_at_once(last("200 OK", &["Retry-After: 61"], body)).await;
    assert!(error.is_rate_limited(), "{error:?}");
    assert_eq!((error.status(), error.retry_after()), (Some(200), Some(61 * SECOND)));
}

#[tokio::test]
async fn a_date_is_measured_against_the_servers_own_clock_in_all_three_formats() {
    let date = "Date: Sun, 06 Nov 1994 08:49:30 GMT";
    for until in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        let error = rate_limited(&[date, &format!("Retry-After: {until}")]).await;
        assert_eq!(error.retry_after(), Some(7 * SECOND), "{until}");
    }
    for past in ["Sun, 06 Nov 1994 08:49:29 GMT", "Sunday, 06-Nov-94 08:49:29 GMT", "Sun Nov  6 08:49:29 1994"] {
        let error = rate_limited(&[date, &format!("Retry-After: {past}")]).await;
        assert_eq!(error.retry_after(), Some(Duration::ZERO), "{past}");
        survives(last("429 Slow Down", &[date, &format!("Retry-After: {past}")], "")).await;
    }
    // Without a `Date`, the time is measured against this machine's clock; this one is far ahead.
    let error = rate_limited(&["Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"]).await;
    assert!(error.retry_after().unwrap() > Duration::from_secs(86_400 * 365 * 1_000));
}

#[tokio::test]
async fn an_absurd_retry_after_is_unlimited_or_ignored() {
    for (headers, wait) in [
        (vec!["Retry-After: 99999999999999999999999"], Some(Duration::MAX)),
        (vec!["Retry-After: -1"], None),
        (vec!["Retry-After: 2.5"], Some(SECOND * 5 / 2)),
        (vec!["Retry-After: 119.7"], Some(Duration::from_millis(119_700))),
        (vec!["Retry-After: 3, 3"], Some(3 * SECOND)),
        (vec!["Retry-After: soon"], None),
        (vec!["Retry-After: \u{e9}"], None),
        (vec!["Retry-After:"], None),
        (vec!["Retry-After: 1", "Retry-After: 3"], Some(3 * SECOND)),
        (vec!["Retry-After: 3", "Retry-After: 1"], Some(3 * SECOND)),
        (vec!["Retry-After: soon", "Retry-After: 3"], Some(3 * SECOND)),
    ] {
        assert_eq!(rate_limited(&headers).await.retry_after(), wait, "{headers:?}");
        if wait.is_none() {
            survives(last("429 Slow Down", &headers, "")).await;
        }
    }
}

#[tokio::test]
async fn a_server_outage_is_retried() {
    for fault in outages() {
        let error = survives(fault).await;
        assert!(error.is_api() && !error.is_rate_limited(), "{error:?}");
        assert!(matches!(error.status(), Some(500 | 502 | 503 | 504 | 408)), "{error:?}");
        assert_eq!(error.api_message(), Some("Sorry"));
    }
}

#[tokio::test]
async fn an_error_that_the_api_calls_temporary_is_retried_with_any_status() {
    for fault in temporary() {
        assert!(survives(fault).await.is_api());
    }
}

#[tokio::test]
async fn a_permanent_server_error_is_not_retried() {
    for (status, line) in [(501, "501 Not Implemented"), (505, "505 HTTP Version Not Supported")] {
        let error = fails_at_once(last(line, &[], "")).await;
        assert!(error.is_api() && !error.is_retryable(), "{error:?}");
        assert_eq!(error.status(), Some(status));
    }
}

#[tokio::test]
async fn a_refusal_takes_one_request_and_surfaces_the_apis_message() {
    for (status, message) in [
        (400, "Group is not enabled for this app"),
        (401, "Authentication Failed"),
        (403, "Not App Owner"),
        (404, "App not found"),
    ] {
        let body = format!(r#"{{"status":"error","message":"{message}"}}"#);
        let error = fails_at_once(last(&format!("{status} No"), &[], body)).await;
        assert!(error.is_api() && !error.is_retryable(), "{error:?}");
        assert_eq!((error.status(), error.api_message()), (Some(status), Some(message)));
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!((error.is_auth(), error.is_not_found()), (matches!(status, 401 | 403), status == 404));
    }
}

#[tokio::test]
async fn success_without_a_page_is_an_error_and_never_an_empty_list() {
    let page = r#"{"data":[],"paging":{},"status":"success"}"#;
    for (fault, status) in [
        (last("201 Created", &[], page), 201),
        (writes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), 204),
        (last("206 Partial Content", &["Content-Range: bytes 0-41/50"], page), 206),
        (writes("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"), 304),
        (last("200 OK", &[], ""), 200),
    ] {
        let error = fails_at_once(fault).await;
        assert_eq!(error.status(), Some(status), "{error:?}");
        assert_eq!(
            (error.is_protocol(), error.is_redirect(), error.is_decode()),
            (status < 300 && status > 200, status == 304, status == 200),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed_wherever_it_points() {
    let other = Server::start(&groups(7), []).await;
    let port = other.address.port();
    let locations = [
        // The same host, other ports and other names of it, over http and https.
        Some("/app/app/group?limit=25".to_owned()),
        Some(format!("http://127.0.0.1:{port}/app/app/group?limit=25")),
        Some(format!("http://localhost:{port}/app/app/group?limit=25&after=CURSOR")),
        Some(format!("//localhost:{port}/")),
        Some(format!("https://127.0.0.1:{port}/")),
        Some("//".into()),
        Some(String::new()),
        None,
    ];
    let statuses = [301, 302, 303, 307, 308, 300, 305, 399];
    // Each status with one location, and each location with one status.
    let pairs = statuses.iter().map(|status| (*status, &locations[1])).chain(locations.iter().map(|to| (302, to)));
    for (status, location) in pairs {
        let location = location.as_ref().map(|location| format!("Location: {location}"));
        let headers: Vec<_> = location.iter().map(String::as_str).collect();
        let error = fails_at_once(last(&format!("{status} Elsewhere"), &headers, "")).await;
        assert!(error.is_redirect() && !error.is_retryable(), "{error:?}");
        assert_eq!(error.status(), Some(status));
    }
    assert_eq!(other.log(), []);
    assert_eq!(all_of(walk(client(&other).groups("app")).await), groups(7), "the other server works");
}

#[tokio::test]
async fn a_callers_own_policy_for_redirects_is_overruled() {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::limited(10));
    let other = Server::start(&groups(7), []).await;
    let to = format!("Location: {}/", other.base_url());
    let server = Server::start(&[], [[vec![Step::Request], last("302 Found", &[&to], "")].concat()]).await;
    let client = builder(server.base_url()).http(http).build().unwrap();
    let (_, error) = walk(client.groups("app")).await;
    assert!(error.unwrap().is_redirect());
    assert_eq!((server.requests(), other.log()), (1, vec![]));
}

#[tokio::test]
async fn an_error_body_of_any_kind_is_bounded_and_tells_its_status() {
    let megabytes = "xxx ".repeat(2_500_000);
    for (body, message) in [
        (b"<html><head><title>403 Forbidden</title></head></html>".to_vec(), Some("403 Forbidden")),
        (megabytes.into_bytes(), Some("xxx")),
        (b"\x89PNG\r\n\x1a\n\0\0".to_vec(), None),
        (vec![0xff; 1_000], None),
    ] {
        let error = fails_at_once(then(last("403 Forbidden", &[], body), Step::HalfClose)).await;
        assert_eq!(error.status(), Some(403));
        assert!(error.api_message().is_none_or(|message| message.len() < 3_000));
        assert_eq!(error.api_message().map(|text| text.get(..3)), message.map(|text| text.get(..3)));
    }
}

#[tokio::test]
async fn the_connection_of_an_endless_error_body_is_closed() {
    let script =
        [vec![Step::Request], writes("HTTP/1.1 403 Forbidden\r\n\r\n"), vec![Step::Repeat(vec![b'x'; 10_000])]];
    let server = Server::start(&[], [script.concat()]).await;
    let (_, error) = walk(client(&server).groups("app")).await;
    assert_eq!(error.unwrap().status(), Some(403));
    server.saw(&Event::ClosedByPeer(0)).await;
}

#[tokio::test]
async fn an_error_body_that_hangs_costs_five_seconds_and_not_the_status() {
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n<title>Forbidden</title>";
    let server = Server::start(&[], [[vec![Step::Request], then(writes(head), Step::Hang)].concat()]).await;
    let listing = client(&server).groups("app");
    let time = async {
        server.saw(&Event::Silent(0)).await;
        pass(5 * SECOND).await;
    };
    let ((_, error), ()) = futures::join!(walk(listing), time);
    let error = error.unwrap();
    assert!(error.is_api() && !error.is_timeout(), "{error:?}");
    assert_eq!((error.status(), error.api_message()), (Some(403), Some("Forbidden")));
}

#[tokio::test]
async fn a_key_or_cursor_that_the_server_echoes_is_masked() {
    let body =
        format!(r#"{{"status":"error","message":"{KEY} may not ask ?apikey={KEY} for CURSOR/1+2 or CURSOR%2F1%2B2"}}"#);
    for status in ["200 OK", "400 Bad Request", "401 Unauthorized", "503 Unavailable"] {
        let answer = [vec![Step::Request], last(status, &[], &body)].concat();
        let server = Server::start(&[], vec![answer; 3]).await;
        let (_, error) = walk(client(&server).groups("app").after("CURSOR/1+2")).await;
        assert_eq!(error.unwrap().api_message(), Some("*** may not ask ?apikey=*** for *** or ***"));
    }
}

#[tokio::test]
async fn an_error_that_comes_with_status_200_is_the_apis_error() {
    for body in [
        r#"{"status":"error","message":"App not found"}"#,
        r#"{"status":"error","message":"App not found","data":[]}"#,
        r#"{"error":{"message":"App not found","code":100}}"#,
        r#"{"data":[],"error":"App not found"}"#,
    ] {
        let error = fails_at_once(last("200 OK", &[], body)).await;
        assert!(error.is_api() && !error.is_retryable(), "{error:?}");
        assert_eq!((error.status(), error.api_message()), (Some(200), Some("App not found")));
    }
}

#[tokio::test]
async fn an_empty_list_with_a_status_other_than_success_is_an_error_and_never_an_empty_list() {
    for status in ["false", "500", "true", r#""""#, r#""failed""#, "{}"] {
        let error = fails_at_once(last("200 OK", &[], format!(r#"{{"status":{status},"data":[]}}"#))).await;
        assert!(error.is_api() && error.status() == Some(200), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn an_access_token_in_the_servers_text_is_masked() {
    let json = r#"{"status":"error","message":"GET h?access_token=TOKEN&limit=25 with {\"access_token\":\"TOKEN\"} or Bearer TOKEN"}"#;
    let masked = r#"GET h?access_token=***&limit=25 with {"access_token":"***"} or Bearer ***"#;
    for status in ["200 OK", "400 Bad Request"] {
        let server = Server::start(&[], [[vec![Step::Request], last(status, &[], json)].concat()]).await;
        let error = client(&server).groups("app").page().await.unwrap_err();
        assert_hides(&error, &["TOKEN"]);
        assert_eq!(error.api_message(), Some(masked));
    }
    let html = "<html><title>access_token: TOKEN</title></html>";
    for (status, masked) in [("200 OK", "\"access_token: ***\""), ("403 Forbidden", "403 access_token: ***")] {
        let server = Server::start(&[], [[vec![Step::Request], last(status, &[], html)].concat()]).await;
        let error = client(&server).groups("app").page().await.unwrap_err();
        assert_hides(&error, &["TOKEN"]);
        assert!(error.to_string().contains(masked), "{error}");
    }
}

/// A server that always fails, and a client that retries without limit.
async fn busy(status: &str, policy: RetryPolicy) -> (Server, Client) {
    let answers = vec![[vec![Step::Request], writes(reply(status, &[], ""))].concat(); 1_000].concat();
    let server = Server::start(&[], vec![answers; 10]).await;
    let client = builder(server.base_url()).retry(policy).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn when_the_budget_is_used_up_errors_come_at_once() {
    let policy = quick().attempts(1_000).cap(Duration::from_millis(1));
    let (server, client) = busy("503 Unavailable", policy).await;
    let (_, error) = walk(client.groups("app")).await;
    assert!(error.unwrap().to_string().contains("after 101 attempts"));
    assert_eq!(server.requests(), 101);

    // The budget is empty, also for clones.
    let mut stream = client.clone().groups("other").stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_no_secrets(&error);
    assert!(error.is_retryable() && !error.to_string().contains("attempts"), "{error}");
    assert_eq!((stream.progress().waited, stream.progress().retries), (Duration::ZERO, 0));
    assert_eq!(server.requests(), 102);
}

#[tokio::test]
async fn a_storm_of_rate_limits_against_ten_clones_is_not_amplified() {
    let (server, client) = busy("429 Too Many Requests", quick()).await;
    let clones = (0..10).map(|_| {
        let client = client.clone();
        async move {
            for _ in 0..20 {
                let (_, error) = walk(client.groups("app")).await;
                assert!(error.unwrap().is_rate_limited());
            }
        }
    });
    join_all(clones).await;
    // 200 listings, and what the budget of 500 allows at 5 a retry. Three attempts each would be 600.
    assert_eq!(server.requests(), 200 + 100);
}

#[tokio::test]
async fn an_outage_that_ends_between_two_listings_leaves_no_trace() {
    let list = groups(7);
    let outage = [vec![Step::Request], last("503 Unavailable", &[], "")].concat();
    let server = Server::start(&list, vec![outage; 3]).await;
    let client = client(&server);
    let mut stream = client.groups("app").stream();
    assert_eq!(stream.next().await.unwrap().unwrap_err().status(), Some(503));
    assert!(stream.next().await.is_none());
    stream.resume();
    let walked: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(walked, list);
    assert_eq!(server.requests(), 3 + 3);
}
