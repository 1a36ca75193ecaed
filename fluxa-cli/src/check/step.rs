//! Owns what a step of a scenario is: the one thing that it does, and what goes with that.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use url::Url;

use super::condition::Conditions;
use super::known::Known;
use super::plan::{Powers, Reading, conditions, only_ours};
use super::table::{Table, Value};
use crate::cli::StatusPattern;
use crate::error::{CliError, Result};
use crate::listen::filter::Filter;
use crate::listen::forwarder::is_loopback;
use crate::suggest;
use crate::trigger::fixture::{self, Fixture};
use crate::trigger::{self, Change, contract, registry};

/// What a step can do, and the keys that go with it.
const ACTIONS: [(&str, &[&str]); 8] = [
    (
        "trigger",
        &["override", "add", "remove", "timing", "as", "within"],
    ),
    (
        "fixture",
        &["override", "add", "remove", "timing", "as", "within"],
    ),
    (
        "expect",
        &["count", "where", "answered", "unchecked", "as", "within"],
    ),
    (
        "call",
        &[
            "query",
            "body",
            "idempotency",
            "timing",
            "status",
            "where",
            "unchecked",
            "eventually",
            "as",
            "within",
        ],
    ),
    (
        "http",
        &[
            "headers",
            "body",
            "status",
            "where",
            "eventually",
            "as",
            "within",
        ],
    ),
    ("fault", &[]),
    ("advance", &[]),
    ("invariants", &[]),
];

/// What a fault may say: see docs/control-plane.md.
const FAULT_KEYS: [&str; 18] = [
    "method",
    "path",
    "event",
    "endpoint",
    "times",
    "skip",
    "probability",
    "seed",
    "status",
    "code",
    "message",
    "retry_after",
    "delay_ms",
    "cut",
    "after_bytes",
    "when",
    "lose_response",
    "duplicate",
];

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(super) line: usize,
    /// What later steps call what came of it.
    pub(super) name: Option<String>,
    pub(super) within: Option<Duration>,
    pub(super) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Action {
    Trigger(Trigger),
    Expect(Expect),
    Call(Request),
    Http(Request),
    Fault(Json),
    Advance(Duration),
    Invariants,
}

/// Makes an event happen.
#[derive(Debug)]
pub(super) struct Trigger {
    /// The event, or the file.
    pub(super) label: String,
    pub(super) fixture: Fixture,
    pub(super) timing: Option<String>,
    overrides: Map<String, Json>,
    added: Map<String, Json>,
    removed: Vec<String>,
}

/// Waits for an event.
#[derive(Debug)]
pub(super) struct Expect {
    pub(super) pattern: String,
    pub(super) count: Option<u64>,
    pub(super) conditions: Conditions,
    pub(super) answered: Option<StatusPattern>,
}

/// Asks something, of the API or of the merchant.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// A path of the API, or a URL.
    pub(super) target: String,
    pub(super) query: Map<String, Json>,
    pub(super) headers: Map<String, Json>,
    pub(super) body: Option<Json>,
    pub(super) idempotency_key: Option<String>,
    pub(super) timing: Option<String>,
    pub(super) status: Option<StatusPattern>,
    pub(super) conditions: Conditions,
    /// Whether it is asked again until it holds.
    pub(super) eventually: bool,
}

/// Reads a step.
pub(super) fn read(table: &Table<'_>, reading: &Reading<'_>) -> Result<Step> {
    let done: Vec<_> = ACTIONS.iter().filter(|(name, _)| table.has(name)).collect();
    let [(name, others)] = done.as_slice() else {
        let names: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).collect();
        let fault = match done.as_slice() {
            [] => "a step does one thing, and this one nothing".to_owned(),
            [(one, _), (two, _), ..] => {
                return Err(table.fault(format!(
                    "a step does one thing, and this one both `{one}` and `{two}`"
                )));
            }
            [_] => String::new(),
        };
        let meant = table
            .keys()
            .find_map(|key| suggest::closest(key, names.iter().copied()));
        return Err(table.fault(fault).hint(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of: {}", names.join(", ")),
        }));
    };
    let what = format!("a step with `{name}`");
    let known: Vec<&str> = std::iter::once(*name)
        .chain(others.iter().copied())
        .collect();
    let keys = table.named(&what);
    keys.only(&known)?;
    let value = table.need(name)?;
    let action = match *name {
        "trigger" => Action::Trigger(read_trigger(table, &value, registry::find(value.text()?))?),
        "fixture" => {
            let path = reading.directory.join(value.text()?);
            Action::Trigger(read_trigger(table, &value, fixture::read(&path))?)
        }
        "expect" => Action::Expect(read_expect(table, &value, reading)?),
        "call" => Action::Call(read_call(table, &value)?),
        "http" => Action::Http(read_http(table, &value)?),
        _ if reading.powers == Powers::Api => return Err(only_ours(&value)),
        "fault" => {
            let fault = value.table("a fault")?;
            let mut keys = FAULT_KEYS.to_vec();
            keys.push("shuffle_ms");
            fault.only(&keys)?;
            Action::Fault(fault.to_json())
        }
        "advance" => Action::Advance(value.duration()?),
        _ => match value.boolean()? {
            true => Action::Invariants,
            false => return Err(value.fault("`invariants` is true, or left out")),
        },
    };
    let text = |key: &str| match table.get(key) {
        Some(value) => value.text().map(|text| Some(text.to_owned())),
        None => Ok(None),
    };
    Ok(Step {
        line: table.line(),
        name: text("as")?,
        within: match table.get("within") {
            Some(value) => Some(value.duration()?),
            None => None,
        },
        action,
    })
}

fn read_trigger(table: &Table<'_>, value: &Value<'_>, found: Result<Fixture>) -> Result<Trigger> {
    let trigger = Trigger {
        label: value.text()?.to_owned(),
        fixture: found.map_err(|error| value.place(error))?,
        timing: text_of(table, "timing")?,
        overrides: flat(fields(table, "override")?),
        added: flat(fields(table, "add")?),
        removed: match table.get("remove") {
            Some(value) => value.texts()?,
            None => Vec::new(),
        },
    };
    // Held against the contract here, so that a typing error is told before anything runs.
    trigger
        .prepared(|_| Ok(()))
        .map_err(|error| value.place(error))?;
    Ok(trigger)
}

/// Reads a table of values; there is none where it was left out.
fn fields(table: &Table<'_>, key: &str) -> Result<Map<String, Json>> {
    let Some(value) = table.get(key) else {
        return Ok(Map::new());
    };
    match value.table("it")?.to_json() {
        Json::Object(fields) => Ok(fields),
        _ => Ok(Map::new()),
    }
}

/// Returns what TOML made tables of, for want of quotes, as the dotted paths that were meant.
fn flat(fields: Map<String, Json>) -> Map<String, Json> {
    let json = Json::Object(fields);
    let leaves = crate::json_path::leaves(&json).into_iter();
    leaves.map(|(path, value)| (path, value.clone())).collect()
}

impl Trigger {
    /// Returns the fixture as it is sent; `fill` replaces the variables of the scenario.
    pub(super) fn prepared(&self, fill: impl Fn(&mut Json) -> Result<()>) -> Result<Fixture> {
        let mut changes = Vec::new();
        let typed = |path: &String, value: &Json| {
            let mut value = value.clone();
            fill(&mut value)?;
            Ok::<_, CliError>(format!("{path}={value}"))
        };
        for (path, value) in &self.overrides {
            changes.push(Change::replace(&typed(path, value)?)?);
        }
        for (path, value) in &self.added {
            changes.push(Change::add(&typed(path, value)?)?);
        }
        for path in &self.removed {
            changes.push(Change::remove(path)?);
        }
        let mut fixture = self.fixture.clone();
        trigger::prepare(&mut fixture, &changes, self.timing.as_deref())?;
        Ok(fixture)
    }
}

fn read_expect(table: &Table<'_>, value: &Value<'_>, reading: &Reading<'_>) -> Result<Expect> {
    let pattern = value.text()?.trim().to_owned();
    if pattern.is_empty() {
        return Err(value.fault("`expect` names no event").hint("\"*\" is any"));
    }
    let known = match is_unchecked(table)? {
        true => Known::nothing(),
        false => {
            Filter::parse(std::slice::from_ref(&pattern)).map_err(|error| value.place(error))?;
            Known::of_events(&pattern)
        }
    };
    let count = match table.get("count") {
        Some(value) => Some(value.count()?),
        None => None,
    };
    if count == Some(0) {
        for key in ["answered", "as"] {
            if let Some(value) = table.get(key) {
                let fault = format!("`{key}` is of an event, and `count = 0` means none");
                return Err(value.fault(fault));
            }
        }
        if reading.powers == Powers::Api && !table.has("within") {
            let fault = "`count = 0` needs `within` in the sandbox of the settings: what is on its \
                         way there is not known";
            return Err(value.fault(fault).hint("within = \"5s\""));
        }
    }
    if let Some(answered) = table.get("answered")
        && !reading.forwards
    {
        return Err(answered
            .fault("`answered` is what the server answered, and nothing is forwarded to one")
            .hint("[server] with `forward-to` says where events go"));
    }
    Ok(Expect {
        pattern,
        count,
        conditions: conditions(table, &known)?,
        answered: status(table, "answered")?,
    })
}

/// Whether the step asks for what this version's contract may not have.
fn is_unchecked(table: &Table<'_>) -> Result<bool> {
    match table.get("unchecked") {
        Some(value) => value.boolean(),
        None => Ok(false),
    }
}

fn read_call(table: &Table<'_>, value: &Value<'_>) -> Result<Request> {
    let mut request = read_request(table, value)?;
    if !request.target.starts_with('/') || request.target.contains(['?', '#']) {
        let fault = format!("`{}` is no path of the API", request.target);
        return Err(value.fault(fault).hint(
            "for example \"GET /payments\", query = { state = \"SETTLED\" }; a URL is for `http`",
        ));
    }
    let known = if is_unchecked(table)? {
        Known::nothing()
    } else if request.is_to_be_refused() {
        // What is meant to be refused may be anything.
        Known::of_errors()
    } else if request.is_to_succeed() {
        let step = fixture::Step {
            name: "call".to_owned(),
            request: format!("{} {}", request.method, request.target),
            timing: None,
            body: request.body.clone(),
        };
        let operation = contract::operation(&step).map_err(|error| value.place(error))?;
        let alone = Fixture {
            summary: String::new(),
            event: None,
            about: None,
            steps: vec![step],
        };
        contract::check(&alone).map_err(|error| value.place(error))?;
        let expands = request.query.keys().any(|name| name.starts_with("expand"));
        Known::of_answer(operation, expands)
    } else {
        Known::nothing()
    };
    request.conditions = conditions(table, &known)?;
    Ok(request)
}

fn read_http(table: &Table<'_>, value: &Value<'_>) -> Result<Request> {
    let mut request = read_request(table, value)?;
    request.conditions = conditions(table, &Known::nothing())?;
    // A port may be a variable: any other will do for looking at the host.
    let looked_at = request.target.replace("${port}", "1");
    local(&looked_at).map_err(|error| value.place(error))?;
    Ok(request)
}

/// Reads a URL of this machine: a scenario has no business elsewhere.
pub(super) fn local(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| CliError::usage(format!("`{text}`: {error}")))?;
    match url.scheme() == "http" && is_loopback(&url) {
        true => Ok(url),
        false => Err(CliError::usage(format!("`{text}` is not of this machine"))
            .hint("`http` asks the merchant's server: \"POST http://127.0.0.1:${port}/orders\"")),
    }
}

/// Reads a request, but for its conditions.
fn read_request(table: &Table<'_>, value: &Value<'_>) -> Result<Request> {
    let typed = value.text()?;
    let (method, target) = typed.split_once(' ').unwrap_or(("", typed));
    let method = crate::cli::method(method).map_err(|wrong| {
        value
            .fault(format!("`{typed}`: {wrong}"))
            .hint("a request is a method and where it goes: \"GET /payments/${paid.payment}\"")
    })?;
    let body = table.get("body");
    if let Some(body) = &body
        && matches!(method, "GET" | "HEAD")
    {
        return Err(body.fault(format!("{method} takes no body")));
    }
    Ok(Request {
        method,
        target: target.trim().to_owned(),
        query: fields(table, "query")?,
        headers: fields(table, "headers")?,
        body: body.map(|body| body.to_json()),
        idempotency_key: text_of(table, "idempotency")?,
        timing: text_of(table, "timing")?,
        status: status(table, "status")?,
        conditions: Conditions::default(),
        eventually: match table.get("eventually") {
            Some(value) => value.boolean()?,
            None => false,
        },
    })
}

fn text_of(table: &Table<'_>, key: &str) -> Result<Option<String>> {
    match table.get(key) {
        Some(value) => value.text().map(|text| Some(text.to_owned())),
        None => Ok(None),
    }
}

/// Reads a status: `404` or `"4xx"`.
fn status(table: &Table<'_>, key: &str) -> Result<Option<StatusPattern>> {
    let Some(value) = table.get(key) else {
        return Ok(None);
    };
    let text = match value.to_json() {
        Json::String(text) => text,
        other => other.to_string(),
    };
    let read = text.parse::<StatusPattern>();
    read.map(Some)
        .map_err(|wrong| value.fault(format!("`{key}`: {wrong}")))
}

impl Request {
    fn is_to_succeed(&self) -> bool {
        self.status
            .is_none_or(|status| (200..300).any(|success| status.matches(success)))
    }

    fn is_to_be_refused(&self) -> bool {
        let is_refusal = |status: StatusPattern| !(100..400).any(|other| status.matches(other));
        self.status.is_some_and(is_refusal)
    }

    /// Returns what the status must be.
    pub(super) fn wanted(&self) -> StatusPattern {
        self.status.unwrap_or(StatusPattern::Class(2))
    }
}

impl Step {
    /// Whether anything is asserted by it.
    pub(super) fn expects(&self) -> bool {
        match &self.action {
            Action::Expect(_) | Action::Invariants => true,
            Action::Call(request) | Action::Http(request) => {
                request.status.is_some() || !request.conditions.is_empty()
            }
            Action::Trigger(_) | Action::Fault(_) | Action::Advance(_) => false,
        }
    }

    /// Whether it waits for an event not to come.
    pub(super) fn expects_none(&self) -> bool {
        matches!(&self.action, Action::Expect(expect) if expect.count == Some(0))
    }
}

impl fmt::Display for Step {
    /// What the step does, as a person would say it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Trigger(trigger) => write!(formatter, "trigger {}", trigger.label),
            Action::Expect(expect) => {
                write!(formatter, "expect {}", expect.pattern)?;
                match expect.count {
                    Some(count) => write!(formatter, " ×{count}"),
                    None => Ok(()),
                }
            }
            Action::Call(request) => {
                write!(formatter, "call {} {}", request.method, request.target)
            }
            Action::Http(request) => {
                write!(formatter, "http {} {}", request.method, request.target)
            }
            Action::Fault(_) => formatter.write_str("fault"),
            Action::Advance(by) => write!(formatter, "advance {} s", by.as_secs()),
            Action::Invariants => formatter.write_str("invariants"),
        }
    }
}
