//! Whether a listing retries a fault, fails after the last attempt, or fails at once.

use std::time::Duration;

use futures::StreamExt as _;
use gupshup_groups::{Client, ClientBuilder, Error, Group, ListGroups, RetryPolicy};

use crate::server::{Event, Server, Step, pass};
use crate::support::{KEY, assert_no_secrets, groups};

/// The default limit of silence.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// The time between two bytes of a drip.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// What happens on a connection once a request has been read.
pub(crate) type Fault = Vec<Step>;

pub(crate) fn writes(bytes: impl AsRef<[u8]>) -> Fault {
    vec![Step::Write(bytes.as_ref().to_vec())]
}

/// `fault`, and then `step`.
pub(crate) fn then(mut fault: Fault, step: Step) -> Fault {
    fault.push(step);
    fault
}

/// A client that makes three attempts, and waits at most a few milliseconds before a retry.
pub(crate) fn builder(base_url: String) -> ClientBuilder {
    Client::builder(KEY).base_url(base_url).retry(quick())
}

pub(crate) fn client(server: &Server) -> Client {
    builder(server.base_url()).build().unwrap()
}

pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default().attempts(3).base(Duration::from_millis(1))
}

/// All that a listing yields. An error comes once, shows no secret, and is followed by nothing.
pub(crate) async fn walk(list: ListGroups) -> (Vec<Group>, Option<Error>) {
    let mut stream = list.stream();
    let mut groups = Vec::new();
    while let Some(group) = stream.next().await {
        match group {
            Ok(group) => groups.push(group),
            Err(error) => {
                assert_no_secrets(&error);
                for _ in 0..3 {
                    assert!(stream.next().await.is_none());
                }
                return (groups, Some(error));
            }
        }
    }
    (groups, None)
}

/// As [`walk`]; while the server is silent or slow, time passes until a limit.
pub(crate) async fn walk_impatiently(server: &Server, list: ListGroups) -> (Vec<Group>, Option<Error>) {
    let impatience = async {
        let mut known = Vec::new();
        loop {
            match server.slows_down(&mut known).await {
                Event::Dripping(connection) => {
                    while !server.log().contains(&Event::ClosedByPeer(connection)) {
                        pass(PAUSE).await;
                    }
                }
                _ => pass(PATIENCE).await,
            }
        }
    };
    tokio::select! {
        walked = walk(list) => walked,
        () = impatience => unreachable!(),
    }
}

/// One fault at the second page costs one more request, and no group is lost or repeated. Three faults, in a page size that
/// cannot be lowered, are the returned error, after the groups of the first page.
pub(crate) async fn survives(fault: Fault) -> Error {
    let list = groups(7);
    let first = [vec![Step::Answer, Step::Request], fault.clone()].concat();
    let server = Server::start(&list, [first.clone()]).await;
    let (walked, error) = walk_impatiently(&server, client(&server).groups("app")).await;
    assert!(error.is_none(), "{fault:?}: {error:?}");
    assert_eq!(walked, list, "{fault:?}");
    assert_eq!((server.requests(), server.connections()), (4, 2), "{fault:?}: {:?}", server.log());

    let again = [vec![Step::Request], fault.clone()].concat();
    let server = Server::start(&list, [first, again.clone(), again]).await;
    let (walked, error) = walk_impatiently(&server, client(&server).groups("app").page_size(25)).await;
    assert_eq!(walked, list[..3], "{fault:?}");
    assert_eq!((server.requests(), server.connections()), (4, 3), "{fault:?}: {:?}", server.log());
    let error = error.unwrap();
    assert!(error.is_retryable() && error.checkpoint().is_some(), "{fault:?}: {error:?}");
    assert!(error.to_string().starts_with("app app: page 2 failed after 3 attempts in "), "{fault:?}: {error}");
    error
}

/// A fault at the first page is an error after one request.
pub(crate) async fn fails_at_once(fault: Fault) -> Error {
    let server = Server::start(&groups(7), [[vec![Step::Request], fault.clone()].concat()]).await;
    let (walked, error) = walk_impatiently(&server, client(&server).groups("app")).await;
    assert_eq!(walked, [], "{fault:?}");
    assert_eq!((server.requests(), server.connections()), (1, 1), "{fault:?}: {:?}", server.log());
    let error = error.unwrap();
    assert!(error.to_string().starts_with("app app: page 1 failed: "), "{fault:?}: {error}");
    error
}
