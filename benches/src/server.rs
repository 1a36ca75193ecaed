//! The least server that a call can be made to: one answer for every path, on a thread of its own.
//!
//! Headers are those of Fluxa, so that the client has as much to read as in production.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// Starts the server, which runs until the process ends; returns its address.
pub fn start(body: &'static str) -> SocketAddr {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be built");
        runtime.block_on(async move {
            let listener = tokio::net::TcpSocket::new_v4().expect("a socket can be made");
            listener.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
            let listener = listener.listen(16_384).expect("a free port can be listened on");
            send.send(listener.local_addr().expect("a bound socket has an address"))
                .expect("the bench waits for it");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                let service = service_fn(move |request| answer(request, body));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    receive.recv().expect("the server started")
}

async fn answer(
    request: Request<Incoming>,
    body: &'static str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // The body is read to its end, so that the connection can be used again.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("x-request-id", "req_0a1b2c3d4e5f6071"),
        ("fluxa-version", "2026-05-19"),
        ("x-ratelimit-limit", "100"),
        ("x-ratelimit-remaining", "99"),
        ("x-ratelimit-reset", "1779192001"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
