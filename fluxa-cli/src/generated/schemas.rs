// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! What the API answers, and what events hold.

use fluxa_sdk::types;

use crate::schema::Schema;

/// Each event type, and what an event of it is.
pub(crate) static EVENTS: [(&str, &Schema); 29] = [
    ("checkout.session.completed", &EVENT_ABOUT_CHECKOUT_SESSION),
    ("checkout.session.created", &EVENT_ABOUT_CHECKOUT_SESSION),
    ("checkout.session.expired", &EVENT_ABOUT_CHECKOUT_SESSION),
    ("customer.created", &EVENT_ABOUT_CUSTOMER),
    ("customer.updated", &EVENT_ABOUT_CUSTOMER),
    ("dispute.created", &EVENT_ABOUT_DISPUTE),
    ("dispute.evidence_required", &EVENT_ABOUT_DISPUTE),
    ("dispute.evidence_submitted", &EVENT_ABOUT_DISPUTE),
    ("dispute.lost", &EVENT_ABOUT_DISPUTE),
    ("dispute.won", &EVENT_ABOUT_DISPUTE),
    ("merchant.kyb.action_required", &EVENT_ABOUT_MERCHANT),
    ("merchant.kyb.approved", &EVENT_ABOUT_MERCHANT),
    ("payment.captured", &EVENT_ABOUT_PAYMENT),
    ("payment.failed", &EVENT_ABOUT_PAYMENT),
    ("payment.received", &EVENT_ABOUT_PAYMENT),
    ("payment.refunded", &EVENT_ABOUT_PAYMENT),
    ("payment.settled", &EVENT_ABOUT_PAYMENT),
    ("payment.settling", &EVENT_ABOUT_PAYMENT),
    ("payment_method.attached", &EVENT_ABOUT_PAYMENT_METHOD),
    ("payment_method.detached", &EVENT_ABOUT_PAYMENT_METHOD),
    ("refund.created", &EVENT_ABOUT_REFUND),
    ("refund.failed", &EVENT_ABOUT_REFUND),
    ("refund.succeeded", &EVENT_ABOUT_REFUND),
    ("settlement.completed", &EVENT_ABOUT_SETTLEMENT),
    ("subscription.cancelled", &EVENT_ABOUT_SUBSCRIPTION),
    ("subscription.created", &EVENT_ABOUT_SUBSCRIPTION),
    ("subscription.payment.failed", &EVENT_ABOUT_SUBSCRIPTION),
    ("subscription.payment.succeeded", &EVENT_ABOUT_SUBSCRIPTION),
    ("subscription.updated", &EVENT_ABOUT_SUBSCRIPTION),
];

pub(super) static API_KEY: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("expires_at", &Schema::Text),
    ("id", &Schema::Text),
    ("ip_allowlist", &Schema::List(&Schema::Text)),
    ("kind", &Schema::OneOf(types::ApiKeyKind::KNOWN)),
    ("last4", &Schema::Text),
    ("last_used_at", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("name", &Schema::Text),
    ("object", &Schema::OneOf(&["api_key"])),
    ("rotated_from", &Schema::Text),
    ("scopes", &Schema::List(&Schema::Text)),
    ("secret", &Schema::Text),
    ("status", &Schema::OneOf(types::ApiKeyStatus::KNOWN)),
]);

pub(super) static API_KEY_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&API_KEY)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static CARD: Schema = Schema::Object(&[
    ("brand", &Schema::OneOf(types::CardBrand::KNOWN)),
    ("country", &Schema::Text),
    ("exp_month", &Schema::Integer),
    ("exp_year", &Schema::Integer),
    ("funding", &Schema::OneOf(types::CardFunding::KNOWN)),
    ("last4", &Schema::Text),
]);

pub(super) static CHECKOUT_SESSION: Schema = Schema::Object(&[
    ("amount", &Schema::Integer),
    ("cancel_url", &Schema::Text),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("customer", &Schema::Expandable(&CUSTOMER)),
    ("expires_at", &Schema::Text),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["checkout.session"])),
    ("payment", &Schema::Expandable(&PAYMENT)),
    ("status", &Schema::OneOf(types::CheckoutSessionStatus::KNOWN)),
    ("subscription", &Schema::Expandable(&SUBSCRIPTION)),
    ("success_url", &Schema::Text),
    ("ui_mode", &Schema::OneOf(types::CheckoutUiMode::KNOWN)),
    ("url", &Schema::Text),
]);

pub(super) static CHECKOUT_SESSION_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&CHECKOUT_SESSION)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static CUSTOMER: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("default_payment_method", &Schema::Expandable(&PAYMENT_METHOD)),
    ("email", &Schema::Text),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("name", &Schema::Text),
    ("object", &Schema::OneOf(&["customer"])),
    ("phone", &Schema::Text),
]);

pub(super) static CUSTOMER_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&CUSTOMER)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static DELETED_OBJECT: Schema = Schema::Object(&[
    ("deleted", &Schema::Boolean),
    ("id", &Schema::Text),
    ("object", &Schema::Text),
]);

pub(super) static DISPUTE: Schema = Schema::Object(&[
    ("amount", &Schema::Integer),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("evidence", &DISPUTE_EVIDENCE),
    ("evidence_due_by", &Schema::Text),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["dispute"])),
    ("payment", &Schema::Expandable(&PAYMENT)),
    ("reason", &Schema::OneOf(types::DisputeReason::KNOWN)),
    ("status", &Schema::OneOf(types::DisputeStatus::KNOWN)),
]);

pub(super) static DISPUTE_EVIDENCE: Schema = Schema::Object(&[
    ("additional_information", &Schema::Text),
    ("cancellation_policy", &Schema::Text),
    ("customer_communication", &Schema::Text),
    ("product_description", &Schema::Text),
    ("receipt", &Schema::Text),
    ("refund_policy", &Schema::Text),
    ("shipping_documentation", &Schema::Text),
]);

pub(super) static DISPUTE_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&DISPUTE)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

/// The body of every error.
pub(crate) static ERROR: Schema = Schema::Object(&[
    ("error", &ERROR_BODY),
]);

pub(super) static ERROR_BODY: Schema = Schema::Object(&[
    ("code", &Schema::OneOf(types::ErrorCode::KNOWN)),
    ("doc_url", &Schema::Text),
    ("message", &Schema::Text),
    ("param", &Schema::Text),
    ("request_id", &Schema::Text),
    ("type", &Schema::OneOf(types::ErrorType::KNOWN)),
]);

pub(super) static EVENT: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &EVENT_DATA),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_CHECKOUT_SESSION: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &CHECKOUT_SESSION),
    ("previous_state", &Schema::OneOf(types::CheckoutSessionStatus::KNOWN)),
    ("state", &Schema::OneOf(types::CheckoutSessionStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_CUSTOMER: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &CUSTOMER),
    ("previous_state", &Schema::Text),
    ("state", &Schema::Text),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_DISPUTE: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &DISPUTE),
    ("previous_state", &Schema::OneOf(types::DisputeStatus::KNOWN)),
    ("state", &Schema::OneOf(types::DisputeStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_MERCHANT: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &MERCHANT),
    ("previous_state", &Schema::OneOf(types::KybStatus::KNOWN)),
    ("state", &Schema::OneOf(types::KybStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_PAYMENT: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &PAYMENT),
    ("previous_state", &Schema::OneOf(types::PaymentState::KNOWN)),
    ("state", &Schema::OneOf(types::PaymentState::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_PAYMENT_METHOD: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &PAYMENT_METHOD),
    ("previous_state", &Schema::Text),
    ("state", &Schema::Text),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_REFUND: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &REFUND),
    ("previous_state", &Schema::OneOf(types::RefundStatus::KNOWN)),
    ("state", &Schema::OneOf(types::RefundStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_SETTLEMENT: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &SETTLEMENT),
    ("previous_state", &Schema::OneOf(types::SettlementStatus::KNOWN)),
    ("state", &Schema::OneOf(types::SettlementStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_ABOUT_SUBSCRIPTION: Schema = Schema::Object(&[
    ("api_version", &Schema::Text),
    ("created_at", &Schema::Text),
    ("data", &Schema::Object(&[
    ("object", &SUBSCRIPTION),
    ("previous_state", &Schema::OneOf(types::SubscriptionStatus::KNOWN)),
    ("state", &Schema::OneOf(types::SubscriptionStatus::KNOWN)),
    ("transitioned_at", &Schema::Text),
])),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["event"])),
    ("request", &EVENT_REQUEST),
    ("type", &Schema::OneOf(types::EventType::KNOWN)),
]);

pub(super) static EVENT_DATA: Schema = Schema::Object(&[
    ("object", &Schema::Any),
    ("previous_state", &Schema::Text),
    ("state", &Schema::Text),
    ("transitioned_at", &Schema::Text),
]);

pub(super) static EVENT_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&EVENT)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static EVENT_REQUEST: Schema = Schema::Object(&[
    ("id", &Schema::Text),
    ("idempotency_key", &Schema::Text),
]);

pub(super) static LEDGER_BALANCE: Schema = Schema::Object(&[
    ("account", &Schema::OneOf(types::LedgerAccount::KNOWN)),
    ("balance", &Schema::Integer),
    ("credits", &Schema::Integer),
    ("currency", &Schema::Text),
    ("debits", &Schema::Integer),
]);

pub(super) static LEDGER_BALANCES: Schema = Schema::Object(&[
    ("as_of", &Schema::Text),
    ("balances", &Schema::List(&LEDGER_BALANCE)),
    ("livemode", &Schema::Boolean),
    ("object", &Schema::OneOf(&["ledger_balances"])),
]);

pub(super) static LEDGER_ENTRY: Schema = Schema::Object(&[
    ("account", &Schema::OneOf(types::LedgerAccount::KNOWN)),
    ("amount", &Schema::Integer),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("direction", &Schema::OneOf(types::LedgerDirection::KNOWN)),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["ledger_entry"])),
    ("payment", &Schema::Text),
    ("transaction", &Schema::Text),
]);

pub(super) static LEDGER_ENTRY_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&LEDGER_ENTRY)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static LISTEN_SESSION: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("events", &Schema::List(&Schema::OneOf(types::EventType::KNOWN))),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["listen_session"])),
    ("secret", &Schema::Text),
    ("stream_url", &Schema::Text),
]);

pub(super) static MERCHANT: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("id", &Schema::Text),
    ("kyb_status", &Schema::OneOf(types::KybStatus::KNOWN)),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("name", &Schema::Text),
    ("object", &Schema::OneOf(&["merchant"])),
]);

pub(super) static PAYMENT: Schema = Schema::Object(&[
    ("amount", &Schema::Integer),
    ("amount_refunded", &Schema::Integer),
    ("captured_at", &Schema::Text),
    ("checkout_session", &Schema::Expandable(&CHECKOUT_SESSION)),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("customer", &Schema::Expandable(&CUSTOMER)),
    ("dispute", &Schema::Expandable(&DISPUTE)),
    ("failed_at", &Schema::Text),
    ("failure_code", &Schema::OneOf(types::FailureCode::KNOWN)),
    ("failure_message", &Schema::Text),
    ("fee", &Schema::Integer),
    ("id", &Schema::Text),
    ("ledger_state", &Schema::OneOf(types::LedgerState::KNOWN)),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("net", &Schema::Integer),
    ("object", &Schema::OneOf(&["payment"])),
    ("payment_method", &PAYMENT_METHOD_DETAILS),
    ("refunded_at", &Schema::Text),
    ("settled_at", &Schema::Text),
    ("settlement", &SETTLEMENT),
    ("settlement_method", &Schema::OneOf(types::SettlementMethod::KNOWN)),
    ("settlement_reference", &Schema::Text),
    ("settlement_scheduled_for", &Schema::Text),
    ("settling_at", &Schema::Text),
    ("state", &Schema::OneOf(types::PaymentState::KNOWN)),
    ("subscription", &Schema::Expandable(&SUBSCRIPTION)),
    ("three_d_secure", &THREE_D_SECURE),
    ("url", &Schema::Text),
]);

pub(super) static PAYMENT_HISTORY_ENTRY: Schema = Schema::Object(&[
    ("actor", &Schema::OneOf(types::HistoryActor::KNOWN)),
    ("at", &Schema::Text),
    ("new_state", &Schema::OneOf(types::PaymentState::KNOWN)),
    ("object", &Schema::OneOf(&["payment_history_entry"])),
    ("payment", &Schema::Text),
    ("previous_state", &Schema::OneOf(types::PaymentState::KNOWN)),
    ("reason", &Schema::Text),
]);

pub(super) static PAYMENT_HISTORY_ENTRY_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&PAYMENT_HISTORY_ENTRY)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static PAYMENT_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&PAYMENT)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static PAYMENT_METHOD: Schema = Schema::Object(&[
    ("card", &CARD),
    ("created_at", &Schema::Text),
    ("customer", &Schema::Expandable(&CUSTOMER)),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["payment_method"])),
    ("type", &Schema::OneOf(types::PaymentMethodType::KNOWN)),
]);

pub(super) static PAYMENT_METHOD_DETAILS: Schema = Schema::Object(&[
    ("card", &CARD),
    ("type", &Schema::OneOf(types::PaymentMethodType::KNOWN)),
]);

pub(super) static PAYMENT_METHOD_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&PAYMENT_METHOD)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static REFUND: Schema = Schema::Object(&[
    ("amount", &Schema::Integer),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("failure_code", &Schema::OneOf(types::RefundFailureCode::KNOWN)),
    ("failure_message", &Schema::Text),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["refund"])),
    ("payment", &Schema::Expandable(&PAYMENT)),
    ("reason", &Schema::Text),
    ("status", &Schema::OneOf(types::RefundStatus::KNOWN)),
]);

pub(super) static REFUND_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&REFUND)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static REQUEST_LOG: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("duration_ms", &Schema::Integer),
    ("error_code", &Schema::OneOf(types::ErrorCode::KNOWN)),
    ("id", &Schema::Text),
    ("idempotency_key", &Schema::Text),
    ("ip", &Schema::Text),
    ("key", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("method", &Schema::Text),
    ("object", &Schema::OneOf(&["request_log"])),
    ("path", &Schema::Text),
    ("status", &Schema::Integer),
]);

pub(super) static REQUEST_LOG_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&REQUEST_LOG)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static SANDBOX_CLOCK: Schema = Schema::Object(&[
    ("livemode", &Schema::Boolean),
    ("mode", &Schema::OneOf(types::ClockMode::KNOWN)),
    ("now", &Schema::Text),
    ("object", &Schema::OneOf(&["sandbox_clock"])),
    ("pace", &Schema::Number),
    ("pending_timers", &Schema::Integer),
]);

pub(super) static SERVICE: Schema = Schema::Object(&[
    ("name", &Schema::OneOf(types::ServiceName::KNOWN)),
    ("status", &Schema::OneOf(types::ServiceHealth::KNOWN)),
]);

pub(super) static SETTLEMENT: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("deductions", &Schema::Integer),
    ("fees", &Schema::Integer),
    ("gross", &Schema::Integer),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("method", &Schema::OneOf(types::SettlementMethod::KNOWN)),
    ("net", &Schema::Integer),
    ("object", &Schema::OneOf(&["settlement"])),
    ("partner", &Schema::Text),
    ("payment_count", &Schema::Integer),
    ("reference", &Schema::Text),
    ("settled_at", &Schema::Text),
    ("status", &Schema::OneOf(types::SettlementStatus::KNOWN)),
]);

pub(super) static SETTLEMENT_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&SETTLEMENT)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static STATUS: Schema = Schema::Object(&[
    ("object", &Schema::OneOf(&["status"])),
    ("overall", &Schema::OneOf(types::ServiceHealth::KNOWN)),
    ("services", &Schema::List(&SERVICE)),
    ("updated_at", &Schema::Text),
]);

pub(super) static SUBSCRIPTION: Schema = Schema::Object(&[
    ("amount", &Schema::Integer),
    ("cancel_at_period_end", &Schema::Boolean),
    ("cancelled_at", &Schema::Text),
    ("created_at", &Schema::Text),
    ("currency", &Schema::Text),
    ("current_period_end", &Schema::Text),
    ("current_period_start", &Schema::Text),
    ("customer", &Schema::Expandable(&CUSTOMER)),
    ("id", &Schema::Text),
    ("interval", &Schema::OneOf(types::SubscriptionInterval::KNOWN)),
    ("interval_count", &Schema::Integer),
    ("latest_payment", &Schema::Expandable(&PAYMENT)),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["subscription"])),
    ("payment_method", &Schema::Expandable(&PAYMENT_METHOD)),
    ("proration_behaviour", &Schema::OneOf(types::ProrationBehaviour::KNOWN)),
    ("quantity", &Schema::Integer),
    ("retry_schedule", &Schema::List(&SUBSCRIPTION_RETRY)),
    ("status", &Schema::OneOf(types::SubscriptionStatus::KNOWN)),
    ("trial_end", &Schema::Text),
]);

pub(super) static SUBSCRIPTION_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&SUBSCRIPTION)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static SUBSCRIPTION_RETRY: Schema = Schema::Object(&[
    ("attempt", &Schema::Integer),
    ("scheduled_at", &Schema::Text),
]);

pub(super) static THREE_D_SECURE: Schema = Schema::Object(&[
    ("cavv", &Schema::Text),
    ("ds_trans_id", &Schema::Text),
    ("eci", &Schema::Text),
    ("exemption", &Schema::OneOf(types::ThreeDSecureExemption::KNOWN)),
    ("method", &Schema::OneOf(types::ThreeDSecureMethod::KNOWN)),
    ("result", &Schema::OneOf(types::ThreeDSecureResult::KNOWN)),
    ("version", &Schema::Text),
]);

pub(super) static WEBHOOK_DELIVERY: Schema = Schema::Object(&[
    ("attempt", &Schema::Integer),
    ("created_at", &Schema::Text),
    ("duration_ms", &Schema::Integer),
    ("endpoint", &Schema::Text),
    ("error", &Schema::Text),
    ("event", &Schema::Text),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("next_attempt_at", &Schema::Text),
    ("object", &Schema::OneOf(&["webhook_delivery"])),
    ("request", &WEBHOOK_DELIVERY_REQUEST),
    ("response", &WEBHOOK_DELIVERY_RESPONSE),
    ("response_status", &Schema::Integer),
    ("status", &Schema::OneOf(types::WebhookDeliveryStatus::KNOWN)),
]);

pub(super) static WEBHOOK_DELIVERY_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&WEBHOOK_DELIVERY)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);

pub(super) static WEBHOOK_DELIVERY_REQUEST: Schema = Schema::Object(&[
    ("body", &Schema::Text),
    ("headers", &Schema::Map),
    ("url", &Schema::Text),
]);

pub(super) static WEBHOOK_DELIVERY_RESPONSE: Schema = Schema::Object(&[
    ("body", &Schema::Text),
    ("headers", &Schema::Map),
]);

pub(super) static WEBHOOK_ENDPOINT: Schema = Schema::Object(&[
    ("created_at", &Schema::Text),
    ("description", &Schema::Text),
    ("events", &Schema::List(&Schema::OneOf(types::EventType::KNOWN))),
    ("id", &Schema::Text),
    ("livemode", &Schema::Boolean),
    ("metadata", &Schema::Map),
    ("object", &Schema::OneOf(&["webhook_endpoint"])),
    ("previous_secret_expires_at", &Schema::Text),
    ("secret", &Schema::Text),
    ("status", &Schema::OneOf(types::WebhookEndpointStatus::KNOWN)),
    ("url", &Schema::Text),
]);

pub(super) static WEBHOOK_ENDPOINT_LIST: Schema = Schema::Object(&[
    ("data", &Schema::List(&WEBHOOK_ENDPOINT)),
    ("has_more", &Schema::Boolean),
    ("next_cursor", &Schema::Text),
]);
