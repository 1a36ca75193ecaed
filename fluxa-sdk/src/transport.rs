//! The one place requests leave from: headers, body bytes, attempts, deadline.
//!
//! Owns the attempt loop, which every operation passes through the generated client's hook. What
//! to retry is decided in `retry`; what an attempt came to is found in `attempt`.

use std::sync::LazyLock;

use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use crate::attempt::{self, Failure, Success};
use crate::context::CallContext;
use crate::contract;
use crate::error::{Error, Outcome};
use crate::headers;
use crate::retry::{self, Verdict};

/// The status of the answer made up when a call failed; its error is in the report.
const FAILED_STATUS: u16 = 599;

impl progenitor_client::ClientHooks<CallContext> for crate::generated::client::Client {
    async fn exec(
        &self,
        request: reqwest::Request,
        _info: &progenitor_client::OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        execute(&self.client, request, &self.inner).await
    }
}

/// Sends a request of the generated client, with everything that every call has in common.
///
/// The generated client can only be handed `reqwest::Error`, which cannot be made outside
/// reqwest: a failure is stored in the call's report and answered as a made-up status.
pub(crate) async fn execute(
    http: &reqwest::Client,
    request: reqwest::Request,
    context: &CallContext,
) -> reqwest::Result<reqwest::Response> {
    let span = tracing::info_span!(
        "fluxa.call",
        operation = context.operation.id,
        method = %request.method(),
    );
    match run(http, request, context).instrument(span).await {
        Ok(response) => Ok(response),
        Err(error) => {
            context.report().error = Some(error);
            let mut answer = http::Response::new("");
            if let Ok(status) = http::StatusCode::from_u16(FAILED_STATUS) {
                *answer.status_mut() = status;
            }
            Ok(reqwest::Response::from(answer))
        }
    }
}

async fn run(
    http: &reqwest::Client,
    mut request: reqwest::Request,
    context: &CallContext,
) -> Result<reqwest::Response, Error> {
    prepare(&mut request, context)?;
    let limits = context.limits;
    let deadline = Instant::now() + limits.total;
    let has_key = context.idempotency_key.is_some();
    let (mut attempts, mut spent, mut unknown) = (0, 0, false);
    loop {
        let sent = request.try_clone().ok_or_else(|| {
            Error::config("the request's body cannot be sent twice")
                .with_operation(context.operation.id)
        })?;
        attempts += 1;
        context.report().attempts = attempts;
        let started = Instant::now();
        let limit = limits
            .attempt
            .min(deadline.saturating_duration_since(started));
        let result = attempt::send(http, sent, limit, context.operation.streaming).await;
        log_attempt(attempts, started, &result);
        let failure = match result {
            Ok(success) => return Ok(succeed(context, success, spent, request.url())),
            Err(failure) => failure,
        };

        let observation = failure.observation();
        let outcome = retry::outcome(unknown, has_key, observation);
        unknown |= outcome == Outcome::Unknown;
        let wait = match retry::classify(request.method(), has_key, observation) {
            Verdict::Retry(cost) if attempts <= limits.max_retries => retry::delay(
                attempts,
                limits.base_delay,
                failure.retry_after(),
                deadline.saturating_duration_since(Instant::now()),
                jitter(),
            )
            .filter(|_| context.client.take_quota(cost))
            .inspect(|_| spent += cost),
            _ => None,
        };
        let Some(wait) = wait else {
            let trace = context.trace(attempts, outcome);
            return Err(failure.into_error(trace, limits, context.client.key()));
        };
        tracing::info!(attempt = attempts, wait_ms = millis(wait), "retrying");
        sleep(wait).await;
    }
}

fn succeed(
    context: &CallContext,
    success: Success,
    spent: u32,
    url: &reqwest::Url,
) -> reqwest::Response {
    context.client.refund_quota(spent);
    let mut report = context.report();
    report.body = success.body().unwrap_or_default();
    let (response, headers) = success.into_parts(url);
    report.headers = headers;
    response
}

/// Puts on the request what every attempt of it carries.
fn prepare(request: &mut reqwest::Request, context: &CallContext) -> Result<(), Error> {
    let shared = context.client.shared_headers();
    let body_is_empty = request.body().is_none();
    let headers = request.headers_mut();
    // The generator's own version header; ours says the same under its right name.
    headers.remove("api-version");
    headers.insert(AUTHORIZATION, shared.authorization.clone());
    headers.insert(VERSION.clone(), shared.api_version.clone());
    headers.insert(USER_AGENT, shared.user_agent.clone());
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    if let Some(key) = &context.idempotency_key {
        let value = HeaderValue::from_str(key.as_str())
            .map_err(|_| Error::config("the idempotency key is no header value"))?;
        headers.insert(IDEMPOTENCY_KEY.clone(), value);
    }
    for (name, value) in &context.headers {
        headers.insert(name.clone(), value.clone());
    }
    if body_is_empty && request.method() == http::Method::POST {
        // A POST without a body says so: some proxies answer 411 otherwise.
        *request.body_mut() = Some(reqwest::Body::from(""));
    }
    Ok(())
}

/// Names parsed once: a request would else allocate them each time.
static VERSION: LazyLock<HeaderName> = LazyLock::new(|| name(contract::VERSION));
static IDEMPOTENCY_KEY: LazyLock<HeaderName> = LazyLock::new(|| name(contract::IDEMPOTENCY_KEY));

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).expect("the contract's names are header names")
}

/// Returns two numbers in 0..=1, from the randomness of a UUID: its own bits at the ends.
fn jitter() -> [f64; 2] {
    let bits = uuid::Uuid::new_v4().as_u128();
    [(bits >> 96) as u32, bits as u32].map(|part| f64::from(part) / f64::from(u32::MAX))
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn log_attempt(attempt: u32, started: Instant, result: &Result<Success, Failure>) {
    let duration_ms = millis(started.elapsed());
    match result {
        Ok(success) => tracing::debug!(
            attempt,
            status = success.status().as_u16(),
            duration_ms,
            request_id = headers::request_id(success.headers()),
            "answered"
        ),
        Err(failure) => tracing::debug!(
            attempt,
            status = failure.status(),
            duration_ms,
            request_id = failure.request_id(),
            fault = failure.name(),
            "failed"
        ),
    }
}
