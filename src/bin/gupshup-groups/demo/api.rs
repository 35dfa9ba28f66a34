//! The API, as a function from a request to a response.

use std::collections::HashMap;

use gupshup_groups::reqwest::Url;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{AnySource, Credential, Cursor, Error, Page, PageRequest, PageSize, PageSource, Position};
use serde_json::{Value, json};

/// The lists of the apps that the server knows, by app id. Each says which credentials it accepts.
pub(crate) type Apps = HashMap<String, FakeGroups>;

/// A request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Percent-encoded.
    pub(crate) query: &'a str,
    /// The header `apikey`.
    pub(crate) key: Option<&'a str>,
    /// The header `Authorization`.
    pub(crate) authorization: Option<&'a str>,
}

/// Status and body of an error.
type Refusal = (u16, Value);

/// The status and body of the response.
pub(crate) async fn answer(apps: &Apps, request: ApiRequest<'_>) -> (u16, Value) {
    let (groups, page_request) = match route(apps, request) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let limit = page_request.limit;
    match groups.fetch(page_request).await {
        Ok(page) => (200, page_body(&page, limit)),
        // A header that cannot be a credential is a config error.
        Err(error) if error.is_config() => refusal(401, "Authentication Failed"),
        Err(error) => error_body(&error),
    }
}

/// Checks and reads the request, in the order of the API's checks. The credential is checked by the list.
fn route(apps: &Apps, request: ApiRequest<'_>) -> Result<(AnySource, PageRequest), Refusal> {
    let segments: Vec<_> = request.path.split('/').skip(1).collect();
    let ["wa", "app", app_id, "group"] = segments[..] else {
        return Err(refusal(404, "Not Found"));
    };
    if request.method != "GET" {
        return Err(refusal(405, "Method Not Allowed"));
    }
    let credential = match (request.key, request.authorization) {
        (Some(key), _) => Credential::api_key(key),
        (None, Some(value)) => Credential::authorization(value),
        (None, None) => return Err(refusal(401, "Authentication Failed")),
    };
    let groups = apps.get(app_id).ok_or_else(|| refusal(404, "App not found"))?;
    Ok((groups.with_credentials(app_id, credential), page_request(request.query)?))
}

/// Reads the query. As in the API's own example, `null` is not a cursor.
fn page_request(query: &str) -> Result<PageRequest, Refusal> {
    let mut url = some_url();
    url.set_query(Some(query));
    let pairs: HashMap<_, _> = url.query_pairs().collect();
    let value = |name: &str| pairs.get(name).map(|value| &**value);
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

/// A page in the API's form. Its links point to another host, as the API's do; a client must not follow them.
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
            let mut url = some_url();
            url.query_pairs_mut().append_pair("limit", &limit.get().to_string()).append_pair(name, cursor.as_str());
            paging[link] = json!(url.as_str());
        }
    }
    json!({ "data": data, "paging": paging, "status": "success" })
}

/// The host of the links.
#[allow(clippy::expect_used, reason = "a constant")]
fn some_url() -> Url {
    Url::parse("https://graph.facebook.com/v20.0/105406242200849/groups").expect("a URL")
}

/// An error in Meta's form.
fn error_body(error: &Error) -> Refusal {
    let message = error.api_message().map_or_else(|| error.to_string(), str::to_owned);
    let body = json!({ "error": { "message": message, "type": "OAuthException", "code": error.api_code() } });
    (error.status().unwrap_or(500), body)
}

/// An error in Gupshup's form.
fn refusal(status: u16, message: &str) -> Refusal {
    (status, json!({ "status": "error", "message": message }))
}
