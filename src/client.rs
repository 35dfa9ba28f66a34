//! The client: the key, the address, and the limits of every request.

mod origin;

use std::env::{self, VarError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};
use crate::fetch::{Attempt, Observer, Pace, RateLimit, RetryPolicy};
use crate::http::{API_KEY, AUTHORIZATION, Endpoint, HeaderName, HttpSource, Key, Limits, Url};
use crate::list::ListGroups;

/// Where the API is, unless [`ClientBuilder::base_url`] says otherwise: `https://api.gupshup.io/wa`.
///
/// This is an inference. The API's page writes `{{API_FRONT_URL}}/app/{APP_ID}/group` and does not say what the variable
/// is; the pages of its sibling calls (templates, block user, business profile) resolve it to `https://api.gupshup.io`
/// with paths under `/wa/app/{APP_ID}/…`. Where this address answers 404 for an app id that is right, try
/// `https://api.gupshup.io`, and then what Gupshup's support says.
pub const DEFAULT_BASE_URL: &str = "https://api.gupshup.io/wa";

/// Where the partner API is, unless [`ClientBuilder::base_url`] says otherwise: `https://partner.gupshup.io/partner`, as
/// Gupshup's partner documentation has it.
pub const PARTNER_BASE_URL: &str = "https://partner.gupshup.io/partner";

/// The variable that [`Client::from_env`] reads the key from.
const KEY_VARIABLE: &str = "GUPSHUP_API_KEY";
/// The variable that [`Client::from_env`] reads the base URL from.
const URL_VARIABLE: &str = "GUPSHUP_API_URL";

/// Five seconds: two losses of the first packet (retried after 1 s and 3 s) and a slow handshake fit in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Thirty seconds: the largest page is some 200 KiB, which a line of 64 kbit/s carries in that time.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Half an attempt: a server that was silent for so long has most likely forgotten the request.
const SILENCE: Duration = Duration::from_secs(15);
/// 8 MiB: forty times what 1024 groups with long names take.
const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;

/// A Gupshup account, at an address.
///
/// Make one and clone it: clones are cheap and share their connections. The key is never shown, by `Debug` or by any
/// error, and goes to the base URL's origin only.
///
/// # Examples
///
/// ```no_run
/// use futures::StreamExt;
/// use gupshup_groups::Client;
///
/// # async fn list() -> gupshup_groups::Result<()> {
/// let client = Client::from_env()?;
/// let mut groups = client.groups("3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10").stream();
/// while let Some(group) = groups.next().await {
///     let group = group?;
///     println!("{} {}", group.id, group.subject);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    /// Where the API is, with the prefix of its paths.
    base: Arc<Url>,
    pace: Pace,
}

impl Client {
    /// A client of the API at [`DEFAULT_BASE_URL`], with the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// As those of [`ClientBuilder::build`].
    pub fn new(api_key: impl Into<String>) -> Result<Self> {
        Self::builder(api_key).build()
    }

    /// A client with the key from `GUPSHUP_API_KEY`, and the base URL from `GUPSHUP_API_URL` where that is set and not
    /// empty.
    ///
    /// ```no_run
    /// let client = gupshup_groups::Client::from_env()?;
    /// # Ok::<(), gupshup_groups::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_config`], with the variable's name, where it is missing or not Unicode; else as those of
    /// [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_variables(|name| env::var(name))?.build()
    }

    /// A client that is configured further.
    ///
    /// ```
    /// use std::time::Duration;
    /// use gupshup_groups::Client;
    ///
    /// let client = Client::builder("key").timeout(Duration::from_secs(10)).build()?;
    /// # Ok::<(), gupshup_groups::Error>(())
    /// ```
    ///
    /// # Default
    ///
    /// * base URL [`DEFAULT_BASE_URL`], over https only
    /// * connecting takes at most 5 s, an attempt at a page 30 s, and silence within one 15 s
    /// * three attempts at a page, in at most 90 s
    /// * a page is at most 8 MiB
    pub fn builder(api_key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(api_key.into(), API_KEY)
    }

    /// A client of the partner API, for partners who manage the apps of others: `token` is the partner's token for the
    /// app, and is sent as `Authorization` in place of `apikey`, to [`PARTNER_BASE_URL`].
    ///
    /// Taken from Gupshup's partner documentation, and not tried on a live server. That documents a limit of 10 requests a
    /// second, which the client keeps to. A token is for one app: make a client for each.
    ///
    /// # Errors
    ///
    /// As those of [`ClientBuilder::build`].
    pub fn partner(token: impl Into<String>) -> Result<Self> {
        Self::partner_builder(token).build()
    }

    /// A client of the partner API that is configured further; see [`partner`](Self::partner).
    pub fn partner_builder(token: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(token.into(), AUTHORIZATION)
            .base_url(PARTNER_BASE_URL)
            .rate_limit(10, Duration::from_secs(1))
    }

    /// The active groups of an app. Nothing is asked before the listing is polled.
    ///
    /// `app_id` is the app's id (a UUID), not its name: a name gets 401. It is sent as one segment of the path, whatever
    /// characters it has. An id that is empty, `.`, `..`, longer than 256 bytes or has control characters is an error
    /// ([`Error::is_config`]) of the listing, before any request.
    pub fn groups(&self, app_id: impl Into<String>) -> ListGroups {
        ListGroups::at_pace(self.source(app_id), self.pace.clone())
    }

    /// The source of an app's pages, without retries and rate limit: for sources of your own that wrap it, and for tests of
    /// those. For a listing by such a source, with both, see [`ListGroups::map_source`].
    ///
    /// `app_id` is as in [`groups`](Self::groups); one that cannot be sent is an error of the fetch.
    #[must_use]
    pub fn source(&self, app_id: impl Into<String>) -> HttpSource {
        let app_id = app_id.into();
        let url = origin::list_url(&self.base, &app_id);
        HttpSource::new(Arc::clone(&self.endpoint), &app_id, url)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.endpoint.shown)
            .field("max_page_bytes", &self.endpoint.max_page_bytes)
            .finish_non_exhaustive()
    }
}

/// Configures a [`Client`]: see [`Client::builder`] for the defaults. Invalid input is an error of [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    api_key: SecretString,
    key_name: HeaderName,
    base_url: String,
    allow_plain_http: bool,
    http: Option<reqwest::ClientBuilder>,
    connect_timeout: Duration,
    timeout: Duration,
    retry: RetryPolicy,
    rate_limit: Option<(u32, Duration)>,
    observer: Option<Observer>,
    max_page_bytes: usize,
}

impl ClientBuilder {
    fn new(key: String, key_name: HeaderName) -> Self {
        Self {
            api_key: key.into(),
            key_name,
            base_url: DEFAULT_BASE_URL.to_owned(),
            allow_plain_http: false,
            http: None,
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
            retry: RetryPolicy::default(),
            rate_limit: None,
            observer: None,
            max_page_bytes: MAX_PAGE_BYTES,
        }
    }

    /// [`Client::from_env`], with the environment as a function.
    fn from_variables(read: impl Fn(&str) -> Result<String, VarError>) -> Result<Self> {
        let read = |name: &str| match read(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(Error::config(format!("the variable {name} is not Unicode: set it again")))
            }
        };
        let Some(key) = read(KEY_VARIABLE)? else {
            return Err(Error::config(format!("the variable {KEY_VARIABLE} is not set: set it to the API key")));
        };
        let builder = Self::new(key, API_KEY);
        Ok(match read(URL_VARIABLE)? {
            Some(url) => builder.base_url(url),
            None => builder,
        })
    }

    /// Where the API is: what its page calls `API_FRONT_URL`, with the prefix of the paths, if there is one. A slash at
    /// the end does not matter.
    ///
    /// It has to be https, or http on this machine (`localhost`, `127.0.0.0/8`, `[::1]`); see
    /// [`allow_plain_http`](Self::allow_plain_http) for http elsewhere. A user, a query or a fragment in it is an error.
    ///
    /// The default is [`DEFAULT_BASE_URL`].
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Whether the key may travel unencrypted to another machine. Off by default; for a gateway in a network that you
    /// trust as you trust your own machine.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// What requests are made with: proxies, certificates, name resolution, pool. The default is reqwest's own, with
    /// this crate's name and version as its user agent.
    ///
    /// What guards the key and bounds a request is set on top of it, last: no redirects, no `Referer`, https only where
    /// the base URL is https, no proxy for plain http nor for this machine, no wire logs, no retries of reqwest's own, and
    /// this builder's [`connect_timeout`](Self::connect_timeout).
    ///
    /// Do not set `timeout` or `read_timeout` on it, but [`timeout`](Self::timeout) here. Those of reqwest apply beside it
    /// and look at their timer before the response: where the stream was not polled for longer, they discard a response
    /// that has arrived.
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = Some(http);
        self
    }

    /// How long a connection may take to be made, name resolution and TLS included. More than zero.
    ///
    /// The default is 5 s: a first packet may get lost twice (it is sent again after 1 s and 3 s).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one attempt at a page may take in total, from connecting to the last byte. More than zero.
    ///
    /// The default is 30 s: the largest page is some 200 KiB, and a line of 64 kbit/s carries it in that time. The total
    /// is what stops a server that sends a byte now and then. Silence ends an attempt earlier: after 15 s, or after half of
    /// this timeout where that is more.
    ///
    /// Time in which nobody polls the stream does not count: a response that has arrived is used, and one that has not is
    /// waited for.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How a failed attempt at a page is repeated. The default is [`RetryPolicy::default`]: three attempts in at most 90 s.
    /// All clones of the client share one budget for retries.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Makes at most `requests` requests, 1 or more, in any stretch of `per`, more than zero, retries included, over all
    /// clones of the client. Off by default: the API's page names no limit, and its answer to too many requests is waited
    /// out anyway.
    ///
    /// Streams that have to wait are served first come, first served, and that wait does not count towards any timeout. A
    /// stream that is alive and not polled holds up no other for longer than 100 ms: it loses its turn to the next, and when
    /// it is polled again, it takes the next free one. A wait that is dropped gives its turn back.
    ///
    /// Waiting needs the timers of a tokio runtime. Without them, a request that may not be made yet is an error that
    /// [`is_config`](Error::is_config).
    pub fn rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.rate_limit = Some((requests, per));
        self
    }

    /// Calls `observer` at the end of each attempt at a page, over all clones of the client: for metrics. Off by default.
    ///
    /// It is called where the stream is polled, or on the task that reads ahead, so it should be quick and not block. No
    /// lock is held meanwhile. If it panics, the panic goes through to whoever polls, and the next poll asks for the page
    /// again. A second observer replaces the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use gupshup_groups::Client;
    ///
    /// let retries = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&retries);
    /// let client = Client::builder("key")
    ///     .observer(move |attempt| {
    ///         if attempt.number() > 1 {
    ///             counter.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), gupshup_groups::Error>(())
    /// ```
    pub fn observer(mut self, observer: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer::new(observer));
        self
    }

    /// How large a page may be, in bytes of its body, decompressed. More than zero.
    ///
    /// The default is 8 MiB: forty times what 1024 groups take. A larger page is [`Error::is_too_large`].
    pub fn max_page_bytes(mut self, bytes: usize) -> Self {
        self.max_page_bytes = bytes;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`], which names what is wrong and shows neither key nor URL: a key that is empty or holds
    /// anything but visible ASCII; a base URL that [`base_url`](Self::base_url) does not allow; a limit of zero; TLS
    /// that cannot be set up, for instance since the system has no certificates.
    pub fn build(self) -> Result<Client> {
        let key = origin::key_header(self.api_key.expose_secret())?;
        let base = origin::base_url(&self.base_url, self.allow_plain_http)?;
        for (zero, name) in [
            (self.connect_timeout.is_zero(), "connect_timeout"),
            (self.timeout.is_zero(), "timeout"),
            (self.max_page_bytes == 0, "max_page_bytes"),
            (self.rate_limit.is_some_and(|(requests, per)| requests == 0 || per.is_zero()), "rate_limit"),
        ] {
            if zero {
                return Err(Error::config(format!("`{name}` is zero, so that no request can succeed: raise it")));
            }
        }

        let key = Key { name: self.key_name, value: key, text: self.api_key };
        let limits = Limits {
            connect_timeout: self.connect_timeout,
            timeout: self.timeout,
            longest_silence: SILENCE.max(self.timeout / 2).min(self.timeout),
            max_page_bytes: self.max_page_bytes,
        };
        // A proxy would read plain http, and could not reach this machine.
        let direct = base.scheme() == "http" || origin::is_loopback(&base);
        let endpoint = Endpoint::new(self.http, &base, direct, key, &limits)?;
        let limit = self.rate_limit.map(|(requests, per)| RateLimit::new(requests, per));
        Ok(Client {
            endpoint: Arc::new(endpoint),
            base: Arc::new(base),
            pace: Pace::new(self.retry, limit).with_observer(self.observer),
        })
    }
}

/// The base URL is not shown: it has not been checked yet, and may hold a password.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("allow_plain_http", &self.allow_plain_http)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("rate_limit", &self.rate_limit)
            .field("observer", &self.observer.is_some())
            .field("max_page_bytes", &self.max_page_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(builder: ClientBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert!(error.is_config(), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("SECRET"), "{text}");
        error.to_string()
    }

    fn at(url: &str) -> ClientBuilder {
        Client::builder("KEY-1234").base_url(url)
    }

    #[test]
    fn a_key_is_visible_ascii_or_refused_without_being_shown() {
        for key in ["k", "sk_live-0123456789abcdef", "!~"] {
            assert!(Client::new(key).is_ok(), "{key}");
        }
        assert!(refusal(Client::builder("")).starts_with("the API key is empty: set it"));
        for (key, hint) in [
            ("SECRET\n", "at byte 6: trim the white space"),
            (" SECRET", "at byte 0: trim the white space"),
            ("SEC RET SECRET", "at byte 3: copy it again"),
            ("SECRET\0SECRET", "at byte 6: copy it again"),
            ("SECRET\r\nX: SECRET", "at byte 6: copy it again"),
            ("SECRETé", "at byte 6: copy it again"),
            ("\u{200b}SECRET", "at byte 0: copy it again"),
        ] {
            let refusal = refusal(Client::builder(key));
            assert!(refusal.contains(hint), "{refusal}");
        }
    }

    #[test]
    fn the_base_url_is_https_or_http_on_this_machine() {
        for url in [
            DEFAULT_BASE_URL,
            "https://gateway.example:8443/a/b/",
            "HTTPS://API.GUPSHUP.IO",
            "http://localhost:8080",
            "http://127.0.0.1:8080/wa",
            "http://127.9.9.9",
            "http://[::1]:8080",
        ] {
            at(url).build().unwrap();
        }
        for url in
            ["http://gateway.example", "http://localhost.example", "http://10.0.0.1", "http://[::2]", "http://0.0.0.0"]
        {
            assert!(refusal(at(url)).contains("plain http"), "{url}");
            at(url).allow_plain_http(true).build().unwrap();
        }
    }

    #[test]
    fn a_base_url_that_is_none_is_refused_with_advice_and_without_its_secrets() {
        for (url, advice) in [
            ("", "is no URL"),
            ("api.gupshup.io/wa", "is no URL"),
            ("/wa", "is no URL"),
            ("https://", "is no URL"),
            ("https://h:99999", "is no URL"),
            ("localhost:8080", "neither https nor http"),
            ("file:///etc/passwd", "neither https nor http"),
            ("ftp://h", "neither https nor http"),
            ("data:text/plain,SECRET", "neither https nor http"),
            ("https://user:SECRET@h", "a user or a password"),
            ("https://SECRET@h", "a user or a password"),
            ("https://:SECRET@h", "a user or a password"),
            ("https://h?token=SECRET", "a query"),
            ("https://h/?", "a query"),
            ("https://h/#SECRET", "a fragment"),
        ] {
            let refusal = refusal(at(url).allow_plain_http(true));
            assert!(refusal.starts_with("the base URL ") && refusal.contains(advice), "{url}: {refusal}");
        }
    }

    #[test]
    fn a_limit_of_zero_is_refused_by_its_name() {
        let builder = || Client::builder("KEY-1234");
        for (builder, name) in [
            (builder().connect_timeout(Duration::ZERO), "`connect_timeout`"),
            (builder().timeout(Duration::ZERO), "`timeout`"),
            (builder().max_page_bytes(0), "`max_page_bytes`"),
            (builder().rate_limit(0, Duration::MAX), "`rate_limit`"),
            (builder().rate_limit(1, Duration::ZERO), "`rate_limit`"),
        ] {
            assert!(refusal(builder).starts_with(name));
        }
        builder().connect_timeout(Duration::MAX).timeout(Duration::MAX).max_page_bytes(usize::MAX).build().unwrap();
    }

    #[test]
    fn the_environment_gives_the_key_and_perhaps_the_base_url() {
        let from = |key: Option<&str>, url: Option<&str>| {
            let (key, url) = (key.map(str::to_owned), url.map(str::to_owned));
            ClientBuilder::from_variables(move |name| {
                match name {
                    KEY_VARIABLE => key.clone(),
                    URL_VARIABLE => url.clone(),
                    _ => panic!("{name}"),
                }
                .ok_or(VarError::NotPresent)
            })
        };
        for key in [None, Some("")] {
            let error = from(key, None).unwrap_err();
            assert!(error.is_config() && error.to_string().contains("GUPSHUP_API_KEY"), "{error}");
        }
        for url in [None, Some("")] {
            assert_eq!(from(Some("k"), url).unwrap().base_url, DEFAULT_BASE_URL);
        }
        let builder = from(Some("k"), Some("https://h")).unwrap();
        assert_eq!((builder.api_key.expose_secret(), &*builder.base_url), ("k", "https://h"));
    }

    #[test]
    fn a_variable_that_is_not_unicode_is_an_error_that_names_it() {
        let error = ClientBuilder::from_variables(|_| Err(VarError::NotUnicode("SECRET".into()))).unwrap_err();
        assert!(error.is_config() && error.to_string().contains("GUPSHUP_API_KEY"), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }

    #[test]
    fn debug_shows_where_requests_go_and_no_more() {
        let builder = at("https://h.example/SECRET");
        assert!(!format!("{builder:?}").contains("SECRET"));
        let client = builder.build().unwrap();
        let text = format!("{client:?} {:?}", client.source("app-7").with_participants(vec!["SECRET".into()]));
        assert!(
            text.contains("https://h.example")
                && text.contains("app-7")
                && !text.contains("SECRET")
                && !text.contains("KEY-1234"),
            "{text}"
        );
    }

    #[test]
    fn a_partner_client_sends_its_token_as_authorization_to_the_partner_api() {
        let builder = Client::partner_builder("TOKEN");
        assert_eq!((builder.key_name.as_str(), &*builder.base_url), ("authorization", PARTNER_BASE_URL));
        assert_eq!(builder.rate_limit, Some((10, Duration::from_secs(1))));
        assert!(Client::partner("TOKEN").is_ok());
    }

    #[test]
    fn a_client_crosses_threads() {
        fn crosses_threads<T: Clone + Send + Sync + 'static>() {}
        crosses_threads::<Client>();
    }
}
