//! Owns the watching of a request on its way through the server: what came in, what was answered, and
//! telling the log, the memory for tests, the recording and the terminal. Whatever is kept has been
//! redacted before.

use super::reply::Told;
use super::{CutHere, Peer, form, idempotency};
use crate::accounts::Accounts;
use crate::domain::request_log::{Answered, Asked, Row};
use crate::observe::{Exchange, RequestLine, Text, beginning, redact};
use crate::sandbox::Sandbox;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use fluxa_sdk::contract;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use serde_json::Value;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Longest path and query in the log: a client may send 64 KiB of it, and many rows are kept.
const LOGGED_PATH: usize = 2 * 1024;

/// What is known of a request when it comes in; in its extensions for whoever writes its row.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    asked: Arc<Asked>,
    started: Instant,
}

impl Arrival {
    /// The row of the request in the log, if it is answered now.
    pub(super) fn row(&self, status: u16, key: Option<String>, error_code: Option<String>) -> Row {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answered = Answered {
            status,
            key,
            duration_ms,
            error_code,
        };
        Row {
            asked: Arc::clone(&self.asked),
            answered,
        }
    }
}

/// The code of an answer that is an error.
pub(super) fn error_code(status: u16, body: &[u8]) -> Option<String> {
    if status < 400 {
        return None;
    }
    let envelope: Value = serde_json::from_slice(body).ok()?;
    Some(envelope["error"]["code"].as_str()?.to_owned())
}

/// A request that is watched. Dropped without an answer, its client has hung up.
pub(super) struct Watch {
    accounts: Arc<Accounts>,
    sandbox: Arc<Sandbox>,
    arrival: Arrival,
    /// Whether it is of the API, and so of interest to the log and the recording.
    is_api: bool,
    is_logged: bool,
    details: Option<Details>,
    is_answered: bool,
}

/// What only the memory and the recording need.
struct Details {
    /// When it is too long for the log.
    whole: Option<(String, Option<String>)>,
    headers: String,
    form: bool,
    body: Option<Arc<Mutex<Sent>>>,
}

/// The body of a request, as far as the server has read it.
#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// Begins to watch; `None` for what nobody asks about. `is_refused`: the guard does not let it in, and the
/// log is the account's, of which it never came to be.
pub(super) fn begin(
    accounts: &Arc<Accounts>,
    sandbox: &Arc<Sandbox>,
    request: &mut Request,
    id: &str,
    is_refused: bool,
) -> Option<Watch> {
    let path = request.uri().path();
    let is_api = path == "/v1" || path.starts_with("/v1/");
    let is_page = path.starts_with("/pay/");
    // Looking is not worth telling: the inspector looks every second.
    let is_control = path.starts_with("/_mock/") && request.method() != Method::GET;
    let is_shown = sandbox.config.on_request.is_some() || tracing::enabled!(tracing::Level::INFO);
    let is_wanted = is_api || is_page || (is_control && is_shown);
    if !is_wanted {
        return None;
    }
    let path = redact::path(path).into_owned();
    let query = request
        .uri()
        .query()
        .map(|query| redact::query(query).into_owned());
    let is_long = path.len() + query.as_ref().map_or(0, String::len) > LOGGED_PATH;
    let whole = is_long.then(|| (path.clone(), query.clone()));
    let (path, query) = match &whole {
        None => (path, query),
        Some((path, query)) => {
            let path = beginning(path, LOGGED_PATH);
            let left = LOGGED_PATH - path.len();
            let query = query
                .as_ref()
                .map(|query| beginning(query, left).to_owned());
            (path.to_owned(), query)
        }
    };
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
    let arrival = Arrival {
        asked: Arc::new(Asked {
            id: id.to_owned(),
            at: sandbox.store.shared().clock.now(),
            method: method_name(request.method()),
            path,
            query,
            ip: peer,
            idempotency_key: idempotency::read_key(request.headers()).and_then(Result::ok),
        }),
        started: Instant::now(),
    };
    request.extensions_mut().insert(arrival.clone());
    let is_recorded = is_api && accounts.recorder().is_some();
    let is_remembered = sandbox.seen.is_on() && (is_api || is_page);
    let details = (is_recorded || is_remembered).then(|| Details {
        whole,
        headers: header_lines(request.headers()),
        form: is_form(request.headers()),
        body: listen_in(request, sandbox.config.body_cap),
    });
    Some(Watch {
        accounts: Arc::clone(accounts),
        sandbox: Arc::clone(sandbox),
        arrival,
        is_api,
        is_logged: is_api && !is_refused,
        details,
        is_answered: false,
    })
}

impl Watch {
    /// Tells everybody of the answer. `key`: the id of the key, if the operation did not tell it.
    pub(super) fn finish(mut self, response: &Response, key: Option<String>) {
        self.is_answered = true;
        let status = response.status().as_u16();
        let cut = response.extensions().get::<CutHere>().is_some();
        let told = response.extensions().get::<Told>();
        if self.is_logged && told.is_none_or(|told| !told.is_logged) {
            let body = told.map_or(&[][..], |told| &told.body);
            let key = told.and_then(|told| told.key.clone()).or(key);
            let row = self.arrival.row(status, key, error_code(status, body));
            self.sandbox.log(row);
        }
        self.tell(
            Some(status).filter(|_| !cut),
            response.headers(),
            told.map(|told| &told.body),
        );
    }

    fn tell(&mut self, status: Option<u16>, headers: &HeaderMap, body: Option<&Bytes>) {
        let asked = &self.arrival.asked;
        let duration = self.arrival.started.elapsed();
        tracing::info!(
            method = %asked.method,
            path = %asked.path,
            status,
            request_id = %asked.id,
            duration_ms = duration.as_millis(),
            "answered"
        );
        if let Some(hook) = &self.sandbox.config.on_request {
            hook.call(&RequestLine {
                method: asked.method.clone().into_owned(),
                path: match &asked.query {
                    Some(query) => format!("{}?{query}", asked.path),
                    None => asked.path.clone(),
                },
                status,
                duration,
                request_id: asked.id.clone(),
            });
        }
        let Some(details) = self.details.take() else {
            return;
        };
        let exchange = Exchange {
            asked: Arc::clone(asked),
            body: details.parameters(),
            whole: details.whole,
            headers: details.headers,
            status,
            idempotent_replayed: headers.contains_key(contract::IDEMPOTENT_REPLAYED),
            response_body: body.map_or(Text::Nothing, |body| {
                answer_text(headers, body, asked.method == "GET")
            }),
        };
        if self.is_api
            && let Some(recorder) = self.accounts.recorder()
        {
            let lines = header_lines(headers);
            recorder.add(self.sandbox.label(), &exchange, &lines);
        }
        if self.sandbox.seen.is_on() {
            self.sandbox.seen.add(exchange);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_answered {
            self.tell(None, &HeaderMap::new(), None);
        }
    }
}

impl Details {
    /// The parameters that were sent, without card data. What cannot be read might hold a card number
    /// anywhere, and is not kept.
    fn parameters(&self) -> Text {
        let Some(sent) = &self.body else {
            return Text::Nothing;
        };
        let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.is_cut || sent.bytes.is_empty() {
            return Text::Nothing;
        }
        if !self.form && redact::is_harmless(&sent.bytes) {
            // Read when somebody asks: then it turns out whether it is JSON.
            return Text::Json(Bytes::copy_from_slice(&sent.bytes));
        }
        let object = match self.form {
            true => form::parse(&sent.bytes).ok(),
            false => serde_json::from_slice(&sent.bytes).ok(),
        };
        match object {
            Some(mut object) => {
                redact::parameters(&mut object);
                Text::Json(Value::Object(object).to_string().into())
            }
            None => Text::Nothing,
        }
    }
}

/// Copies the body as the server reads it.
fn listen_in(request: &mut Request, cap: usize) -> Option<Arc<Mutex<Sent>>> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let sent = Arc::new(Mutex::new(Sent::default()));
    let copy = Arc::clone(&sent);
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = Body::new(body.map_frame(move |frame| {
        if let Some(data) = frame.data_ref() {
            let mut sent = copy.lock().unwrap_or_else(PoisonError::into_inner);
            match sent.bytes.len() + data.len() <= cap {
                true => sent.bytes.extend_from_slice(data),
                false => sent.is_cut = true,
            }
        }
        frame
    }));
    Some(sent)
}

fn method_name(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => "GET".into(),
        Method::POST => "POST".into(),
        Method::PATCH => "PATCH".into(),
        Method::DELETE => "DELETE".into(),
        ref other => redact::text(other.as_str()).into_owned().into(),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    media(headers).starts_with("application/x-www-form-urlencoded")
}

fn media(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn answer_text(headers: &HeaderMap, body: &Bytes, is_read: bool) -> Text {
    // A stream, say, whose body is not known.
    if body.is_empty() {
        return Text::Nothing;
    }
    match media(headers).starts_with("application/json") {
        // Secrets are shown when they are made, and never again.
        true if is_read => Text::Json(body.clone()),
        true => Text::Json(redact::answer(body)),
        false => Text::Plain(body.clone()),
    }
}

fn header_lines(headers: &HeaderMap) -> String {
    let mut lines = String::with_capacity(256);
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        lines.push_str(&redact::text(name.as_str()));
        lines.push_str(": ");
        lines.push_str(&redact::header(name.as_str(), &value));
        lines.push('\n');
    }
    lines
}
