//! Owns the JSON form of a fault: read from the control plane's callers and shown to them. Whether it
//! makes sense is `spec`'s to say.

use super::glob;
use super::spec::{Cut, Fault, Kind, Method, When};
use crate::domain::error::DomainError;
use serde_json::{Map, Value};

/// Every parameter of the JSON form.
const PARAMETERS: &[&str] = &[
    "method",
    "path",
    "event",
    "endpoint",
    "skip",
    "times",
    "probability",
    "seed",
    "when",
    "status",
    "code",
    "message",
    "retry_after",
    "delay_ms",
    "cut",
    "after_bytes",
    "lose_response",
    "duplicate",
    "shuffle_ms",
];

/// Takes parameters out of a JSON object, each with its type.
struct Reader(Map<String, Value>);

impl Reader {
    fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
        kind: &str,
    ) -> Result<Option<T>, DomainError> {
        let Some(value) = self.0.remove(name) else {
            return Ok(None);
        };
        match read(&value) {
            Some(read) => Ok(Some(read)),
            None => Err(DomainError::parameter(name, format!("{name} is {kind}."))),
        }
    }

    fn whole(&mut self, name: &str) -> Result<Option<u64>, DomainError> {
        self.take(name, Value::as_u64, "a whole number")
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, DomainError> {
        self.take(name, |value| value.as_str().map(str::to_owned), "a text")
    }

    fn flag(&mut self, name: &str) -> Result<bool, DomainError> {
        let given = self.take(name, Value::as_bool, "true or false")?;
        Ok(given.unwrap_or(false))
    }
}

impl Fault {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// `parameter_unknown`, `parameter_missing` or `parameter_invalid`, with what to do.
    pub(crate) fn from_json(raw: Map<String, Value>) -> Result<Self, DomainError> {
        if let Some(unknown) = raw.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
            let message = format!("A fault has: {}.", PARAMETERS.join(", "));
            return Err(DomainError::invalid("parameter_unknown", message).about(unknown));
        }
        let mut raw = Reader(raw);
        let method = raw.take(
            "method",
            |value| {
                let name = value.as_str()?;
                let mut all = Method::ALL.into_iter();
                all.find(|(_, known)| known.eq_ignore_ascii_case(name))
            },
            "GET, POST, PATCH, DELETE or *",
        )?;
        let (path, event) = (raw.text("path")?, raw.text("event")?);
        let endpoint = raw.text("endpoint")?;
        let misplaced = |param: &str, message: &str| Err(DomainError::parameter(param, message));
        let kind = match (path, event) {
            (Some(path), None) if endpoint.is_none() => Kind::Request {
                method: method.map_or(Method::Any, |(method, _)| method),
                path: glob::whole_path(path),
            },
            (None, Some(event)) if method.is_none() => Kind::Delivery { event, endpoint },
            (Some(_), None) => return misplaced("endpoint", "endpoint goes with event, not path."),
            (None, Some(_)) => return misplaced("method", "method goes with path, not event."),
            (Some(_), Some(_)) => {
                return misplaced(
                    "event",
                    "Give path (requests) or event (deliveries), not both.",
                );
            }
            (None, None) => {
                let message = "Give path (a fault of requests) or event (one of deliveries).";
                return Err(DomainError::invalid("parameter_missing", message).about("path"));
            }
        };
        let mut fault = Self::new(kind);
        fault.skip = raw.whole("skip")?.unwrap_or(0);
        fault.times = raw.whole("times")?;
        fault.probability = raw.take("probability", Value::as_f64, "a number")?;
        fault.seed = raw.whole("seed")?;
        fault.when = raw.take(
            "when",
            |value| match value.as_str()? {
                "before" => Some(When::Before),
                "after" => Some(When::After),
                _ => None,
            },
            "before or after (the effect)",
        )?;
        fault.status = raw.take(
            "status",
            |value| u16::try_from(value.as_u64()?).ok(),
            "from 400 to 599",
        )?;
        fault.code = raw.text("code")?;
        fault.message = raw.text("message")?;
        fault.retry_after = raw.whole("retry_after")?;
        fault.delay_ms = raw.whole("delay_ms")?;
        fault.duplicate = raw.flag("duplicate")?;
        fault.shuffle_ms = raw.whole("shuffle_ms")?;
        let after_bytes = raw.whole("after_bytes")?;
        fault.cut = raw.take(
            "cut",
            |value| match value.as_str()? {
                "before_reading" => Some(Cut::BeforeReading),
                "before_head" => Some(Cut::BeforeHead),
                "body" => Some(Cut::Body {
                    after_bytes: after_bytes.unwrap_or(0),
                }),
                _ => None,
            },
            "before_reading, before_head or body",
        )?;
        if after_bytes.is_some() && !matches!(fault.cut, Some(Cut::Body { .. })) {
            return misplaced("after_bytes", "after_bytes goes with cut: body.");
        }
        if raw.flag("lose_response")? {
            if fault.cut.is_some() || fault.when == Some(When::Before) {
                let message = "lose_response is cut: before_head with when: after; leave both out.";
                return misplaced("lose_response", message);
            }
            fault = fault.lose_response();
        }
        fault.check()?;
        Ok(fault)
    }

    /// The JSON form, without what was not given.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                object.insert(name.to_owned(), value);
            }
        };
        match &self.kind {
            Kind::Request { method, path } => {
                put("method", method.name().into());
                put("path", path.clone().into());
            }
            Kind::Delivery { event, endpoint } => {
                put("event", event.clone().into());
                put("endpoint", endpoint.clone().into());
            }
        }
        put("skip", self.skip.into());
        put("times", self.limit().into());
        put("probability", self.probability.into());
        put("seed", self.seed.into());
        let when = self.when.map(|when| match when {
            When::Before => "before",
            When::After => "after",
        });
        put("when", when.into());
        put("status", self.status.into());
        put("code", self.code.clone().into());
        put("message", self.message.clone().into());
        put("retry_after", self.retry_after.into());
        put("delay_ms", self.delay_ms.into());
        match self.cut {
            Some(Cut::BeforeReading) => put("cut", "before_reading".into()),
            Some(Cut::BeforeHead) => put("cut", "before_head".into()),
            Some(Cut::Body { after_bytes }) => {
                put("cut", "body".into());
                put("after_bytes", after_bytes.into());
            }
            None => {}
        }
        if self.duplicate {
            put("duplicate", true.into());
        }
        put("shuffle_ms", self.shuffle_ms.into());
        Value::Object(object)
    }
}
