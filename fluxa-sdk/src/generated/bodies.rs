// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Constructors and setters of request bodies; pages of lists.
use crate::generated::types::*;
impl AdvanceClock {
    /// How far to move the clock.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        Self { seconds: seconds }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::number("seconds", self.seconds, 0i64..=315360000i64)?;
        Ok(())
    }
}

impl AdvancePayment {
    /// Where to move a payment.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(to: impl Into<crate::generated::enums::PaymentState>) -> Self {
        Self { to: to.into() }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        Ok(())
    }
}

impl AttachPaymentMethod {
    /// Whom to attach a payment method to.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        customer: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Self {
        Self {
            customer: customer.into_unchecked(),
        }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        self.customer.check()?;
        Ok(())
    }
}

impl CancelSubscription {
    /// How to cancel a subscription.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            at_period_end: Default::default(),
        }
    }

    /// True: let the paid period run out. Default: false, at once.
    #[must_use]
    pub fn at_period_end(mut self, value: bool) -> Self {
        self.at_period_end = Some(value);
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        Ok(())
    }
}

impl CompleteCheckoutSession {
    /// The card to pay a session with.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(card: impl Into<TestCard>) -> Self {
        Self { card: card.into() }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        self.card.check()?;
        Ok(())
    }
}

impl CreateApiKey {
    /// An API key to create.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        kind: impl Into<crate::generated::enums::ApiKeyKind>,
        name: impl Into<::std::string::String>,
    ) -> Self {
        Self {
            ip_allowlist: Default::default(),
            kind: kind.into(),
            metadata: Default::default(),
            name: name.into(),
            scopes: Default::default(),
        }
    }

    /// CIDR ranges it may be used from; empty means anywhere.
    #[must_use]
    pub fn ip_allowlist(
        mut self,
        value: impl IntoIterator<Item = impl Into<::std::string::String>>,
    ) -> Self {
        self.ip_allowlist = value.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// What a restricted key may do.
    #[must_use]
    pub fn scopes(
        mut self,
        value: impl IntoIterator<Item = impl Into<::std::string::String>>,
    ) -> Self {
        self.scopes = value.into_iter().map(Into::into).collect();
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::metadata(&self.metadata)?;
        crate::validate::text("name", &self.name, 100usize)?;
        Ok(())
    }
}

impl CreateCheckoutSession {
    /// A checkout session to open.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        money: crate::money::Money,
        success_url: impl Into<::std::string::String>,
        cancel_url: impl Into<::std::string::String>,
    ) -> Self {
        Self {
            amount: money.amount_minor,
            cancel_url: cancel_url.into(),
            currency: money.currency,
            customer: Default::default(),
            metadata: Default::default(),
            success_url: success_url.into(),
            ui_mode: Default::default(),
        }
    }

    /// Store the card for this customer.
    #[must_use]
    pub fn customer(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Self {
        self.customer = Some(value.into_unchecked());
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Default: hosted.
    #[must_use]
    pub fn ui_mode(
        mut self,
        value: impl Into<crate::generated::enums::CheckoutUiMode>,
    ) -> Self {
        self.ui_mode = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::amount(self.amount)?;
        crate::validate::url("cancel_url", &self.cancel_url)?;
        crate::validate::currency(&self.currency)?;
        if let Some(value) = &self.customer {
            value.check()?;
        }
        crate::validate::metadata(&self.metadata)?;
        crate::validate::url("success_url", &self.success_url)?;
        Ok(())
    }
}

impl CreateCustomer {
    /// A customer to create.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(email: impl Into<::std::string::String>) -> Self {
        Self {
            email: email.into(),
            metadata: Default::default(),
            name: Default::default(),
            phone: Default::default(),
        }
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Full name.
    #[must_use]
    pub fn name(mut self, value: impl Into<::std::string::String>) -> Self {
        self.name = Some(value.into());
        self
    }

    /// Telephone number.
    #[must_use]
    pub fn phone(mut self, value: impl Into<::std::string::String>) -> Self {
        self.phone = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::email("email", &self.email)?;
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.name {
            crate::validate::text("name", value, 200usize)?;
        }
        if let Some(value) = &self.phone {
            crate::validate::text("phone", value, 40usize)?;
        }
        Ok(())
    }
}

impl CreateListenSession {
    /// A listen session to open.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            events: Default::default(),
            metadata: Default::default(),
        }
    }

    /// Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[must_use]
    pub fn events(
        mut self,
        value: impl IntoIterator<Item = impl Into<crate::generated::events::EventType>>,
    ) -> Self {
        self.events = value.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::metadata(&self.metadata)?;
        Ok(())
    }
}

impl CreatePayment {
    /// A charge on a stored payment method. A decline is an answer too: a payment in state `FAILED`.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(money: crate::money::Money) -> Self {
        Self {
            amount: money.amount_minor,
            currency: money.currency,
            customer: Default::default(),
            metadata: Default::default(),
            payment_method: Default::default(),
        }
    }

    /// Whose default method to charge when none is named.
    #[must_use]
    pub fn customer(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Self {
        self.customer = Some(value.into_unchecked());
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// The method to charge.
    #[must_use]
    pub fn payment_method(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Self {
        self.payment_method = Some(value.into_unchecked());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::amount(self.amount)?;
        crate::validate::currency(&self.currency)?;
        if let Some(value) = &self.customer {
            value.check()?;
        }
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.payment_method {
            value.check()?;
        }
        Ok(())
    }
}

impl CreateRefund {
    /// A refund to make.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        payment: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Self {
        Self {
            amount: Default::default(),
            metadata: Default::default(),
            payment: payment.into_unchecked(),
            reason: Default::default(),
        }
    }

    /// Amount in minor units; all that remains when absent.
    #[must_use]
    pub fn amount(mut self, value: i64) -> Self {
        self.amount = Some(value);
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Your reason.
    #[must_use]
    pub fn reason(mut self, value: impl Into<::std::string::String>) -> Self {
        self.reason = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.amount {
            crate::validate::number("amount", *value, 1i64..=99999999i64)?;
        }
        crate::validate::metadata(&self.metadata)?;
        self.payment.check()?;
        if let Some(value) = &self.reason {
            crate::validate::text("reason", value, 500usize)?;
        }
        Ok(())
    }
}

impl CreateSandboxDispute {
    /// A dispute to raise.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        payment: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Self {
        Self {
            payment: payment.into_unchecked(),
            reason: Default::default(),
        }
    }

    /// Default: general.
    #[must_use]
    pub fn reason(
        mut self,
        value: impl Into<crate::generated::enums::DisputeReason>,
    ) -> Self {
        self.reason = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        self.payment.check()?;
        Ok(())
    }
}

impl CreateSubscription {
    /// A subscription to start.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        customer: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
        money: crate::money::Money,
        interval: impl Into<crate::generated::enums::SubscriptionInterval>,
    ) -> Self {
        Self {
            amount: money.amount_minor,
            currency: money.currency,
            customer: customer.into_unchecked(),
            interval: interval.into(),
            interval_count: Default::default(),
            metadata: Default::default(),
            payment_method: Default::default(),
            quantity: Default::default(),
            trial_end: Default::default(),
        }
    }

    /// Length of a period, in intervals. Default: 1.
    #[must_use]
    pub fn interval_count(mut self, value: i64) -> Self {
        self.interval_count = Some(value);
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// What is charged; the customer's default when absent.
    #[must_use]
    pub fn payment_method(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Self {
        self.payment_method = Some(value.into_unchecked());
        self
    }

    /// Number of units. Default: 1.
    #[must_use]
    pub fn quantity(mut self, value: i64) -> Self {
        self.quantity = Some(value);
        self
    }

    /// Charge nothing until then.
    #[must_use]
    pub fn trial_end(mut self, value: impl Into<crate::time::Timestamp>) -> Self {
        self.trial_end = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::amount(self.amount)?;
        crate::validate::currency(&self.currency)?;
        self.customer.check()?;
        if let Some(value) = &self.interval_count {
            crate::validate::number("interval_count", *value, 1i64..=365i64)?;
        }
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.payment_method {
            value.check()?;
        }
        if let Some(value) = &self.quantity {
            crate::validate::number("quantity", *value, 1i64..=1000000i64)?;
        }
        Ok(())
    }
}

impl CreateWebhookEndpoint {
    /// A webhook endpoint to create.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(url: impl Into<::std::string::String>) -> Self {
        Self {
            description: Default::default(),
            events: Default::default(),
            metadata: Default::default(),
            url: url.into(),
        }
    }

    /// Your note.
    #[must_use]
    pub fn description(mut self, value: impl Into<::std::string::String>) -> Self {
        self.description = Some(value.into());
        self
    }

    /// Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[must_use]
    pub fn events(
        mut self,
        value: impl IntoIterator<Item = impl Into<crate::generated::events::EventType>>,
    ) -> Self {
        self.events = value.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.description {
            crate::validate::text("description", value, 500usize)?;
        }
        crate::validate::metadata(&self.metadata)?;
        crate::validate::webhook_url(&self.url)?;
        Ok(())
    }
}

impl DisputeEvidence {
    /// Evidence for a dispute. Every field is free text.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            additional_information: Default::default(),
            cancellation_policy: Default::default(),
            customer_communication: Default::default(),
            product_description: Default::default(),
            receipt: Default::default(),
            refund_policy: Default::default(),
            shipping_documentation: Default::default(),
        }
    }

    /// Additional information.
    #[must_use]
    pub fn additional_information(
        mut self,
        value: impl Into<::std::string::String>,
    ) -> Self {
        self.additional_information = Some(value.into());
        self
    }

    /// Cancellation policy.
    #[must_use]
    pub fn cancellation_policy(
        mut self,
        value: impl Into<::std::string::String>,
    ) -> Self {
        self.cancellation_policy = Some(value.into());
        self
    }

    /// Customer communication.
    #[must_use]
    pub fn customer_communication(
        mut self,
        value: impl Into<::std::string::String>,
    ) -> Self {
        self.customer_communication = Some(value.into());
        self
    }

    /// Product description.
    #[must_use]
    pub fn product_description(
        mut self,
        value: impl Into<::std::string::String>,
    ) -> Self {
        self.product_description = Some(value.into());
        self
    }

    /// Receipt.
    #[must_use]
    pub fn receipt(mut self, value: impl Into<::std::string::String>) -> Self {
        self.receipt = Some(value.into());
        self
    }

    /// Refund policy.
    #[must_use]
    pub fn refund_policy(mut self, value: impl Into<::std::string::String>) -> Self {
        self.refund_policy = Some(value.into());
        self
    }

    /// Shipping documentation.
    #[must_use]
    pub fn shipping_documentation(
        mut self,
        value: impl Into<::std::string::String>,
    ) -> Self {
        self.shipping_documentation = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.additional_information {
            crate::validate::text("additional_information", value, 20000usize)?;
        }
        if let Some(value) = &self.cancellation_policy {
            crate::validate::text("cancellation_policy", value, 20000usize)?;
        }
        if let Some(value) = &self.customer_communication {
            crate::validate::text("customer_communication", value, 20000usize)?;
        }
        if let Some(value) = &self.product_description {
            crate::validate::text("product_description", value, 20000usize)?;
        }
        if let Some(value) = &self.receipt {
            crate::validate::text("receipt", value, 20000usize)?;
        }
        if let Some(value) = &self.refund_policy {
            crate::validate::text("refund_policy", value, 20000usize)?;
        }
        if let Some(value) = &self.shipping_documentation {
            crate::validate::text("shipping_documentation", value, 20000usize)?;
        }
        Ok(())
    }
}

impl RecordListenDelivery {
    /// What the local endpoint answered to an event.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        event: impl crate::id::IntoId<crate::generated::ids::EventId>,
        duration_ms: i64,
    ) -> Self {
        Self {
            attempt: Default::default(),
            duration_ms: duration_ms,
            error: Default::default(),
            event: event.into_unchecked(),
            response_status: Default::default(),
        }
    }

    /// Number of the attempt, from 1. Default: 1.
    #[must_use]
    pub fn attempt(mut self, value: i64) -> Self {
        self.attempt = Some(value);
        self
    }

    /// Why there was no answer.
    #[must_use]
    pub fn error(mut self, value: impl Into<::std::string::String>) -> Self {
        self.error = Some(value.into());
        self
    }

    /// HTTP status answered; absent when there was no answer.
    #[must_use]
    pub fn response_status(mut self, value: i64) -> Self {
        self.response_status = Some(value);
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.attempt {
            crate::validate::number("attempt", *value, 1i64..=1000000i64)?;
        }
        crate::validate::number("duration_ms", self.duration_ms, 0i64..=86400000i64)?;
        if let Some(value) = &self.error {
            crate::validate::text("error", value, 500usize)?;
        }
        self.event.check()?;
        if let Some(value) = &self.response_status {
            crate::validate::number("response_status", *value, 100i64..=599i64)?;
        }
        Ok(())
    }
}

impl RenewSubscription {
    /// How a renewal ends.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            outcome: Default::default(),
        }
    }

    /// Default: success.
    #[must_use]
    pub fn outcome(
        mut self,
        value: impl Into<crate::generated::enums::SandboxOutcome>,
    ) -> Self {
        self.outcome = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        Ok(())
    }
}

impl ResendEvent {
    /// Where to send an event again.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        endpoint: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
    ) -> Self {
        Self {
            endpoint: endpoint.into_unchecked(),
        }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        self.endpoint.check()?;
        Ok(())
    }
}

impl ResolveDispute {
    /// How a dispute ends.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(outcome: impl Into<crate::generated::enums::DisputeOutcome>) -> Self {
        Self { outcome: outcome.into() }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        Ok(())
    }
}

impl RotateSecret {
    /// How to rotate a secret.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            grace_seconds: Default::default(),
        }
    }

    /// Seconds that the old one stays valid: 3 600 (1 hour) to 2 592 000 (30 days). Default: 86 400 (24 hours).
    #[must_use]
    pub fn grace_seconds(mut self, value: i64) -> Self {
        self.grace_seconds = Some(value);
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.grace_seconds {
            crate::validate::number("grace_seconds", *value, 3600i64..=2592000i64)?;
        }
        Ok(())
    }
}

impl SetKybStatus {
    /// Where the onboarding stands.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(status: impl Into<crate::generated::enums::KybStatus>) -> Self {
        Self { status: status.into() }
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        Ok(())
    }
}

impl TestCard {
    /// A test card. The number is never stored, logged or echoed beyond its last four digits.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new(
        number: impl Into<crate::secret::SecretText>,
        exp_month: i64,
        exp_year: i64,
        cvc: impl Into<crate::secret::SecretText>,
    ) -> Self {
        Self {
            cvc: cvc.into(),
            exp_month: exp_month,
            exp_year: exp_year,
            name: Default::default(),
            number: number.into(),
            postcode: Default::default(),
        }
    }

    /// Ignored.
    #[must_use]
    pub fn name(mut self, value: impl Into<::std::string::String>) -> Self {
        self.name = Some(value.into());
        self
    }

    /// Any.
    #[must_use]
    pub fn postcode(mut self, value: impl Into<::std::string::String>) -> Self {
        self.postcode = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::number("exp_month", self.exp_month, 1i64..=12i64)?;
        crate::validate::number("exp_year", self.exp_year, 0i64..=9999i64)?;
        if let Some(value) = &self.name {
            crate::validate::text("name", value, 200usize)?;
        }
        if let Some(value) = &self.postcode {
            crate::validate::text("postcode", value, 20usize)?;
        }
        Ok(())
    }
}

impl UpdateApiKey {
    /// What may be changed on an API key.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ip_allowlist: Default::default(),
            metadata: Default::default(),
            name: Default::default(),
            scopes: Default::default(),
        }
    }

    /// CIDR ranges it may be used from; empty means anywhere.
    #[must_use]
    pub fn ip_allowlist(
        mut self,
        value: impl IntoIterator<Item = impl Into<::std::string::String>>,
    ) -> Self {
        self.ip_allowlist = value.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Your name for it.
    #[must_use]
    pub fn name(mut self, value: impl Into<::std::string::String>) -> Self {
        self.name = Some(value.into());
        self
    }

    /// What a restricted key may do.
    #[must_use]
    pub fn scopes(
        mut self,
        value: impl IntoIterator<Item = impl Into<::std::string::String>>,
    ) -> Self {
        self.scopes = value.into_iter().map(Into::into).collect();
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.name {
            crate::validate::text("name", value, 100usize)?;
        }
        Ok(())
    }
}

impl UpdateCustomer {
    /// What may be changed on a customer.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            default_payment_method: Default::default(),
            email: Default::default(),
            metadata: Default::default(),
            name: Default::default(),
            phone: Default::default(),
        }
    }

    /// Charged when no method is named.
    #[must_use]
    pub fn default_payment_method(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Self {
        self.default_payment_method = Some(value.into_unchecked());
        self
    }

    /// Email address.
    #[must_use]
    pub fn email(mut self, value: impl Into<::std::string::String>) -> Self {
        self.email = Some(value.into());
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Full name.
    #[must_use]
    pub fn name(mut self, value: impl Into<::std::string::String>) -> Self {
        self.name = Some(value.into());
        self
    }

    /// Telephone number.
    #[must_use]
    pub fn phone(mut self, value: impl Into<::std::string::String>) -> Self {
        self.phone = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.default_payment_method {
            value.check()?;
        }
        if let Some(value) = &self.email {
            crate::validate::email("email", value)?;
        }
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.name {
            crate::validate::text("name", value, 200usize)?;
        }
        if let Some(value) = &self.phone {
            crate::validate::text("phone", value, 40usize)?;
        }
        Ok(())
    }
}

impl UpdatePayment {
    /// What may be changed on a payment.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            metadata: Default::default(),
        }
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        crate::validate::metadata(&self.metadata)?;
        Ok(())
    }
}

impl UpdateSubscription {
    /// What may be changed on a subscription.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            amount: Default::default(),
            cancel_at_period_end: Default::default(),
            metadata: Default::default(),
            payment_method: Default::default(),
            proration_behaviour: Default::default(),
            quantity: Default::default(),
        }
    }

    /// Amount of one unit for one period, in minor units.
    #[must_use]
    pub fn amount(mut self, value: i64) -> Self {
        self.amount = Some(value);
        self
    }

    /// Whether it ends with the current period.
    #[must_use]
    pub fn cancel_at_period_end(mut self, value: bool) -> Self {
        self.cancel_at_period_end = Some(value);
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// What is charged.
    #[must_use]
    pub fn payment_method(
        mut self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Self {
        self.payment_method = Some(value.into_unchecked());
        self
    }

    /// Whether a change of amount or quantity is prorated.
    #[must_use]
    pub fn proration_behaviour(
        mut self,
        value: impl Into<crate::generated::enums::ProrationBehaviour>,
    ) -> Self {
        self.proration_behaviour = Some(value.into());
        self
    }

    /// Number of units.
    #[must_use]
    pub fn quantity(mut self, value: i64) -> Self {
        self.quantity = Some(value);
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.amount {
            crate::validate::amount(*value)?;
        }
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.payment_method {
            value.check()?;
        }
        if let Some(value) = &self.quantity {
            crate::validate::number("quantity", *value, 1i64..=1000000i64)?;
        }
        Ok(())
    }
}

impl UpdateWebhookEndpoint {
    /// What may be changed on a webhook endpoint.
    ///
    /// Takes what is required; the rest is set by the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self {
            description: Default::default(),
            events: Default::default(),
            metadata: Default::default(),
            status: Default::default(),
            url: Default::default(),
        }
    }

    /// Your note.
    #[must_use]
    pub fn description(mut self, value: impl Into<::std::string::String>) -> Self {
        self.description = Some(value.into());
        self
    }

    /// Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[must_use]
    pub fn events(
        mut self,
        value: impl IntoIterator<Item = impl Into<crate::generated::events::EventType>>,
    ) -> Self {
        self.events = value.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a pair to the metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Whether an endpoint receives events.
    #[must_use]
    pub fn status(
        mut self,
        value: impl Into<crate::generated::enums::WebhookEndpointStatus>,
    ) -> Self {
        self.status = Some(value.into());
        self
    }

    /// Where to send events.
    #[must_use]
    pub fn url(mut self, value: impl Into<::std::string::String>) -> Self {
        self.url = Some(value.into());
        self
    }

    /// Checks what can be checked before anything is sent.
    #[allow(
        dead_code,
        clippy::allow_attributes,
        reason = "not every body is sent by itself"
    )]
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if let Some(value) = &self.description {
            crate::validate::text("description", value, 500usize)?;
        }
        crate::validate::metadata(&self.metadata)?;
        if let Some(value) = &self.url {
            crate::validate::webhook_url(value)?;
        }
        Ok(())
    }
}

impl crate::id::sealed::Sealed for ApiKeyList {}
impl crate::pagination::Page for ApiKeyList {
    type Item = ApiKey;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<ApiKey> {
        self.data
    }
}

impl crate::id::sealed::Sealed for CheckoutSessionList {}
impl crate::pagination::Page for CheckoutSessionList {
    type Item = CheckoutSession;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<CheckoutSession> {
        self.data
    }
}

impl crate::id::sealed::Sealed for CustomerList {}
impl crate::pagination::Page for CustomerList {
    type Item = Customer;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Customer> {
        self.data
    }
}

impl crate::id::sealed::Sealed for DisputeList {}
impl crate::pagination::Page for DisputeList {
    type Item = Dispute;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Dispute> {
        self.data
    }
}

impl crate::id::sealed::Sealed for EventList {}
impl crate::pagination::Page for EventList {
    type Item = crate::generated::events::Event;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<crate::generated::events::Event> {
        self.data
    }
}

impl crate::id::sealed::Sealed for LedgerEntryList {}
impl crate::pagination::Page for LedgerEntryList {
    type Item = LedgerEntry;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<LedgerEntry> {
        self.data
    }
}

impl crate::id::sealed::Sealed for PaymentHistoryEntryList {}
impl crate::pagination::Page for PaymentHistoryEntryList {
    type Item = PaymentHistoryEntry;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<PaymentHistoryEntry> {
        self.data
    }
}

impl crate::id::sealed::Sealed for PaymentList {}
impl crate::pagination::Page for PaymentList {
    type Item = Payment;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Payment> {
        self.data
    }
}

impl crate::id::sealed::Sealed for PaymentMethodList {}
impl crate::pagination::Page for PaymentMethodList {
    type Item = PaymentMethod;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<PaymentMethod> {
        self.data
    }
}

impl crate::id::sealed::Sealed for RefundList {}
impl crate::pagination::Page for RefundList {
    type Item = Refund;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Refund> {
        self.data
    }
}

impl crate::id::sealed::Sealed for RequestLogList {}
impl crate::pagination::Page for RequestLogList {
    type Item = RequestLog;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<RequestLog> {
        self.data
    }
}

impl crate::id::sealed::Sealed for SettlementList {}
impl crate::pagination::Page for SettlementList {
    type Item = Settlement;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Settlement> {
        self.data
    }
}

impl crate::id::sealed::Sealed for SubscriptionList {}
impl crate::pagination::Page for SubscriptionList {
    type Item = Subscription;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Subscription> {
        self.data
    }
}

impl crate::id::sealed::Sealed for WebhookDeliveryList {}
impl crate::pagination::Page for WebhookDeliveryList {
    type Item = WebhookDelivery;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<WebhookDelivery> {
        self.data
    }
}

impl crate::id::sealed::Sealed for WebhookEndpointList {}
impl crate::pagination::Page for WebhookEndpointList {
    type Item = WebhookEndpoint;
    fn has_more(&self) -> bool {
        self.has_more
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn into_items(self) -> Vec<WebhookEndpoint> {
        self.data
    }
}
