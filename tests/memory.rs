//! How much memory a hostile body takes. A program of its own, since what is measured is all that the program takes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use gupshup_groups::{Client, Error, Result, RetryPolicy};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1024 * 1024;

/// A server that answers each request by this.
fn server(answer: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            answer(&mut stream);
        }
    });
    base
}

fn list(base: &str) -> (Result<usize>, usize) {
    list_at_most(base, MAX)
}

/// Lists from there. Returns the result, and the peak of memory beyond what was in use before.
fn list_at_most(base: &str, max: usize) -> (Result<usize>, usize) {
    let client = Client::builder("key").base_url(base).max_page_bytes(max).retry(RetryPolicy::none()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let page = runtime.block_on(client.groups("app").page());
    (page.map(|page| page.groups.len()), MEMORY.peak_usage() - before)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// 100 MiB of spaces: the same part a hundred times, without its end.
fn bomb() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; MIB]).unwrap();
    encoder.flush().unwrap();
    [b"\x1f\x8b\x08\0\0\0\0\0\0\xff", &*encoder.get_ref().repeat(100)].concat()
}

fn zipped(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Too large, and known to be before more than twice the bound was taken: a buffer that grows is copied.
fn assert_bounded((page, peak): (Result<usize>, usize)) {
    let error: Error = page.unwrap_err();
    assert!(error.is_too_large() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("the limit of 8388608 bytes"), "{error}");
    assert!(peak <= 2 * MAX + MIB, "{peak} bytes");
}

/// The bound of a page, and of all that reading it may take.
const MAX: usize = 8 * MIB;

/// A smaller bound, because many bodies are read, by code that is not optimized.
const SMALL: usize = 2 * MIB;

/// For all that is not a copy of the body. There are three copies of a text with an escape: in the body, in `serde_json`'s
/// buffer, and the text itself. The buffer doubles, so at a limit that is no power of two, it may take a copy more.
const SMALL_PARTS: usize = 128 * 1024;

/// As much of `start`, then `part` again and again, then `end`, as the smaller bound allows.
fn filled(start: &str, part: &str, end: &str) -> Vec<u8> {
    let count = (SMALL - start.len() - end.len()) / part.len();
    format!("{start}{}{end}", part.repeat(count)).into_bytes()
}

/// Bodies of 2 MiB, each of which is the worst for one way to read it.
fn worst_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let group = r#"{"id":1,"subject":"","created_at":1}"#;
    vec![
        ("a refusal full of objects", filled(r#"{"status":"error","x":[{}"#, ",{}", "]}")),
        ("a refusal full of objects with a key", filled(r#"{"status":"error","x":[{"":0}"#, r#",{"":0}"#, "]}")),
        ("a refusal full of keys", filled(r#"{"status":"error","message":"m""#, r#","k":0"#, "}")),
        ("a refusal with a long message", filled(r#"{"status":"error","message":"\n"#, "word ", r#""}"#)),
        ("a refusal with escapes alone", filled(r#"{"error":{"message":""#, r"\u0041", r#""}}"#)),
        ("a refusal with a long key", filled(r#"{"error":1,"\n"#, "k", r#"":1}"#)),
        ("a long key before a fault", filled(r#"{"\n"#, "k", r#"":tru}"#)),
        ("a long key of a group, before a fault", filled(r#"{"data":[{"\n"#, "k", r#"":1}]}"#)),
        ("a value that is ignored and nested", filled(r#"{"data":[],"x":"#, "[", "")),
        ("a refusal with a long message, and a byte that is no text", {
            let mut body = filled(r#"{"status":"error","message":"\n"#, "word ", r#""}"#);
            let end = body.len() - 3;
            body[end] = 0xff;
            body
        }),
        ("a refusal that is nested", filled(r#"{"error":"#, r#"{"error":"#, "")),
        ("tiny groups", filled(&format!(r#"{{"data":[{group}"#), &format!(",{group}"), "]}")),
        (
            "tiny groups beside the paging",
            filled(&format!(r#"{{"paging":{{}},"data":{{"groups":[{group}"#), &format!(",{group}"), "]}}"),
        ),
        ("tiny groups, then a fault", filled(&format!(r#"{{"data":[{group}"#), &format!(",{group}"), "}")),
        ("a long subject", filled(r#"{"data":[{"id":1,"created_at":1,"subject":""#, "s", r#""}]}"#)),
        ("a long subject with an escape", filled(r#"{"data":[{"id":1,"created_at":1,"subject":"\n"#, "s", r#""}]}"#)),
        ("a subject of escapes alone", filled(r#"{"data":[{"id":1,"created_at":1,"subject":""#, r"\u0915", r#""}]}"#)),
        (
            "subjects of half escapes",
            filled(r#"{"data":[{"id":1,"created_at":1,"subject":""#, r"aaaaaaaaa\n", r#""}]}"#),
        ),
        ("a long subject that is cut", filled(r#"{"data":[{"id":1,"created_at":1,"subject":"\n"#, "s", "")),
        ("a long link", filled(r#"{"data":[],"paging":{"next":"h?after=C&x=\/"#, "l", r#""}}"#)),
        ("a long cursor", filled(r#"{"data":[],"paging":{"cursors":{"after":"\n"#, "c", r#""}}}"#)),
        ("an array for an object", filled(r#"{"data":[],"paging":["#, "0,", "0]}")),
        ("white space", filled(r#"{"data":[]"#, " ", "}")),
        ("HTML", filled("<title>", "word ", "</title>")),
        ("no JSON", filled("", "word ", "")),
        (
            "bytes that are no text",
            [filled(r#"{"data":[],"x":""#, "x", "")[..SMALL - 3].to_vec(), b"\xff\"}".to_vec()].concat(),
        ),
    ]
}

/// One test, since a second one would be measured too.
#[test]
fn no_body_takes_more_memory_than_three_times_the_bound() {
    // That reqwest unpacks at all is what makes a bomb of a small answer.
    let page = zipped(&gzip(br#"{"data":[{"id":"a","subject":"b","creation_timestamp":1}]}"#));
    assert_eq!(list(&server(move |stream| stream.write_all(&page).unwrap())).0.unwrap(), 1);

    for (what, body) in worst_bodies() {
        assert!((SMALL - 64..=SMALL).contains(&body.len()), "{what}: {} bytes", body.len());
        let plain = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &*body].concat();
        let small = zipped(&gzip(&body));
        drop(body);
        for answer in [plain, small] {
            let bytes = answer.len();
            let (page, peak) = list_at_most(&server(move |stream| drop(stream.write_all(&answer))), SMALL);
            println!("{what}, {bytes} bytes sent: {} KiB", peak / 1024);
            assert!(peak <= 3 * SMALL + SMALL_PARTS, "{what}, {bytes} bytes sent: {peak} bytes taken, {page:?}");
        }
    }

    let bomb = bomb();
    assert!((90_000..120_000).contains(&bomb.len()), "{} bytes", bomb.len());
    let bomb = zipped(&bomb);
    assert_bounded(list(&server(move |stream| drop(stream.write_all(&bomb)))));

    let without_end = |head: &'static str, chunk: String| {
        server(move |stream| {
            stream.write_all(head.as_bytes()).unwrap();
            // Ends only since the client hangs up.
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        })
    };
    let spaces = " ".repeat(0x10000);
    assert_bounded(list(&without_end("HTTP/1.1 200 OK\r\n\r\n", spaces.clone())));
    let chunk = format!("10000\r\n{spaces}\r\n");
    assert_bounded(list(&without_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk)));

    // No memory is set aside for a length that is a lie, whatever the bound.
    for (max, length) in [
        (MAX, "9223372036854775808"),
        (MAX, "8388609"),
        (MAX, "8388608"),
        (usize::MAX, "1000000000000000"),
        (usize::MAX, "9000000000000000000"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{\"data\":");
        let (page, peak) = list_at_most(&server(move |stream| stream.write_all(answer.as_bytes()).unwrap()), max);
        assert!(page.is_err() && peak < MIB, "{length}: {peak} bytes, {page:?}");
    }
}
