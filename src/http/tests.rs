use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::body::REFUSAL_TIMEOUT;
use super::*;
use crate::cursor::Position;
use crate::walk::PageSize;
use crate::{Client, ClientBuilder, RetryPolicy};

fn client(base: &str) -> ClientBuilder {
    Client::builder("KEY-1234").base_url(base)
}

async fn fetch(client: ClientBuilder) -> Result<Page> {
    client.retry(RetryPolicy::none()).build()?.groups("app").page().await
}

async fn failure(client: ClientBuilder) -> Error {
    let error = fetch(client).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("KEY-1234") && !text.contains("limit=25"), "{text}");
    error
}

/// A server that runs this for every connection, after it has read the request's head.
async fn server<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            tokio::spawn(handle(stream));
        }
    });
    base
}

/// A server that writes this and closes the connection.
async fn writes(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    server(move |mut stream| {
        let answer = answer.clone();
        async move {
            // The client may close the connection early.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A server that writes this, and keeps the connection open.
async fn hangs(answer: &'static [u8]) -> String {
    server(move |mut stream| async move {
        let _ = stream.write_all(answer).await;
        std::future::pending::<()>().await;
    })
    .await
}

#[tokio::test]
async fn a_refused_connection_is_a_failure_to_connect() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(client(&format!("http://{closed}"))).await;
    assert!(error.is_connect() && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_failure_to_connect() {
    struct Unknown;
    impl reqwest::dns::Resolve for Unknown {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err("no such name".into()) })
        }
    }
    let http = reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(Unknown));
    let error = failure(client("https://gupshup.invalid").http(http)).await;
    assert!(error.is_connect() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("could not resolve the host name"), "{error}");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let error = failure(client(&base).http(reqwest::Client::builder().no_proxy())).await;
    assert!(error.is_tls() && !error.is_connect() && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_peer_that_leaves_during_the_tls_handshake_is_a_failure_to_connect() {
    for sent in [&b""[..], b"\x16\x03\x03\x00\x64\x02\x00"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_buf(&mut Vec::with_capacity(4096)).await.unwrap();
            stream.write_all(sent).await.unwrap();
        });
        let error = failure(client(&base).http(reqwest::Client::builder().no_proxy())).await;
        assert!(error.is_connect() && error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn a_truncated_response_is_retryable() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"data\":[",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"data\":[\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n90\r\n{\"data\":[",
    ] {
        let error = failure(client(&writes(answer).await)).await;
        assert!(error.is_retryable() && !error.is_decode() && !error.is_timeout(), "{answer}: {error:?}");
    }
    // No length, and no chunks: the end of the connection is the end of the body, and only its JSON tells.
    let error = failure(client(&writes("HTTP/1.1 200 OK\r\n\r\n{\"data\":[").await)).await;
    assert!(error.is_transport() && error.status() == Some(200), "{error:?}");
}

#[tokio::test]
async fn a_reset_anywhere_is_retryable() {
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"] {
        let base = server(move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.set_zero_linger();
        })
        .await;
        let error = failure(client(&base)).await;
        assert!(error.is_retryable() && !error.is_decode() && !error.is_connect(), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn malformed_http_is_a_protocol_error_and_not_retryable() {
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n{{}}", "X: y\r\n".repeat(1_000));
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        &many_headers,
    ] {
        let error = failure(client(&writes(answer).await)).await;
        assert!(error.is_protocol() && !error.is_retryable(), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn silence_anywhere_is_a_timeout() {
    for answer in
        [&b""[..], b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"data\":["]
    {
        let error = failure(client(&hangs(answer).await).timeout(Duration::from_millis(100))).await;
        assert!(error.is_timeout() && error.is_retryable() && !error.is_connect(), "{error:?}");
    }
}

#[tokio::test]
async fn a_page_may_be_as_large_as_its_bound_and_not_a_byte_larger() {
    let body = r#"{"data":[]}"#;
    let sized = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let unsized_ = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
    for answer in [sized, unsized_] {
        let page = fetch(client(&writes(answer.clone()).await).max_page_bytes(body.len())).await.unwrap();
        assert_eq!(page.bytes, body.len() as u64);
        let error = failure(client(&writes(answer).await).max_page_bytes(body.len() - 1)).await;
        assert!(error.is_too_large() && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains("the limit of 10"), "{error}");
    }
}

#[tokio::test]
async fn a_length_beyond_the_bound_is_an_error_before_the_body_arrives() {
    let base = hangs(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n").await;
    assert!(failure(client(&base)).await.is_too_large());
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_its_bound() {
    let base = server(|mut stream| async move {
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    assert!(failure(client(&base).max_page_bytes(1_000_000)).await.is_too_large());
}

#[tokio::test]
async fn the_status_is_reported_if_the_errors_body_hangs_breaks_or_never_ends() {
    let hanging = hangs(b"HTTP/1.1 503 Busy\r\nContent-Length: 50\r\n\r\n{\"mess").await;
    let broken = writes("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\nzz").await;
    let endless = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\n\r\n").await;
        while stream.write_all(&[0; 4096]).await.is_ok() {}
    })
    .await;
    for base in [hanging, broken, endless] {
        let begun = Instant::now();
        let error = failure(client(&base).timeout(Duration::from_millis(300))).await;
        assert!(error.is_api() && error.status() == Some(503), "{error:?}");
        assert!(begun.elapsed() < REFUSAL_TIMEOUT);
    }
}

#[tokio::test]
async fn the_message_of_a_truncated_error_body_is_its_received_part() {
    let base = hangs(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 50\r\n\r\n<title>Bad key KEY-1234</title>").await;
    let error = failure(client(&base).timeout(Duration::from_millis(300))).await;
    assert_eq!(error.api_message(), Some("Bad key ***"));
    assert!(error.to_string().starts_with("app app: page 1 failed: 502 Bad key ***"), "{error}");
}

#[test]
fn the_query_holds_the_limit_and_at_most_one_cursor_encoded() {
    let limit = PageSize::clamped(7);
    for (position, expected) in [
        (Position::Start, "limit=7"),
        (Position::After("QVFI==".into()), "limit=7&after=QVFI%3D%3D"),
        (Position::Before("a b+c&d=e%f#g?h/\n'é".into()), {
            "limit=7&before=a%20b%2Bc%26d%3De%25f%23g%3Fh%2F%0A%27%C3%A9"
        }),
    ] {
        let query = query(&PageRequest::new(position, limit));
        assert_eq!(query, expected);
        let mut url: Url = "https://h".parse().unwrap();
        url.set_query(Some(&query));
        assert_eq!(url.query(), Some(expected));
    }
}

#[test]
fn the_participants_are_the_documented_body() {
    let body = participants_body(&["1".to_owned(), "2".to_owned()]).unwrap();
    assert_eq!(&*body, br#"{"messaging_product":"whatsapp","participants":[{"user":"1"},{"user":"2"}]}"#);
}

#[tokio::test]
async fn invalid_input_is_an_error_and_makes_no_request() {
    let base = server(|_| async { panic!("a request") }).await;
    let client = client(&base).build().unwrap();
    let app = || client.groups("app");
    for list in [
        client.groups(""),
        app().participants([""; 0]),
        app().participants(["1"; 9]),
        app().participants(["1", " "]),
        app().after(""),
    ] {
        let error = list.page().await.unwrap_err();
        assert!(error.is_config() && error.attempts() == 0, "{error:?}");
    }
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_named() {
    for (status, body) in [("200 OK", "{\"data\":[]}"), ("403 Forbidden", "no")] {
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Encoding: br\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let error = failure(client(&writes(answer).await)).await;
        assert!(error.is_protocol() && error.to_string().contains("encoded as \"br\""), "{error}");
        assert_eq!(error.status().map(|code| code.to_string()), status.split(' ').next().map(str::to_owned));
    }
}

#[tokio::test]
async fn the_trace_id_of_the_body_or_else_of_a_header_is_kept() {
    for (headers, body, expected) in [
        ("X-Request-Id: abc-1\r\n", "{\"message\":\"no\"}", Some("abc-1")),
        ("x-fb-trace-id: h\r\nX-Request-Id: i\r\n", "", Some("h")),
        ("X-Request-Id: \r\n", "", None),
        ("", "", None),
    ] {
        let answer = format!("HTTP/1.1 400 Bad Request\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        let error = failure(client(&writes(answer).await)).await;
        assert_eq!(error.trace_id(), expected);
    }
}
