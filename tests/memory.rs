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

/// Lists from there, and returns the error and how many bytes were in use at most, beyond those in use before.
fn list(base: &str) -> (Result<usize>, usize) {
    let client = Client::builder("key").base_url(base).retry(RetryPolicy::none()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let page = runtime.block_on(client.groups("app").page());
    (page.map(|page| page.groups.len()), MEMORY.peak_usage() - before)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// 100 MiB of spaces: the same part a hundred times, without the end that nobody comes to.
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

/// Too large, and known to be before much more than three times the bound of 8 MiB was taken: a buffer that doubles may
/// become twice as large, and is copied from one half its size.
fn assert_bounded((page, peak): (Result<usize>, usize)) {
    let error: Error = page.unwrap_err();
    assert!(error.is_too_large() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("`max_page_bytes`, which is 8388608"), "{error}");
    assert!(peak < 28 * MIB, "{peak} bytes");
}

/// One test, since a second one would be measured too.
#[test]
fn a_bomb_and_a_body_without_end_take_no_more_memory_than_the_bound_allows() {
    // That reqwest unpacks at all is what makes a bomb of it.
    let page = zipped(&gzip(br#"{"data":[{"id":"a","subject":"b","creation_timestamp":1}]}"#));
    assert_eq!(list(&server(move |stream| stream.write_all(&page).unwrap())).0.unwrap(), 1);

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

    // No memory is set aside for a length that is a lie.
    let lie = |length: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    for length in ["9223372036854775808", "8388609"] {
        let answer = lie(length);
        let (page, peak) = list(&server(move |stream| {
            stream.write_all(answer.as_bytes()).unwrap();
            // Until the client hangs up.
            let _ = stream.read(&mut [0]);
        }));
        assert!(page.unwrap_err().is_too_large() && peak < MIB, "{length}: {peak} bytes");
    }
}
