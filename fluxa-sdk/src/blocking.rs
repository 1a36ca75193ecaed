//! The client without async: the same resources, options and errors, and calls that wait.
//!
//! Owns the thread that drives such a client's calls. The face is the async one's, in another mode.
//!
//! ```no_run
//! use fluxa_sdk::types::CreateRefund;
//!
//! # fn main() -> Result<(), fluxa_sdk::Error> {
//! let fluxa = fluxa_sdk::blocking::Client::from_env()?; // FLUXA_SECRET_KEY
//! let refund = fluxa
//!     .refunds()
//!     .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c"))
//!     .send()?;
//! println!("{} {:?}", refund.id, refund.request_id());
//! for payment in fluxa.payments().list() {
//!     println!("{}", payment?.id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The examples of [`resources`](crate::resources) hold with `.send()?` for `.await?`, and `for` for
//! `while let`. An answer that streams is read with `.read()?`.
//!
//! # What it costs
//!
//! One thread per client, shared by its clones, which ends with the last of them; and per call two
//! handovers between threads, 10 to 20 µs. Connections and the allowance of retries are the
//! client's own, shared by its clones as well. Keep one client and clone it.
//!
//! # When not to use it
//!
//! In async code: a call blocks its thread until the answer is there, 90 s by default, and with it
//! every task of that thread. It does not panic or lock up there, nor when a client is dropped
//! there; but use [`Client`](crate::Client), or `spawn_blocking`.

mod client;
mod reader;
mod worker;

pub use client::Client;
pub use reader::BodyReader;
pub use worker::Blocking;

use crate::error::Error;
use crate::request::{Call, dispatch};
use crate::response::Response;

impl<T: Send + 'static, P: Send + 'static> Call<T, P, Blocking> {
    /// Sends the call and waits for its answer.
    ///
    /// # Errors
    /// Any [`Error`]; its `outcome()` says whether the request may have taken effect.
    pub fn send(self) -> Result<Response<T>, Error> {
        let Self {
            client,
            mode,
            operation,
            params,
            mut options,
            run,
        } = self;
        let acting = client.mode();
        let params =
            Self::checked(operation, params).map_err(|error| options.judge(error, acting))?;
        // Settled on this side, so that it is known even if the other is lost.
        let key = options.settle_key(operation);
        let sent = options.clone();
        let answer = mode.wait(operation, key, async move {
            dispatch(&client, operation, &sent, run, params).await
        });
        answer.map_err(|error| options.judge(error, acting))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Outcome;
    use crate::raw::RawParams;
    use crate::request::Operation;

    static CREATE: Operation = Operation {
        id: "payouts_create",
        method: "POST",
        path: "/payouts",
        streaming: false,
    };

    #[test]
    fn a_call_lost_with_its_thread_can_be_resumed() {
        let client = Client::new("sk_test_1").unwrap();
        let (inner, mode) = client.parts();
        let params: Result<(), Error> = Ok(());
        let call: Call<Value, (), Blocking> =
            Call::new(&inner, mode, &CREATE, params, |_, ()| panic!("on purpose"));
        let error = call.clone().send().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.idempotency_key().is_some());
        assert!(
            error.to_string().contains("same idempotency key"),
            "{error}"
        );
        let again = call.resume(&error).send().unwrap_err();
        assert_eq!(again.idempotency_key(), error.idempotency_key());
        let raw: Call<Value, RawParams, Blocking> = client.raw("GET", "/../x");
        assert!(
            matches!(raw.send(), Err(Error::Config(_))),
            "the client lives on"
        );
    }
}
