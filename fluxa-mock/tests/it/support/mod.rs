//! What the tests share: a client that checks every answer, a webhook receiver, the usual steps.

pub(crate) mod contract;
pub(crate) mod hostile;
pub(crate) mod logs;
pub(crate) mod receiver;
pub(crate) mod wire;

use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id: {}", self.text))
            .to_owned()
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text
        );
        self
    }

    /// Asserts a refusal.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let data = self.body["data"].as_array().unwrap();
        data.iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A client of one server with one key.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) key: String,
    http: reqwest::Client,
}

/// A request being put together.
pub(crate) struct Call {
    api: Api,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

pub(crate) fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        // A page leads on to the merchant's own.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl Api {
    pub(crate) fn new(server: &MockServer) -> Self {
        Self {
            url: server.url(),
            key: server.secret_key(),
            http: http(),
        }
    }

    pub(crate) fn with_key(&self, key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            ..self.clone()
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let mut headers = Vec::new();
        if !self.key.is_empty() {
            headers.push(("Authorization".to_owned(), format!("Bearer {}", self.key)));
        }
        Call {
            api: self.clone(),
            method,
            path: path.to_owned(),
            headers,
            body: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path).json(&body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path).json(&body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// Opens a session of 4999p, for a customer if given, with this timing if given.
    pub(crate) async fn session(&self, customer: Option<&str>, timing: Option<&str>) -> String {
        let mut body = json!({
            "amount": 4999, "currency": "GBP",
            "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
        });
        if let Some(customer) = customer {
            body["customer"] = customer.into();
        }
        let mut call = self.call(Method::POST, "/v1/checkout/sessions").json(&body);
        if let Some(timing) = timing {
            call = call.header("X-Fluxa-Sandbox-Timing", timing);
        }
        call.send().await.ok().id()
    }

    /// Pays a session.
    pub(crate) async fn pay(&self, session: &str, number: &str) -> Answer {
        self.post(
            &format!("/v1/sandbox/checkout/sessions/{session}/complete"),
            card(number),
        )
        .await
    }

    /// A payment of 4999p with the success card.
    pub(crate) async fn payment(&self, timing: &str) -> String {
        let session = self.session(None, Some(timing)).await;
        self.pay(&session, "4242424242424242").await.ok().id()
    }

    /// Types of all events about an object, oldest first.
    pub(crate) async fn event_types(&self, object: &str) -> Vec<String> {
        let events = self.get("/v1/events?limit=100").await.ok();
        let data = events.body["data"].as_array().unwrap().iter().rev();
        data.filter(|event| event["data"]["object"]["id"] == object)
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Asserts that the audit finds nothing.
    pub(crate) async fn assert_invariants(&self) {
        let audit = self.get("/_mock/invariants").await.ok();
        assert_eq!(audit.body, json!({ "ok": true, "breaches": [] }));
    }
}

pub(crate) fn card(number: &str) -> Value {
    json!({ "card": { "number": number, "exp_month": 12, "exp_year": 2099, "cvc": "123" } })
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("Content-Type", "application/json")
    }

    pub(crate) fn form(mut self, body: &str) -> Self {
        self.body = Some(body.as_bytes().to_vec());
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sends, and checks the answer against the contract.
    pub(crate) async fn send(self) -> Answer {
        let url = format!("{}{}", self.api.url, self.path);
        let mut request = self.api.http.request(self.method.clone(), url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: HashMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer {
            status,
            headers,
            text,
            body,
        };
        contract::check(self.method.as_str(), &self.path, &answer);
        answer
    }
}

/// A server and its client.
pub(crate) async fn start() -> (MockServer, Api) {
    let server = MockServer::start().await.unwrap();
    let api = Api::new(&server);
    (server, api)
}
