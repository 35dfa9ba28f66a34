//! A server without a valid certificate gets no request, and no retry.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::faults::{builder, walk};
use crate::server::{Event, Server, Step, reply};
use crate::support::{KEY, all_of, groups};

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        Self::named("Authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// The configuration of a server for `host`.
    fn sign(&self, host: &str, expired: bool) -> ServerConfig {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        if expired {
            (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap()
    }

    /// A client's settings that trust this authority and no other, and no proxy of the environment.
    fn trusted(&self) -> reqwest::ClientBuilder {
        let certificate = reqwest::Certificate::from_der(&self.certificate).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([certificate])
    }
}

/// The TLS side of a server.
struct Front {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Front {
    async fn start(config: ServerConfig, server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // The client may refuse.
                    let Ok(mut secure) = acceptor.accept(stream).await else { return };
                    let mut plain = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut secure, &mut plain).await;
                });
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// The error of a listing names the reason; its only connection carried no request.
async fn refused(http: reqwest::ClientBuilder, config: ServerConfig, reason: &str) {
    let server = Server::start(&groups(7), []).await;
    let front = Front::start(config, server.address).await;
    let client = builder(format!("https://{}", front.address)).http(http).build().unwrap();
    let (walked, error) = walk(client.groups("app")).await;
    assert_eq!(walked, []);
    assert_eq!((front.connections(), server.heads()), (1, vec![]));
    let error = error.unwrap();
    assert!(error.is_tls() && !error.is_connect() && !error.is_retryable(), "{error:?}");
    assert_eq!(error.to_string(), format!("app app: page 1 failed: no secure connection: {reason}"));
}

#[tokio::test]
async fn a_good_certificate_is_accepted() {
    let authority = Authority::new();
    let server = Server::start(&groups(7), []).await;
    let front = Front::start(authority.sign("127.0.0.1", false), server.address).await;
    let client = builder(format!("https://{}", front.address)).http(authority.trusted()).build().unwrap();
    assert_eq!(all_of(walk(client.groups("app")).await), groups(7));
    assert_eq!((front.connections(), server.requests()), (1, 3));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_issuer_is_refused_once() {
    // An unknown authority, and one with the name of another.
    for name in ["Stranger", "Authority"] {
        let stranger = Authority::named(name).sign("127.0.0.1", false);
        refused(Authority::new().trusted(), stranger, "the server's certificate is from an unknown issuer").await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_once() {
    let authority = Authority::new();
    for host in ["other.test", "expired.test", "unknownissuer.test"] {
        let reason = "the server's certificate is for another host";
        refused(authority.trusted(), authority.sign(host, false), reason).await;
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_once() {
    let authority = Authority::new();
    refused(authority.trusted(), authority.sign("127.0.0.1", true), "the server's certificate has expired").await;
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_refused_once() {
    let answer = Step::Write(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let server = Server::start(&[], [vec![answer, Step::HalfClose]]).await;
    let client = builder(format!("https://{}", server.address)).http(Authority::new().trusted()).build().unwrap();
    let (_, error) = walk(client.groups("app")).await;
    let error = error.unwrap();
    assert!(error.is_tls() && !error.is_connect() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().ends_with("no secure connection: the server does not speak TLS"), "{error}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_not_followed() {
    let authority = Authority::new();
    let other = Server::start(&groups(7), []).await;
    let redirect = reply("302 Found", &[&format!("Location: {}/app/app/group", other.base_url())], "");
    let server = Server::start(&[], [vec![Step::Request, Step::Write(redirect), Step::HalfClose]]).await;
    let front = Front::start(authority.sign("127.0.0.1", false), server.address).await;
    let client = builder(format!("https://{}", front.address)).http(authority.trusted()).build().unwrap();
    let (_, error) = walk(client.groups("app")).await;
    assert!(error.unwrap().is_redirect());
    assert_eq!((server.requests(), other.log()), (1, vec![]));
}

#[tokio::test]
async fn a_proxy_is_asked_to_connect_and_never_sees_the_key() {
    let authority = Authority::new();
    let server = Server::start(&groups(7), []).await;
    let front = Front::start(authority.sign("groups.test", false), server.address).await;
    let connected = Step::Write(b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
    let proxy = Server::start(&[], [vec![Step::Request, connected, Step::Tunnel(front.address)]]).await;

    let http = authority.trusted().proxy(reqwest::Proxy::all(proxy.base_url()).unwrap());
    let client = builder("https://groups.test".into()).http(http).build().unwrap();
    assert_eq!(all_of(walk(client.groups("app")).await), groups(7));
    assert!(server.heads().iter().all(|head| head.contains(KEY)), "{:?}", server.heads());

    let log = proxy.log();
    let [Event::Connected(0), Event::Request(0, head)] = &log[..] else { panic!("{log:?}") };
    assert!(head.starts_with("CONNECT groups.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains(KEY) && !head.contains("apikey") && !head.contains("app/app"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_failure_to_connect_and_tried_again() {
    let refusal = || vec![Step::Request, Step::Write(b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec()), Step::HalfClose];
    let proxy = Server::start(&[], [refusal(), refusal(), refusal()]).await;
    let http = Authority::new().trusted().proxy(reqwest::Proxy::all(proxy.base_url()).unwrap());
    let client = builder("https://groups.test".into()).http(http).build().unwrap();
    let (_, error) = walk(client.groups("app")).await;
    let error = error.unwrap();
    assert!(error.is_connect() && !error.is_tls() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
    assert_eq!((proxy.requests(), proxy.connections()), (3, 3));
}
