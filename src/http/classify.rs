//! reqwest's errors as this crate's.

use std::error::Error as StdError;
use std::io;

use crate::error::{Error, TimeLimit};

/// Classifies reqwest's errors by their chain of sources. reqwest's predicates are too coarse: `is_decode()` is true
/// for every failure in a body, and `is_connect()` also for a bad certificate.
///
/// Removes the URL, because it holds the cursor.
pub(super) fn classify(error: reqwest::Error) -> Error {
    let error = error.without_url();
    reason(&error).with_source(error)
}

fn reason(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        return Error::config("the request cannot be built");
    }
    // The innermost error is the cause.
    let io = chain(error).filter_map(|error| error.downcast_ref()).map(io::Error::kind).last();
    if error.is_connect() {
        return match io {
            _ if error.is_timeout() => Error::out_of_time(TimeLimit::Connect),
            _ if error.is_dns() => Error::connect("could not resolve the host name"),
            // From rustls.
            Some(io::ErrorKind::InvalidData) => Error::tls(tls_reason(error)),
            // From the platform's TLS.
            None if !is_broken(error) => Error::tls(tls_reason(error)),
            _ => Error::connect("could not connect"),
        };
    }
    if error.is_timeout() {
        return Error::out_of_time(TimeLimit::Attempt);
    }
    if chain(error).filter_map(|error| error.downcast_ref()).any(hyper::Error::is_parse) {
        return Error::protocol("malformed HTTP response");
    }
    match io {
        // hyper on chunks, rustls on records.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
            Error::protocol("malformed HTTP response body")
        }
        Some(io::ErrorKind::UnexpectedEof) => Error::broken("the response is truncated"),
        _ => Error::broken("the connection broke"),
    }
}

/// An [`io::Error`] does not return the error that it wraps as its `source`.
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

/// Whether a proxy refused, or the connection ended during OpenSSL's handshake. These errors have no public type, only texts.
fn is_broken(error: &reqwest::Error) -> bool {
    chain(error).any(|error| {
        let text = error.to_string();
        ["tunnel error", "SOCKS error", "unexpected EOF"].iter().any(|broken| text.starts_with(broken))
    })
}

/// The TLS libraries have no common error type, only texts.
fn tls_reason(error: &reqwest::Error) -> &'static str {
    // rustls has the details in the innermost error, and OpenSSL in the one around it. They may name the host, so patterns
    // that name a host come first.
    let text: String = chain(error).map(|error| format!("{error}\n").to_ascii_lowercase()).collect();
    let reason = REASONS.iter().find(|(texts, _)| texts.split('|').any(|part| text.contains(part)));
    reason.map_or("no secure connection", |(_, reason)| reason)
}

/// Texts of rustls, OpenSSL and the platforms' libraries, separated by `|`, and their meaning.
const REASONS: [(&str, &str); 4] = [
    (
        "not valid for name|notvalidforname|not valid for any names|hostname mismatch|ip address mismatch",
        "no secure connection: the server's certificate is for another host",
    ),
    (
        "unknownissuer|badsignature|signature failure|unknown issuer|self-signed|self signed|local issuer|untrusted|not trusted",
        "no secure connection: the server's certificate is from an unknown issuer",
    ),
    (
        "certificate expired|peer certificate: expired|has expired",
        "no secure connection: the server's certificate has expired",
    ),
    (
        "corrupt message|wrong version number|packet length too long|record layer failure",
        "no secure connection: the server does not speak TLS",
    ),
];
