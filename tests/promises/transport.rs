//! Failures between the client and the server: a retry, or an error that names the failure. `tls` has those of TLS.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use gupshup_groups::{Client, Group};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpSocket;
use tokio::sync::Notify;

use crate::faults::{Fault, PATIENCE, PAUSE, builder, client, fails_at_once, survives, then, walk, writes};
use crate::server::{Event, Server, Step, ok, pass, reply};
use crate::support::{all_of, groups};

/// Two groups and a half, of the second page.
const PART: &str = r#"{"data":[{"id":"3","subject":"group 3","creation_timestamp":1},
    {"id":"4","subject":"group 4","creation_timestamp":2},{"id":"5","sub"#;

/// The head of a response that announces more than [`PART`].
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";

pub(crate) fn closed_before_the_head() -> Vec<Fault> {
    vec![vec![], vec![Step::HalfClose]]
}

pub(crate) fn reset_before_or_in_the_head() -> Vec<Fault> {
    vec![vec![Step::Reset], then(writes("HTTP/1.1 200 OK\r\nContent-"), Step::Reset)]
}

pub(crate) fn reset_in_the_body() -> Vec<Fault> {
    vec![then(writes(format!("{HEAD}{PART}")), Step::Reset)]
}

pub(crate) fn cut_head() -> Vec<Fault> {
    vec![writes("HTTP/1.1 200 OK\r\nContent-")]
}

pub(crate) fn cut_body() -> Vec<Fault> {
    let chunk = format!("{:x}\r\n{PART}", PART.len());
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    vec![
        writes(format!("{HEAD}{PART}")),
        // In the chunk's data, after the chunk, and after the size of the next one.
        writes(&chunked[..chunked.len() - 9]),
        writes(format!("{chunked}\r\n")),
        writes(format!("{chunked}\r\n5\r\n")),
    ]
}

pub(crate) fn cut_without_a_length() -> Vec<Fault> {
    vec![writes(format!("HTTP/1.1 200 OK\r\n\r\n{PART}"))]
}

pub(crate) fn silent_before_or_in_the_head() -> Vec<Fault> {
    vec![vec![Step::Hang], then(writes("HTTP/1.1 200 OK\r\nContent-"), Step::Hang)]
}

pub(crate) fn silent_in_the_body() -> Vec<Fault> {
    vec![then(writes(format!("{HEAD}{PART}")), Step::Hang)]
}

pub(crate) fn dripping() -> Vec<Fault> {
    vec![vec![Step::Drip(ok(&" ".repeat(1_000)), PAUSE)]]
}

/// An address that refuses connections while this is kept.
pub(crate) fn nobody() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

/// Resolves a name to each of these in turn (`None` is a failure), and then to the server.
struct Names {
    next: Mutex<VecDeque<Option<SocketAddr>>>,
    server: SocketAddr,
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.next.lock().unwrap().pop_front().unwrap_or(Some(self.server));
        Box::pin(async move {
            let address = address.ok_or("no such name")?;
            Ok(Box::new([address].into_iter()) as Addrs)
        })
    }
}

/// A client whose connections go to these addresses in turn, and then to the server.
pub(crate) fn client_through(server: &Server, names: impl IntoIterator<Item = Option<SocketAddr>>) -> Client {
    let names = Names { next: Mutex::new(names.into_iter().collect()), server: server.address };
    let http = reqwest::Client::builder().dns_resolver(Arc::new(names));
    builder("http://groups.test".into()).allow_plain_http(true).http(http).build().unwrap()
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let (nobody, _bound) = nobody();
    let list = groups(7);
    for refusals in 1..=2 {
        let server = Server::start(&list, []).await;
        let client = client_through(&server, vec![Some(nobody); refusals]);
        assert_eq!(all_of(walk(client.groups("app")).await), list);
        assert_eq!((server.requests(), server.connections()), (3, 1));
    }

    let server = Server::start(&list, []).await;
    let (walked, error) = walk(client_through(&server, vec![Some(nobody); 3]).groups("app")).await;
    let error = error.unwrap();
    assert!(walked.is_empty() && error.is_connect() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("failed after 3 attempts in "), "{error}");
    assert_eq!(server.log(), []);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_tried_again() {
    let list = groups(7);
    for failures in 1..=2 {
        let server = Server::start(&list, []).await;
        assert_eq!(all_of(walk(client_through(&server, vec![None; failures]).groups("app")).await), list);
        assert_eq!((server.requests(), server.connections()), (3, 1));
    }

    let server = Server::start(&list, []).await;
    let (walked, error) = walk(client_through(&server, [None; 3]).groups("app")).await;
    let error = error.unwrap();
    assert!(walked.is_empty() && error.is_connect() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("failed after 3 attempts in "), "{error}");
    assert!(error.to_string().contains("could not resolve the host name"), "{error}");
    assert_eq!(server.log(), []);
}

#[tokio::test]
async fn a_connection_closed_before_the_head_is_tried_again() {
    for fault in closed_before_the_head().into_iter().chain(cut_head()) {
        let error = survives(fault).await;
        assert!(!error.is_connect() && !error.is_decode() && !error.is_timeout(), "{error:?}");
    }
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_meanwhile_costs_no_group_and_no_request() {
    let list = groups(7);
    // Two of them, one after the other.
    let server = Server::start(&list, [vec![Step::Answer], vec![Step::Answer]]).await;
    let mut stream = client(&server).groups("app").stream();
    let mut walked = Vec::new();
    while let Some(group) = stream.next().await {
        walked.push(group.unwrap());
        if walked.len() == 3 || walked.len() == 6 {
            server.saw(&Event::Done(walked.len() / 3 - 1)).await;
        }
    }
    assert_eq!(walked, list);
    assert_eq!((server.requests(), server.connections()), (3, 3));
}

#[tokio::test]
async fn a_reset_before_or_in_the_head_is_tried_again() {
    for fault in reset_before_or_in_the_head() {
        let error = survives(fault).await;
        assert!(!error.is_connect() && !error.is_decode() && !error.is_timeout(), "{error:?}");
    }
}

#[tokio::test]
async fn a_reset_in_the_body_is_tried_again_and_no_part_of_the_page_is_yielded() {
    for fault in reset_in_the_body() {
        let error = survives(fault).await;
        assert!(!error.is_connect() && !error.is_decode() && !error.is_timeout(), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_cut_short_of_its_length_or_its_last_chunk_is_tried_again() {
    for fault in cut_body() {
        let error = survives(fault).await;
        assert!(!error.is_connect() && !error.is_decode() && !error.is_timeout(), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_whose_json_ends_early_is_tried_again() {
    for fault in cut_without_a_length() {
        let error = survives(fault).await;
        assert!(error.is_transport() && error.to_string().contains("ends early"), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_that_is_cut_before_its_first_byte_is_tried_again() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"] {
        let error = survives(writes(head)).await;
        assert!(error.is_transport() && error.to_string().contains("the body ends early, after 0 bytes"), "{error:?}");
    }
    // A complete empty body is not a list either, and a retry would not help.
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let error = fails_at_once(then(writes(head), Step::HalfClose)).await;
        assert!(error.is_decode() && error.to_string().contains("the response body is empty"), "{error:?}");
    }
}

/// An answer of these bytes, compressed.
fn zipped(body: &[u8]) -> Fault {
    writes(reply("200 OK", &["Content-Encoding: gzip", "Connection: close"], body))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_compressed_body_that_is_not_whole_is_never_a_short_list() {
    let page = r#"{"data":[{"id":"7","subject":"late","creation_timestamp":7}]}"#.as_bytes();
    let server = Server::start(&[], [[vec![Step::Request], zipped(&gzip(page))].concat()]).await;
    assert_eq!(all_of(walk(client(&server).groups("app")).await), [Group::new("7", "late", 7)]);

    // reqwest reads only the first member of a body that has two: the result is truncated.
    for at in [1, 20, page.len() - 1] {
        let (start, end) = page.split_at(at);
        let error = survives(zipped(&[gzip(start), gzip(end)].concat())).await;
        assert!(error.is_transport() && error.is_retryable(), "{error:?}");
    }
    let whole = gzip(page);
    for end in [1, 12, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let error = survives(zipped(&whole[..end])).await;
        assert!(error.is_transport(), "{error:?}");
    }
    let error = fails_at_once(zipped(page)).await;
    assert!(error.is_protocol(), "{error:?}");
}

#[tokio::test]
async fn what_is_not_http_is_an_error_at_once() {
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ] {
        let error = fails_at_once(writes(answer)).await;
        assert!(error.is_protocol() && !error.is_retryable(), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn silence_before_the_end_of_the_head_is_a_timeout_and_tried_again() {
    for fault in silent_before_or_in_the_head() {
        let error = survives(fault).await;
        assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
        assert!(error.to_string().contains("in 45 s"), "{error}");
    }
}

#[tokio::test]
async fn silence_in_the_body_is_a_timeout_and_tried_again() {
    for fault in silent_in_the_body() {
        let error = survives(fault).await;
        assert!(error.is_timeout() && !error.is_decode(), "{error:?}");
        assert!(error.to_string().contains("in 45 s"), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_pauses_for_less_than_the_clients_patience_is_read_whole() {
    let gate = Arc::new(Notify::new());
    let page = ok(r#"{"data":[{"id":"7","subject":"late","creation_timestamp":7}]}"#);
    let (start, end) = page.split_at(page.len() - 30);
    let write = |bytes: &[u8]| Step::Write(bytes.to_vec());
    let script = vec![Step::Request, write(start), Step::Gate(Arc::clone(&gate)), write(end)];
    let server = Server::start(&[], [script]).await;
    let time = async {
        server.saw(&Event::Gated(0)).await;
        pass(PATIENCE * 9 / 10).await;
        gate.notify_one();
    };
    let (walked, ()) = futures::join!(walk(client(&server).groups("app")), time);
    assert_eq!(all_of(walked), [Group::new("7", "late", 7)]);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_slow_trickle_of_bytes_is_a_timeout() {
    let drip = |bytes| vec![Step::Request, Step::Drip(bytes, PAUSE)];
    let list = groups(7);
    // The body is never silent long enough, so only the attempt's 30 s end it. An incomplete head counts as silence.
    for (fault, limit) in [(drip(ok(&" ".repeat(1_000))), 2 * PATIENCE), (drip(vec![b'H'; 1_000]), PATIENCE)] {
        let server = Server::start(&list, [fault]).await;
        let groups = client(&server).groups("app");
        let mut passed = Duration::ZERO;
        let time = async {
            server.saw(&Event::Connected(0)).await;
            while !server.log().contains(&Event::ClosedByPeer(0)) {
                pass(PAUSE).await;
                passed += PAUSE;
            }
        };
        let (walked, ()) = futures::join!(walk(groups), time);
        assert_eq!(all_of(walked), list);
        assert_eq!((server.requests(), server.connections()), (4, 2));
        // On a busy machine, the end of the connection is seen late.
        let in_time = passed + Duration::from_secs(1) > limit && passed < 2 * limit;
        assert!(in_time, "{passed:?} of {limit:?}: {:?}", server.log());
    }
}

#[tokio::test]
async fn a_consumer_that_takes_a_minute_for_each_group_meets_no_timeout_and_causes_no_request() {
    let list = groups(7);
    let server = Server::start(&list, []).await;
    let mut stream = client(&server).groups("app").stream();
    let mut walked = Vec::new();
    while let Some(group) = stream.next().await {
        walked.push(group.unwrap());
        pass(Duration::from_secs(60)).await;
        assert_eq!(server.requests(), walked.len().div_ceil(3));
    }
    assert_eq!(walked, list);
    assert_eq!(stream.progress().requests, 3);
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_an_error_at_once() {
    for headers in ["X: y\r\n".repeat(1_000), format!("X: {}\r\n", "y".repeat(1_000_000))] {
        let error = fails_at_once(then(writes(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")), Step::HalfClose)).await;
        assert!(error.is_protocol() && !error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn plain_http_goes_through_no_proxy() {
    let list = groups(7);
    let proxy = Server::start(&[], []).await;
    let server = Server::start(&list, []).await;
    let through = || reqwest::Client::builder().proxy(reqwest::Proxy::all(proxy.base_url()).unwrap());
    let names = Names { next: Mutex::default(), server: server.address };
    let elsewhere = builder("http://groups.test".into()).allow_plain_http(true);
    for client in [builder(server.base_url()).http(through()), elsewhere.http(through().dns_resolver(Arc::new(names)))]
    {
        assert_eq!(all_of(walk(client.build().unwrap().groups("app")).await), list);
        assert_eq!(proxy.log(), []);
    }
}

/// This process must not change its environment, so the test runs again in another process.
#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_through_no_proxy_of_the_environment() {
    const PROXY: &str = "GROUPS_TEST_PROXY";
    if std::env::var_os(PROXY).is_some() {
        let server = Server::start(&groups(7), []).await;
        assert_eq!(all_of(walk(client_through(&server, []).groups("app")).await), groups(7));
        assert_eq!(all_of(walk(client(&server).groups("app")).await), groups(7));
        return;
    }
    let proxy = Server::start(&[], []).await;
    let name = "transport::plain_http_goes_through_no_proxy_of_the_environment";
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", name]).env(PROXY, "1").env_remove("NO_PROXY").env_remove("no_proxy");
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        test.env(variable, proxy.base_url());
    }
    let output = tokio::task::spawn_blocking(move || test.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(proxy.log(), []);
}

#[tokio::test]
async fn a_shorter_timeout_is_a_shorter_patience() {
    let server = Server::start(&groups(7), [vec![Step::Request, Step::Hang]]).await;
    let client = builder(server.base_url()).timeout(PATIENCE / 3).build().unwrap();
    let impatience = async {
        server.saw(&Event::Silent(0)).await;
        pass(PATIENCE / 3).await;
    };
    let (walked, ()) = futures::join!(walk(client.groups("app")), impatience);
    assert_eq!(all_of(walked), groups(7));
    assert_eq!(server.requests(), 4);
}
