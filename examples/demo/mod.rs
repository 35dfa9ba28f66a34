//! A server on loopback that answers as the API does, for examples and tests that need no account.
//!
//! The list and its cursors are a [`FakeGroups`]; this module is the HTTP and JSON around it.

#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

use std::collections::HashMap;
use std::env;
use std::sync::Arc;

use futures::FutureExt;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, Cursor, Error, Group, ListGroups, Page, PageRequest, PageSize, PageSource, Position};
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The only key that the server accepts.
pub(crate) const API_KEY: &str = "demo-key";
/// The app of a server that has one.
pub(crate) const APP_ID: &str = "d2c7e0a4-5f0b-4a53-9a52-6f1d3b8e7c10";

/// The server. It stops when it is dropped.
pub(crate) struct DemoServer {
    server: MockServer,
    apps: Arc<HashMap<String, FakeGroups>>,
}

impl DemoServer {
    /// Starts a server that lists `groups`. Keep a clone to change the list, or to read what was asked.
    pub(crate) async fn start(groups: FakeGroups) -> Self {
        Self::start_apps([(APP_ID.to_owned(), groups)]).await
    }

    /// Starts a server that knows these apps, by their ids, and no other.
    pub(crate) async fn start_apps(apps: impl IntoIterator<Item = (String, FakeGroups)>) -> Self {
        let apps: Arc<HashMap<_, _>> = Arc::new(apps.into_iter().collect());
        let known = Arc::clone(&apps);
        let server = MockServer::start_async().await;
        server
            .mock_async(move |_when, then| {
                then.respond_with(move |request| answer(&known, request));
            })
            .await;
        Self { server, apps }
    }

    /// What to give to `ClientBuilder::base_url`.
    pub(crate) fn base_url(&self) -> String {
        format!("{}/wa", self.server.base_url())
    }

    /// The listing of the app of a server that has one, by a client of its own.
    pub(crate) fn list(&self) -> gupshup_groups::Result<ListGroups> {
        Ok(Client::builder(API_KEY).base_url(self.base_url()).build()?.groups(APP_ID))
    }

    /// What the server of one app answers from.
    pub(crate) fn groups(&self) -> &FakeGroups {
        &self.apps[APP_ID]
    }
}

/// The app that `GUPSHUP_API_KEY` and `GUPSHUP_APP_ID` name, or without them a demo server that lists `groups`.
///
/// Keep the server, where there is one: it stops when it is dropped.
pub(crate) async fn app_or_demo(
    groups: FakeGroups,
) -> Result<(ListGroups, Option<DemoServer>), Box<dyn std::error::Error>> {
    let app_id = env::var("GUPSHUP_APP_ID").ok().filter(|id| !id.is_empty());
    let has_key = env::var_os("GUPSHUP_API_KEY").is_some_and(|key| !key.is_empty());
    match (has_key, app_id) {
        (true, Some(app_id)) => Ok((Client::from_env()?.groups(app_id), None)),
        (false, None) => {
            let demo = DemoServer::start(groups).await;
            Ok((demo.list()?, Some(demo)))
        }
        (true, None) => Err("GUPSHUP_API_KEY is set, but GUPSHUP_APP_ID is not: set it to the app's id".into()),
        (false, Some(_)) => Err("GUPSHUP_APP_ID is set, but GUPSHUP_API_KEY is not: set it to the API key".into()),
    }
}

/// So many groups, the newest first, as the API lists them.
pub(crate) fn groups(count: u32) -> Vec<Group> {
    const SUBJECTS: [&str; 5] = ["Support", "Équipe livraison", "बिक्री टीम", "Orders 📦", "Two\nlines"];
    const NEWEST: i64 = 1_750_000_000;
    const EVERY: i64 = 3 * 3600 + 417;
    let group = |n: u32, subject: &str| {
        // Real ids are base64 with characters that a URL must escape, so these are too.
        let id = format!("Y2FwaV9ncm91cDox+{:08x}/{n}==", n.wrapping_mul(2_654_435_761));
        Group::new(id, format!("{subject} {n}"), NEWEST - EVERY * i64::from(count - n))
    };
    (1..=count).rev().zip(SUBJECTS.iter().cycle()).map(|(n, subject)| group(n, subject)).collect()
}

/// The answer to any request at all.
fn answer(apps: &HashMap<String, FakeGroups>, request: &HttpMockRequest) -> HttpMockResponse {
    match route(apps, request).and_then(|(groups, request)| fetch(groups, request)) {
        Ok(body) => response(200, &body),
        Err((status, body)) => response(status, &body),
    }
}

type Refusal = (u16, Value);

/// Checks the request in the order in which the API does, and reads what it asks for.
fn route<'a>(
    apps: &'a HashMap<String, FakeGroups>,
    request: &HttpMockRequest,
) -> Result<(&'a FakeGroups, PageRequest), Refusal> {
    let uri = request.uri();
    let segments: Vec<_> = uri.path().split('/').skip(1).collect();
    let ["wa", "app", app_id, "group"] = segments[..] else {
        return Err(refusal(404, "Not Found"));
    };
    if request.method_str() != "GET" {
        return Err(refusal(405, "Method Not Allowed"));
    }
    if request.headers().get("apikey").is_none_or(|key| key != API_KEY) {
        return Err(refusal(401, "Authentication Failed"));
    }
    let groups = apps.get(app_id).ok_or_else(|| refusal(404, "App not found"))?;
    Ok((groups, page_request(&request.query_params())?))
}

/// Reads the query, whose values are percent-decoded already. As in the API's own example, `null` is no cursor.
fn page_request(query: &[(String, String)]) -> Result<PageRequest, Refusal> {
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let cursor = |name| value(name).filter(|text| !matches!(*text, "" | "null")).map(Cursor::from);
    let limit = match value("limit").map(str::parse) {
        None => PageSize::DEFAULT,
        Some(Ok(limit @ 1..=1024)) => PageSize::clamped(limit),
        Some(_) => return Err(refusal(400, "limit must be between 1 and 1024")),
    };
    let position = match (cursor("after"), cursor("before")) {
        (None, None) => Position::Start,
        (Some(after), None) => Position::After(after),
        (None, Some(before)) => Position::Before(before),
        (Some(_), Some(_)) => return Err(refusal(400, "Cannot use both after and before in the same request")),
    };
    Ok(PageRequest::new(position, limit))
}

/// Asks the list, which answers at once.
fn fetch(groups: &FakeGroups, request: PageRequest) -> Result<Value, Refusal> {
    let limit = request.limit;
    match groups.fetch(request).now_or_never() {
        Some(Ok(page)) => Ok(page_body(&page, limit)),
        Some(Err(error)) => Err(error_body(&error)),
        None => Err(refusal(500, "the demo server cannot wait: leave delays out of its script")),
    }
}

/// A page, as the API writes it. Its links lead to another host, as the API's do: nobody should follow them.
fn page_body(page: &Page, limit: PageSize) -> Value {
    let data: Vec<_> = page.groups.iter().map(|group| json!(group)).collect();
    let mut paging = json!({ "cursors": {} });
    let links = [
        ("after", &page.cursors.after, page.has_next.then_some("next")),
        ("before", &page.cursors.before, page.has_previous.then_some("previous")),
    ];
    for (name, cursor, link) in links {
        let Some(cursor) = cursor else { continue };
        paging["cursors"][name] = json!(cursor.as_str());
        if let Some(link) = link {
            let (limit, cursor) = (limit.get(), utf8_percent_encode(cursor.as_str(), NON_ALPHANUMERIC));
            let url = format!("https://graph.facebook.com/v20.0/105406242200849/groups?limit={limit}&{name}={cursor}");
            paging[link] = json!(url);
        }
    }
    json!({ "data": data, "paging": paging, "status": "success" })
}

/// An error of the list, in Meta's words.
fn error_body(error: &Error) -> Refusal {
    let message = error.api_message().map_or_else(|| error.to_string(), str::to_owned);
    let body = json!({ "error": { "message": message, "type": "OAuthException", "code": error.api_code() } });
    (error.status().unwrap_or(500), body)
}

/// An error of Gupshup's own.
fn refusal(status: u16, message: &str) -> Refusal {
    (status, json!({ "status": "error", "message": message }))
}

fn response(status: u16, body: &Value) -> HttpMockResponse {
    HttpMockResponse::builder().status(status).header("Content-Type", "application/json").body(body.to_string()).build()
}
