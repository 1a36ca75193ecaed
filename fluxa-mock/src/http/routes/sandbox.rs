//! Owns the sandbox operations: what a cardholder, a bank or time itself would do.

use super::payments::STATES;
use crate::domain::card::{Outcome, TestCard};
use crate::domain::checkout_session;
use crate::domain::dispute;
use crate::domain::error::DomainError;
use crate::domain::merchant::{self, KybStatus};
use crate::domain::payment::PaymentState;
use crate::domain::payment_flow;
use crate::domain::settlement;
use crate::domain::subscription;
use crate::http::expand::Node;
use crate::http::operation::{
    Answer, Answering, Method, Operation, ParamKind, list_body, optional, required,
};
use crate::store::{Resource, Tx};
use fluxa_sdk::contract::prefix;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct CompleteCheckoutSession {
    card: TestCard,
}

#[derive(Deserialize)]
struct AdvancePayment {
    to: PaymentState,
}

#[derive(Deserialize)]
struct ResolveDispute {
    outcome: dispute::Outcome,
}

#[derive(Deserialize)]
struct SetKybStatus {
    status: KybStatus,
}

/// Why cardholders dispute.
const DISPUTE_REASONS: &[&str] = &[
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "credit_not_processed",
    "subscription_cancelled",
    "general",
];

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post(
        "/sandbox/checkout/sessions/{id}/complete",
        "sandbox",
        |tx, input| {
            let CompleteCheckoutSession { card } = input.parse()?;
            let payment = checkout_session::complete(tx, input.id(), &card, input.timing)?;
            Ok(Answer::ok(payment.render(tx)))
        },
    )
    .id(prefix::CHECKOUT_SESSION)
    .params(&[required(
        "card",
        ParamKind::Object(&[
            required("number", ParamKind::CardData(32)),
            required("exp_month", ParamKind::Integer(1, 12)),
            required("exp_year", ParamKind::Integer(0, 9999)),
            required("cvc", ParamKind::CardData(4)),
            optional("name", ParamKind::Text(200)),
            optional("postcode", ParamKind::Text(20)),
        ]),
    )])
    .expand(Node::Payment),
    Operation::post("/sandbox/payments/{id}/advance", "sandbox", |tx, input| {
        let AdvancePayment { to } = input.parse()?;
        Ok(Answer::ok(
            payment_flow::advance(tx, input.id(), to)?.render(tx),
        ))
    })
    .id(prefix::PAYMENT)
    .params(&[required("to", ParamKind::Choice(STATES))])
    .expand(Node::Payment),
    Operation::post("/sandbox/disputes", "sandbox", |tx, input| {
        let dispute = dispute::create(tx, input.parse()?)?;
        Ok(Answer::created(dispute.render(tx)))
    })
    .params(&[
        required("payment", ParamKind::Id(prefix::PAYMENT)),
        optional("reason", ParamKind::Choice(DISPUTE_REASONS)),
    ])
    .expand(Node::Dispute),
    Operation::post("/sandbox/disputes/{id}/resolve", "sandbox", |tx, input| {
        let ResolveDispute { outcome } = input.parse()?;
        let dispute = dispute::resolve(tx, input.id(), outcome)?;
        Ok(Answer::ok(dispute.render(tx)))
    })
    .id(prefix::DISPUTE)
    .params(&[required("outcome", ParamKind::Choice(&["won", "lost"]))])
    .expand(Node::Dispute),
    Operation::post("/sandbox/merchant/kyb", "sandbox", |tx, input| {
        let SetKybStatus { status } = input.parse()?;
        Ok(Answer::ok(merchant::set_kyb_status(tx, status)?.render(tx)))
    })
    .params(&[required(
        "status",
        ParamKind::Choice(&["pending", "action_required", "approved"]),
    )]),
    Operation::post(
        "/sandbox/subscriptions/{id}/renew",
        "sandbox",
        |tx, input| {
            let outcome = match input.text("outcome") {
                Some("decline") => Outcome::CardDeclined,
                _ => Outcome::Success,
            };
            let renewed = subscription::renew(tx, input.id(), outcome)?;
            Ok(Answer::ok(renewed.render(tx)))
        },
    )
    .id(prefix::SUBSCRIPTION)
    .params(&[optional(
        "outcome",
        ParamKind::Choice(&["success", "decline"]),
    )])
    .expand(Node::Subscription),
    Operation::post("/sandbox/settlements/close", "sandbox", |tx, _| {
        payment_flow::settle_all(tx)?;
        let closed = settlement::close_all(tx)?;
        let data = closed.iter().rev().map(|batch| batch.render(tx)).collect();
        Ok(Answer::ok(list_body(data, None)))
    }),
    Operation::special(
        Method::Post,
        "/sandbox/clock/advance",
        "sandbox",
        Answering::AdvanceClock,
    )
    .params(&[required("seconds", ParamKind::Integer(0, 315_360_000))]),
    Operation::get("/sandbox/clock", "sandbox", |tx, _| {
        Ok(Answer::ok(clock_view(tx)?))
    }),
];

/// The clock as the API shows it.
pub(in crate::http) fn clock_view(tx: &Tx<'_>) -> Result<Value, DomainError> {
    let pace = tx.clock().pace();
    let mode = if pace <= 0.0 {
        "frozen"
    } else if pace == 1.0 {
        "real"
    } else {
        "accelerated"
    };
    Ok(json!({
        "object": "sandbox_clock", "livemode": false, "now": tx.now(), "mode": mode,
        "pace": pace, "pending_timers": tx.pending_timers()?,
    }))
}
