//! Serves a sandbox until interrupted: `cargo run -p fluxa-mock --example serve -- [ADDRESS] [DB]`.

use fluxa_mock::{Config, DEFAULT_ADDRESS, serve};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or_else(|| DEFAULT_ADDRESS.to_string());
    let mut config = Config::new().rate_limit(None);
    if let Some(file) = arguments.next() {
        config = config.db(file);
    }
    let listener = TcpListener::bind(address).await?;
    let interrupted = async {
        // Without a handler for the signal the process simply ends.
        tokio::signal::ctrl_c().await.ok();
    };
    serve(listener, config, interrupted).await
}
