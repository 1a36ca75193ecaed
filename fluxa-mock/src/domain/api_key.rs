//! Owns API keys: their kinds, scopes, allow-lists, rotation with grace, and revocation. Only a hash
//! of a secret is kept; the secret itself is shown once.

use super::Metadata;
use super::error::{DomainError, Kind};
use super::timers::TimerKind;
use super::webhook_endpoint::DEFAULT_GRACE_SECONDS;
use crate::ids::{hash_secret, random_base62};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::IpAddr;

/// How old `last_used_at` may get before a request writes it anew: a write on every read would cost
/// every read an fsync.
const LAST_USED_STEP_MS: i64 = 60_000;

/// Resources that scopes name.
pub(crate) const SCOPED_RESOURCES: &[&str] = &[
    "checkout",
    "payments",
    "refunds",
    "customers",
    "payment_methods",
    "subscriptions",
    "disputes",
    "settlements",
    "ledger",
    "events",
    "webhook_endpoints",
    "listen_sessions",
    "api_keys",
    "request_logs",
    "merchant",
    "sandbox",
];

/// An API key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) kind: String,
    pub(super) name: String,
    pub(super) last4: String,
    scopes: Vec<String>,
    ip_allowlist: Vec<String>,
    status: String,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    rotated_from: Option<String>,
    internal: Internal,
}

impl ApiKey {
    /// The hash under which the key is found; the key itself is not kept.
    pub(super) fn hash(&self) -> &str {
        &self.internal.hash
    }
}

/// What the server keeps for itself about a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Internal {
    hash: String,
    /// Revoked by the end of its grace, not by a merchant.
    #[serde(default)]
    expired: bool,
}

/// Parameters of a new key.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateApiKey {
    kind: String,
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    ip_allowlist: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// Parameters of a change; what is absent stays.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateApiKey {
    name: Option<String>,
    scopes: Option<Vec<String>>,
    ip_allowlist: Option<Vec<String>>,
    metadata: Option<Metadata>,
}

impl Resource for ApiKey {
    const TABLE: &'static str = "api_keys";
    const PREFIX: &'static str = contract::prefix::API_KEY;

    fn id(&self) -> &str {
        &self.id
    }
}

/// A key with the secret that is shown only now.
pub(crate) struct Issued {
    pub(crate) key: ApiKey,
    secret: String,
}

impl Issued {
    /// The key with its secret.
    pub(crate) fn render(&self, tx: &Tx<'_>) -> Value {
        let mut value = self.key.render(tx);
        if let Some(object) = value.as_object_mut() {
            object.insert("secret".to_owned(), self.secret.clone().into());
        }
        value
    }
}

/// The prefix of test keys of this kind.
fn prefix_of(kind: &str) -> String {
    let kind = match kind {
        "publishable" => contract::PUBLISHABLE_KEY_PREFIX,
        "restricted" => contract::RESTRICTED_KEY_PREFIX,
        _ => contract::SECRET_KEY_PREFIX,
    };
    format!("{kind}{}", contract::TEST_KEY_INFIX)
}

/// The well-known key of this kind: `mock` and 28 zeros after the prefix.
pub(crate) fn well_known(kind: &str) -> String {
    format!("{}mock{}", prefix_of(kind), "0".repeat(28))
}

/// Tells the server which keys this account has: those of its file, when it is opened, and those of a
/// snapshot.
pub(crate) fn index_all(tx: &Tx<'_>) -> Result<(), DomainError> {
    let mut statement = tx
        .connection()
        .prepare_cached("SELECT hash FROM api_keys")?;
    let hashes = statement.query_map([], |row| row.get::<_, String>(0))?;
    for hash in hashes {
        tx.identity().add_key(&hash?);
    }
    Ok(())
}

/// Writes the keys of an empty account: the three well-known ones, of which the restricted one reads
/// only, or the one that opened it.
pub(crate) fn seed(tx: &Tx<'_>) -> Result<(), DomainError> {
    let identity = tx.identity();
    if !identity.is_primary {
        let new = CreateApiKey {
            kind: "secret".to_owned(),
            name: "Account secret key".to_owned(),
            scopes: Vec::new(),
            ip_allowlist: Vec::new(),
            metadata: Metadata::new(),
        };
        add(tx, new, &identity.key.hash, &identity.key.last4, None)?;
        return Ok(());
    }
    for (kind, name) in [
        ("secret", "Sandbox secret key"),
        ("publishable", "Sandbox publishable key"),
        ("restricted", "Sandbox read-only key"),
    ] {
        let scopes = match kind {
            "restricted" => SCOPED_RESOURCES
                .iter()
                .map(|name| format!("{name}:read"))
                .collect(),
            _ => Vec::new(),
        };
        let new = CreateApiKey {
            kind: kind.to_owned(),
            name: name.to_owned(),
            scopes,
            ip_allowlist: Vec::new(),
            metadata: Metadata::new(),
        };
        issue(tx, new, well_known(kind), None)?;
    }
    Ok(())
}

/// Creates a key, on behalf of the key `by`.
///
/// # Errors
/// `insufficient_scope` when the new key could do what `by` cannot; `parameter_invalid` for scopes of a
/// kind that has none, unknown scopes, or a bad CIDR range.
pub(crate) fn create(tx: &Tx<'_>, by: &ApiKey, new: CreateApiKey) -> Result<Issued, DomainError> {
    check_allowlist(&new.kind, &new.ip_allowlist)?;
    by.check_may_grant(&new.kind, &new.scopes, &new.ip_allowlist)?;
    check_scopes(&new.kind, &new.scopes)?;
    let secret = format!("{}{}", prefix_of(&new.kind), random_base62(32));
    issue(tx, new, secret, None)
}

fn issue(
    tx: &Tx<'_>,
    new: CreateApiKey,
    secret: String,
    rotated_from: Option<String>,
) -> Result<Issued, DomainError> {
    let last4 = &secret[secret.len() - 4..];
    let key = add(tx, new, &hash_secret(&secret), last4, rotated_from)?;
    Ok(Issued { key, secret })
}

fn add(
    tx: &Tx<'_>,
    new: CreateApiKey,
    hash: &str,
    last4: &str,
    rotated_from: Option<String>,
) -> Result<ApiKey, DomainError> {
    let key = ApiKey {
        id: tx.new_id(ApiKey::PREFIX),
        object: "api_key".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        kind: new.kind,
        name: new.name,
        last4: last4.to_owned(),
        scopes: new.scopes,
        ip_allowlist: new.ip_allowlist,
        status: "active".to_owned(),
        expires_at: None,
        last_used_at: None,
        rotated_from,
        internal: Internal {
            hash: hash.to_owned(),
            expired: false,
        },
    };
    tx.insert(&key)?;
    tx.identity().add_key(hash);
    Ok(key)
}

/// Changes a key, on behalf of the key `by`.
///
/// # Errors
/// As [`create`], for the key as it is and as it would be.
pub(crate) fn update(
    tx: &Tx<'_>,
    by: &ApiKey,
    id: &str,
    change: UpdateApiKey,
) -> Result<ApiKey, DomainError> {
    let mut key: ApiKey = tx.get(id)?;
    by.check_may_manage(&key)?;
    if let Some(scopes) = change.scopes {
        key.scopes = scopes;
    }
    if let Some(allowlist) = change.ip_allowlist {
        check_allowlist(&key.kind, &allowlist)?;
        key.ip_allowlist = allowlist;
    }
    by.check_may_manage(&key)?;
    check_scopes(&key.kind, &key.scopes)?;
    key.name = change.name.unwrap_or(key.name);
    key.metadata = change.metadata.unwrap_or(key.metadata);
    tx.update(&key)?;
    Ok(key)
}

/// Replaces a key, on behalf of the key `by`; the old one works for `grace_seconds` more.
///
/// # Errors
/// `insufficient_scope` when it may do what `by` may not; `state_conflict` when it is not active.
pub(crate) fn rotate(
    tx: &Tx<'_>,
    by: &ApiKey,
    id: &str,
    grace_seconds: Option<i64>,
) -> Result<Issued, DomainError> {
    let mut old: ApiKey = tx.get(id)?;
    by.check_may_manage(&old)?;
    if old.status != "active" {
        return Err(DomainError::state_conflict(format!(
            "This key is {}.",
            old.status
        )));
    }
    let grace_ms = grace_seconds.unwrap_or(DEFAULT_GRACE_SECONDS) * 1000;
    old.status = "rotating".to_owned();
    let end = tx.now().plus_millis(grace_ms);
    old.expires_at = Some(end);
    tx.update(&old)?;
    tx.schedule(end, TimerKind::KeyExpiry.name(), id)?;
    let successor = CreateApiKey {
        kind: old.kind.clone(),
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        ip_allowlist: old.ip_allowlist.clone(),
        metadata: old.metadata.clone(),
    };
    let secret = format!("{}{}", prefix_of(&old.kind), random_base62(32));
    issue(tx, successor, secret, Some(old.id))
}

/// Revokes a key at once, on behalf of the key `by`; revoking it again changes nothing.
///
/// # Errors
/// `insufficient_scope` when it may do what `by` may not.
pub(crate) fn revoke(tx: &Tx<'_>, by: &ApiKey, id: &str) -> Result<ApiKey, DomainError> {
    let mut key: ApiKey = tx.get(id)?;
    by.check_may_manage(&key)?;
    key.status = "revoked".to_owned();
    tx.update(&key)?;
    tx.cancel_timers(id)?;
    // Its streams end with it.
    tx.mark_changed();
    Ok(key)
}

/// The grace of a rotated key is over.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let Some(mut key) = tx.find::<ApiKey>(id)? else {
        return Ok(());
    };
    key.status = "revoked".to_owned();
    key.internal.expired = true;
    tx.mark_changed();
    tx.update(&key)
}

/// Refuses a live key, whatever it is sent for.
///
/// # Errors
/// `key_invalid`.
pub(crate) fn refuse_live(secret: &str) -> Result<(), DomainError> {
    let is_live = [
        contract::SECRET_KEY_PREFIX,
        contract::RESTRICTED_KEY_PREFIX,
        contract::PUBLISHABLE_KEY_PREFIX,
    ]
    .iter()
    .any(|kind| {
        secret
            .strip_prefix(kind)
            .is_some_and(|rest| rest.starts_with(contract::LIVE_KEY_INFIX))
    });
    if !is_live {
        return Ok(());
    }
    Err(DomainError::new(
        Kind::Authentication,
        "key_invalid",
        "This is a live key and this is a sandbox server: live keys are refused here, so that they \
         are never sent to a mock. Use a test key, and consider the live one as shown to others.",
    ))
}

/// The key of this secret, if it is valid now.
///
/// # Errors
/// `key_invalid`, `key_revoked`, `key_expired`.
pub(crate) fn authenticate(tx: &Tx<'_>, secret: &str) -> Result<ApiKey, DomainError> {
    let refuse = |code, message: &str| DomainError::new(Kind::Authentication, code, message);
    refuse_live(secret)?;
    let hash = hash_secret(secret);
    let mut key = match tx.known_key(&hash) {
        Some(key) => key,
        None => {
            let Some(key) = tx.find_by::<ApiKey>("hash", &hash)? else {
                return Err(refuse(
                    "key_invalid",
                    "No API key of this sandbox has this value.",
                ));
            };
            tx.remember_key(&hash, &key);
            key
        }
    };
    if key.status == "revoked" && !key.internal.expired {
        return Err(refuse("key_revoked", "This API key was revoked."));
    }
    // By the instant, not by the timer: that fires a moment later.
    if key.expires_at.is_some_and(|until| until <= tx.now()) {
        return Err(refuse(
            "key_expired",
            "This API key was rotated and its grace period is over.",
        ));
    }
    let stale = key
        .last_used_at
        .is_none_or(|at| tx.now().millis() - at.millis() >= LAST_USED_STEP_MS);
    if stale {
        key.last_used_at = Some(tx.now());
        tx.update(&key)?;
    }
    Ok(key)
}

impl ApiKey {
    /// Whether it may be used from `address`.
    pub(crate) fn allows_address(&self, address: IpAddr) -> bool {
        self.ip_allowlist.is_empty()
            || self.ip_allowlist.iter().any(|range| {
                parse_range(range).is_some_and(|range| range.contains(&address.to_canonical()))
            })
    }

    /// Whether it may do `access` (`read` or `write`) on `resource`.
    pub(crate) fn allows(&self, resource: &str, access: &str) -> bool {
        self.kind == "secret"
            || self
                .scopes
                .iter()
                .any(|scope| scope.split_once(':') == Some((resource, access)))
    }

    /// Refuses to let this key change, rotate or revoke a key that may do more than itself.
    ///
    /// # Errors
    /// `insufficient_scope`.
    fn check_may_manage(&self, key: &Self) -> Result<(), DomainError> {
        self.check_may_grant(&key.kind, &key.scopes, &key.ip_allowlist)
    }

    /// Refuses a key that may do more than this one, or may be used from more places.
    ///
    /// # Errors
    /// `insufficient_scope`.
    fn check_may_grant(
        &self,
        kind: &str,
        scopes: &[String],
        ip_allowlist: &[String],
    ) -> Result<(), DomainError> {
        let refuse =
            |message: String| DomainError::new(Kind::Permission, "insufficient_scope", message);
        if self.kind == "secret" {
            return Ok(());
        }
        if kind != "restricted" {
            return Err(refuse(format!(
                "A restricted key manages restricted keys only, not {kind} ones."
            )));
        }
        if let Some(scope) = scopes.iter().find(|scope| !self.scopes.contains(scope)) {
            return Err(refuse(format!(
                "A restricted key manages only keys whose scopes it has itself; it lacks {scope}."
            )));
        }
        if self.ip_allowlist.is_empty() {
            return Ok(());
        }
        let own: Vec<IpNet> = self
            .ip_allowlist
            .iter()
            .filter_map(|text| parse_range(text))
            .collect();
        let is_within = |text: &String| {
            parse_range(text).is_some_and(|range| own.iter().any(|own| own.contains(&range)))
        };
        if ip_allowlist.is_empty() || !ip_allowlist.iter().all(is_within) {
            return Err(refuse(
                "A restricted key with an allow-list manages only keys whose allow-list lies within \
                 its own."
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// A range as addresses are compared with it, or an address alone. Exact: no leading zeros, no zone, no
/// bits beyond the prefix, since each of them is likelier a slip than an intention. Clients of IPv4 are
/// in ranges of IPv4 only; a range of mapped addresses is one of these.
fn parse_range(text: &str) -> Option<IpNet> {
    let (address, length) = match text.split_once('/') {
        None => (text, None),
        Some((address, length)) => (address, Some(length)),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length: u8 = match length {
        None => most,
        Some(digits) => {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits == "0" || !digits.starts_with('0'));
            digits
                .parse()
                .ok()
                .filter(|length| is_plain && *length <= most)?
        }
    };
    let (address, length) = match address.to_canonical() {
        canonical @ IpAddr::V4(_) if most == 128 && length >= 96 => (canonical, length - 96),
        _ => (address, length),
    };
    let range = IpNet::new(address, length).ok()?;
    (range.network() == address).then_some(range)
}

fn check_scopes(kind: &str, scopes: &[String]) -> Result<(), DomainError> {
    if kind != "restricted" && !scopes.is_empty() {
        return Err(DomainError::parameter(
            "scopes",
            "Only restricted keys have scopes.",
        ));
    }
    if kind == "restricted" && scopes.is_empty() {
        return Err(DomainError::parameter(
            "scopes",
            "A restricted key needs at least one scope.",
        ));
    }
    for scope in scopes {
        let known = scope.split_once(':').is_some_and(|(resource, access)| {
            SCOPED_RESOURCES.contains(&resource) && matches!(access, "read" | "write")
        });
        if !known {
            return Err(DomainError::parameter(
                "scopes",
                format!("{scope} is not a scope."),
            ));
        }
    }
    Ok(())
}

fn check_allowlist(kind: &str, ranges: &[String]) -> Result<(), DomainError> {
    if kind == "publishable" && !ranges.is_empty() {
        return Err(DomainError::parameter(
            "ip_allowlist",
            "Only secret and restricted keys have an allow-list.",
        ));
    }
    match ranges.iter().find(|range| parse_range(range).is_none()) {
        None => Ok(()),
        Some(bad) => Err(DomainError::parameter(
            "ip_allowlist",
            format!(
                "{bad} is not a CIDR range: an address and the length of its prefix, with no bits set \
                 after the prefix, such as 203.0.113.0/24."
            ),
        )),
    }
}
