//! Owns what charging a stored card does, as a test decides it.

use super::{Account, to_io};
use crate::domain::card::Outcome;
use crate::domain::payment_method::{self, PaymentMethod};
use crate::http::check_id;
use crate::store::{Origin, Resource};
use std::io;

impl Account {
    /// Sets what charging a stored payment method does from now on: the test cards are fixed, and this is
    /// how the card of a subscription comes to fail at a renewal.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use fluxa_mock::{CardOutcome, MockServer, SeedPlan};
    /// let server = MockServer::start().await?;
    /// server.seed(SeedPlan::new().customers(3).days(3)).await?;
    /// let attached = |event: &serde_json::Value| event["type"] == "payment_method.attached";
    /// let soon = std::time::Duration::from_secs(5);
    /// let event = server.wait_for_event_where(attached, soon).await?;
    /// let card = event["data"]["object"]["id"].as_str().expect("a payment method has an id");
    /// server.set_card_outcome(card, CardOutcome::InsufficientFunds).await?;
    /// # std::io::Result::Ok(()) }).expect("it is set");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is no id of a payment method, `NotFound` when there is none with it;
    /// otherwise when the server has stopped.
    pub async fn set_card_outcome(&self, payment_method: &str, outcome: Outcome) -> io::Result<()> {
        check_id(payment_method, PaymentMethod::PREFIX).map_err(to_io)?;
        let id = payment_method.to_owned();
        let set = self.sandbox.store.run(Origin::default(), move |tx| {
            payment_method::set_outcome(tx, &id, outcome).map(drop)
        });
        set.await.map_err(to_io)
    }
}
