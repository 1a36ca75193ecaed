//! One request under load, and the process of the server that answers it: shared by the benches.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FLUXA: &str = env!("CARGO_BIN_EXE_fluxa");
/// The mock's well-known key.
pub(crate) const KEY: &str = "sk_test_mock0000000000000000000000000000";

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A server in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) async fn mock(arguments: &[&str]) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = Command::new(FLUXA);
        command
            .args(["mock", "--quiet", "--rate-limit", "off", "--addr"])
            .arg(address.to_string())
            .args(arguments);
        Self::spawn(&mut command, address).await
    }

    /// Starts a program that serves at the address.
    pub(crate) async fn spawn(command: &mut Command, address: SocketAddr) -> Result<Self, Failure> {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Self { child, address }.ready().await
    }

    async fn ready(self) -> Result<Self, Failure> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.address).await {
                let ask = "GET /_mock/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
                stream.write_all(ask.as_bytes()).await?;
                let mut byte = [0; 1];
                if stream.read_exact(&mut byte).await.is_ok() {
                    return Ok(self);
                }
            }
            if Instant::now() > deadline {
                return Err("a server did not start".into());
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn resident_megabytes(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kilobytes.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// Ends the process before its file is opened by another.
    pub(crate) fn stop(self) {}
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// One request, repeated over connections that are kept.
pub(crate) struct Load {
    address: SocketAddr,
    /// The server's process, whose time on the processors is counted.
    server: u32,
    pub(crate) request: Vec<u8>,
}

impl Load {
    pub(crate) fn get(server: &Process, path: &str) -> Self {
        let address = server.address;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        );
        Self {
            address,
            server: server.child.id(),
            request: request.into_bytes(),
        }
    }

    pub(crate) fn post(server: &Process, path: &str, body: &str) -> Self {
        let address = server.address;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self {
            address,
            server: server.child.id(),
            request: request.into_bytes(),
        }
    }

    pub(crate) async fn run(&self, clients: usize, span: Duration) -> Result<Run, Failure> {
        let refused = Arc::new(AtomicU64::new(0));
        let before = processor_time(self.server)?;
        let started = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..clients {
            let (address, request) = (self.address, self.request.clone());
            let refused = Arc::clone(&refused);
            tasks.push(tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::new();
                let mut times = Vec::new();
                while started.elapsed() < span {
                    let sent = Instant::now();
                    stream.write_all(&request).await?;
                    let (status, _) = read_answer(&mut stream, &mut buffer).await?;
                    times.push(sent.elapsed());
                    if status >= 300 {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok::<_, Failure>(times)
            }));
        }
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await??);
        }
        let span = started.elapsed();
        times.sort_unstable();
        let processor = processor_time(self.server)?.saturating_sub(before);
        Ok(Run {
            times,
            span,
            processor,
            refused: refused.load(Ordering::Relaxed),
        })
    }
}

/// What came of a load.
pub(crate) struct Run {
    times: Vec<Duration>,
    span: Duration,
    processor: Duration,
    pub(crate) refused: u64,
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.span.as_secs_f64()
    }

    /// Processor time of the server per request: says the same on a busy machine.
    pub(crate) fn processor_micros(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    pub(crate) fn percentile(&self, part: f64) -> Duration {
        let place = (self.times.len() as f64 * part) as usize;
        self.times
            .get(place.min(self.times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// What a process has used of the processors, in ticks of a hundredth of a second.
fn processor_time(process: u32) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in the stat file")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .ok_or("a short stat file")?
            .parse::<u64>()
            .map_err(Failure::from)
    };
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// Reads one answer whose length is stated; returns its status and the length of its body, which
/// stands at the end of `buffer`.
pub(crate) async fn read_answer(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<(u16, usize), Failure> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(end) = find(buffer, b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end])?;
        let status = head.get(9..12).ok_or("no status")?.parse()?;
        let length = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim())
            })
            .ok_or("no length")?
            .parse::<usize>()?;
        let whole = end + 4 + length;
        while buffer.len() < whole {
            if stream.read_buf(buffer).await? == 0 {
                return Err("the answer was cut".into());
            }
        }
        return Ok((status, length));
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
