//! Owns what surrounds every request, fallbacks included: its id, the refusal of foreign hosts and
//! origins (DNS rebinding) and of the sandbox's own deliveries, and the headers of every response.

use super::rate_limit::Allowance;
use super::reply::{self, RequestId};
use super::{auth, control, exposed, form, observe};
use crate::accounts::Accounts;
use crate::domain::api_key;
use crate::domain::error::{DomainError, Kind};
use crate::pages;
use crate::sandbox::Sandbox;
use crate::store::Origin;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use fluxa_sdk::contract;
use http::header::{ACCEPT, HOST, ORIGIN, USER_AGENT, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Uri};
use std::sync::Arc;

/// What a browser says of the page that a request comes from.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Serves a request within the guard.
pub(super) async fn around(
    State(accounts): State<Arc<Accounts>>,
    mut request: Request,
    next: Next,
) -> Response {
    let bearer = auth::bearer(request.headers());
    // Before an account is opened for it.
    let admitted = check_origin(&request, &accounts)
        .and_then(|()| bearer.as_deref().map_or(Ok(()), api_key::refuse_live))
        .and_then(|()| exposed::admit(&accounts, &request, bearer.clone()));
    let (bearer, chosen) = match admitted {
        Ok(served) => {
            let chosen = account_of(&accounts, served.as_deref(), request.uri()).await;
            (served, chosen)
        }
        Err(refused) => (bearer, Err(refused)),
    };
    let (sandbox, refused) = match chosen {
        Ok(sandbox) => (sandbox, None),
        Err(refused) => (Arc::clone(accounts.primary()), Some(refused)),
    };
    let id = sandbox.store.shared().ids.next(contract::prefix::REQUEST);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(Arc::clone(&sandbox));
    let watch = observe::begin(&accounts, &sandbox, &mut request, &id, refused.is_some());
    if let (true, Some(key)) = (sandbox.config.exposed.is_some(), &bearer) {
        exposed::replace_key(request.headers_mut(), key);
    }
    let mut response = match refused {
        None => next.run(request).await,
        Some(refused) if refused.code == exposed::KEY_WANTED && wants_page(&request) => {
            pages::sign_in(false)
        }
        Some(refused) => reply::refusal(&request, &refused),
    };
    if !response.headers().contains_key(contract::REQUEST_ID) {
        reply::set(&mut response, contract::REQUEST_ID, &id);
    }
    reply::set(&mut response, contract::VERSION, contract::API_VERSION);
    reply::set(&mut response, X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff");
    let counted = response.extensions().get::<Allowance>().copied();
    let (allowance, key) = match (counted, bearer) {
        (Some(allowance), _) => (allowance, None),
        (None, Some(bearer)) if matches!(response.status().as_u16(), 404 | 405) => {
            uncounted(&sandbox, bearer).await
        }
        (None, _) => (sandbox.limiter.full(), None),
    };
    reply::set(
        &mut response,
        contract::RATE_LIMIT_LIMIT,
        &allowance.limit.to_string(),
    );
    reply::set(
        &mut response,
        contract::RATE_LIMIT_REMAINING,
        &allowance.remaining.to_string(),
    );
    reply::set(
        &mut response,
        contract::RATE_LIMIT_RESET,
        &allowance.reset.to_string(),
    );
    if let Some(watch) = watch {
        watch.finish(&response, key);
    }
    response
}

/// The account that a request belongs to: that of its key; on the pages and the control plane also the one
/// named in the query, since a browser sends no key.
async fn account_of(
    accounts: &Arc<Accounts>,
    bearer: Option<&str>,
    uri: &Uri,
) -> Result<Arc<Sandbox>, DomainError> {
    let path = uri.path();
    if !form::is_text(path.as_bytes()) {
        let message = "The path is not UTF-8 when its %-escapes are read.";
        return Err(DomainError::invalid("parameter_invalid", message));
    }
    // Whoever names an account by a mistyped key is not to act on another one.
    if let Some(key) = bearer.filter(|_| path.starts_with("/_mock/"))
        && !accounts.has_key(key)
    {
        return Err(DomainError::new(
            Kind::Authentication,
            "key_invalid",
            "No account of this server has this key. Leave it out for the default account.",
        ));
    }
    let may_be_named = path.starts_with("/_mock/") || path.starts_with("/pay/");
    let query = uri.query().filter(|_| may_be_named);
    if let (None, Some(query)) = (bearer, query)
        && let Some(label) = form::parse(query.as_bytes())?.get("account")
    {
        let label = label.as_str().unwrap_or_default();
        return accounts
            .labelled(label)
            .ok_or_else(|| control::account_missing(label));
    }
    accounts.of(bearer).await
}

/// What a valid key has left, and its id, on an answer outside any operation: that takes no token.
pub(super) async fn uncounted(sandbox: &Sandbox, bearer: String) -> (Allowance, Option<String>) {
    let authenticated = sandbox.store.run(Origin::default(), move |tx| {
        api_key::authenticate(tx, &bearer)
    });
    match authenticated.await {
        Ok(key) => (sandbox.limiter.peek(&key.id), Some(key.id)),
        Err::<_, DomainError>(_) => (sandbox.limiter.full(), None),
    }
}

/// Whether it is a browser that asks for a page.
pub(super) fn wants_page(request: &Request) -> bool {
    let accepts = request.headers().get_all(ACCEPT).iter();
    let names_html = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    };
    request.method().is_safe() && accepts.into_iter().any(names_html)
}

fn check_origin(request: &Request, accounts: &Accounts) -> Result<(), DomainError> {
    let headers = request.headers();
    let refuse = |message: &str| {
        Err(DomainError::new(
            Kind::Permission,
            "origin_not_allowed",
            message,
        ))
    };
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => return refuse("A request names this server once in its Host header."),
    };
    if !exposed::is_own_host(host, request, accounts) {
        return refuse("The Host header names a host that is not this server.");
    }
    // A request target that is a whole URL overrides the Host header.
    let target = request.uri().authority();
    if target.is_some_and(|target| !exposed::is_own_host(target.as_str(), request, accounts)) {
        return refuse("The request's target names a host that is not this server.");
    }
    if is_delivery(headers) {
        return refuse("Webhook deliveries may not call this server.");
    }
    // Before an exposed server there may be one that speaks TLS.
    let may_be_secure = accounts.primary().config.exposed.is_some();
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let own = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://").filter(|_| may_be_secure))
            .is_some_and(|rest| rest.eq_ignore_ascii_case(host));
        if !own {
            return refuse("Web pages of other origins may not call this server.");
        }
    }
    // Browsers send Origin with every request that changes something, and say this too.
    let is_foreign = |value: &HeaderValue| !matches!(value.as_bytes(), b"same-origin" | b"none");
    if !request.method().is_safe() && headers.get_all(SEC_FETCH_SITE).iter().any(is_foreign) {
        return refuse("Web pages of other sites may not change anything here.");
    }
    Ok(())
}

/// Whether the sandbox itself sends this: an endpoint's URL may name the sandbox, whose control plane
/// asks for no key.
fn is_delivery(headers: &HeaderMap) -> bool {
    let agent = contract::WEBHOOK_USER_AGENT.as_bytes();
    headers.contains_key(contract::DELIVERY_ID)
        || headers
            .get_all(USER_AGENT)
            .iter()
            .any(|value| value.as_bytes().starts_with(agent))
}
