//! Owns sending one delivery to the local endpoint: where it goes, and what came back.

mod line;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fluxa_sdk::{SecretText, contract};
use reqwest::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::error::{CliError, Result};
use line::Line;
pub(crate) use line::empty_tls;

/// The most of an answer's body that is read. A longer one costs its connection, no more.
const BODY_CAP: usize = 64 * 1024;

/// How long the rest of an answer may take once its status is known. The status decides, and the
/// rest is only read to keep the connection.
const BODY_PATIENCE: Duration = Duration::from_millis(500);

/// How long the look whether anything listens may take.
const PREFLIGHT: Duration = Duration::from_millis(300);

/// What is told of an attempt whose connection was kept busy by what is no answer, or by that of
/// another.
const BUSY: &str = "no answer, but so much else that its connections were given up";

/// What came of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// Why there was none, or what is wrong with it beside its status.
    pub(crate) error: Option<String>,
    /// From the first byte sent to the last one read.
    pub(crate) duration: Duration,
}

impl Answer {
    /// Nothing was sent.
    pub(super) fn none(why: String) -> Self {
        Self {
            status: None,
            error: Some(why),
            duration: Duration::ZERO,
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// Returns whether the same delivery may well succeed a moment later: nothing answered, or what
    /// answered was overloaded or broken. A 4xx is a decision, and asking again does not change it.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => matches!(status, 408 | 425 | 429 | 500..),
        }
    }
}

/// How deliveries are made, whatever the target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// How long the target has to answer; zero waits for ever.
    pub(crate) timeout: Duration,
    /// Sent with every delivery, beside what the contract says.
    pub(crate) headers: HeaderMap,
    /// Whether any certificate will do on this machine and in private networks.
    pub(crate) skip_verify: bool,
}

/// Sends deliveries to one target over kept connections.
#[derive(Debug)]
pub(crate) struct Forwarder {
    line: Mutex<Arc<Line>>,
    target: Url,
    headers: HeaderMap,
    timeout: Option<Duration>,
    skip_verify: bool,
}

impl Forwarder {
    pub(crate) fn new(target: Url, manner: &Manner) -> Result<Self> {
        let skip_verify = manner.skip_verify && is_private(&target);
        Ok(Self {
            line: Mutex::new(Arc::new(Line::to(&target, skip_verify)?)),
            target,
            headers: manner.headers.clone(),
            timeout: (!manner.timeout.is_zero()).then_some(manner.timeout),
            skip_verify,
        })
    }

    fn line(&self) -> MutexGuard<'_, Arc<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up a line that is kept busy, with all that is under way on it.
    fn renew(&self, busy: &Arc<Line>) {
        busy.courier.retire();
        let mut line = self.line();
        // Unless somebody has; and without another one, the next attempt tries again.
        if Arc::ptr_eq(&line, busy)
            && let Ok(fresh) = Line::to(&self.target, self.skip_verify)
        {
            *line = Arc::new(fresh);
        }
    }

    pub(crate) fn target(&self) -> &Url {
        &self.target
    }

    /// Makes one attempt. Whatever happens is an answer, never an error.
    pub(crate) async fn post(&self, headers: HeaderMap, body: bytes::Bytes) -> Answer {
        self.probe(headers, body).await.0
    }

    /// Makes one attempt, and returns also the `Date` of the answer.
    pub(super) async fn probe(
        &self,
        mut headers: HeaderMap,
        body: bytes::Bytes,
    ) -> (Answer, Option<HeaderValue>) {
        let started = Instant::now();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        let line = Arc::clone(&self.line());
        let sent = line
            .client
            .post(self.target.clone())
            .headers(headers)
            .body(body)
            .send();
        // Not reqwest's own limit, which starts anew with each `100 Continue`.
        let limit = self.timeout.unwrap_or(Duration::MAX);
        let sent = async {
            match line.courier.carry(sent).await {
                Some(sent) => sent.map_err(|error| reason(&error)),
                None => {
                    self.renew(&line);
                    Err(BUSY.to_owned())
                }
            }
        };
        let (status, error, date) = match tokio::time::timeout(limit, sent).await {
            Ok(Ok(mut response)) => {
                let date = response.headers().get(DATE).cloned();
                let redirect = redirect(&response);
                drain(&mut response).await;
                (Some(response.status().as_u16()), redirect, date)
            }
            Ok(Err(why)) => (None, Some(why), None),
            Err(_) => (None, Some("no answer in time".to_owned()), None),
        };
        let answer = Answer {
            status,
            error,
            duration: started.elapsed(),
        };
        (answer, date)
    }

    /// Returns whether something accepts connections at the target.
    pub(crate) async fn is_reachable(&self) -> bool {
        let Some(host) = self.target.host_str() else {
            return false;
        };
        let port = self.target.port_or_known_default().unwrap_or(80);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let connect = TcpStream::connect((host, port));
        matches!(tokio::time::timeout(PREFLIGHT, connect).await, Ok(Ok(_)))
    }
}

/// Says where a redirect leads, which is not followed: the signature is for the target alone.
fn redirect(response: &reqwest::Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let location: String = location.chars().take(200).collect();
    Some(format!("a redirect to {location} is not followed"))
}

/// Reads what is left of an answer, so that its connection can be used again. One that is too long
/// or too slow loses its connection; what came before it stands.
async fn drain(response: &mut reqwest::Response) {
    let rest = async {
        let mut read = 0;
        while read < BODY_CAP
            && let Ok(Some(chunk)) = response.chunk().await
        {
            read += chunk.len();
        }
    };
    // Elapsed or not: there is nothing more to learn.
    let _ = tokio::time::timeout(BODY_PATIENCE, rest).await;
}

/// Says why there was no answer, without the URL, which every line already names.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut deepest: &dyn std::error::Error = error;
    let mut untrusted = false;
    while let Some(source) = deepest.source() {
        untrusted |= source.to_string().contains("invalid peer certificate");
        deepest = source;
    }
    let deepest = deepest.to_string();
    match error.is_connect() {
        true if untrusted => {
            "its certificate is not trusted; --skip-verify takes any on this machine".to_owned()
        }
        true if deepest.contains("refused") => "connection refused".to_owned(),
        true if deepest.contains("InvalidContentType") => {
            "what answers there does not speak TLS: is it an http:// address?".to_owned()
        }
        false if deepest.contains("invalid HTTP version") => {
            "what answers there does not speak HTTP: is it an https:// address?".to_owned()
        }
        true => format!("cannot connect: {deepest}"),
        false => format!("connection broken: {deepest}"),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => is_this_machine(address.into()),
        Some(Host::Ipv6(address)) => is_this_machine(address.into()),
        None => false,
    }
}

fn is_this_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// Returns whether a target is on this machine or in a network of one's own, by its address or by a
/// name that no public server has.
pub(crate) fn is_private(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Domain(name)) => {
                !name.contains('.')
                    || [".local", ".internal", ".test", ".home.arpa"]
                        .iter()
                        .any(|ending| name.ends_with(ending))
            }
            Some(Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
            Some(Host::Ipv6(address)) => {
                address.is_unique_local() || address.is_unicast_link_local()
            }
            None => false,
        }
}

/// Reads headers as they are typed, `Name: value`. No error quotes a value: it may be a secret.
///
/// # Errors
/// Usage: no header, or one that the contract or HTTP itself decides about.
pub(crate) fn parse_headers(typed: &[SecretText]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (number, text) in typed.iter().enumerate() {
        let wrong = |why: &str| {
            CliError::usage(format!("header {} {why}", number + 1))
                .hint("a header is `Name: value`, such as 'X-Tenant: acme'")
        };
        let (name, value) = text
            .expose()
            .split_once(':')
            .ok_or_else(|| wrong("has no colon"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| wrong("has a name that is none"))?;
        let signed = [contract::SIGNATURE, contract::EVENT, contract::DELIVERY_ID];
        let own = [
            CONTENT_TYPE,
            CONTENT_LENGTH,
            CONNECTION,
            TRANSFER_ENCODING,
            USER_AGENT,
        ];
        if own.contains(&name)
            || signed
                .iter()
                .any(|own| name.as_str().eq_ignore_ascii_case(own))
        {
            return Err(CliError::usage(format!(
                "header {name} is not yours to set: deliveries carry their own"
            )));
        }
        let mut value = HeaderValue::from_str(value.trim())
            .map_err(|_| wrong("has a value that no header can have"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// Reads a target as it is typed: `4242`, `4242/path`, `/path`, `host:port/path` or a URL.
pub(crate) fn parse_target(text: &str) -> Result<Url> {
    let text = text.trim();
    let wrong = |why: String| {
        CliError::usage(format!("cannot forward to `{text}`: {why}")).hint(
            "give a port (4242), port/path (4242/webhooks), host:port/path, or an http(s) URL",
        )
    };
    // A port may have a path: as a host name, `3000/hooks` would be the address 0.0.11.184.
    let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - after_digits.len()];
    let full = if text.is_empty() {
        return Err(wrong("it is empty".into()));
    } else if !digits.is_empty() && (after_digits.is_empty() || after_digits.starts_with('/')) {
        let port: u16 = digits
            .parse()
            .map_err(|_| wrong("that is not a port".into()))?;
        format!("http://localhost:{port}{after_digits}")
    } else if text.starts_with('/') {
        format!("http://localhost{text}")
    } else if let Some(rest) = text.strip_prefix(':') {
        format!("http://localhost:{rest}")
    } else if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&full).map_err(|error| wrong(error.to_string()))?;
    if let Some(Host::Ipv4(address)) = url.host()
        && !full.contains(&address.to_string())
    {
        return Err(wrong(format!("as a host that would be {address}")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CliError::usage("a target takes no user name or password"));
    }
    if url.port() == Some(0) {
        return Err(wrong("port 0 is none".into()));
    }
    match url.scheme() {
        "http" | "https" if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(url),
        "http" | "https" => Err(wrong("it has no host".into())),
        other => Err(wrong(format!("`{other}` is not http or https"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_be_typed_in_short() {
        for (typed, expected) in [
            ("4242", "http://localhost:4242/"),
            ("3000/hooks", "http://localhost:3000/hooks"),
            ("/hooks", "http://localhost/hooks"),
            (":3000/hooks", "http://localhost:3000/hooks"),
            ("localhost:3000/hooks", "http://localhost:3000/hooks"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000/"),
            ("https://example.test/a?b=c", "https://example.test/a?b=c"),
            ("example.test/hooks", "http://example.test/hooks"),
        ] {
            assert_eq!(parse_target(typed).unwrap().as_str(), expected, "{typed}");
        }
        for wrong in [
            "",
            "0",
            "99999",
            "99999/hooks",
            "3000:3000",
            "0x10",
            "http://u:p@localhost/",
            "ftp://host/",
            "http://",
            "file:///etc/passwd",
        ] {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_recognised_in_every_form() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://app.localhost", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:80", true),
            ("http://[::ffff:127.0.0.1]:80", true),
            ("http://localhost.:80", true),
            ("http://App.LocalHost.:80", true),
            ("http://example.test", false),
            ("http://localhost.example.test", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn https_where_http_is_spoken_is_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("https://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
        let manner = Manner {
            skip_verify: true,
            ..Manner::default()
        };
        let forwarder = Forwarder::new(target.parse().unwrap(), &manner).unwrap();
        let answer = forwarder.post(HeaderMap::new(), bytes::Bytes::new()).await;
        let error = answer.error.unwrap();
        assert!(error.contains("is it an http:// address"), "{error}");
    }

    #[test]
    fn a_network_of_ones_own_is_told_from_the_internet() {
        for (url, expected) in [
            ("https://localhost", true),
            ("https://192.168.1.4", true),
            ("https://10.0.0.1", true),
            ("https://[fd00::1]", true),
            ("https://app", true),
            ("https://shop.test", true),
            ("https://8.8.8.8", false),
            ("https://example.com", false),
            ("https://test.example.com", false),
            ("https://[2001:db8::1]", false),
        ] {
            assert_eq!(is_private(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn headers_are_read_and_none_that_is_signed_or_framed_is_taken() {
        let read = |text: &str| parse_headers(&[SecretText::from(text)]);
        let headers = read("X-Token:  s3cret ").unwrap();
        assert_eq!(headers["x-token"], "s3cret");
        assert!(!format!("{headers:?}").contains("s3cret"));
        for wrong in [
            "X-Fluxa-Signature: s3cret",
            "x-fluxa-event: s3cret",
            "content-length: s3cret",
            "s3cret",
            "bad name: s3cret",
            "X-Token: s3cret\nX-Other: s3cret",
        ] {
            let error = read(wrong).unwrap_err();
            let told = format!("{error:?}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_retried() {
        let answer = |status| Answer {
            status,
            error: None,
            duration: Duration::ZERO,
        };
        for (status, expected) in [
            (None, true),
            (Some(500), true),
            (Some(503), true),
            (Some(429), true),
            (Some(408), true),
            (Some(400), false),
            (Some(404), false),
            (Some(302), false),
        ] {
            assert_eq!(answer(status).is_worth_retrying(), expected, "{status:?}");
        }
    }
}
