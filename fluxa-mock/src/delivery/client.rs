//! Owns the HTTP client of deliveries: signs, sends, reads the answer to a cap. Goes to loopback or to
//! allow-listed hosts only, as resolved at each connection; follows no redirect, uses no proxy.

use super::signature;
use crate::clock::real_millis;
use crate::config::Config;
use crate::domain::delivery::{Outcome, ReceivedResponse, SentRequest, Task};
use crate::domain::webhook_endpoint::is_loopback_name;
use crate::observe::redact;
use fluxa_sdk::contract;
use http::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls_platform_verifier::BuilderVerifierExt;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What is kept of a request or response body.
const KEPT_BODY: usize = 64 * 1024;

/// Sends deliveries.
pub(super) struct Client {
    allowed: Arc<[String]>,
    timeout: Duration,
    /// Built at the first delivery: reading the system's certificates would slow every start.
    http: OnceLock<Result<reqwest::Client, String>>,
}

impl Client {
    /// A client by this configuration.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            allowed: config.allowed_webhook_hosts.clone().into(),
            timeout: config.delivery_timeout,
            http: OnceLock::new(),
        }
    }

    /// Makes one attempt.
    pub(super) async fn send(&self, task: &Task) -> Outcome {
        let started = Instant::now();
        let request = signed(task);
        let mut answer = None;
        let exchange = self.exchange(task, &request, &mut answer);
        let error = match tokio::time::timeout(self.timeout, exchange).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                Some(match answer {
                    None => format!("No answer within {seconds} seconds."),
                    Some(_) => format!("The answer did not end within {seconds} seconds."),
                })
            }
        };
        Outcome {
            request: Some(request),
            status: answer.as_ref().map(|answer| answer.status),
            response: answer.map(Answer::into_response),
            error,
            duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Sends and reads into `answer`, which is there as soon as there is a status. The status decides:
    /// a body that breaks off is kept as far as it came.
    async fn exchange(
        &self,
        task: &Task,
        request: &SentRequest,
        answer: &mut Option<Answer>,
    ) -> Result<(), String> {
        let url = url::Url::parse(&task.url).map_err(|error| error.to_string())?;
        // Before anything is looked up: a look-up tells others the name, and may take seconds to fail,
        // for which an advance of the clock would wait. The resolver sees names only, no addresses.
        let host = url.host_str().unwrap_or_default();
        if !is_loopback_name(host) && !is_allowed(&self.allowed, host) {
            return Err(not_allowed(host));
        }
        let http = self
            .http
            .get_or_init(|| build(&self.allowed))
            .as_ref()
            .map_err(Clone::clone)?;
        let mut builder = http.post(url).body(task.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(|error| explain(&error))?;
        let answer = answer.insert(Answer {
            status: response.status().as_u16(),
            headers: kept_headers(response.headers()),
            body: Vec::new(),
        });
        while answer.body.len() < KEPT_BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => answer.body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }
}

/// An answer as far as it has come.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn into_response(self) -> ReceivedResponse {
        let body = &self.body[..self.body.len().min(KEPT_BODY)];
        // Cut again: what is not UTF-8 is replaced by something longer.
        let body = String::from_utf8_lossy(body);
        // A receiver may answer with anything, a card number of its own included.
        let body = cut(&redact::text(&body)).to_owned();
        ReceivedResponse {
            headers: self.headers,
            body,
        }
    }
}

/// Headers up to what is kept of a body: a receiver may send a hundred of any length.
fn kept_headers(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    let mut room = KEPT_BODY;
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = redact::header(name.as_str(), &value);
        let Some(left) = room.checked_sub(name.as_str().len() + value.len()) else {
            break;
        };
        room = left;
        kept.entry(name.to_string())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    kept
}

/// The part of a text that is kept.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(KEPT_BODY);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn signed(task: &Task) -> SentRequest {
    let signature = signature::header(&task.secrets, real_millis() / 1000, task.body.as_bytes());
    let headers = BTreeMap::from([
        (contract::SIGNATURE.to_owned(), signature),
        (contract::EVENT.to_owned(), task.event_type.clone()),
        (contract::DELIVERY_ID.to_owned(), task.delivery.clone()),
        (
            USER_AGENT.to_string(),
            contract::WEBHOOK_USER_AGENT.to_owned(),
        ),
        (CONTENT_TYPE.to_string(), "application/json".to_owned()),
    ]);
    SentRequest {
        url: task.url.clone(),
        headers,
        body: cut(&task.body).to_owned(),
    }
}

/// The innermost reason: the outer ones only repeat the URL.
fn explain(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

fn not_allowed(host: &str) -> String {
    format!("{host} is neither loopback nor on the allow-list.")
}

fn is_allowed(allowed: &[String], host: &str) -> bool {
    allowed.iter().any(|name| name.eq_ignore_ascii_case(host))
}

fn build(allowed: &Arc<[String]>) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Guarded {
            allowed: Arc::clone(allowed),
        })
        .build()
        .map_err(|error| explain(&error))
}

/// Resolves names that deliveries may go to. What a loopback name leads to is checked at the very
/// addresses that are then connected to: a hosts file may say anything.
struct Guarded {
    allowed: Arc<[String]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let anywhere = is_allowed(&self.allowed, &host);
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let usable = usable(found, anywhere).ok_or_else(|| not_allowed(&host))?;
            let addresses: Addrs = Box::new(usable.into_iter());
            Ok(addresses)
        })
    }
}

/// The addresses of a name that may be connected to; `None` when there is none.
fn usable(found: Vec<SocketAddr>, anywhere: bool) -> Option<Vec<SocketAddr>> {
    let mut usable = found;
    usable.retain(|address| anywhere || address.ip().is_loopback());
    (!usable.is_empty()).then_some(usable)
}

#[cfg(test)]
mod tests {
    use super::usable;
    use std::net::SocketAddr;

    #[test]
    fn a_loopback_name_that_resolves_elsewhere_is_not_connected_to() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let rebound = addresses(&["10.0.0.1:80", "[::ffff:127.0.0.1]:80", "169.254.169.254:80"]);
        assert_eq!(usable(rebound.clone(), false), None);
        let mixed = addresses(&["10.0.0.1:80", "127.0.0.1:80", "[::1]:80"]);
        assert_eq!(
            usable(mixed, false),
            Some(addresses(&["127.0.0.1:80", "[::1]:80"]))
        );
        assert_eq!(usable(rebound.clone(), true), Some(rebound));
        assert_eq!(usable(Vec::new(), true), None);
    }
}
