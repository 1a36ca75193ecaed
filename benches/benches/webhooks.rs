//! Verifying and reading an event of 1 KB, beside its floor: a bare HMAC-SHA256 over the same bytes
//! and serde_json into the same type. `cargo xtask bench` prints the ratios.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use fluxa_benches::{EVENT, SECRET};
use fluxa_sdk::types::Payment;
use fluxa_sdk::webhooks::{Event, EventEnvelope, Verifier};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const SIGNED_AT: i64 = 1_779_192_000;

fn ring(body: &[u8]) -> ring::hmac::Tag {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    ring::hmac::sign(&key, body)
}

fn rustcrypto(body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length will do");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn webhooks(criterion: &mut Criterion) {
    let body = EVENT.as_bytes();
    let verifier = Verifier::new(SECRET)
        .expect("a good secret")
        .tolerance(Duration::from_secs(u32::MAX.into()));
    let header = fluxa_sdk::testing::sign_at(SECRET, SIGNED_AT, body);
    let wrong = fluxa_sdk::testing::sign_at("whsec_other", SIGNED_AT, body);
    // Both sides must come to the same before their times are worth anything.
    let read = verifier.verify(body, &header).expect("a good signature").event().expect("an event");
    let direct: EventEnvelope<Payment> = serde_json::from_slice(body).expect("an event");
    assert_eq!(read, Event::PaymentSettled(Box::new(direct)));

    let mut group = criterion.benchmark_group("webhooks");
    group.sample_size(200);
    group.bench_function("floor_ring", |bench| {
        bench.iter(|| {
            let tag = ring(black_box(body));
            let event: Box<EventEnvelope<Payment>> =
                serde_json::from_slice(black_box(body)).expect("an event");
            (tag, Event::PaymentSettled(event))
        });
    });
    group.bench_function("verify_and_event", |bench| {
        bench.iter(|| {
            let verified =
                verifier.verify(black_box(body), black_box(&header)).expect("a good signature");
            verified.event().expect("an event")
        });
    });
    group.bench_function("floor_rustcrypto", |bench| {
        bench.iter(|| {
            let tag = rustcrypto(black_box(body));
            let event: Box<EventEnvelope<Payment>> =
                serde_json::from_slice(black_box(body)).expect("an event");
            (tag, Event::PaymentSettled(event))
        });
    });
    group.bench_function("hmac_ring", |bench| bench.iter(|| ring(black_box(body))));
    group.bench_function("hmac_rustcrypto", |bench| bench.iter(|| rustcrypto(black_box(body))));
    group.bench_function("verify", |bench| {
        bench.iter(|| verifier.verify(black_box(body), black_box(&header)));
    });
    group.bench_function("rejected", |bench| {
        bench.iter(|| verifier.verify(black_box(body), black_box(&wrong)));
    });
    #[cfg(feature = "async-stripe")]
    stripe(&mut group);
    group.finish();
}

#[cfg(feature = "async-stripe")]
fn stripe(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>) {
    use fluxa_benches::STRIPE_EVENT;
    use stripe_webhook::Webhook;

    let header = Webhook::generate_test_header(STRIPE_EVENT, SECRET, Some(SIGNED_AT));
    Webhook::construct_event_with_timestamp(STRIPE_EVENT, &header, SECRET, SIGNED_AT)
        .expect("an event");
    group.bench_function("async_stripe", |bench| {
        bench.iter(|| {
            Webhook::construct_event_with_timestamp(
                black_box(STRIPE_EVENT),
                black_box(&header),
                SECRET,
                SIGNED_AT,
            )
        });
    });
}

criterion_group!(benches, webhooks);
criterion_main!(benches);
