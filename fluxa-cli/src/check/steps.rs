//! Owns what the steps of a scenario do, one after the other, and what of it did not hold.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use fluxa_sdk::{Error, IdempotencyKey};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::condition::{Conditions, Mismatch, shown};
use super::expect::Wanted;
use super::outcome::Failure;
use super::stage::{Stage, limit};
use super::step::{Action, Expect, Request, Step, Trigger, local};
use crate::cli::StatusPattern;
use crate::error::{CliError, Kind, Result};
use crate::trigger::{self, fill, fill_value};

/// How long a triggered event may take to appear, at most.
const TRIGGERED_WITHIN: Duration = Duration::from_secs(10);

/// The most of an answer that is read.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Runs the steps until one does not hold.
pub(super) async fn run(stage: &mut Stage<'_>, steps: &[Step]) -> Result<(), Failure> {
    for (index, step) in steps.iter().enumerate() {
        let outcome = one(stage, step).await;
        match outcome {
            Ok(Some(made)) => {
                if let Some(name) = &step.name {
                    stage.scope.insert(name.clone(), made);
                }
            }
            Ok(None) => {}
            Err(failure) => {
                let step = Some((index + 1, step.line, step.to_string()));
                return Err(Failure { step, ..failure });
            }
        }
    }
    Ok(())
}

/// Runs a step. Returns what came of it, for the steps after it.
async fn one(stage: &mut Stage<'_>, step: &Step) -> Result<Option<Value>, Failure> {
    let now = Instant::now();
    let (until, within) = match step.within {
        Some(within) if now + within < stage.deadline => (now + within, limit(within)),
        _ => (
            stage.deadline,
            format!("the scenario's {}", limit(stage.within)),
        ),
    };
    match &step.action {
        Action::Expect(expect) if step.expects_none() => {
            return none_of(stage, expect, step.within).await.map(|()| None);
        }
        Action::Expect(expect) => {
            return wait_for(stage, expect, until, within).await;
        }
        Action::Call(request) | Action::Http(request) => {
            let asking = Asking {
                stage,
                request,
                is_call: matches!(step.action, Action::Call(_)),
            };
            return asking.until_it_holds(until, &within).await.map(Some);
        }
        _ => {}
    }
    let doing = async {
        match &step.action {
            Action::Trigger(trigger) => make(stage, trigger, until).await.map(Some),
            Action::Fault(fault) => {
                let fault = filled(fault, stage)?;
                let set = stage.sandbox.fault(stage.http, &fault).await;
                set.map(|()| None)
                    .map_err(|error| Failure::of(error, "the sandbox takes the fault"))
            }
            Action::Advance(by) => {
                let advanced = stage.sandbox.advance(*by).await;
                advanced
                    .map(|()| None)
                    .map_err(|error| Failure::of(error, "the clock advances"))
            }
            _ => audit(stage).await.map(|()| None),
        }
    };
    match tokio::time::timeout_at(until, doing).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::new(
            Kind::Unmet,
            format!("it is done within {within}"),
            "it was still under way",
        )),
    }
}

fn filled(value: &Value, stage: &Stage<'_>) -> Result<Value, Failure> {
    let mut value = value.clone();
    fill_value(&mut value, &stage.scope).map_err(unfilled)?;
    Ok(value)
}

/// What a variable stands for was not there.
fn unfilled(error: CliError) -> Failure {
    Failure {
        kind: Kind::Unmet,
        ..Failure::of(error, "the variables stand for something")
    }
}

/// Makes an event happen. Returns its id, and those of what was made.
async fn make(stage: &Stage<'_>, trigger: &Trigger, until: Instant) -> Result<Value, Failure> {
    let scope = &stage.scope;
    let fixture = trigger.prepared(|value| fill_value(value, scope));
    let fixture = fixture.map_err(unfilled)?;
    let left = until.saturating_duration_since(Instant::now());
    // With a pace of its own the event may be meant to come later.
    let patience = match trigger.timing {
        Some(_) => None,
        None => Some(left.min(TRIGGERED_WITHIN)),
    };
    let made = trigger::Made::default();
    let event = trigger::run(&stage.sandbox.client, &fixture, patience, &made).await;
    let event =
        event.map_err(|error| told(stage, error.into(), format!("{} happens", trigger.label)))?;
    let mut names = Map::new();
    names.insert("event".to_owned(), json!(event));
    for (name, id) in made.objects() {
        names.insert(name, json!(id));
    }
    Ok(Value::Object(names))
}

/// Makes a failure of an error of the API. In a sandbox of ours it is what the scenario led to; in
/// another one the key or the network may be to blame.
fn told(stage: &Stage<'_>, error: CliError, expected: String) -> Failure {
    let kind = match error.kind {
        Kind::Auth | Kind::Network if !stage.sandbox.is_own() && error.api.is_none() => error.kind,
        Kind::Auth if !stage.sandbox.is_own() => Kind::Auth,
        _ => Kind::Unmet,
    };
    Failure {
        kind,
        ..Failure::of(error, expected)
    }
}

async fn audit(stage: &Stage<'_>) -> Result<(), Failure> {
    const EXPECTED: &str = "the ledger balances, and every move has its event";
    let breaches = stage.sandbox.breaches(stage.http).await;
    let breaches = breaches.map_err(|error| Failure::of(error, EXPECTED))?;
    match breaches.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(Kind::Unmet, EXPECTED, breaches.join("; "))),
    }
}

async fn wait_for(
    stage: &mut Stage<'_>,
    expect: &Expect,
    until: Instant,
    within: String,
) -> Result<Option<Value>, Failure> {
    let conditions = expect.conditions.filled(&stage.scope).map_err(unfilled)?;
    let default = stage.forwards.then_some(StatusPattern::Class(2));
    let wanted = Wanted {
        expect,
        conditions,
        answered: expect.answered.or(default),
        until,
        within,
    };
    let mut events = wanted.wait(&stage.log, &stage.found).await?;
    if expect.count.is_some() {
        // One too many may have happened and not arrived yet.
        catch_up(stage, until).await?;
        events = wanted.wait(&stage.log, &stage.found).await?;
    }
    stage.found.take(&expect.pattern, &events);
    Ok(events.into_iter().next().map(|seen| seen.body))
}

/// Waits for what must not come: for so long; or, where that is not said, for all that the sandbox
/// has on its way within the scenario's time.
async fn none_of(
    stage: &Stage<'_>,
    expect: &Expect,
    within: Option<Duration>,
) -> Result<(), Failure> {
    /// What is due takes a moment to happen.
    const MOMENT: Duration = Duration::from_millis(10);
    let wanted = Wanted {
        expect,
        conditions: expect.conditions.filled(&stage.scope).map_err(unfilled)?,
        answered: None,
        until: stage.deadline,
        within: within.map(limit).unwrap_or_default(),
    };
    let none_until = |until| wanted.none_until(until, &stage.log, &stage.found);
    match within {
        Some(within) => {
            let until = Instant::now() + within;
            none_until(until.min(stage.deadline)).await?;
            if until > stage.deadline {
                let got = format!("the scenario's {} were over before", limit(stage.within));
                let expected = format!("a wait of {}", limit(within));
                return Err(Failure::new(Kind::Unmet, expected, got));
            }
        }
        None => {
            while let Some(due) = stage
                .sandbox
                .next_due()
                .await
                .map_err(|error| Failure::of(error, "the sandbox tells what is on its way"))?
                && Instant::now() + due < stage.deadline
            {
                none_until(Instant::now() + due.max(MOMENT)).await?;
            }
        }
    }
    // What has happened may not have arrived yet.
    catch_up(stage, stage.deadline).await?;
    none_until(Instant::now()).await
}

/// Waits until all events that have happened by now have come.
async fn catch_up(stage: &Stage<'_>, until: Instant) -> Result<(), Failure> {
    const EXPECTED: &str = "the events that have happened arrive";
    let newest = stage.sandbox.newest_event().await;
    let newest = newest.map_err(|error| told(stage, error, EXPECTED.to_owned()))?;
    let Some(newest) = newest.filter(|id| stage.before.as_ref() != Some(id)) else {
        return Ok(());
    };
    let mut changes = stage.log.changes();
    let arrives = async {
        while !stage.log.knows(&newest) && stage.log.ended().is_none() {
            // The log outlives the wait: it is the stage's.
            let _ = changes.changed().await;
        }
    };
    let arrived = tokio::time::timeout_at(until, arrives).await;
    arrived.map_err(|_| {
        let got = format!("{newest} did not");
        Failure::new(Kind::Network, EXPECTED, got)
    })
}

/// A request, asked once or until it holds.
struct Asking<'a, 'b> {
    stage: &'a Stage<'b>,
    request: &'a Request,
    /// Of the API; else of the merchant's server.
    is_call: bool,
}

/// A status and a body.
type Answer = (u16, Value);

impl Asking<'_, '_> {
    async fn until_it_holds(&self, until: Instant, within: &str) -> Result<Value, Failure> {
        let scope = &self.stage.scope;
        let conditions = self.request.conditions.filled(scope).map_err(unfilled)?;
        let mut patience = ExponentialBackoff {
            current_interval: Duration::from_millis(20),
            initial_interval: Duration::from_millis(20),
            max_interval: Duration::from_millis(500),
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        let late = |got: &str| {
            let expected = format!("{} within {within}", self.expected(&conditions));
            Failure::new(Kind::Unmet, expected, got)
        };
        let mut last: Option<Failure> = None;
        loop {
            let answer = match tokio::time::timeout_at(until, self.ask()).await {
                Ok(answer) => answer?,
                Err(_) => return Err(last.unwrap_or_else(|| late("no answer"))),
            };
            let failure = match self.judge(&conditions, &answer) {
                None => return Ok(answer.1),
                Some(failure) => failure,
            };
            if !self.request.eventually {
                return Err(failure);
            }
            let delay = patience.next_backoff().unwrap_or_default();
            if Instant::now() + delay >= until {
                let expected = format!("{} within {within}", failure.expected);
                return Err(Failure {
                    expected,
                    ..failure
                });
            }
            last = Some(failure);
            tokio::time::sleep(delay).await;
        }
    }

    fn expected(&self, conditions: &Conditions) -> String {
        let wanted = self.request.wanted();
        match conditions.is_empty() {
            true => format!("{wanted}"),
            false => format!("{wanted}, {conditions}"),
        }
    }

    fn judge(&self, conditions: &Conditions, (status, body): &Answer) -> Option<Failure> {
        let wanted = self.request.wanted();
        if !wanted.matches(*status) {
            // The merchant's server is the endpoint of exit code 7; the API is not.
            let kind = match self.is_call {
                true => Kind::Unmet,
                false => Kind::Endpoint,
            };
            let said = body.pointer("/error/message").and_then(Value::as_str);
            let got = match (said, body) {
                (Some(said), _) => format!("{status}: {said}"),
                (None, Value::Null) => status.to_string(),
                (None, body) => format!("{status}: {}", shown(body)),
            };
            return Some(Failure::new(kind, format!("status {wanted}"), got));
        }
        let Mismatch { expected, got } = conditions.mismatch(body)?;
        Some(Failure::new(Kind::Unmet, expected, got))
    }

    async fn ask(&self) -> Result<Answer, Failure> {
        match self.is_call {
            true => self.ask_the_api().await,
            false => self.ask_the_merchant().await,
        }
    }

    fn target(&self) -> Result<String, Failure> {
        fill(&self.request.target, &self.stage.scope).map_err(unfilled)
    }

    async fn ask_the_api(&self) -> Result<Answer, Failure> {
        let (request, scope) = (self.request, &self.stage.scope);
        let mut call = self
            .stage
            .sandbox
            .client
            .raw(request.method, &self.target()?);
        for (name, value) in &request.query {
            call = call.query(name, text(&filled(value, self.stage)?));
        }
        if let Some(body) = &request.body {
            call = call.json(filled(body, self.stage)?);
        }
        if let Some(timing) = &request.timing {
            call = call.sandbox_timing(timing);
        }
        if let Some(key) = &request.idempotency_key {
            let key = fill(key, scope).map_err(unfilled)?;
            let key = IdempotencyKey::new(key.as_str()).map_err(|error| unfilled(error.into()))?;
            call = call.idempotency_key(key);
        }
        match call.await {
            Ok(answer) => Ok((answer.status().as_u16(), answer.into_inner())),
            Err(Error::Api(api)) => {
                let body = serde_json::from_slice(api.raw_body()).unwrap_or_default();
                Ok((api.status().as_u16(), body))
            }
            Err(error) => Err(told(self.stage, error.into(), "the API answers".to_owned())),
        }
    }

    async fn ask_the_merchant(&self) -> Result<Answer, Failure> {
        const EXPECTED: &str = "the server answers";
        let request = self.request;
        let url = local(&self.target()?).map_err(|error| Failure::of(error, EXPECTED))?;
        let no_answer = |error: reqwest::Error| {
            let got = crate::listen::forwarder::reason(&error);
            Failure::new(Kind::Endpoint, EXPECTED, got)
        };
        let method = reqwest::Method::from_bytes(request.method.as_bytes());
        let mut asked = self.stage.http.request(method.unwrap_or_default(), url);
        for (name, value) in &request.headers {
            asked = asked.header(name, text(&filled(value, self.stage)?));
        }
        if let Some(body) = &request.body {
            asked = match filled(body, self.stage)? {
                // What is a text in the file is sent as it is.
                Value::String(text) => asked.body(text),
                body => asked.json(&body),
            };
        }
        let mut answer = asked.send().await.map_err(no_answer)?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        while bytes.len() < LARGEST_ANSWER
            && let Some(chunk) = answer.chunk().await.map_err(no_answer)?
        {
            bytes.extend_from_slice(&chunk);
        }
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            // What is no JSON is a text, and nothing when it is empty.
            match String::from_utf8_lossy(&bytes).into_owned() {
                text if text.is_empty() => Value::Null,
                text => Value::String(text),
            }
        });
        Ok((status, body))
    }
}

/// Returns a value as it stands in a query or a header.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::expect::Found;
    use super::super::log::Log;
    use super::super::sandbox::Sandbox;
    use super::super::stage::http_client;
    use super::*;
    use crate::listen::{ListenEvent, Payload};

    #[tokio::test(flavor = "multi_thread")]
    async fn what_has_happened_counts_although_it_has_not_arrived_yet() {
        let sandbox = Sandbox::own(Some(0.0), None).await.unwrap();
        let customers = sandbox.client.raw("POST", "/customers");
        customers
            .json(json!({ "email": "a@example.com" }))
            .await
            .unwrap();
        let id = sandbox.newest_event().await.unwrap().unwrap();
        let (http, log) = (http_client().unwrap(), Log::new());
        let within = Duration::from_secs(30);
        let stage = Stage {
            sandbox,
            http: &http,
            log: log.clone(),
            before: None,
            found: Found::default(),
            scope: Map::new(),
            forwards: false,
            deadline: Instant::now() + within,
            within,
        };
        let none = Expect {
            pattern: "customer.created".to_owned(),
            count: Some(0),
            conditions: Conditions::default(),
            answered: None,
        };
        let arrives = async {
            log.record(ListenEvent::Event {
                id: id.clone(),
                event_type: none.pattern.clone(),
                object: None,
                payload: Payload("{}".into()),
            });
        };
        // The expectation is looked at first; then the event arrives.
        let waiting = none_of(&stage, &none, None);
        let (outcome, ()) = tokio::join!(biased; waiting, arrives);
        assert_eq!(outcome.unwrap_err().got, format!("1 came: {id}"));
    }
}
