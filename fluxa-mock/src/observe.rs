//! Owns what is remembered of requests for people and tests: the last ones of each account, the file
//! that a run is recorded in, and the line that a terminal shows. Everything it is given has been
//! through `redact`; it knows neither the API nor HTTP's types.

mod recorder;
pub(crate) mod redact;
pub(crate) mod sensitive;

pub(crate) use recorder::Recorder;

use crate::domain::request_log::Asked;
use crate::time::Time;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is kept of a body.
const KEPT_BODY: usize = 64 * 1024;

/// What is kept of all requests of an account, in bytes, however few they are.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// A request that came in, with its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Its id: `X-Fluxa-Request-Id`, unless the answer was an earlier one's, replayed.
    pub request_id: String,
    /// When it came, RFC 3339, on the account's clock.
    pub at: String,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query, as sent.
    pub query: Option<String>,
    /// Its headers, by lower-case name; of the key only the last four characters are kept.
    pub headers: BTreeMap<String, String>,
    /// Its parameters, from JSON or a form alike; card data and secrets replaced. Null when there was no
    /// body, or none that could be read; the beginning of its text when it is longer than 64 KiB.
    pub body: Value,
    /// The status answered; `None` when the client hung up before.
    pub status: Option<u16>,
    /// Whether the answer was an earlier one's, kept with its idempotency key: nothing was carried out.
    pub idempotent_replayed: bool,
    /// The body answered: JSON, or text. Null when it was a stream or a page; the beginning of its text
    /// when it is longer than 64 KiB.
    pub response_body: Value,
}

impl ReceivedRequest {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        self.headers.get(&name).map(String::as_str)
    }
}

/// A request as a terminal shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestLine {
    /// Its method.
    pub method: String,
    /// Its path and query, as sent but for card data: not fit for a terminal yet.
    pub path: String,
    /// The status answered; `None` when the client hung up before.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// Its id.
    pub request_id: String,
}

/// What is called for each request.
#[derive(Clone)]
pub(crate) struct RequestHook(Arc<dyn Fn(&RequestLine) + Send + Sync>);

impl RequestHook {
    pub(crate) fn new(hook: impl Fn(&RequestLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(crate) fn call(&self, line: &RequestLine) {
        (self.0)(line);
    }
}

impl fmt::Debug for RequestHook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RequestHook")
    }
}

/// A body, as text.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// None, or none that may be kept.
    Nothing,
    /// One JSON document.
    Json(Bytes),
    /// Anything else.
    Plain(Bytes),
}

impl Text {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Json(text) | Self::Plain(text) => text.len(),
        }
    }

    fn cut(&mut self) {
        if self.len() <= KEPT_BODY {
            return;
        }
        if let Self::Json(text) | Self::Plain(text) = std::mem::replace(self, Self::Nothing) {
            let text = String::from_utf8_lossy(&text);
            *self = Self::Plain(Bytes::copy_from_slice(
                beginning(&text, KEPT_BODY).as_bytes(),
            ));
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Json(text) => serde_json::from_slice(text).unwrap_or(Value::Null),
            Self::Plain(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        }
    }
}

/// The first `most` bytes of a text, or a few less: characters stay whole.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A request and its answer, without card data and secrets.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) asked: Arc<Asked>,
    /// Path and query, when they are too long for the log.
    pub(crate) whole: Option<(String, Option<String>)>,
    /// `name: value` lines: one allocation, where a map would be twenty.
    pub(crate) headers: String,
    pub(crate) body: Text,
    pub(crate) status: Option<u16>,
    pub(crate) idempotent_replayed: bool,
    pub(crate) response_body: Text,
}

/// `name: value` lines as a map; values of the same name are joined.
fn headers_of(lines: &str) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in lines.lines().filter_map(|line| line.split_once(": ")) {
        headers
            .entry(name.to_owned())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    headers
}

impl Exchange {
    fn size(&self) -> usize {
        let (path, query) = self.target();
        let texts = path.len() + query.map_or(0, str::len) + self.headers.len();
        size_of::<Self>() + texts + self.body.len() + self.response_body.len()
    }

    /// Path and query.
    fn target(&self) -> (&str, Option<&str>) {
        let (path, query) = match &self.whole {
            Some((path, query)) => (path, query),
            None => (&self.asked.path, &self.asked.query),
        };
        (path, query.as_deref())
    }

    fn received(&self) -> ReceivedRequest {
        let (path, query) = self.target();
        ReceivedRequest {
            request_id: self.asked.id.clone(),
            at: self.asked.at.to_string(),
            method: self.asked.method.clone().into_owned(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers: headers_of(&self.headers),
            body: self.body.value(),
            status: self.status,
            idempotent_replayed: self.idempotent_replayed,
            response_body: self.response_body.value(),
        }
    }
}

/// Which requests are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) method: Option<String>,
    /// `*` stands for any text, slashes included.
    pub(crate) path: Option<String>,
    pub(crate) since: Option<Since>,
}

/// Where the requests asked for begin.
#[derive(Clone, Debug)]
pub(crate) enum Since {
    /// With the first of this instant.
    Instant(Time),
    /// After the request with this id; with the oldest when that is not remembered.
    Request(String),
}

/// The last requests of an account, oldest first.
pub(crate) struct Seen {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<Exchange>,
    bytes: usize,
}

impl Seen {
    /// Remembers at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// Whether anything is remembered at all.
    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a request.
    pub(crate) fn add(&self, mut exchange: Exchange) {
        exchange.body.cut();
        exchange.response_body.cut();
        let mut gone = Vec::new();
        let mut kept = self.kept();
        kept.bytes += exchange.size();
        kept.exchanges.push_back(exchange);
        while kept.exchanges.len() > self.most || kept.bytes > KEPT_BYTES {
            let Some(oldest) = kept.exchanges.pop_front() else {
                break;
            };
            kept.bytes -= oldest.size();
            gone.push(oldest);
        }
        // What they held is given back while others go on.
        drop(kept);
        drop(gone);
    }

    /// The request with this id.
    pub(crate) fn get(&self, id: &str) -> Option<ReceivedRequest> {
        let found = {
            let kept = self.kept();
            let mut newest = kept.exchanges.iter().rev();
            newest.find(|exchange| exchange.asked.id == id).cloned()
        };
        found.as_ref().map(Exchange::received)
    }

    /// Ids of the requests that were answered with an earlier answer.
    pub(crate) fn replays(&self) -> BTreeSet<String> {
        let kept = self.kept();
        let replays = kept.exchanges.iter().filter(|one| one.idempotent_replayed);
        replays.map(|one| one.asked.id.clone()).collect()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    /// The requests asked for, oldest first.
    pub(crate) fn find(&self, wanted: &Wanted) -> Vec<ReceivedRequest> {
        let found: Vec<Exchange> = {
            let kept = self.kept();
            let after = match &wanted.since {
                Some(Since::Request(id)) => kept
                    .exchanges
                    .iter()
                    .position(|exchange| exchange.asked.id == *id)
                    .map_or(0, |place| place + 1),
                _ => 0,
            };
            let rest = kept.exchanges.iter().skip(after);
            rest.filter(|exchange| wanted.takes(exchange))
                .cloned()
                .collect()
        };
        found.iter().map(Exchange::received).collect()
    }
}

impl Wanted {
    fn takes(&self, exchange: &Exchange) -> bool {
        let method = self.method.as_ref();
        let path = self.path.as_ref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(&exchange.asked.method))
            && path.is_none_or(|pattern| fits(pattern, exchange.target().0))
            && match self.since {
                Some(Since::Instant(instant)) => exchange.asked.at >= instant,
                _ => true,
            }
    }
}

/// Whether a path is as the pattern says, in which `*` stands for any text.
fn fits(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(place) = rest.find(piece) else {
            return false;
        };
        rest = &rest[place + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Exchange, KEPT_BODY, KEPT_BYTES, Seen, Text, Wanted, fits};
    use crate::domain::request_log::Asked;
    use crate::time::Time;
    use serde_json::Value;
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    fn exchange(number: usize, body: Text) -> Exchange {
        Exchange {
            asked: Arc::new(Asked {
                id: format!("req_{number}"),
                at: Time::from_millis(0),
                method: "POST".into(),
                path: "/v1/payments".to_owned(),
                query: None,
                ip: Ipv4Addr::LOCALHOST.into(),
                idempotency_key: None,
            }),
            whole: None,
            headers: "host: a\naccept: b\naccept: c\n".to_owned(),
            body,
            status: Some(200),
            idempotent_replayed: false,
            response_body: Text::Nothing,
        }
    }

    #[test]
    fn a_pattern_takes_any_text_for_a_star() {
        for (pattern, path, expected) in [
            ("/v1/payments", "/v1/payments", true),
            ("/v1/payments", "/v1/payments/pay_1", false),
            ("/v1/payments*", "/v1/payments/pay_1", true),
            ("/v1/*/pay_1", "/v1/payments/pay_1", true),
            ("/v1/*/history", "/v1/payments/pay_1", false),
            ("*", "", true),
            ("", "/v1", false),
            ("/a*a", "/a", false),
            ("*1*1", "/1", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_in_bytes() {
        let seen = Seen::new(3);
        for number in 0..5 {
            seen.add(exchange(number, Text::Nothing));
        }
        let ids = |seen: &Seen| -> Vec<String> {
            let found = seen.find(&Wanted::default());
            found
                .into_iter()
                .map(|request| request.request_id)
                .collect()
        };
        assert_eq!(ids(&seen), ["req_2", "req_3", "req_4"]);

        let seen = Seen::new(1_000_000);
        let big = "é".repeat(KEPT_BODY);
        for number in 0..1_000 {
            seen.add(exchange(number, Text::Plain(big.clone().into())));
        }
        let found = seen.find(&Wanted::default());
        assert!(found.len() < KEPT_BYTES / KEPT_BODY, "{}", found.len());
        assert_eq!(
            found.last().map(|last| last.request_id.as_str()),
            Some("req_999")
        );
        let Value::String(text) = &found[0].body else {
            panic!("{:?}", found[0].body)
        };
        assert_eq!(text.len(), KEPT_BODY);
        seen.clear();
        assert_eq!(ids(&seen), Vec::<String>::new());
    }

    #[test]
    fn headers_of_one_name_are_joined() {
        let request = exchange(0, Text::Nothing).received();
        assert_eq!(request.header("Accept"), Some("b, c"));
        assert_eq!(request.header("host"), Some("a"));
    }
}
