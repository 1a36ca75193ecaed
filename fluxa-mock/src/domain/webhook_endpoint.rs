//! Owns webhook endpoints: where events go, which ones, and the secrets that sign them. Whether an
//! address may be connected to is checked again at each attempt, by `delivery`.

use super::Metadata;
use super::delivery;
use super::error::DomainError;
use crate::ids::random_base62;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Grace of a rotated secret when none is given.
pub(crate) const DEFAULT_GRACE_SECONDS: i64 = 86_400;

/// A webhook endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) url: String,
    events: Vec<String>,
    description: Option<String>,
    status: String,
    previous_secret_expires_at: Option<Time>,
    internal: Internal,
}

/// The secrets. Kept readable, since signing needs them.
#[derive(Serialize, Deserialize)]
struct Internal {
    secret: String,
    previous_secret: Option<String>,
}

impl std::fmt::Debug for Internal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Internal(redacted)")
    }
}

/// Parameters of a new endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateWebhookEndpoint {
    url: String,
    #[serde(default)]
    events: Vec<String>,
    description: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// Parameters of a change; what is absent stays.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateWebhookEndpoint {
    url: Option<String>,
    events: Option<Vec<String>>,
    description: Option<String>,
    status: Option<String>,
    metadata: Option<Metadata>,
}

impl Resource for WebhookEndpoint {
    const TABLE: &'static str = "webhook_endpoints";
    const PREFIX: &'static str = contract::prefix::WEBHOOK_ENDPOINT;

    fn id(&self) -> &str {
        &self.id
    }
}

impl WebhookEndpoint {
    /// Whether events of this type go here.
    pub(crate) fn wants(&self, event_type: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event_type)
    }

    /// Whether it receives anything.
    pub(crate) fn is_enabled(&self) -> bool {
        self.status == "enabled"
    }

    /// The secrets that sign now: the newest first, the old one while its grace lasts.
    pub(crate) fn secrets(&self, now: Time) -> Vec<String> {
        let mut secrets = vec![self.internal.secret.clone()];
        if let (Some(previous), Some(until)) = (
            &self.internal.previous_secret,
            self.previous_secret_expires_at,
        ) && now < until
        {
            secrets.push(previous.clone());
        }
        secrets
    }

    /// With its secret, for the one answer that shows it.
    pub(crate) fn render_with_secret(&self, tx: &Tx<'_>) -> Value {
        let mut value = self.render(tx);
        if let Some(object) = value.as_object_mut() {
            object.insert("secret".to_owned(), self.internal.secret.clone().into());
        }
        value
    }
}

/// A new signing secret.
pub(crate) fn new_secret() -> String {
    format!("{}{}", contract::WEBHOOK_SECRET_PREFIX, random_base62(32))
}

/// Creates an endpoint.
///
/// # Errors
/// `webhook_url_not_allowed`, `parameter_invalid`.
pub(crate) fn create(
    tx: &Tx<'_>,
    new: CreateWebhookEndpoint,
) -> Result<WebhookEndpoint, DomainError> {
    let url = check_url(tx, &new.url)?;
    let endpoint = WebhookEndpoint {
        id: tx.new_id(WebhookEndpoint::PREFIX),
        object: "webhook_endpoint".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        url,
        events: new.events,
        description: new.description,
        status: "enabled".to_owned(),
        previous_secret_expires_at: None,
        internal: Internal {
            secret: new_secret(),
            previous_secret: None,
        },
    };
    tx.insert(&endpoint)?;
    Ok(endpoint)
}

/// Changes an endpoint.
///
/// # Errors
/// `webhook_url_not_allowed`, `parameter_invalid`.
pub(crate) fn update(
    tx: &Tx<'_>,
    id: &str,
    change: UpdateWebhookEndpoint,
) -> Result<WebhookEndpoint, DomainError> {
    let mut endpoint: WebhookEndpoint = tx.get(id)?;
    let was_enabled = endpoint.is_enabled();
    if let Some(url) = change.url {
        endpoint.url = check_url(tx, &url)?;
    }
    endpoint.events = change.events.unwrap_or(endpoint.events);
    endpoint.description = change.description.or(endpoint.description);
    endpoint.status = change.status.unwrap_or(endpoint.status);
    endpoint.metadata = change.metadata.unwrap_or(endpoint.metadata);
    tx.update(&endpoint)?;
    if was_enabled && !endpoint.is_enabled() {
        delivery::end_all(tx, id, "The endpoint was disabled.")?;
    }
    Ok(endpoint)
}

/// Deletes an endpoint; deleting again changes nothing.
///
/// # Errors
/// `resource_missing` when there never was one.
pub(crate) fn delete(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    if !tx.existed::<WebhookEndpoint>(id)? {
        return Err(DomainError::missing(id));
    }
    tx.delete::<WebhookEndpoint>(id)?;
    delivery::end_all(tx, id, "The endpoint was deleted.")
}

/// Gives an endpoint a new secret; the old one signs too for `grace_seconds`.
pub(crate) fn rotate_secret(
    tx: &Tx<'_>,
    id: &str,
    grace_seconds: i64,
) -> Result<WebhookEndpoint, DomainError> {
    let mut endpoint: WebhookEndpoint = tx.get(id)?;
    let old = std::mem::replace(&mut endpoint.internal.secret, new_secret());
    endpoint.internal.previous_secret = Some(old);
    endpoint.previous_secret_expires_at = Some(tx.now().plus_millis(grace_seconds * 1000));
    tx.update(&endpoint)?;
    Ok(endpoint)
}

/// The URL as it is stored, if deliveries may go there.
fn check_url(tx: &Tx<'_>, text: &str) -> Result<String, DomainError> {
    let refuse =
        |message: &str| DomainError::invalid("webhook_url_not_allowed", message).about("url");
    // A parser drops these in silence.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let message = "The URL must not contain spaces or control characters.";
        return Err(DomainError::parameter("url", message));
    }
    // Others read these otherwise: this parser takes a backslash for a slash, and skips slashes too many.
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    if text.contains('\\') || after_scheme.is_empty() || after_scheme.starts_with('/') {
        return Err(refuse("This is not an absolute URL with a host."));
    }
    let url = url::Url::parse(text).map_err(|_| refuse("This is not an absolute URL."))?;
    let host = url.host_str().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() {
        let message = "The URL must not carry credentials.";
        return Err(DomainError::parameter("url", message));
    }
    let is_allowed = tx.is_allowed_host(host);
    if !is_allowed && url.host().is_some_and(|host| is_private_address(&host)) {
        return Err(refuse("The URL names an address of a private network."));
    }
    match url.scheme() {
        "https" if !host.is_empty() => Ok(url.into()),
        "http" if is_loopback_name(host) || is_allowed => Ok(url.into()),
        "http" => Err(refuse(
            "Plain http is for loopback addresses only; use https.",
        )),
        _ => Err(refuse("Use https, or http to a loopback address.")),
    }
}

/// Whether a host is an address written out that is neither public nor loopback.
fn is_private_address(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(_) => false,
        url::Host::Ipv4(address) => !address.is_loopback() && is_private_v4(*address),
        url::Host::Ipv6(address) => !address.is_loopback() && is_private_v6(*address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    // 0.0.0.0/8 is this host, 100.64.0.0/10 the carrier's network, 192.0.0.0/24 and 198.18.0.0/15 are for
    // protocols and benchmarks, 240.0.0.0/4 is nobody's.
    first == 0
        || (first == 100 && second & 0xC0 == 64)
        || [first, second, third] == [192, 0, 0]
        || (first == 198 && second & 0xFE == 18)
        || first >= 240
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    if let Some(inner) = address.to_ipv4_mapped() {
        // Loopback in this dress is refused too: whoever means it can write it.
        return is_private_v4(inner);
    }
    // Addresses that a gateway or a tunnel turns into an IPv4 address of its own network: IPv4-compatible
    // (with the unspecified address), NAT64 with the well-known and the local prefix, 6to4, Teredo.
    let is_compatible = parts[..6] == [0; 6];
    let is_nat64 = parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] || parts[..3] == [0x64, 0xff9b, 1];
    let is_tunnel = parts[0] == 0x2002 || parts[..2] == [0x2001, 0];
    // fec0::/10 was for sites before fc00::/7.
    let is_site_local = parts[0] & 0xFFC0 == 0xFEC0;
    is_compatible
        || is_nat64
        || is_tunnel
        || is_site_local
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
}

/// Whether a URL's host is a loopback address or name: `localhost` and what is below it.
pub(crate) fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let top = host.rsplit('.').next().unwrap_or_default();
    top.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
