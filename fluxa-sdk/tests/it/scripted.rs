//! The scripted transport: the whole machinery on made-up answers, without network or waiting.

use std::time::{Duration, Instant};

use fluxa_sdk::error::{NetworkFault, TimeoutPhase};
use fluxa_sdk::testing::{Script, ScriptedAnswer, ScriptedFault};
use fluxa_sdk::{Error, Outcome};
use serde_json::json;

#[tokio::test]
async fn a_retry_plays_the_next_step_with_the_same_key_and_body() {
    let script = Script::new();
    script
        .on("post", "/payments")
        .fail(ScriptedFault::ConnectRefused)
        .fail(ScriptedFault::Reset)
        .fail(ScriptedFault::BodyCut)
        .error(503, "service_unavailable")
        .answer(201, json!({"id": "pay_1"}));
    let call = script
        .client()
        .raw("POST", "/payments")
        .json(json!({"amount": 1999}));
    let payment = call.await.unwrap();
    assert_eq!((payment.attempts(), payment.status().as_u16()), (5, 201));
    let requests = script.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        assert!(request.idempotency_key().is_some_and(|key| key.len() == 36));
        assert_eq!(request.headers(), requests[0].headers());
        assert_eq!(request.json(), json!({"amount": 1999}));
    }
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_the_error_that_the_network_would_cause() {
    use NetworkFault::{Connect, Dns, Interrupted, Tls};
    use Outcome::{NotSent, Unknown};
    for (scripted, fault, phase, outcome) in [
        (ScriptedFault::DnsFailed, Some(Dns), None, NotSent),
        (ScriptedFault::ConnectRefused, Some(Connect), None, NotSent),
        (
            ScriptedFault::ConnectTimedOut,
            None,
            Some(TimeoutPhase::Connect),
            NotSent,
        ),
        (ScriptedFault::TlsFailed, Some(Tls), None, NotSent),
        (ScriptedFault::Reset, Some(Interrupted), None, Unknown),
        (ScriptedFault::BodyCut, Some(Interrupted), None, Unknown),
        (
            ScriptedFault::TimedOut,
            None,
            Some(TimeoutPhase::Attempt),
            Unknown,
        ),
        (
            ScriptedFault::NeverAnswered,
            None,
            Some(TimeoutPhase::Attempt),
            Unknown,
        ),
    ] {
        let script = Script::new();
        script.on("POST", "/payments").fail(scripted);
        let call = script.client().raw("POST", "/payments").max_retries(0);
        let error = call.await.unwrap_err();
        let found = match &error {
            Error::Network(network) => (Some(network.fault()), None),
            Error::Timeout(timeout) => (None, Some(timeout.phase())),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, (fault, phase), "{scripted:?}");
        assert_eq!(
            (error.attempts(), error.outcome()),
            (1, outcome),
            "{scripted:?}"
        );
        script.assert_done();
    }
}

#[tokio::test]
async fn nothing_is_waited_for_and_the_calls_own_clock_goes_on() {
    let started = Instant::now();
    let script = Script::new();
    let busy = ScriptedAnswer::error(429, "rate_limit_exceeded").header("Retry-After", "15");
    script
        .on("GET", "/slow")
        .answer_with(busy)
        .times(4)
        .answer(200, json!({}));
    script
        .on("GET", "/silent")
        .fail(ScriptedFault::TimedOut)
        .always();
    let fluxa = script.client();
    assert_eq!(fluxa.raw("GET", "/slow").await.unwrap().attempts(), 5);

    let error = fluxa.raw("GET", "/silent").await.unwrap_err();
    let Error::Timeout(timeout) = &error else {
        panic!("{error:?}")
    };
    // 30 s, a wait, 30 s, a wait, and what is left of the 90 s.
    assert_eq!(
        (error.attempts(), timeout.phase()),
        (3, TimeoutPhase::Total)
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn what_is_not_in_the_script_is_told_with_what_is() {
    let script = Script::new();
    let nothing = script.client().raw("GET", "/refunds").await.unwrap_err();
    assert!(nothing.to_string().contains("none at all"), "{nothing}");

    script
        .on("GET", "/payments/{id}")
        .answer(200, json!({}))
        .times(2);
    script.on("GET", "/events").answer(200, json!({})).always();
    let error = script.client().raw("POST", "/refunds").await.unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(
        error.to_string(),
        "the script has no answer to `POST /refunds`; it has `GET /payments/{id}` (2 left), \
         `GET /events` (always); add one with `script.on(method, path).answer(status, json)`"
    );
    assert_eq!(script.requests().len(), 2, "it is not retried");
    assert_eq!(
        script.unfinished(),
        [
            "never asked for: 2 more of `GET /payments/{id}`",
            "not in the script: `GET /refunds`",
            "not in the script: `POST /refunds`",
        ]
    );
    let asserted = std::panic::catch_unwind(|| script.assert_done());
    assert!(asserted.is_err());
}

#[tokio::test]
async fn answers_come_in_order_the_exact_path_first_and_run_out() {
    let script = Script::new();
    script
        .on("GET", "/payments/{id}")
        .answer(200, json!("any"))
        .times(2);
    script
        .on("GET", "/payments/pay_1")
        .answer(200, json!(1))
        .answer(200, json!(2));
    let fluxa = script.client();
    let mut got = Vec::new();
    for path in [
        "/payments/pay_1",
        "/payments/pay_2",
        "/payments/pay_1",
        "/payments/pay_1",
    ] {
        got.push(fluxa.raw("GET", path).await.unwrap().into_inner());
    }
    assert_eq!(got, [json!(1), json!("any"), json!(2), json!("any")]);
    assert!(fluxa.raw("GET", "/payments/pay_1").await.is_err());
    script
        .on("GET", "/payments/pay_1")
        .answer(200, json!("later"));
    assert_eq!(*fluxa.raw("GET", "/payments/pay_1").await.unwrap(), "later");
}

#[tokio::test]
async fn a_request_is_recorded_as_it_would_be_sent() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer(200, json!({"object": "list"}));
    script.on("PATCH", "/customers/{id}").answer(200, json!({}));
    let fluxa = script.client();
    let list = fluxa
        .raw("GET", "/payments")
        .query("email", "a b@shop.test")
        .query("limit", 5);
    list.await.unwrap();
    let change = fluxa
        .raw("PATCH", "/customers/cus_1")
        .json(json!({"email": "hush"}));
    change.header("X-Trace", "t1").await.unwrap();

    let [list, change] = &script.requests()[..] else {
        panic!("{:?}", script.requests())
    };
    assert_eq!((list.method(), list.path()), ("GET", "/payments"));
    assert_eq!(
        (list.query("email"), list.query("limit")),
        (Some("a b@shop.test"), Some("5"))
    );
    assert_eq!((list.query("after"), list.query_pairs().len()), (None, 2));
    assert_eq!((list.idempotency_key(), list.json()), (None, json!(null)));
    assert_eq!(
        (change.method(), change.path()),
        ("PATCH", "/customers/cus_1")
    );
    assert_eq!(change.header("x-trace"), Some("t1"));
    assert_eq!(
        change.header("fluxa-version"),
        Some(fluxa_sdk::contract::API_VERSION)
    );
    assert_eq!(&change.body()[..], br#"{"email":"hush"}"#);
    assert!(!format!("{script:?} {list:?} {change:?}").contains("hush"));
}

#[tokio::test]
async fn a_faulty_answer_of_the_script_is_an_error_that_says_so() {
    let script = Script::new();
    script
        .on("GET", "/a")
        .answer(9, json!({}))
        .answer_with(ScriptedAnswer::new(200).header("a b", "c"))
        .answer_with(ScriptedAnswer::new(200).body("{\"id\": hush}"));
    let fluxa = script.client();
    for (says, outcome) in [
        ("which is no status", Outcome::NotSent),
        ("which is no header", Outcome::NotSent),
        ("could not be read at `id`", Outcome::Unknown),
    ] {
        let error = fluxa.raw("GET", "/a").await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.outcome(), outcome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_calls_pages_and_many_tasks_share_a_script() {
    let script = Script::new();
    let page = |id: &str, more: bool| {
        json!({"object": "list", "has_more": more, "url": "/v1/events", "next_cursor": more.then_some("next"),
            "data": [{"id": id, "object": "event", "type": "later", "livemode": false, "api_version": "x",
            "created_at": "2026-05-19T12:00:00Z", "data": {"object": {}}, "metadata": {}}]})
    };
    script
        .on("GET", "/events")
        .answer(200, page("evt_1", true))
        .answer(200, page("evt_2", false));
    script
        .on("GET", "/payments/{id}")
        .answer_by(|request| ScriptedAnswer::new(200).json(json!({"path": request.path()})))
        .always();
    let fluxa = script.client();
    let first = fluxa.events().list().await.unwrap();
    assert_eq!(first.data.len(), 1);
    let tasks: Vec<_> = (0..1000)
        .map(|index| {
            let call = fluxa.raw("GET", &format!("/payments/pay_{index}"));
            tokio::spawn(async move { call.await.unwrap().into_inner() })
        })
        .collect();
    for (index, task) in tasks.into_iter().enumerate() {
        assert_eq!(
            task.await.unwrap(),
            json!({"path": format!("/payments/pay_{index}")})
        );
    }
    assert_eq!(
        script.unfinished().len(),
        1,
        "the second page was not asked for"
    );
}
