//! The store in Redis under real processes: three replicas that are killed between two steps, and
//! started again, until everything is processed.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fluxa_sdk::webhooks::inbox::{Claim, EventStore, RedisStore};

use super::redis_server::{RedisServer, namespace};

const EVENTS: usize = 300;
const REPLICAS: usize = 3;
const LEASE: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_secs(60);
/// The test that is a replica when it finds this in its environment.
const REPLICA: &str = "FLUXA_TEST_REPLICA";

/// Where a replica stops to be killed.
const STOPS: [&str; 3] = ["claimed", "effect", "marking"];

#[tokio::test]
async fn replicas_that_are_killed_lose_nothing_and_mark_once() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let namespace = namespace();
    let (started, mut logs, mut kills) = (Instant::now(), Vec::new(), 0);
    // In rounds: a replica that ran freely would leave the others nothing to be killed at.
    for stop in STOPS.iter().copied().chain(["never"]) {
        let mut running = Vec::new();
        for replica in 0..REPLICAS {
            let log = server.directory().join(format!("{stop}-{replica}"));
            logs.push(log.clone());
            running.push(Replica::start(&server.url(), &namespace, log, stop));
        }
        while !running.is_empty() {
            assert!(started.elapsed() < DEADLINE, "the replicas did not finish");
            running.retain_mut(|replica| match replica.state() {
                State::Runs => true,
                State::Stopped => {
                    replica.child.kill().unwrap(); // SIGKILL
                    kills += 1;
                    false
                }
                State::Finished => {
                    assert_eq!(stop, "never", "it ended before it was killed");
                    false
                }
            });
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!(kills, REPLICAS * STOPS.len());
    check(&logs);

    let store = RedisStore::builder().namespace(namespace).unwrap();
    let store = store.connect(&server.url()).await.unwrap();
    for event in 0..EVENTS {
        let claim = store.claim(&event_id(event), LEASE).await.unwrap();
        assert_eq!(claim, Claim::Done, "{event}");
    }
}

fn event_id(event: usize) -> String {
    format!("evt_{event:016x}")
}

struct Replica {
    child: Child,
    log: PathBuf,
}

enum State {
    Runs,
    Stopped,
    Finished,
}

impl Replica {
    fn start(url: &str, namespace: &str, log: PathBuf, stop: &str) -> Self {
        let arguments = [url, namespace, log.to_str().unwrap(), stop].join("\n");
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "inbox::redis_processes::a_replica",
                "--nocapture",
            ])
            .env(REPLICA, arguments)
            // Open for as long as the test lives.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        let child = child.unwrap();
        Self { child, log }
    }

    fn state(&mut self) -> State {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        if log.ends_with("stopped\n") {
            return State::Stopped;
        }
        match self.child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "a replica failed, see its output above");
                State::Finished
            }
            None => State::Runs,
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What all replicas wrote: every event has an effect, one fence was granted its mark, and only
/// those who were killed or came too late left an effect beside it.
fn check(logs: &[PathBuf]) {
    let mut effects: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let mut granted: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let (mut unmarked, mut claims) = (0, Vec::new());
    for log in logs {
        let text = std::fs::read_to_string(log).unwrap();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [
                "claimed" | "effect" | "granted" | "refused" | "marking",
                event,
                fence,
            ] = words[..]
            else {
                continue;
            };
            let (event, fence) = (event.parse().unwrap(), fence.parse().unwrap());
            match words[0] {
                "claimed" => claims.push((event, fence)),
                "effect" => effects.entry(event).or_default().push(fence),
                "granted" => granted.entry(event).or_default().push(fence),
                "refused" => unmarked += 1,
                _ => {}
            }
        }
    }
    let count = claims.len();
    claims.sort_unstable();
    claims.dedup();
    assert_eq!(claims.len(), count, "a fence was given twice");
    let mut repeated = 0;
    for event in 0..EVENTS {
        let effects = &effects[&event];
        // None: it was marked by one who was killed before the answer.
        let granted = granted.get(&event).map_or(&[][..], |fences| fences);
        assert!(granted.len() <= 1, "{event}: granted to {granted:?}");
        if let [granted] = granted {
            assert_eq!(effects.iter().max(), Some(granted), "{event}");
        }
        repeated += effects.len() - 1;
    }
    // Killed at `claimed`, it had no effect.
    let killed_with_effect = REPLICAS * (STOPS.len() - 1);
    assert!(repeated <= killed_with_effect + unmarked, "{repeated}");
    assert!(
        repeated >= REPLICAS,
        "those killed after the effect left it"
    );
}

/// A replica, when started as one; otherwise nothing.
#[tokio::test]
async fn a_replica() {
    let Ok(arguments) = std::env::var(REPLICA) else {
        return;
    };
    // It stops for ever to be killed: if the test is killed instead, it must not stay behind.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let arguments: Vec<&str> = arguments.split('\n').collect();
    let [url, namespace, log, stop] = arguments[..] else {
        panic!("{arguments:?}");
    };
    let mut log = Log::at(Path::new(log), stop);
    let store = RedisStore::builder().namespace(namespace).unwrap();
    let store = store.connect(url).await.unwrap();
    // Each begins elsewhere, so that they meet.
    let mut events: VecDeque<usize> = (0..EVENTS).collect();
    events.rotate_left(std::process::id() as usize % EVENTS);
    while let Some(event) = events.pop_front() {
        match store.claim(&event_id(event), LEASE).await.unwrap() {
            Claim::New(lease) => {
                let fence = lease.fence();
                log.write("claimed", event, fence);
                log.write("effect", event, fence);
                if log.stops_at("marking") {
                    // Asked, and killed before the answer.
                    let marking = tokio::spawn(async move { store.done(&lease).await });
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    log.write("marking", event, fence);
                    let _ = marking.await;
                    return;
                }
                let granted = store.done(&lease).await.unwrap();
                log.write(if granted { "granted" } else { "refused" }, event, fence);
                if !granted {
                    events.push_back(event);
                }
            }
            Claim::InFlight { remaining } => {
                events.push_back(event);
                if events.len() < 10 {
                    tokio::time::sleep(remaining).await;
                }
            }
            _ => {}
        }
    }
}

/// What a replica did, on disk before it does the next.
struct Log {
    file: File,
    stop: String,
    steps: usize,
}

impl Log {
    fn at(path: &Path, stop: &str) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self {
            file: file.unwrap(),
            stop: stop.to_owned(),
            steps: 0,
        }
    }

    /// Whether this is the step to be killed at: the 30th of those.
    fn stops_at(&self, step: &str) -> bool {
        self.stop == step && self.steps > 30
    }

    /// Writes a step, and waits to be killed if it is the one.
    fn write(&mut self, step: &str, event: usize, fence: u64) {
        self.steps += 1;
        let stops = self.stops_at(step);
        let line = format!("{step} {event} {fence}\n");
        self.file.write_all(line.as_bytes()).unwrap();
        if stops {
            self.file.write_all(b"stopped\n").unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}
