//! The requests that are sent, and the result of each response.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use gupshup_groups::{Client, Cursor, Error, Page, Result, reqwest};
use httpmock::prelude::*;
use httpmock::{HttpMockRequest, HttpMockResponse};

use crate::support::{KEY, assert_no_secrets};

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
    assert_no_secrets(&error);
    error
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

/// A server with a function for its responses, and a record of its requests.
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
    assert_eq!(request.headers()["cache-control"], "no-cache", "a list from a cache would lack groups that exist");
    assert_eq!(request.headers()["accept-encoding"], "gzip");
    assert!(!request.headers().contains_key("referer"));
    assert!(request.body_ref().is_empty());
}

#[tokio::test]
async fn the_user_agent_and_no_cache_are_sent_also_by_a_http_client_of_the_callers() {
    let crates = concat!("gupshup-groups/", env!("CARGO_PKG_VERSION"));
    let http = || reqwest::Client::builder().user_agent("another/1");
    let (server, requests) = records(|_| PAGE.into()).await;
    let builder = || Client::builder(KEY).base_url(server.base_url());
    for (builder, user_agent) in [
        (builder(), crates),
        (builder().http(http()), crates),
        (builder().user_agent("crm/2"), "crm/2"),
        (builder().http(http()).user_agent("crm/2"), "crm/2"),
    ] {
        builder.build().unwrap().groups("app").page().await.unwrap();
        let request = requests.lock().unwrap().pop().unwrap();
        assert_eq!(request.headers()["user-agent"], user_agent);
        assert_eq!(request.headers()["cache-control"], "no-cache");
    }
}

#[tokio::test]
async fn a_user_agent_that_is_no_header_value_is_refused() {
    let error = Client::builder(KEY).user_agent("crm\n2").build().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("the user agent"), "{error}");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A server that answers everything with this body, in this coding.
async fn encodes(status: u16, encoding: &str, body: impl AsRef<[u8]>) -> MockServer {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(status).header("content-encoding", encoding).body(body);
        })
        .await;
    server
}

#[tokio::test]
async fn a_page_in_gzip_is_decoded() {
    let server = encodes(200, "gzip", gzip(PAGE)).await;
    let mut stream = client(&server).groups("app").stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, "Z3JvdXA=");
    assert_eq!(stream.progress().bytes, PAGE.len() as u64, "the decoded size");
}

#[tokio::test]
async fn the_bound_of_a_page_counts_decoded_bytes() {
    let page = format!("{PAGE}{}", " ".repeat(1_000_000));
    let body = gzip(&page);
    assert!(body.len() < 2_000, "{} bytes on the wire", body.len());
    let server = encodes(200, "gzip", &body).await;
    let bounded = |bytes| Client::builder(KEY).base_url(server.base_url()).max_page_bytes(bytes).build().unwrap();
    assert_eq!(bounded(page.len()).groups("app").page().await.unwrap().groups.len(), 1);
    assert!(bounded(page.len() - 1).groups("app").page().await.unwrap_err().is_too_large());
}

#[tokio::test]
async fn a_refusal_in_gzip_keeps_its_code_and_message() {
    let body = gzip(r#"{"error":{"message":"Invalid cursor","code":131059}}"#);
    let error = failure(&encodes(400, "gzip", body).await).await;
    assert_eq!((error.api_code(), error.api_message()), (Some(131_059), Some("Invalid cursor")));
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_named() {
    for (status, encoding) in [(200, "br"), (200, "deflate"), (200, "zstd"), (503, "br")] {
        let error = failure(&encodes(status, encoding, PAGE).await).await;
        assert!(error.to_string().contains(&format!("encoded as \"{encoding}\"")), "{error}");
        assert!(error.advice().contains("proxies"), "{}", error.advice());
        assert_eq!((error.status(), error.is_decode()), (Some(status), false));
    }
    assert_eq!(page(&encodes(200, "identity", PAGE).await).await.unwrap().groups.len(), 1);
}

#[tokio::test]
async fn the_servers_trace_id_is_in_the_error() {
    for header in ["x-fb-trace-id", "x-request-id", "x-amzn-requestid", "cf-ray"] {
        for (status, body) in [(404, ""), (204, ""), (302, ""), (200, "<html>")] {
            let server = MockServer::start_async().await;
            server
                .mock_async(|when, then| {
                    when.any_request();
                    then.status(status).header(header, "A7-trace").body(body);
                })
                .await;
            let error = failure(&server).await;
            assert_eq!(error.trace_id(), Some("A7-trace"), "{header}: {error}");
            assert!(error.to_string().ends_with(" (trace id A7-trace)"), "{error}");
        }
    }
    assert_eq!(failure(&answers(404, "").await).await.trace_id(), None);
}

#[tokio::test]
async fn the_trace_id_of_the_api_counts_before_that_of_a_gateway() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            let body = r#"{"error":{"message":"Unsupported get request","code":100,"fbtrace_id":"AbC-1"}}"#;
            then.status(400).header("x-request-id", "gateway").body(body);
        })
        .await;
    let error = failure(&server).await;
    assert_eq!((error.trace_id(), error.api_code()), (Some("AbC-1"), Some(100)));
}

#[tokio::test]
async fn a_partners_token_is_sent_as_authorization_and_in_no_other_header() {
    let (server, requests) = records(|_| PAGE.into()).await;
    let client = Client::partner_builder(KEY).base_url(server.url("/partner")).build().unwrap();
    client.groups("app").page().await.unwrap();

    let requests = requests.lock().unwrap();
    assert_eq!(path_and_query(&requests[0]), "/partner/app/app/group?limit=25");
    assert_eq!(requests[0].headers()["authorization"], KEY);
    assert!(!requests[0].headers().contains_key("apikey"));
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

/// RFC 3986, in the longest form.
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
async fn an_echoed_key_or_cursor_is_masked() {
    let body = format!(r#"{{"message":"key {KEY}, after CURSOR/1+2, url ?after=CURSOR%2F1%2B2&apikey={KEY}"}}"#);
    for status in [200, 400, 401] {
        let body = if status == 200 { body.replace('{', r#"{"status":"error","#) } else { body.clone() };
        let server = answers(status, body).await;
        let error = client(&server).groups("app").after("CURSOR/1+2").page().await.unwrap_err();
        assert_no_secrets(&error);
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
    assert_no_secrets(&error);
    assert!(error.is_too_large(), "{error}");
    let bound = PAGE.len() - 1;
    assert!(error.to_string().ends_with(&format!("larger than the limit of {bound} bytes")), "{error}");
    assert!(error.advice().contains("`max_page_bytes`"), "{}", error.advice());
}

#[tokio::test]
async fn valid_json_is_read_with_any_content_type() {
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
