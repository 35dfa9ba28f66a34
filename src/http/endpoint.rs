//! Where requests go and with what: the HTTP client, its security settings, and the key.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use secrecy::SecretString;

use crate::error::{Error, Result};

/// What all sources of a client share.
pub(crate) struct Endpoint {
    pub(super) http: reqwest::Client,
    pub(super) key: Key,
    /// Of an attempt in total.
    pub(super) timeout: Duration,
    /// Of silence within an attempt.
    pub(super) longest_silence: Duration,
    /// The most bytes of a page's body, decoded.
    pub(crate) max_page_bytes: usize,
    /// Scheme, host and port: the part of an address that a log may show.
    pub(crate) shown: String,
}

/// The key, and the header that it goes into.
pub(crate) struct Key {
    pub(crate) name: HeaderName,
    /// As it is sent: marked sensitive.
    pub(crate) value: HeaderValue,
    /// What is masked in the server's texts.
    pub(crate) text: SecretString,
}

/// What bounds a request.
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    /// Of silence within an attempt.
    pub(crate) longest_silence: Duration,
    pub(crate) max_page_bytes: usize,
}

impl Endpoint {
    /// Sets what guards the key and bounds a request, on top of the caller's own settings.
    ///
    /// `base` has been checked. A `direct` one is connected to without a proxy, whatever the environment or the caller says.
    pub(crate) fn new(
        http: Option<reqwest::ClientBuilder>,
        base: &Url,
        direct: bool,
        key: Key,
        limits: &Limits,
    ) -> Result<Self> {
        let http = http.unwrap_or_else(|| {
            reqwest::Client::builder().user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        });
        let mut http = http
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(base.scheme() == "https")
            .connection_verbose(false)
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect_timeout);
        if direct {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| {
            let detail = "the HTTP client cannot be set up: check its TLS settings and the system's certificates";
            Error::config(detail).with_source(error.without_url())
        })?;
        let Limits { timeout, longest_silence, max_page_bytes, .. } = *limits;
        Ok(Self { http, key, timeout, longest_silence, max_page_bytes, shown: base.origin().ascii_serialization() })
    }
}
