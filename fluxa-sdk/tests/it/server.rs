//! A server that plays a list of steps, one a request, and records what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with one request, once it was read whole.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Answers.
    Respond(u16, Vec<(&'static str, String)>, String),
    /// Announces a longer body than it sends, then closes.
    Cut(u16, String),
    /// Announces a longer body than it sends, then falls silent.
    Stall(u16, String),
    /// Resets the connection.
    Reset,
    /// Resets the connection, and listens no more.
    ResetAndStop,
    /// Never answers.
    Hang,
    /// Closes without an answer.
    Close,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: tokio::task::JoinHandle<()>,
}

pub(crate) fn ok(body: &str) -> Step {
    Step::Respond(
        200,
        vec![("X-Fluxa-Request-Id", "req_0000000000000001".into())],
        body.into(),
    )
}

pub(crate) fn status(status: u16) -> Step {
    Step::Respond(status, Vec::new(), String::new())
}

/// An error in the API's envelope.
pub(crate) fn error(status: u16, code: &str) -> Step {
    let body = serde_json::json!({"error": {
        "type": "invalid_request", "code": code, "message": "It will not do.", "param": "amount",
        "doc_url": format!("https://docs.fluxapay.co.uk/{code}"), "request_id": "req_00000000000000ff",
    }});
    Step::Respond(status, Vec::new(), body.to_string())
}

impl Server {
    /// Starts a server; requests after the last step get a 418 of the API.
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let steps: Vec<Step> = steps.into_iter().collect();
        let task = tokio::spawn(play(listener, steps, Arc::clone(&requests)));
        Self {
            address,
            requests,
            task,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(listener: TcpListener, steps: Vec<Step>, requests: Arc<Mutex<Vec<Recorded>>>) {
    let mut hung = Vec::new();
    let mut steps = steps.into_iter();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let Some(request) = read(&mut stream).await else {
            continue;
        };
        requests.lock().unwrap().push(request);
        match steps.next().unwrap_or_else(|| error(418, "no_step_left")) {
            Step::Respond(status, headers, body) => {
                let length = body.len();
                write(&mut stream, status, &headers, length, &body).await;
            }
            Step::Cut(status, body) => {
                write(&mut stream, status, &[], body.len() + 100, &body).await;
            }
            Step::Stall(status, body) => {
                let length = body.len() + 100;
                let head =
                    format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream.write_all((head + &body).as_bytes()).await;
                hung.push(stream);
            }
            Step::Reset => stream.set_zero_linger().unwrap(),
            Step::ResetAndStop => {
                drop(listener);
                stream.set_zero_linger().unwrap();
                return;
            }
            Step::Hang => hung.push(stream),
            Step::Close => {}
        }
    }
}

async fn write(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(&str, String)],
    length: usize,
    body: &str,
) {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("connection: close\r\n\r\n");
    let _ = stream.write_all((head + body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Recorded> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut request = Recorded {
            head,
            body: bytes[end + 4..].to_vec(),
        };
        let length = request
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        while request.body.len() < length {
            if stream.read_buf(&mut request.body).await.ok()? == 0 {
                return None;
            }
        }
        return Some(request);
    }
}
