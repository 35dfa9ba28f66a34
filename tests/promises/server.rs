//! A server that follows a script byte by byte, and records events.
//!
//! It runs on the test's own thread, so that a test can await events and let time pass by `pass`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gupshup_groups::Group;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// The steps on a connection. After the last one it is closed.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Waits for a request's head, and records it.
    Request,
    /// Waits for a request, and answers it as the API would.
    Answer,
    /// Answers requests as the API would, until the client closes the connection.
    Serve,
    /// Writes this.
    Write(Vec<u8>),
    /// Writes this, a byte at a time, and waits in between.
    Drip(Vec<u8>, Duration),
    /// Writes this again and again, until the client closes the connection.
    Repeat(Vec<u8>),
    /// Waits for the test.
    Gate(Arc<Notify>),
    /// Ends its own side, and waits until the client closes the other.
    HalfClose,
    /// Closes the connection with a reset.
    Reset,
    /// Is silent until the client closes the connection.
    Hang,
    /// Forwards everything to another server and back.
    Tunnel(SocketAddr),
}

/// An event. The number is the connection's, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Connected(usize),
    /// A head was read whole; this is all of it.
    Request(usize, String),
    /// The script has come to [`Step::Hang`].
    Silent(usize),
    /// The script has come to [`Step::Drip`].
    Dripping(usize),
    /// The script has come to [`Step::Gate`].
    Gated(usize),
    /// The client closed the connection.
    ClosedByPeer(usize),
    /// The script is at its end, and the connection closed.
    Done(usize),
}

/// A scripted server on a port of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: watch::Receiver<Vec<Event>>,
}

impl Server {
    /// A server of these groups, three a page. The first connections follow these scripts; all others are served.
    pub(crate) async fn start(groups: &[Group], scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (log, seen) = watch::channel(Vec::new());
        let groups: Arc<[Group]> = groups.into();
        let mut scripts = scripts.into_iter().collect::<Vec<_>>().into_iter();
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts.next().unwrap_or_else(|| vec![Step::Serve]);
                let connection =
                    Connection { number, stream: BufReader::new(stream), groups: groups.clone(), log: log.clone() };
                connection.note(Event::Connected(number));
                tokio::spawn(connection.play(script));
            }
        });
        Self { address, log: seen }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn log(&self) -> Vec<Event> {
        self.log.borrow().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.log().iter().filter(|event| matches!(event, Event::Connected(_))).count()
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.log()
            .into_iter()
            .filter_map(|event| match event {
                Event::Request(_, head) => Some(head),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.heads().len()
    }

    /// Waits until this has happened.
    pub(crate) async fn saw(&self, event: &Event) {
        self.log.clone().wait_for(|log| log.contains(event)).await.unwrap();
    }

    /// Waits until one more connection is silent or slow, and adds it.
    pub(crate) async fn slows_down(&self, known: &mut Vec<Event>) -> Event {
        let slow = |event: &&Event| matches!(event, Event::Silent(_) | Event::Dripping(_)) && !known.contains(*event);
        let log = self.log.clone().wait_for(|log| log.iter().any(|event| slow(&event))).await.unwrap().clone();
        let event = log.iter().find(slow).unwrap();
        known.push(event.clone());
        event.clone()
    }
}

struct Connection {
    number: usize,
    stream: BufReader<TcpStream>,
    groups: Arc<[Group]>,
    log: watch::Sender<Vec<Event>>,
}

impl Connection {
    fn note(&self, event: Event) {
        self.log.send_modify(|log| log.push(event));
    }

    async fn play(mut self, script: Vec<Step>) {
        let event = match self.steps(script).await {
            Some(()) => Event::Done(self.number),
            None => Event::ClosedByPeer(self.number),
        };
        let log = self.log;
        drop(self.stream);
        log.send_modify(|log| log.push(event));
    }

    /// `None` where the client closed the connection.
    async fn steps(&mut self, script: Vec<Step>) -> Option<()> {
        for step in script {
            match step {
                Step::Request => drop(self.request().await?),
                Step::Answer => self.answer().await?,
                Step::Serve => loop {
                    self.answer().await?;
                },
                Step::Write(bytes) => self.stream.write_all(&bytes).await.ok()?,
                Step::Drip(bytes, pause) => {
                    self.note(Event::Dripping(self.number));
                    for byte in bytes {
                        self.stream.write_u8(byte).await.ok()?;
                        sleep(pause).await;
                    }
                }
                Step::Repeat(bytes) => loop {
                    self.stream.write_all(&bytes).await.ok()?;
                },
                Step::Gate(gate) => {
                    self.note(Event::Gated(self.number));
                    gate.notified().await;
                }
                Step::HalfClose => {
                    self.stream.shutdown().await.ok()?;
                    return self.closed_by_peer().await;
                }
                Step::Reset => self.stream.get_ref().set_zero_linger().ok()?,
                Step::Hang => {
                    self.note(Event::Silent(self.number));
                    return self.closed_by_peer().await;
                }
                Step::Tunnel(address) => {
                    let mut other = TcpStream::connect(address).await.unwrap();
                    let _ = copy_bidirectional(&mut self.stream, &mut other).await;
                }
            }
        }
        Some(())
    }

    /// The head of a request; nothing here asks with a body.
    async fn request(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).await.ok()?;
            (read > 0).then_some(())?;
        }
        self.note(Event::Request(self.number, head.clone()));
        Some(head)
    }

    async fn answer(&mut self) -> Option<()> {
        let head = self.request().await?;
        self.stream.write_all(&ok(&page(&self.groups, &head))).await.ok()
    }

    async fn closed_by_peer(&mut self) -> Option<()> {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
        None
    }
}

/// An answer with status 200 and this body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    reply("200 OK", &[], body)
}

pub(crate) fn reply(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("Content-Length: {}", body.len());
    let head = [&[&*format!("HTTP/1.1 {status}"), &*length], headers, &["\r\n"]].concat().join("\r\n");
    [head.as_bytes(), body].concat()
}

const PAGE: usize = 3;

/// The page for this request, in the API's form: `next` points to another host and holds a token.
pub(crate) fn page(groups: &[Group], head: &str) -> String {
    let after = head.split_once("after=CURSOR-").map(|(_, rest)| rest.split([' ', '&']).next().unwrap());
    let start = after.map_or(0, |index| index.parse::<usize>().unwrap() + 1);
    let end = groups.len().min(start + PAGE);
    let data: Vec<_> = groups[start..end].iter().map(group).collect();
    let cursors = format!(r#""cursors":{{"before":"CURSOR-{start}","after":"CURSOR-{}"}}"#, end.saturating_sub(1));
    let next = if end < groups.len() {
        format!(r#","next":"https://graph.example/groups?access_token=TOKEN&after=CURSOR-{}""#, end - 1)
    } else {
        String::new()
    };
    format!(r#"{{"data":[{}],"paging":{{{cursors}{next}}},"status":"success"}}"#, data.join(","))
}

fn group(group: &Group) -> String {
    let Group { id, subject, creation_timestamp, .. } = group;
    format!(r#"{{"id":"{id}","subject":"{subject}","creation_timestamp":{creation_timestamp}}}"#)
}

/// Lets time pass when every task waits.
///
/// The server and the client share a thread, and a local connection needs no time, so everything sent has been read by
/// then.
pub(crate) async fn pass(time: Duration) {
    struct Paused;
    impl Drop for Paused {
        fn drop(&mut self) {
            tokio::time::resume();
        }
    }
    tokio::time::pause();
    let _paused = Paused;
    // While the clock stands still, a sleep ends when the runtime is idle.
    sleep(Duration::from_millis(1)).await;
    tokio::time::advance(time).await;
}
