//! Configuring a client: every option, its default, and the checks made when it is built.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use reqwest::Url;
use reqwest::redirect::Policy;

use super::allowance::Allowance;
use super::base_url::BaseUrl;
use super::{Client, Inner, SharedHeaders, tls};
use crate::context::Limits;
use crate::contract;
use crate::error::Error;
use crate::observe::{Observer, Observers};
use crate::pacing::Pacer;
use crate::retry;
use crate::secret::ApiKey;
use crate::testing::Script;

const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(90);

/// Configures a [`Client`].
///
/// `build` refuses a base URL that is not `https`, unless its host is loopback. TLS is 1.3 only,
/// redirects are never followed, answers are never decompressed.
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    key: Result<ApiKey, Error>,
    base_url: String,
    limits: Limits,
    api_version: String,
    app_info: Vec<String>,
    proxy: Option<String>,
    use_env_proxy: bool,
    root_certificates: Vec<Vec<u8>>,
    own_retry_quota: bool,
    pace: bool,
    observers: Observers,
    script: Option<Script>,
}

impl ClientBuilder {
    pub(super) fn new(key: impl Into<String>) -> Self {
        Self {
            key: ApiKey::new(key),
            base_url: contract::LIVE_BASE_URL.to_owned(),
            limits: Limits {
                total: DEFAULT_TIMEOUT,
                attempt: DEFAULT_ATTEMPT_TIMEOUT,
                connect: DEFAULT_CONNECT_TIMEOUT,
                max_retries: retry::MAX_ATTEMPTS - 1,
                base_delay: retry::BASE_DELAY,
            },
            api_version: contract::API_VERSION.to_owned(),
            app_info: Vec::new(),
            proxy: None,
            use_env_proxy: false,
            root_certificates: Vec::new(),
            own_retry_quota: false,
            pace: false,
            observers: Observers::default(),
            script: None,
        }
    }

    /// Returns a builder with what the environment says: see [`Client::from_env`].
    ///
    /// # Errors
    /// [`Error::Config`] naming the variable that is missing or not text.
    pub fn from_env() -> Result<Self, Error> {
        let key = read_env(contract::ENV_SECRET_KEY)?.ok_or_else(|| {
            Error::config(format!(
                "the environment variable {} is not set; it holds the secret key (`{}…`)",
                contract::ENV_SECRET_KEY,
                contract::SECRET_KEY_PREFIX,
            ))
        })?;
        let mut builder = Self::new(key);
        builder.use_env_proxy = true;
        if let Some(base_url) = read_env(contract::ENV_API_BASE)? {
            builder.base_url = base_url;
        }
        Ok(builder)
    }

    /// Sends requests below this URL. Default: the live one, which is the sandbox's too.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Limits a call as a whole, its retries and waits included. Default: 90 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.total = timeout;
        self
    }

    /// Limits each attempt of a call. Default: 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt = timeout;
        self
    }

    /// Limits making a connection. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect = timeout;
        self
    }

    /// Allows this many retries of a call, 0 to 4; more is taken as 4. Default: 4.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.limits.max_retries = max_retries;
        self
    }

    /// Sets the wait before the first retry, which doubles from there to 8 s. Default: 500 ms.
    ///
    /// What the server asks for by `Retry-After` holds regardless.
    pub fn retry_base_delay(mut self, delay: Duration) -> Self {
        self.limits.base_delay = delay;
        self
    }

    /// Gives this client and its clones an allowance of retries of their own.
    ///
    /// By default all clients of the process that talk to one origin (scheme, host and port) share
    /// one: 500 tokens, of which a retry takes 14 (5 when the server asked for it) and every second
    /// brings back 10. So a backend that makes a client per key, or per request, does not multiply
    /// an outage. An allowance of its own is for a client whose retries must not wait for what the
    /// others did: a nightly job beside the checkout.
    pub fn own_retry_quota(mut self) -> Self {
        self.own_retry_quota = true;
        self
    }

    /// Waits for the rate limit before sending, instead of for its 429 after. Default: off.
    ///
    /// Limits are learned from the answers (`X-RateLimit-*`); until the first is there, requests go
    /// one at a time. Whoever waits is served in order of arrival, retries first; all clients of the
    /// process with this key and origin share the line. The time waited here counts neither against
    /// a call's time-outs nor as an attempt, so a burst of 10 000 calls takes its 100 s at 100 a
    /// second and none of them fails for it: to give up earlier, drop the future
    /// (`tokio::time::timeout`).
    ///
    /// One process that alone uses a key meets no 429. Several that pace learn of each other only
    /// from the answers: what they send before, at the start of a common burst, may be refused once
    /// (seldom on a short way to the server; up to half of the calls when an answer takes 300 ms).
    /// From then on each sends at a part of the rate, halved at a further sign of crowding and won
    /// back within seconds; 429s are few, and the rate stays in use but for the time it takes to
    /// find the parts. A refused call goes back to the front of the line, at no cost to the
    /// allowance of retries. It still has its 5 attempts only, and fails if all are refused: rare
    /// among processes that pace, to be expected beside one that does not. Give that one a key of
    /// its own. A `Retry-After` of more than 60 s is returned at once.
    ///
    /// A burst leaves at ten times the rate after its first 16 requests: 200 at 100 a second take
    /// 0.2 s.
    pub fn pace_requests(mut self) -> Self {
        self.pace = true;
        self
    }

    /// Tells this observer of every attempt and every call. May be given more than once.
    ///
    /// See [`observe`](crate::observe) for what it is told.
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.add(Arc::new(observer));
        self
    }

    /// Answers from the script; nothing is sent.
    pub(crate) fn script(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    /// Asks for another version of the API than the one this SDK was made for.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// Names your application in the `User-Agent`, so that support can find its requests.
    pub fn app_info(mut self, name: &str, version: &str, url: Option<&str>) -> Self {
        let url = url.map(|url| format!(" ({url})")).unwrap_or_default();
        self.app_info.push(format!("{name}/{version}{url}"));
        self
    }

    /// Sends requests through this proxy (`http://` or `https://`), except to loopback.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Trusts this certificate authority (PEM, one or more) beside the platform's.
    ///
    /// For an inspecting proxy, or a test server with a certificate of its own.
    pub fn add_root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Returns the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Config`] when the key, the URL, the version, the proxy or a certificate is not
    /// valid, or no trusted roots are found.
    pub fn build(self) -> Result<Client, Error> {
        let key = self.key?;
        let base_url = BaseUrl::parse(&self.base_url)?;
        let (https, loopback) = (base_url.https, base_url.loopback);
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(https, &self.root_certificates)?)
            .https_only(https)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.limits.connect);
        http = match &self.proxy {
            Some(proxy) if !loopback => http.proxy(check_proxy(proxy)?),
            None if !loopback && self.use_env_proxy => http,
            _ => http.no_proxy(),
        };
        let http = http
            .build()
            .map_err(|_| Error::config("the HTTP client could not be set up"))?;
        let authorization = format!("{}{}", contract::BEARER, key.expose());
        let mut authorization = header("the API key", &authorization)?;
        authorization.set_sensitive(true);
        let headers = SharedHeaders {
            authorization,
            api_version: header("the API version", &self.api_version)?,
            user_agent: header("the app info", &user_agent(&self.app_info))?,
        };
        let allowance = match self.own_retry_quota || self.script.is_some() {
            true => Allowance::own(),
            false => Allowance::of_origin(&base_url.origin),
        };
        let pacer = self.pace.then(|| match self.script {
            Some(_) => Arc::new(Pacer::own()),
            None => Pacer::of(&base_url.origin, &key),
        });
        Ok(Client(Arc::new(Inner {
            key,
            base_url,
            http,
            limits: self.limits,
            headers,
            allowance,
            pacer,
            observers: self.observers,
            script: self.script,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    /// Leaves out the proxy, whose URL may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("key", &self.key)
            .field("limits", &self.limits)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

/// Returns a variable of the environment, unless it is missing or empty.
pub(crate) fn read_env(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::config(format!(
            "the environment variable {name} is not text"
        ))),
    }
}

fn check_proxy(url: &str) -> Result<reqwest::Proxy, Error> {
    // The error is dropped: it would quote the URL, which may carry a password.
    let fault = || Error::config("the proxy is not an http:// or https:// URL");
    let parsed = Url::parse(url).map_err(|_| fault())?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(fault());
    }
    reqwest::Proxy::all(parsed).map_err(|_| fault())
}

fn user_agent(app_info: &[String]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let mut text = format!("fluxa-sdk-rust/{version} ({os}; {arch})");
    for app in app_info {
        text.push(' ');
        text.push_str(app);
    }
    text
}

fn header(what: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value)
        .map_err(|_| Error::config(format!("{what} has a character that no header may have")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_fault_does_not_quote_its_password() {
        let error = check_proxy("socks5://user:hush@proxy").unwrap_err();
        assert!(!format!("{error:?}").contains("hush"));
        assert!(check_proxy("http://user:hush@proxy:3128").is_ok());
    }
}
