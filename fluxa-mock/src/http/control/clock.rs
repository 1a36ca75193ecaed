//! Owns the control of the clock: freeze, pace, advance.

use super::{answer, finish, request_id};
use crate::accounts::Accounts;
use crate::clock::check_pace;
use crate::domain::error::DomainError;
use crate::http::routes::clock_view;
use crate::http::{Account, body};
use crate::sandbox::Sandbox;
use crate::store::{Origin, Tx};
use crate::time::Time;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Longest advance, ten years: as the API's own operation.
const LONGEST_ADVANCE_SECONDS: f64 = 315_360_000.0;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/_mock/clock", get(read_clock).post(set_clock))
}

async fn read_clock(Extension(sandbox): Account, request: Request) -> Response {
    answer(&sandbox, request_id(&request), clock_view).await
}

/// `{"freeze": true}`, `{"pace": 60}`, `{"advance_seconds": 3600}`, in any combination.
async fn set_clock(Extension(sandbox): Account, request: Request) -> Response {
    let id = request_id(&request);
    let (parts, content) = request.into_parts();
    let config = &sandbox.config;
    let read = match body::read(content, config.body_cap, config.body_timeout).await {
        Ok(bytes) => {
            body::parse(&parts.headers, &bytes).and_then(|(raw, _)| ClockOrder::parse(raw))
        }
        Err(error) => Err(error),
    };
    let result = match read {
        Ok(order) => order.carry_out(sandbox).await,
        Err(error) => Err(error),
    };
    finish(result, &id)
}

/// What the clock is to do.
pub(crate) struct ClockOrder {
    pub(crate) pace: Option<f64>,
    /// Zero waits for the deliveries that are due, and moves nothing.
    pub(crate) advance: Option<Duration>,
}

/// A number, as JSON or a form has it.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    }
}

/// A truth value, as JSON or a form has it.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_bool(),
    }
}

impl ClockOrder {
    fn parse(raw: Map<String, Value>) -> Result<Self, DomainError> {
        let mut order = Self {
            pace: None,
            advance: None,
        };
        for (name, value) in raw {
            let bad = |message: &str| DomainError::parameter(name.clone(), message);
            let number = number(&value);
            match name.as_str() {
                "freeze" => match truth(&value) {
                    Some(true) => order.pace = Some(0.0),
                    Some(false) => order.pace = order.pace.or(Some(1.0)),
                    None => return Err(bad("freeze is true or false.")),
                },
                "pace" => {
                    let pace = check_pace(number.unwrap_or(f64::NAN)).map_err(bad)?;
                    order.pace = Some(pace);
                }
                "advance_seconds" => {
                    let range = 0.0..=LONGEST_ADVANCE_SECONDS;
                    match number.filter(|seconds| range.contains(seconds)) {
                        Some(seconds) => order.advance = Some(Duration::from_secs_f64(seconds)),
                        None => return Err(bad("advance_seconds is from 0 to 315360000.")),
                    }
                }
                _ => {
                    let message = "Use freeze, pace and advance_seconds.";
                    return Err(DomainError::invalid("parameter_unknown", message).about(name));
                }
            }
        }
        Ok(order)
    }

    /// Sets the pace, which ends an advance that is under way when it freezes the clock; then advances.
    /// Returns the clock as the API shows it. It is carried out as a whole or not at all, and to its end
    /// even when whoever asked has gone.
    ///
    /// # Errors
    /// `parameter_invalid` when it would take the clock past its end; those of [`Sandbox::advance`].
    pub(crate) async fn carry_out(self, sandbox: Arc<Sandbox>) -> Result<String, DomainError> {
        let order = self.check(&sandbox)?;
        let view = |tx: &Tx<'_>| clock_view(tx).map(|clock| clock.to_string());
        let carrying_out = async move {
            if let Some(pace) = order.pace {
                sandbox.set_pace(pace);
                if pace <= 0.0 {
                    sandbox.wait_until_still().await;
                }
            }
            match order.advance {
                Some(by) => {
                    let conclude = move |tx: &Tx<'_>, arrived: Result<(), DomainError>| {
                        arrived.and_then(|()| view(tx))
                    };
                    sandbox.advance(by, conclude).await
                }
                None => sandbox.store.run(Origin::default(), view).await,
            }
        };
        tokio::spawn(carrying_out)
            .await
            .unwrap_or_else(|error| Err(DomainError::internal(error)))
    }

    /// Refuses what would take the clock past its end.
    fn check(self, sandbox: &Sandbox) -> Result<Self, DomainError> {
        sandbox
            .check_advance(self.advance.unwrap_or_default())
            .map_err(|error| error.about("advance_seconds"))?;
        let at_end = sandbox.store.shared().clock.now() >= Time::HORIZON;
        if at_end && self.pace.is_some_and(|pace| pace > 0.0) {
            let message = "The clock has reached its end and stays frozen.";
            return Err(DomainError::parameter("pace", message));
        }
        Ok(self)
    }
}
