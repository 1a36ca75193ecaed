//! A client that sends what a well-behaved one would not: bytes, in pieces, cut where it hurts.

use std::net::SocketAddr;
use std::time::Duration;

use fluxa_sdk::testing::SignedDelivery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(20);

/// A request, header by header.
#[derive(Clone)]
pub(crate) struct Request {
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// An answer; status 0 when the connection ended without one.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// A delivery as Fluxa posts it.
    pub(crate) fn delivery(path: &str, delivery: &SignedDelivery) -> Self {
        let headers = delivery.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        Self {
            path: path.to_owned(),
            headers: headers.collect(),
            body: delivery.body.to_vec(),
        }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    fn head(&self, framing: &str) -> Vec<u8> {
        let mut head =
            format!("POST {} HTTP/1.1\r\nhost: test\r\n{framing}\r\n", self.path).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(format!("{name}: ").as_bytes());
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Sends it whole.
    pub(crate) async fn send(&self, address: SocketAddr) -> Answer {
        let mut bytes = self.head(&format!(
            "connection: close\r\ncontent-length: {}",
            self.body.len()
        ));
        bytes.extend_from_slice(&self.body);
        exchange(address, &[&bytes], false).await
    }

    /// Sends it in chunks of this size, with the end of the body only if it is reached.
    pub(crate) async fn send_chunked(&self, address: SocketAddr, size: usize) -> Answer {
        let mut pieces = vec![self.head("connection: close\r\ntransfer-encoding: chunked")];
        for chunk in self.body.chunks(size) {
            let mut piece = format!("{:x}\r\n", chunk.len()).into_bytes();
            piece.extend_from_slice(chunk);
            piece.extend_from_slice(b"\r\n");
            pieces.push(piece);
        }
        pieces.push(b"0\r\n\r\n".to_vec());
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        exchange(address, &pieces, false).await
    }

    /// Sends the head with a `Content-Length`, and only some of the body; then waits.
    pub(crate) async fn send_some(
        &self,
        address: SocketAddr,
        declared: usize,
        sent: usize,
        then_hang_up: bool,
    ) -> Answer {
        let mut bytes = self.head(&format!("connection: close\r\ncontent-length: {declared}"));
        bytes.extend_from_slice(&self.body[..sent]);
        exchange(address, &[&bytes], then_hang_up).await
    }
}

/// Sends a request whose body is another request, on a connection that may be used again.
pub(crate) async fn smuggle(address: SocketAddr, outer: &Request, inner: &Request) -> Answer {
    let mut hidden = inner.head(&format!("content-length: {}", inner.body.len()));
    hidden.extend_from_slice(&inner.body);
    let mut bytes = outer.head(&format!("content-length: {}", hidden.len()));
    bytes.extend_from_slice(&hidden);
    exchange(address, &[&bytes], true).await
}

/// Gets a page.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let bytes = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    exchange(address, &[bytes.as_bytes()], false).await
}

async fn exchange(address: SocketAddr, pieces: &[&[u8]], hang_up: bool) -> Answer {
    let talk = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let send = async {
            for piece in pieces {
                // A server that has answered may close while the body still comes.
                if write.write_all(piece).await.is_err() {
                    break;
                }
            }
            if hang_up {
                let _ = write.shutdown().await;
            }
        };
        let mut text = Vec::new();
        let receive = async {
            let mut buffer = [0; 4096];
            // Not to the end: a reset may follow the answer.
            while let Ok(count @ 1..) = read.read(&mut buffer).await {
                text.extend_from_slice(&buffer[..count]);
            }
        };
        tokio::join!(send, receive);
        text
    };
    let text = tokio::time::timeout(DEADLINE, talk).await;
    let text = String::from_utf8_lossy(&text.expect("no answer in time")).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_default(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
