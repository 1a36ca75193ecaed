//! `fluxa listen` beside other tools that forward webhooks to this machine: each the real tool, driven by its
//! own flags against a server that stands in for its maker's, all to the same target, in one run.
//!
//! Prints Markdown. Which tools there are is told by the environment: `benches/tunnels` installs them.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fluxa_benches::quantile;
use fluxa_benches::tunnel::{Fake, Protocol, Target};

/// How long a tool may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const STARTS: usize = 10;
const PACED: usize = 400;
const PACE: Duration = Duration::from_millis(5);
const BURST: usize = 2_000;
const OBJECTS: usize = 200;

struct Tool {
    name: &'static str,
    protocol: Protocol,
    command: fn(fake: &str, target: &str) -> Option<Command>,
}

const TOOLS: [Tool; 4] = [
    Tool {
        name: "fluxa",
        protocol: Protocol::Fluxa,
        command: fluxa,
    },
    Tool {
        name: "stripe",
        protocol: Protocol::Stripe,
        command: stripe,
    },
    Tool {
        name: "hookdeck",
        protocol: Protocol::Hookdeck,
        command: hookdeck,
    },
    Tool {
        name: "smee",
        protocol: Protocol::Smee,
        command: smee,
    },
];

fn tool(variable: &str) -> Option<Command> {
    std::env::var_os(variable).map(Command::new)
}

fn fluxa(fake: &str, target: &str) -> Option<Command> {
    let mut command = tool("FLUXA_BENCH_FLUXA")?;
    command
        .args(["listen", "--forward-to", &format!("http://{target}/hook")])
        .args(["--api-base", &format!("http://{fake}/v1")])
        .env(
            "FLUXA_SECRET_KEY",
            "sk_test_mock0000000000000000000000000000",
        );
    Some(command)
}

fn stripe(fake: &str, target: &str) -> Option<Command> {
    let mut command = tool("FLUXA_BENCH_STRIPE")?;
    command
        .args(["listen", "--all-snapshot", "--skip-update"])
        .args(["--forward-to", &format!("http://{target}/hook")])
        .args(["--api-base", &format!("http://{fake}")])
        .args(["--api-key", "sk_test_51abcdefghijklmnopqrstuvwxyz"]);
    Some(command)
}

fn hookdeck(fake: &str, target: &str) -> Option<Command> {
    let mut command = tool("FLUXA_BENCH_HOOKDECK")?;
    let port = target.rsplit(':').next()?;
    command
        .args([
            "listen",
            port,
            "source",
            "--output",
            "compact",
            "--no-healthcheck",
        ])
        .args(["--api-key", "abcdefabcdefabcdef123456"])
        .args(["--api-base", &format!("http://{fake}")])
        .args(["--ws-base", &format!("ws://{fake}")]);
    Some(command)
}

fn smee(fake: &str, target: &str) -> Option<Command> {
    let mut command = tool("FLUXA_BENCH_SMEE")?;
    command
        .args(["--url", &format!("http://{fake}/channel")])
        .args(["--target", &format!("http://{target}/hook")]);
    Some(command)
}

/// The tool, running. Ends with this value.
struct Running(Child);

impl Running {
    fn start(tool: &Tool, fake: &Fake, target: &Target) -> Option<Self> {
        let addresses = (fake.address().to_string(), target.address().to_string());
        let mut command = (tool.command)(&addresses.0, &addresses.1)?;
        let home = std::env::temp_dir().join(format!("fluxa-bench-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a home can be made");
        let child = command
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool starts");
        Some(Self(child))
    }

    /// The most memory it ever had, in MB.
    fn peak_megabytes(&self) -> f64 {
        let path = format!("/proc/{}/status", self.0.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    println!(
        "| tool | ready | forward p50 | p99 | burst of {BURST} | out of order | lost | peak memory | back after a second away |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for tool in &TOOLS {
        if wanted.is_empty() || wanted.iter().any(|word| word == tool.name) {
            match measure(tool) {
                Some(row) => println!("{row}"),
                None => println!("| {} | not installed | | | | | | | |", tool.name),
            }
        }
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn measure(tool: &Tool) -> Option<String> {
    let target = Target::start();
    let ready = ready(tool, &target)?;

    let mut fake = Fake::start(tool.protocol);
    let running = Running::start(tool, &fake, &target)?;
    fake.opened(PATIENCE).expect("the tool listens");
    let mut next = warm_up(&fake, &target);

    let mut added = paced(&fake, &target, &mut next);
    let p50 = quantile(&mut added, 0.5);
    let p99 = quantile(&mut added, 0.99);

    let burst = burst(&fake, &target, &mut next);
    let peak = running.peak_megabytes();

    fake.down();
    std::thread::sleep(Duration::from_secs(1));
    let up = fake.up();
    let back = match fake.opened(PATIENCE) {
        Some(opened) => millis(opened.saturating_duration_since(up)),
        None => format!("not in {} s", PATIENCE.as_secs()),
    };
    Some(format!(
        "| {} | {} | {} | {} | {:.0}/s | {} | {} | {peak:.1} MB | {back} |",
        tool.name,
        millis(ready),
        millis(p50),
        millis(p99),
        burst.per_second,
        burst.out_of_order,
        burst.lost,
    ))
}

/// From its start until it listens: the median.
fn ready(tool: &Tool, target: &Target) -> Option<Duration> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let fake = Fake::start(tool.protocol);
        let started = Instant::now();
        let _running = Running::start(tool, &fake, target)?;
        let opened = fake.opened(PATIENCE).expect("the tool listens");
        times.push(opened.saturating_duration_since(started));
    }
    Some(quantile(&mut times, 0.5))
}

/// Sends until something arrives: a tool may listen before it forwards. Returns the next number.
fn warm_up(fake: &Fake, target: &Target) -> usize {
    for sequence in 1..100 {
        fake.send(sequence, sequence);
        if !target.take(1, Duration::from_millis(300)).is_empty() {
            let _ = target.take(usize::MAX, Duration::from_millis(300));
            return sequence + 1;
        }
    }
    panic!("nothing is forwarded");
}

/// One event after the other: from the server to the target.
fn paced(fake: &Fake, target: &Target, next: &mut usize) -> Vec<Duration> {
    let mut sent = HashMap::new();
    for _ in 0..PACED {
        sent.insert(*next, Instant::now());
        fake.send(*next, *next % OBJECTS);
        *next += 1;
        std::thread::sleep(PACE);
    }
    target
        .take(PACED, Duration::from_secs(2))
        .iter()
        .filter_map(|arrival| {
            Some(
                arrival
                    .at
                    .saturating_duration_since(*sent.get(&arrival.sequence)?),
            )
        })
        .collect()
}

struct Burst {
    per_second: f64,
    out_of_order: usize,
    lost: usize,
}

/// All at once, over many objects: an event that arrives after a later one of its object is out of order.
fn burst(fake: &Fake, target: &Target, next: &mut usize) -> Burst {
    let first = *next;
    let started = Instant::now();
    for sequence in first..first + BURST {
        fake.send(sequence, sequence % OBJECTS);
    }
    *next += BURST;
    let arrivals = target.take(BURST, Duration::from_secs(5));
    let span = arrivals.iter().map(|arrival| arrival.at).max();
    let span = span.map_or(Duration::MAX, |last| {
        last.saturating_duration_since(started)
    });
    let mut newest: HashMap<usize, usize> = HashMap::new();
    let mut out_of_order = 0;
    for arrival in &arrivals {
        let newest = newest.entry(arrival.sequence % OBJECTS).or_default();
        match arrival.sequence > *newest {
            true => *newest = arrival.sequence,
            false => out_of_order += 1,
        }
    }
    Burst {
        per_second: arrivals.len() as f64 / span.as_secs_f64(),
        out_of_order,
        lost: BURST.saturating_sub(arrivals.len()),
    }
}
