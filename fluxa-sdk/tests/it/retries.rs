//! What is retried, what is not, and that a retry repeats the same key and the same bytes.

use std::time::{Duration, Instant};

use fluxa_sdk::error::{NetworkFault, TimeoutPhase};
use fluxa_sdk::testing::{Script, ScriptedFault};
use fluxa_sdk::{Client, Error, Outcome, Response};
use serde_json::{Value, json};

use crate::server::{Recorded, Server, Step, error, ok, status};
use crate::{builder, client};

async fn post(client: &Client) -> Result<Response<Value>, Error> {
    let body = json!({"amount": 1999, "currency": "GBP", "metadata": {"b": "2", "a": "1"}});
    client.raw("POST", "/payments").json(body).await
}

fn assert_same(requests: &[Recorded], count: usize) {
    assert_eq!(requests.len(), count);
    let first = &requests[0];
    assert!(
        first
            .header("Idempotency-Key")
            .is_some_and(|key| key.len() == 36)
    );
    assert!(!first.body.is_empty());
    for request in requests {
        assert_eq!(request.head, first.head);
        assert_eq!(request.body, first.body);
    }
}

#[tokio::test]
async fn every_transient_fault_is_retried_with_the_same_key_and_bytes() {
    for fault in [
        Step::Reset,
        Step::Close,
        Step::Hang,
        Step::Cut(200, "{\"id\":".into()),
        status(408),
        status(500),
        status(503),
        error(503, "service_unavailable"),
        status(429),
        error(409, "idempotency_key_in_use"),
    ] {
        let server = Server::start([fault.clone(), fault.clone(), ok("{\"id\":\"pay_1\"}")]).await;
        let limit = Duration::from_millis(80);
        let client = builder(&server.base_url())
            .attempt_timeout(limit)
            .build()
            .unwrap();
        let payment = post(&client)
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(payment["id"], "pay_1");
        assert_eq!(payment.attempts(), 3, "{fault:?}");
        assert_same(&server.requests(), 3);
    }
}

#[tokio::test]
async fn answers_that_will_not_change_are_final() {
    for (step, kind) in [
        (error(400, "amount_too_small"), Outcome::Rejected),
        (error(401, "key_invalid"), Outcome::Rejected),
        (error(403, "insufficient_scope"), Outcome::Rejected),
        (error(404, "resource_missing"), Outcome::Rejected),
        (error(409, "idempotency_key_reused"), Outcome::Rejected),
        (status(501), Outcome::Unknown),
        (status(505), Outcome::Unknown),
        (status(425), Outcome::Unknown),
        (
            Step::Respond(404, Vec::new(), "<html>".into()),
            Outcome::Unknown,
        ),
        (Step::Cut(400, "{\"error\":".into()), Outcome::Unknown),
        (Step::Cut(409, "{\"error\":".into()), Outcome::Unknown),
    ] {
        let server = Server::start([step.clone(), ok("{}")]).await;
        let failure = post(&client(&server.base_url())).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{step:?}");
        assert_eq!(
            (failure.attempts(), failure.outcome()),
            (1, kind),
            "{step:?}"
        );
        assert!(failure.as_api().is_some() && failure.idempotency_key().is_some());
    }
}

#[tokio::test]
async fn five_attempts_are_the_most_whatever_is_asked_for() {
    for (asked, made) in [(0, 1), (1, 2), (4, 5), (100, 5)] {
        let server = Server::start((0..9).map(|_| status(503))).await;
        let call = client(&server.base_url())
            .raw("GET", "/payments")
            .max_retries(asked);
        assert_eq!(call.await.unwrap_err().attempts(), made);
        assert_eq!(server.requests().len(), made as usize);
    }
}

#[tokio::test]
async fn a_write_without_a_key_is_not_repeated_once_it_was_sent() {
    for (method, made) in [("PUT", 1), ("PATCH", 2), ("DELETE", 2), ("GET", 2)] {
        let server = Server::start([Step::Reset, ok("{}")]).await;
        let result = client(&server.base_url())
            .raw(method, "/customers/cus_1")
            .await;
        assert_eq!(result.is_ok(), made == 2, "{method}");
        assert_eq!(server.requests().len(), made, "{method}");
        assert!(
            server.requests()[0].header("Idempotency-Key").is_none(),
            "{method}"
        );
    }
}

#[tokio::test]
async fn retry_after_in_seconds_and_as_a_date_is_waited_for() {
    let seconds = vec![("Retry-After", "1".to_owned())];
    let date = vec![
        ("Date", "Tue, 19 May 2026 12:00:00 GMT".to_owned()),
        ("Retry-After", "Tue, 19 May 2026 12:00:01 GMT".to_owned()),
    ];
    let waits = [seconds, date].map(|headers| async {
        let server = Server::start([Step::Respond(429, headers, String::new()), ok("{}")]).await;
        let started = Instant::now();
        assert_eq!(
            post(&client(&server.base_url())).await.unwrap().attempts(),
            2
        );
        assert_same(&server.requests(), 2);
        started.elapsed()
    });
    let [seconds, date] = waits;
    let (seconds, date) = tokio::join!(seconds, date);
    for waited in [seconds, date] {
        assert!((1000..1800).contains(&waited.as_millis()), "{waited:?}");
    }
}

#[tokio::test]
async fn a_retry_after_of_over_a_minute_is_the_callers_to_wait_for() {
    let headers = vec![("Retry-After", "61".to_owned())];
    let server = Server::start([Step::Respond(429, headers, String::new()), ok("{}")]).await;
    let failure = post(&client(&server.base_url())).await.unwrap_err();
    assert_eq!(failure.attempts(), 1);
    let api = failure.as_api().unwrap();
    assert!(api.is_rate_limited());
    assert_eq!(api.retry_after(), Some(Duration::from_secs(61)));
}

#[tokio::test]
async fn a_retry_after_past_the_deadline_is_returned_at_once() {
    let headers = vec![("Retry-After", "30".to_owned())];
    let server = Server::start([Step::Respond(503, headers, String::new()), ok("{}")]).await;
    let started = Instant::now();
    let call = client(&server.base_url())
        .raw("GET", "/payments")
        .timeout(Duration::from_secs(20));
    let failure = call.await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        failure.as_api().unwrap().retry_after(),
        Some(Duration::from_secs(30))
    );
}

#[tokio::test]
async fn the_total_deadline_holds_over_all_attempts() {
    let server = Server::start((0..9).map(|_| Step::Hang)).await;
    let started = Instant::now();
    let failure = client(&server.base_url())
        .raw("POST", "/payments")
        .attempt_timeout(Duration::from_millis(400))
        .timeout(Duration::from_millis(1000))
        .await
        .unwrap_err();
    // Five attempts would take two seconds; a slow machine may fit in fewer than three.
    assert!(
        started.elapsed() < Duration::from_millis(1900),
        "{:?}",
        started.elapsed()
    );
    assert!(matches!(failure, Error::Timeout(_)), "{failure:?}");
    assert!(
        (1..=3).contains(&failure.attempts()),
        "{}",
        failure.attempts()
    );
    assert_eq!(failure.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_timeout_says_which_clock_ran_out() {
    for (attempt, total, phase) in [
        (50, 9000, TimeoutPhase::Attempt),
        (9000, 50, TimeoutPhase::Total),
    ] {
        let server = Server::start([Step::Hang]).await;
        let failure = client(&server.base_url())
            .raw("GET", "/payments")
            .attempt_timeout(Duration::from_millis(attempt))
            .timeout(Duration::from_millis(total))
            .max_retries(0)
            .await
            .unwrap_err();
        let Error::Timeout(timeout) = &failure else {
            panic!("{failure:?}")
        };
        assert_eq!((timeout.phase(), timeout.limit().as_millis()), (phase, 50));
    }
}

#[tokio::test]
async fn no_connection_is_not_sent_unless_an_attempt_before_may_have_been() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let failure = post(&client(&dead)).await.unwrap_err();
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (5, Outcome::NotSent)
    );
    let Error::Network(network) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(network.fault(), NetworkFault::Connect);

    let server = Server::start([Step::ResetAndStop]).await;
    let failure = post(&client(&server.base_url())).await.unwrap_err();
    let Error::Network(network) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(
        network.fault(),
        NetworkFault::Connect,
        "the last attempt found nobody"
    );
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (5, Outcome::Unknown)
    );
}

#[tokio::test]
async fn a_refusal_after_an_unknown_attempt_leaves_it_unknown() {
    let long = Step::Respond(429, vec![("Retry-After", "99".into())], String::new());
    let proxy = |status, body: &str| Step::Respond(status, Vec::new(), body.into());
    for (last, outcome) in [
        (long, Outcome::Unknown),
        (error(401, "key_revoked"), Outcome::Unknown),
        (error(400, "payment_not_refundable"), Outcome::Rejected),
        (proxy(400, "<html>"), Outcome::Unknown),
        (proxy(404, "<html>"), Outcome::Unknown),
        (proxy(413, ""), Outcome::Unknown),
        (
            proxy(499, "{\"error\":{\"message\":\"no\"}}"),
            Outcome::Unknown,
        ),
        (proxy(422, "{\"error\":{\"code\":\"\"}}"), Outcome::Unknown),
        (proxy(400, "{\"error\":{\"code\":400}}"), Outcome::Unknown),
    ] {
        let server = Server::start([Step::Reset, last]).await;
        let failure = post(&client(&server.base_url())).await.unwrap_err();
        assert_eq!(
            (failure.attempts(), failure.outcome()),
            (2, outcome),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_success_gives_back_what_its_retries_cost() {
    let script = Script::new();
    let client = script.builder().own_retry_quota().build().unwrap();
    // Each retry costs 14 of 500: were it not given back, the 40th would be refused.
    for call in 0..80 {
        script
            .on("GET", "/a")
            .error(503, "service_unavailable")
            .answer(200, json!({}));
        let answer = client.raw("GET", "/a").await;
        assert_eq!(
            answer.map(|answer| answer.attempts()).unwrap_or(0),
            2,
            "{call}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_stops_a_retry_storm() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let client = builder(&dead)
        .retry_base_delay(Duration::ZERO)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut attempts = 0;
                for _ in 0..500 {
                    let failure = client.raw("GET", "/payments").await.unwrap_err();
                    attempts += failure.attempts();
                    let said = failure
                        .to_string()
                        .contains("allowance of retries is used up");
                    assert_eq!(said, failure.retry_allowance_exhausted());
                    assert_eq!(said, failure.attempts() < 5, "{failure}");
                }
                attempts
            })
        })
        .collect();
    let mut attempts = 0;
    for task in tasks {
        attempts += task.await.unwrap();
    }
    assert!(
        (10_035..=10_100).contains(&attempts),
        "{attempts} attempts for 10 000 calls"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_for_each_request_does_not_multiply_an_outage() {
    let server = Server::start((0..2000).map(|_| status(503))).await;
    // What keeps the origin's allowance alive between the requests.
    let _kept = client(&server.base_url());
    let mut attempts = 0;
    for _ in 0..200 {
        let fresh = builder(&server.base_url()).retry_base_delay(Duration::ZERO);
        let call = fresh.build().unwrap().raw("GET", "/payments");
        attempts += call.await.unwrap_err().attempts();
    }
    // 500 tokens are 35 retries; a slow machine refills a few.
    assert!(
        (235..=300).contains(&attempts),
        "{attempts} attempts for 200 calls"
    );

    let own = builder(&server.base_url())
        .own_retry_quota()
        .build()
        .unwrap();
    let call = own.raw("GET", "/payments");
    assert_eq!(
        call.await.unwrap_err().attempts(),
        5,
        "its own allowance is whole"
    );
    let elsewhere = Server::start((0..9).map(|_| status(503))).await;
    let call = client(&elsewhere.base_url()).raw("GET", "/payments");
    assert_eq!(
        call.await.unwrap_err().attempts(),
        5,
        "another origin is not to blame"
    );
}

#[tokio::test]
async fn each_attempts_time_covers_its_body_too() {
    let server = Server::start([Step::Stall(200, "{\"id\":".into()), ok("{}")]).await;
    let call = client(&server.base_url()).raw("POST", "/payments");
    let call = call
        .attempt_timeout(Duration::from_millis(80))
        .into_future();
    let in_time = tokio::time::timeout(Duration::from_secs(20), call);
    let answer = in_time.await.expect("the body is not waited for").unwrap();
    assert_eq!(answer.attempts(), 2);
    assert_same_key(&server.requests());
}

fn assert_same_key(requests: &[Recorded]) {
    let keys: Vec<_> = requests
        .iter()
        .map(|request| request.header("Idempotency-Key"))
        .collect();
    assert!(
        keys.iter().all(|key| key.is_some() && *key == keys[0]),
        "{keys:?}"
    );
}

#[tokio::test]
async fn no_time_at_all_is_an_error_before_anything_is_sent() {
    let server = Server::start([ok("{}")]).await;
    let fluxa = client(&server.base_url());
    let zero = Duration::ZERO;
    let never = builder(&server.base_url())
        .connect_timeout(zero)
        .build()
        .unwrap();
    for (call, phase) in [
        (never.raw("POST", "/payments"), TimeoutPhase::Connect),
        (
            fluxa.raw("POST", "/payments").timeout(zero),
            TimeoutPhase::Total,
        ),
        (
            fluxa.raw("POST", "/payments").attempt_timeout(zero),
            TimeoutPhase::Attempt,
        ),
    ] {
        let failure = call.await.unwrap_err();
        let Error::Timeout(timeout) = &failure else {
            panic!("{failure:?}")
        };
        assert_eq!((timeout.phase(), timeout.limit()), (phase, zero));
        assert_eq!(
            (failure.attempts(), failure.outcome()),
            (0, Outcome::NotSent)
        );
        assert!(failure.idempotency_key().is_some());
        assert!(failure.to_string().contains("leaves no time"), "{failure}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn the_longest_durations_do_not_overflow() {
    let server = Server::start([status(503), ok("{}"), ok("{}")]).await;
    let longest = builder(&server.base_url())
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .pace_requests()
        .build()
        .unwrap();
    assert_eq!(
        longest.raw("POST", "/payments").await.unwrap().attempts(),
        2
    );
    let call = client(&server.base_url())
        .raw("GET", "/payments")
        .timeout(Duration::MAX);
    assert!(call.attempt_timeout(Duration::MAX).await.is_ok());
    let script = Script::new();
    script
        .on("GET", "/a")
        .error(503, "x")
        .answer(200, json!({}));
    let patient = script
        .builder()
        .retry_base_delay(Duration::MAX)
        .build()
        .unwrap();
    assert_eq!(patient.raw("GET", "/a").await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn a_calls_own_time_and_tries_win_over_the_clients() {
    let script = Script::new();
    script
        .on("GET", "/a")
        .fail(ScriptedFault::TimedOut)
        .always();
    let client = script
        .builder()
        .timeout(Duration::from_secs(900))
        .max_retries(1);
    let fluxa = client
        .attempt_timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    for (call, attempts, phase, limit) in [
        (fluxa.raw("GET", "/a"), 2, TimeoutPhase::Attempt, 20),
        (
            fluxa.raw("GET", "/a").max_retries(3),
            4,
            TimeoutPhase::Attempt,
            20,
        ),
        (
            fluxa
                .raw("GET", "/a")
                .attempt_timeout(Duration::from_secs(5)),
            2,
            TimeoutPhase::Attempt,
            5,
        ),
        (
            fluxa.raw("GET", "/a").timeout(Duration::from_secs(7)),
            1,
            TimeoutPhase::Total,
            7,
        ),
    ] {
        let failure = call.await.unwrap_err();
        let Error::Timeout(timeout) = &failure else {
            panic!("{failure:?}")
        };
        assert_eq!((failure.attempts(), timeout.phase()), (attempts, phase));
        assert_eq!(timeout.limit(), Duration::from_secs(limit));
    }
}
