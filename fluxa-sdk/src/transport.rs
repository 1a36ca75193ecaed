//! The one place requests leave from: headers, body bytes, attempts, deadline.
//!
//! Owns the attempt loop, which every operation passes through the generated client's hook. What
//! to retry is decided in `retry`; what an attempt came to is found in `attempt`.

use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use crate::attempt::{self, Failure, Success, Wire};
use crate::client::Taken;
use crate::context::CallContext;
use crate::contract;
use crate::error::{Error, Outcome, TimeoutError, TimeoutPhase};
use crate::headers;
use crate::observe::watch::Watch;
use crate::pacing::{self, Permit, Rank};
use crate::retry::{self, Observation, Verdict};

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
    let span = context.span.clone();
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
    context.report().reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (client, limits) = (&context.client, context.limits);
    let wire = match client.script() {
        Some(script) => Wire::Script(script, client.base_url()),
        None => Wire::Http(http),
    };
    let has_key = context.idempotency_key.is_some();
    let mut time = CallTime::start(limits.total);
    let (mut attempts, mut spent) = (0, 0);
    // A resumed call begins where the one it repeats ended.
    let mut unknown = context.report().outcome == Some(Outcome::Unknown);
    let mut next: Option<Taken> = None;
    loop {
        let limit = limits.attempt.min(time.remaining());
        if limit.is_zero() || limits.connect.is_zero() {
            // No time for an attempt that could be answered: it is not begun.
            return Err(out_of_time(context));
        }
        let permit = pace(context, attempts, &mut time).await?;
        let limit = limit.min(time.remaining());
        let sent = request.try_clone().ok_or_else(|| {
            Error::config("the request's body cannot be sent twice")
                .with_operation(context.operation.id)
        })?;
        attempts += 1;
        spent += next.take().map_or(0, Taken::spend);
        context.begin_attempt(attempts);
        let watch = Watch::begin(context, attempts, &sent);
        let result = attempt::send(&wire, sent, limit, context.operation.streaming)
            .instrument(watch.span().clone())
            .await;
        settle(permit, &result);
        let failure = match result {
            Ok(success) => {
                let duration = watch.elapsed();
                watch.answered(&success, duration);
                return Ok(succeed(context, success, spent, request.url()));
            }
            Err(failure) => failure,
        };
        let mut duration = watch.elapsed();
        if let (Failure::Timeout(limit), Wire::Script(..)) = (&failure, &wire) {
            // A script's time-out comes at once; the call's clock goes on as if it had not.
            time.skip(limit.saturating_sub(duration));
            duration = duration.max(*limit);
        }

        let observation = failure.observation();
        let outcome = retry::outcome(unknown, has_key, observation);
        unknown |= outcome == Outcome::Unknown;
        context.report().outcome = Some(outcome);
        let throttled = matches!(observation, Observation::Status(429, _));
        let wait = match retry::classify(request.method(), has_key, observation) {
            // It goes back to the front of the line, where nobody's time runs. The pacer keeps the
            // server from being burdened, so this is no business of the allowance.
            Verdict::Retry(_) if throttled && client.pacer().is_some() => {
                (attempts <= limits.max_retries && !time.remaining().is_zero())
                    .then(|| pacing::pause(failure.retry_after()))
                    .flatten()
                    .map(|pause| (pause, Duration::ZERO))
            }
            Verdict::Retry(cost) if attempts <= limits.max_retries => retry::delay(
                attempts,
                limits.base_delay,
                failure.retry_after(),
                time.remaining(),
                jitter(),
            )
            .filter(|_| {
                next = client.allowance().take(cost);
                context.report().allowance_exhausted = next.is_none();
                next.is_some()
            })
            .map(|wait| (wait, wait)),
            _ => None,
        };
        // What is told, and what is slept here: the line waits for itself.
        watch.failed(&failure, duration, wait.map(|(told, _)| told));
        let Some((_, wait)) = wait else {
            let trace = context.trace(&context.report(), outcome);
            return Err(failure.into_error(trace, limits, client.key()));
        };
        match wire {
            Wire::Http(_) => sleep(wait).await,
            Wire::Script(..) => time.skip(wait),
        }
    }
}

/// Waits for leave of the rate limit, on nobody's time. Until the first answer has told that there
/// is something to wait for, the wait is the call's own: the server may be down.
async fn pace(
    context: &CallContext,
    attempts: u32,
    time: &mut CallTime,
) -> Result<Option<Permit>, Error> {
    let Some(pacer) = context.client.pacer() else {
        return Ok(None);
    };
    let rank = match attempts {
        0 => Rank::First,
        _ => Rank::Retry,
    };
    let started = Instant::now();
    let mut leave = pin!(pacer.acquire(rank));
    let permit = match pacer.learned_at() {
        Some(_) => leave.await,
        None => match timeout(time.remaining(), &mut leave).await {
            Ok(permit) => permit,
            Err(_) if pacer.learned_at().is_some() => leave.await,
            Err(_) => return Err(out_of_time(context)),
        },
    };
    if let Some(learned_at) = pacer.learned_at() {
        let waited = started.max(learned_at).elapsed();
        time.exclude(waited);
        context.report().paced += waited;
    }
    Ok(Some(permit))
}

/// Tells the pacer what came of the request it let go.
fn settle(permit: Option<Permit>, result: &Result<Success, Failure>) {
    let Some(permit) = permit else { return };
    match result {
        Ok(success) => permit.answered(headers::rate_limit(success.headers())),
        Err(failure) => match failure.observation() {
            Observation::Status(429, _) => {
                let rate_limit = failure.headers().and_then(headers::rate_limit);
                permit.throttled(failure.retry_after(), rate_limit);
            }
            Observation::Status(..) | Observation::TooLarge => {
                // One that says nothing of the limit is perhaps a proxy's: dropping counts it.
                if let Some(said) = failure.headers().and_then(headers::rate_limit) {
                    permit.answered(Some(said));
                }
            }
            Observation::Connect | Observation::Tls | Observation::Unsendable => permit.not_sent(),
            // It may have arrived: dropping the permit counts it.
            Observation::Interrupted | Observation::Timeout => {}
        },
    }
}

fn out_of_time(context: &CallContext) -> Error {
    let limits = context.limits;
    let (phase, limit) = match (limits.connect.is_zero(), limits.attempt.is_zero()) {
        (true, _) => (TimeoutPhase::Connect, limits.connect),
        (_, true) => (TimeoutPhase::Attempt, limits.attempt),
        _ => (TimeoutPhase::Total, limits.total),
    };
    let report = context.report();
    let outcome = report.outcome.unwrap_or(Outcome::NotSent);
    let trace = context.trace(&report, outcome);
    Error::Timeout(Box::new(TimeoutError::new(trace, phase, limit, None)))
}

/// The call's own clock: waits for the rate limit stop it, waits that a script leaves out do not.
struct CallTime {
    started: Instant,
    total: Duration,
    skipped: Duration,
}

impl CallTime {
    fn start(total: Duration) -> Self {
        Self {
            started: Instant::now(),
            total,
            skipped: Duration::ZERO,
        }
    }

    fn remaining(&self) -> Duration {
        let elapsed = self.started.elapsed().saturating_add(self.skipped);
        self.total.saturating_sub(elapsed)
    }

    /// Goes on as if this time had passed.
    fn skip(&mut self, time: Duration) {
        self.skipped = self.skipped.saturating_add(time);
    }

    /// Goes on as if this time had not passed.
    fn exclude(&mut self, time: Duration) {
        self.total = self.total.saturating_add(time);
    }
}

fn succeed(
    context: &CallContext,
    success: Success,
    spent: u32,
    url: &reqwest::Url,
) -> reqwest::Response {
    context.client.allowance().succeed(spent);
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
