//! A call of the SDK beside raw reqwest making the same request and reading the same type, over
//! loopback: medians of interleaved samples, allocations, and ten thousand calls at once.
//!
//! Prints Markdown. `cargo xtask bench` runs it. `calls profile` makes calls of the SDK alone,
//! for a profiler to look at; `calls raw` those of reqwest.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxa_benches::{KEY, PAYMENT, allocations, quantile, server};
use fluxa_sdk::types::{CreatePayment, Payment, PaymentId};
use fluxa_sdk::{Client, IdempotencyKey, Money};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Pairs of samples, each of a call of either side.
const PAIRS: usize = 20_000;
const WARM_UP: usize = 2_000;
const ID: &str = "pay_7f3a1b2c4d5e6f70";
const AT_ONCE: usize = 10_000;

fn main() {
    // A debug run (`cargo test --benches`) proves that it works; its figures mean nothing.
    let pairs = if cfg!(debug_assertions) { 100 } else { PAIRS };
    let argument = std::env::args().nth(1).unwrap_or_default();
    let address = server::start(PAYMENT);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let both = Both::new(address);
    match argument.as_str() {
        "profile" => runtime.block_on(async {
            for _ in 0..10 * pairs {
                both.sdk_get().await;
            }
        }),
        "raw" => runtime.block_on(async {
            for _ in 0..10 * pairs {
                both.raw_get().await;
            }
        }),
        _ => {
            println!("| call on loopback | p50 | raw reqwest, p50 | ratio | p99 | raw, p99 |");
            println!("|---|---|---|---|---|---|");
            runtime.block_on(both.compare(pairs));
            println!("\n| allocations a call | SDK | bytes | raw reqwest | bytes |");
            println!("|---|---|---|---|---|");
            runtime.block_on(both.allocations());
            at_once(address);
            #[cfg(feature = "async-stripe")]
            runtime.block_on(stripe::compare(pairs));
        }
    }
}

/// The two sides, each with a client of its own.
struct Both {
    sdk: Client,
    raw: reqwest::Client,
    base_url: String,
    authorization: String,
    id: PaymentId,
}

fn client(address: SocketAddr) -> Client {
    Client::builder(KEY)
        .base_url(format!("http://{address}/v1"))
        .build()
        .expect("a good configuration")
}

/// reqwest as the SDK sets it up, with the SDK's total time-out: no one calls without one.
fn raw_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring has TLS 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .user_agent("raw/1.0")
        .build()
        .expect("a good configuration")
}

impl Both {
    fn new(address: SocketAddr) -> Self {
        Self {
            sdk: client(address),
            raw: raw_client(),
            base_url: format!("http://{address}/v1"),
            authorization: format!("Bearer {KEY}"),
            id: ID.parse().expect("an id"),
        }
    }

    async fn sdk_get(&self) -> Payment {
        let answer = self.sdk.payments().retrieve(&self.id).await;
        answer.expect("the server answers").into_inner()
    }

    async fn raw_get(&self) -> Payment {
        let url = format!("{}/payments/{}", self.base_url, self.id);
        self.raw_send(self.raw.get(url)).await
    }

    async fn sdk_post(&self) -> Payment {
        let answer = self.sdk.payments().create(body()).await;
        answer.expect("the server answers").into_inner()
    }

    async fn raw_post(&self) -> Payment {
        let url = format!("{}/payments", self.base_url);
        let request = self
            .raw
            .post(url)
            .header("Idempotency-Key", IdempotencyKey::new_v4().as_str())
            .json(&body());
        self.raw_send(request).await
    }

    async fn raw_send(&self, request: reqwest::RequestBuilder) -> Payment {
        let answer = request
            .header("Accept", "application/json")
            .header("Authorization", &self.authorization)
            .header("Fluxa-Version", "2026-05-19")
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .expect("the server answers");
        answer.json().await.expect("a payment")
    }

    async fn compare(&self, pairs: usize) {
        assert_eq!(self.sdk_get().await, self.raw_get().await);
        row("`GET /payments/{id}`", pairs, || self.sdk_get(), || self.raw_get()).await;
        row("`POST /payments`", pairs, || self.sdk_post(), || self.raw_post()).await;
    }

    async fn allocations(&self) {
        for (what, sdk, raw) in [
            (
                "`GET /payments/{id}`",
                counted(|| self.sdk_get()).await,
                counted(|| self.raw_get()).await,
            ),
            (
                "`POST /payments`",
                counted(|| self.sdk_post()).await,
                counted(|| self.raw_post()).await,
            ),
        ] {
            println!("| {what} | {} | {} | {} | {} |", sdk.0, sdk.1, raw.0, raw.1);
        }
    }
}

fn body() -> CreatePayment {
    CreatePayment::new(Money::gbp(1999))
}

async fn row<A, B>(
    what: &str,
    pairs: usize,
    sdk: impl Fn() -> A,
    raw: impl Fn() -> B,
) where
    A: IntoFuture,
    B: IntoFuture,
{
    for _ in 0..WARM_UP {
        sdk().await;
        raw().await;
    }
    let (mut with_sdk, mut with_raw) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for pair in 0..pairs {
        // Who goes first changes, so that neither always finds warm caches.
        if pair % 2 == 0 {
            with_sdk.push(timed(&sdk).await);
            with_raw.push(timed(&raw).await);
        } else {
            with_raw.push(timed(&raw).await);
            with_sdk.push(timed(&sdk).await);
        }
    }
    let figure = |samples: &mut Vec<u64>, part| quantile(samples, part) as f64 / 1000.0;
    let (p50, floor) = (figure(&mut with_sdk, 0.5), figure(&mut with_raw, 0.5));
    println!(
        "| {what} | {p50:.1} µs | {floor:.1} µs | {:.3} | {:.1} µs | {:.1} µs |",
        p50 / floor,
        figure(&mut with_sdk, 0.99),
        figure(&mut with_raw, 0.99),
    );
}

async fn timed<F: IntoFuture>(call: impl Fn() -> F) -> u64 {
    let started = Instant::now();
    let answer = call().await;
    let nanos = started.elapsed().as_nanos() as u64;
    drop(answer);
    nanos
}

/// Allocations and bytes of one call, as the mean of a thousand.
async fn counted<F: Future>(call: impl Fn() -> F) -> (u64, u64) {
    for _ in 0..100 {
        call().await;
    }
    let before = allocations::so_far();
    for _ in 0..1000 {
        call().await;
    }
    let after = allocations::so_far();
    ((after.0 - before.0) / 1000, (after.1 - before.1) / 1000)
}

/// Rounds of calls at once on one client, on two threads; the first is a hundredth as many.
fn at_once(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    println!("\n| calls at once on one client | errors | retried | wall | p50 | p99 |");
    println!("|---|---|---|---|---|---|");
    let sdk = client(address);
    for calls in [AT_ONCE / 100, AT_ONCE, AT_ONCE, AT_ONCE] {
        let started = Instant::now();
        let outcomes = runtime.block_on(async {
            let id: PaymentId = ID.parse().expect("an id");
            let tasks: Vec<_> = (0..calls)
                .map(|_| {
                    let (sdk, id) = (sdk.clone(), id.clone());
                    tokio::spawn(async move {
                        let started = Instant::now();
                        let answer = sdk.payments().retrieve(&id).await;
                        let attempts = answer.map(|answer| answer.attempts());
                        (started.elapsed().as_nanos() as u64, attempts)
                    })
                })
                .collect();
            let mut outcomes = Vec::with_capacity(calls);
            for task in tasks {
                outcomes.push(task.await.expect("no call panics"));
            }
            outcomes
        });
        let wall = started.elapsed();
        let mut errors = outcomes.iter().filter_map(|(_, answer)| answer.as_ref().err());
        let first_error = errors.next();
        let error_count = first_error.iter().count() + errors.count();
        let retried =
            outcomes.iter().filter(|(_, answer)| *answer.as_ref().unwrap_or(&1) > 1).count();
        let mut times: Vec<u64> = outcomes.iter().map(|(nanos, _)| *nanos).collect();
        println!(
            "| {calls} | {error_count} | {retried} | {} ms | {} ms | {} ms |",
            wall.as_millis(),
            quantile(&mut times, 0.5) / 1_000_000,
            quantile(&mut times, 0.99) / 1_000_000,
        );
        if let Some(error) = first_error {
            println!("first error: {error:?}");
        }
    }
}

#[cfg(feature = "async-stripe")]
mod stripe {
    //! The same of async-stripe: a charge of about the payment's size.

    use fluxa_benches::{STRIPE_CHARGE, server};
    use stripe_core::charge::RetrieveCharge;

    use super::{Both, counted, row};

    pub(super) async fn compare(pairs: usize) {
        let address = server::start(STRIPE_CHARGE);
        let client = stripe::ClientBuilder::new("sk_test_1")
            .url(format!("http://{address}/"))
            .build()
            .expect("a good configuration");
        let get = || async {
            RetrieveCharge::new("ch_3MmlLrLkdIwHu7ix0snN0B15")
                .send(&client)
                .await
                .expect("the server answers")
        };
        let both = Both::new(server::start(super::PAYMENT));
        println!("\n| SDK beside async-stripe | p50 | async-stripe, p50 | ratio | p99 | async-stripe, p99 |");
        println!("|---|---|---|---|---|---|");
        row("retrieve a payment; a charge", pairs, || both.sdk_get(), get).await;
        let (ours, theirs) = (counted(|| both.sdk_get()).await, counted(get).await);
        println!(
            "\nAllocations a call: SDK {} ({} bytes), async-stripe {} ({} bytes).",
            ours.0, ours.1, theirs.0, theirs.1
        );
    }
}
