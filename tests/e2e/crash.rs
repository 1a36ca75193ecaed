//! kill −9 between any two writes of the sandbox's database, and the sync before each answer. A library
//! that is preloaded into `fluxa mock --db` counts its writes and kills it at one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::victim::{Answer, Client, Shim, Victim};
use crate::support::{Home, eventually};

/// Kills, spread over all writes of a workload.
const CYCLES: usize = 200;

/// Cycles at the same time.
const WORKERS: usize = 4;

/// Clients at the same time: with two, requests share commits.
const CLIENTS: usize = 2;

/// What one client asks for, in order; each step may use the answers to those before.
const STEPS: usize = 10;

/// How far a client advances the clock, all in all.
const ADVANCED_SECONDS: i64 = 40 + 7_200;

fn step(client: usize, number: usize, before: &[Value]) -> (String, Value) {
    let id = |step: usize| before[step]["id"].as_str().unwrap().to_owned();
    let path = |path: &str| format!("/v1/{path}");
    match number {
        // Nobody listens there: every delivery fails and is tried again.
        0 => {
            let hook = json!({ "url": "http://127.0.0.1:9/", "events": ["customer.created"] });
            (path("webhook_endpoints"), hook)
        }
        1 | 7 => {
            let email = format!("c{client}-{number}@example.com");
            (path("customers"), json!({ "email": email }))
        }
        2 => (
            path("checkout/sessions"),
            json!({
                "amount": 4999, "currency": "GBP", "customer": id(1),
                "success_url": "https://example.com/y", "cancel_url": "https://example.com/n",
            }),
        ),
        3 => {
            let card = json!({ "card": {
                "number": "4242424242424242", "exp_month": 12, "exp_year": 2099, "cvc": "123",
            } });
            let path = format!("/v1/sandbox/checkout/sessions/{}/complete", id(2));
            (path, card)
        }
        4 => {
            let charge = json!({ "amount": 1000, "currency": "GBP", "customer": id(1) });
            (path("payments"), charge)
        }
        5 => (path("refunds"), json!({ "payment": id(4), "amount": 500 })),
        6 => (path("sandbox/clock/advance"), json!({ "seconds": 40 })),
        8 => (path("sandbox/clock/advance"), json!({ "seconds": 7_200 })),
        9 => (path("sandbox/settlements/close"), json!({})),
        _ => unreachable!("there is no step {number}"),
    }
}

/// Works through all steps until no answer comes. The answers in `known` were given before: they must
/// come again, byte for byte.
fn work(mut http: Client, client: usize, known: &[Answer]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut values = Vec::new();
    for number in 0..STEPS {
        let (path, body) = step(client, number, &values);
        let key = format!("client-{client}-step-{number}");
        let Ok(answer) = http.ask("POST", &path, Some(&key), &body.to_string()) else {
            assert!(known.is_empty(), "{path} got no answer after the restart");
            break;
        };
        if let Some(first) = known.get(number) {
            assert_eq!((answer.status, &answer.body), (first.status, &first.body));
            assert!(answer.replayed, "{path} was acknowledged and is done again");
        }
        values.push(answer.json());
        answers.push(answer);
    }
    answers
}

/// Every client at the same time.
fn work_all(victim: &Victim, known: &[Vec<Answer>]) -> Vec<Vec<Answer>> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let http = victim.client();
                let known = known.get(client).map_or(&[][..], Vec::as_slice);
                scope.spawn(move || work(http, client, known))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    })
}

/// All of it happened once, as if nothing had been killed.
fn check(http: &mut Client, begin: Option<Timestamp>) {
    assert_eq!(
        http.get("/_mock/invariants"),
        json!({ "ok": true, "breaches": [] })
    );
    for (path, each) in [
        ("/v1/webhook_endpoints", 1),
        ("/v1/customers", 2),
        ("/v1/checkout/sessions", 1),
        ("/v1/payments", 2),
        ("/v1/refunds", 1),
    ] {
        assert_eq!(http.list(path).len(), each * CLIENTS, "{path}");
    }
    let mut states: Vec<String> = http
        .list("/v1/payments")
        .iter()
        .map(|payment| payment["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    assert_eq!(states, ["REFUNDED", "REFUNDED", "SETTLED", "SETTLED"]);
    let mut told = BTreeSet::new();
    let events = http.list("/v1/events");
    for event in &events {
        let about = (
            event["type"].to_string(),
            event["data"]["object"]["id"].to_string(),
        );
        assert!(told.insert(about), "told twice: {event}");
    }
    // As many moves as the states above need.
    let of = |name: &str| events.iter().filter(|event| event["type"] == name).count();
    assert_eq!(of("payment.captured"), 2 * CLIENTS);
    assert_eq!(of("refund.succeeded"), CLIENTS);
    assert_eq!(of("customer.created"), 2 * CLIENTS);
    check_attempts(http);
    if let Some(begin) = begin {
        let now = http.get("/v1/sandbox/clock")["now"].clone();
        let now: Timestamp = now.as_str().unwrap().parse().unwrap();
        let passed = now.duration_since(begin).as_millis();
        let advanced = i128::from(ADVANCED_SECONDS) * CLIENTS as i128 * 1000;
        assert_eq!(passed, advanced, "each advance happens once");
    }
}

/// No attempt of a series is left out, and every one that is due was made.
fn check_attempts(http: &mut Client) {
    for endpoint in http.list("/v1/webhook_endpoints") {
        let path = format!(
            "/v1/webhook_endpoints/{}/deliveries",
            endpoint["id"].as_str().unwrap()
        );
        let mut series: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in http.list(&path) {
            let attempts = series.entry(row["event"].to_string()).or_default();
            attempts.insert(0, row["attempt"].as_i64().unwrap());
        }
        for (event, attempts) in series {
            let whole: Vec<i64> = (1..=attempts.len() as i64).collect();
            assert_eq!(attempts, whole, "{event}");
            // 1 m, 5 m, 15 m and 1 h lie within any client's last advance.
            assert!(attempts.len() >= 5, "{event}: {attempts:?}");
        }
    }
}

/// One life and death: works until killed at the `at`-th write, restarts, goes on, and looks. With
/// `Err`, it came to its end before, after so many writes, and was killed there.
fn cycle(shim: &Shim, at: usize, tear: bool) -> Result<(), usize> {
    let home = Home::new();
    let file = home.path("mock.db");
    let counter = home.path("count");
    let at = at.to_string();
    let fatal = [
        ("FLUXA_SHIM_KILL", at.as_str()),
        ("FLUXA_SHIM_TEAR", if tear { "1" } else { "0" }),
        ("FLUXA_SHIM_COUNT", counter.to_str().unwrap()),
    ];
    let mut begin = None;
    let mut acknowledged = Vec::new();
    let mut end = Ok(());
    if let Some(victim) = Victim::start(&home, shim, &file, &fatal) {
        let clock = victim.client().ask("GET", "/v1/sandbox/clock", None, "");
        begin = clock.ok().map(|clock| instant(&clock));
        acknowledged = work_all(&victim, &[]);
        if !victim.kill() {
            end = Err(written(&counter));
        }
    }
    let victim = Victim::start(&home, shim, &file, &[]).unwrap();
    work_all(&victim, &acknowledged);
    check(&mut victim.client(), begin);
    end
}

/// How many writes the library counted.
fn written(counter: &Path) -> usize {
    let text = std::fs::read_to_string(counter).unwrap();
    text.trim().parse().unwrap()
}

fn instant(clock: &Answer) -> Timestamp {
    clock.json()["now"].as_str().unwrap().parse().unwrap()
}

/// Says which write it was when a cycle fails, and lets no other begin.
struct Named<'a>(usize, &'a AtomicUsize);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "it was killed at write {}", self.0);
            self.1.store(CYCLES, Ordering::Relaxed);
        }
    }
}

#[test]
fn killed_at_any_write_it_has_lost_nothing_acknowledged_and_done_nothing_by_half() {
    let Some(shim) = Shim::build() else { return };
    // More than there are: how many there are depends on how many requests share a commit.
    let writes = AtomicUsize::new(cycle(&shim, usize::MAX, false).unwrap_err());
    // Other writes on every run, and steps of the golden section: spread evenly whatever their number.
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = f64::from(nanoseconds.subsec_nanos()) / 1e9;
    println!("{writes:?} writes, seed {seed}");
    let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= CYCLES {
                        return;
                    }
                    let part = (seed + number as f64 * 0.618_033_988_75).fract();
                    let at = 1 + (part * writes.load(Ordering::Relaxed) as f64) as usize;
                    let _named = Named(at, &next);
                    match cycle(&shim, at, number % 2 == 1) {
                        Ok(()) => killed.fetch_add(1, Ordering::Relaxed),
                        Err(all) => writes.swap(all, Ordering::Relaxed),
                    };
                }
            });
        }
    });
    // The others were killed as well, but between two requests.
    let killed = killed.into_inner();
    assert!(killed >= CYCLES * 3 / 4, "only {killed} kills at a write");
}

#[test]
fn no_answer_comes_before_its_commit_is_on_disk() {
    let Some(shim) = Shim::build() else { return };
    let home = Home::new();
    let hold = home.path("hold");
    let reached = home.path("hold.reached");
    let settings = [("FLUXA_SHIM_HOLD", hold.to_str().unwrap())];
    let victim = Victim::start(&home, &shim, &home.path("mock.db"), &settings).unwrap();
    for round in 0..3 {
        std::fs::write(&hold, "").unwrap();
        let (answer, answers) = mpsc::channel();
        let mut http = victim.client();
        std::thread::spawn(move || {
            let body = json!({ "email": format!("c{round}@example.com") }).to_string();
            answer.send(http.ask("POST", "/v1/customers", Some(&format!("k{round}")), &body))
        });
        eventually("the sync", || {
            let early = answers.try_recv();
            assert!(early.is_err(), "an answer without a sync: {early:?}");
            Path::new(&reached).exists().then_some(())
        });
        // The server is alive all the while: what needs no store is answered.
        let mut other = victim.client();
        other.host = "elsewhere.example".to_owned();
        for _ in 0..50 {
            let refused = other.ask("GET", "/_mock/health", None, "").unwrap();
            assert_eq!(refused.status, 403);
        }
        let early = answers.try_recv();
        assert!(early.is_err(), "an answer during the sync: {early:?}");
        std::fs::remove_file(&hold).unwrap();
        let _ = std::fs::remove_file(&reached);
        let answer = answers.recv_timeout(crate::support::DEADLINE).unwrap();
        assert_eq!(answer.unwrap().status, 201);
        let _ = std::fs::remove_file(&reached);
    }
}

#[test]
fn a_second_mock_on_one_file_is_refused() {
    let home = Home::new();
    let file = home.path("mock.db");
    let arguments = ["--db", file.to_str().unwrap()];
    let _first = crate::support::Mock::start(&home, &arguments);
    let second = home.run(&["mock", "--addr", "127.0.0.1:0", "--db", arguments[1]]);
    let second = second.expect(1);
    assert!(
        second.stderr.contains("in use by another process"),
        "{}",
        second.stderr
    );
}
