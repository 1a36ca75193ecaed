// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Prefixed ids.

use crate::id::id_type;

id_type! {
    /// Id of a API key: `key_` and 16 lower-case hexadecimal digits.
    ApiKeyId, "key_", "API key"
}

id_type! {
    /// Id of a checkout session: `chk_` and 16 lower-case hexadecimal digits.
    CheckoutSessionId, "chk_", "checkout session"
}

id_type! {
    /// Id of a customer: `cus_` and 16 lower-case hexadecimal digits.
    CustomerId, "cus_", "customer"
}

id_type! {
    /// Id of a dispute: `dsp_` and 16 lower-case hexadecimal digits.
    DisputeId, "dsp_", "dispute"
}

id_type! {
    /// Id of a event: `evt_` and 16 lower-case hexadecimal digits.
    EventId, "evt_", "event"
}

id_type! {
    /// Id of a ledger entry: `led_` and 16 lower-case hexadecimal digits.
    LedgerEntryId, "led_", "ledger entry"
}

id_type! {
    /// Id of a listen session: `lst_` and 16 lower-case hexadecimal digits.
    ListenSessionId, "lst_", "listen session"
}

id_type! {
    /// Id of a merchant: `mer_` and 16 lower-case hexadecimal digits.
    MerchantId, "mer_", "merchant"
}

id_type! {
    /// Id of a payment: `pay_` and 16 lower-case hexadecimal digits.
    PaymentId, "pay_", "payment"
}

id_type! {
    /// Id of a payment method: `pm_` and 16 lower-case hexadecimal digits.
    PaymentMethodId, "pm_", "payment method"
}

id_type! {
    /// Id of a refund: `rfd_` and 16 lower-case hexadecimal digits.
    RefundId, "rfd_", "refund"
}

id_type! {
    /// Id of a request log: `req_` and 16 lower-case hexadecimal digits.
    RequestLogId, "req_", "request log"
}

id_type! {
    /// Id of a settlement: `stl_` and 16 lower-case hexadecimal digits.
    SettlementId, "stl_", "settlement"
}

id_type! {
    /// Id of a subscription: `sub_` and 16 lower-case hexadecimal digits.
    SubscriptionId, "sub_", "subscription"
}

id_type! {
    /// Id of a webhook delivery: `dlv_` and 16 lower-case hexadecimal digits.
    WebhookDeliveryId, "dlv_", "webhook delivery"
}

id_type! {
    /// Id of a webhook endpoint: `we_` and 16 lower-case hexadecimal digits.
    WebhookEndpointId, "we_", "webhook endpoint"
}
