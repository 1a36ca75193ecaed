// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Enums that may grow: a value that is not known is kept, never an error.

use crate::open_enum::open_enum;

open_enum! {
    /// Kind of an API key.
    ///
    /// New values may be added: accept one you do not know.
    ApiKeyKind {
        /// For browsers and apps: reads and creates nothing by itself.
        Publishable => "publishable",
        /// Full access, server-side only.
        Secret => "secret",
        /// Server-side, limited to its scopes.
        Restricted => "restricted",
    }
}

open_enum! {
    /// Status of an API key.
    ///
    /// New values may be added: accept one you do not know.
    ApiKeyStatus {
        /// Valid.
        Active => "active",
        /// Replaced; valid until `expires_at`.
        Rotating => "rotating",
        /// No longer valid.
        Revoked => "revoked",
    }
}

open_enum! {
    /// Card scheme.
    ///
    /// New values may be added: accept one you do not know.
    CardBrand {
        /// Visa.
        Visa => "visa",
        /// Mastercard.
        Mastercard => "mastercard",
    }
}

open_enum! {
    /// Kind of card account.
    ///
    /// New values may be added: accept one you do not know.
    CardFunding {
        /// Credit card.
        Credit => "credit",
        /// Debit card.
        Debit => "debit",
        /// Prepaid card.
        Prepaid => "prepaid",
    }
}

open_enum! {
    /// Status of a checkout session.
    ///
    /// New values may be added: accept one you do not know.
    CheckoutSessionStatus {
        /// Waiting to be paid.
        Open => "open",
        /// Paid; `payment` is set.
        Complete => "complete",
        /// Timed out or expired by call.
        Expired => "expired",
    }
}

open_enum! {
    /// Where the checkout is shown.
    ///
    /// New values may be added: accept one you do not know.
    CheckoutUiMode {
        /// On Fluxa's page, by redirect.
        Hosted => "hosted",
        /// In an iframe on the merchant's page.
        Embedded => "embedded",
    }
}

open_enum! {
    /// How the sandbox's clock runs.
    ///
    /// New values may be added: accept one you do not know.
    ClockMode {
        /// One virtual second in a real one, on from where the clock was last moved to.
        Real => "real",
        /// Faster, by `pace`.
        Accelerated => "accelerated",
        /// Only when advanced.
        Frozen => "frozen",
    }
}

open_enum! {
    /// How a dispute ends.
    ///
    /// New values may be added: accept one you do not know.
    DisputeOutcome {
        /// In the merchant's favour.
        Won => "won",
        /// In the cardholder's favour.
        Lost => "lost",
    }
}

open_enum! {
    /// Why the cardholder disputes the payment.
    ///
    /// New values may be added: accept one you do not know.
    DisputeReason {
        /// The cardholder did not make the payment.
        Fraudulent => "fraudulent",
        /// Goods or services did not arrive.
        ProductNotReceived => "product_not_received",
        /// Not as described.
        ProductUnacceptable => "product_unacceptable",
        /// Charged twice.
        Duplicate => "duplicate",
        /// A promised refund did not come.
        CreditNotProcessed => "credit_not_processed",
        /// Charged after cancelling.
        SubscriptionCancelled => "subscription_cancelled",
        /// Another reason.
        General => "general",
    }
}

open_enum! {
    /// Status of a dispute.
    ///
    /// New values may be added: accept one you do not know.
    DisputeStatus {
        /// Submit evidence before `evidence_due_by`, or accept.
        EvidenceRequired => "evidence_required",
        /// The payment partner has your evidence.
        EvidenceSubmitted => "evidence_submitted",
        /// Resolved in your favour; funds returned.
        Won => "won",
        /// Final; funds debited from your next settlement.
        Lost => "lost",
    }
}

open_enum! {
    /// Machine-readable reason of an error. Codes are stable; each has a page at `doc_url`.
    ///
    /// New values may be added: accept one you do not know.
    ErrorCode {
        /// A required parameter is absent.
        ParameterMissing => "parameter_missing",
        /// A parameter has a value that is not allowed.
        ParameterInvalid => "parameter_invalid",
        /// The operation has no such parameter.
        ParameterUnknown => "parameter_unknown",
        /// Below 30 pence.
        AmountTooSmall => "amount_too_small",
        /// Above 99 999 999.
        AmountTooLarge => "amount_too_large",
        /// Not a currency of the account.
        CurrencyUnsupported => "currency_unsupported",
        /// Metadata over its limits, or not text.
        MetadataInvalid => "metadata_invalid",
        /// The id has the prefix of another resource, or no valid form.
        InvalidId => "invalid_id",
        /// The cursor is unknown or of another list.
        InvalidCursor => "invalid_cursor",
        /// The path to expand does not exist.
        InvalidExpand => "invalid_expand",
        /// More than three levels.
        ExpandTooDeep => "expand_too_deep",
        /// No such version.
        InvalidApiVersion => "invalid_api_version",
        /// Not 1 to 255 visible ASCII characters.
        InvalidIdempotencyKey => "invalid_idempotency_key",
        /// The body is neither valid JSON nor a valid form.
        BodyMalformed => "body_malformed",
        /// The body is over 1 MiB.
        BodyTooLarge => "body_too_large",
        /// The payment's state does not allow a refund.
        PaymentNotRefundable => "payment_not_refundable",
        /// More than is left to refund.
        RefundExceedsRemaining => "refund_exceeds_remaining",
        /// No payment method named, and the customer has no default.
        PaymentMethodMissing => "payment_method_missing",
        /// The checkout session is complete or expired.
        SessionNotOpen => "session_not_open",
        /// The dispute is won or lost.
        DisputeClosed => "dispute_closed",
        /// The subscription's status does not allow this.
        SubscriptionNotActive => "subscription_not_active",
        /// The object's state does not allow this move.
        StateConflict => "state_conflict",
        /// The clock was frozen, or the sandbox reset, before the advance had ended.
        AdvanceInterrupted => "advance_interrupted",
        /// The URL is not one that events may be sent to.
        WebhookUrlNotAllowed => "webhook_url_not_allowed",
        /// No bearer key.
        KeyMissing => "key_missing",
        /// No such key.
        KeyInvalid => "key_invalid",
        /// The key was revoked.
        KeyRevoked => "key_revoked",
        /// The key's grace period is over.
        KeyExpired => "key_expired",
        /// The restricted key lacks the scope.
        InsufficientScope => "insufficient_scope",
        /// The address is outside the key's allow-list.
        IpNotAllowed => "ip_not_allowed",
        /// Publishable keys read and create nothing.
        PublishableKeyNotAllowed => "publishable_key_not_allowed",
        /// A test key on a live object, or the reverse.
        LivemodeMismatch => "livemode_mismatch",
        /// Only with a test key.
        SandboxOnly => "sandbox_only",
        /// The request comes from a web page, or names a host that is not this server.
        OriginNotAllowed => "origin_not_allowed",
        /// No object with this id.
        ResourceMissing => "resource_missing",
        /// No such path.
        RouteMissing => "route_missing",
        /// The path does not take this method.
        MethodNotAllowed => "method_not_allowed",
        /// The key was used with another request.
        IdempotencyKeyReused => "idempotency_key_reused",
        /// The first request with this key is still running.
        IdempotencyKeyInUse => "idempotency_key_in_use",
        /// Over 100 requests per second.
        RateLimitExceeded => "rate_limit_exceeded",
        /// A fault at Fluxa.
        InternalError => "internal_error",
        /// Not available just now.
        ServiceUnavailable => "service_unavailable",
    }
}

open_enum! {
    /// Class of an error, one per status.
    ///
    /// New values may be added: accept one you do not know.
    ErrorType {
        /// 400: the request is at fault.
        InvalidRequest => "invalid_request",
        /// 401: no valid key.
        Authentication => "authentication",
        /// 403: the key may not do this.
        Permission => "permission",
        /// 404: no such resource or route.
        NotFound => "not_found",
        /// 409: conflict over an idempotency key.
        Idempotency => "idempotency",
        /// 429: too many requests.
        RateLimit => "rate_limit",
        /// 5xx: a fault at Fluxa.
        ApiError => "api_error",
    }
}

open_enum! {
    /// Why a payment failed.
    ///
    /// New values may be added: accept one you do not know.
    FailureCode {
        /// The issuer declined without a more precise reason.
        CardDeclined => "card_declined",
        /// The account does not hold enough.
        InsufficientFunds => "insufficient_funds",
        /// The card has expired.
        ExpiredCard => "expired_card",
        /// The issuer suspects fraud: do not retry.
        FraudSuspected => "fraud_suspected",
        /// The settlement was returned after capture.
        SettlementReturned => "settlement_returned",
        /// The cardholder failed the 3-D Secure challenge, or the issuer rejected it.
        ThreeDSecureFailed => "three_d_secure_failed",
        /// A stored card was charged and its issuer asks for the cardholder: take the payment through a checkout session.
        AuthenticationRequired => "authentication_required",
    }
}

open_enum! {
    /// Who caused a move.
    ///
    /// New values may be added: accept one you do not know.
    HistoryActor {
        /// Fluxa or the payment partner.
        System => "system",
        /// The merchant, by API or dashboard.
        Merchant => "merchant",
        /// An operator at Fluxa.
        Operator => "operator",
    }
}

open_enum! {
    /// Progress of the merchant's onboarding.
    ///
    /// New values may be added: accept one you do not know.
    KybStatus {
        /// Being checked.
        Pending => "pending",
        /// Information is missing.
        ActionRequired => "action_required",
        /// Finished: live keys work.
        Approved => "approved",
    }
}

open_enum! {
    /// Account of the double-entry ledger.
    ///
    /// New values may be added: accept one you do not know.
    LedgerAccount {
        /// What cardholders have paid.
        Cardholder => "cardholder",
        /// Captured, held by the payment partner.
        PartnerClearing => "partner_clearing",
        /// On its way to the bank.
        SettlementInFlight => "settlement_in_flight",
        /// In the merchant's bank account.
        MerchantBank => "merchant_bank",
        /// Fees of Fluxa.
        Fees => "fees",
        /// Returned to cardholders.
        Refunds => "refunds",
        /// Withheld for disputes.
        Disputes => "disputes",
    }
}

open_enum! {
    /// Side of a ledger entry.
    ///
    /// New values may be added: accept one you do not know.
    LedgerDirection {
        /// Debit.
        Debit => "debit",
        /// Credit.
        Credit => "credit",
    }
}

open_enum! {
    /// The last of the three accounting states that the payment reached.
    ///
    /// New values may be added: accept one you do not know.
    LedgerState {
        /// Captured.
        Captured => "CAPTURED",
        /// Settlement in flight.
        Settling => "SETTLING",
        /// Settled to the bank account.
        Settled => "SETTLED",
    }
}

open_enum! {
    /// Kind of payment method.
    ///
    /// New values may be added: accept one you do not know.
    PaymentMethodType {
        /// A payment card.
        Card => "card",
    }
}

open_enum! {
    /// State of a payment.
    ///
    /// New values may be added: accept one you do not know.
    PaymentState {
        /// Card details accepted at the checkout; authorisation in progress at the scheme.
        PaymentReceived => "PAYMENT_RECEIVED",
        /// The scheme authorised the payment; funds are reserved on the card, not yet moved.
        Captured => "CAPTURED",
        /// The payment partner has initiated settlement; funds are in flight to the merchant's bank account.
        Settling => "SETTLING",
        /// Funds are in the merchant's bank account.
        Settled => "SETTLED",
        /// Terminal. Authorisation declined or settlement returned; see `failure_code`.
        Failed => "FAILED",
        /// Terminal. Refunded in full or in part; the refund objects link back.
        Refunded => "REFUNDED",
    }
}

open_enum! {
    /// Whether a change of amount or quantity is prorated.
    ///
    /// New values may be added: accept one you do not know.
    ProrationBehaviour {
        /// The difference for the unused part of the period goes on the next charge, rounded half up.
        Prorate => "prorate",
        /// The change counts from the next period.
        None => "none",
    }
}

open_enum! {
    /// Why a refund failed.
    ///
    /// New values may be added: accept one you do not know.
    RefundFailureCode {
        /// The cardholder's issuer did not accept the refund.
        RefundDeclined => "refund_declined",
        /// The cardholder's account is closed.
        AccountClosed => "account_closed",
    }
}

open_enum! {
    /// Status of a refund.
    ///
    /// New values may be added: accept one you do not know.
    RefundStatus {
        /// Awaiting the payment partner.
        Pending => "pending",
        /// Completed at the cardholder's issuer.
        Succeeded => "succeeded",
        /// Could not be processed; see `failure_code`.
        Failed => "failed",
    }
}

open_enum! {
    /// How the sandbox lets a step end.
    ///
    /// New values may be added: accept one you do not know.
    SandboxOutcome {
        /// As if the issuer approved.
        Success => "success",
        /// As if the issuer declined.
        Decline => "decline",
    }
}

open_enum! {
    /// Health of a service.
    ///
    /// New values may be added: accept one you do not know.
    ServiceHealth {
        /// Working.
        Operational => "operational",
        /// Slow or partly failing.
        Degraded => "degraded",
        /// Down.
        Outage => "outage",
        /// Under planned maintenance.
        Maintenance => "maintenance",
    }
}

open_enum! {
    /// Name of a service.
    ///
    /// New values may be added: accept one you do not know.
    ServiceName {
        /// `public_api`.
        PublicApi => "public_api",
        /// `dashboard`.
        Dashboard => "dashboard",
        /// `hosted_checkout`.
        HostedCheckout => "hosted_checkout",
        /// `webhooks`.
        Webhooks => "webhooks",
    }
}

open_enum! {
    /// How a settlement reaches the bank account.
    ///
    /// New values may be added: accept one you do not know.
    SettlementMethod {
        /// Standard UK settlement.
        BacsCredit => "bacs_credit",
        /// Accelerated batches.
        FasterPayment => "faster_payment",
        /// Premium accounts.
        SameDay => "same_day",
    }
}

open_enum! {
    /// Status of a settlement batch.
    ///
    /// New values may be added: accept one you do not know.
    SettlementStatus {
        /// Still collecting payments.
        Open => "open",
        /// Paid out to the bank account.
        Completed => "completed",
    }
}

open_enum! {
    /// Unit of the billing period.
    ///
    /// New values may be added: accept one you do not know.
    SubscriptionInterval {
        /// Days.
        Day => "day",
        /// Weeks.
        Week => "week",
        /// Calendar months.
        Month => "month",
        /// Calendar years.
        Year => "year",
    }
}

open_enum! {
    /// Status of a subscription.
    ///
    /// New values may be added: accept one you do not know.
    SubscriptionStatus {
        /// In its trial: nothing charged yet.
        Trial => "trial",
        /// Paid up.
        Active => "active",
        /// The last charge was declined; see `retry_schedule`.
        PastDue => "past_due",
        /// Ended.
        Cancelled => "cancelled",
        /// Paused: no charges until resumed.
        Paused => "paused",
    }
}

open_enum! {
    /// The exemption from strong authentication that the issuer applied.
    ///
    /// New values may be added: accept one you do not know.
    ThreeDSecureExemption {
        /// Low-value transaction.
        LowValue => "low_value",
        /// Low risk by the partner's analysis.
        TransactionRiskAnalysis => "transaction_risk_analysis",
        /// The cardholder trusts this merchant.
        TrustedBeneficiary => "trusted_beneficiary",
        /// A further payment of a series with the same amount.
        RecurringTransaction => "recurring_transaction",
        /// Secure corporate payment process.
        CorporatePayment => "corporate_payment",
    }
}

open_enum! {
    /// How the cardholder was authenticated.
    ///
    /// New values may be added: accept one you do not know.
    ThreeDSecureMethod {
        /// Authenticated from data alone, with no prompt.
        Frictionless => "frictionless",
        /// The issuer showed a challenge.
        Challenge => "challenge",
        /// An exemption applied.
        NotRequired => "not_required",
    }
}

open_enum! {
    /// Outcome of the authentication.
    ///
    /// New values may be added: accept one you do not know.
    ThreeDSecureResult {
        /// The issuer authenticated the cardholder.
        Authenticated => "authenticated",
        /// The issuer is not enrolled.
        Attempted => "attempted",
        /// No authentication was needed.
        NotRequired => "not_required",
        /// The cardholder failed the challenge.
        Failed => "failed",
        /// The issuer rejected the request.
        Rejected => "rejected",
    }
}

open_enum! {
    /// Outcome of one attempt to deliver an event.
    ///
    /// New values may be added: accept one you do not know.
    WebhookDeliveryStatus {
        /// Not answered yet.
        Pending => "pending",
        /// Answered with a 2xx.
        Succeeded => "succeeded",
        /// Not a 2xx, or no answer in 30 s; another attempt follows at `next_attempt_at`.
        Retrying => "retrying",
        /// The last attempt failed: the event is given up for this endpoint.
        Failed => "failed",
    }
}

open_enum! {
    /// Whether an endpoint receives events.
    ///
    /// New values may be added: accept one you do not know.
    WebhookEndpointStatus {
        /// Receives events.
        Enabled => "enabled",
        /// Receives nothing until enabled.
        Disabled => "disabled",
    }
}
