//! A payment from beginning to end: create a checkout, pay it with a test card, read it back,
//! refund a part, and handle a refusal.
//!
//! `fluxa mock` in one terminal; in another
//! `FLUXA_SECRET_KEY=sk_test_mock0000000000000000000000000000 FLUXA_API_BASE=http://127.0.0.1:4010/v1 cargo run -p fluxa-examples --bin quickstart`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program shows what it did"
)]

use fluxa_sdk::types::{CreateCheckoutSession, CreateRefund, PaymentState, TestCard};
use fluxa_sdk::{Client, Error, IdempotencyKey, Money};

#[tokio::main]
async fn main() {
    if let Err(error) = run().await {
        // `{error}` says what failed and what to do; `outcome` says whether it may have happened.
        eprintln!(
            "{error}\noutcome: {:?}, request: {:?}",
            error.outcome(),
            error.request_id()
        );
        std::process::exit(1);
    }
}

async fn run() -> Result<(), Error> {
    let fluxa = Client::from_env()?;

    let order = format!("ord_{}", std::process::id());
    let session = fluxa
        .checkout()
        .sessions()
        .create(
            CreateCheckoutSession::new(
                Money::gbp(1999),
                "https://shop.example/done",
                "https://shop.example/cart",
            )
            .metadata("order_id", &order),
        )
        .idempotency_key(IdempotencyKey::derive("checkout", &order))
        .await?;
    println!(
        "created  {}  the cardholder pays at {}",
        session.id, session.url
    );

    // In the sandbox a test card does what the cardholder would.
    let payment = fluxa
        .sandbox()
        .complete_checkout_session(&session.id, TestCard::visa())
        .sandbox_timing("instant")
        .await?;
    // A decline is an answer and no error: nothing is shipped before `state` was read.
    if payment.state == PaymentState::Failed {
        println!("declined {}  {:?}", payment.id, payment.failure_code);
        return Ok(());
    }
    println!("paid     {}  {}", payment.id, payment.state);

    let mut settled = fluxa
        .payments()
        .list()
        .state(PaymentState::Settled)
        .limit(50)
        .stream();
    while let Some(payment) = settled.next().await {
        let payment = payment?;
        let reference = payment.settlement_reference.as_deref().unwrap_or("-");
        println!(
            "settled  {}  net {}  {reference}",
            payment.id,
            payment.net.unwrap_or_default()
        );
    }

    let refund = fluxa
        .refunds()
        .create(CreateRefund::new(&payment.id).amount(500))
        .await?;
    println!("refund   {}  {}", refund.id, refund.status);

    // A refusal is an answer: nothing was done, and the code says why.
    match fluxa
        .refunds()
        .create(CreateRefund::new(&payment.id).amount(5000))
        .await
    {
        Err(Error::Api(refusal)) => println!("refused  {:?}", refusal.code()),
        Err(other) => return Err(other),
        Ok(refund) => println!("refund   {}", refund.id),
    }
    Ok(())
}
