//! Owns the gate before an operation: the bearer key, its rate, kind, address and scope, and the API
//! version asked for.

use super::operation::Operation;
use super::rate_limit::{Allowance, RateLimiter};
use crate::domain::api_key::{self, ApiKey};
use crate::domain::error::{DomainError, Kind};
use crate::store::Tx;
use fluxa_sdk::contract;
use http::HeaderMap;
use std::net::IpAddr;

/// Who calls, as the connection and the headers tell it.
pub(super) struct Caller {
    pub(super) bearer: Option<String>,
    /// Whether there is more than one Authorization header.
    ambiguous: bool,
    pub(super) version: Option<String>,
    pub(super) address: IpAddr,
}

impl Caller {
    /// Reads the headers.
    pub(super) fn new(headers: &HeaderMap, address: IpAddr) -> Self {
        let text = |name: &str| {
            headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            bearer: bearer(headers),
            ambiguous: headers.get_all(contract::AUTHORIZATION).iter().count() > 1,
            version: text(contract::VERSION),
            address,
        }
    }
}

/// The bearer key of the headers, whatever it is worth.
pub(super) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(contract::AUTHORIZATION)?;
    let value = String::from_utf8_lossy(value.as_bytes());
    let (scheme, key) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case(contract::BEARER.trim())
        .then(|| key.trim().to_owned())
}

/// What the gate found.
pub(super) struct Admission {
    /// The key, or why there is no admission.
    pub(super) key: Result<Option<ApiKey>, DomainError>,
    /// The id of the key, once it is known, admitted or not.
    pub(super) key_id: Option<String>,
    /// The key's allowance, once the key is known.
    pub(super) allowance: Option<Allowance>,
}

/// Admits a caller to an operation, or says why not.
pub(super) fn admit(
    tx: &Tx<'_>,
    operation: &Operation,
    caller: &Caller,
    limiter: &RateLimiter,
) -> Admission {
    let mut known = None;
    let key = check(tx, operation, caller, limiter, &mut known);
    let (key_id, allowance) = known.unzip();
    Admission {
        key,
        key_id,
        allowance,
    }
}

fn check(
    tx: &Tx<'_>,
    operation: &Operation,
    caller: &Caller,
    limiter: &RateLimiter,
    known: &mut Option<(String, Allowance)>,
) -> Result<Option<ApiKey>, DomainError> {
    let deny = |code, message: String| Err(DomainError::new(Kind::Permission, code, message));
    let Some(resource) = operation.scope else {
        check_version(caller)?;
        return Ok(None);
    };
    if caller.ambiguous {
        return Err(DomainError::new(
            Kind::Authentication,
            "key_invalid",
            "Send one Authorization header, not several.",
        ));
    }
    let Some(bearer) = caller.bearer.as_deref().filter(|key| !key.is_empty()) else {
        return Err(DomainError::new(
            Kind::Authentication,
            "key_missing",
            "Send your key as Authorization: Bearer sk_test_….",
        ));
    };
    let key = api_key::authenticate(tx, bearer)?;
    let (state, taken) = limiter.take(&key.id);
    *known = Some((key.id.clone(), state));
    if let Err(seconds) = taken {
        let message = format!("Over {} requests per second with this key.", state.limit);
        let mut error = DomainError::new(Kind::RateLimit, "rate_limit_exceeded", message);
        error.retry_after = Some(seconds);
        return Err(error);
    }
    if !key.allows_address(caller.address) {
        let message = format!("{} is outside this key's allow-list.", caller.address);
        return deny("ip_not_allowed", message);
    }
    if key.kind == "publishable" {
        let message = "Publishable keys read and create nothing; use a secret key.".to_owned();
        return deny("publishable_key_not_allowed", message);
    }
    check_version(caller)?;
    let access = operation.method.access();
    if !key.allows(resource, access) {
        let message = format!("This restricted key lacks the scope {resource}:{access}.");
        return deny("insufficient_scope", message);
    }
    Ok(Some(key))
}

fn check_version(caller: &Caller) -> Result<(), DomainError> {
    match caller.version.as_deref() {
        None => Ok(()),
        Some(version) if version == contract::API_VERSION => Ok(()),
        Some(_) => Err(DomainError::invalid(
            "invalid_api_version",
            format!("The version of this API is {}.", contract::API_VERSION),
        )
        .about(contract::VERSION)),
    }
}
