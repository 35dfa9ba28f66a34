//! The demo as a server on loopback.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, ListGroups};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::runtime;
use tokio::sync::oneshot;

use super::{API_KEY, APP_ID, ApiRequest, Apps, answer, demand_key};

/// A server on its own port and thread, so that it responds while the caller's thread is busy. Stops when it is
/// dropped.
pub(crate) struct DemoServer {
    address: SocketAddr,
    apps: Arc<Apps>,
    /// Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl DemoServer {
    /// Starts a server of one app, [`APP_ID`]. Keep a clone of `groups` to change the list or to read the requests.
    pub(crate) fn start(groups: FakeGroups) -> io::Result<Self> {
        Self::start_apps([(APP_ID.to_owned(), groups)])
    }

    /// Starts a server of these apps, by their ids. They accept [`API_KEY`]; for a credential of one app only, or one that
    /// expires after some requests or at a time, call [`FakeGroups::demand`] on an app's list after the start.
    pub(crate) fn start_apps(apps: impl IntoIterator<Item = (String, FakeGroups)>) -> io::Result<Self> {
        let apps: Arc<Apps> = Arc::new(apps.into_iter().map(|(id, list)| (id, demand_key(&list))).collect());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let known = Arc::clone(&apps);
        thread::Builder::new().name("demo server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    // Without connections, the client reports the error.
                    _ = accept(listener, known) => {}
                }
            });
        })?;
        Ok(Self { address, apps, _stop: stop })
    }

    /// For `ClientBuilder::base_url`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/wa", self.address)
    }

    /// A listing of the app of a server with one app.
    pub(crate) fn list(&self) -> gupshup_groups::Result<ListGroups> {
        Ok(Client::builder(API_KEY).base_url(self.base_url()).build()?.groups(APP_ID))
    }

    /// The list of a server with one app.
    pub(crate) fn groups(&self) -> &FakeGroups {
        &self.apps[APP_ID]
    }
}

async fn accept(listener: TcpListener, apps: Arc<Apps>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let apps = Arc::clone(&apps);
        let service = service_fn(move |request| respond(Arc::clone(&apps), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn respond(apps: Arc<Apps>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let request = ApiRequest {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        key: header("apikey"),
        authorization: header("authorization"),
    };
    let (status, body) = answer(&apps, request).await;
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use gupshup_groups::Credential;

    use super::super::groups;
    use super::*;

    /// Whether the server answers a request for a page of this app, with this credential.
    async fn answers(server: &DemoServer, app: &str, credential: Credential) -> bool {
        let client = Client::builder(credential).base_url(server.base_url()).build().unwrap();
        match client.groups(app).page().await {
            Ok(page) => !page.groups.is_empty(),
            Err(error) => {
                assert!(error.is_auth() && error.to_string().contains("401 Authentication Failed"), "{error}");
                false
            }
        }
    }

    #[tokio::test]
    async fn a_list_can_demand_a_credential_for_one_app_for_some_requests_or_until_a_time() {
        let token = |name: &str| Credential::bearer(name);
        let apps = ["a", "b", "c", "d"].map(|id| (id.to_owned(), FakeGroups::new(groups(3))));
        let server = DemoServer::start_apps(apps).unwrap();
        server.apps["a"].demand(|credential| *credential == Credential::bearer("a"));
        let left = AtomicU32::new(2);
        server.apps["b"].demand(move |_| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        });
        let end = Instant::now();
        server.apps["c"].demand(move |_| Instant::now() < end);

        assert!(answers(&server, "a", token("a")).await && !answers(&server, "a", token("b")).await);
        assert!(answers(&server, "b", token("b")).await && answers(&server, "b", token("b")).await);
        assert!(!answers(&server, "b", token("b")).await && !answers(&server, "c", token("c")).await);
        assert!(answers(&server, "d", Credential::api_key(API_KEY)).await && !answers(&server, "d", token("d")).await);
    }
}
