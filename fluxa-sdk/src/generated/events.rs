// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! The typed events, one variant for each of the contract's webhooks.

use crate::expand::impl_identified;
use crate::generated::ids::*;
use crate::generated::types::*;
use crate::webhooks::event::event_enum;

event_enum! {
    /// The cardholder completed the checkout; payment created.
    CheckoutSessionCompleted: "checkout.session.completed" => CheckoutSession,
    /// Hosted or embedded checkout session opened.
    CheckoutSessionCreated: "checkout.session.created" => CheckoutSession,
    /// The session timed out without completion (24 hours by default).
    CheckoutSessionExpired: "checkout.session.expired" => CheckoutSession,
    /// Customer created, by API or first checkout.
    CustomerCreated: "customer.created" => Customer,
    /// Customer details, payment methods or metadata changed.
    CustomerUpdated: "customer.updated" => Customer,
    /// Chargeback raised by the cardholder's issuer.
    DisputeCreated: "dispute.created" => Dispute,
    /// The payment partner needs your evidence; the deadline is in the payload.
    DisputeEvidenceRequired: "dispute.evidence_required" => Dispute,
    /// Your evidence has been forwarded to the payment partner.
    DisputeEvidenceSubmitted: "dispute.evidence_submitted" => Dispute,
    /// Chargeback final, funds debited from your next settlement.
    DisputeLost: "dispute.lost" => Dispute,
    /// Chargeback resolved in your favour, funds returned.
    DisputeWon: "dispute.won" => Dispute,
    /// More onboarding information needed from you.
    MerchantKybActionRequired: "merchant.kyb.action_required" => Merchant,
    /// Onboarding finalised; live keys now usable.
    MerchantKybApproved: "merchant.kyb.approved" => Merchant,
    /// Authorisation approved by the issuer, funds reserved.
    PaymentCaptured: "payment.captured" => Payment,
    /// Authorisation declined or settlement returned; see `failure_code`.
    PaymentFailed: "payment.failed" => Payment,
    /// Card details accepted at checkout, awaiting authorisation.
    PaymentReceived: "payment.received" => Payment,
    /// Full or partial refund processed.
    PaymentRefunded: "payment.refunded" => Payment,
    /// Funds confirmed in the bank account; settlement reference attached.
    PaymentSettled: "payment.settled" => Payment,
    /// The payment partner has initiated settlement to the nominated bank account.
    PaymentSettling: "payment.settling" => Payment,
    /// Card stored on a customer (vaulted, tokenised).
    PaymentMethodAttached: "payment_method.attached" => PaymentMethod,
    /// Stored card removed from a customer.
    PaymentMethodDetached: "payment_method.detached" => PaymentMethod,
    /// Refund initiated, awaiting the payment partner's confirmation.
    RefundCreated: "refund.created" => Refund,
    /// Refund could not be processed; see `failure_code`.
    RefundFailed: "refund.failed" => Refund,
    /// Refund completed at the cardholder's issuer.
    RefundSucceeded: "refund.succeeded" => Refund,
    /// A settlement batch closed; aggregate of payment.settled events.
    SettlementCompleted: "settlement.completed" => Settlement,
    /// Subscription cancelled, at once or at the period's end.
    SubscriptionCancelled: "subscription.cancelled" => Subscription,
    /// New recurring subscription started.
    SubscriptionCreated: "subscription.created" => Subscription,
    /// Scheduled recurring charge declined; retry schedule attached.
    SubscriptionPaymentFailed: "subscription.payment.failed" => Subscription,
    /// Scheduled recurring charge succeeded.
    SubscriptionPaymentSucceeded: "subscription.payment.succeeded" => Subscription,
    /// Plan, schedule or quantity changed.
    SubscriptionUpdated: "subscription.updated" => Subscription,
}

impl_identified!(CheckoutSession, CheckoutSessionId);
impl_identified!(Customer, CustomerId);
impl_identified!(Dispute, DisputeId);
impl_identified!(Payment, PaymentId);
impl_identified!(PaymentMethod, PaymentMethodId);
impl_identified!(Subscription, SubscriptionId);
