//! Pacing through the whole client: a limit that is kept is never met.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxa_sdk::testing::{Script, ScriptedAnswer, ScriptedFault, ScriptedRequest};
use fluxa_sdk::{Client, Error, Outcome, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::builder;

/// A bucket as the server's: refills all the time, and refuses when it is empty.
struct Limiter {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_at: Instant,
    refused: usize,
    taken: usize,
}

impl Limiter {
    fn new(per_second: f64, burst: f64) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            per_second,
            burst,
            tokens: burst,
            filled_at: Instant::now(),
            refused: 0,
            taken: 0,
        }))
    }

    /// Takes a token; returns the status, and the headers of the rate limit.
    fn take(&mut self) -> (u16, Vec<(&'static str, String)>) {
        let gained = self.filled_at.elapsed().as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.filled_at = Instant::now();
        let fine = self.tokens >= 1.0;
        let mut headers = vec![];
        if fine {
            self.tokens -= 1.0;
            self.taken += 1;
        } else {
            self.refused += 1;
            headers.push(("Retry-After", "1".to_owned()));
        }
        headers.push(("X-RateLimit-Limit", self.per_second.to_string()));
        headers.push(("X-RateLimit-Remaining", self.tokens.floor().to_string()));
        headers.push(("X-RateLimit-Reset", "1800000000".to_owned()));
        (if fine { 200 } else { 429 }, headers)
    }
}

/// A script that answers after 5 to 69 ms, and takes a token when asked.
fn limited(limiter: &Arc<Mutex<Limiter>>) -> Script {
    let script = Script::new();
    let answers = answers(limiter);
    script.on("GET", "/payments").answer_by(answers).always();
    script
}

fn answers(limiter: &Arc<Mutex<Limiter>>) -> impl Fn(&ScriptedRequest) -> ScriptedAnswer + use<> {
    let limiter = Arc::clone(limiter);
    move |_| {
        let (status, headers) = limiter.lock().unwrap().take();
        let taken = limiter.lock().unwrap().taken as u64;
        let delay = Duration::from_millis(5 + taken * 37 % 64);
        let answer = ScriptedAnswer::new(status).json(json!({})).delay(delay);
        headers
            .into_iter()
            .fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}

type Answer = Result<Response<Value>, Error>;

fn fluxa_calls(fluxa: &Client, calls: usize) -> Vec<JoinHandle<Answer>> {
    (0..calls)
        .map(|_| tokio::spawn(fluxa.raw("GET", "/payments").into_future()))
        .collect()
}

async fn call_at_once(fluxa: &Client, calls: usize) -> u32 {
    let mut attempts = 0;
    for task in fluxa_calls(fluxa, calls) {
        attempts += task.await.unwrap().unwrap().attempts();
    }
    attempts
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_at_once_meet_no_429_and_no_time_out() {
    let limiter = Limiter::new(100.0, 200.0);
    let fluxa = limited(&limiter).builder().pace_requests().build().unwrap();
    let started = Instant::now();
    assert_eq!(
        call_at_once(&fluxa, 10_000).await,
        10_000,
        "one attempt each"
    );
    // Longer than the 90 s a call may take: the wait is nobody's time.
    let took = started.elapsed().as_secs_f64();
    assert!((97.9..100.0).contains(&took), "{took}");
    assert_eq!(limiter.lock().unwrap().refused, 0);
}

#[tokio::test(start_paused = true)]
async fn pacing_is_off_unless_asked_for() {
    let limiter = Limiter::new(100.0, 200.0);
    let fluxa = limited(&limiter).builder().build().unwrap();
    call_at_once(&fluxa, 201).await;
    assert!(limiter.lock().unwrap().refused > 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_time_out_does_not_run_while_a_call_waits_its_turn() {
    let limiter = Limiter::new(2.0, 1.0);
    let client = limited(&limiter).builder().pace_requests();
    let fluxa = client.timeout(Duration::from_millis(200)).build().unwrap();
    assert_eq!(call_at_once(&fluxa, 10).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_retry_goes_before_those_that_wait_and_has_its_whole_time() {
    let answer = |status| {
        ScriptedAnswer::new(status)
            .json(json!({}))
            .header("X-RateLimit-Limit", "1")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset", "1800000000")
    };
    let script = Script::new();
    script.on("GET", "/first").answer_with(answer(200));
    script
        .on("POST", "/failing")
        .answer_with(answer(503))
        .answer_with(answer(200));
    script
        .on("GET", "/waiting")
        .answer_with(answer(200))
        .times(3);
    let client = script
        .builder()
        .pace_requests()
        .retry_base_delay(Duration::from_millis(1));
    let fluxa = client.timeout(Duration::from_millis(200)).build().unwrap();
    fluxa.raw("GET", "/first").await.unwrap();
    let mut tasks = vec![tokio::spawn(fluxa.raw("POST", "/failing").into_future())];
    tokio::task::yield_now().await;
    tasks.extend((0..3).map(|_| tokio::spawn(fluxa.raw("GET", "/waiting").into_future())));
    for task in tasks {
        // Each waited for seconds, and the failing one twice; none of its 200 ms went with that.
        task.await.unwrap().unwrap();
    }
    let paths: Vec<_> = script
        .requests()
        .iter()
        .map(|request| request.path().to_owned())
        .collect();
    assert_eq!(paths[..4], ["/first", "/failing", "/failing", "/waiting"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_429_nevertheless_is_retried_and_holds_everyone_back() {
    let limiter = Limiter::new(100.0, 200.0);
    let fluxa = limited(&limiter).builder().pace_requests().build().unwrap();
    call_at_once(&fluxa, 1).await;
    // Another process with the same key takes all there is.
    limiter.lock().unwrap().tokens = 0.0;
    let started = Instant::now();
    call_at_once(&fluxa, 50).await;
    let limiter = limiter.lock().unwrap();
    assert!((1..=50).contains(&limiter.refused), "{}", limiter.refused);
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(limiter.taken, 51);
}

#[tokio::test(start_paused = true)]
async fn processes_that_share_a_key_fail_no_call() {
    for (processes, calls, most_refused) in [(2, 500, 250), (4, 250, 500)] {
        let limiter = Limiter::new(100.0, 200.0);
        // A script's client has a line of its own: as many processes.
        let tasks: Vec<_> = (0..processes)
            .map(|_| {
                let client = limited(&limiter).builder().pace_requests();
                let fluxa = client.build().unwrap();
                tokio::spawn(async move { call_at_once(&fluxa, calls).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let limiter = limiter.lock().unwrap();
        assert_eq!(limiter.taken, 1000);
        assert!(
            limiter.refused <= most_refused,
            "{processes}: {}",
            limiter.refused
        );
    }
}

fn throttled(retry_after: &str) -> ScriptedAnswer {
    ScriptedAnswer::new(429)
        .json(json!({}))
        .header("Retry-After", retry_after)
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_waits_in_the_line_and_not_on_its_own_time() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer_with(throttled("30"))
        .answer_with(throttled("30"))
        .answer_with(ScriptedAnswer::new(200).json(json!({})));
    let client = script.builder().pace_requests();
    let fluxa = client.timeout(Duration::from_millis(200)).build().unwrap();
    let started = Instant::now();
    let response = fluxa.raw("GET", "/payments").await.unwrap();
    assert_eq!(response.attempts(), 3);
    let took = started.elapsed().as_secs_f64();
    assert!((60.0..60.2).contains(&took), "the pauses, no more: {took}");
}

/// A load balancer's error says nothing of the limit; it must not open the gate.
#[tokio::test(start_paused = true)]
async fn an_error_that_tells_no_limit_does_not_end_the_pacing() {
    let limiter = Limiter::new(100.0, 200.0);
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer_with(ScriptedAnswer::new(503))
        .answer_by(answers(&limiter))
        .always();
    let fluxa = script.builder().pace_requests().build().unwrap();
    call_at_once(&fluxa, 2000).await;
    assert_eq!(limiter.lock().unwrap().refused, 0);
}

/// Until an answer came nobody waits for the rate limit, but for a server that may be down.
#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_ends_every_waiting_call_in_its_own_time() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .fail(ScriptedFault::NeverAnswered)
        .always();
    let client = script.builder().pace_requests().max_retries(0);
    let client = client
        .timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(1));
    let fluxa = client.build().unwrap();
    let started = Instant::now();
    let outcomes: Vec<Outcome> = {
        let mut tasks = Vec::new();
        for _ in 0..8 {
            let fluxa = fluxa.clone();
            tasks.push(tokio::spawn(async move {
                fluxa.raw("GET", "/payments").await.unwrap_err().outcome()
            }));
        }
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    };
    let took = started.elapsed();
    assert!(took < Duration::from_millis(2500), "{took:?}");
    assert!(outcomes.contains(&Outcome::NotSent), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_take_nothing_from_the_allowance_and_have_five_attempts() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer_with(throttled("0"))
        .always();
    let fluxa = script.builder().pace_requests().build().unwrap();
    // 200 retries: twice what the allowance of 500 would pay for, in no time.
    for call in fluxa_calls(&fluxa, 50) {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.attempts(), 5, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_a_minute_is_the_callers_to_see() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer_with(throttled("61"))
        .always();
    let fluxa = script.builder().pace_requests().build().unwrap();
    let error = fluxa.raw("GET", "/payments").await.unwrap_err();
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_limit_is_never_made_to_refuse() {
    let limiter = Limiter::new(50.0, 10.0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener, Arc::clone(&limiter)));
    // Two clients of one key: they share the line as clones do.
    let client = || builder(&base_url).pace_requests().build().unwrap();
    let (one, other) = (client(), client());
    let started = Instant::now();
    let attempts = tokio::join!(call_at_once(&one, 30), call_at_once(&other, 30));
    assert_eq!(attempts, (30, 30), "clients of one key share the pace");
    assert!(
        started.elapsed() >= Duration::from_millis(900),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(limiter.lock().unwrap().refused, 0);
    server.abort();
}

async fn serve(listener: TcpListener, limiter: Arc<Mutex<Limiter>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move {
            let mut request = Vec::new();
            while stream
                .read_buf(&mut request)
                .await
                .is_ok_and(|read| read > 0)
            {
                if !request.ends_with(b"\r\n\r\n") {
                    continue;
                }
                request.clear();
                let (status, headers) = limiter.lock().unwrap().take();
                let headers = headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}\r\n"));
                let headers: String = headers.collect();
                let answer =
                    format!("HTTP/1.1 {status} Limited\r\n{headers}content-length: 2\r\n\r\n{{}}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}
