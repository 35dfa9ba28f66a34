//! One attempt: the request, and its response.

mod body;
mod classify;
mod endpoint;
mod retry_after;

use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;

use percent_encoding::utf8_percent_encode;
use reqwest::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;

use crate::credential::{App, Credential};
use crate::error::mask::ENCODED;
use crate::error::{Error, Result, mask};
use crate::page::Page;
use crate::source::{PageRequest, PageSource};
use crate::wire;

use classify::classify;
pub(crate) use endpoint::{Endpoint, Limits};
pub(crate) use reqwest::Url;
pub(crate) use reqwest::header::HeaderValue;
#[cfg(feature = "_internals")]
pub(crate) use retry_after::parse_retry_after;

/// The headers in which servers and gateways name a request.
const TRACE_HEADERS: [&str; 4] = ["x-fb-trace-id", "x-request-id", "x-amzn-requestid", "cf-ray"];

/// The longest trace id that is kept.
const MAX_TRACE_ID_BYTES: usize = 128;

/// Requests the pages of one app.
#[derive(Clone)]
pub(crate) struct HttpSource {
    endpoint: Arc<Endpoint>,
    app: Arc<App>,
    /// The URL without its query.
    target: Url,
}

impl HttpSource {
    pub(crate) fn new(endpoint: Arc<Endpoint>, app: Arc<App>, target: Url) -> Self {
        Self { endpoint, app, target }
    }

    async fn attempt(&self, request: &PageRequest, credential: Credential) -> Result<Page> {
        let response = self.call(request, &credential)?.send().await.map_err(classify)?;
        let known = self.app.known();
        let cursor = request.position.cursor().map_or("", |cursor| cursor.as_str());
        let secrets: Vec<_> = known.iter().chain([&credential]).flat_map(Credential::secrets).chain([cursor]).collect();

        let wait = retry_after::retry_after(response.headers());
        let trace_id = trace_id(response.headers());
        let page = match (encoding(response.headers()), response.status()) {
            (Some(encoding), _) => Err(Error::encoded(response.status().as_u16(), &encoding)),
            (None, StatusCode::OK) => page(response, self.endpoint.max_page_bytes, &secrets).await,
            (None, status) => Err(refuse(status, response, &secrets).await),
        };
        page.map_err(|error| {
            let wait = wait.filter(|_| error.status() != Some(StatusCode::OK.as_u16()) || error.is_api());
            error.with_retry_after(wait).with_trace_id(trace_id)
        })
    }

    fn call(&self, request: &PageRequest, credential: &Credential) -> Result<RequestBuilder> {
        // Unreachable: the keeper has checked it.
        let mut value = HeaderValue::from_str(credential.value())
            .map_err(|_| Error::config("the credential is not a valid header value: copy it again"))?;
        value.set_sensitive(true);
        let mut url = self.target.clone();
        url.set_query(Some(&query(request)));
        let call = self
            .endpoint
            .http
            .get(url)
            .header(credential.header(), value)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            // A list from a cache would show groups as removed that exist.
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(match &request.participants {
            Some(users) => call.body(participants_body(users)?),
            None => call,
        })
    }
}

impl PageSource for HttpSource {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        let source = self.clone();
        async move { source.app.request(|credential| source.attempt(&request, credential)).await }
    }
}

/// A cursor is sent only if there is one: the API's own example would send the text "null".
fn query(request: &PageRequest) -> String {
    let mut query = format!("limit={}", request.limit.get());
    if let Some(cursor) = request.position.cursor() {
        // `Position::name` is the API's parameter. Writing to a string cannot fail.
        let _ = write!(query, "&{}={}", request.position.name(), utf8_percent_encode(cursor.as_str(), ENCODED));
    }
    query
}

fn participants_body(users: &[String]) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        messaging_product: &'static str,
        participants: Vec<Participant<'a>>,
    }
    #[derive(Serialize)]
    struct Participant<'a> {
        user: &'a str,
    }

    let participants = users.iter().map(|user| Participant { user }).collect();
    let body = Body { messaging_product: "whatsapp", participants };
    serde_json::to_vec(&body).map_err(|_| Error::config("the participants cannot be written as JSON"))
}

async fn page(response: Response, max_bytes: usize, secrets: &[&str]) -> Result<Page> {
    let may_be_cut = body::ends_with_the_connection(&response);
    let body = body::read_page(response, max_bytes).await?;
    if body.is_empty() && may_be_cut {
        return Err(Error::truncated(0));
    }
    wire::decode(&body, secrets)
}

async fn refuse(status: StatusCode, response: Response, secrets: &[&str]) -> Error {
    let code = status.as_u16();
    if status.is_redirection() {
        Error::redirect(code)
    } else if status.is_success() || status.is_informational() {
        Error::unexpected_status(code)
    } else {
        wire::refusal(code, &body::read_refusal(response).await, secrets)
    }
}

/// A coding that reqwest has not decoded, because it was not asked for.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let encodings: Vec<_> = encodings.filter(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")).collect();
    (!encodings.is_empty()).then(|| encodings.join(", "))
}

fn trace_id(headers: &HeaderMap) -> Option<String> {
    let id = TRACE_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok())?.trim();
    (!id.is_empty() && id.len() <= MAX_TRACE_ID_BYTES).then(|| mask::tidy(id, MAX_TRACE_ID_BYTES))
}

#[cfg(test)]
mod tests;
