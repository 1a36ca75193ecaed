//! Runs the shop: `FLUXA_SECRET_KEY=… FLUXA_WEBHOOK_SECRET=… axum-merchant [ADDRESS]`.
//!
//! With the sandbox in a binary: `fluxa mock` in one terminal, this in a second, and
//! `fluxa listen --forward-to 4242/webhooks/fluxa` in a third; `examples/README.md` has the lines.

use std::error::Error;

use axum_merchant::{Shop, router};
use fluxa_sdk::Client;
use fluxa_sdk::webhooks::Verifier;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:4242".into());
    let secret = std::env::var(fluxa_sdk::contract::ENV_WEBHOOK_SECRET)
        .map_err(|_| "set FLUXA_WEBHOOK_SECRET: `fluxa listen --print-secret` shows it")?;
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let shop = Shop::new(
        Client::from_env()?,
        Verifier::new(secret)?,
        format!("http://{address}"),
    );
    axum::serve(listener, router(shop)).await?;
    Ok(())
}
