//! Charging a customer once, whatever crashes: write down what is about to be done, with its
//! idempotency key, then do it; after a crash, do what is written down again.
//!
//! `crash-safe DIR charge ORDER PENCE CUSTOMER` charges; `crash-safe DIR recover` finishes what a
//! crash left open. `--crash before-call` and `--crash after-call` end the process there, as a
//! power cut would. The journal is one file an order, where a shop would have a row of its database.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program shows what it did"
)]

mod journal;

use std::error::Error as StdError;
use std::time::Duration;

use fluxa_sdk::types::{CreatePayment, Payment, PaymentState};
use fluxa_sdk::{Client, Error, IdempotencyKey, Money, Outcome, Timestamp, validate};
use journal::{Intent, Journal, State};

/// Fluxa keeps a key for 24 hours; an hour is left for clocks that differ.
const KEY_IS_SURELY_KEPT: Duration = Duration::from_secs(23 * 60 * 60);

const USAGE: &str = "usage: crash-safe DIR charge ORDER PENCE CUSTOMER [--crash before-call|after-call]\n\
                     \x20      crash-safe DIR recover";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn run(arguments: &[&str]) -> Result<(), Box<dyn StdError>> {
    let (directory, arguments) = arguments.split_first().ok_or(USAGE)?;
    let journal = Journal::open(directory)?;
    let fluxa = Client::from_env()?;
    match *arguments {
        ["charge", order, pence, customer, ref rest @ ..] => {
            let pence = pence
                .parse()
                .map_err(|_| format!("PENCE is a whole number, such as 1999, not {pence}"))?;
            let crash = match rest {
                [] => None,
                ["--crash", at @ ("before-call" | "after-call")] => Some(*at),
                _ => return Err(USAGE.into()),
            };
            let intent = match journal.read(order)? {
                // The same order again: a double click, or a restart. What was decided stands.
                Some(intent) if intent.is_for(pence, customer) => intent,
                Some(intent) => {
                    let known = format!("{} for {}", intent.amount_minor, intent.customer);
                    return Err(format!("{order} is known already, as a charge of {known}").into());
                }
                None => {
                    // Checked before it is written down: what can never be sent would stay open.
                    validate::amount(pence)?;
                    let intent = Intent::new(order, pence, customer);
                    // On the disk before anything is sent: from here on a crash loses nothing.
                    journal.write(&intent)?;
                    intent
                }
            };
            settle(&fluxa, &journal, intent, crash).await
        }
        ["recover"] => {
            let mut left_open = 0;
            for intent in journal.open_intents()? {
                let order = intent.order.clone();
                // One that cannot be settled now must not keep the others waiting.
                if let Err(error) = settle(&fluxa, &journal, intent, None).await {
                    left_open += 1;
                    eprintln!("{order}: {error}");
                }
            }
            match left_open {
                0 => Ok(()),
                _ => Err(format!("{left_open} orders are still open; run this again").into()),
            }
        }
        _ => Err(USAGE.into()),
    }
}

/// Brings an order to its end. May be called any number of times, by any process.
async fn settle(
    fluxa: &Client,
    journal: &Journal,
    mut intent: Intent,
    crash: Option<&str>,
) -> Result<(), Box<dyn StdError>> {
    if intent.state != State::Open {
        return report(&intent);
    }
    if crash == Some("before-call") {
        std::process::abort();
    }
    let found = match intent.age() > KEY_IS_SURELY_KEPT {
        true => find(fluxa, &intent).await?,
        false => None,
    };
    let charged = match found {
        Some(payment) => Ok(payment),
        None => charge(fluxa, &intent).await,
    };
    if crash == Some("after-call") {
        std::process::abort();
    }
    intent.state = match charged {
        // A decline is an answer too. Another card is another charge, with a key of its own.
        Ok(payment) if payment.state == PaymentState::Failed => State::Declined {
            payment: payment.id.to_string(),
            reason: payment
                .failure_code
                .map_or_else(String::new, |code| code.to_string()),
        },
        Ok(payment) => State::Charged {
            payment: payment.id.to_string(),
            payment_state: payment.state.to_string(),
        },
        // Refused for good: nothing was charged, and the key would be answered the same again.
        Err(error) if is_final(&error) => State::Refused {
            reason: error.to_string(),
        },
        // Not sent, not known, or for people to look at (a wrong key, a lacking scope): the order
        // stays open, and `recover` asks again with its idempotency key.
        Err(error) => return Err(error.into()),
    };
    journal.write(&intent)?;
    report(&intent)
}

/// Sends the charge. The key and the body follow from the journal alone, so that every repetition
/// is the same request to Fluxa, and one payment.
async fn charge(fluxa: &Client, intent: &Intent) -> Result<Payment, Error> {
    let payment = CreatePayment::new(Money::gbp(intent.amount_minor))
        .customer(intent.customer.as_str())
        .metadata("order_id", &intent.order);
    let key = IdempotencyKey::new(&intent.idempotency_key)?;
    let answer = fluxa
        .payments()
        .create(payment)
        .idempotency_key(key)
        .await?;
    if answer.idempotent_replayed() {
        println!("{}: had been charged before the crash", intent.order);
    }
    Ok(answer.into_inner())
}

/// Looks for the payment of an order whose key Fluxa may have forgotten.
async fn find(fluxa: &Client, intent: &Intent) -> Result<Option<Payment>, Error> {
    let mut payments = fluxa
        .payments()
        .list()
        .customer(intent.customer.as_str())
        .created_at(intent.opened_at..)
        .limit(100)
        .stream();
    while let Some(payment) = payments.next().await {
        let payment = payment?;
        if payment.metadata.get("order_id") == Some(&intent.order) {
            return Ok(Some(payment));
        }
    }
    Ok(None)
}

fn is_final(error: &Error) -> bool {
    error.outcome() == Outcome::Rejected
        && error
            .as_api()
            .is_some_and(|refusal| refusal.is_invalid_request() || refusal.is_not_found())
}

fn report(intent: &Intent) -> Result<(), Box<dyn StdError>> {
    match &intent.state {
        State::Open => println!("{}: open", intent.order),
        State::Charged {
            payment,
            payment_state,
        } => {
            println!("{}: {payment} {payment_state}", intent.order);
        }
        State::Declined { payment, reason } => {
            println!("{}: {payment} declined: {reason}", intent.order);
        }
        State::Refused { reason } => println!("{}: refused: {reason}", intent.order),
    }
    Ok(())
}

impl Intent {
    fn new(order: &str, amount_minor: i64, customer: &str) -> Self {
        Self {
            order: order.to_owned(),
            amount_minor,
            customer: customer.to_owned(),
            // Follows from the order, so that two processes that both find no file agree on it.
            idempotency_key: IdempotencyKey::derive("crash-safe/charge", order).to_string(),
            opened_at: Timestamp::now(),
            state: State::Open,
        }
    }

    fn is_for(&self, amount_minor: i64, customer: &str) -> bool {
        self.amount_minor == amount_minor && self.customer == customer
    }

    fn age(&self) -> Duration {
        let age = Timestamp::now().duration_since(*self.opened_at);
        Duration::try_from(age).unwrap_or_default()
    }
}
