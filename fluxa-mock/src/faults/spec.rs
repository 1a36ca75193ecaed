//! Owns what a fault is: what it matches, how often, and what it does; its builder, and which
//! combinations make sense. Its JSON form is `json`'s.

use super::glob;
use crate::domain::error::DomainError;
use crate::observe::redact;
use std::time::Duration;

/// Longest real delay of a request, ten minutes: beyond it a typing error is likelier.
const LONGEST_REQUEST_DELAY_MS: u64 = 600_000;

/// Longest virtual delay of a delivery, thirty days.
const LONGEST_DELIVERY_DELAY_MS: u64 = 30 * 86_400_000;

/// Time over which deliveries are shuffled unless told otherwise.
const SHUFFLE_MS: u64 = 60_000;

/// Longest `Retry-After`, a day.
const LONGEST_RETRY_AFTER: u64 = 86_400;

/// The method that a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Whatever the method.
    Any,
    /// GET.
    Get,
    /// POST.
    Post,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Any, "*"),
        (Self::Get, "GET"),
        (Self::Post, "POST"),
        (Self::Patch, "PATCH"),
        (Self::Delete, "DELETE"),
    ];

    pub(super) fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(method, _)| *method == self)
            .map_or("*", |(_, name)| name)
    }
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// Before the request's body is read: nothing was done.
    BeforeReading,
    /// Before the first byte of the answer. Nothing was done, unless the fault is after the effect.
    BeforeHead,
    /// In the answer's body, after at most so many of its bytes: the request was carried out.
    Body {
        /// Bytes of the body that still arrive.
        after_bytes: u64,
    },
}

/// On which side of a request's effect a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// What a fault is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request {
        method: Method,
        path: String,
    },
    Delivery {
        event: String,
        endpoint: Option<String>,
    },
}

/// Something that goes wrong on purpose: with requests ([`Fault::on`]) or with webhook deliveries
/// ([`Fault::on_delivery`]). It hits the next one that matches, unless [`times`](Fault::times) or
/// [`probability`](Fault::probability) say otherwise.
///
/// ```
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// use fluxa_mock::{Fault, Method, MockServer};
/// let server = MockServer::start().await?;
/// let outage = server.fault(Fault::on(Method::Post, "/v1/payments*").times(3).status(503).retry_after(2))?;
/// server.fault(Fault::on_delivery("payment.*").times(10).shuffle(7))?;
/// assert_eq!(outage.hits(), 0);
/// # std::io::Result::Ok(()) }).expect("it starts");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a fault does nothing until it is given to a server"]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) skip: u64,
    pub(crate) times: Option<u64>,
    pub(crate) probability: Option<f64>,
    pub(crate) seed: Option<u64>,
    pub(crate) when: Option<When>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) delay_ms: Option<u64>,
    pub(crate) cut: Option<Cut>,
    pub(crate) duplicate: bool,
    pub(crate) shuffle_ms: Option<u64>,
}

impl Fault {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            skip: 0,
            times: None,
            probability: None,
            seed: None,
            when: None,
            status: None,
            code: None,
            message: None,
            retry_after: None,
            delay_ms: None,
            cut: None,
            duplicate: false,
            shuffle_ms: None,
        }
    }

    /// A fault of requests to a path, in which `*` stands for any text: `/v1/payments*`; `/v1` may be left
    /// out.
    pub fn on(method: Method, path: impl Into<String>) -> Self {
        let path = glob::whole_path(path.into());
        Self::new(Kind::Request { method, path })
    }

    /// A fault of webhook deliveries of an event type, in which `*` stands for any text: `payment.*`.
    pub fn on_delivery(event: impl Into<String>) -> Self {
        let event = event.into();
        let endpoint = None;
        Self::new(Kind::Delivery { event, endpoint })
    }

    /// Only deliveries to this endpoint (`we_…`).
    pub fn to_endpoint(mut self, id: impl Into<String>) -> Self {
        if let Kind::Delivery { endpoint, .. } = &mut self.kind {
            *endpoint = Some(id.into());
        }
        self
    }

    /// Lets the first `count` that match pass.
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Hits the next `count` that match. 1 by default.
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    /// Hits each that matches with this probability (0 to 1), without end; which ones follows from the
    /// seed. 1 hits them all.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = Some(probability);
        self.seed = Some(seed);
        self
    }

    /// Answers with this status (400 to 599) and an error of the API.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The error's code; by default the usual one of the status.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The error's message.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The `Retry-After` header, in seconds. By default 1 with status 429, none with others.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Strikes after the request was carried out and committed, its answer stored under its idempotency
    /// key. Before it by default.
    pub fn after_effect(mut self) -> Self {
        self.when = Some(When::After);
        self
    }

    /// Waits: a request in real time, a delivery in the sandbox's.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Cuts the TCP connection.
    pub fn cut(mut self, place: Cut) -> Self {
        self.cut = Some(place);
        self
    }

    /// Carries the request out, then cuts the connection: the client cannot know.
    pub fn lose_response(self) -> Self {
        self.after_effect().cut(Cut::BeforeHead)
    }

    /// Delivers twice: the same event, as a delivery of its own that is not retried.
    pub fn duplicate(mut self) -> Self {
        self.duplicate = true;
        self
    }

    /// Changes the order of deliveries: each waits up to a minute of the sandbox's time, drawn by the
    /// seed.
    pub fn shuffle(self, seed: u64) -> Self {
        self.shuffle_within(Duration::from_millis(SHUFFLE_MS), seed)
    }

    /// Like [`Fault::shuffle`], with another time than a minute.
    pub fn shuffle_within(mut self, longest: Duration, seed: u64) -> Self {
        self.shuffle_ms = Some(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
        self.seed = Some(seed);
        self
    }

    /// How often it hits; `None` = without end.
    pub(crate) fn limit(&self) -> Option<u64> {
        match self.probability {
            Some(_) => None,
            None => Some(self.times.unwrap_or(1)),
        }
    }

    pub(crate) fn matches_request(&self, method: &str, path: &str) -> bool {
        match &self.kind {
            Kind::Request {
                method: wanted,
                path: pattern,
            } => (*wanted == Method::Any || wanted.name() == method) && glob::fits(pattern, path),
            Kind::Delivery { .. } => false,
        }
    }

    pub(crate) fn matches_delivery(&self, event_type: &str, to: &str) -> bool {
        match &self.kind {
            Kind::Delivery { event, endpoint } => {
                endpoint.as_deref().is_none_or(|wanted| wanted == to)
                    && glob::fits(event, event_type)
            }
            Kind::Request { .. } => false,
        }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// `parameter_invalid`, about the parameter at fault, with what to do.
    pub(crate) fn check(&self) -> Result<(), DomainError> {
        let bad = |param: &str, message: &str| Err(DomainError::parameter(param, message));
        if self.times == Some(0) {
            return bad("times", "times is a whole number from 1.");
        }
        if self.times.is_some() && self.probability.is_some() {
            return bad("times", "Give times or probability, not both.");
        }
        if self.probability.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
            return bad("probability", "probability is above 0 and at most 1.");
        }
        let drawn = self.probability.is_some() || self.shuffle_ms.is_some();
        if self.seed.is_some() && !drawn {
            return bad("seed", "seed goes with probability or shuffle_ms.");
        }
        self.check_texts()?;
        match &self.kind {
            Kind::Request { path, .. } => {
                self.check_request(path)?;
                self.check_answer()
            }
            Kind::Delivery { event, .. } => self.check_delivery(event),
        }
    }

    /// Faults are listed, shown and, in part, answered.
    fn check_texts(&self) -> Result<(), DomainError> {
        let (name, text) = match &self.kind {
            Kind::Request { path, .. } => ("path", path),
            Kind::Delivery { event, .. } => ("event", event),
        };
        let texts = [
            (name, Some(text)),
            ("code", self.code.as_ref()),
            ("message", self.message.as_ref()),
        ];
        match texts
            .into_iter()
            .find(|(_, text)| text.is_some_and(|text| redact::text(text) != text.as_str()))
        {
            Some((name, _)) => {
                let message = "This looks like a card number or a key, which is not kept.";
                Err(DomainError::parameter(name, message))
            }
            None => Ok(()),
        }
    }

    fn check_request(&self, path: &str) -> Result<(), DomainError> {
        let bad = |param: &str, message: &str| Err(DomainError::parameter(param, message));
        if !(path.starts_with('/') || path.starts_with('*')) || path.contains('?') {
            let message = "path is a path without query, such as /v1/payments*; * is any text.";
            return bad("path", message);
        }
        if path == "/_mock" || path.starts_with("/_mock/") {
            return bad(
                "path",
                "Faults never touch /_mock; name a path under /v1 or /pay.",
            );
        }
        if self.duplicate || self.shuffle_ms.is_some() {
            let param = if self.duplicate {
                "duplicate"
            } else {
                "shuffle_ms"
            };
            return bad(
                param,
                "This is for deliveries: give event in place of path.",
            );
        }
        if self.status.is_none() && self.delay_ms.is_none() && self.cut.is_none() {
            let message = "The fault does nothing: give status, delay_ms, cut or lose_response.";
            return bad("status", message);
        }
        if self
            .delay_ms
            .is_some_and(|ms| ms > LONGEST_REQUEST_DELAY_MS)
        {
            return bad("delay_ms", "delay_ms of a request is from 0 to 600000.");
        }
        if self.cut.is_some() && self.status.is_some() {
            return bad("cut", "Give status or cut: a cut connection has no status.");
        }
        match (self.cut, self.when) {
            (Some(Cut::BeforeReading), Some(When::After)) => bad(
                "when",
                "What is cut before it is read has no effect; leave when out, or lose_response.",
            ),
            (Some(Cut::Body { .. }), Some(When::Before)) => bad(
                "when",
                "There is a body only after the effect; leave when out.",
            ),
            _ => Ok(()),
        }
    }

    fn check_answer(&self) -> Result<(), DomainError> {
        let bad = |param: &str, message: &str| Err(DomainError::parameter(param, message));
        let Some(status) = self.status else {
            for (param, given) in [
                ("code", self.code.is_some()),
                ("message", self.message.is_some()),
                ("retry_after", self.retry_after.is_some()),
            ] {
                if given {
                    return bad(param, "This goes with status.");
                }
            }
            return Ok(());
        };
        if !(400..=599).contains(&status) {
            return bad("status", "status is from 400 to 599.");
        }
        let is_code = |code: &str| {
            (1..=64).contains(&code.len())
                && code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if self.code.as_deref().is_some_and(|code| !is_code(code)) {
            let message = "code is like service_unavailable: at most 64 of a-z, 0-9 and _.";
            return bad("code", message);
        }
        if self
            .message
            .as_deref()
            .is_some_and(|text| text.len() > 1000)
        {
            return bad("message", "message has at most 1000 bytes.");
        }
        if self.retry_after.is_some_and(|s| s > LONGEST_RETRY_AFTER) {
            return bad("retry_after", "retry_after is from 0 to 86400 seconds.");
        }
        Ok(())
    }

    fn check_delivery(&self, event: &str) -> Result<(), DomainError> {
        let bad = |param: &str, message: &str| Err(DomainError::parameter(param, message));
        if event.is_empty() {
            return bad(
                "event",
                "event is an event type, such as payment.*; * is any text.",
            );
        }
        for (param, given) in [
            ("when", self.when.is_some()),
            ("status", self.status.is_some()),
            ("code", self.code.is_some()),
            ("message", self.message.is_some()),
            ("retry_after", self.retry_after.is_some()),
            ("cut", self.cut.is_some()),
        ] {
            if given {
                return bad(param, "This is for requests: give path in place of event.");
            }
        }
        if !self.duplicate && self.delay_ms.is_none() && self.shuffle_ms.is_none() {
            let message = "The fault does nothing: give duplicate, delay_ms or shuffle_ms.";
            return bad("duplicate", message);
        }
        for (param, given) in [("delay_ms", self.delay_ms), ("shuffle_ms", self.shuffle_ms)] {
            if given.is_some_and(|ms| ms > LONGEST_DELIVERY_DELAY_MS) {
                return bad(
                    param,
                    "Deliveries are delayed by at most 2592000000 ms, 30 days.",
                );
            }
        }
        Ok(())
    }
}
