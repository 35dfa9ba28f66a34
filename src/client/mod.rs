mod origin;

use std::env::{self, VarError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::credential::{Credential, Credentials, Keeper};
use crate::error::{Error, Result};
use crate::fetch::{Attempt, Gate, Observer, Pace, RetryPolicy, TIMEOUT};
use crate::http::{Endpoint, HeaderValue, HttpSource, Limits, Url};
use crate::list::ListGroups;
use crate::source::AnySource;

/// The default base URL.
///
/// Inferred: the API's page writes `{{API_FRONT_URL}}/app/{APP_ID}/group` and does not define the variable; sibling calls
/// use `https://api.gupshup.io/wa/app/{APP_ID}/…`. If a correct app id gets 404, try `https://api.gupshup.io`.
pub const DEFAULT_BASE_URL: &str = "https://api.gupshup.io/wa";

/// The base URL of the [partner API](Client::partner), from Gupshup's partner documentation.
pub const PARTNER_BASE_URL: &str = "https://partner.gupshup.io/partner";

const KEY_VARIABLE: &str = "GUPSHUP_API_KEY";
const TOKEN_VARIABLE: &str = "GUPSHUP_TOKEN";
const URL_VARIABLE: &str = "GUPSHUP_API_URL";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Credentials and an address, for any number of apps. Cheap to clone: clones share connections, credentials, rate
/// limit, retry budget, and the wait after a `Retry-After`.
///
/// Credentials are sent to the base URL's origin only.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    keeper: Arc<Keeper>,
    base: Arc<Url>,
    pace: Pace,
}

impl Client {
    /// A client with an [API key](Credential::api_key). API keys stop working on 31 March 2027.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn new(api_key: impl Into<String>) -> Result<Self> {
        Self::builder(Credential::api_key(api_key)).build()
    }

    /// A client with a [Bearer token](Credential::bearer): a Universal Token, or a Universal App Token. For tokens that expire
    /// while the program runs, pass a [provider](crate::CredentialProvider) to [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn bearer(token: impl Into<String>) -> Result<Self> {
        Self::builder(Credential::bearer(token)).build()
    }

    /// A client with the API key in `GUPSHUP_API_KEY` or the [Bearer token](Self::bearer) in `GUPSHUP_TOKEN`, and the base
    /// URL in `GUPSHUP_API_URL`, if set. White space and a byte order mark around a value are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] if both or neither of the first two have a value, and those of [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_variables(|name| env::var(name))?.build()
    }

    /// Configures a client. `credentials` is an API key, a [`Credential`], or a [`CredentialProvider`](crate::CredentialProvider).
    ///
    /// ```
    /// use std::time::Duration;
    /// use gupshup_groups::Client;
    ///
    /// let client = Client::builder("key").timeout(Duration::from_secs(10)).build()?;
    /// # Ok::<(), gupshup_groups::Error>(())
    /// ```
    pub fn builder(credentials: impl Into<Credentials>) -> ClientBuilder {
        ClientBuilder::new(credentials.into())
    }

    /// A client of the partner API, for partners who manage other accounts' apps.
    ///
    /// `token` is the [value of `Authorization`](Credential::authorization): the partner's token for one app, or `Bearer …`. It
    /// is sent to [`PARTNER_BASE_URL`], at most 10 times a second, the limit in Gupshup's partner documentation. Not tested
    /// against the live API.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn partner(token: impl Into<String>) -> Result<Self> {
        Self::partner_builder(Credential::authorization(token)).build()
    }

    /// Configures a client of the [partner API](Self::partner). A plain text is the value of `Authorization`. For several
    /// apps, pass a [provider](crate::CredentialProvider), since each app has its own token.
    pub fn partner_builder(credentials: impl Into<Credentials>) -> ClientBuilder {
        ClientBuilder::new(credentials.into().of_partner())
            .base_url(PARTNER_BASE_URL)
            .rate_limit(10, Duration::from_secs(1))
    }

    /// A listing of an app's active groups.
    ///
    /// `app_id` is the app's id (a UUID), not its name. An id that is empty, `.`, `..`, longer than 256 bytes, or has control
    /// characters is an [`is_config`](Error::is_config) error of the listing.
    pub fn groups(&self, app_id: impl Into<String>) -> ListGroups {
        let app_id = app_id.into();
        match origin::list_url(&self.base, &app_id) {
            Ok(url) => {
                let app = self.keeper.app(&app_id);
                let source = HttpSource::new(Arc::clone(&self.endpoint), Arc::clone(&app), url);
                ListGroups::at_pace(AnySource::new(source), self.pace.clone()).credentials(app).app_id(app_id)
            }
            Err(problem) => ListGroups::invalid(problem),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.endpoint.origin)
            .field("max_page_bytes", &self.endpoint.max_page_bytes)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Client`]. Invalid input is an error of [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    credentials: Credentials,
    base_url: String,
    allow_plain_http: bool,
    http: Option<reqwest::ClientBuilder>,
    connect_timeout: Duration,
    timeout: Duration,
    retry: RetryPolicy,
    rate_limit: Option<(u32, Duration)>,
    observer: Option<Observer>,
    user_agent: String,
    max_page_bytes: usize,
}

impl ClientBuilder {
    fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            base_url: DEFAULT_BASE_URL.to_owned(),
            allow_plain_http: false,
            http: None,
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
            retry: RetryPolicy::default(),
            rate_limit: None,
            observer: None,
            user_agent: USER_AGENT.to_owned(),
            max_page_bytes: MAX_PAGE_BYTES,
        }
    }

    fn from_variables(read: impl Fn(&str) -> Result<String, VarError>) -> Result<Self> {
        let read = |name: &str| match read(name) {
            Ok(value) => {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
                Ok(Some(value.to_owned()).filter(|value| !value.is_empty()))
            }
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(Error::config(format!("the variable {name} is not Unicode: set it again")))
            }
        };
        let credential = match (read(KEY_VARIABLE)?, read(TOKEN_VARIABLE)?) {
            (Some(key), None) => Credential::api_key(key),
            (None, Some(token)) => Credential::bearer(token),
            (Some(_), Some(_)) => {
                return Err(Error::config(format!(
                    "both {KEY_VARIABLE} and {TOKEN_VARIABLE} are set: unset {KEY_VARIABLE} to use the token, or \
                     {TOKEN_VARIABLE} to use the API key"
                )));
            }
            (None, None) => {
                return Err(Error::config(format!(
                    "neither {KEY_VARIABLE} nor {TOKEN_VARIABLE} has a value: set {KEY_VARIABLE} to the API key, or \
                     {TOKEN_VARIABLE} to a token"
                )));
            }
        };
        let builder = Self::new(credential.into());
        Ok(match read(URL_VARIABLE)? {
            Some(url) => builder.base_url(url),
            None => builder,
        })
    }

    /// Sets the API's address (its page: `API_FRONT_URL`), with its path prefix. Default: [`DEFAULT_BASE_URL`].
    ///
    /// Must be https without user, query and fragment. Http is accepted on this machine (`localhost`, `127.0.0.0/8`,
    /// `[::1]`) or with [`allow_plain_http`](Self::allow_plain_http).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Allows http to other machines, such as a gateway in a trusted network. The credential is then sent unencrypted.
    /// Default: off.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Sets the HTTP client: proxies, certificates, name resolution, connection pool. Default: reqwest's.
    ///
    /// These settings override it: no redirects, `Referer`, wire logs or retries by reqwest; https only, if the base URL is
    /// https; no proxy for plain http and this machine; the time limits and user agent of this builder.
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = Some(http);
        self
    }

    /// Sets the `User-Agent` header. Default: `gupshup-groups/` and the version of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Limits the time to connect, including name resolution and TLS. More than zero.
    ///
    /// Default: 5 s, enough for two lost first packets (sent again after 1 s and 3 s).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Limits an attempt, from connecting to the last byte. More than zero. An attempt also ends if no byte arrives for half
    /// of this time. Time in which the stream is not polled counts.
    ///
    /// Default: 30 s, enough for the largest page (about 200 KiB) at 64 kbit/s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the retry policy. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Limits the requests of all clones, including retries, to `requests` in any window of length `per`. Neither may be zero.
    /// Default: no limit, since the API documents none.
    ///
    /// Requests are spaced evenly: 10 a second are one each 100.5 ms, first come, first served. A stream that is not polled
    /// delays no other. The wait counts towards no time limit.
    ///
    /// The limit holds where requests begin. Networks delay each differently, so set a lower rate, such as 9 instead of 10,
    /// if the server must never count one too many.
    pub fn rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.rate_limit = Some((requests, per));
        self
    }

    /// Calls `observer` at the end of each attempt of all clones: for metrics. It replaces an earlier one. Default: none.
    ///
    /// It runs where the stream is polled, or on the task that reads ahead, and must not block. A panic in it reaches the
    /// caller of the poll.
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

    /// Limits the decompressed body of a page, in bytes. More than zero. A larger page is an [`Error::is_too_large`].
    /// Default: 8 MiB, forty times the size of 1024 groups.
    pub fn max_page_bytes(mut self, bytes: usize) -> Self {
        self.max_page_bytes = bytes;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] if the credential is empty, not visible ASCII or expired; the base URL is not
    /// [allowed](Self::base_url); a limit is zero; or TLS cannot be set up, for example because the system has no
    /// certificates. The message shows neither credential nor URL.
    pub fn build(self) -> Result<Client> {
        let keeper = Keeper::new(self.credentials)?;
        let base = origin::base_url(&self.base_url, self.allow_plain_http)?;
        if cfg!(not(any(feature = "rustls", feature = "native-tls"))) && base.scheme() == "https" {
            return Err(Error::config("the base URL is https, and this build has no TLS: enable the feature `rustls`"));
        }
        for (zero, name) in [
            (self.connect_timeout.is_zero(), "connect_timeout"),
            (self.timeout.is_zero(), "timeout"),
            (self.max_page_bytes == 0, "max_page_bytes"),
            (self.rate_limit.is_some_and(|(requests, per)| requests == 0 || per.is_zero()), "rate_limit"),
        ] {
            if zero {
                return Err(Error::config(format!("`{name}` is zero, so no request can succeed: raise it")));
            }
        }

        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config("the user agent is not a header value: leave out control characters"))?;
        let limits = Limits {
            user_agent,
            connect_timeout: self.connect_timeout,
            timeout: self.timeout,
            max_page_bytes: self.max_page_bytes,
        };
        // A proxy could read plain http, and could not reach this machine.
        let direct = base.scheme() == "http" || origin::is_loopback(&base);
        let endpoint = Endpoint::new(self.http, &base, direct, &limits)?;
        let gate = self.rate_limit.map_or_else(Gate::open, |(requests, per)| Gate::with_limit(requests, per));
        Ok(Client {
            endpoint: Arc::new(endpoint),
            keeper: Arc::new(keeper),
            base: Arc::new(base),
            pace: Pace::new(self.retry, self.timeout, gate, self.observer),
        })
    }
}

/// Omits the base URL, which is not checked yet and may hold a password.
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
        assert!(refusal(Client::builder("")).starts_with("the API key is empty: copy it"));
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
    fn an_invalid_base_url_is_refused_with_advice_and_without_its_secrets() {
        for (url, advice) in [
            ("", "is not a URL"),
            ("api.gupshup.io/wa", "is not a URL"),
            ("/wa", "is not a URL"),
            ("https://", "is not a URL"),
            ("https://h:99999", "is not a URL"),
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

    /// The settings of an environment with these variables.
    fn from(variables: &[(&str, &str)]) -> Result<ClientBuilder> {
        ClientBuilder::from_variables(|name| {
            assert!([KEY_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE].contains(&name), "{name}");
            let value = variables.iter().find(|(variable, _)| *variable == name);
            value.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_environment_gives_a_key_or_a_token_and_perhaps_the_base_url() {
        for (name, value, expected) in [
            (KEY_VARIABLE, "k", Credential::api_key("k")),
            (KEY_VARIABLE, "\u{feff} k\r\n", Credential::api_key("k")),
            (TOKEN_VARIABLE, "t", Credential::bearer("t")),
            (TOKEN_VARIABLE, " Bearer t ", Credential::bearer("t")),
        ] {
            for other in [&[][..], &[(KEY_VARIABLE, " ")], &[(TOKEN_VARIABLE, "")]] {
                let builder = from(&[&[(name, value)], other].concat()).unwrap();
                assert_eq!(builder.credentials.fixed(), Some(&expected), "{name} {value:?}");
                assert_eq!(builder.base_url, DEFAULT_BASE_URL);
            }
        }
        let at = |url| from(&[(KEY_VARIABLE, "k"), (URL_VARIABLE, url)]).unwrap().base_url;
        assert_eq!([at(""), at(" https://h\n")], [DEFAULT_BASE_URL, "https://h"]);
    }

    #[test]
    fn an_environment_without_one_credential_is_an_error_that_says_what_to_do() {
        let (key, token) = ((KEY_VARIABLE, "SECRET"), (TOKEN_VARIABLE, "SECRET"));
        for (variables, text) in [
            (&[][..], "neither GUPSHUP_API_KEY nor GUPSHUP_TOKEN has a value: set GUPSHUP_API_KEY to the API key"),
            (&[(KEY_VARIABLE, " \n")], "neither GUPSHUP_API_KEY nor GUPSHUP_TOKEN has a value"),
            (&[(TOKEN_VARIABLE, "")], "neither GUPSHUP_API_KEY nor GUPSHUP_TOKEN has a value"),
            (&[key, token], "unset GUPSHUP_API_KEY to use the token, or GUPSHUP_TOKEN to use the API key"),
        ] {
            let error = from(variables).unwrap_err();
            assert!(error.is_config() && error.to_string().contains(text), "{error}");
            assert!(!format!("{error:?}").contains("SECRET"));
        }
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
        let text = format!("{client:?} {:?}", client.groups("app-7").participants(["SECRET"]));
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
        for (builder, value) in [
            (Client::partner_builder("TOKEN"), "TOKEN"),
            (Client::partner_builder("Bearer TOKEN".to_owned()), "Bearer TOKEN"),
            (Client::partner_builder(Credential::bearer("TOKEN")), "Bearer TOKEN"),
        ] {
            assert_eq!(builder.credentials.fixed(), Some(&Credential::authorization(value)));
            assert_eq!(&*builder.base_url, PARTNER_BASE_URL);
            assert_eq!(builder.rate_limit, Some((10, Duration::from_secs(1))));
            builder.build().unwrap();
        }
        assert!(Client::partner("Bearer TOKEN").is_ok() && Client::bearer("TOKEN").is_ok());
    }

    #[test]
    fn a_client_crosses_threads() {
        fn crosses_threads<T: Clone + Send + Sync + 'static>() {}
        crosses_threads::<Client>();
    }
}
