//! What `fluxa mock` carries, as a process of its own, beside a bare axum endpoint in another process
//! under the same load in the same run: `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FLUXA: &str = env!("CARGO_BIN_EXE_fluxa");
const KEY: &str = "sk_test_mock0000000000000000000000000000";
const CARD: &str = "4242424242424242";

/// Set in the child that is the floor.
const FLOOR: &str = "FLUXA_BENCH_FLOOR";

const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

type Failure = Box<dyn std::error::Error + Send + Sync>;

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
    let floor = Process::floor(&payment).await?;
    let id = payment["id"].as_str().unwrap_or_default();

    println!("| what | target | figure | floor | floor's figure | ratio |");
    println!("|---|---|---|---|---|---|");
    if wants("rest") {
        println!("| memory at rest | ≤ 15 MB | {at_rest:.1} MB | | | |");
    }
    let read = Load::get(&mock, &format!("/v1/payments/{id}"));
    let bare = Load::get(&floor, "/payment");
    if wants("get") {
        beside("`GET /payments/{id}`", "≥ 0.50", &read, &bare, 32).await?;
    }
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    let write = Load::post(&mock, "/v1/payments", &body);
    let bare = Load::post(&floor, "/payments", &body);
    if wants("post") {
        beside("`POST /payments`, in memory", "≥ 0.25", &write, &bare, 32).await?;
    }
    drop(mock);

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

async fn durable_figures(file: &str) -> Result<(), Failure> {
    let durable = Process::mock(&["--db", file]).await?;
    let customer = customer_with_card(&durable).await?;
    let body = json!({ "amount": 4999, "currency": "GBP", "customer": customer }).to_string();
    let write = Load::post(&durable, "/v1/payments", &body);
    let run = write.run(64, ROUND * 4).await?;
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
    floor: &Load,
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
        "| {what}, {clients} clients | {target} | {:.0}/s, {:.1} µs of processor | bare axum endpoint | {:.0}/s, {:.1} µs | {ratio:.2} |",
        run.per_second(),
        run.processor_micros(),
        bare.per_second(),
        bare.processor_micros()
    );
    Ok(())
}

/// A server in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    async fn mock(arguments: &[&str]) -> Result<Self, Failure> {
        let address = free_address()?;
        let child = Command::new(FLUXA)
            .args([
                "mock",
                "--quiet",
                "--rate-limit",
                "off",
                "--addr",
                &address.to_string(),
            ])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Self { child, address }.ready().await
    }

    async fn floor(body: &Value) -> Result<Self, Failure> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .env(FLOOR, address.to_string())
            .env("FLUXA_BENCH_BODY", body.to_string())
            .spawn()?;
        Self { child, address }.ready().await
    }

    async fn ready(self) -> Result<Self, Failure> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.address).await {
                let ask = "GET /_mock/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
                stream.write_all(ask.as_bytes()).await?;
                let mut byte = [0; 1];
                if stream.read_exact(&mut byte).await.is_ok() {
                    return Ok(self);
                }
            }
            if Instant::now() > deadline {
                return Err("a server did not start".into());
            }
            tokio::task::yield_now().await;
        }
    }

    fn resident_megabytes(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kilobytes.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// Ends the process before its file is opened by another.
    fn stop(self) {}
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
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

/// One request, repeated over connections that are kept.
struct Load {
    address: SocketAddr,
    /// The server's process, whose time on the processors is counted.
    server: u32,
    request: Vec<u8>,
}

impl Load {
    fn get(server: &Process, path: &str) -> Self {
        let address = server.address;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        );
        Self {
            address,
            server: server.child.id(),
            request: request.into_bytes(),
        }
    }

    fn post(server: &Process, path: &str, body: &str) -> Self {
        let address = server.address;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self {
            address,
            server: server.child.id(),
            request: request.into_bytes(),
        }
    }

    async fn run(&self, clients: usize, span: Duration) -> Result<Run, Failure> {
        let refused = Arc::new(AtomicU64::new(0));
        let before = processor_time(self.server)?;
        let started = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..clients {
            let (address, request) = (self.address, self.request.clone());
            let refused = Arc::clone(&refused);
            tasks.push(tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::new();
                let mut times = Vec::new();
                while started.elapsed() < span {
                    let sent = Instant::now();
                    stream.write_all(&request).await?;
                    let (status, _) = read_answer(&mut stream, &mut buffer).await?;
                    times.push(sent.elapsed());
                    if status >= 300 {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok::<_, Failure>(times)
            }));
        }
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await??);
        }
        let span = started.elapsed();
        times.sort_unstable();
        let processor = processor_time(self.server)?.saturating_sub(before);
        Ok(Run {
            times,
            span,
            processor,
            refused: refused.load(Ordering::Relaxed),
        })
    }
}

/// What came of a load.
struct Run {
    times: Vec<Duration>,
    span: Duration,
    processor: Duration,
    refused: u64,
}

impl Run {
    fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.span.as_secs_f64()
    }

    /// Processor time of the server per request: says the same on a busy machine.
    fn processor_micros(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    fn percentile(&self, part: f64) -> Duration {
        let place = (self.times.len() as f64 * part) as usize;
        self.times
            .get(place.min(self.times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// What a process has used of the processors, in ticks of a hundredth of a second.
fn processor_time(process: u32) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in the stat file")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .ok_or("a short stat file")?
            .parse::<u64>()
            .map_err(Failure::from)
    };
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// Reads one answer whose length is stated; returns its status and the length of its body, which
/// stands at the end of `buffer`.
async fn read_answer(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<(u16, usize), Failure> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(end) = find(buffer, b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end])?;
        let status = head.get(9..12).ok_or("no status")?.parse()?;
        let length = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim())
            })
            .ok_or("no length")?
            .parse::<usize>()?;
        let whole = end + 4 + length;
        while buffer.len() < whole {
            if stream.read_buf(buffer).await? == 0 {
                return Err("the answer was cut".into());
            }
        }
        return Ok((status, length));
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
