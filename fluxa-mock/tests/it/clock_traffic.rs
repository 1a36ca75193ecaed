//! The clock advanced while others write, while receivers keep it waiting, and while somebody wants it to
//! stop: it gets on, it ends, and it can be ended.

use crate::support::hostile::Hostile;
use crate::support::receiver::Receiver;
use crate::support::{Answer, Api, http, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Far beyond what any of it takes: what has not ended by then never will.
const DEADLINE: Duration = Duration::from_secs(180);

const HOUR: Duration = Duration::from_secs(3_600);

const DAY: Duration = Duration::from_secs(86_400);

/// Waits for what must come.
async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(DEADLINE, coming).await;
    waited.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// A server whose deliveries wait for an answer for longer than any test.
async fn patient() -> (MockServer, Api) {
    let server = MockServer::builder().configure(|config| config.delivery_timeout(HOUR));
    let server = server.start().await.unwrap();
    let api = Api::new(&server);
    (server, api)
}

/// Clients that make payments as fast as they are answered.
struct Traffic {
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Starts so many, each charging a customer's card with the default timing; returns when all write.
    async fn start(api: &Api, writers: usize) -> Self {
        let customer = customer(api).await;
        let (stop, made) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let body = json!({ "amount": 500, "currency": "GBP", "customer": customer });
        let write = |_| {
            let (stop, made) = (Arc::clone(&stop), Arc::clone(&made));
            let request = http()
                .post(format!("{}/v1/payments", api.url))
                .bearer_auth(&api.key)
                .header("Content-Type", "application/json")
                .body(body.to_string());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let sent = request.try_clone().unwrap().send().await.unwrap();
                    assert_eq!(sent.status(), 201, "{}", sent.text().await.unwrap());
                    made.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let traffic = Self {
            writers: (0..writers).map(write).collect(),
            stop: Arc::clone(&stop),
        };
        let all = async {
            while made.load(Ordering::SeqCst) < 2 * writers {
                tokio::task::yield_now().await;
            }
        };
        soon("the writers", all).await;
        traffic
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for writer in self.writers {
            writer.await.unwrap();
        }
    }
}

/// A customer with a card.
async fn customer(api: &Api) -> String {
    let customer = new_customer(api).await.id();
    let session = api.session(Some(&customer), Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    customer
}

async fn new_customer(api: &Api) -> Answer {
    let body = json!({ "email": "a@example.com" });
    api.post("/v1/customers", body).await.ok()
}

async fn endpoint(api: &Api, url: &str, events: Value) -> String {
    let body = json!({ "url": url, "events": events });
    api.post("/v1/webhook_endpoints", body).await.ok().id()
}

/// Every item of a list, newest first.
async fn all(api: &Api, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut page = api.get(&format!("{path}?limit=100")).await.ok().body;
    loop {
        items.extend_from_slice(page["data"].as_array().unwrap());
        let Some(cursor) = page["next_cursor"].as_str() else {
            return items;
        };
        let next = format!("{path}?limit=100&after={cursor}");
        page = api.get(&next).await.ok().body;
    }
}

/// An endpoint that answers nobody until it is opened.
struct Gate {
    hostile: Hostile,
    open: watch::Sender<bool>,
    came: watch::Receiver<usize>,
}

impl Gate {
    async fn closed() -> Self {
        let (open, is_open) = watch::channel(false);
        let (came, comes) = watch::channel(0);
        let hostile = Hostile::start(move |mut stream| {
            came.send_modify(|count| *count += 1);
            let mut is_open = is_open.clone();
            async move {
                if is_open.wait_for(|is_open| *is_open).await.is_ok() {
                    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                    // Whoever asked may be gone.
                    drop(stream.write_all(answer).await);
                }
            }
        });
        Self {
            hostile: hostile.await,
            open,
            came: comes,
        }
    }

    fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until somebody stands before it.
    async fn wait_for_one(&self) {
        let mut came = self.came.clone();
        let one = came.wait_for(|came| *came > 0);
        soon("a delivery at the gate", one).await.unwrap();
    }
}

/// A sandbox that a gate keeps from getting on with an advance of a day; a payment settles in it.
struct Stuck {
    server: Arc<MockServer>,
    api: Api,
    gate: Gate,
    payment: String,
    from: SystemTime,
    advance: JoinHandle<std::io::Result<()>>,
}

async fn stuck() -> Stuck {
    let (server, api) = patient().await;
    let gate = Gate::closed().await;
    endpoint(&api, &gate.hostile.url(), json!(["payment.settling"])).await;
    let payment = api.payment("10m").await;
    let (server, from) = (Arc::new(server), server_now(&api).await);
    let advancing = Arc::clone(&server);
    let advance = tokio::spawn(async move { advancing.advance(DAY).await });
    gate.wait_for_one().await;
    Stuck {
        server,
        api,
        gate,
        payment,
        from,
        advance,
    }
}

async fn server_now(api: &Api) -> SystemTime {
    let clock = api.get("/v1/sandbox/clock").await.ok().body;
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    now.into()
}

impl Stuck {
    /// What the advance was told when it was ended.
    async fn interrupted(self) -> (Arc<MockServer>, String) {
        let ended = soon("the advance's end", self.advance).await.unwrap();
        (self.server, ended.unwrap_err().to_string())
    }
}

#[tokio::test]
async fn an_advance_of_days_ends_while_others_write() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    endpoint(&api, &receiver.url(), json!([])).await;
    let payment = api.payment("30s").await;
    let traffic = Traffic::start(&api, 6).await;
    let from = server.now();
    soon("the end", server.advance(3 * DAY)).await.unwrap();
    assert_eq!(server.now().duration_since(from).unwrap(), 3 * DAY);
    // What it answers for has happened, and was told, by then.
    let told = receiver.received();
    let of = |kind: &str| {
        let is = |event: &Value| event["type"] == kind && event["data"]["object"]["id"] == *payment;
        told.iter().filter(|one| is(&one.event())).count()
    };
    assert_eq!((of("payment.settling"), of("payment.settled")), (1, 1));
    traffic.stop().await;
    server.advance(DAY).await.unwrap();
    api.assert_invariants().await;
}

#[tokio::test]
async fn what_others_make_during_an_advance_is_due_by_its_own_creation() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    endpoint(&api, &receiver.url(), json!(["customer.created"])).await;
    new_customer(&api).await;
    let traffic = Traffic::start(&api, 4).await;
    soon("the end", server.advance(3 * DAY)).await.unwrap();
    traffic.stop().await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let payments = all(&api, "/v1/payments").await;
    for payment in &payments {
        let at = |name: &str| -> jiff::Timestamp {
            let text = payment[name].as_str();
            text.unwrap_or_else(|| panic!("{payment}")).parse().unwrap()
        };
        let took = at("settled_at").as_millisecond() - at("created_at").as_millisecond();
        // The customer's own card was charged at once.
        assert!(matches!(took, 0 | 60_000), "{payment}");
    }
    assert!(payments.len() > 8, "{}", payments.len());
}

#[tokio::test]
async fn an_advance_waits_for_its_own_deliveries_and_not_for_those_of_others() {
    let stuck = stuck().await;
    let (api, silent) = (&stuck.api, Receiver::start().await);
    silent.never_answer();
    let deaf = endpoint(api, &silent.url(), json!(["customer.created"])).await;
    new_customer(api).await;
    // Sent beside the advance, which does not get on.
    silent.wait_for(1).await;
    assert!(!stuck.advance.is_finished());
    stuck.gate.open();
    let (server, advance) = (stuck.server, stuck.advance);
    soon("the end", advance).await.unwrap().unwrap();
    assert_eq!(server.now().duration_since(stuck.from).unwrap(), DAY);
    let deliveries = format!("/v1/webhook_endpoints/{deaf}/deliveries");
    let rows = api.get(&deliveries).await.ok().body;
    assert_eq!(rows["data"][0]["status"], "pending");
}

#[tokio::test]
async fn retries_of_a_delivery_that_had_to_wait_count_from_its_first_attempt() {
    let stuck = stuck().await;
    let (api, receiver) = (&stuck.api, Receiver::start().await);
    receiver.answer_with(500);
    let failing = endpoint(api, &receiver.url(), json!(["customer.created"])).await;
    // More than the rate lets through: the last one waits until the clock has gone on.
    for _ in 0..103 {
        new_customer(api).await;
    }
    stuck.gate.open();
    soon("the end", stuck.advance).await.unwrap().unwrap();
    stuck.server.advance(Duration::ZERO).await.unwrap();
    let now = stuck.server.now();
    let event = api.get("/v1/events?type=customer.created&limit=1").await;
    let event = event.ok().ids().remove(0);
    let rows = all(api, &format!("/v1/webhook_endpoints/{failing}/deliveries")).await;
    let last = rows.iter().find(|row| row["event"] == *event).unwrap();
    assert_eq!(last["attempt"], 1);
    let next: jiff::Timestamp = last["next_attempt_at"].as_str().unwrap().parse().unwrap();
    let in_a_minute = SystemTime::from(next).duration_since(now).unwrap();
    assert_eq!(in_a_minute, Duration::from_secs(60), "{last}");
}

#[tokio::test]
async fn a_reset_ends_an_advance_and_those_that_wait_behind_it() {
    let stuck = stuck().await;
    let (api, behind) = (stuck.api.clone(), Arc::clone(&stuck.server));
    let behind = tokio::spawn(async move { behind.advance(DAY).await });
    // Until it stands behind the other.
    tokio::task::yield_now().await;
    soon("the reset", api.post("/_mock/reset", json!({})))
        .await
        .ok();
    let (_server, said) = stuck.interrupted().await;
    assert!(said.contains("reset"), "{said}");
    soon("the other's end", behind).await.unwrap().unwrap_err();
    assert!(api.get("/v1/payments").await.ok().ids().is_empty());
    soon(
        "another",
        api.post("/_mock/clock", json!({ "advance_seconds": 60 })),
    )
    .await
    .ok();
}

#[tokio::test]
async fn a_restored_snapshot_ends_an_advance_and_brings_its_own_clock() {
    let (server, api) = patient().await;
    let gate = Gate::closed().await;
    let from = server.now();
    let snapshot = server.snapshot().await.unwrap();
    endpoint(&api, &gate.hostile.url(), json!(["payment.settling"])).await;
    api.payment("10m").await;
    let advance = async || {
        api.post("/_mock/clock", json!({ "advance_seconds": 9_000 }))
            .await
    };
    let restore = async {
        gate.wait_for_one().await;
        server.restore(&snapshot).await.unwrap();
        assert_eq!(server.now(), from);
    };
    let (ended, ()) = soon("both", async { tokio::join!(advance(), restore) }).await;
    ended.refused(400, "advance_interrupted");
}

#[tokio::test]
async fn a_freeze_stops_an_advance_where_it_is() {
    let stuck = stuck().await;
    let api = stuck.api.clone();
    let frozen = soon(
        "the freeze",
        api.post("/_mock/clock", json!({ "freeze": true })),
    )
    .await;
    let frozen = frozen.ok().body;
    assert_eq!(frozen["mode"], "frozen");
    let (payment, from) = (stuck.payment.clone(), stuck.from);
    let (server, said) = stuck.interrupted().await;
    assert!(said.contains("frozen"), "{said}");
    // At the instant of the first step; the second has not come.
    let passed = server.now().duration_since(from).unwrap();
    assert_eq!(passed, Duration::from_secs(600));
    assert_eq!(
        api.get("/v1/sandbox/clock").await.body["now"],
        frozen["now"]
    );
    let path = format!("/v1/payments/{payment}");
    assert_eq!(api.get(&path).await.ok().body["state"], "SETTLING");
}

#[tokio::test]
async fn a_frozen_advance_has_one_answer_under_its_key() {
    let (server, api) = patient().await;
    let gate = Gate::closed().await;
    endpoint(&api, &gate.hostile.url(), json!(["payment.settling"])).await;
    api.payment("10m").await;
    let advance = |key: &str| {
        let call = api.call(Method::POST, "/v1/sandbox/clock/advance");
        call.key(key).json(&json!({ "seconds": 86_400 })).send()
    };
    let freeze = async {
        gate.wait_for_one().await;
        server.freeze();
    };
    let (first, ()) = soon("both", async { tokio::join!(advance("a"), freeze) }).await;
    let first = first.refused(400, "advance_interrupted");
    let stands = server.now();
    let again = advance("a").await.refused(400, "advance_interrupted");
    assert_eq!((again.body, server.now()), (first.body, stands));
    gate.open();
    soon("the next", advance("b")).await.ok();
    assert_eq!(server.now().duration_since(stands).unwrap(), DAY);
}

#[tokio::test]
async fn a_second_advance_goes_on_from_where_the_first_has_ended() {
    let stuck = stuck().await;
    let api = stuck.api.clone();
    let order = json!({ "advance_seconds": 3_600 });
    let second = tokio::spawn(async move { api.post("/_mock/clock", order).await });
    assert!(!second.is_finished());
    stuck.gate.open();
    soon("the first", stuck.advance).await.unwrap().unwrap();
    soon("the second", second).await.unwrap().ok();
    let passed = stuck.server.now().duration_since(stuck.from).unwrap();
    assert_eq!(passed, DAY + HOUR);
}

#[tokio::test]
async fn an_account_that_is_closed_while_its_clock_is_advanced_is_missing() {
    let server = MockServer::builder().auto_accounts(true);
    let server = server.configure(|config| config.delivery_timeout(HOUR));
    let server = server.start().await.unwrap();
    let api = Api::new(&server).with_key(format!("sk_test_{}", "d".repeat(32)));
    let gate = Gate::closed().await;
    endpoint(&api, &gate.hostile.url(), json!(["payment.settling"])).await;
    api.payment("10m").await;
    let account = server.account(&api.key).await.unwrap();
    let path = format!("/_mock/accounts/{}", account.label());
    let control = api.with_key("");
    let advance = async || {
        api.post("/_mock/clock", json!({ "advance_seconds": 9_000 }))
            .await
    };
    let close = async {
        gate.wait_for_one().await;
        control.delete(&path).await.ok();
    };
    let (ended, ()) = soon("both", async { tokio::join!(advance(), close) }).await;
    ended.refused(404, "account_missing");
}

#[tokio::test]
async fn a_real_clock_never_goes_back_and_goes_on_from_the_end_of_an_advance() {
    let server = MockServer::builder().pace(1.0).configure(|config| {
        // Of a receiver that hangs: the clock stands meanwhile.
        config.delivery_timeout(Duration::from_millis(300))
    });
    let server = server.start().await.unwrap();
    let api = Api::new(&server);
    let traffic = Traffic::start(&api, 2).await;
    let silent = Hostile::silent().await;
    endpoint(&api, &silent.url(), json!(["customer.created"])).await;
    new_customer(&api).await;
    let (watched, stop) = (api.clone(), Arc::<AtomicBool>::default());
    let stopped = Arc::clone(&stop);
    let watching = tokio::spawn(async move {
        let mut last = server_now(&watched).await;
        while !stopped.load(Ordering::SeqCst) {
            let now = server_now(&watched).await;
            assert!(now >= last, "{now:?} after {last:?}");
            last = now;
        }
    });
    let from = server.now();
    let order = json!({ "advance_seconds": 86_400 });
    let reached = soon("the end", api.post("/_mock/clock", order))
        .await
        .ok()
        .body;
    assert_eq!(
        (&reached["mode"], &reached["pace"]),
        (&json!("real"), &json!(1.0))
    );
    let reached: jiff::Timestamp = reached["now"].as_str().unwrap().parse().unwrap();
    let reached = SystemTime::from(reached);
    assert!(reached.duration_since(from).unwrap() >= DAY);
    let moves = async {
        while server_now(&api).await <= reached {
            tokio::task::yield_now().await;
        }
    };
    soon("the clock to go on", moves).await;
    stop.store(true, Ordering::SeqCst);
    watching.await.unwrap();
    traffic.stop().await;
}

#[tokio::test]
async fn many_dead_endpoints_get_their_whole_schedule_in_one_advance() {
    const ENDPOINTS: usize = 150;
    let (server, api) = start().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", gone.local_addr().unwrap());
    drop(gone);
    for _ in 0..ENDPOINTS {
        endpoint(&api, &url, json!(["customer.created"])).await;
    }
    new_customer(&api).await;
    soon("the end", server.advance(4 * DAY)).await.unwrap();
    let endpoints = api.get("/v1/webhook_endpoints?limit=100").await.ok().ids();
    for id in endpoints {
        let path = format!("/v1/webhook_endpoints/{id}/deliveries");
        let rows = api.get(&path).await.ok().body["data"].clone();
        assert_eq!(rows.as_array().unwrap().len(), 10);
        assert_eq!(rows[0]["status"], "failed", "{rows}");
    }
}

#[tokio::test]
async fn the_control_of_the_clock_takes_a_form() {
    let (server, api) = start().await;
    let post = |form: &str| api.call(Method::POST, "/_mock/clock").form(form).send();
    let from = server.now();
    let clock = post("pace=60&advance_seconds=3600").await.ok().body;
    assert_eq!(clock["mode"], "accelerated");
    assert!(server.now().duration_since(from).unwrap() >= HOUR);
    assert_eq!(post("freeze=true").await.ok().body["mode"], "frozen");
    for (form, param) in [
        ("pace=fast", "pace"),
        ("freeze=1", "freeze"),
        ("advance_seconds=-1", "advance_seconds"),
    ] {
        let refused = post(form).await.refused(400, "parameter_invalid");
        assert_eq!(refused.body["error"]["param"], param);
    }
}
