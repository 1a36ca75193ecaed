//! TLS: 1.3 and a trusted certificate, or nothing; a fault of either is final.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fluxa_sdk::error::{NetworkFault, TimeoutPhase};
use fluxa_sdk::{Error, Outcome};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion, crypto, version};

use crate::builder;

struct TlsServer {
    base_url: String,
    certificate_pem: String,
    connections: Arc<AtomicUsize>,
}

/// Starts a server with a certificate of its own that answers `{}`.
async fn start(version: &'static SupportedProtocolVersion) -> TlsServer {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!(
        "https://localhost:{}/v1",
        listener.local_addr().unwrap().port()
    );
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    TlsServer {
        base_url,
        certificate_pem: cert.pem(),
        connections,
    }
}

fn assert_refused(failure: &Error, server: &TlsServer) {
    let Error::Network(network) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(network.fault(), NetworkFault::Tls, "{failure:?}");
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (1, Outcome::NotSent)
    );
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_at_the_first_attempt() {
    let server = start(&version::TLS13).await;
    let other = start(&version::TLS13).await;
    let client = builder(&server.base_url)
        .add_root_certificate(other.certificate_pem.as_bytes())
        .build()
        .unwrap();
    assert_refused(&client.raw("POST", "/payments").await.unwrap_err(), &server);
}

#[tokio::test]
async fn tls_1_2_is_refused_at_the_first_attempt_even_when_trusted() {
    let server = start(&version::TLS12).await;
    let pem = server.certificate_pem.as_bytes();
    let client = builder(&server.base_url)
        .add_root_certificate(pem)
        .build()
        .unwrap();
    assert_refused(&client.raw("POST", "/payments").await.unwrap_err(), &server);
}

#[tokio::test]
async fn tls_1_3_with_a_trusted_certificate_is_used() {
    let server = start(&version::TLS13).await;
    let pem = server.certificate_pem.as_bytes();
    let client = builder(&server.base_url)
        .add_root_certificate(pem)
        .build()
        .unwrap();
    assert!(client.raw("GET", "/status").await.unwrap().is_object());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_connect_timeout_and_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!(
        "https://localhost:{}/v1",
        listener.local_addr().unwrap().port()
    );
    let other = start(&version::TLS13).await;
    let client = builder(&base_url)
        .add_root_certificate(other.certificate_pem.as_bytes())
        .connect_timeout(Duration::from_millis(80))
        .max_retries(1)
        .build()
        .unwrap();
    let failure = client.raw("POST", "/payments").await.unwrap_err();
    let Error::Timeout(timeout) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(
        (timeout.phase(), timeout.limit().as_millis()),
        (TimeoutPhase::Connect, 80)
    );
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (2, Outcome::NotSent)
    );
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let client = builder("https://localhost/v1")
            .add_root_certificate(pem)
            .build();
        assert!(matches!(client, Err(Error::Config(_))), "{pem}");
    }
}
