//! The HTTP client, and its security settings.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Url, redirect};

use crate::error::{Error, Result};

pub(crate) struct Endpoint {
    pub(super) http: reqwest::Client,
    pub(crate) max_page_bytes: usize,
    /// The origin, for logs.
    pub(crate) origin: String,
}

pub(crate) struct Limits {
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_page_bytes: usize,
}

impl Endpoint {
    /// Applies the security settings on top of the caller's. `direct`: without a proxy.
    pub(crate) fn new(http: Option<reqwest::ClientBuilder>, base: &Url, direct: bool, limits: &Limits) -> Result<Self> {
        let mut http = http
            .unwrap_or_default()
            .user_agent(limits.user_agent.clone())
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(base.scheme() == "https")
            .connection_verbose(false)
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect_timeout)
            .read_timeout(limits.timeout / 2)
            .timeout(limits.timeout);
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
        Ok(Self { http, max_page_bytes: limits.max_page_bytes, origin: base.origin().ascii_serialization() })
    }
}
