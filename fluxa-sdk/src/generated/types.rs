// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! The objects of the API, and the bodies of its requests.
///How far to move the clock.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdvanceClock {
    ///Seconds forward.
    pub seconds: i64,
}

///Where to move a payment.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdvancePayment {
    /// The state to reach; states on the way are passed through.
    pub to: crate::generated::enums::PaymentState,
}

///A key to the API.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiKey {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///When it stops working, while rotating.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub expires_at: ::std::option::Option<crate::time::Timestamp>,
    /// Unique id.
    pub id: crate::generated::ids::ApiKeyId,
    ///CIDR ranges it may be used from; empty means anywhere.
    pub ip_allowlist: ::std::vec::Vec<::std::string::String>,
    /// Kind of an API key.
    pub kind: crate::generated::enums::ApiKeyKind,
    ///Last four characters.
    pub last4: ::std::string::String,
    ///When it was last used.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub last_used_at: ::std::option::Option<crate::time::Timestamp>,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Your name for it.
    pub name: ::std::string::String,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///The key it replaces.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub rotated_from: ::std::option::Option<crate::generated::ids::ApiKeyId>,
    ///What a restricted key may do; empty for the other kinds.
    pub scopes: ::std::vec::Vec<::std::string::String>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// The key itself. Only in the answer to create and rotate.
    pub secret: ::std::option::Option<crate::secret::SecretText>,
    /// Status of an API key.
    pub status: crate::generated::enums::ApiKeyStatus,
}

///One page of API keys, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiKeyList {
    ///The items.
    pub data: ::std::vec::Vec<ApiKey>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///Whom to attach a payment method to.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AttachPaymentMethod {
    /// The customer.
    pub customer: crate::generated::ids::CustomerId,
}

///How to cancel a subscription.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CancelSubscription {
    ///True: let the paid period run out. Default: false, at once.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub at_period_end: ::std::option::Option<bool>,
}

///What may be known of a card.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Card {
    /// Card scheme.
    pub brand: crate::generated::enums::CardBrand,
    ///Country of the issuer, ISO 3166-1 alpha-2.
    pub country: ::std::string::String,
    ///Month of expiry, 1–12.
    pub exp_month: i64,
    ///Year of expiry, four digits.
    pub exp_year: i64,
    /// Kind of card account.
    pub funding: crate::generated::enums::CardFunding,
    ///Last four digits.
    pub last4: ::std::string::String,
}

///One visit to the checkout: a page, hosted or embedded, where a card is charged.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckoutSession {
    ///Amount to pay, in minor units.
    pub amount: i64,
    ///Where the cardholder goes after giving up.
    pub cancel_url: ::std::string::String,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    ///Whose checkout it is; the card paid with is stored for this customer.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub customer: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::CustomerId,
            crate::generated::types::Customer,
        >,
    >,
    /// When it expires: 24 hours after creation.
    pub expires_at: crate::time::Timestamp,
    /// Unique id.
    pub id: crate::generated::ids::CheckoutSessionId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///The payment, once complete.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub payment: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::PaymentId,
            crate::generated::types::Payment,
        >,
    >,
    /// Status of a checkout session.
    pub status: crate::generated::enums::CheckoutSessionStatus,
    ///The subscription it starts.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub subscription: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::SubscriptionId,
            crate::generated::types::Subscription,
        >,
    >,
    ///Where the cardholder goes after paying; %7BCHECKOUT_SESSION_ID%7D in it is replaced by the id of the session.
    pub success_url: ::std::string::String,
    /// Where the checkout is shown.
    pub ui_mode: crate::generated::enums::CheckoutUiMode,
    ///The checkout page.
    pub url: ::std::string::String,
}

///One page of checkout sessions, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckoutSessionList {
    ///The items.
    pub data: ::std::vec::Vec<CheckoutSession>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///The card to pay a session with.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CompleteCheckoutSession {
    /// A test card. The number is never stored, logged or echoed beyond its last four digits.
    pub card: TestCard,
}

///An API key to create.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateApiKey {
    ///CIDR ranges it may be used from; empty means anywhere.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub ip_allowlist: ::std::vec::Vec<::std::string::String>,
    /// Kind of an API key.
    pub kind: crate::generated::enums::ApiKeyKind,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Your name for it.
    pub name: ::std::string::String,
    ///What a restricted key may do.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub scopes: ::std::vec::Vec<::std::string::String>,
}

///A checkout session to open.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateCheckoutSession {
    ///Amount in the smallest currency unit (pence for GBP), from 30 to 99 999 999.
    pub amount: i64,
    ///Where to send the cardholder who gives up.
    pub cancel_url: ::std::string::String,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Store the card for this customer.
    pub customer: ::std::option::Option<crate::generated::ids::CustomerId>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Where to send the cardholder after paying. {CHECKOUT_SESSION_ID} in it, escaped as %7BCHECKOUT_SESSION_ID%7D or not, is replaced by the id of the session.
    pub success_url: ::std::string::String,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Default: hosted.
    pub ui_mode: ::std::option::Option<crate::generated::enums::CheckoutUiMode>,
}

///A customer to create.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateCustomer {
    ///Email address.
    pub email: ::std::string::String,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Full name.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name: ::std::option::Option<::std::string::String>,
    ///Telephone number.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub phone: ::std::option::Option<::std::string::String>,
}

///A listen session to open.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CreateListenSession {
    ///Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub events: ::std::vec::Vec<crate::generated::events::EventType>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
}

///A charge on a stored payment method. A decline is an answer too: a payment in state `FAILED`.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreatePayment {
    ///Amount in the smallest currency unit (pence for GBP), from 30 to 99 999 999.
    pub amount: i64,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Whose default method to charge when none is named.
    pub customer: ::std::option::Option<crate::generated::ids::CustomerId>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// The method to charge.
    pub payment_method: ::std::option::Option<crate::generated::ids::PaymentMethodId>,
}

///A refund to make.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateRefund {
    ///Amount in minor units; all that remains when absent.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub amount: ::std::option::Option<i64>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    /// The payment to refund.
    pub payment: crate::generated::ids::PaymentId,
    ///Your reason.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub reason: ::std::option::Option<::std::string::String>,
}

///A dispute to raise.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateSandboxDispute {
    /// The payment to dispute.
    pub payment: crate::generated::ids::PaymentId,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Default: general.
    pub reason: ::std::option::Option<crate::generated::enums::DisputeReason>,
}

///A subscription to start.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateSubscription {
    ///Amount in the smallest currency unit (pence for GBP), from 30 to 99 999 999.
    pub amount: i64,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    /// Who is charged.
    pub customer: crate::generated::ids::CustomerId,
    /// Unit of the billing period.
    pub interval: crate::generated::enums::SubscriptionInterval,
    ///Length of a period, in intervals. Default: 1.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub interval_count: ::std::option::Option<i64>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// What is charged; the customer's default when absent.
    pub payment_method: ::std::option::Option<crate::generated::ids::PaymentMethodId>,
    ///Number of units. Default: 1.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub quantity: ::std::option::Option<i64>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Charge nothing until then.
    pub trial_end: ::std::option::Option<crate::time::Timestamp>,
}

///A webhook endpoint to create.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateWebhookEndpoint {
    ///Your note.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<::std::string::String>,
    ///Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub events: ::std::vec::Vec<crate::generated::events::EventType>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Where to send events: https; plain http only to a loopback address in test mode.
    pub url: ::std::string::String,
}

///A cardholder that you charge more than once.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Customer {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///Charged when no method is named.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub default_payment_method: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::PaymentMethodId,
            crate::generated::types::PaymentMethod,
        >,
    >,
    ///Email address.
    pub email: ::std::string::String,
    /// Unique id.
    pub id: crate::generated::ids::CustomerId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Full name.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub name: ::std::option::Option<::std::string::String>,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///Telephone number.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub phone: ::std::option::Option<::std::string::String>,
}

///One page of customers, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CustomerList {
    ///The items.
    pub data: ::std::vec::Vec<Customer>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///Confirmation of a deletion.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeletedObject {
    ///Always true.
    pub deleted: bool,
    ///Id of the deleted object.
    pub id: ::std::string::String,
    ///Name of its resource.
    pub object: ::std::string::String,
}

///A chargeback.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dispute {
    ///Amount disputed, in minor units.
    pub amount: i64,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Evidence for a dispute. Every field is free text.
    pub evidence: ::std::option::Option<DisputeEvidence>,
    ///Deadline for evidence.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub evidence_due_by: ::std::option::Option<crate::time::Timestamp>,
    /// Unique id.
    pub id: crate::generated::ids::DisputeId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    /// The payment disputed.
    pub payment: crate::expand::Expandable<
        crate::generated::ids::PaymentId,
        crate::generated::types::Payment,
    >,
    /// Why the cardholder disputes the payment.
    pub reason: crate::generated::enums::DisputeReason,
    /// Status of a dispute.
    pub status: crate::generated::enums::DisputeStatus,
}

///Evidence for a dispute. Every field is free text.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DisputeEvidence {
    ///Additional information.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub additional_information: ::std::option::Option<::std::string::String>,
    ///Cancellation policy.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cancellation_policy: ::std::option::Option<::std::string::String>,
    ///Customer communication.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub customer_communication: ::std::option::Option<::std::string::String>,
    ///Product description.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub product_description: ::std::option::Option<::std::string::String>,
    ///Receipt.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub receipt: ::std::option::Option<::std::string::String>,
    ///Refund policy.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub refund_policy: ::std::option::Option<::std::string::String>,
    ///Shipping documentation.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub shipping_documentation: ::std::option::Option<::std::string::String>,
}

///One page of disputes, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DisputeList {
    ///The items.
    pub data: ::std::vec::Vec<Dispute>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///One page of events, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventList {
    ///The items.
    pub data: ::std::vec::Vec<crate::generated::events::Event>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///Balance of one account.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerBalance {
    /// Account of the double-entry ledger.
    pub account: crate::generated::enums::LedgerAccount,
    ///Debits less credits, in minor units.
    pub balance: i64,
    ///Sum of credits, in minor units.
    pub credits: i64,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    ///Sum of debits, in minor units.
    pub debits: i64,
}

///Balances of all accounts. They sum to zero.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerBalances {
    /// When they were taken.
    pub as_of: crate::time::Timestamp,
    ///One per account and currency.
    pub balances: ::std::vec::Vec<LedgerBalance>,
    ///False in the sandbox.
    pub livemode: bool,
    ///Name of the resource.
    pub object: ::std::string::String,
}

///One side of a double entry. The entries of one transaction sum to zero.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// Account of the double-entry ledger.
    pub account: crate::generated::enums::LedgerAccount,
    ///Amount, in minor units.
    pub amount: i64,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    /// Side of a ledger entry.
    pub direction: crate::generated::enums::LedgerDirection,
    /// Unique id.
    pub id: crate::generated::ids::LedgerEntryId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///The payment it is about.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub payment: ::std::option::Option<crate::generated::ids::PaymentId>,
    ///Groups the entries that balance each other.
    pub transaction: ::std::string::String,
}

///One page of ledger entries, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerEntryList {
    ///The items.
    pub data: ::std::vec::Vec<LedgerEntry>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///A terminal that receives events by the event stream.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ListenSession {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///Types wanted; empty means all.
    pub events: ::std::vec::Vec<crate::generated::events::EventType>,
    /// Unique id.
    pub id: crate::generated::ids::ListenSessionId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    /// Signing secret, `whsec_…`: the same for every session of one API key.
    pub secret: crate::secret::SecretText,
    ///URL of the event stream.
    pub stream_url: ::std::string::String,
}

///The account itself.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Merchant {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// Unique id.
    pub id: crate::generated::ids::MerchantId,
    /// Progress of the merchant's onboarding.
    pub kyb_status: crate::generated::enums::KybStatus,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Trading name.
    pub name: ::std::string::String,
    ///Name of the resource.
    pub object: ::std::string::String,
}

///A card payment. The same shape comes back from the API and in `payment.*` events.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Payment {
    ///Amount charged, in minor units.
    pub amount: i64,
    ///Refunded so far, in minor units.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub amount_refunded: ::std::option::Option<i64>,
    ///When it was captured.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub captured_at: ::std::option::Option<crate::time::Timestamp>,
    ///The session it was made in.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub checkout_session: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::CheckoutSessionId,
            crate::generated::types::CheckoutSession,
        >,
    >,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    ///Whose payment it is.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub customer: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::CustomerId,
            crate::generated::types::Customer,
        >,
    >,
    ///The dispute about it.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub dispute: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::DisputeId,
            crate::generated::types::Dispute,
        >,
    >,
    ///When it failed.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub failed_at: ::std::option::Option<crate::time::Timestamp>,
    ///Why it failed.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub failure_code: ::std::option::Option<crate::generated::enums::FailureCode>,
    ///Why it failed, in words.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub failure_message: ::std::option::Option<::std::string::String>,
    ///Fee, in minor units: 1.4 % + 29p, half up. Null before capture.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub fee: ::std::option::Option<i64>,
    /// Unique id.
    pub id: crate::generated::ids::PaymentId,
    ///The last accounting state reached; null before capture.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub ledger_state: ::std::option::Option<crate::generated::enums::LedgerState>,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///`amount` less `fee`, in minor units: what reaches the bank account. Null before capture.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub net: ::std::option::Option<i64>,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///The method charged.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub payment_method: ::std::option::Option<PaymentMethodDetails>,
    ///When the first refund was processed.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub refunded_at: ::std::option::Option<crate::time::Timestamp>,
    ///When the funds arrived.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settled_at: ::std::option::Option<crate::time::Timestamp>,
    ///The settlement batch; only when expanded.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settlement: ::std::option::Option<Settlement>,
    ///How it was settled.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settlement_method: ::std::option::Option<
        crate::generated::enums::SettlementMethod,
    >,
    ///Reference on the bank statement line: `STL-YYYY-MM-DD-FX-NNNNN`.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settlement_reference: ::std::option::Option<::std::string::String>,
    ///When settlement is due, while SETTLING.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settlement_scheduled_for: ::std::option::Option<crate::time::Timestamp>,
    ///When settlement began.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settling_at: ::std::option::Option<crate::time::Timestamp>,
    /// State of a payment.
    pub state: crate::generated::enums::PaymentState,
    ///The subscription that it is a charge of.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub subscription: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::SubscriptionId,
            crate::generated::types::Subscription,
        >,
    >,
    ///Outcome of the authentication.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub three_d_secure: ::std::option::Option<ThreeDSecure>,
    ///URL of this payment in the API.
    pub url: ::std::string::String,
}

///One move of a payment. History is append-only.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentHistoryEntry {
    /// Who caused a move.
    pub actor: crate::generated::enums::HistoryActor,
    /// When it moved.
    pub at: crate::time::Timestamp,
    /// State after.
    pub new_state: crate::generated::enums::PaymentState,
    ///Name of the resource.
    pub object: ::std::string::String,
    /// The payment that moved.
    pub payment: crate::generated::ids::PaymentId,
    ///State before; null for the first entry.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub previous_state: ::std::option::Option<crate::generated::enums::PaymentState>,
    ///Reason code.
    pub reason: ::std::string::String,
}

///One page of moves of a payment, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentHistoryEntryList {
    ///The items.
    pub data: ::std::vec::Vec<PaymentHistoryEntry>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///One page of payments, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentList {
    ///The items.
    pub data: ::std::vec::Vec<Payment>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///A stored, tokenised means of payment.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentMethod {
    ///Set for cards.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub card: ::std::option::Option<Card>,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///The customer it is attached to.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub customer: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::CustomerId,
            crate::generated::types::Customer,
        >,
    >,
    /// Unique id.
    pub id: crate::generated::ids::PaymentMethodId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    #[serde(rename = "type")]
    /// Kind of payment method.
    pub type_: crate::generated::enums::PaymentMethodType,
}

///The method a payment was made with.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentMethodDetails {
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Set for cards.
    pub card: ::std::option::Option<Card>,
    #[serde(rename = "type")]
    /// Kind of payment method.
    pub type_: crate::generated::enums::PaymentMethodType,
}

///One page of payment methods, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PaymentMethodList {
    ///The items.
    pub data: ::std::vec::Vec<PaymentMethod>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///What the local endpoint answered to an event.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordListenDelivery {
    ///Number of the attempt, from 1. Default: 1.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub attempt: ::std::option::Option<i64>,
    ///How long it took, in milliseconds.
    pub duration_ms: i64,
    ///Why there was no answer.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub error: ::std::option::Option<::std::string::String>,
    /// The event forwarded.
    pub event: crate::generated::ids::EventId,
    ///HTTP status answered; absent when there was no answer.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub response_status: ::std::option::Option<i64>,
}

///A refund, in full or in part. It links back to its payment.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refund {
    ///Amount refunded, in minor units.
    pub amount: i64,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    ///Why it failed.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub failure_code: ::std::option::Option<crate::generated::enums::RefundFailureCode>,
    ///Why it failed, in words.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub failure_message: ::std::option::Option<::std::string::String>,
    /// Unique id.
    pub id: crate::generated::ids::RefundId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    /// The payment refunded.
    pub payment: crate::expand::Expandable<
        crate::generated::ids::PaymentId,
        crate::generated::types::Payment,
    >,
    ///Your reason.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub reason: ::std::option::Option<::std::string::String>,
    /// Status of a refund.
    pub status: crate::generated::enums::RefundStatus,
}

///One page of refunds, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefundList {
    ///The items.
    pub data: ::std::vec::Vec<Refund>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///How a renewal ends.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RenewSubscription {
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Default: success.
    pub outcome: ::std::option::Option<crate::generated::enums::SandboxOutcome>,
}

///One request to the API.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestLog {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///How long it took, in milliseconds.
    pub duration_ms: i64,
    ///Code of the error answered.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub error_code: ::std::option::Option<crate::generated::enums::ErrorCode>,
    /// Unique id.
    pub id: crate::generated::ids::RequestLogId,
    ///Its idempotency key.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub idempotency_key: ::std::option::Option<::std::string::String>,
    ///Address it came from.
    pub ip: ::std::string::String,
    ///The key used.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub key: ::std::option::Option<crate::generated::ids::ApiKeyId>,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///HTTP method.
    pub method: ::std::string::String,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///Path and query.
    pub path: ::std::string::String,
    ///HTTP status answered.
    pub status: i64,
}

///One page of request logs, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestLogList {
    ///The items.
    pub data: ::std::vec::Vec<RequestLog>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///Where to send an event again.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResendEvent {
    /// Any webhook endpoint of the account.
    pub endpoint: crate::generated::ids::WebhookEndpointId,
}

///How a dispute ends.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResolveDispute {
    /// How a dispute ends.
    pub outcome: crate::generated::enums::DisputeOutcome,
}

///How to rotate a secret.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RotateSecret {
    ///Seconds that the old one stays valid: 3 600 (1 hour) to 2 592 000 (30 days). Default: 86 400 (24 hours).
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub grace_seconds: ::std::option::Option<i64>,
}

///The sandbox's virtual clock.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SandboxClock {
    ///Always false.
    pub livemode: bool,
    /// How the sandbox's clock runs.
    pub mode: crate::generated::enums::ClockMode,
    /// Virtual time.
    pub now: crate::time::Timestamp,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///Virtual seconds per real second: 1 when real, 0 when frozen.
    pub pace: f64,
    ///Steps that wait for their time.
    pub pending_timers: i64,
}

///Health of one service.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Service {
    /// Name of a service.
    pub name: crate::generated::enums::ServiceName,
    /// Health of a service.
    pub status: crate::generated::enums::ServiceHealth,
}

///Where the onboarding stands.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SetKybStatus {
    /// Progress of the merchant's onboarding.
    pub status: crate::generated::enums::KybStatus,
}

///A settlement batch: one line on the merchant's bank statement.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settlement {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    ///Taken from the batch for disputes lost before it closed, in minor units; absent when nothing was.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub deductions: ::std::option::Option<i64>,
    ///Sum of their fees, in minor units.
    pub fees: i64,
    ///Sum of the payments' amounts, in minor units.
    pub gross: i64,
    /// Unique id.
    pub id: crate::generated::ids::SettlementId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    /// How a settlement reaches the bank account.
    pub method: crate::generated::enums::SettlementMethod,
    ///What reaches the bank account, in minor units: `gross` less `fees` and `deductions`.
    pub net: i64,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///Code of the payment partner.
    pub partner: ::std::string::String,
    ///Number of payments.
    pub payment_count: i64,
    ///Reference on the bank statement line.
    pub reference: ::std::string::String,
    ///When the funds arrived; null while open.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub settled_at: ::std::option::Option<crate::time::Timestamp>,
    /// Status of a settlement batch.
    pub status: crate::generated::enums::SettlementStatus,
}

///One page of settlements, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SettlementList {
    ///The items.
    pub data: ::std::vec::Vec<Settlement>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///Health of the platform.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    ///Name of the resource.
    pub object: ::std::string::String,
    /// Health of a service.
    pub overall: crate::generated::enums::ServiceHealth,
    ///One per service.
    pub services: ::std::vec::Vec<Service>,
    /// When it was checked.
    pub updated_at: crate::time::Timestamp,
}

///A recurring charge.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Subscription {
    ///Amount of one unit for one period, in minor units.
    pub amount: i64,
    ///Whether it ends with the current period.
    pub cancel_at_period_end: bool,
    ///When it was cancelled.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cancelled_at: ::std::option::Option<crate::time::Timestamp>,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    /// ISO 4217 currency code. Requests take either case; responses are upper case. Launch currency: `GBP`.
    pub currency: crate::money::Currency,
    /// End of the current period.
    pub current_period_end: crate::time::Timestamp,
    /// Start of the current period.
    pub current_period_start: crate::time::Timestamp,
    /// Who is charged.
    pub customer: crate::expand::Expandable<
        crate::generated::ids::CustomerId,
        crate::generated::types::Customer,
    >,
    /// Unique id.
    pub id: crate::generated::ids::SubscriptionId,
    /// Unit of the billing period.
    pub interval: crate::generated::enums::SubscriptionInterval,
    ///Length of a period, in intervals.
    pub interval_count: i64,
    ///The last charge.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub latest_payment: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::PaymentId,
            crate::generated::types::Payment,
        >,
    >,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///What is charged; null for the customer's default.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub payment_method: ::std::option::Option<
        crate::expand::Expandable<
            crate::generated::ids::PaymentMethodId,
            crate::generated::types::PaymentMethod,
        >,
    >,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Whether a change of amount or quantity is prorated.
    pub proration_behaviour: ::std::option::Option<
        crate::generated::enums::ProrationBehaviour,
    >,
    ///Number of units.
    pub quantity: i64,
    ///Planned retries while past_due.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub retry_schedule: ::std::vec::Vec<SubscriptionRetry>,
    /// Status of a subscription.
    pub status: crate::generated::enums::SubscriptionStatus,
    ///When the trial ends.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub trial_end: ::std::option::Option<crate::time::Timestamp>,
}

///One page of subscriptions, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionList {
    ///The items.
    pub data: ::std::vec::Vec<Subscription>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///One planned retry of a declined charge.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubscriptionRetry {
    ///Number of the retry, from 1.
    pub attempt: i64,
    /// When it will be made.
    pub scheduled_at: crate::time::Timestamp,
}

///A test card. The number is never stored, logged or echoed beyond its last four digits.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TestCard {
    /// Any three digits.
    pub cvc: crate::secret::SecretText,
    ///Month of expiry, 1–12.
    pub exp_month: i64,
    ///Year of expiry, four digits.
    pub exp_year: i64,
    ///Ignored.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name: ::std::option::Option<::std::string::String>,
    /// Test card number; blanks are ignored.
    pub number: crate::secret::SecretText,
    ///Any.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub postcode: ::std::option::Option<::std::string::String>,
}

///Outcome of the 3-D Secure authentication.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ThreeDSecure {
    ///Authentication cryptogram.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cavv: ::std::option::Option<::std::string::String>,
    ///Directory server transaction id.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub ds_trans_id: ::std::option::Option<::std::string::String>,
    ///Electronic commerce indicator.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub eci: ::std::option::Option<::std::string::String>,
    ///Exemption that applied, null if a full authentication ran.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub exemption: ::std::option::Option<crate::generated::enums::ThreeDSecureExemption>,
    /// How the cardholder was authenticated.
    pub method: crate::generated::enums::ThreeDSecureMethod,
    /// Outcome of the authentication.
    pub result: crate::generated::enums::ThreeDSecureResult,
    ///Protocol version.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub version: ::std::option::Option<::std::string::String>,
}

///What may be changed on an API key.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateApiKey {
    ///CIDR ranges it may be used from; empty means anywhere.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub ip_allowlist: ::std::vec::Vec<::std::string::String>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Your name for it.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name: ::std::option::Option<::std::string::String>,
    ///What a restricted key may do.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub scopes: ::std::vec::Vec<::std::string::String>,
}

///What may be changed on a customer.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateCustomer {
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Charged when no method is named.
    pub default_payment_method: ::std::option::Option<
        crate::generated::ids::PaymentMethodId,
    >,
    ///Email address.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub email: ::std::option::Option<::std::string::String>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Full name.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name: ::std::option::Option<::std::string::String>,
    ///Telephone number.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub phone: ::std::option::Option<::std::string::String>,
}

///What may be changed on a payment.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdatePayment {
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
}

///What may be changed on a subscription.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateSubscription {
    ///Amount in the smallest currency unit (pence for GBP), from 30 to 99 999 999.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub amount: ::std::option::Option<i64>,
    ///Whether it ends with the current period.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cancel_at_period_end: ::std::option::Option<bool>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// What is charged.
    pub payment_method: ::std::option::Option<crate::generated::ids::PaymentMethodId>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Whether a change of amount or quantity is prorated.
    pub proration_behaviour: ::std::option::Option<
        crate::generated::enums::ProrationBehaviour,
    >,
    ///Number of units.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub quantity: ::std::option::Option<i64>,
}

///What may be changed on a webhook endpoint.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateWebhookEndpoint {
    ///Your note.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<::std::string::String>,
    ///Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub events: ::std::vec::Vec<crate::generated::events::EventType>,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    #[serde(
        default,
        skip_serializing_if = ":: std :: collections :: BTreeMap::is_empty"
    )]
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Whether an endpoint receives events.
    pub status: ::std::option::Option<crate::generated::enums::WebhookEndpointStatus>,
    ///Where to send events.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub url: ::std::option::Option<::std::string::String>,
}

///One attempt to deliver an event to an endpoint.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookDelivery {
    ///Number of the attempt, from 1.
    pub attempt: i64,
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///How long the attempt took, in milliseconds.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub duration_ms: ::std::option::Option<i64>,
    ///The webhook endpoint (`we_`) or listen session (`lst_`) it went to.
    pub endpoint: ::std::string::String,
    ///Why there was no answer, or why no other attempt follows.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub error: ::std::option::Option<::std::string::String>,
    /// The event.
    pub event: crate::generated::ids::EventId,
    /// Unique id.
    pub id: crate::generated::ids::WebhookDeliveryId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///When the next attempt is due.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub next_attempt_at: ::std::option::Option<crate::time::Timestamp>,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///As sent.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub request: ::std::option::Option<WebhookDeliveryRequest>,
    ///As answered.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub response: ::std::option::Option<WebhookDeliveryResponse>,
    ///HTTP status answered; null when there was no answer.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub response_status: ::std::option::Option<i64>,
    /// Outcome of one attempt to deliver an event.
    pub status: crate::generated::enums::WebhookDeliveryStatus,
}

///One page of deliveries, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookDeliveryList {
    ///The items.
    pub data: ::std::vec::Vec<WebhookDelivery>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}

///A delivery as it was sent.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookDeliveryRequest {
    ///Body sent, cut at 64 KiB.
    pub body: ::std::string::String,
    ///Headers sent.
    pub headers: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///URL it was sent to.
    pub url: ::std::string::String,
}

///What the endpoint answered.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookDeliveryResponse {
    ///Body received, cut at 64 KiB.
    pub body: ::std::string::String,
    ///Headers received.
    pub headers: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
}

///A URL of yours that receives events.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookEndpoint {
    /// When it was created.
    pub created_at: crate::time::Timestamp,
    ///Your note.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<::std::string::String>,
    ///Types received; empty means all.
    pub events: ::std::vec::Vec<crate::generated::events::EventType>,
    /// Unique id.
    pub id: crate::generated::ids::WebhookEndpointId,
    ///False in the sandbox.
    pub livemode: bool,
    ///Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values.
    pub metadata: ::std::collections::BTreeMap<
        ::std::string::String,
        ::std::string::String,
    >,
    ///Name of the resource.
    pub object: ::std::string::String,
    ///While a secret rotates: until when the old one signs too.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub previous_secret_expires_at: ::std::option::Option<crate::time::Timestamp>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    /// Signing secret, `whsec_…`. Only in the answer to create and rotate_secret.
    pub secret: ::std::option::Option<crate::secret::SecretText>,
    /// Whether an endpoint receives events.
    pub status: crate::generated::enums::WebhookEndpointStatus,
    ///Where events are sent: https; plain http only to a loopback address in test mode.
    pub url: ::std::string::String,
}

///One page of webhook endpoints, newest first.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookEndpointList {
    ///The items.
    pub data: ::std::vec::Vec<WebhookEndpoint>,
    ///Whether another page follows.
    pub has_more: bool,
    ///Pass it as `after` for the next page; null on the last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}
