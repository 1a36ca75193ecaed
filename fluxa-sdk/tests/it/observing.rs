//! Observers and spans: what is told of each attempt, and what never is.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxa_sdk::observe::{CallEvent, CallResult, Observer};
use fluxa_sdk::testing::{Script, ScriptedAnswer, ScriptedFault};
use fluxa_sdk::{Client, Outcome};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down each event in a line.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn observe(&self, event: &CallEvent<'_>) {
        let line = match event {
            CallEvent::AttemptStarted(at) => format!("{} begins", at.attempt),
            CallEvent::AttemptEnded(at) => format!(
                "{} ends {:?} {:?} {:?} wait {}",
                at.attempt,
                at.status,
                at.fault,
                at.request_id,
                at.retry_wait.is_some()
            ),
            CallEvent::CallEnded(end) => {
                let (id, made) = (end.request_id, end.attempts);
                format!("{:?} after {made} {:?} {id:?}", end.result, end.status)
            }
            _ => "new".to_owned(),
        };
        self.0.lock().unwrap().push(line);
    }
}

fn observed(script: &Script) -> (Client, Notes) {
    let notes = Notes::default();
    let client = script.builder().observe(notes.clone()).build().unwrap();
    (client, notes)
}

fn with_id(status: u16) -> ScriptedAnswer {
    ScriptedAnswer::error(status, "x").header("X-Fluxa-Request-Id", format!("req_{status}"))
}

#[tokio::test]
async fn each_attempt_and_the_end_are_told_in_order() {
    let script = Script::new();
    script
        .on("POST", "/payments")
        .answer_with(with_id(503))
        .fail(ScriptedFault::DnsFailed)
        .answer_with(with_id(201));
    let (fluxa, notes) = observed(&script);
    fluxa.raw("POST", "/payments").await.unwrap();
    assert_eq!(
        notes.take(),
        [
            "1 begins",
            "1 ends Some(503) Some(\"status\") Some(\"req_503\") wait true",
            "2 begins",
            "2 ends None Some(\"dns\") None wait true",
            "3 begins",
            "3 ends Some(201) None Some(\"req_201\") wait false",
            "Succeeded after 3 Some(201) Some(\"req_201\")",
        ]
    );
}

#[tokio::test]
async fn the_end_is_what_the_caller_is_told() {
    let script = Script::new();
    script.on("GET", "/payments").answer_with(with_id(404));
    script
        .on("GET", "/payments")
        .answer_with(with_id(200).body("{"));
    let (fluxa, notes) = observed(&script);
    for (attempts, last) in [
        (1, "Failed(Rejected) after 1 Some(404) Some(\"req_404\")"),
        (1, "Failed(Unknown) after 1 None Some(\"req_200\")"),
        (1, "Failed(NotSent) after 1 None None"),
    ] {
        let _ = fluxa.raw("GET", "/payments").await.unwrap_err();
        let notes = notes.take();
        assert_eq!(notes.last().unwrap(), last);
        assert_eq!(notes.len(), 2 * attempts + 1);
    }
    let none = fluxa.raw("GET", "/payments").timeout(Duration::ZERO);
    none.await.unwrap_err();
    assert_eq!(notes.take(), ["Failed(NotSent) after 0 None None"]);
}

#[tokio::test]
async fn an_event_names_the_call_and_holds_no_secret() {
    let script = Script::new();
    script
        .on("POST", "/refunds")
        .answer_with(with_id(503))
        .answer(200, json!({"card": "hush"}));
    let told = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&told);
    let client = script.builder().observe(move |event: &CallEvent<'_>| {
        let (call, path) = match event {
            CallEvent::AttemptStarted(attempt) => (&attempt.call, attempt.path),
            CallEvent::AttemptEnded(attempt) => (&attempt.call, attempt.path),
            CallEvent::CallEnded(end) => (&end.call, "/v1/refunds"),
            _ => return,
        };
        assert_eq!(path, "/v1/refunds");
        let key = call.idempotency_key.map(ToString::to_string);
        assert_eq!(
            (call.method, call.host, key.as_deref()),
            ("POST", "localhost", Some("key-1"))
        );
        writer.lock().unwrap().push(format!("{event:?}"));
    });
    let fluxa = client.build().unwrap();
    let call = fluxa
        .raw("POST", "/refunds")
        .query("email", "hush")
        .json(json!({"a": "hush"}));
    call.idempotency_key("key-1").await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 5);
    for line in told.iter() {
        assert!(
            !line.contains("hush") && !line.contains("sk_test_"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn an_observer_that_panics_breaks_neither_the_call_nor_the_others() {
    let script = Script::new();
    script
        .on("GET", "/payments")
        .answer(200, json!({"id": "pay_1"}));
    let notes = Notes::default();
    let fluxa = script
        .builder()
        .observe(|_: &CallEvent<'_>| panic!("an observer of a test"))
        .observe(notes.clone())
        .build()
        .unwrap();
    assert_eq!(fluxa.raw("GET", "/payments").await.unwrap()["id"], "pay_1");
    assert_eq!(notes.take().len(), 3);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_told_of_with_what_may_have_happened() {
    let script = Script::new();
    script
        .on("POST", "/payments")
        .fail(ScriptedFault::NeverAnswered)
        .always();
    let (fluxa, notes) = observed(&script);
    let call = fluxa.raw("POST", "/payments").into_future();
    let limit = Duration::from_millis(10);
    assert!(tokio::time::timeout(limit, call).await.is_err());
    assert_eq!(
        notes.take(),
        [
            "1 begins",
            "1 ends None Some(\"cancelled\") None wait false",
            "Cancelled(Unknown) after 1 None None",
        ]
    );
    drop(fluxa.raw("POST", "/payments").into_future());
    assert!(notes.take().is_empty(), "what was never polled is no call");
    for (result, word) in [
        (CallResult::Succeeded, "succeeded"),
        (CallResult::Failed(Outcome::NotSent), "not_sent"),
        (CallResult::Failed(Outcome::Rejected), "rejected"),
        (CallResult::Cancelled(Outcome::Unknown), "unknown"),
    ] {
        assert_eq!(result.as_str(), word);
    }
}

type Fields = BTreeMap<&'static str, String>;

#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    fields: Fields,
}

/// Keeps every span with all that was recorded on it.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>);

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("fluxa_sdk")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let mut seen = Seen {
            name: attributes.metadata().name(),
            parent: attributes.parent().map(Id::into_u64),
            fields: Fields::new(),
        };
        attributes.record(&mut Reader(&mut seen.fields));
        spans.push(seen);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        let index = id.into_u64() as usize - 1;
        values.record(&mut Reader(&mut spans[index].fields));
    }

    fn event(&self, _: &Event<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Sends a call while `spans` listens to this thread, and returns what it saw.
async fn seen_by<F: Future>(call: F) -> Vec<Seen> {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    // Another test's thread may be about to register the SDK's spans as of interest to nobody: one
    // call makes sure that they are registered, and then everyone is asked again.
    let script = Script::new();
    script.on("GET", "/prime").answer(200, json!({}));
    script.client().raw("GET", "/prime").await.unwrap();
    tracing::callsite::rebuild_interest_cache();
    spans.0.lock().unwrap().clear();
    call.await;
    std::mem::take(&mut *spans.0.lock().unwrap())
}

fn fields(pairs: &[(&'static str, &str)]) -> Fields {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    pairs.collect()
}

#[tokio::test]
async fn spans_have_the_attributes_of_opentelemetry() {
    let script = Script::new();
    script
        .on("GET", "/payments/{id}")
        .answer_with(with_id(503))
        .fail(ScriptedFault::Reset)
        .answer_with(with_id(404));
    let fluxa = script
        .builder()
        .base_url("http://[::1]:4010/v1")
        .build()
        .unwrap();
    let call = fluxa
        .payments()
        .retrieve("pay_7f3a1b2c4d5e6f70")
        .expand(["customer"]);
    let spans = seen_by(async { call.await.unwrap_err() }).await;
    let [call, first, second, third] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(call.name, "fluxa.call");
    assert_eq!(
        call.fields,
        fields(&[
            ("otel.name", "payments_retrieve"),
            ("otel.kind", "internal"),
            ("otel.status_code", "ERROR"),
            ("fluxa.operation", "payments_retrieve"),
            ("fluxa.attempts", "3"),
            ("fluxa.outcome", "unknown"),
            ("fluxa.request_id", "req_404"),
        ])
    );
    let common = [
        ("otel.name", "GET /payments/{id}"),
        ("otel.kind", "client"),
        ("otel.status_code", "ERROR"),
        ("http.request.method", "GET"),
        ("server.address", "::1"),
        ("server.port", "4010"),
        ("url.template", "/payments/{id}"),
        (
            "url.full",
            "http://[::1]:4010/v1/payments/pay_7f3a1b2c4d5e6f70?expand%5B%5D=REDACTED",
        ),
    ];
    for (span, own) in [
        (
            first,
            &[
                ("http.response.status_code", "503"),
                ("error.type", "503"),
                ("fluxa.request_id", "req_503"),
            ][..],
        ),
        (
            second,
            &[
                ("error.type", "interrupted"),
                ("http.request.resend_count", "1"),
            ],
        ),
        (
            third,
            &[
                ("http.response.status_code", "404"),
                ("error.type", "404"),
                ("fluxa.request_id", "req_404"),
                ("http.request.resend_count", "2"),
            ],
        ),
    ] {
        let mut expected = fields(&common);
        expected.extend(fields(own));
        assert_eq!((span.name, span.parent), ("fluxa.attempt", Some(1)));
        assert_eq!(span.fields, expected);
    }
}

#[tokio::test]
async fn no_span_holds_a_key_a_body_or_a_filters_value() {
    let script = Script::new();
    script
        .on("POST", "/customers")
        .answer(200, json!({"email": "hush"}));
    let call = script
        .client()
        .raw("POST", "/customers")
        .query("email", "hush@shop.test");
    let call = call.json(json!({"card": "hush"})).header("X-Note", "hush");
    let spans = seen_by(async { call.await.unwrap() }).await;
    let [call, attempt] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(call.fields["fluxa.outcome"], "succeeded");
    assert_eq!(
        attempt.fields["otel.name"], "POST",
        "a raw path is no template"
    );
    assert!(!attempt.fields.contains_key("url.template"));
    assert!(!attempt.fields.contains_key("error.type"));
    assert!(!call.fields.contains_key("otel.status_code"));
    let text = format!("{spans:?}");
    assert!(
        !text.contains("hush") && !text.contains("sk_test_"),
        "{text}"
    );
}
