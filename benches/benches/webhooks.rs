//! Verifying and reading an event of 1 KB, beside its floor: a bare HMAC-SHA256 over the same bytes
//! and serde_json into the same type.
//!
//! Prints the ratios, taken in turns, as Markdown; criterion then times each alone, unless
//! `FLUXA_BENCH_RATIOS_ONLY` is set. `cargo xtask bench` runs it.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use fluxa_benches::interleaved::Pair;
use fluxa_benches::{EVENT, SECRET};
use fluxa_sdk::types::Payment;
use fluxa_sdk::webhooks::{Event, EventEnvelope, SignatureError, VerifiedEvent, Verifier};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const SIGNED_AT: i64 = 1_779_192_000;

fn main() {
    let sides = Sides::new();
    ratios(&sides);
    if std::env::var_os("FLUXA_BENCH_RATIOS_ONLY").is_none() {
        let mut criterion = Criterion::default().configure_from_args();
        alone(&sides, &mut criterion);
        criterion.final_summary();
    }
}

struct Sides {
    verifier: Verifier,
    header: String,
    wrong: String,
}

impl Sides {
    fn new() -> Self {
        let body = EVENT.as_bytes();
        let verifier = Verifier::new(SECRET)
            .expect("a good secret")
            .tolerance(Duration::from_secs(u32::MAX.into()));
        let sides = Self {
            verifier,
            header: fluxa_sdk::testing::sign_at(SECRET, SIGNED_AT, body),
            wrong: fluxa_sdk::testing::sign_at("whsec_other", SIGNED_AT, body),
        };
        // Both sides must come to the same before their times are worth anything.
        assert_eq!(sides.verify_and_event(), parse());
        assert_eq!(ring().as_ref(), rustcrypto());
        assert!(sides.rejected().is_err());
        sides
    }

    fn verify(&self) -> VerifiedEvent {
        let verified = self.verifier.verify(black_box(EVENT.as_bytes()), black_box(&self.header));
        verified.expect("a good signature")
    }

    fn verify_and_event(&self) -> Event {
        self.verify().event().expect("an event")
    }

    fn rejected(&self) -> Result<VerifiedEvent, SignatureError> {
        self.verifier.verify(black_box(EVENT.as_bytes()), black_box(&self.wrong))
    }
}

fn parse() -> Event {
    let event: Box<EventEnvelope<Payment>> =
        serde_json::from_slice(black_box(EVENT.as_bytes())).expect("an event");
    Event::PaymentSettled(event)
}

fn ring() -> ring::hmac::Tag {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, black_box(SECRET.as_bytes()));
    ring::hmac::sign(&key, black_box(EVENT.as_bytes()))
}

fn rustcrypto() -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(black_box(SECRET.as_bytes())).expect("any length will do");
    mac.update(black_box(EVENT.as_bytes()));
    mac.finalize().into_bytes().into()
}

fn ratios(sides: &Sides) {
    println!("| webhook of 1 KB | median | beside it | median | speed |");
    println!("|---|---|---|---|---|");
    let floor = "bare HMAC (ring) + serde_json";
    row("verify + event", || sides.verify_and_event(), floor, || (ring(), parse()));
    let floor = "bare HMAC (hmac, sha2) + serde_json";
    row("verify + event", || sides.verify_and_event(), floor, || (rustcrypto(), parse()));
    row("verify", || sides.verify(), "bare HMAC (ring)", ring);
    row("rejected", || sides.rejected(), "accepted: verify", || sides.verify());
    #[cfg(feature = "async-stripe")]
    {
        let stripe = stripe::Side::new();
        row("verify + event", || sides.verify_and_event(), "async-stripe", || stripe.event());
        row("rejected", || sides.rejected(), "async-stripe, rejected", || stripe.rejected());
    }
    println!();
}

fn row<A, B>(what: &str, subject: impl FnMut() -> A, beside: &str, floor: impl FnMut() -> B) {
    let pair = Pair::measure(subject, floor);
    println!(
        "| {what} | {:.2} µs | {beside} | {:.2} µs | {:.2} |",
        pair.subject / 1000.0,
        pair.floor / 1000.0,
        pair.speed()
    );
}

fn alone(sides: &Sides, criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("webhooks");
    group.bench_function("verify_and_event", |bench| bench.iter(|| sides.verify_and_event()));
    group.bench_function("floor_ring", |bench| bench.iter(|| (ring(), parse())));
    group.bench_function("floor_rustcrypto", |bench| bench.iter(|| (rustcrypto(), parse())));
    group.bench_function("hmac_ring", |bench| bench.iter(ring));
    group.bench_function("hmac_rustcrypto", |bench| bench.iter(rustcrypto));
    group.bench_function("verify", |bench| bench.iter(|| sides.verify()));
    group.bench_function("rejected", |bench| bench.iter(|| sides.rejected()));
    #[cfg(feature = "async-stripe")]
    {
        let stripe = stripe::Side::new();
        group.bench_function("async_stripe", |bench| bench.iter(|| stripe.event()));
    }
    group.finish();
}

#[cfg(feature = "async-stripe")]
mod stripe {
    //! async-stripe, with an event of 1 KB of its own.

    use std::hint::black_box;

    use fluxa_benches::{SECRET, STRIPE_EVENT};
    use stripe_webhook::{Event, Webhook, WebhookError};

    use super::SIGNED_AT;

    pub(super) struct Side {
        header: String,
        wrong: String,
    }

    impl Side {
        pub(super) fn new() -> Self {
            let sign =
                |secret| Webhook::generate_test_header(STRIPE_EVENT, secret, Some(SIGNED_AT));
            let side = Self { header: sign(SECRET), wrong: sign("whsec_other") };
            side.event();
            assert!(side.rejected().is_err());
            side
        }

        pub(super) fn event(&self) -> Event {
            construct(&self.header).expect("an event")
        }

        pub(super) fn rejected(&self) -> Result<Event, WebhookError> {
            construct(&self.wrong)
        }
    }

    fn construct(header: &str) -> Result<Event, WebhookError> {
        Webhook::construct_event_with_timestamp(
            black_box(STRIPE_EVENT),
            black_box(header),
            SECRET,
            SIGNED_AT,
        )
    }
}
