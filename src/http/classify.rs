//! reqwest's failures in this crate's words.

use std::error::Error as StdError;
use std::io;

use crate::error::{Error, Limit};

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
pub(super) fn classify(error: reqwest::Error) -> Error {
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
            Some(io::ErrorKind::InvalidData) => Error::tls(tls_reason(error)),
            None if !is_proxy_refusal(error) => Error::tls(tls_reason(error)),
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

/// Why there is no secure connection. The TLS libraries have no type in common that says so, only texts.
fn tls_reason(error: &reqwest::Error) -> &'static str {
    // The innermost says most. A name of the host is in it, so what comes first here is what names a host.
    let text = chain(error).last().map(|error| error.to_string().to_ascii_lowercase()).unwrap_or_default();
    REASONS
        .iter()
        .find(|(words, _)| words.iter().any(|words| text.contains(words)))
        .map_or("no secure connection", |(_, reason)| reason)
}

/// What rustls, OpenSSL and the platforms' own libraries say, and what that means.
const REASONS: [(&[&str], &str); 4] = [
    (
        &[
            "not valid for name",
            "notvalidforname",
            "not valid for any names",
            "hostname mismatch",
            "ip address mismatch",
        ],
        "no secure connection: the server's certificate is for another host",
    ),
    (
        &[
            "unknownissuer",
            "badsignature",
            "unknown issuer",
            "self-signed",
            "self signed",
            "local issuer",
            "untrusted",
            "not trusted",
        ],
        "no secure connection: the server's certificate is from an unknown issuer",
    ),
    (
        &["certificate expired", "peer certificate: expired", "has expired"],
        "no secure connection: the server's certificate has expired",
    ),
    (
        &["corrupt message", "wrong version number", "packet length too long", "record layer failure"],
        "no secure connection: the server does not speak TLS",
    ),
];
