//! The wire: one request a page, a bounded answer, and what went wrong in this crate's words. Nothing else here knows
//! reqwest.

mod retry_after;

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use percent_encoding::utf8_percent_encode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sync_wrapper::SyncWrapper;

use crate::cursor::Position;
use crate::error::mask::ENCODED;
use crate::error::{Error, Limit, Result};
use crate::page::{Page, Refusal, decode};
use crate::source::{PageRequest, PageSource};

pub(crate) use retry_after::parse_retry_after;

/// The header that the key goes into.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("apikey");

/// How much of an error's body is read, in bytes. The API's errors are a few hundred; an HTML page that has its title
/// further in than this says nothing that matters.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// How long an error's body is waited for. The status has arrived and says what matters; a server that hangs in its
/// body may not delay the news for a whole attempt.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(5);

/// The longest app id that is sent, in bytes. The API's are UUIDs, of 36.
const MAX_APP_ID_BYTES: usize = 256;

/// The most participants that the API's page allows in the body.
const MAX_PARTICIPANTS: usize = 8;

/// The [`PageSource`] that asks the API over HTTP. [`Client::groups`](crate::Client::groups) makes it.
///
/// Cheap to clone; clones share the client's connections.
///
/// # Errors
///
/// An app id or participants that cannot be sent do not fail here but in the fetch, as
/// [`Error::is_config`](crate::Error::is_config), before any request.
#[derive(Clone)]
pub struct HttpSource {
    origin: Arc<Origin>,
    app_id: Arc<str>,
    /// The list's URL, less its query.
    target: Result<Url, &'static str>,
    /// The documented body, if the caller asked for it.
    body: Option<Result<Arc<[u8]>, &'static str>>,
}

/// What all sources of a client share.
pub(crate) struct Origin {
    pub(crate) http: reqwest::Client,
    /// Where the API is, with the prefix of its paths. Checked: no user info, no query, no fragment.
    pub(crate) base: Url,
    /// The header that the key goes into.
    pub(crate) key_name: HeaderName,
    /// What is masked in the server's texts.
    pub(crate) key: SecretString,
    /// The key again, as it is sent: marked sensitive.
    pub(crate) key_header: HeaderValue,
    /// The most bytes of a page's body, decoded.
    pub(crate) max_page_bytes: usize,
}

impl Origin {
    /// Scheme, host and port: the part of an address that a log may show.
    pub(crate) fn shown(&self) -> String {
        self.base.origin().ascii_serialization()
    }
}

impl HttpSource {
    pub(crate) fn new(origin: Arc<Origin>, app_id: &str) -> Self {
        let target = target(&origin.base, app_id);
        Self { origin, app_id: app_id.into(), target, body: None }
    }

    /// Sends the body that the API's page documents, with these users in it.
    pub(crate) fn with_participants(mut self, participants: Vec<String>) -> Self {
        self.body = Some(participants_body(participants));
        self
    }

    /// One attempt at a page.
    async fn attempt(&self, request: PageRequest) -> Result<Page> {
        let mut url = self.target.clone().map_err(Error::config)?;
        let body = self.body.clone().transpose().map_err(Error::config)?;
        url.set_query(Some(&query(&request)));

        let mut call = self
            .origin
            .http
            .get(url)
            .header(self.origin.key_name.clone(), self.origin.key_header.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            call = call.body(body.to_vec());
        }

        let cursor = request.position.cursor().map_or("", |cursor| cursor.as_str());
        let secrets = [self.origin.key.expose_secret(), cursor];
        let response = call.send().await.map_err(classify)?;
        match response.status() {
            StatusCode::OK => decode(&read_page(response, self.origin.max_page_bytes).await?, &secrets),
            status => Err(refuse(status, response, &secrets).await),
        }
    }
}

impl PageSource for HttpSource {
    type Fetch = HttpFetch;

    fn fetch(&self, request: PageRequest) -> HttpFetch {
        let source = self.clone();
        HttpFetch(SyncWrapper::new(Box::pin(async move {
            let page = source.attempt(request).await;
            page.map_err(|error| error.with_app_id(source.app_id()))
        })))
    }

    /// An id that cannot be sent may be anything, and is not shown.
    fn app_id(&self) -> Option<&str> {
        self.target.is_ok().then_some(&self.app_id)
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("origin", &self.origin.shown())
            .field("app_id", &self.app_id())
            .field("participants", &self.body.is_some())
            .finish_non_exhaustive()
    }
}

/// A page on its way over HTTP.
///
/// Nothing happens before its first poll, and dropping it drops the request. It is one box, whatever it awaits inside;
/// the box makes it `Unpin`, and since a future is only ever polled through `&mut`, it is `Sync` too.
#[must_use = "futures do nothing unless polled"]
pub struct HttpFetch(SyncWrapper<Pin<Box<dyn Future<Output = Result<Page>> + Send>>>);

impl Future for HttpFetch {
    type Output = Result<Page>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.get_mut().as_mut().poll(cx)
    }
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetch").finish_non_exhaustive()
    }
}

/// `{base}/app/{app}/group`, with the id as exactly one segment.
fn target(base: &Url, app_id: &str) -> Result<Url, &'static str> {
    match app_id {
        "" => return Err("the app id is empty: pass the id that Gupshup's dashboard shows for the app"),
        // As segments of a path these two mean other paths.
        "." | ".." => return Err("the app id is a path: pass the id that Gupshup's dashboard shows for the app"),
        id if id.len() > MAX_APP_ID_BYTES => return Err("the app id is longer than 256 bytes: an id is a UUID of 36"),
        id if id.contains(char::is_control) => return Err("the app id holds control characters"),
        _ => {}
    }
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/app/{}/group", utf8_percent_encode(app_id, ENCODED)));
    Ok(url)
}

/// The query of a request. The limit is always there, and a cursor only where there is one: the API refuses both
/// cursors at once, and its own example would send the text "null".
fn query(request: &PageRequest) -> String {
    let mut query = format!("limit={}", request.limit.get());
    let (name, cursor) = match &request.position {
        Position::Start => return query,
        Position::After(cursor) => ("after", cursor),
        Position::Before(cursor) => ("before", cursor),
    };
    // Writing to a string cannot fail.
    let _ = write!(query, "&{name}={}", utf8_percent_encode(cursor.as_str(), ENCODED));
    query
}

/// The body of the API's page.
fn participants_body(participants: Vec<String>) -> Result<Arc<[u8]>, &'static str> {
    #[derive(Serialize)]
    struct Body {
        messaging_product: &'static str,
        participants: Vec<Participant>,
    }
    #[derive(Serialize)]
    struct Participant {
        user: String,
    }

    if !(1..=MAX_PARTICIPANTS).contains(&participants.len()) {
        return Err("the body needs 1 to 8 participants: leave it out to list all groups");
    }
    if participants.iter().any(|user| user.trim().is_empty()) {
        return Err("a participant is empty: pass phone numbers or WhatsApp ids");
    }
    let participants = participants.into_iter().map(|user| Participant { user }).collect();
    let body = Body { messaging_product: "whatsapp", participants };
    serde_json::to_vec(&body).map(Arc::from).map_err(|_| "the participants cannot be written as JSON")
}

/// Reads a body of at most `max` bytes. What is counted is what comes out of decompression, should another crate have
/// switched that on in reqwest: a small answer can unpack to any size.
async fn read_page(mut response: Response, max: usize) -> Result<Vec<u8>> {
    let too_large = || Error::too_large(max);
    let announced = match response.content_length().map(usize::try_from) {
        Some(Ok(length)) if length <= max => length,
        Some(_) => return Err(too_large()),
        None => 0,
    };
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if chunk.len() > max - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error that an answer other than 200 is.
async fn refuse(status: StatusCode, response: Response, secrets: &[&str]) -> Error {
    let code = status.as_u16();
    if status.is_redirection() {
        return Error::redirect(code);
    }
    if status.is_success() || status.is_informational() {
        return Error::unexpected_status(code);
    }
    let wait = retry_after(response.headers());
    let body = read_refusal(response).await;
    Refusal::read(&body, secrets).into_error(code).with_retry_after(wait)
}

/// How long the server asks to wait; where it says so more than once, the longest.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let date = headers.get(DATE).and_then(text);
    let waits = headers.get_all(RETRY_AFTER).iter().filter_map(text);
    waits.filter_map(|wait| parse_retry_after(&wait, date.as_deref(), SystemTime::now())).max()
}

/// As much of an error's body as comes without trouble.
async fn read_refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MAX_REFUSAL_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_REFUSAL_BYTES {
                break;
            }
        }
    };
    // Out of time is as good as the end.
    let _ = tokio::time::timeout(REFUSAL_PATIENCE, read).await;
    body
}

/// What a failure of reqwest is, in this crate's words: the only place that decides it.
///
/// reqwest's own predicates do not tell enough: `is_decode()` is true for every failure in a body, a reset included, and
/// `is_connect()` also for a bad certificate. What did happen is further down its chain of sources:
///
/// | where | what is found | kind |
/// |---|---|---|
/// | anywhere | a timeout of reqwest, hyper or the system | [`Error::timeout`] |
/// | connecting | an I/O error of kind `InvalidData`: rustls's verdict on the peer | [`Error::tls`] |
/// | connecting | any other I/O error, a name that does not resolve, a proxy that refuses | [`Error::connect`] |
/// | connecting | none of these: the platform's TLS, whose verdict is no I/O error | [`Error::tls`] |
/// | later | an I/O error of kind `InvalidData` or `InvalidInput`: hyper's verdict on chunks, rustls's on records | [`Error::protocol`] |
/// | later | hyper cannot parse the head | [`Error::protocol`] |
/// | later | all else: closed, reset, cut short | [`Error::broken`] |
///
/// The URL is taken out of what is kept, since it holds the cursor.
fn classify(error: reqwest::Error) -> Error {
    let error = error.without_url();
    reason(&error).with_source(error)
}

fn reason(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        return Error::config("the request cannot be built");
    }
    // The innermost is where it began.
    let io = chain(error).filter_map(|error| error.downcast_ref()).map(io::Error::kind).last();
    if error.is_connect() {
        return match io {
            _ if error.is_timeout() => Error::timeout(Limit::Connect),
            _ if error.is_dns() => Error::connect("the host's name does not resolve"),
            Some(io::ErrorKind::InvalidData) => Error::tls("no secure connection"),
            None if !is_proxy_refusal(error) => Error::tls("no secure connection"),
            _ => Error::connect("no connection"),
        };
    }
    if error.is_timeout() {
        return Error::timeout(Limit::Attempt);
    }
    if chain(error).filter_map(|error| error.downcast_ref()).any(hyper::Error::is_parse) {
        return Error::protocol("malformed HTTP response");
    }
    match io {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
            Error::protocol("malformed HTTP response body")
        }
        Some(io::ErrorKind::UnexpectedEof) => Error::broken("the response was cut short"),
        _ => Error::broken("the connection broke"),
    }
}

/// The error and all that caused it. What an [`io::Error`] wraps is no `source` of it, and has to be asked for.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = Some(error as &(dyn StdError + 'static));
    std::iter::from_fn(move || {
        let error = next?;
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    })
}

/// A proxy's refusals have no type that is public, only texts.
fn is_proxy_refusal(error: &reqwest::Error) -> bool {
    chain(error).any(|error| {
        let text = error.to_string();
        text.starts_with("tunnel error") || text.starts_with("SOCKS error")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::client::ClientBuilder;
    use crate::walk::PageSize;

    const START: PageRequest = PageRequest { position: Position::Start, limit: PageSize::DEFAULT };

    fn client(base: &str) -> ClientBuilder {
        ClientBuilder::new("KEY-1234").base_url(base)
    }

    async fn fetch(client: ClientBuilder) -> Result<Page> {
        client.build()?.source("app").fetch(START).await
    }

    async fn failure(client: ClientBuilder) -> Error {
        let error = fetch(client).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("KEY-1234") && !text.contains("limit=25"), "{text}");
        error
    }

    /// A server that treats every connection like this, once it has read the request's head.
    async fn server<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> String
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
                tokio::spawn(treat(stream));
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
                // The client may hang up on an answer that it does not like.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// A server that writes this, and then nothing for ever.
    async fn hangs(answer: &'static [u8]) -> String {
        server(move |mut stream| async move {
            let _ = stream.write_all(answer).await;
            std::future::pending::<()>().await;
        })
        .await
    }

    /// T1.
    #[tokio::test]
    async fn a_refused_connection_is_a_failure_to_connect() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = failure(client(&format!("http://{closed}"))).await;
        assert!(error.is_connect() && error.is_retryable(), "{error:?}");
    }

    /// T2.
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
        assert!(error.to_string().contains("name does not resolve"), "{error}");
    }

    /// T3.
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

    /// T4, T7, T8.
    #[tokio::test]
    async fn an_answer_that_is_cut_short_is_worth_another_attempt() {
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
        assert!(error.is_retryable() && error.is_decode(), "{error:?}");
    }

    /// T5, T6.
    #[tokio::test]
    async fn a_reset_is_worth_another_attempt_wherever_it_comes() {
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

    /// T9, T14.
    #[tokio::test]
    async fn what_is_not_http_is_a_protocol_error_and_no_second_attempt_will_mend_it() {
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

    /// T10, T11.
    #[tokio::test]
    async fn silence_is_a_timeout_wherever_it_begins() {
        for answer in
            [&b""[..], b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"data\":["]
        {
            let error = failure(client(&hangs(answer).await).timeout(Duration::from_millis(100))).await;
            assert!(error.is_timeout() && error.is_retryable() && !error.is_connect(), "{error:?}");
        }
    }

    /// J17.
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
            assert!(error.to_string().contains("`max_page_bytes`, which is 10"), "{error}");
        }
    }

    /// J17.
    #[tokio::test]
    async fn a_length_beyond_the_bound_is_an_error_before_the_body_comes() {
        let base = hangs(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n").await;
        assert!(failure(client(&base)).await.is_too_large());
    }

    /// J17.
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

    /// S10.
    #[tokio::test]
    async fn the_status_is_told_although_the_errors_body_hangs_breaks_or_never_ends() {
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
            assert!(begun.elapsed() < REFUSAL_PATIENCE);
        }
    }

    /// S10, S11.
    #[tokio::test]
    async fn the_message_of_a_cut_error_body_is_what_came_of_it() {
        let base =
            hangs(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 50\r\n\r\n<title>Bad key KEY-1234</title>").await;
        let error = failure(client(&base).timeout(Duration::from_millis(300))).await;
        assert_eq!(error.api_message(), Some("Bad key ***"));
        assert!(error.to_string().starts_with("app app: the request failed: 502 Bad key ***"), "{error}");
    }

    /// K2.
    #[test]
    fn the_app_id_is_one_segment_below_the_prefix_whatever_it_holds() {
        for (base, app_id, expected) in [
            ("https://h", "app", "https://h/app/app/group"),
            ("https://h/", "app", "https://h/app/app/group"),
            ("https://h/wa", "app", "https://h/wa/app/app/group"),
            ("https://h:8443/a%20b/wa//", "app", "https://h:8443/a%20b/wa/app/app/group"),
            ("https://h", "a/b", "https://h/app/a%2Fb/group"),
            ("https://h", "a\\b", "https://h/app/a%5Cb/group"),
            ("https://h", "a?b", "https://h/app/a%3Fb/group"),
            ("https://h", "a#b", "https://h/app/a%23b/group"),
            ("https://h", "%2e%2e", "https://h/app/%252e%252e/group"),
            ("https://h", "...", "https://h/app/.../group"),
            ("https://h", " é", "https://h/app/%20%C3%A9/group"),
        ] {
            assert_eq!(target(&base.parse().unwrap(), app_id).unwrap().as_str(), expected);
        }
    }

    /// K2.
    #[test]
    fn an_app_id_that_cannot_be_one_segment_is_refused() {
        let long = "a".repeat(MAX_APP_ID_BYTES + 1);
        for app_id in ["", ".", "..", "a\nb", "a\0", "\u{85}", &long] {
            assert!(target(&"https://h".parse().unwrap(), app_id).is_err(), "{app_id:?}");
        }
        assert!(target(&"https://h".parse().unwrap(), &long[1..]).is_ok());
    }

    /// C4.
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
    fn one_to_eight_participants_make_the_documented_body() {
        let users = |count: usize| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
        let body = participants_body(users(2)).unwrap();
        assert_eq!(&*body, br#"{"messaging_product":"whatsapp","participants":[{"user":"1"},{"user":"2"}]}"#);
        assert!(participants_body(users(8)).is_ok());
        for bad in [users(0), users(9), vec!["1".into(), " ".into()]] {
            assert!(participants_body(bad).is_err());
        }
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_an_error_of_the_fetch_and_no_request() {
        let base = server(|_| async { panic!("a request") }).await;
        let client = client(&base).build().unwrap();
        for source in [client.source(""), client.source("app").with_participants(Vec::new())] {
            assert!(source.fetch(START).await.unwrap_err().is_config());
        }
    }

    #[test]
    fn the_fetch_is_one_box_that_goes_anywhere() {
        fn goes_anywhere<T: Send + Sync + Unpin + 'static>() {}
        goes_anywhere::<HttpFetch>();
        goes_anywhere::<HttpSource>();
        assert_eq!(size_of::<HttpFetch>(), 2 * size_of::<usize>());
    }
}
