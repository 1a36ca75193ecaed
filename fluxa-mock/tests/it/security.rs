//! What a hostile page, client, key or URL gets: the rules of the design's security section, each broken
//! on purpose.

mod exposed;
mod hosts;
mod keys;
mod logs;
mod privacy;
mod urls;
mod wire;

use crate::support::Api;
use fluxa_mock::{Config, MockServer};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Everything a test waits for comes long before this.
const DEADLINE: Duration = Duration::from_secs(20);

/// Sends bytes and returns the status line's number and the whole answer, once the server closes.
async fn raw(server: &MockServer, request: impl AsRef<[u8]>) -> (u16, String) {
    raw_at(server.address(), request).await
}

async fn raw_at(address: SocketAddr, request: impl AsRef<[u8]>) -> (u16, String) {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may have answered and closed before it was sent everything.
        drop(stream.write_all(request.as_ref()).await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = tokio::time::timeout(DEADLINE, exchange).await.unwrap();
    let status = answer.get(9..12).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), answer)
}

async fn quick(change: impl FnOnce(Config) -> Config) -> (MockServer, Api) {
    let server = MockServer::builder()
        .configure(change)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    (server, api)
}

/// One path of each kind of route.
const ROUTES: [&str; 6] = [
    "/v1/status",
    "/v1/payments",
    "/v1/nonsense",
    "/_mock/health",
    "/_mock/",
    "/pay/chk_0123456789abcdef",
];
