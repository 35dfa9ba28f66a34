//! A server on loopback, and two clients that list its groups: this crate, and a loop of `reqwest` and `serde_json`.
//!
//! The server is hyper on a thread of its own. It sends bodies that the first request for them made. Every app has the
//! same groups.

#![allow(dead_code, reason = "not every bench uses all of it")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot run should stop")]

use std::collections::HashMap;
use std::future::ready;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use gupshup_groups::{Client, ClientBuilder, Group, ListGroups};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::shape::{NAME, StrictPage, group};

/// The size of a page, unless it is the API's default.
pub(crate) const PAGE: usize = 1024;
/// The delay of the server, and of the consumer, for each page.
pub(crate) const THINK: Duration = Duration::from_millis(20);

pub(crate) struct Server {
    pub(crate) api: Api,
    sent: Arc<Sent>,
}

/// What a server has sent since it was last asked.
#[derive(Default)]
struct Sent {
    requests: AtomicUsize,
    body_bytes: AtomicUsize,
}

impl Server {
    /// Lists this many groups, with this delay before each response, without compression.
    pub(crate) fn start(groups: usize, think: Duration) -> Self {
        Self::run(groups, think, false)
    }

    /// Lists this many groups, compressed for clients that accept gzip.
    pub(crate) fn start_with_gzip(groups: usize) -> Self {
        Self::run(groups, Duration::ZERO, true)
    }

    fn run(groups: usize, think: Duration, may_zip: bool) -> Self {
        let sent = Arc::<Sent>::default();
        let (tell, told) = mpsc::channel();
        let counters = Arc::clone(&sent);
        thread::spawn(move || {
            on_one_thread().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("the other thread waits");
                let bodies = Arc::<Mutex<HashMap<_, _>>>::default();
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    let (bodies, counters) = (Arc::clone(&bodies), Arc::clone(&counters));
                    let answer = service_fn(move |request: Request<Incoming>| {
                        let asked_at = Instant::now();
                        let (from, limit) = asked(request.uri().query().unwrap_or_default());
                        let zip =
                            may_zip && request.headers().get(ACCEPT_ENCODING).is_some_and(|codings| codings == "gzip");
                        let mut bodies = bodies.lock().expect("nobody panics");
                        let made = || Bytes::from(body(from, limit, groups, zip));
                        let body = bodies.entry((from, limit, zip)).or_insert_with(made).clone();
                        counters.requests.fetch_add(1, Ordering::Relaxed);
                        counters.body_bytes.fetch_add(body.len(), Ordering::Relaxed);
                        wait_until(asked_at + think);
                        let response = Response::builder();
                        let response = if zip { response.header(CONTENT_ENCODING, "gzip") } else { response };
                        ready(response.body(Full::new(body)))
                    });
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
                }
            });
        });
        Self { api: Api(told.recv().expect("the server starts")), sent }
    }

    /// The requests since the last call, and the bytes of the bodies.
    pub(crate) fn take_sent(&self) -> (usize, usize) {
        (self.sent.requests.swap(0, Ordering::Relaxed), self.sent.body_bytes.swap(0, Ordering::Relaxed))
    }
}

/// The address of a server.
#[derive(Clone, Copy)]
pub(crate) struct Api(pub(crate) SocketAddr);

impl Api {
    /// This crate's client. A client belongs to one runtime, since its connections do.
    pub(crate) fn client(self, credentials: impl Into<gupshup_groups::Credentials>) -> ClientBuilder {
        Client::builder(credentials).base_url(format!("http://{}", self.0))
    }

    /// A listing of a client of its own.
    pub(crate) fn list(self) -> ListGroups {
        self.client("key").build().expect("a client").groups("app")
    }

    /// The loop of `reqwest` and `serde_json`, with a client of its own.
    pub(crate) fn by_hand(self) -> ByHand {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        ByHand { http, base: format!("http://{}", self.0) }
    }
}

/// Waits exactly until `deadline`, and blocks the server meanwhile, since it gets one request at a time. A timer would
/// round up to the next millisecond and a thread wakes late, so the last millisecond is a busy wait.
fn wait_until(deadline: Instant) {
    thread::sleep(deadline.saturating_duration_since(Instant::now()).saturating_sub(Duration::from_millis(1)));
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
}

/// The start of the page, and its limit. A cursor is the number of the group after it.
fn asked(query: &str) -> (usize, usize) {
    let find = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse().ok());
    (find("after=").unwrap_or(0), find("limit=").unwrap_or(25))
}

fn body(from: usize, limit: usize, groups: usize, zip: bool) -> Vec<u8> {
    let to = (from + limit).min(groups);
    let data: Vec<_> = (from..to).map(|n| group(n, NAME, ",", ":")).collect();
    let link = || format!(r#","next":"https://graph.facebook.com/v20.0/1/groups?after={to}""#);
    let next = (to < groups).then(link).unwrap_or_default();
    let cursors = format!(r#"{{"after":"{to}","before":"{from}"}}"#);
    let body = format!(r#"{{"data":[{}],"paging":{{"cursors":{cursors}{next}}},"status":"success"}}"#, data.join(","))
        .into_bytes();
    if !zip {
        return body;
    }
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(&body).expect("a vector takes everything");
    zipped.finish().expect("a vector takes everything")
}

/// A loop without this crate.
pub(crate) struct ByHand {
    http: reqwest::Client,
    base: String,
}

impl ByHand {
    /// Lists all groups of an app in pages of `limit`, and counts them.
    pub(crate) async fn count(&self, app: &str, limit: usize) -> usize {
        self.count_as(app, limit, |body| serde_json::from_slice(body).expect("a page")).await
    }

    /// The same, with each body validated as a whole first: the fastest way to read one with `serde_json`.
    pub(crate) async fn count_fast(&self, app: &str, limit: usize) -> usize {
        let read =
            |body: &[u8]| serde_json::from_str(simdutf8::basic::from_utf8(body).expect("a text")).expect("a page");
        self.count_as(app, limit, read).await
    }

    async fn count_as(&self, app: &str, limit: usize, read: impl Fn(&[u8]) -> StrictPage) -> usize {
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = read(&self.fetch(app, limit, &after).await);
            for group in page.data {
                std::hint::black_box(group);
                count += 1;
            }
            if page.paging.next.is_none() {
                return count;
            }
            after = page.paging.cursors.after;
        }
    }

    /// Fetches all pages of a list, and drops them.
    pub(crate) async fn fetch_and_drop(&self, groups: usize) -> usize {
        for from in (0..groups).step_by(PAGE) {
            let after = if from == 0 { String::new() } else { from.to_string() };
            std::hint::black_box(self.fetch("app", PAGE, &after).await);
        }
        groups
    }

    async fn fetch(&self, app: &str, limit: usize, after: &str) -> Bytes {
        let mut url = format!("{}/app/{app}/group?limit={limit}", self.base);
        if !after.is_empty() {
            url += "&after=";
            url += after;
        }
        let response = self.http.get(url).header("apikey", "key").send().await.expect("an answer");
        response.error_for_status().expect("a page").bytes().await.expect("a body")
    }
}

/// Lists all groups, and counts them.
pub(crate) async fn count(list: &ListGroups) -> usize {
    count_and_work(list, async || {}).await
}

/// The same, with work after each page.
pub(crate) async fn count_and_work(list: &ListGroups, work: impl AsyncFn()) -> usize {
    let mut groups = list.stream();
    let mut count = 0;
    while let Some(group) = groups.next().await {
        std::hint::black_box::<Group>(group.expect("no group fails"));
        count += 1;
        if count % PAGE == 0 {
            work().await;
        }
    }
    count
}

/// Takes only the first group. Returns the number of groups taken.
pub(crate) async fn first(list: &ListGroups) -> usize {
    usize::from(matches!(list.stream().next().await, Some(Ok(_))))
}

/// Work that awaits.
pub(crate) async fn awaits() {
    tokio::time::sleep(THINK).await;
}

/// Work that blocks its thread.
pub(crate) async fn blocks() {
    thread::sleep(THINK);
}

pub(crate) fn on_one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The runtime of `#[tokio::main]`.
pub(crate) fn on_many_threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}
