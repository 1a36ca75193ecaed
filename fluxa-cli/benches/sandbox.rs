//! What `fluxa mock` carries, as a process of its own, beside a bare axum endpoint in another process
//! under the same load in the same run: `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "support/load.rs"]
mod load;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use load::{Failure, Load, Process, free_address, read_answer};

const CARD: &str = "4242424242424242";

/// What the floor is called.
const AXUM: &str = "bare axum endpoint";

/// Set in the child that is the floor.
const FLOOR: &str = "FLUXA_BENCH_FLOOR";

const ROUND: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match std::env::var(FLOOR) {
        Ok(address) => runtime.block_on(serve_floor(address.parse()?)),
        Err(_) => runtime.block_on(measure()),
    }
}

/// A bare axum endpoint: a payment of the same size, read from nowhere.
async fn serve_floor(address: SocketAddr) -> Result<(), Failure> {
    let payment: Arc<Value> = Arc::new(serde_json::from_str(&std::env::var("FLUXA_BENCH_BODY")?)?);
    let posted = Arc::clone(&payment);
    let app = Router::new()
        .route("/payment", get(async move || as_json(&payment)))
        .route(
            "/payments",
            post(async move |body: Bytes| {
                serde_json::from_slice::<Value>(&body).map_err(|error| error.to_string())?;
                Ok::<_, String>(as_json(&posted))
            }),
        );
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app).await?)
}

fn as_json(value: &Value) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, "application/json")], value.to_string())
}

async fn measure() -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let wants = |what: &str| wanted.is_empty() || wanted.iter().any(|word| word == what);
    let mock = Process::mock(&[]).await?;
    let at_rest = mock.resident_megabytes()?;
    let customer = customer_with_card(&mock).await?;
    let payment = charge(&mock, &customer).await?;
    let floor = floor(&payment).await?;
    let id = payment["id"].as_str().unwrap_or_default();

    println!("| what | target | figure | floor | floor's figure | ratio |");
    println!("|---|---|---|---|---|---|");
    if wants("rest") {
        println!("| memory at rest | ≤ 15 MB | {at_rest:.1} MB | | | |");
    }
    let read = Load::get(&mock, &format!("/v1/payments/{id}"));
    let bare = Load::get(&floor, "/payment");
    if wants("get") {
        beside("`GET /payments/{id}`", "≥ 0.50", &read, (AXUM, &bare), 32).await?;
    }
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    let write = Load::post(&mock, "/v1/payments", &body);
    let bare = Load::post(&floor, "/payments", &body);
    if wants("post") {
        beside(
            "`POST /payments`, in memory",
            "≥ 0.25",
            &write,
            (AXUM, &bare),
            32,
        )
        .await?;
    }
    drop(mock);
    if wants("peers") {
        peers(id).await?;
    }

    let directory = tempfile::tempdir()?;
    let file = directory.path().join("durable.db");
    let file = file.to_str().ok_or("a path that is not UTF-8")?;
    if wants("durable") {
        durable_figures(file).await?;
    }
    if wants("lists") {
        lists(directory.path()).await?;
    }
    Ok(())
}

async fn floor(body: &Value) -> Result<Process, Failure> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env(FLOOR, address.to_string())
        .env("FLUXA_BENCH_BODY", body.to_string());
    Process::spawn(&mut command, address).await
}

/// Other servers that stand in for a payment API, asked the like of what the mock is asked. Which
/// there are is told by the environment: see `benches/peers`.
async fn peers(payment: &str) -> Result<(), Failure> {
    if let Ok(prism) = std::env::var("FLUXA_BENCH_PRISM") {
        let address = free_address()?;
        let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
        let mut command = Command::new(prism);
        command
            .args(["mock", contract, "--verboseLevel", "error", "--port"])
            .arg(address.port().to_string());
        let prism = Process::spawn(&mut command, address).await?;
        let get = Load::get(&prism, &format!("/payments/{payment}"));
        let shop = shop().await?;
        against(
            "Prism, `GET /payments/{id}` of its example",
            &shop.read,
            &get,
        )
        .await?;
        let body = json!({ "amount": 4999, "currency": "GBP", "customer": "cus_0000000000000000" });
        let post = Load::post(&prism, "/payments", &body.to_string());
        against("Prism, `POST /payments`, nothing kept", &shop.write, &post).await?;
    }
    if let Ok(localstripe) = std::env::var("FLUXA_BENCH_LOCALSTRIPE") {
        let address = free_address()?;
        let mut command = Command::new(localstripe);
        command.arg("--port").arg(address.port().to_string());
        // It keeps what it has in a file of the system's temporary directory.
        let directory = tempfile::tempdir()?;
        command
            .env("TMPDIR", directory.path())
            .current_dir(directory.path());
        let localstripe = Process::spawn(&mut command, address).await?;
        let body = json!({ "email": "ada@example.com" }).to_string();
        let customer = ask(&localstripe, "/v1/customers", &body).await?;
        let path = format!(
            "/v1/customers/{}",
            customer["id"].as_str().unwrap_or_default()
        );
        let get = Load::get(&localstripe, &path);
        let shop = shop().await?;
        against("localstripe, `GET /v1/customers/{id}`", &shop.read, &get).await?;
        let post = Load::post(&localstripe, "/v1/customers", &body);
        against("localstripe, `POST /v1/customers`", &shop.write, &post).await?;
    }
    Ok(())
}

/// A mock with a payment to read, and what makes more of them. In memory it holds a gigabyte, which is some
/// ten seconds of writing: each load of writes has its own.
struct Shop {
    read: Load,
    write: Load,
    _mock: Process,
}

async fn shop() -> Result<Shop, Failure> {
    let mock = Process::mock(&[]).await?;
    let customer = customer_with_card(&mock).await?;
    let payment = charge(&mock, &customer).await?;
    let id = payment["id"].as_str().unwrap_or_default();
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    Ok(Shop {
        read: Load::get(&mock, &format!("/v1/payments/{id}")),
        write: Load::post(&mock, "/v1/payments", &body),
        _mock: mock,
    })
}

async fn against(peer: &str, load: &Load, other: &Load) -> Result<(), Failure> {
    beside("the like", "≥ 5", load, (peer, other), 32).await
}

async fn durable_figures(file: &str) -> Result<(), Failure> {
    let durable = Process::mock(&["--db", file]).await?;
    let customer = customer_with_card(&durable).await?;
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    let write = Load::post(&durable, "/v1/payments", &body);
    let run = write.run(64, ROUND * 8).await?;
    println!(
        "| `POST /payments`, `--db`, 64 clients | ≥ 3 000/s, p99 ≤ 50 ms | {:.0}/s, p99 {:.1} ms, {} refused | | | |",
        run.per_second(),
        run.percentile(0.99).as_secs_f64() * 1e3,
        run.refused
    );
    Ok(())
}

/// Pages of a list in a small sandbox and in a large one.
async fn lists(directory: &std::path::Path) -> Result<(), Failure> {
    let mut figures = Vec::new();
    for count in [1_000_u64, 1_000_000] {
        let file = directory.join(format!("{count}.db"));
        let name = file.to_str().ok_or("a path that is not UTF-8")?;
        let mock = Process::mock(&["--db", name]).await?;
        let customer = customer_with_card(&mock).await?;
        charge(&mock, &customer).await?;
        mock.stop();
        multiply_payments(&file, count)?;
        let mock = Process::mock(&["--db", name]).await?;
        let pages = [
            ("newest", "/v1/payments?limit=20".to_owned()),
            (
                "in the middle",
                format!("/v1/payments?limit=20&after={}", nth(count / 2)),
            ),
            (
                "of a rare state",
                "/v1/payments?limit=20&state=FAILED".to_owned(),
            ),
            (
                "before an instant",
                "/v1/payments?limit=20&created_at[lt]=2020-01-02T00:00:00Z".to_owned(),
            ),
        ];
        for (what, path) in pages {
            let load = Load::get(&mock, &path);
            load.run(1, ROUND / 4).await?;
            let run = load.run(1, ROUND).await?;
            figures.push((what, run.percentile(0.99)));
        }
    }
    let (small, large) = figures.split_at(figures.len() / 2);
    for ((what, small), (_, large)) in small.iter().zip(large) {
        println!(
            "| a page of 20 payments, {what}, p99 with 1 000 000 | ≤ 1.5 | {:.3} ms | with 1 000 | {:.3} ms | {:.2} |",
            large.as_secs_f64() * 1e3,
            small.as_secs_f64() * 1e3,
            large.as_secs_f64() / small.as_secs_f64()
        );
    }
    Ok(())
}

fn nth(number: u64) -> String {
    format!("pay_{number:016x}")
}

/// Copies the one payment of the file until there are `count`, a second apart from 2020 on; every
/// hundredth of the first thousand has failed.
fn multiply_payments(file: &std::path::Path, count: u64) -> Result<(), Failure> {
    let connection = Connection::open(file)?;
    connection.execute_batch(&format!(
        "BEGIN;
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
         INSERT INTO payments (id, body)
         SELECT printf('pay_%016x', n),
           json_set(body, '$.id', printf('pay_%016x', n),
             '$.created_at', strftime('%Y-%m-%dT%H:%M:%S.000Z', 1577836800 + n, 'unixepoch'),
             '$.state', iif(n < 1000 AND n % 100 = 0, 'FAILED', 'CAPTURED'))
         FROM numbers, (SELECT body FROM payments LIMIT 1);
         COMMIT;"
    ))?;
    Ok(())
}

/// Alternates rounds of both loads and prints the middle ratio.
async fn beside(
    what: &str,
    target: &str,
    load: &Load,
    (name, floor): (&str, &Load),
    clients: usize,
) -> Result<(), Failure> {
    let mut rounds = Vec::new();
    for load in [load, floor] {
        load.run(clients, ROUND / 4).await?;
    }
    for _ in 0..ROUNDS {
        let bare = floor.run(clients, ROUND).await?;
        let run = load.run(clients, ROUND).await?;
        assert_eq!((run.refused, bare.refused), (0, 0), "{what} was refused");
        rounds.push((run.per_second() / bare.per_second(), run, bare));
    }
    rounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (ratio, run, bare) = &rounds[ROUNDS / 2];
    println!(
        "| {what}, {clients} clients | {target} | {:.0}/s, {:.1} µs of processor | {name} | {:.0}/s, {:.1} µs | {ratio:.2} |",
        run.per_second(),
        run.processor_micros(),
        bare.per_second(),
        bare.processor_micros()
    );
    Ok(())
}

async fn customer_with_card(server: &Process) -> Result<String, Failure> {
    let id = |value: Value| value["id"].as_str().unwrap_or_default().to_owned();
    let customer = json!({ "email": "ada@example.com" }).to_string();
    let customer = id(ask(server, "/v1/customers", &customer).await?);
    let session = json!({
        "amount": 4999, "currency": "GBP", "customer": customer,
        "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
    });
    let session = id(ask(server, "/v1/checkout/sessions", &session.to_string()).await?);
    let card =
        json!({ "card": { "number": CARD, "exp_month": 12, "exp_year": 2099, "cvc": "123" } });
    let path = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    ask(server, &path, &card.to_string()).await?;
    Ok(customer)
}

async fn charge(server: &Process, customer: &str) -> Result<Value, Failure> {
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    ask(server, "/v1/payments", &body).await
}

async fn ask(server: &Process, path: &str, body: &str) -> Result<Value, Failure> {
    let mut stream = TcpStream::connect(server.address).await?;
    let load = Load::post(server, path, body);
    stream.write_all(&load.request).await?;
    let mut buffer = Vec::new();
    let (status, length) = read_answer(&mut stream, &mut buffer).await?;
    let text = String::from_utf8_lossy(&buffer[buffer.len() - length..]).into_owned();
    if status >= 300 {
        return Err(format!("{path}: {status} {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}
