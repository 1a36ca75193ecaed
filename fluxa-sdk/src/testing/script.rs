//! A scripted transport: answers for a client without network, and a record of what it asked.
//!
//! Owns matching requests to answers. Everything above the network is the real client: keys,
//! retries, decoding, observers.

mod answer;
mod request;

use std::fmt;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

pub use answer::{ScriptedAnswer, ScriptedFault};
pub use request::ScriptedRequest;

use self::answer::Step;
use crate::attempt::Failure;
use crate::client::{Client, ClientBuilder};
use crate::contract;

/// Where scripted requests would go; nothing listens, and nothing is sent.
const BASE_URL: &str = "http://localhost/v1";

/// Answers for a client, and a record of what it asked. Cheap to clone; clones are the same script.
///
/// Nothing is sent, and nothing is waited for: retries follow each other at once, while the call's
/// own clock goes on as if they had not (four time-outs of 30 s do end a call of 90 s).
///
/// ```
/// use fluxa_sdk::testing::{Script, ScriptedFault};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fluxa_sdk::Error> {
/// let script = Script::new();
/// script
///     .on("POST", "/refunds")
///     .fail(ScriptedFault::TimedOut)
///     .answer(201, json!({"id": "rfd_7f3a1b2c4d5e6f70", "object": "refund"}));
///
/// let fluxa = script.client();
/// let refund = fluxa
///     .raw("POST", "/refunds")
///     .json(json!({"payment": "pay_7f3a1b2c4d5e6f70"}))
///     .idempotency_key("refund-of-8421")
///     .await?;
///
/// assert_eq!(refund["id"], "rfd_7f3a1b2c4d5e6f70");
/// assert_eq!(refund.attempts(), 2);
/// for request in script.requests() {
///     assert_eq!(request.idempotency_key(), Some("refund-of-8421"));
///     assert_eq!(request.json()["payment"], "pay_7f3a1b2c4d5e6f70");
/// }
/// script.assert_done();
/// # Ok(())
/// # }
/// ```
///
/// Typed calls read whole objects: take one out of a sample event, and change what the test is
/// about. Lists are answered with pages.
///
/// ```
/// use fluxa_sdk::testing::{Script, ScriptedAnswer, sample_event};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fluxa_sdk::Error> {
/// let payment = |amount: i64| {
///     sample_event("payment.settled").set("/data/object/amount", amount).object()
/// };
/// let script = Script::new();
/// script
///     .on("GET", "/payments")
///     .answer_with(ScriptedAnswer::page([payment(100), payment(200)]).next_cursor("c_2"))
///     .answer_with(ScriptedAnswer::page([payment(300)]));
///
/// let mut payments = script.client().payments().list().stream();
/// let mut sum = 0;
/// while let Some(payment) = payments.next().await {
///     sum += payment?.amount;
/// }
/// assert_eq!(sum, 600);
/// script.assert_done();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    routes: Vec<Route>,
    requests: Vec<ScriptedRequest>,
    unmatched: Vec<String>,
}

struct Route {
    method: String,
    path: String,
    steps: Vec<Planned>,
}

/// A step, and how often it is yet to be played.
struct Planned {
    step: Step,
    left: Times,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Left(usize),
    Always,
}

/// A route of a [`Script`], to be given its answers: they are played in the order they are given,
/// one a request. A retry is a request too.
#[derive(Debug)]
pub struct ScriptedRoute {
    script: Script,
    index: usize,
}

impl Script {
    /// Returns a script without answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a client of this script, with a made-up sandbox key.
    pub fn client(&self) -> Client {
        match self.builder().build() {
            Ok(client) => client,
            // Key, URL and headers are this module's own, and plain http needs no trusted roots.
            Err(error) => unreachable!("a scripted client is always valid: {error}"),
        }
    }

    /// Returns a builder of a client of this script, to set time-outs, retries or observers.
    pub fn builder(&self) -> ClientBuilder {
        let (kind, mode) = (contract::SECRET_KEY_PREFIX, contract::TEST_KEY_INFIX);
        Client::builder(format!("{kind}{mode}script00000000000000000000000000"))
            .base_url(BASE_URL)
            .script(self.clone())
    }

    /// Returns the route of a method and a path below the base URL, to be given answers.
    ///
    /// The path is exact (`/payments/pay_1`), or has templates in braces, which each match one
    /// segment (`/payments/{id}`). Where both match, the exact one is played first. The query plays
    /// no part: look at it with [`Script::requests`].
    pub fn on(&self, method: &str, path: &str) -> ScriptedRoute {
        let mut state = self.state();
        state.routes.push(Route {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            steps: Vec::new(),
        });
        ScriptedRoute {
            script: self.clone(),
            index: state.routes.len() - 1,
        }
    }

    /// Returns every request so far, each attempt on its own, in order.
    pub fn requests(&self) -> Vec<ScriptedRequest> {
        self.state().requests.clone()
    }

    /// Returns what is left to be played and what had no answer, one line each; empty when done.
    pub fn unfinished(&self) -> Vec<String> {
        let state = self.state();
        let unasked = state.routes.iter().filter_map(|route| {
            let left = route.left();
            let (method, path) = (&route.method, &route.path);
            (left > 0).then(|| format!("never asked for: {left} more of `{method} {path}`"))
        });
        let unmatched = state.unmatched.iter();
        unasked
            .chain(unmatched.map(|request| format!("not in the script: `{request}`")))
            .collect()
    }

    /// Asserts that every answer was asked for, and nothing else was.
    ///
    /// # Panics
    /// When [`Script::unfinished`] is not empty, with its lines.
    #[track_caller]
    pub fn assert_done(&self) {
        let lines = self.unfinished();
        assert!(
            lines.is_empty(),
            "the script is not done\n{}",
            lines.join("\n")
        );
    }

    /// Plays the next step of the request's route.
    pub(crate) async fn play(
        &self,
        request: &reqwest::Request,
        base_url: &str,
        limit: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let request = ScriptedRequest::new(request, base_url);
        let step = self.next(&request).map_err(Failure::Unscripted)?;
        step.play(&request, limit).await
    }

    /// Returns the step to play, or what to say when there is none.
    fn next(&self, request: &ScriptedRequest) -> Result<Step, String> {
        let mut state = self.state();
        state.requests.push(request.clone());
        let exact = |route: &Route| route.path == request.path();
        let matching = state.routes.iter().enumerate().filter(|(_, route)| {
            route.method == request.method() && matches(&route.path, request.path())
        });
        let index = matching
            .filter(|(_, route)| route.steps.iter().any(Planned::is_left))
            .min_by_key(|(index, route)| (!exact(route), *index))
            .map(|(index, _)| index);
        if let Some(route) = index.and_then(|index| state.routes.get_mut(index))
            && let Some(step) = route.steps.iter_mut().find_map(Planned::take)
        {
            return Ok(step);
        }
        let line = format!("{} {}", request.method(), request.path());
        let message = state.explain(&line);
        state.unmatched.push(line);
        Err(message)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScriptedRoute {
    /// Answers a request with this status and JSON.
    pub fn answer(self, status: u16, body: Value) -> Self {
        self.answer_with(ScriptedAnswer::new(status).json(body))
    }

    /// Answers a request with an error in the API's envelope: `error(404, "resource_missing")`.
    pub fn error(self, status: u16, code: &str) -> Self {
        self.answer_with(ScriptedAnswer::error(status, code))
    }

    /// Answers a request with this, headers and all.
    pub fn answer_with(self, answer: ScriptedAnswer) -> Self {
        self.push(Step::Answer(answer))
    }

    /// Answers a request with what the closure makes of it.
    pub fn answer_by<F>(self, answer: F) -> Self
    where
        F: Fn(&ScriptedRequest) -> ScriptedAnswer + Send + Sync + 'static,
    {
        self.push(Step::By(Arc::new(answer)))
    }

    /// Lets a request fail in this way.
    pub fn fail(self, fault: ScriptedFault) -> Self {
        self.push(Step::Fault(fault))
    }

    /// Plays the last step this often instead of once.
    pub fn times(self, times: usize) -> Self {
        self.repeat(Times::Left(times))
    }

    /// Plays the last step as often as it is asked for, which may be never.
    pub fn always(self) -> Self {
        self.repeat(Times::Always)
    }

    fn push(self, step: Step) -> Self {
        self.change(|route| {
            let left = Times::Left(1);
            route.steps.push(Planned { step, left });
        })
    }

    fn repeat(self, times: Times) -> Self {
        self.change(|route| {
            if let Some(last) = route.steps.last_mut() {
                last.left = times;
            }
        })
    }

    fn change(self, change: impl FnOnce(&mut Route)) -> Self {
        if let Some(route) = self.script.state().routes.get_mut(self.index) {
            change(route);
        }
        self
    }
}

impl Planned {
    fn is_left(&self) -> bool {
        self.left != Times::Left(0)
    }

    fn take(&mut self) -> Option<Step> {
        match &mut self.left {
            Times::Left(0) => return None,
            Times::Left(left) => *left -= 1,
            Times::Always => {}
        }
        Some(self.step.clone())
    }
}

impl Route {
    /// Returns how many steps must still be played.
    fn left(&self) -> usize {
        let left = self.steps.iter().map(|planned| match planned.left {
            Times::Left(left) => left,
            Times::Always => 0,
        });
        left.sum()
    }
}

impl State {
    /// Says what was asked for, and what there is instead.
    fn explain(&self, line: &str) -> String {
        let mut text = format!("the script has no answer to `{line}`; it has ");
        for (index, route) in self.routes.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let (method, path) = (&route.method, &route.path);
            let _ = match route
                .steps
                .iter()
                .any(|planned| planned.left == Times::Always)
            {
                true => write!(text, "{comma}`{method} {path}` (always)"),
                false => write!(text, "{comma}`{method} {path}` ({} left)", route.left()),
            };
        }
        if self.routes.is_empty() {
            text.push_str("none at all");
        }
        text + "; add one with `script.on(method, path).answer(status, json)`"
    }
}

/// Tells whether a path is of a route's form.
fn matches(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if is_template(pattern) && !segment.is_empty() => {}
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return false,
        }
    }
}

fn is_template(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Script")
            .field("routes", &state.routes.len())
            .field("requests", &state.requests.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_matches_one_segment() {
        assert!(matches("/payments/{id}", "/payments/pay_1"));
        assert!(matches("/payments/{id}/cancel", "/payments/pay_1/cancel"));
        for (route, path) in [
            ("/payments/{id}", "/payments"),
            ("/payments/{id}", "/payments/"),
            ("/payments/{id}", "/payments/pay_1/cancel"),
            ("/payments", "/refunds"),
            ("/payments", "/payments/"),
        ] {
            assert!(!matches(route, path), "{route} {path}");
        }
    }
}
