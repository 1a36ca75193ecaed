//! `fluxa demo`: a payment's whole life, end to end, with nothing but this binary.
//!
//! Every part is the real one: the sandbox server on a socket, the SDK, the `listen` pipeline, and
//! a merchant's HTTP server that verifies each webhook over its raw bytes.

mod merchant;
mod stage;

use std::time::Duration;

use fluxa_sdk::types::{
    CompleteCheckoutSession, CreateCheckoutSession, CreateListenSession, CreateRefund, EventType,
    Payment, PaymentState, TestCard,
};
use fluxa_sdk::webhooks::Verifier;
use fluxa_sdk::{Client, IdempotencyKey, Money};
use futures_util::stream::{self, TryStreamExt};
use serde_json::json;
use tokio::sync::oneshot;

use super::{Context, mock};
use crate::error::{CliError, Result};
use crate::listen::acknowledge::Acknowledger;
use crate::listen::api::SdkEventApi;
use crate::listen::filter::Filter;
use crate::listen::forwarder::Manner;
use crate::listen::signer::Signer;
use crate::listen::targets::Targets;
use crate::listen::{Ended, Limits, ListenEvent, Pipeline, Session, Stop, Summary, source};
use crate::signals::interrupted;
use crate::ui::{Line, Tone};
use stage::{Stage, pounds};

/// The sandbox's half minute between two states becomes half a second.
const PACE: f64 = 60.0;

const PRICE_MINOR: i64 = 4_999;
const REFUND_MINOR: i64 = 1_000;

/// Declined by its issuer, always.
const DECLINED_CARD: &str = "4000000000000002";
/// Succeeds, always.
const GOOD_CARD: &str = "4242424242424242";

pub(crate) async fn run(context: &Context) -> Result<()> {
    tokio::select! {
        done = play(context) => done,
        _ = interrupted() => Err(CliError::interrupted()),
    }
}

async fn play(context: &Context) -> Result<()> {
    let sandbox = mock::start_for_demo(PACE).await?;
    let base_url = sandbox.base_url();
    let fluxa = Client::builder(sandbox.secret_key())
        .base_url(&base_url)
        .build()?;
    let session = fluxa
        .listen_sessions()
        .create(CreateListenSession::new())
        .await?;
    let verifier = Verifier::new(session.secret.expose())?;
    let (merchant_url, receipts) = merchant::start(verifier).await?;

    let (ready, is_ready) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let manner = Manner {
        timeout: Duration::from_secs(30),
        ..Manner::default()
    };
    let targets = Targets::parse(std::slice::from_ref(&merchant_url), &[], &manner)?;
    let pipeline = Pipeline {
        api: SdkEventApi::new(fluxa.clone(), &[], &base_url),
        start: source::Start::Now,
        bookmark: None,
        patience: source::patience(true),
        filter: Filter::default(),
        signer: Signer::new(session.secret.clone()),
        acknowledger: Some(Acknowledger::start(fluxa.clone(), session.id.to_string())),
        concurrency: 8,
        retries: 3,
        limits: Limits::default(),
        session: Session::default(),
        ready: ListenEvent::Ready {
            session: session.id.to_string(),
            forward_to: merchant_url.clone(),
            targets: targets.info(),
            api_base: base_url.clone(),
            livemode: false,
            events: Vec::new(),
        },
        targets,
    };
    let mut ready = Some(ready);
    let until_stopped = async {
        drop(stopped.await);
        Ok(Stop::Interrupted)
    };
    let listening = tokio::spawn(pipeline.run(stream::once(until_stopped), move |event| {
        if let (ListenEvent::Ready { .. }, Some(ready)) = (&event, ready.take()) {
            let _ = ready.send(());
        }
        Ok(())
    }));
    // An error of the pipeline drops the sender; its own words are better than "not ready".
    if is_ready.await.is_err() {
        return ended(listening.await).and_then(|_| Err(CliError::failure("not ready")));
    }

    let mut stage = Stage::new(&context.ui, receipts);
    stage.open(&base_url, &merchant_url, PACE)?;
    let payment = story(&fluxa, &mut stage).await?;
    drop(stop);
    let summary = ended(listening.await)?;
    stage.finish()?;
    sandbox.shutdown().await;
    close(context, &stage, &payment, &summary)
}

/// Buys, is declined, pays, waits for the money, gives some of it back.
async fn story(fluxa: &Client, stage: &mut Stage<'_>) -> Result<Payment> {
    stage.chapter(&format!(
        "A customer buys something for {}",
        pounds(PRICE_MINOR)
    ))?;
    let order = "ord_8421";
    let session = fluxa
        .checkout()
        .sessions()
        .create(
            CreateCheckoutSession::new(
                Money::gbp(PRICE_MINOR),
                "https://example.com/done",
                "https://example.com/cancel",
            )
            .metadata("order_id", order),
        )
        .idempotency_key(IdempotencyKey::derive("checkout", order))
        .await?;
    let session_id = session.id.to_string();
    stage.call(
        "POST /checkout/sessions",
        &session_id,
        "the order's own idempotency key",
    )?;
    stage
        .expect(&[(EventType::CheckoutSessionCreated, &session_id)])
        .await?;

    stage.chapter("The first card is declined")?;
    let declined = pay(fluxa, &session_id, DECLINED_CARD).await?;
    let declined_id = declined.id.to_string();
    stage.call(
        "card 4000 0000 0000 0002",
        &declined_id,
        "the session stays open",
    )?;
    stage
        .expect(&[
            (EventType::PaymentReceived, &declined_id),
            (EventType::PaymentFailed, &declined_id),
        ])
        .await?;

    stage.chapter("The second one pays")?;
    let payment = pay(fluxa, &session_id, GOOD_CARD).await?;
    let id = payment.id.to_string();
    stage.call(
        "card 4242 4242 4242 4242",
        &id,
        "authorised, captured, on its way to the bank",
    )?;
    stage
        .expect(&[
            (EventType::PaymentReceived, &id),
            (EventType::PaymentCaptured, &id),
            (EventType::CheckoutSessionCompleted, &session_id),
            (EventType::PaymentSettling, &id),
            (EventType::PaymentSettled, &id),
        ])
        .await?;

    stage.chapter(&format!("{} go back to the customer", pounds(REFUND_MINOR)))?;
    let refund = fluxa
        .refunds()
        .create(
            CreateRefund::new(&payment.id)
                .amount(REFUND_MINOR)
                .reason("one item returned"),
        )
        .await?;
    let refund_id = refund.id.to_string();
    stage.call("POST /refunds", &refund_id, "a part of the payment")?;
    stage
        .expect(&[
            (EventType::RefundCreated, &refund_id),
            (EventType::RefundSucceeded, &refund_id),
            (EventType::PaymentRefunded, &id),
            (EventType::SettlementCompleted, ""),
        ])
        .await?;
    // Whatever happened so far has its webhook, told in the story or not.
    let listed = fluxa.events().list().limit(100).stream();
    let mut events: Vec<String> = listed
        .map_ok(|event| event.id().to_string())
        .try_collect()
        .await?;
    events.reverse();
    stage.expect_events(&events).await?;
    // A webhook is a notification; the truth is read from the API.
    Ok(fluxa.payments().retrieve(&payment.id).await?.into_inner())
}

async fn pay(fluxa: &Client, session: &str, card: &str) -> Result<Payment> {
    let card = TestCard::new(card, 12, 2030, "123");
    let body = CompleteCheckoutSession::new(card);
    Ok(fluxa
        .sandbox()
        .complete_checkout_session(session, body)
        .await?
        .into_inner())
}

fn ended(
    listening: std::result::Result<Result<(Summary, Ended)>, tokio::task::JoinError>,
) -> Result<Summary> {
    match listening {
        Ok(outcome) => outcome.map(|(summary, _)| summary),
        Err(error) => Err(CliError::failure(format!("listening failed: {error}"))),
    }
}

/// Says what it came to; anything short of the whole is an error.
fn close(context: &Context, stage: &Stage<'_>, payment: &Payment, summary: &Summary) -> Result<()> {
    if payment.state != PaymentState::Refunded {
        return Err(CliError::unmet(format!(
            "the payment ended as {}",
            payment.state
        )));
    }
    if stage.states.len() < 6 {
        return Err(CliError::unmet(format!(
            "only these states were seen: {:?}",
            stage.states
        )));
    }
    if summary.failed > 0 {
        return Err(CliError::unmet(format!(
            "{} webhooks were not delivered",
            summary.failed
        )));
    }
    let refunded = payment.amount_refunded.unwrap_or_default();
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "type": "summary", "ok": true, "payment": payment.id, "state": payment.state,
            "amount": payment.amount, "fee": payment.fee, "net": payment.net,
            "amount_refunded": refunded, "states": stage.states,
            "webhooks": stage.arrived, "verified": stage.verified,
            "duplicates": stage.duplicates, "elapsed_ms": stage.elapsed_ms(),
        }));
    }
    let money = Line::new()
        .text("  ")
        .text(format!("{} paid", pounds(payment.amount)))
        .dim(format!(
            "  −  {} fee  −  {} refunded  ·  settled as ",
            payment.fee.map_or_else(|| "no".to_owned(), pounds),
            pounds(refunded),
        ))
        .text(payment.settlement_reference.as_deref().unwrap_or("nothing"));
    let done = Line::new()
        .text("  ")
        .push(Tone::Good, "✓")
        .bold(format!(
            " {} webhooks, every signature verified, ",
            stage.arrived
        ))
        .bold(format!(
            "{} payment states, {:.1} s",
            stage.states.len(),
            stage.elapsed().as_secs_f64()
        ));
    let next = |command: &str, what: &str| {
        Line::new()
            .text("  ")
            .column(Tone::Accent, command, 42)
            .dim(what)
    };
    context.ui.lines(&[Line::new(), money, done, Line::new()])?;
    for line in [
        next("fluxa mock", "the same sandbox, to keep"),
        next(
            "fluxa listen --mock --forward-to 3000",
            "its webhooks, to your own server",
        ),
        next(
            "fluxa trigger payment.settled --mock",
            "this again, on demand",
        ),
        Line::new(),
    ] {
        context.ui.note(&line);
    }
    Ok(())
}
