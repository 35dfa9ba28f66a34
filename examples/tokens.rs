//! Lists several apps with tokens that expire: mints a Universal App Token for each app from one Universal Token, saves it,
//! and mints another one only when it expires or is refused.
//!
//! ```sh
//! cargo run --example tokens -- --demo
//! GUPSHUP_TOKEN=… GUPSHUP_APP_IDS=…,… cargo run --example tokens -- tokens.json
//! ```
//!
//! With `--demo` it starts three times against a server on this machine that mints and checks tokens as Gupshup's partner
//! pages say. The third time, each token expires in the middle of a listing. It prints:
//!
//! ```text
//! first start: 3 tokens minted
//!   demo-app-a: 60 groups
//!   demo-app-b: 60 groups
//!   demo-app-c: 60 groups
//! second start: 0 tokens minted
//!   demo-app-a: 60 groups
//!   demo-app-b: 60 groups
//!   demo-app-c: 60 groups
//! third start: 3 tokens minted, 3 requests refused
//!   demo-app-a: 60 groups
//!   demo-app-b: 60 groups
//!   demo-app-c: 60 groups
//! ```
//!
//! With the variables it lists those apps of the partner API, their ids separated by commas. `GUPSHUP_TOKEN` is the
//! Universal Token; the argument is the file of the saved tokens. Not tested against the live API.

mod demo;

use std::collections::HashMap;
use std::env;
use std::error::Error as StdError;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt, TryStreamExt};
use gupshup_groups::reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use gupshup_groups::reqwest::{self, redirect};
use gupshup_groups::{Client, Credential, CredentialProvider, Error, PARTNER_BASE_URL, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Of a token. The API allows 1 to 24 hours. A long life means few tokens, and three at most are active for an app.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// A saved token that expires sooner is not used. The client asks for another one 60 s before the expiry.
const LEAST_LIFE: Duration = Duration::from_secs(120);
/// Apps listed at the same time.
const AT_ONCE: usize = 4;

/// Universal App Tokens, minted from a Universal Token and saved in a file.
struct AppTokens {
    http: reqwest::Client,
    base_url: String,
    /// `Bearer` and the Universal Token.
    universal: HeaderValue,
    file: PathBuf,
    /// As in the file, by app id.
    saved: Mutex<HashMap<String, Token>>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Token {
    token: String,
    /// In milliseconds since 1970, as the API has it.
    expiry: u64,
}

impl CredentialProvider for AppTokens {
    /// The client calls this once for all listings of an app, at most seven times in 60 s.
    async fn credential(&self, app_id: &str, refused: Option<&Credential>) -> Result<Credential> {
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner).get(app_id).cloned();
        let usable =
            |token: &Token| token.expires_at() > SystemTime::now() + LEAST_LIFE && Some(&token.credential()) != refused;
        if let Some(token) = saved.filter(usable) {
            return Ok(token.credential());
        }
        let token = self.mint(app_id).await?;
        // Saved before it is used, because the API does not show it again.
        self.save(app_id, token.clone()).map_err(Error::other)?;
        Ok(token.credential())
    }
}

impl AppTokens {
    fn new(base_url: &str, universal: &str, file: &Path) -> Result<Self, Box<dyn StdError>> {
        let mut universal = HeaderValue::from_str(&format!("Bearer {}", universal.trim()))?;
        universal.set_sensitive(true);
        let http =
            reqwest::Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(20)).build()?;
        let saved = match fs::read(file) {
            Ok(json) => serde_json::from_slice(&json)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { http, base_url: base_url.to_owned(), universal, file: file.to_owned(), saved: Mutex::new(saved) })
    }

    async fn mint(&self, app_id: &str) -> Result<Token> {
        let expiry = millis(SystemTime::now() + LIFE);
        let request = self
            .http
            .post(format!("{}/app/{app_id}/token", self.base_url))
            .header(AUTHORIZATION, self.universal.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("name=gupshup-groups&expiry={expiry}"));
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let body = response.bytes().await.map_err(broken)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            return Err(Error::api(status.as_u16(), None, body["message"].as_str().unwrap_or_default()));
        }
        // The pages do not show the form of the response.
        let token = ["/token", "/token/token", "/data/token"].iter().find_map(|place| body.pointer(place)?.as_str());
        let token = token.ok_or_else(|| Error::other("the response has no token"))?;
        Ok(Token { token: token.to_owned(), expiry })
    }

    /// Replaces the file, which only its owner can read. A crash leaves the old file or the new one.
    fn save(&self, app_id: &str, token: Token) -> io::Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        saved.insert(app_id.to_owned(), token);
        let json = serde_json::to_vec_pretty(&*saved)?;
        let new = self.file.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Left by a crash.
        let _ = fs::remove_file(&new);
        let mut file = options.open(&new)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new, &self.file)
    }
}

impl Token {
    fn credential(&self) -> Credential {
        Credential::bearer(&*self.token).expires_at(self.expires_at())
    }

    fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.expiry)
    }
}

/// The URL has the app id, which is no secret, but does not help either.
fn broken(error: reqwest::Error) -> Error {
    Error::transport(error.without_url())
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Lists the apps with one client: one pool of connections and one rate limit, whatever the number of tokens.
async fn list(base_url: &str, universal: &str, file: &Path, apps: &[&str]) -> Result<Vec<String>, Box<dyn StdError>> {
    let tokens = AppTokens::new(base_url, universal, file)?;
    let client = Client::builder(tokens).base_url(base_url).rate_limit(10, Duration::from_secs(1)).build()?;
    let list = async |app: &&str| {
        let groups = client.groups(*app).snapshot().await?;
        Ok::<_, Error>(format!("  {app}: {} groups", groups.len()))
    };
    Ok(stream::iter(apps).map(list).buffered(AT_ONCE).try_collect().await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    if demo::is_wanted() {
        return demonstrate().await;
    }
    let value = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    let (Some(universal), Some(ids), Some(file)) =
        (value("GUPSHUP_TOKEN"), value("GUPSHUP_APP_IDS"), env::args().nth(1))
    else {
        return Err("set GUPSHUP_TOKEN and GUPSHUP_APP_IDS and name a file, or list the demo: --demo".into());
    };
    let base_url = value("GUPSHUP_API_URL").unwrap_or_else(|| PARTNER_BASE_URL.to_owned());
    let apps: Vec<_> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    for line in list(&base_url, &universal, Path::new(&file), &apps).await? {
        println!("{line}");
    }
    Ok(())
}

async fn demonstrate() -> Result<(), Box<dyn StdError>> {
    const APPS: [&str; 3] = ["demo-app-a", "demo-app-b", "demo-app-c"];
    let server = server::Server::start(&APPS).await?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("tokens.json");
    for start in ["first", "second", "third"] {
        if start == "third" {
            server.expire_after_one_more_request();
        }
        let lines = list(&server.base_url(), server::UNIVERSAL_TOKEN, &file, &APPS).await?;
        let counts = server.take_counts();
        let refused = if counts.refused > 0 { format!(", {} requests refused", counts.refused) } else { String::new() };
        println!("{start} start: {} tokens minted{refused}\n{}", counts.minted, lines.join("\n"));
    }
    Ok(())
}

/// A server on this machine that mints and checks tokens as Gupshup's partner pages say.
mod server {
    use std::collections::HashMap;
    use std::convert::Infallible;
    use std::io;
    use std::mem;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::time::{Duration, Instant, SystemTime};

    use gupshup_groups::reqwest::Url;
    use http_body_util::{BodyExt as _, Collected, Full};
    use hyper::body::{Bytes, Incoming};
    use hyper::header::AUTHORIZATION;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Method, Request, Response, StatusCode};
    use hyper_util::rt::TokioIo;
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::{demo, millis};

    pub(super) const UNIVERSAL_TOKEN: &str = "demo-universal-token";
    const GROUPS: u32 = 60;
    const HOUR: Duration = Duration::from_secs(3600);
    const MAX_ACTIVE: usize = 3;
    const MAX_MINTED: usize = 10;
    const MINT_WINDOW: Duration = Duration::from_secs(60);

    /// Stops with the runtime.
    pub(super) struct Server {
        address: SocketAddr,
        state: Arc<Mutex<State>>,
    }

    #[derive(Default)]
    struct State {
        apps: HashMap<String, App>,
        counts: Counts,
        /// Makes tokens differ.
        serial: u32,
    }

    #[derive(Default)]
    struct App {
        tokens: Vec<Active>,
        minted: Vec<Instant>,
    }

    struct Active {
        token: String,
        until: SystemTime,
        requests_left: u32,
    }

    #[derive(Default)]
    pub(super) struct Counts {
        pub(super) minted: u32,
        pub(super) refused: u32,
    }

    type Answer = (StatusCode, Value);

    impl Server {
        pub(super) async fn start(apps: &[&str]) -> io::Result<Self> {
            let apps = apps.iter().map(|id| ((*id).to_owned(), App::default())).collect();
            let state = Arc::new(Mutex::new(State { apps, ..State::default() }));
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            let shared = Arc::clone(&state);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let state = Arc::clone(&shared);
                    let service = service_fn(move |request| respond(Arc::clone(&state), request));
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
            });
            Ok(Self { address, state })
        }

        pub(super) fn base_url(&self) -> String {
            format!("http://{}/partner", self.address)
        }

        pub(super) fn expire_after_one_more_request(&self) {
            for token in lock(&self.state).apps.values_mut().flat_map(|app| &mut app.tokens) {
                token.requests_left = 1;
            }
        }

        /// Since the last call.
        pub(super) fn take_counts(&self) -> Counts {
            mem::take(&mut lock(&self.state).counts)
        }
    }

    fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn respond(
        state: Arc<Mutex<State>>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
        let token = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let path: Vec<_> = head.uri.path().split('/').collect();
        let (status, body) = match (&head.method, &path[..]) {
            (&Method::POST, ["", "partner", "app", app, "token"]) => {
                mint(&mut lock(&state), app, token, &fields(&String::from_utf8_lossy(&body)))
            }
            (&Method::GET, ["", "partner", "app", app, "group"]) => {
                page(&mut lock(&state), app, token, &fields(head.uri.query().unwrap_or_default()))
            }
            _ => refusal(404, "Not Found"),
        };
        let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = status;
        Ok(response)
    }

    /// Shows a new token, this once.
    fn mint(state: &mut State, app: &str, token: Option<&str>, form: &HashMap<String, String>) -> Answer {
        if token != Some(UNIVERSAL_TOKEN) {
            return refusal(401, "Authentication Failed");
        }
        let Some(app) = state.apps.get_mut(app) else { return refusal(404, "App not found") };
        if form.get("name").is_none_or(String::is_empty) {
            return refusal(400, "name is required");
        }
        let now = SystemTime::now();
        // An hour from now, a moment ago, is a little less than an hour.
        let allowed = millis(now + HOUR - Duration::from_secs(10))..=millis(now + 24 * HOUR);
        let until = match form.get("expiry").map(|text| text.parse::<u64>()) {
            None => now + 24 * HOUR,
            Some(Ok(expiry)) if allowed.contains(&expiry) => SystemTime::UNIX_EPOCH + Duration::from_millis(expiry),
            Some(_) => return refusal(400, "expiry must be 1 to 24 hours from now, in milliseconds"),
        };
        app.minted.retain(|minted| minted.elapsed() < MINT_WINDOW);
        if app.minted.len() >= MAX_MINTED {
            return refusal(429, "Too Many Requests");
        }
        app.tokens.retain(|token| token.until > now && token.requests_left > 0);
        if app.tokens.len() >= MAX_ACTIVE {
            return refusal(400, "the app has three active tokens");
        }
        state.serial += 1;
        state.counts.minted += 1;
        let token = format!("demo-app-token-{}", state.serial);
        app.minted.push(Instant::now());
        app.tokens.push(Active { token: token.clone(), until, requests_left: u32::MAX });
        (StatusCode::OK, json!({ "status": "success", "token": token }))
    }

    /// A page of the app's groups, for its own tokens only. A cursor is a number of groups.
    fn page(state: &mut State, app: &str, token: Option<&str>, query: &HashMap<String, String>) -> Answer {
        let Some(app) = state.apps.get_mut(app) else { return refusal(404, "App not found") };
        let now = SystemTime::now();
        let known =
            |active: &&mut Active| Some(&*active.token) == token && active.until > now && active.requests_left > 0;
        let Some(active) = app.tokens.iter_mut().find(known) else {
            state.counts.refused += 1;
            return refusal(401, "Authentication Failed");
        };
        active.requests_left -= 1;
        let number = |name: &str| query.get(name).and_then(|value| value.parse::<usize>().ok());
        let groups = demo::groups(GROUPS);
        let start = number("after").unwrap_or(0).min(groups.len());
        let end = (start + number("limit").unwrap_or(25)).min(groups.len());
        let mut paging = json!({ "cursors": { "before": start.to_string(), "after": end.to_string() } });
        if end < groups.len() {
            paging["next"] = json!("https://graph.facebook.com/…");
        }
        (StatusCode::OK, json!({ "status": "success", "data": groups[start..end], "paging": paging }))
    }

    /// The fields of a form or a query.
    fn fields(text: &str) -> HashMap<String, String> {
        let Ok(mut url) = Url::parse("http://localhost") else { return HashMap::new() };
        url.set_query(Some(text));
        url.query_pairs().into_owned().collect()
    }

    fn refusal(status: u16, message: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, json!({ "status": "error", "message": message }))
    }
}
