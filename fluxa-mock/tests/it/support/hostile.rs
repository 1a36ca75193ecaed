//! An endpoint that speaks no proper HTTP: each connection is handed to a closure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running one.
pub(crate) struct Hostile {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Hostile {
    /// Serves every connection with `serve`, after the head of its request has been read.
    pub(crate) async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 64];
                if stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    seen.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(serve(stream));
                }
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// One that reads and never answers.
    pub(crate) async fn silent() -> Self {
        Self::start(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await
    }

    /// One that sends `first`, then `rest` for as long as somebody reads.
    pub(crate) async fn endless(first: &'static [u8], rest: &'static [u8]) -> Self {
        Self::start(move |mut stream| async move {
            let mut sent = stream.write_all(first).await;
            while sent.is_ok() {
                sent = stream.write_all(rest).await;
            }
        })
        .await
    }

    /// One that sends `all` and closes, or keeps the connection open.
    pub(crate) async fn once(all: &'static [u8], close: bool) -> Self {
        Self::start(move |mut stream| async move {
            // The client may have gone already.
            drop(stream.write_all(all).await);
            if !close {
                std::future::pending::<()>().await;
            }
            // What is unread would reset the connection, and the answer with it.
            drop(stream.shutdown().await);
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Connections that sent something.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
