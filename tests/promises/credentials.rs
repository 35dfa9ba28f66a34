//! Credentials that expire: on a paused clock with a fake, and as a server on loopback sees them.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::{pending, ready};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use futures::{StreamExt, stream};
use gupshup_groups::reqwest::Url;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{
    Change, Client, ClientBuilder, Credential, CredentialProvider, Credentials, Error, Group, ListGroups, RetryPolicy,
};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::support::{assert_hides, groups, ids, settle};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Tokens that an API mints, and accepts for an hour on tokio's clock.
#[derive(Clone)]
struct Tokens {
    /// Whether the provider says when they expire.
    expiry_is_known: bool,
    /// When each was minted. Token n is "SECRET-n".
    minted: Arc<Mutex<Vec<Instant>>>,
    /// How often each was accepted, and refused.
    uses: Arc<Mutex<HashMap<usize, (usize, usize)>>>,
}

impl Tokens {
    fn new(expiry_is_known: bool) -> Self {
        Self { expiry_is_known, minted: Arc::default(), uses: Arc::default() }
    }

    /// The listing of a fake that accepts them, with a provider that mints them.
    fn list(&self, fake: &FakeGroups) -> ListGroups {
        let tokens = self.clone();
        let fake = fake.demand(move |credential| tokens.accept(credential));
        let tokens = self.clone();
        let provider = move |_: &str, _: Option<&Credential>| ready(Ok(tokens.mint()));
        ListGroups::from_source(fake.with_credentials("app", provider)).app_id("app")
    }

    fn mint(&self) -> Credential {
        let mut minted = self.minted.lock().unwrap();
        minted.push(Instant::now());
        let token = Credential::bearer(format!("SECRET-{}", minted.len()));
        // The system's clock stands still while tokio's is paused.
        if self.expiry_is_known { token.expires_at(SystemTime::now() + HOUR) } else { token }
    }

    fn accept(&self, credential: &Credential) -> bool {
        let minted = self.minted.lock().unwrap();
        let known = (1..=minted.len()).rev().find(|n| *credential == Credential::bearer(format!("SECRET-{n}")));
        let n = known.expect("a token that was minted");
        let is_alive = minted[n - 1].elapsed() < HOUR;
        let mut uses = self.uses.lock().unwrap();
        let (accepted, refused) = uses.entry(n).or_default();
        *if is_alive { accepted } else { refused } += 1;
        is_alive
    }

    fn count(&self) -> usize {
        self.minted.lock().unwrap().len()
    }

    /// Every token but the last was used and renewed once, not before its last minute; and refused once if its expiry was not
    /// known, else never. Returns the number of refusals.
    #[track_caller]
    fn each_was_renewed_once(&self) -> usize {
        let (minted, uses) = (self.minted.lock().unwrap(), self.uses.lock().unwrap());
        assert!(minted.windows(2).all(|pair| pair[1] - pair[0] >= 59 * MINUTE), "{minted:?}");
        let refusals = usize::from(!self.expiry_is_known);
        assert!((1..minted.len()).all(|n| uses[&n].0 > 0 && uses[&n].1 == refusals), "{uses:?}");
        assert!(uses.get(&minted.len()).is_none_or(|last| last.1 == 0), "{uses:?}");
        refusals * (minted.len() - 1)
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_100_000_groups_goes_on_across_tokens_of_an_hour() {
    for expiry_is_known in [true, false] {
        let tokens = Tokens::new(expiry_is_known);
        let start = Instant::now();
        // The consumer takes six minutes less five seconds for each page, so some requests are made in a token's last minute.
        let mut pages = tokens.list(&FakeGroups::new(groups(100_000))).pages();
        let mut seen = Vec::new();
        while let Some(page) = pages.next().await {
            seen.extend(ids(&page.unwrap().groups));
            sleep(355 * SECOND).await;
        }
        assert!(seen.into_iter().eq(0..100_000), "each group once");
        assert_eq!(start.elapsed().as_secs() / 3600, 9);
        let progress = pages.progress();
        let refusals = tokens.each_was_renewed_once();
        println!("{progress:?}, {} tokens, {refusals} refusals", tokens.count());
        assert_eq!((tokens.count(), progress.retries), (if expiry_is_known { 10 } else { 9 }, 0));
        assert_eq!(progress.requests, progress.pages + refusals as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_year_goes_on_across_tokens_of_an_hour() {
    for expiry_is_known in [true, false] {
        let tokens = Tokens::new(expiry_is_known);
        let fake = FakeGroups::new(groups(20));
        let changes = tokio::spawn({
            let watch = tokens.list(&fake).watch(25 * MINUTE);
            watch.take_until(sleep(YEAR)).collect::<Vec<_>>()
        });
        for week in 0..52 {
            sleep(7 * 24 * HOUR).await;
            fake.create(Group::new(format!("week {week}"), "", 0));
        }
        let changes = changes.await.unwrap();
        let created = changes.into_iter().map(|change| match change.unwrap() {
            Change::Created(group) => group.id,
            change => panic!("{change:?}"),
        });
        assert!(created.eq((0..52).map(|week| format!("week {week}"))), "each change once");
        // The first listing after the expiry renews the token, so each token serves three listings.
        let refusals = tokens.each_was_renewed_once();
        println!("{} requests, {} tokens, {refusals} refusals", fake.requests().len(), tokens.count());
        assert_eq!(tokens.count() as u64, YEAR.as_secs() / (75 * 60));
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_four_streams_that_need_a_renewal_at_once_share_one_call() {
    let tokens = Tokens::new(false);
    let fake = FakeGroups::new(groups(200));
    let list = tokens.list(&fake).page_size(100);
    let mut streams: Vec<_> = (0..64).map(|_| list.pages()).collect();
    for page in 0..2 {
        let pages = join_all(streams.iter_mut().map(StreamExt::next)).await;
        assert!(pages.into_iter().all(|page| page.unwrap().unwrap().groups.len() == 100));
        assert_eq!(tokens.count(), page + 1);
        sleep(HOUR).await;
        // The next requests are all under way when the first is refused.
        fake.script((0..64).map(|_| Fault::Delay(SECOND)));
    }
    assert_eq!(*tokens.uses.lock().unwrap(), [(1, (64, 64)), (2, (64, 0))].into());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_asked_for_a_credential_and_is_not_polled_again_delays_no_other() {
    let gate = Arc::new(Semaphore::new(0));
    let provider = {
        let gate = Arc::clone(&gate);
        move |_: &str, _: Option<&Credential>| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(Credential::bearer("SECRET"))
            }
        }
    };
    let list = ListGroups::from_source(FakeGroups::new(groups(30)).with_credentials("app", provider));
    let mut idle = list.stream();
    assert!(futures::poll!(idle.next()).is_pending());
    let others = tokio::spawn(async move { join_all((0..8).map(|_| list.snapshot())).await });
    settle().await;
    gate.add_permits(1);
    assert!(others.await.unwrap().into_iter().all(|list| list.unwrap().len() == 30));
    assert_eq!(idle.count().await, 30);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_renewed_credential_is_counted_and_is_no_retry() {
    let tokens = Tokens::new(false);
    let mut stream = tokens.list(&FakeGroups::new(groups(4))).page_size(2).retry(RetryPolicy::none()).stream();
    for n in 0..4 {
        assert_eq!(ids(&[stream.next().await.unwrap().unwrap()]), [n]);
        sleep(40 * MINUTE).await;
    }
    assert!(stream.next().await.is_none());
    let progress = stream.progress();
    assert_eq!((progress.pages, progress.requests, progress.retries), (2, 3, 0));
    assert_eq!(tokens.each_was_renewed_once(), 1);
}

/// The error of a listing with this provider, and how long it took.
async fn failure(provider: impl CredentialProvider) -> (Error, Duration) {
    let fake = FakeGroups::new(groups(4)).demand(|credential| *credential == Credential::bearer("good"));
    let start = Instant::now();
    let list = ListGroups::from_source(fake.with_credentials("app", provider)).app_id("app");
    let error = list.snapshot().await.unwrap_err();
    assert_hides(&error, &["SECRET"]);
    (error, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_a_provider_is_its_own_error_with_advice_within_a_bounded_time() {
    let hangs = failure(|_: &str, _: Option<&Credential>| pending()).await;
    let fails = failure(|_: &str, _: Option<&Credential>| ready(Err(Error::transport("the vault is down")))).await;
    let panics = failure(|_: &str, _: Option<&Credential>| async { panic!("on purpose") }).await;
    let expired = failure(|_: &str, _: Option<&Credential>| {
        ready(Ok(Credential::bearer("SECRET").expires_at(SystemTime::now() - MINUTE)))
    })
    .await;
    let unusable = failure(|_: &str, _: Option<&Credential>| ready(Ok(Credential::bearer("SECRET\n")))).await;
    for ((error, time), reason, advice) in [
        (hangs, "did not answer within 30 s", "check what the credential provider waits for"),
        (fails, "the credential provider failed", "see the cause"),
        (panics, "the credential provider panicked", "see the panic on standard error"),
        (
            expired,
            "it expired 60 s ago: get a new one, or check this machine's clock",
            "correct the credential provider",
        ),
        (unusable, "at byte 6: trim the white space around it", "correct the credential provider"),
    ] {
        assert!(error.is_credential() && error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains(reason) && error.advice().contains(advice), "{error:?}");
        assert_eq!(error.app_id(), Some("app"));
        assert!(error.attempts() > 1 && time < 240 * SECOND, "{time:?}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_another_credential_ends_in_the_servers_401_with_advice() {
    let same = failure(|_: &str, _: Option<&Credential>| ready(Ok(Credential::bearer("SECRET")))).await;
    let calls = AtomicUsize::new(0);
    let others = failure(move |_: &str, _: Option<&Credential>| {
        ready(Ok(Credential::bearer(format!("SECRET-{}", calls.fetch_add(1, Ordering::Relaxed)))))
    })
    .await;
    for ((error, time), requests) in [(same, 1), (others, 2)] {
        assert!(error.is_auth() && error.status() == Some(401) && error.attempts() == requests, "{error:?}");
        assert!(error.advice().contains("check the provider, and that its account owns the app"), "{error:?}");
        assert!(time < 2 * SECOND, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_twice_is_retried() {
    let calls = AtomicUsize::new(0);
    let provider = move |_: &str, _: Option<&Credential>| {
        ready(match calls.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(Error::transport("the vault is down")),
            _ => Ok(Credential::bearer("good")),
        })
    };
    let list = ListGroups::from_source(FakeGroups::new(groups(4)).with_credentials("app", provider));
    let mut stream = list.stream();
    assert_eq!((&mut stream).count().await, 4);
    assert_eq!(stream.progress().retries, 2);
}

#[tokio::test(start_paused = true)]
async fn a_401_that_asks_to_wait_renews_nothing() {
    let calls = Arc::new(AtomicUsize::new(0));
    let provider = {
        let calls = Arc::clone(&calls);
        move |_: &str, _: Option<&Credential>| {
            calls.fetch_add(1, Ordering::Relaxed);
            ready(Ok(Credential::bearer("SECRET")))
        }
    };
    let limited = Error::api(401, None, "Slow down").with_retry_after(SECOND);
    let fake = FakeGroups::new(groups(4)).script([Fault::Error(limited)]);
    assert_eq!(ListGroups::from_source(fake.with_credentials("app", provider)).stream().count().await, 4);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fake_refuses_requests_without_the_credential_that_it_demands() {
    let fake = FakeGroups::new(groups(4)).demand(|credential| *credential == Credential::api_key("key"));
    assert!(ListGroups::from_source(fake.clone()).page().await.unwrap_err().is_auth());
    assert!(ListGroups::from_source(fake.with_credentials("app", "other")).page().await.unwrap_err().is_auth());
    assert!(ListGroups::from_source(fake.with_credentials("app", "")).page().await.unwrap_err().is_config());
    assert_eq!(ListGroups::from_source(fake.with_credentials("app", "key")).page().await.unwrap().groups.len(), 4);
}

/// Lists `groups` groups for every app, to requests with a token that [`mint`](Self::mint) made for that app.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    groups: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Requests that a token is good for, by app and token.
    left: HashMap<(String, String), usize>,
    /// App, token and query of each request that was refused.
    refused: Vec<(String, String, String)>,
    minted: usize,
    connections: usize,
    /// When each request arrived.
    arrived: Vec<std::time::Instant>,
}

impl Server {
    async fn start(groups: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), groups, state: Arc::default() };
        let shared = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.state.lock().unwrap().connections += 1;
                let server = shared.clone();
                let service = service_fn(move |request| ready(Ok::<_, Infallible>(server.respond(&request))));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        server
    }

    fn builder(&self, credentials: impl Into<Credentials>) -> ClientBuilder {
        Client::builder(credentials).base_url(format!("http://{}", self.address))
    }

    fn client(&self, credentials: impl Into<Credentials>) -> Client {
        self.builder(credentials).build().unwrap()
    }

    /// A token of the app, good for this many requests.
    fn mint(&self, app: &str, requests: usize) -> Credential {
        let mut state = self.state.lock().unwrap();
        state.minted += 1;
        let token = format!("SECRET-{}", state.minted);
        state.left.insert((app.to_owned(), token.clone()), requests);
        Credential::bearer(token)
    }

    /// Mints tokens that are good for this many requests.
    fn minter(&self, requests: usize) -> impl CredentialProvider {
        let server = self.clone();
        move |app: &str, _: Option<&Credential>| ready(Ok(server.mint(app, requests)))
    }

    fn state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap())
    }

    fn respond(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut state = self.state.lock().unwrap();
        state.arrived.push(std::time::Instant::now());
        let app = request.uri().path().split('/').nth(2).unwrap_or_default().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        let Some(left @ 1..) = state.left.get_mut(&(app.clone(), token.clone())) else {
            // With tokens in another form, as a careless server might show them.
            let known: Vec<_> = state.left.keys().map(|(_, token)| token.replace('-', "%2D")).collect();
            let text = format!("{header} is not valid any more; nor are {known:?}");
            state.refused.push((app, token, query.to_owned()));
            return response(401, &json!({ "status": "error", "message": text }));
        };
        *left -= 1;
        let url = Url::parse(&format!("http://localhost/?{query}")).unwrap();
        let number =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).and_then(|(_, text)| text.parse().ok());
        let start: usize = number("after").unwrap_or(0);
        let end = self.groups.min(start + number("limit").unwrap_or(25));
        let data: Vec<_> = (start..end)
            .map(|n| json!({ "id": n.to_string(), "subject": "group", "creation_timestamp": 1_700_000_000 }))
            .collect();
        let mut paging = json!({ "cursors": { "before": start.to_string(), "after": end.to_string() } });
        if end < self.groups {
            paging["next"] = json!("https://graph.example");
        }
        response(200, &json!({ "data": data, "paging": paging }))
    }
}

fn response(status: u16, body: &serde_json::Value) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_string()))).unwrap()
}

#[tokio::test]
async fn sixty_four_listings_that_a_server_refuses_at_once_share_one_renewal() {
    let server = Server::start(2_000).await;
    let provider = {
        let server = server.clone();
        let calls = AtomicUsize::new(0);
        move |app: &str, _: Option<&Credential>| {
            let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
            ready(Ok(server.mint(app, if first { 64 } else { usize::MAX })))
        }
    };
    let client = server.client(provider);
    let list = client.groups("app");
    let lists = join_all((0..64).map(|_| list.snapshot())).await;
    assert!(lists.into_iter().all(|list| list.unwrap().len() == 2_000));
    server.state(|state| {
        assert_eq!(state.minted, 2);
        assert!(state.refused.len() <= 64, "{}", state.refused.len());
    });
}

#[tokio::test]
async fn five_hundred_apps_with_a_credential_each_share_one_pool_and_one_rate_limit() {
    const WINDOW: Duration = Duration::from_millis(500);
    let server = Server::start(20).await;
    let client = server.builder(server.minter(usize::MAX)).rate_limit(50, WINDOW).build().unwrap();
    let page = |n: usize| {
        let list = client.groups(format!("app-{n}"));
        async move { list.page().await }
    };
    let pages: Vec<_> = stream::iter(0..500).map(page).buffer_unordered(8).collect().await;
    assert!(pages.into_iter().all(|page| page.unwrap().groups.len() == 20));
    server.state(|state| {
        assert_eq!((state.minted, state.refused.len()), (500, 0));
        assert_eq!(state.left.keys().map(|(app, _)| app).collect::<HashSet<_>>().len(), 500);
        assert!(state.connections <= 8, "{} connections", state.connections);
        let most = state.arrived.iter().enumerate().map(|(n, at)| {
            let window = state.arrived[n..].iter().take_while(|later| **later - *at < WINDOW);
            window.count()
        });
        let most = most.max().unwrap();
        println!("{} requests, at most {most} in {WINDOW:?}, {} connections", state.arrived.len(), state.connections);
        // A busy machine delays some requests, which then arrive with later ones.
        assert!(most <= 60, "{most} requests in {WINDOW:?}");
    });
}

#[tokio::test]
async fn new_credentials_that_the_api_refuses_too_are_not_minted_again_and_again() {
    let server = Server::start(60).await;
    let client = server.client(server.minter(0));
    for n in 0..5 {
        let error = client.groups("app").snapshot().await.unwrap_err();
        if n == 0 {
            assert!(error.is_auth() && error.status() == Some(401), "{error}");
        } else {
            assert!(error.is_credential() && error.retry_after().is_some_and(|wait| wait <= 600 * SECOND), "{error}");
        }
        assert_hides(&error, &["SECRET"]);
    }
    server.state(|state| assert_eq!((state.minted, state.arrived.len()), (2, 2)));
}

#[tokio::test]
async fn replaced_tokens_are_masked_in_texts_that_arrive_late() {
    let server = Server::start(10_000).await;
    let client = server.client(server.minter(1));
    let error = client.groups("app").stream().filter_map(|group| ready(group.err())).next().await.unwrap();
    // Both tokens are in the message, in two forms.
    assert!(error.is_auth() && error.api_message().is_some_and(|text| text.matches("***").count() >= 3), "{error}");
    assert_hides(&error, &["SECRET", "%2D"]);
}

#[tokio::test]
async fn a_panic_or_an_error_of_one_apps_provider_does_not_touch_another_app() {
    let server = Server::start(60).await;
    let minter = server.clone();
    let client = server.client(move |app: &str, _: Option<&Credential>| {
        ready(match app {
            "good" => Ok(minter.mint(app, usize::MAX)),
            "bad" => panic!("on purpose"),
            _ => Err(Error::transport("no").with_retry_after(50 * SECOND)),
        })
    });
    let none = RetryPolicy::none;
    assert!(client.groups("bad").retry(none()).snapshot().await.unwrap_err().is_credential());
    let error = client.groups("limited").retry(none()).snapshot().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(50 * SECOND));
    let start = Instant::now();
    assert_eq!(client.groups("good").snapshot().await.unwrap().len(), 60);
    assert!(start.elapsed() < 10 * SECOND, "the wait is for one app");
}
