//! Owns the serving of connections: the accept loop, the time limits of a connection, and the orderly
//! stop.

mod patient;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::http::{self, CutHere, Peer, Reached};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use patient::Patient;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

/// How long a stop waits for answers under way.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Largest request header that is surely read; hyper refuses with 431 between this and twice this.
const HEADER_CAP: usize = 64 * 1024;

/// Serves a sandbox on `listener` until `shutdown` resolves, then answers what is under way, ends the
/// event streams and closes the database.
///
/// # Errors
/// When other machines reach the listener and the configuration does not say [`Config::expose`]; when the
/// database cannot be opened.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let accounts = open(&listener, config).await?;
    run(listener, accounts, shutdown).await;
    Ok(())
}

/// Checks the listener and starts the accounts behind it.
pub(crate) async fn open(listener: &TcpListener, config: Config) -> io::Result<Arc<Accounts>> {
    let address = listener.local_addr()?;
    let seed_data = config.seed_data.clone();
    let accounts = Accounts::open(config, address).await?;
    if let Some(plan) = seed_data
        && let Err(refused) = accounts.primary().seed_if_empty(plan).await
    {
        accounts.stop().await;
        return Err(refused);
    }
    Ok(Arc::new(accounts))
}

/// Accepts connections until `shutdown`, then stops the accounts.
pub(crate) async fn run(
    listener: TcpListener,
    accounts: Arc<Accounts>,
    shutdown: impl Future<Output = ()>,
) {
    let router = http::router(Arc::clone(&accounts));
    let config = accounts.primary().config.clone();
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => serve_connection(stream, &router, &config, &graceful),
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                // Out of descriptors, most likely: give others time to close theirs.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // Streams never end by themselves.
    accounts.end_streams();
    drop(tokio::time::timeout(STOP_GRACE, graceful.shutdown()).await);
    accounts.stop().await;
}

fn serve_connection(
    stream: TcpStream,
    router: &Router,
    config: &Config,
    graceful: &GracefulShutdown,
) {
    let (Ok(peer), Ok(reached)) = (stream.peer_addr(), stream.local_addr()) else {
        return;
    };
    // Small answers at once; a failure only makes them slower.
    drop(stream.set_nodelay(true));
    let router = router.clone();
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer.ip()));
        request.extensions_mut().insert(Reached(reached.ip()));
        let answering = router.clone().call(request);
        async move {
            let Ok(response) = answering.await;
            // An error of the service ends the connection without an answer.
            match response.extensions().get::<CutHere>() {
                Some(cut) => Err(*cut),
                None => Ok(response),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout)
        .max_buf_size(HEADER_CAP)
        .serve_connection(
            TokioIo::new(Patient::new(stream, config.write_timeout)),
            service,
        );
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}
