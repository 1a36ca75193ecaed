//! Whole-process figures: `cargo xtask bench`. Each is printed beside a floor measured in the same
//! run, because a figure of one machine alone says little.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use futures_util::StreamExt;

const FLUXA: &str = env!("CARGO_BIN_EXE_fluxa");
const KEY: &str = "sk_test_mock0000000000000000000000000000";

#[path = "whole_process/listening.rs"]
mod listening;

/// `cargo bench --bench whole_process -- burst ready` measures only what has one of the words in
/// its name.
fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let wanted =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    println!("| what | median | floor | median of the floor | ratio |");
    println!("|---|---|---|---|---|");
    let spawn_floor = median((0..200).map(|_| spawned("true", &[])).collect());
    if wanted("version") {
        row(
            "`fluxa --version`",
            median((0..200).map(|_| spawned(FLUXA, &["--version"])).collect()),
            "spawn of `true`",
            spawn_floor,
        );
    }
    if wanted("mock") {
        row(
            "`fluxa mock`: spawn to first 200",
            median((0..50).map(|_| first_answer()).collect()),
            "spawn of `true`",
            spawn_floor,
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    if wanted("mock forward") {
        let (added, floor) = runtime.block_on(forwarding());
        row(
            "forward p50 added by `fluxa listen`",
            added,
            "direct POST to the same target",
            floor,
        );
    }
    runtime.block_on(listen(&wanted, spawn_floor));
}

/// `fluxa listen` between fakes.
async fn listen(wanted: &impl Fn(&str) -> bool, spawn_floor: Duration) {
    use listening::share;
    if wanted("listen ready") {
        let ready = listening::ready(30).await;
        row(
            "listen: spawn to `ready`",
            ready,
            "spawn of `true`",
            spawn_floor,
        );
    }
    if wanted("listen latency") {
        let (ours, floor) = (
            listening::forwarding(2_000).await,
            listening::direct(2_000).await,
        );
        for (name, of) in [("p50", 0.5), ("p99", 0.99)] {
            row(
                &format!("listen: event at the server to request at the target, {name}"),
                share(&ours, of),
                &format!("a request over a kept connection, {name}"),
                share(&floor, of),
            );
        }
    }
    if wanted("listen burst") {
        const EVENTS: usize = 2_000;
        let mut bursts = Vec::new();
        for _ in 0..5 {
            bursts.push(listening::burst(EVENTS, 500).await);
        }
        bursts.sort_by_key(|burst| burst.took);
        let middle = &bursts[bursts.len() / 2];
        let rate = EVENTS as f64 / middle.took.as_secs_f64();
        let out_of_order: usize = bursts.iter().map(|burst| burst.out_of_order).sum();
        let lost: usize = bursts.iter().map(|burst| burst.lost).sum();
        let peak = bursts.iter().filter_map(|burst| burst.peak).max();
        let peak = peak.map_or("not known here".to_owned(), |peak| format!("{peak} KB"));
        let took = millis(middle.took);
        println!(
            "| listen: {EVENTS} events over 500 objects at once | {took}, {rate:.0}/s |  |  |  |"
        );
        println!(
            "| listen: of five bursts, out of order in their object, and lost | {out_of_order}, {lost} |  |  |  |"
        );
        println!("| listen: peak resident memory after a burst | {peak} |  |  |  |");
    }
    if wanted("listen back") {
        let back = listening::back(15).await;
        for (name, of) in [("median", 0.5), ("worst", 1.0)] {
            let back = millis(share(&back, of));
            println!("| listen: server back to stream asked for, {name} | {back} |  |  |  |");
        }
    }
}

fn row(what: &str, figure: Duration, floor: &str, floor_figure: Duration) {
    let ratio = figure.as_secs_f64() / floor_figure.as_secs_f64().max(1e-9);
    println!(
        "| {what} | {} | {floor} | {} | {ratio:.1} |",
        millis(figure),
        millis(floor_figure)
    );
}

fn millis(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1000.0)
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations
        .get(durations.len() / 2)
        .copied()
        .unwrap_or_default()
}

fn spawned(program: &str, arguments: &[&str]) -> Duration {
    let started = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("the program runs").success());
    started.elapsed()
}

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mock(address: SocketAddr) -> Running {
    let child = Command::new(FLUXA)
        .args([
            "mock",
            "--rate-limit",
            "off",
            "--addr",
            &address.to_string(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("fluxa mock starts");
    Running(child)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

fn first_answer() -> Duration {
    let address = free_address();
    let started = Instant::now();
    let _mock = mock(address);
    loop {
        if let Ok(stream) = TcpStream::connect(address)
            && healthy(stream)
        {
            return started.elapsed();
        }
        std::thread::yield_now();
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the mock did not start"
        );
    }
}

fn healthy(mut stream: TcpStream) -> bool {
    use std::io::{Read, Write};
    let request = "GET /_mock/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let mut head = [0; 12];
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut head).is_ok()
        && &head == b"HTTP/1.1 200"
}

type Arrivals = Arc<Mutex<HashMap<String, Instant>>>;

/// Median time by which an event reaches the target after it reached a plain subscriber of the
/// same stream; and the median of a direct POST of the same bytes to the same target.
async fn forwarding() -> (Duration, Duration) {
    const EVENTS: usize = 400;
    let api = free_address();
    let _mock = mock(api);
    let base = format!("http://{api}/v1");
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("installed once");
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be built");
    let health = format!("http://{api}/_mock/health");
    while http.get(&health).send().await.is_err() {
        tokio::task::yield_now().await;
    }

    let at_target = Arrivals::default();
    let recorded = at_target.clone();
    let app = Router::new().route(
        "/hook",
        post(move |body: Bytes| async move {
            let now = Instant::now();
            let event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let id = event["id"].as_str().unwrap_or_default().to_owned();
            recorded
                .lock()
                .expect("no panic holds the lock")
                .entry(id)
                .or_insert(now);
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let target = format!("http://{}/hook", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let ready = std::env::temp_dir().join(format!("fluxa-bench-{}", std::process::id()));
    let _ = std::fs::remove_file(&ready);
    let listen = Command::new(FLUXA)
        .args([
            "listen",
            "--output",
            "json",
            "--forward-to",
            &target,
            "--ready-file",
        ])
        .arg(&ready)
        .env("FLUXA_SECRET_KEY", KEY)
        .env("FLUXA_API_BASE", &base)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("fluxa listen starts");
    let _listen = Running(listen);
    while !ready.exists() {
        tokio::task::yield_now().await;
    }

    let at_subscriber = Arrivals::default();
    let noted = at_subscriber.clone();
    let stream = http
        .get(format!("{base}/events/stream"))
        .bearer_auth(KEY)
        .send()
        .await;
    let mut chunks = stream.expect("the stream opens").bytes_stream();
    tokio::spawn(async move {
        let mut text = String::new();
        while let Some(Ok(chunk)) = chunks.next().await {
            let now = Instant::now();
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some(end) = text.find("\n\n") {
                let message: String = text.drain(..end + 2).collect();
                if let Some(id) = message.lines().find_map(|line| line.strip_prefix("id:")) {
                    let id = id.trim().to_owned();
                    noted
                        .lock()
                        .expect("no panic holds the lock")
                        .insert(id, now);
                }
            }
        }
    });

    for number in 0..EVENTS {
        let body = serde_json::json!({ "email": format!("{number}@example.com") });
        let sent = http
            .post(format!("{base}/customers"))
            .bearer_auth(KEY)
            .json(&body)
            .send()
            .await;
        assert!(sent.expect("the mock answers").status().is_success());
        let wanted = number + 1;
        while at_target.lock().expect("no panic holds the lock").len() < wanted
            || at_subscriber.lock().expect("no panic holds the lock").len() < wanted
        {
            tokio::task::yield_now().await;
        }
    }
    let targets = at_target.lock().expect("no panic holds the lock").clone();
    let subscribers = at_subscriber
        .lock()
        .expect("no panic holds the lock")
        .clone();
    let added = targets
        .iter()
        .filter_map(|(id, at)| Some(at.saturating_duration_since(*subscribers.get(id)?)))
        .collect();

    let payload = vec![b' '; 600];
    let mut direct = Vec::new();
    for number in 0..EVENTS {
        let body = format!(
            "{{\"id\":\"direct{number}\"{}}}",
            String::from_utf8_lossy(&payload)
        );
        let started = Instant::now();
        let sent = http.post(&target).body(body).send().await;
        assert!(sent.expect("the target answers").status().is_success());
        let arrived =
            at_target.lock().expect("no panic holds the lock")[&format!("direct{number}")];
        direct.push(arrived.saturating_duration_since(started));
    }
    let _ = std::fs::remove_file(&ready);
    (median(added), median(direct))
}
