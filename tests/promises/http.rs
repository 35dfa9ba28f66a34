//! Promises 10 and 11 on the wire: what is sent, and what comes of each answer.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use gupshup_groups::{Client, Cursor, Error, Page, Result};
use httpmock::prelude::*;
use httpmock::{HttpMockRequest, HttpMockResponse};

const KEY: &str = "sk_live-0123456789";

/// The last page of a list: a group, cursors, and no link.
const PAGE: &str = r#"{
    "data": [{"creation_timestamp": 1700000000, "id": "Z3JvdXA=", "subject": "Support"}],
    "paging": {"cursors": {"after": "AFTER", "before": "BEFORE"}},
    "status": "success"
}"#;

fn client(server: &MockServer) -> Client {
    Client::builder(KEY).base_url(server.url("/wa")).build().unwrap()
}

async fn page(server: &MockServer) -> Result<Page> {
    client(server).groups("app").page().await
}

/// The error, which shows no secret at any depth.
async fn failure(server: &MockServer) -> Error {
    let error = page(server).await.unwrap_err();
    shows_no_secret(&error);
    error
}

fn shows_no_secret(error: &Error) {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(KEY) && !text.contains("CURSOR") && !text.contains("limit="), "{text}");
        next = error.source();
    }
}

/// A server that answers everything with this.
async fn answers(status: u16, body: impl AsRef<[u8]>) -> MockServer {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(status).body(body);
        })
        .await;
    server
}

/// A server that answers everything by a function, and keeps what it was asked.
async fn records(
    answer: impl Fn(&HttpMockRequest) -> String + Send + Sync + 'static,
) -> (MockServer, Arc<Mutex<Vec<HttpMockRequest>>>) {
    let server = MockServer::start_async().await;
    let requests = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&requests);
    server
        .mock_async(|when, then| {
            when.any_request();
            then.respond_with(move |request: &HttpMockRequest| {
                record.lock().unwrap().push(request.clone());
                HttpMockResponse::builder().status(200).body(answer(request)).build()
            });
        })
        .await;
    (server, requests)
}

fn path_and_query(request: &HttpMockRequest) -> String {
    request.uri().path_and_query().unwrap().to_string()
}

#[tokio::test]
async fn the_request_is_the_documented_one_without_a_body() {
    let (server, requests) = records(|_| PAGE.into()).await;
    let page = page(&server).await.unwrap();
    assert_eq!(page.groups[0].id, "Z3JvdXA=");

    let requests = requests.lock().unwrap();
    let [request] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!(request.method_str(), "GET");
    assert_eq!(path_and_query(request), "/wa/app/app/group?limit=25");
    assert_eq!(request.headers()["apikey"], KEY);
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(!request.headers().contains_key("referer"));
    assert!(request.body_ref().is_empty());
}

#[tokio::test]
async fn participants_are_sent_as_the_documented_body() {
    let (server, requests) = records(|_| PAGE.into()).await;
    client(&server).groups("app").participants(["919999999999", "15550001"]).page().await.unwrap();
    let body = r#"{"messaging_product":"whatsapp","participants":[{"user":"919999999999"},{"user":"15550001"}]}"#;
    assert_eq!(requests.lock().unwrap()[0].body_string(), body);
}

#[tokio::test]
async fn an_app_id_with_any_characters_is_one_segment_of_the_path() {
    let (server, requests) = records(|_| PAGE.into()).await;
    for app_id in ["a/b", "a?b", "a#b", "%2e%2e", "a b"] {
        client(&server).groups(app_id).page().await.unwrap();
    }
    let paths: Vec<_> = requests.lock().unwrap().iter().map(path_and_query).collect();
    let expected = ["a%2Fb", "a%3Fb", "a%23b", "%252e%252e", "a%20b"];
    assert_eq!(paths, expected.map(|id| format!("/wa/app/{id}/group?limit=25")));
}

#[tokio::test]
async fn cursors_come_back_byte_for_byte() {
    let cursor = "CURSOR & = + % %20 # ? / \\ \" ' \n \u{e9} \u{1f600}";
    let json = format!(r#"{{"data":[],"paging":{{"cursors":{{"after":{0},"before":{0}}}}}}}"#, json_text(cursor));
    let (server, requests) = records(move |_| json.clone()).await;
    let cursors = page(&server).await.unwrap().cursors;
    assert_eq!(cursors.after.as_ref().map(Cursor::as_str), Some(cursor));

    client(&server).groups("app").after(cursors.after.unwrap()).page().await.unwrap();
    client(&server).groups("app").before(cursors.before.unwrap()).page().await.unwrap();
    let requests = requests.lock().unwrap();
    for (request, name) in [(&requests[1], "after"), (&requests[2], "before")] {
        let expected = format!("/wa/app/app/group?limit=25&{name}={}", percent_encoded(cursor));
        assert_eq!(path_and_query(request), expected);
    }
}

/// As RFC 3986 has it, in the longest form that cannot be misread.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn json_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[tokio::test]
async fn a_link_is_never_requested() {
    let other = answers(200, PAGE).await;
    let link = other.url("/groups?limit=25&after=CURSOR&access_token=T");
    let (server, requests) = records(move |request| {
        if path_and_query(request).contains("after=CURSOR") {
            return PAGE.into();
        }
        format!(r#"{{"data":[{{"id":"a","subject":"","creation_timestamp":1}}],"paging":{{"next":"{link}"}}}}"#)
    })
    .await;
    let groups: Vec<_> = client(&server).groups("app").stream().collect().await;
    assert_eq!(groups.into_iter().map(|group| group.unwrap().id).collect::<Vec<_>>(), ["a", "Z3JvdXA="]);
    assert!(requests.lock().unwrap().iter().all(|request| request.headers()["apikey"] == KEY));
    assert_eq!(requests.lock().unwrap().len(), 2);
    assert!(!page(&other).await.unwrap().has_next, "the other server works");
}

#[tokio::test]
async fn a_redirect_is_an_error_and_the_other_server_sees_no_request() {
    let (other, requests) = records(|_| PAGE.into()).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [other.url("/wa/app/app/group"), "/elsewhere".into(), "//".into(), String::new()] {
            let server = MockServer::start_async().await;
            let redirect = server
                .mock_async(|when, then| {
                    when.any_request();
                    let then = then.status(status);
                    if !location.is_empty() {
                        then.header("location", &location);
                    }
                })
                .await;
            let error = failure(&server).await;
            assert!(error.is_redirect() && !error.is_retryable(), "{error:?}");
            assert_eq!(error.status(), Some(status));
            redirect.assert_calls_async(1).await;
        }
    }
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_status_that_refuses_surfaces_the_apis_message() {
    for (status, message) in [
        (400, "Group is not enabled for this app"),
        (401, "Authentication Failed"),
        (403, "Not App Owner"),
        (404, "App not found"),
        (501, "Not Implemented"),
        (505, "HTTP Version Not Supported"),
    ] {
        let server = answers(status, format!(r#"{{"status":"error","message":"{message}"}}"#)).await;
        let error = failure(&server).await;
        assert!(error.is_api() && !error.is_retryable(), "{error:?}");
        assert_eq!((error.status(), error.api_message()), (Some(status), Some(message)));
        assert!(error.to_string().starts_with("GET /app/{app}/group failed"), "{error}");
        assert_eq!((error.is_auth(), error.is_not_found()), (matches!(status, 401 | 403), status == 404));
    }
}

#[tokio::test]
async fn success_that_is_not_200_and_an_empty_200_are_errors_and_never_an_empty_list() {
    for status in [201, 202, 204, 206] {
        let error = failure(&answers(status, "").await).await;
        assert!(error.is_protocol() && error.status() == Some(status), "{error:?}");
    }
    assert!(failure(&answers(304, "").await).await.is_redirect());
    assert!(failure(&answers(200, "").await).await.is_decode());
}

#[tokio::test]
async fn an_error_with_status_200_is_the_apis_error() {
    for body in [
        r#"{"status":"error","message":"App not found"}"#,
        r#"{"error":{"message":"App not found","code":100}}"#,
        r#"{"data":[],"error":"App not found"}"#,
    ] {
        let error = failure(&answers(200, body).await).await;
        assert!(error.is_api(), "{error:?}");
        assert_eq!((error.status(), error.api_message()), (Some(200), Some("App not found")));
    }
}

#[tokio::test]
async fn an_error_body_of_any_kind_is_bounded_and_tells_its_status() {
    for (body, message) in [
        (b"<html><head><title>403 Forbidden</title></head></html>".to_vec(), Some("403 Forbidden")),
        (vec![b' '; 10_000_000], None),
        (vec![0xff; 1_000], None),
        (Vec::new(), None),
    ] {
        let error = failure(&answers(403, body).await).await;
        assert_eq!((error.status(), error.api_message()), (Some(403), message));
    }
}

#[tokio::test]
async fn an_echoed_key_or_cursor_is_masked() {
    let body = format!(r#"{{"message":"key {KEY}, after CURSOR/1+2, url ?after=CURSOR%2F1%2B2&apikey={KEY}"}}"#);
    for status in [200, 400, 401] {
        let body = if status == 200 { body.replace('{', r#"{"status":"error","#) } else { body.clone() };
        let server = answers(status, body).await;
        let error = client(&server).groups("app").after("CURSOR/1+2").page().await.unwrap_err();
        shows_no_secret(&error);
        assert_eq!(error.api_message(), Some("key ***, after ***, url ?after=***&apikey=***"));
    }
}

#[tokio::test]
async fn a_page_beyond_the_bound_is_an_error_that_names_the_bound() {
    let server = answers(200, PAGE).await;
    let bounded =
        |bytes| Client::builder(KEY).base_url(server.base_url()).max_page_bytes(bytes).build().unwrap().groups("app");
    assert_eq!(bounded(PAGE.len()).page().await.unwrap().groups.len(), 1);
    let error = bounded(PAGE.len() - 1).page().await.unwrap_err();
    assert!(error.is_too_large() && error.to_string().contains("max_page_bytes"), "{error}");
}

#[tokio::test]
async fn good_json_is_read_whatever_its_content_type() {
    for content_type in ["text/html", "text/plain; charset=latin1", "nonsense"] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(200).header("content-type", content_type).body(PAGE);
            })
            .await;
        assert_eq!(page(&server).await.unwrap().groups.len(), 1);
    }
}

#[tokio::test]
async fn a_decode_error_names_the_path_and_quotes_nothing() {
    let body = r#"{"data":[{"id":"a","subject":"CURSOR","creation_timestamp":"CURSOR"}]}"#;
    let error = failure(&answers(200, body).await).await;
    assert!(error.is_decode() && error.to_string().contains("data[0].creation_timestamp"), "{error}");
}
