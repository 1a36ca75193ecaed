//! Owns who gets into a server that other machines reach: which hosts it answers to, and that its own key
//! stands in for the well-known ones, which open nothing there. On a server that is not exposed nothing is
//! asked for.

use super::{Peer, Reached};
use crate::accounts::Accounts;
use crate::domain::api_key::well_known;
use crate::domain::error::{DomainError, Kind};
use crate::exposure::{literal, split_port};
use crate::sandbox::Sandbox;
use axum::extract::Request;
use fluxa_sdk::contract;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

/// Where a browser hands the key over.
pub(crate) const SIGN_IN: &str = "/_mock/sign-in";

/// What pages are made of; the checkout's too, which asks for no key.
const ASSETS: &str = "/_mock/assets/";

/// The code of the refusal that a browser is shown a page for.
pub(super) const KEY_WANTED: &str = "control_key_required";

/// Whether a Host header names this server.
pub(super) fn is_own_host(host: &str, request: &Request, accounts: &Accounts) -> bool {
    let Some((name, port)) = split_port(host) else {
        return false;
    };
    let sandbox = accounts.primary();
    let is_loopback_name =
        name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]");
    let is_bound = |name| literal(name).is_some_and(|address| address == sandbox.address.ip());
    if sandbox.config.exposed.is_none() {
        return is_loopback_name || is_bound(name);
    }
    let extensions = request.extensions();
    let peer = extensions.get::<Peer>();
    let reached = extensions
        .get::<Reached>()
        .map(|reached| reached.0.to_canonical());
    is_bound(name)
        || literal(name).is_some_and(|address| Some(address.to_canonical()) == reached)
        || accounts.hosts().iter().any(|own| own.is(name, port))
        || (is_loopback_name && peer.is_some_and(|peer| peer.0.to_canonical().is_loopback()))
}

/// The key that a request is to be served with, in place of the one it brings.
///
/// # Errors
/// `key_invalid` for a key that everybody knows; `control_key_required` on `/_mock/*` without the server's.
pub(super) fn admit(
    accounts: &Accounts,
    request: &Request,
    bearer: Option<String>,
) -> Result<Option<String>, DomainError> {
    let Some(own) = &accounts.primary().config.exposed else {
        return Ok(bearer);
    };
    let headers = request.headers();
    let is_one = headers.get_all(contract::AUTHORIZATION).iter().count() == 1;
    if let Some(bearer) = &bearer {
        if is_one && own.is(bearer) {
            return Ok(Some(well_known("secret")));
        }
        if ["secret", "restricted", "publishable"]
            .iter()
            .any(|kind| *bearer == well_known(kind))
        {
            return Err(DomainError::new(
                Kind::Authentication,
                "key_invalid",
                "The well-known keys open nothing on a server that other machines reach. Send the key \
                 that it showed when it started.",
            ));
        }
    }
    let path = request.uri().path();
    let is_control = path == "/_mock" || path.starts_with("/_mock/");
    let is_open = path == SIGN_IN || path.starts_with(ASSETS);
    if !is_control || is_open || is_signed_in(headers, accounts) {
        return Ok(bearer);
    }
    Err(DomainError::new(
        Kind::Authentication,
        KEY_WANTED,
        "Other machines reach this server: /_mock asks for the key that it showed when it started, as \
         Authorization: Bearer <key>.",
    ))
}

/// Puts the key that the request is served with in place of the one it brought; of several none is the one.
pub(super) fn replace_key(headers: &mut HeaderMap, key: &str) {
    if headers.get_all(contract::AUTHORIZATION).iter().count() != 1 {
        return;
    }
    let value = HeaderValue::from_str(&format!("{}{key}", contract::BEARER));
    if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(contract::AUTHORIZATION), value) {
        headers.insert(name, value);
    }
}

/// The cookie that a browser is given for the key; ports share their cookies, so each has its own.
pub(super) fn cookie(sandbox: &Sandbox, session: &str) -> String {
    format!(
        "{}={session}; Path=/_mock; HttpOnly; SameSite=Strict",
        cookie_name(sandbox)
    )
}

fn cookie_name(sandbox: &Sandbox) -> String {
    format!("fluxa_mock_{}", sandbox.address.port())
}

fn is_signed_in(headers: &HeaderMap, accounts: &Accounts) -> bool {
    let name = cookie_name(accounts.primary());
    let session = accounts.session().as_bytes();
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(own, value)| own == name && value.as_bytes().ct_eq(session).into())
}
