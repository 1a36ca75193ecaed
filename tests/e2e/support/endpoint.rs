//! A merchant's endpoint on plain threads: verifies what arrives, and answers as told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use fluxa_sdk::webhooks::Verifier;
use serde_json::Value;

/// One delivery as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) event_type: String,
    pub(crate) object: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What the SDK says of the signature.
    pub(crate) verified: Result<(), String>,
}

impl Delivery {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }
}

#[derive(Default)]
struct State {
    deliveries: Vec<Delivery>,
    /// Answered first, in order; afterwards 200.
    statuses: VecDeque<u16>,
    /// Whether what does not verify is answered 400.
    strict: bool,
}

/// The endpoint.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Endpoint {
    /// One that answers 400 to what does not verify, as a merchant's own does.
    pub(crate) fn strict(secret: &str) -> Self {
        let endpoint = Self::start(secret, &[]);
        endpoint.state.lock().unwrap().strict = true;
        endpoint
    }

    pub(crate) fn start(secret: &str, statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State {
            deliveries: Vec::new(),
            statuses: statuses.iter().copied().collect(),
            strict: false,
        }));
        let endpoint = Self { address, state };
        let (serving, secret) = (endpoint.clone(), secret.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serving, secret) = (serving.clone(), secret.clone());
                std::thread::spawn(move || while serving.serve(&stream, &secret).is_some() {});
            }
        });
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state.lock().unwrap().deliveries.clone()
    }

    /// Serves one request of a kept connection.
    fn serve(&self, stream: &TcpStream, secret: &str) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut headers = Vec::new();
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let find = |wanted: &str| {
            headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.clone())
        };
        let length = find("content-length")?.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let signature = find("x-fluxa-signature").unwrap_or_default();
        let verified = Verifier::new(secret)
            .unwrap()
            .verify(&body, &signature)
            .map(drop)
            .map_err(|error| error.to_string());
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |pointer| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let delivery = Delivery {
            event: text("/id"),
            event_type: text("/type"),
            object: text("/data/object/id"),
            headers,
            body,
            verified,
        };
        let status = {
            let mut state = self.state.lock().unwrap();
            let refused = state.strict && delivery.verified.is_err();
            state.deliveries.push(delivery);
            let told = state.statuses.pop_front();
            told.unwrap_or(if refused { 400 } else { 200 })
        };
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )
        .ok()
    }
}
