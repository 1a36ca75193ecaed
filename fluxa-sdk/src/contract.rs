//! The literals of the Fluxa wire contract: header names, prefixes, limits and URLs.
//!
//! Owns every string and number that both sides of the wire must agree on, so that no other
//! handwritten module repeats one. Knows nothing of requests, clients or types.

use std::time::Duration;

/// The API version this SDK was generated from, sent as `Fluxa-Version` unless overridden.
pub const API_VERSION: &str = "2026-05-19";

/// The base URL of the API; live and sandbox share it, the key's prefix picks the mode.
pub const LIVE_BASE_URL: &str = "https://api.fluxapay.co.uk/v1";
/// What every base URL ends in: the version of the paths below it.
pub(crate) const BASE_PATH: &str = "/v1";

/// The base URL of hosted checkout pages: `<base>/<session id>`.
pub const CHECKOUT_BASE_URL: &str = "https://pay.fluxapay.co.uk";

/// The base of an error's `doc_url`: `<base>/<code>`.
pub const DOC_BASE_URL: &str = "https://docs.fluxapay.co.uk";

/// The base URL of the mock server at its default address.
pub const MOCK_BASE_URL: &str = "http://127.0.0.1:4010/v1";

// Headers of requests.

/// Request header carrying `Bearer <key>`.
pub const AUTHORIZATION: &str = "Authorization";
/// The scheme of [`AUTHORIZATION`], with its trailing space.
pub const BEARER: &str = "Bearer ";
/// Request header of every POST: the key under which the answer is stored for 24 hours.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Request and response header naming the API version.
pub const VERSION: &str = "Fluxa-Version";
/// Request header by which a sandbox call sets the pace of what it creates.
pub const SANDBOX_TIMING: &str = "X-Fluxa-Sandbox-Timing";
/// Request header resuming an event stream after the event it names.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

// Headers of responses.

/// Response header carrying the `req_…` id of the request.
pub const REQUEST_ID: &str = "X-Fluxa-Request-Id";
/// Response header: `true` when the answer was stored by an earlier request with the same key.
pub const IDEMPOTENT_REPLAYED: &str = "X-Fluxa-Idempotent-Replayed";
/// Response header: requests allowed per second.
pub const RATE_LIMIT_LIMIT: &str = "X-RateLimit-Limit";
/// Response header: requests left at this moment.
pub const RATE_LIMIT_REMAINING: &str = "X-RateLimit-Remaining";
/// Response header: the Unix second at which the allowance is whole again.
pub const RATE_LIMIT_RESET: &str = "X-RateLimit-Reset";
/// Response header: seconds, or an HTTP date, before which a retry is unwelcome.
pub const RETRY_AFTER: &str = "Retry-After";

// Headers of webhook deliveries.

/// Delivery header carrying `t=<unix seconds>,v1=<hex>`.
pub const SIGNATURE: &str = "X-Fluxa-Signature";
/// Delivery header naming the event type.
pub const EVENT: &str = "X-Fluxa-Event";
/// Delivery header carrying the `dlv_…` id of the delivery.
pub const DELIVERY_ID: &str = "X-Fluxa-Delivery-Id";
/// The `User-Agent` of webhook deliveries.
pub const WEBHOOK_USER_AGENT: &str = "Fluxa-Webhooks/1.0";

// Webhook rules.

/// How far a signature's timestamp may be from now, before or after.
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(300);
/// How long an endpoint has to answer a delivery.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest signature header that is looked at, in bytes.
pub const SIGNATURE_HEADER_MAX_BYTES: usize = 4096;
/// The most `v1` signatures one header may carry.
pub const SIGNATURE_MAX_V1: usize = 16;
/// When a failed delivery is tried again, each counted from the first attempt.
pub const WEBHOOK_RETRY_SCHEDULE: [Duration; 9] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
    Duration::from_secs(48 * 60 * 60),
    Duration::from_secs(72 * 60 * 60),
];

// Limits of requests.

/// The most keys `metadata` may hold.
pub const METADATA_MAX_KEYS: usize = 50;
/// The longest `metadata` key, in Unicode scalar values.
pub const METADATA_MAX_KEY_CHARS: usize = 40;
/// The longest `metadata` value, in Unicode scalar values.
pub const METADATA_MAX_VALUE_CHARS: usize = 500;
/// The smallest amount of a charge, in minor units.
pub const AMOUNT_MINOR_MIN: i64 = 30;
/// The largest amount of a charge, in minor units.
pub const AMOUNT_MINOR_MAX: i64 = 99_999_999;
/// The largest `limit` of a list.
pub const LIST_LIMIT_MAX: u32 = 100;
/// The `limit` of a list when none is given.
pub const LIST_LIMIT_DEFAULT: u32 = 20;
/// The deepest dotted path `expand` accepts.
pub const EXPAND_MAX_DEPTH: usize = 3;
/// The longest `Idempotency-Key`, in bytes of visible ASCII.
pub const IDEMPOTENCY_KEY_MAX_BYTES: usize = 255;
/// How long an answer is kept under its `Idempotency-Key`.
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest request body, in bytes.
pub const REQUEST_BODY_MAX_BYTES: usize = 1024 * 1024;

/// The path that every operation of the sandbox lies below; only test keys may call them.
pub const SANDBOX_PATH: &str = "/sandbox";

/// Returns whether this path, below the base URL, is one of the sandbox's.
pub(crate) fn is_sandbox_path(path: &str) -> bool {
    path.strip_prefix(SANDBOX_PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

// Error codes the SDK itself acts upon.

/// 409: the key was used before with another body or path.
pub const CODE_IDEMPOTENCY_KEY_REUSED: &str = "idempotency_key_reused";
/// 409: the first request with this key is still running.
pub const CODE_IDEMPOTENCY_KEY_IN_USE: &str = "idempotency_key_in_use";
/// There is no such method and path.
pub const CODE_ROUTE_MISSING: &str = "route_missing";
/// An id in the path, the body or a filter is nobody's.
pub const CODE_RESOURCE_MISSING: &str = "resource_missing";

// Prefixes of keys and secrets.

/// Prefix of publishable keys: they read and create nothing, and the SDK refuses them.
pub const PUBLISHABLE_KEY_PREFIX: &str = "pk_";
/// Prefix of secret keys.
pub const SECRET_KEY_PREFIX: &str = "sk_";
/// Prefix of restricted keys.
pub const RESTRICTED_KEY_PREFIX: &str = "rk_";
/// What follows a key's kind in the sandbox.
pub const TEST_KEY_INFIX: &str = "test_";
/// What follows a key's kind in live mode.
pub const LIVE_KEY_INFIX: &str = "live_";
/// Prefix of webhook secrets, which is part of the secret.
pub const WEBHOOK_SECRET_PREFIX: &str = "whsec_";

/// Prefix of a settlement's reference on the bank statement: `STL-YYYY-MM-DD-FX-NNNNN`.
pub const SETTLEMENT_REFERENCE_PREFIX: &str = "STL-";

// Environment variables.

/// Environment variable holding the secret key.
pub const ENV_SECRET_KEY: &str = "FLUXA_SECRET_KEY";
/// Environment variable holding the base URL; [`LIVE_BASE_URL`] when unset.
pub const ENV_API_BASE: &str = "FLUXA_API_BASE";
/// Environment variable holding the webhook secret.
pub const ENV_WEBHOOK_SECRET: &str = "FLUXA_WEBHOOK_SECRET";

/// Prefixes of object ids.
pub mod prefix {
    /// Payments.
    pub const PAYMENT: &str = "pay_";
    /// Refunds.
    pub const REFUND: &str = "rfd_";
    /// Customers.
    pub const CUSTOMER: &str = "cus_";
    /// Subscriptions.
    pub const SUBSCRIPTION: &str = "sub_";
    /// Checkout sessions.
    pub const CHECKOUT_SESSION: &str = "chk_";
    /// Merchants.
    pub const MERCHANT: &str = "mer_";
    /// Events.
    pub const EVENT: &str = "evt_";
    /// Disputes.
    pub const DISPUTE: &str = "dsp_";
    /// Requests and their log entries.
    pub const REQUEST: &str = "req_";
    /// Errors.
    pub const ERROR: &str = "err_";
    /// Settlements.
    pub const SETTLEMENT: &str = "stl_";
    /// Payment methods.
    pub const PAYMENT_METHOD: &str = "pm_";
    /// Webhook endpoints.
    pub const WEBHOOK_ENDPOINT: &str = "we_";
    /// API keys.
    pub const API_KEY: &str = "key_";
    /// Webhook deliveries.
    pub const DELIVERY: &str = "dlv_";
    /// Listen sessions.
    pub const LISTEN_SESSION: &str = "lst_";
    /// Ledger entries.
    pub const LEDGER_ENTRY: &str = "led_";
}

/// Every id prefix with the resource it belongs to, in words.
pub const ID_PREFIXES: [(&str, &str); 17] = [
    (prefix::PAYMENT, "payment"),
    (prefix::REFUND, "refund"),
    (prefix::CUSTOMER, "customer"),
    (prefix::SUBSCRIPTION, "subscription"),
    (prefix::CHECKOUT_SESSION, "checkout session"),
    (prefix::MERCHANT, "merchant"),
    (prefix::EVENT, "event"),
    (prefix::DISPUTE, "dispute"),
    (prefix::REQUEST, "request"),
    (prefix::ERROR, "error"),
    (prefix::SETTLEMENT, "settlement"),
    (prefix::PAYMENT_METHOD, "payment method"),
    (prefix::WEBHOOK_ENDPOINT, "webhook endpoint"),
    (prefix::API_KEY, "API key"),
    (prefix::DELIVERY, "delivery"),
    (prefix::LISTEN_SESSION, "listen session"),
    (prefix::LEDGER_ENTRY, "ledger entry"),
];
