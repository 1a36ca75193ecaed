//! Owns the control of the clock: freeze, pace, advance.

use super::{answer, finish, request_id};
use crate::accounts::Accounts;
use crate::clock::check_pace;
use crate::domain::error::DomainError;
use crate::http::routes::clock_view;
use crate::http::{Account, body};
use crate::sandbox::Sandbox;
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
    pub(crate) advance: Duration,
}

impl ClockOrder {
    fn parse(raw: Map<String, Value>) -> Result<Self, DomainError> {
        let mut order = Self {
            pace: None,
            advance: Duration::ZERO,
        };
        for (name, value) in raw {
            let bad = |message: &str| DomainError::parameter(name.clone(), message);
            let number = value.as_f64();
            match name.as_str() {
                "freeze" => match value.as_bool() {
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
                        Some(seconds) => order.advance = Duration::from_secs_f64(seconds),
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

    /// Sets the pace, then advances; returns the clock as the API shows it. It is carried out as a whole
    /// or not at all, and to its end even when whoever asked has gone.
    ///
    /// # Errors
    /// `parameter_invalid` when it would take the clock past its end.
    pub(crate) async fn carry_out(self, sandbox: Arc<Sandbox>) -> Result<String, DomainError> {
        let order = self.check(&sandbox)?;
        if let Some(pace) = order.pace {
            sandbox.store.shared().clock.set_pace(pace);
            sandbox.wake();
        }
        let task = tokio::spawn(async move {
            sandbox
                .advance(order.advance, |tx| {
                    clock_view(tx).map(|clock| clock.to_string())
                })
                .await
        });
        task.await
            .unwrap_or_else(|error| Err(DomainError::internal(error)))
    }

    /// Refuses what would take the clock past its end.
    fn check(self, sandbox: &Sandbox) -> Result<Self, DomainError> {
        sandbox
            .check_advance(self.advance)
            .map_err(|error| error.about("advance_seconds"))?;
        let at_end = sandbox.store.shared().clock.now() >= Time::HORIZON;
        if at_end && self.pace.is_some_and(|pace| pace > 0.0) {
            let message = "The clock has reached its end and stays frozen.";
            return Err(DomainError::parameter("pace", message));
        }
        Ok(self)
    }
}
