//! The HTTP client, its security settings, and the key.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use secrecy::SecretString;

use crate::error::{Error, Result};

pub(crate) struct Endpoint {
    pub(super) http: reqwest::Client,
    pub(super) key: Key,
    pub(super) timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(crate) max_page_bytes: usize,
    /// The origin, for logs.
    pub(crate) origin: String,
}

pub(crate) struct Key {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
    /// For masking.
    pub(crate) text: SecretString,
}

pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_page_bytes: usize,
}

impl Endpoint {
    /// Applies the security settings on top of the caller's. `direct`: without a proxy.
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
        // No TLS connection is made, so a system without certificates is no reason to fail.
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        if base.scheme() == "http" {
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|error| {
            let detail = "the HTTP client cannot be set up: check its TLS settings and the system's certificates";
            Error::config(detail).with_source(error.without_url())
        })?;
        let Limits { timeout, idle_timeout, max_page_bytes, .. } = *limits;
        Ok(Self { http, key, timeout, idle_timeout, max_page_bytes, origin: base.origin().ascii_serialization() })
    }
}
