//! A payment that no crash makes twice: the key is on disk before the call, so that the process
//! that comes after a crash sends the same call, and the server answers with the same payment.
//!
//! `crash-safe <directory> <order id> <customer id> <pence> [--crash]` charges a customer's stored
//! card; with `--crash` it dies at the worst moment, when the payment is made and nobody has been
//! told. Run it again without.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program shows what it did"
)]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fluxa_sdk::blocking::Client;
use fluxa_sdk::types::CreatePayment;
use fluxa_sdk::{IdempotencyKey, Money, Outcome, contract};
use serde::{Deserialize, Serialize};

/// What must survive a crash. A shop has it as columns of its orders.
#[derive(Serialize, Deserialize)]
struct Order {
    customer: String,
    amount_minor: i64,
    idempotency_key: String,
    recorded_at: SystemTime,
    payment: Option<String>,
}

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next();
    let (Some(directory), Some(order_id), Some(customer), Some(pence)) =
        (next(), next(), next(), next())
    else {
        let usage = "usage: crash-safe <directory> <order id> <customer id> <pence> [--crash]";
        return Err(usage.into());
    };
    let crash = next().as_deref() == Some("--crash");
    // An order's id is the shop's own; derived, it is a file name whatever it is.
    let name = IdempotencyKey::derive("order", &order_id);
    let path = PathBuf::from(directory).join(name.as_str());

    let mut order = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let order = Order {
                customer,
                amount_minor: pence.parse()?,
                idempotency_key: IdempotencyKey::new_v4().to_string(),
                recorded_at: SystemTime::now(),
                payment: None,
            };
            // Before the call. After it would be too late: a crash in between loses the key.
            save(&path, &order)?;
            order
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(payment) = &order.payment {
        println!("done     {payment}");
        return Ok(());
    }
    // The server forgets a key after a day, and would make a second payment.
    if order.recorded_at.elapsed().unwrap_or(Duration::MAX) > contract::IDEMPOTENCY_WINDOW {
        return Err(format!(
            "{order_id} was begun more than a day ago: look for its payment before paying again"
        )
        .into());
    }

    // Everything comes from the record: a body that differs would be refused with this key.
    let fluxa = Client::from_env()?;
    let body = CreatePayment::new(Money::gbp(order.amount_minor))
        .customer(&order.customer)
        .metadata("order_id", &order_id);
    let call = fluxa
        .payments()
        .create(body)
        .idempotency_key(&order.idempotency_key);
    let payment = match call.clone().send() {
        // No answer came in five attempts, and it may have been made: once more, with its key.
        Err(error) if error.outcome() == Outcome::Unknown => call.resume(&error).send()?,
        answer => answer?,
    };
    if crash {
        std::process::abort();
    }
    order.payment = Some(payment.id.to_string());
    save(&path, &order)?;
    match payment.idempotent_replayed() {
        true => println!("found    {}", payment.id),
        false => println!("created  {}", payment.id),
    }
    Ok(())
}

/// Writes the record so that after a crash there is the old one or the new one, whole.
fn save(path: &Path, order: &Order) -> Result<(), Box<dyn Error>> {
    let directory = path.parent().ok_or("the record has no directory")?;
    fs::create_dir_all(directory)?;
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    file.write_all(&serde_json::to_vec(order)?)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(directory)?.sync_all()?;
    Ok(())
}
