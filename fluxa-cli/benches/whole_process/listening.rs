//! `fluxa listen` between a fake API and a fake target, both in this process: what it adds to an
//! event, how fast a burst goes through and in which order, what it holds, how soon it is back.
//!
//! Both fakes speak just enough HTTP over bare sockets to cost next to nothing themselves.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{FLUXA, KEY, Running, median};

const SESSION: &str = r#"{"id":"lst_d4e5f6a7b8c9d0e1","object":"listen_session","livemode":false,"created_at":"2026-05-19T10:23:14.572Z","metadata":{},"secret":"whsec_3q2w8r7t6y5u4i3o2p1a9s8d7f6g5h4j","stream_url":"https://api.fluxapay.co.uk/v1/events/stream","events":[]}"#;
const DELIVERY: &str = r#"{"id":"dlv_0000000000000001","object":"webhook_delivery","created_at":"2026-01-01T00:00:00Z","livemode":false,"metadata":{},"attempt":1,"endpoint":"lst_d4e5f6a7b8c9d0e1","event":"evt_0000000000000001","status":"succeeded"}"#;

/// A request, as far as the fakes look at it.
struct Request {
    head: String,
    body: Vec<u8>,
    at: Instant,
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    let mut at = None;
    while !head.ends_with("\r\n\r\n") {
        let read = stream.read_line(&mut head).await.ok()?;
        at.get_or_insert_with(Instant::now);
        (read > 0).then_some(())?;
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length:").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let at = at?;
    Some(Request { head, body, at })
}

/// The fake target: answers 200, and says which event came when.
pub(super) struct Target {
    pub(super) address: SocketAddr,
    arrivals: mpsc::UnboundedReceiver<(String, Instant)>,
}

impl Target {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let mut stream = BufReader::new(stream);
                    while let Some(Request { body, at, .. }) = request(&mut stream).await {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        if stream.write_all(answer).await.is_err() {
                            return;
                        }
                        // {"id":"evt_… comes first in what the fake API sends.
                        let id = body.get(7..27).unwrap_or_default();
                        let _ = sender.send((String::from_utf8_lossy(id).into_owned(), at));
                    }
                });
            }
        });
        Self { address, arrivals }
    }

    async fn next(&mut self) -> (String, Instant) {
        let next = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv());
        next.await
            .expect("it comes in time")
            .expect("the target runs")
    }
}

/// The fake API: one session, one event in the past, and a stream that says what it is told to.
struct Api {
    address: SocketAddr,
    /// Opened streams, and when.
    streams: mpsc::UnboundedReceiver<(TcpStream, Instant)>,
    sender: mpsc::UnboundedSender<(TcpStream, Instant)>,
    serving: JoinSet<()>,
    down: watch::Sender<bool>,
}

impl Api {
    async fn start() -> Self {
        let (sender, streams) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut api = Self {
            address: listener.local_addr().expect("bound"),
            streams,
            sender,
            serving: JoinSet::new(),
            down: watch::Sender::new(false),
        };
        api.serve(listener);
        api
    }

    fn serve(&mut self, listener: TcpListener) {
        let (sender, down) = (self.sender.clone(), self.down.subscribe());
        self.serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, mut down) = (sender.clone(), down.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = answer(stream, sender) => {}
                        _ = down.wait_for(|down| *down) => {}
                    }
                });
            }
        });
    }

    /// Ends every connection and accepts none.
    async fn stop(&mut self, stream: TcpStream) {
        drop(stream);
        self.down.send_replace(true);
        self.serving.shutdown().await;
        self.down = watch::Sender::new(false);
    }

    /// Is there again, at the same address. Returns since when.
    fn restart(&mut self) -> Instant {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(self.address).expect("its address is free");
        let listener = socket.listen(64).expect("it listens");
        let at = Instant::now();
        self.serve(listener);
        at
    }

    async fn stream(&mut self) -> (TcpStream, Instant) {
        let opened = tokio::time::timeout(Duration::from_secs(20), self.streams.recv());
        opened.await.expect("it comes in time").expect("kept here")
    }
}

async fn answer(stream: TcpStream, streams: mpsc::UnboundedSender<(TcpStream, Instant)>) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(Request { head, at, .. }) = request(&mut stream).await {
        if head.starts_with("GET /v1/events/stream") {
            let mut stream = stream.into_inner();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: connected\n\n";
            if stream.write_all(head.as_bytes()).await.is_ok() {
                let _ = streams.send((stream, at));
            }
            return;
        }
        let newest = event(0, 0);
        let body = match &head {
            head if head.contains("/deliveries") => DELIVERY.to_owned(),
            head if head.starts_with("POST") => SESSION.to_owned(),
            _ => format!(r#"{{"data":[{newest}],"has_more":false,"next_cursor":null}}"#),
        };
        let status = if head.starts_with("POST") {
            "201 Created"
        } else {
            "200 OK"
        };
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn id(number: usize) -> String {
    format!("evt_{number:016x}")
}

/// An event as large as one of a settled payment.
fn event(number: usize, object: usize) -> String {
    format!(
        r#"{{"id":"{}","object":"event","livemode":true,"created_at":"2026-05-21T07:14:32.001Z","metadata":{{}},"type":"payment.settled","api_version":"2026-05-19","data":{{"object":{{"id":"pay_{object:016x}","object":"payment","amount":4999,"currency":"GBP","fee":99,"net":4900,"state":"SETTLED","ledger_state":"SETTLED","livemode":true,"created_at":"2026-05-19T10:23:14.572Z","captured_at":"2026-05-19T10:23:15.103Z","settling_at":"2026-05-20T07:00:00.000Z","settled_at":"2026-05-21T07:14:32.001Z","settlement_reference":"STL-2026-05-21-FX-04812","settlement_method":"bacs_credit","payment_method":{{"type":"card","card":{{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2028,"country":"GB","funding":"credit"}}}},"customer":"cus_3f7a91d8c2b04a6f","metadata":{{"order_id":"ord_8421"}}}},"previous_state":"SETTLING","state":"SETTLED","transitioned_at":"2026-05-21T07:14:32.001Z"}},"request":{{"id":null,"idempotency_key":null}}}}"#,
        id(number)
    )
}

fn message(number: usize, object: usize) -> String {
    let event = event(number, object);
    format!(
        "id: {}\nevent: payment.settled\ndata: {event}\n\n",
        id(number)
    )
}

fn listen(api: &Api, target: &Target, stdout: Stdio) -> Running {
    let target = target.address.to_string();
    let child = Command::new(FLUXA)
        .args(["listen", "--output", "json", "--forward-to", &target])
        .env("FLUXA_SECRET_KEY", KEY)
        .env("FLUXA_API_BASE", format!("http://{}/v1", api.address))
        .stdout(stdout)
        .stderr(Stdio::null())
        .spawn();
    Running(child.expect("fluxa listen starts"))
}

/// Median time from the start of the process to its line `ready`.
pub(super) async fn ready(runs: usize) -> Duration {
    let api = Api::start().await;
    let target = Target::start().await;
    let mut all = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        let mut listen = listen(&api, &target, Stdio::piped());
        let stdout = listen.0.stdout.take().expect("it is piped");
        let waiting = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let read = std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line);
            assert!(read.is_ok() && line.contains(r#""type":"ready""#), "{line}");
            started.elapsed()
        });
        all.push(waiting.await.expect("no panic"));
    }
    median(all)
}

/// Times from an event's write at the API to its request at the target, one event at a time,
/// sorted.
pub(super) async fn forwarding(events: usize) -> Vec<Duration> {
    let mut api = Api::start().await;
    let mut target = Target::start().await;
    let _listen = listen(&api, &target, Stdio::null());
    let (mut stream, _) = api.stream().await;
    let mut all = Vec::new();
    for number in 1..=events + 50 {
        let text = message(number, number);
        let sent = Instant::now();
        stream.write_all(text.as_bytes()).await.expect("it reads");
        let (came, at) = target.next().await;
        assert_eq!(came, id(number));
        all.push(at.saturating_duration_since(sent));
        // As events come: one by one, and not the moment the last one was answered.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The first ones open connections and warm up both sides.
    let mut all = all.split_off(50);
    all.sort();
    all
}

/// The floor of it: a request of the same size over a kept connection, sorted.
pub(super) async fn direct(events: usize) -> Vec<Duration> {
    let mut target = Target::start().await;
    let stream = TcpStream::connect(target.address)
        .await
        .expect("it listens");
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    let mut all = Vec::new();
    for number in 1..=events {
        let body = event(number, number);
        let length = body.len();
        let text = format!("POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}");
        let sent = Instant::now();
        stream.write_all(text.as_bytes()).await.expect("it reads");
        let (_, at) = target.next().await;
        all.push(at.saturating_duration_since(sent));
        request(&mut stream).await.expect("an answer");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    all.sort();
    all
}

/// What a burst came to.
pub(super) struct Burst {
    pub(super) took: Duration,
    pub(super) out_of_order: usize,
    pub(super) lost: usize,
    /// Peak resident memory in kilobytes, where the system tells.
    pub(super) peak: Option<u64>,
}

/// Writes many events over many objects at once.
pub(super) async fn burst(events: usize, objects: usize) -> Burst {
    let mut api = Api::start().await;
    let mut target = Target::start().await;
    let listen = listen(&api, &target, Stdio::null());
    let (mut stream, _) = api.stream().await;
    let text: String = (1..=events).map(|n| message(n, n % objects)).collect();
    let numbers: HashMap<String, usize> = (1..=events).map(|n| (id(n), n)).collect();
    let begun = Instant::now();
    let writing = tokio::spawn(async move {
        let written = stream.write_all(text.as_bytes()).await;
        (stream, written)
    });
    let mut last: HashMap<usize, usize> = HashMap::new();
    let (mut came, mut out_of_order, mut end) = (0, 0, begun);
    while came < events {
        let next = tokio::time::timeout(Duration::from_secs(10), target.arrivals.recv());
        let Ok(Some((event, at))) = next.await else {
            break;
        };
        came += 1;
        end = end.max(at);
        let number = numbers[&event];
        let before = last.insert(number % objects, number).unwrap_or(0);
        out_of_order += usize::from(before > number);
    }
    let peak = peak(listen.0.id());
    let (_stream, written) = writing.await.expect("no panic");
    written.expect("it reads");
    Burst {
        took: end - begun,
        out_of_order,
        lost: events - came,
        peak,
    }
}

fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Times from the server's return to the stream's request, after it was away for a while, sorted.
pub(super) async fn back(runs: usize) -> Vec<Duration> {
    let mut api = Api::start().await;
    let target = Target::start().await;
    let _listen = listen(&api, &target, Stdio::null());
    let (mut stream, _) = api.stream().await;
    let mut all = Vec::new();
    for run in 0..runs {
        api.stop(stream).await;
        // Long enough for several attempts in vain, and never in step with them.
        tokio::time::sleep(Duration::from_millis(400 + 37 * run as u64)).await;
        let returned = api.restart();
        let (opened, at) = api.stream().await;
        all.push(at.saturating_duration_since(returned));
        stream = opened;
    }
    all.sort();
    all
}

/// Keeps figures that several runs may add to; returns the value at a share of the whole.
pub(super) fn share(sorted: &[Duration], of: f64) -> Duration {
    let at = (sorted.len() as f64 * of) as usize;
    let at = at.min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}
