//! One request for a page, and its response.

mod body;
mod classify;
mod endpoint;
mod retry_after;
mod timeouts;

use std::fmt::{self, Write as _};
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use percent_encoding::utf8_percent_encode;
use rapidhash::v3::rapidhash_v3;
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::Serialize;
use sync_wrapper::SyncWrapper;

use crate::cursor::Position;
use crate::error::mask::ENCODED;
use crate::error::{Error, Result};
use crate::page::Page;
use crate::source::{PageRequest, PageSource};
use crate::wire::{decode, refusal};

use classify::classify;
pub(crate) use endpoint::{Endpoint, Key, Limits};
pub(crate) use reqwest::Url;
pub(crate) use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
#[cfg(fuzzing)]
pub(crate) use retry_after::parse_retry_after;
use timeouts::Timeouts;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("apikey");

const MAX_PARTICIPANTS: usize = 8;

/// The [`PageSource`] that requests pages from the API. Made by [`Client::groups`](crate::Client::groups) and
/// [`Client::source`](crate::Client::source). Cheap to clone. Invalid input is an
/// [`is_config`](crate::Error::is_config) error of the fetch.
#[derive(Clone)]
pub struct HttpSource {
    endpoint: Arc<Endpoint>,
    app_id: Arc<str>,
    /// The URL without its query.
    target: Result<Url, &'static str>,
    body: Option<Result<Arc<[u8]>, &'static str>>,
}

impl HttpSource {
    pub(crate) fn new(endpoint: Arc<Endpoint>, app_id: &str, target: Result<Url, &'static str>) -> Self {
        Self { endpoint, app_id: app_id.into(), target, body: None }
    }

    pub(crate) fn with_participants(mut self, participants: Vec<String>) -> Self {
        self.body = Some(participants_body(participants));
        self
    }

    async fn attempt(&self, request: PageRequest) -> Result<Page> {
        let mut url = self.target.clone().map_err(Error::config)?;
        let body = self.body.clone().transpose().map_err(Error::config)?;
        url.set_query(Some(&query(&request)));

        let Endpoint { http, key, timeout, idle_timeout, max_page_bytes, .. } = &*self.endpoint;
        let mut call = http
            .get(url)
            .header(key.name.clone(), key.value.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            call = call.body(body.to_vec());
        }

        let cursor = request.position.cursor().map_or("", |cursor| cursor.as_str());
        let secrets = [key.text.expose_secret(), cursor];
        let mut timeouts = Timeouts::start(*timeout, *idle_timeout).await?;
        let response = timeouts.step(send(call)).await??;
        let wait = retry_after::retry_after(response.headers());
        let page = match response.status() {
            StatusCode::OK => page(response, *max_page_bytes, timeouts, &secrets).await,
            status => Err(refuse(status, response, timeouts, &secrets).await),
        };
        // Any error of the API may have the header.
        page.map_err(|error| if error.is_api() { error.with_retry_after(wait) } else { error })
    }
}

impl PageSource for HttpSource {
    type Fetch = HttpFetch;

    fn fetch(&self, request: PageRequest) -> HttpFetch {
        let source = self.clone();
        HttpFetch(SyncWrapper::new(Box::pin(async move {
            let page = source.attempt(request).await;
            page.map_err(|error| error.with_app_id(source.app_id()))
        })))
    }

    /// A hash of the app id (`rapidhash` version 3).
    fn list_identity(&self) -> Option<u64> {
        Some(rapidhash_v3(self.app_id.as_bytes()))
    }

    fn app_id(&self) -> Option<&str> {
        self.target.is_ok().then_some(&self.app_id)
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("origin", &self.endpoint.origin)
            .field("app_id", &self.app_id())
            .field("participants", &self.body.is_some())
            .finish_non_exhaustive()
    }
}

/// The future of a page over HTTP. Dropping it drops the request.
#[must_use = "futures do nothing unless polled"]
pub struct HttpFetch(SyncWrapper<Pin<Box<dyn Future<Output = Result<Page>> + Send>>>);

impl Future for HttpFetch {
    type Output = Result<Page>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.get_mut().as_mut().poll(cx)
    }
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetch").finish_non_exhaustive()
    }
}

/// tokio panics in a runtime without I/O, and outside a runtime if the request began in one. It offers no way to ask
/// beforehand, so these panics become errors.
async fn send(call: RequestBuilder) -> Result<Response> {
    let sent = AssertUnwindSafe(call.send()).catch_unwind().await;
    let panic = match sent {
        Ok(sent) => return sent.map_err(classify),
        Err(panic) => panic,
    };
    let text = panic.downcast_ref().copied().or_else(|| panic.downcast_ref().map(String::as_str));
    let is_known = |text: &str| text.contains("IO is disabled") || text.contains("there is no reactor running");
    if !text.is_some_and(is_known) {
        resume_unwind(panic);
    }
    Err(Error::config(
        "tokio's I/O is not available: poll the stream in a tokio runtime built with `enable_all`, or with `enable_io` and \
         `enable_time`",
    ))
}

/// A cursor is sent only if there is one: the API's own example would send the text "null".
fn query(request: &PageRequest) -> String {
    let mut query = format!("limit={}", request.limit.get());
    let (name, cursor) = match &request.position {
        Position::Start => return query,
        Position::After(cursor) => ("after", cursor),
        Position::Before(cursor) => ("before", cursor),
    };
    let _ = write!(query, "&{name}={}", utf8_percent_encode(cursor.as_str(), ENCODED));
    query
}

fn participants_body(participants: Vec<String>) -> Result<Arc<[u8]>, &'static str> {
    #[derive(Serialize)]
    struct Body {
        messaging_product: &'static str,
        participants: Vec<Participant>,
    }
    #[derive(Serialize)]
    struct Participant {
        user: String,
    }

    if !(1..=MAX_PARTICIPANTS).contains(&participants.len()) {
        return Err("the body needs 1 to 8 participants: leave it out to list all groups");
    }
    if participants.iter().any(|user| user.trim().is_empty()) {
        return Err("a participant is empty: pass phone numbers or WhatsApp ids");
    }
    let participants = participants.into_iter().map(|user| Participant { user }).collect();
    let body = Body { messaging_product: "whatsapp", participants };
    serde_json::to_vec(&body).map(Arc::from).map_err(|_| "the participants cannot be written as JSON")
}

async fn page(response: Response, max_bytes: usize, mut timeouts: Timeouts, secrets: &[&str]) -> Result<Page> {
    let may_be_cut = body::ends_with_the_connection(&response);
    let body = body::read_page(response, max_bytes, &mut timeouts).await?;
    if body.is_empty() && may_be_cut {
        return Err(Error::truncated(0));
    }
    decode(&body, secrets)
}

async fn refuse(status: StatusCode, response: Response, timeouts: Timeouts, secrets: &[&str]) -> Error {
    let code = status.as_u16();
    if status.is_redirection() {
        return Error::redirect(code);
    }
    if status.is_success() || status.is_informational() {
        return Error::unexpected_status(code);
    }
    let body = body::read_refusal(response, timeouts).await;
    refusal(code, &body, secrets)
}

#[cfg(test)]
mod tests;
