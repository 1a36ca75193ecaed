//! Nothing that is printed or traced contains the key or a body.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use fluxa_sdk::{Client, Error};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::server::{Server, Step, ok, status};
use crate::{KEY, builder, client};

/// A subscriber that writes down everything it is told, at every level.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<String>>);

impl Visit for Collector {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.0
            .lock()
            .unwrap()
            .push_str(attributes.metadata().name());
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push_str(event.metadata().target());
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Everything an error can be made to print, its whole chain of sources included.
fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?}", error.request_id());
    if let Some(api) = error.as_api() {
        write!(text, "{:?} {:?} {:?}", api.kind(), api.code(), api.param()).unwrap();
        write!(text, "{:?} {:?}", api.message(), api.doc_url()).unwrap();
    }
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

#[tokio::test]
async fn neither_errors_nor_traces_nor_debug_contain_the_key_or_a_body() {
    let collector = Collector::default();
    // For the whole process, so that the other tests' requests are looked at too.
    tracing::subscriber::set_global_default(collector.clone()).unwrap();
    let echo = format!(
        "{{\"error\":{{\"type\":\"authentication\",\"message\":\"Invalid key {KEY}\",\"hush\":1}}}}"
    );
    let echoed = || {
        let headers = vec![("X-Echo", format!("Bearer {KEY}"))];
        Step::Respond(401, headers, echo.clone())
    };
    let everywhere = serde_json::json!({"error": {
        "type": KEY, "code": KEY, "param": KEY, "message": KEY, "doc_url": KEY, "request_id": KEY,
    }});
    let in_header = vec![("X-Fluxa-Request-Id", KEY.to_owned())];
    let hang = || Step::Hang;
    let mut text = String::new();
    for step in [
        echoed(),
        Step::Respond(400, Vec::new(), everywhere.to_string()),
        Step::Respond(400, in_header.clone(), String::new()),
        Step::Respond(200, in_header, format!("{{\"{KEY}\": tru")),
        Step::Reset,
        hang(),
        Step::Cut(200, "{\"card\":\"hush".into()),
        ok("{\"card\":\"hush"),
        status(503),
        Step::Respond(
            302,
            vec![("Location", format!("http://hush.test/{KEY}"))],
            String::new(),
        ),
    ] {
        let server = Server::start([step]).await;
        let client = builder(&server.base_url())
            .attempt_timeout(std::time::Duration::from_millis(80))
            .max_retries(0)
            .build()
            .unwrap();
        let call = client
            .raw("POST", "/payments")
            .query("email", "hush@shop.test")
            .json(json!({"card": "hush"}));
        write!(text, "{client:?} {client:#?} {call:?}").unwrap();
        text += &printed(&call.await.unwrap_err());
    }
    let server = Server::start([ok("{}")]).await;
    let client = client(&server.base_url());
    write!(text, "{:?}", client.raw("GET", "/payments").await.unwrap()).unwrap();
    write!(text, "{:?}", Client::builder(KEY)).unwrap();
    write!(text, "{:?}", fluxa_sdk::ApiKey::new(KEY).unwrap()).unwrap();

    let traced = collector.0.lock().unwrap().clone();
    assert!(
        traced.contains("fluxa.call") && traced.contains("duration_ms"),
        "{traced}"
    );
    assert!(
        traced.contains("request_id=\"req_0000000000000001\""),
        "{traced}"
    );
    for (what, output) in [("printed", &text), ("traced", &traced)] {
        assert!(!output.contains(KEY), "{what}: {output}");
        assert!(!output.contains(&KEY[8..]), "{what}: {output}");
        assert!(!output.contains("hush"), "{what}: {output}");
    }
}
