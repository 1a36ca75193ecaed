//! Runs the receiver: `FLUXA_WEBHOOK_SECRET=… [PLATFORM_SECRET=…] actix-receiver [ADDRESS]`.
//!
//! `fluxa listen --forward-to http://127.0.0.1:4243/webhooks/shop` sends to it.

mod receiver;

use std::error::Error;

use actix_web::web::Data;
use actix_web::{App, HttpServer, rt};
use fluxa_sdk::webhooks::Verifier;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:4243".into());
    let shop = Verifier::from_env()?;
    let platform = match std::env::var("PLATFORM_SECRET") {
        Ok(secret) => Verifier::new(secret)?,
        Err(_) => shop.clone(),
    };
    let ledger = Data::new(receiver::Ledger::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(ledger.clone())
            .configure(receiver::routes(shop.clone(), platform.clone()))
    });
    rt::System::new().block_on(server.bind(address)?.run())?;
    Ok(())
}
