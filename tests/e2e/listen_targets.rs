//! `fluxa listen` to several targets, and to targets that do what none should.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::endpoint::Endpoint;
use crate::support::{Home, Mock, Running, call, eventually, ready_file, signal};

/// A target that reads a request and then does what the test says.
struct Hostile {
    address: String,
    requests: Arc<AtomicUsize>,
}

impl Hostile {
    fn start(
        answer: impl Fn(usize, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut seen = Vec::new();
                    let mut chunk = [0; 4096];
                    // The body is an event: its end is the end of an object.
                    while !seen.ends_with(b"}") {
                        match stream.read(&mut chunk) {
                            // A look whether anything listens.
                            Ok(0) | Err(_) => return,
                            Ok(count) => seen.extend_from_slice(&chunk[..count]),
                        }
                    }
                    let number = counted.fetch_add(1, Ordering::SeqCst);
                    // A client that has had enough is what is hoped for.
                    let _ = answer(number, &mut stream);
                });
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Keeps a connection open and says nothing, until the other side ends it.
fn hang(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0]).map(drop)
}

fn customers(mock: &Mock, count: usize) {
    for number in 0..count {
        let body = json!({ "email": format!("{number}@example.com") });
        call(mock, "POST", "/customers", body);
    }
}

fn secret(mock: &Mock, home: &Home) -> String {
    let run = mock.run(home, &["listen", "--print-secret"]).expect(0);
    run.stdout.trim().to_owned()
}

#[test]
fn each_target_gets_the_events_of_its_routes_and_the_rest_goes_to_the_others() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let secret = secret(&mock, &home);
    let [rest, refunds] = [(); 2].map(|()| Endpoint::start(&secret, &[]));
    let ready = home.path("listen-ready");
    let route = format!("refund.*={}", refunds.url());
    let arguments = [
        "listen",
        "-f",
        &rest.url(),
        "--route",
        &route,
        "-H",
        "X-Tenant: acme",
        "--header",
        "X-Token: hush-hush",
        "--max-events",
        "7",
        "--output",
        "json",
        "--ready-file",
        ready.to_str().unwrap(),
    ];
    let listen = Running::start(mock.fluxa(&home, &arguments));
    ready_file(&ready);
    mock.run(&home, &["trigger", "refund.succeeded"]).expect(0);
    let run = listen.finish().expect(0);
    assert!(!run.stdout.contains("hush") && !run.stderr.contains("hush"));
    let lines = run.json_lines();
    assert_eq!(lines[0]["targets"][0]["url"], rest.url());
    assert_eq!(lines[0]["targets"][1]["types"], json!(["refund.*"]));
    let all: Vec<_> = rest.deliveries();
    assert!(!all.is_empty() && !refunds.deliveries().is_empty());
    assert!(all.iter().all(|d| !d.event_type.starts_with("refund.")));
    for delivery in refunds.deliveries() {
        assert!(delivery.event_type.starts_with("refund."), "{delivery:?}");
        assert_eq!(delivery.verified, Ok(()));
        assert_eq!(delivery.header("X-Tenant"), "acme");
        assert_eq!(delivery.header("X-Token"), "hush-hush");
    }
    let told = lines.iter().filter(|line| line["type"] == "delivery");
    let to_refunds = told.filter(|line| line["target"] == refunds.url().as_str());
    assert_eq!(to_refunds.count(), refunds.deliveries().len());
}

#[test]
fn with_several_targets_each_line_says_which() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let (one, other) = (
        Endpoint::start("whsec_a", &[]),
        Endpoint::start("whsec_a", &[500]),
    );
    let (one, other) = (one.url(), other.url());
    let lines = |targets: &[&str]| {
        let session = [
            "listen",
            "--retry",
            "0",
            "--max-events",
            "1",
            "--since",
            "1h",
        ];
        mock.run(&home, &[&session, targets].concat()).stdout
    };
    customers(&mock, 1);
    let told = lines(&["-f", &one, "-f", &other]);
    let is_told = |url: &str, status: &str| {
        let (_, address) = url.split_once("//").unwrap();
        let line = told.lines().find(|line| line.contains(address));
        line.unwrap().contains(status)
    };
    assert!(is_told(&one, "200") && is_told(&other, "500"), "{told}");
    assert!(!lines(&["-f", &one]).contains("/hooks"));
}

#[test]
fn a_header_that_is_none_is_refused_without_its_value() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for wrong in [
        "hush-hush",
        "X-Fluxa-Signature: hush-hush",
        "a b: hush-hush",
    ] {
        for output in ["human", "json"] {
            let arguments = ["listen", "-f", "4242", "-H", wrong, "--output", output];
            let run = mock.run(&home, &arguments).expect(2);
            assert!(!run.stderr.contains("hush") && run.stdout.is_empty());
        }
    }
}

#[test]
fn endpoints_that_hang_hold_up_neither_other_objects_nor_other_targets() {
    const EVENTS: usize = 40;
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let good = Endpoint::start(&secret(&mock, &home), &[]);
    let hangs = Hostile::start(|_, stream| hang(stream));
    // No time limit, as under a debugger, and fewer places than objects.
    let arguments = [
        "listen",
        "-f",
        &hangs.address,
        "-f",
        &good.url(),
        "--timeout",
        "0",
        "--concurrency",
        "4",
        "--output",
        "json",
    ];
    let mut listen = Running::start(mock.fluxa(&home, &arguments));
    listen.next_of_type("ready");
    customers(&mock, EVENTS);
    eventually("all at the good target", || {
        (good.deliveries().len() == EVENTS).then_some(())
    });
    eventually("all at the one that hangs", || {
        (hangs.requests() == EVENTS).then_some(())
    });
    signal(listen.process(), "INT");
    let summary = listen.finish().expect(130).json_lines().pop().unwrap();
    assert_eq!(summary["unfinished"], EVENTS, "{summary}");
}

#[test]
fn a_target_that_sends_without_end_costs_neither_memory_nor_time() {
    const EVENTS: usize = 30;
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let endless = Hostile::start(|number, stream| {
        let junk = [b'x'; 65_536];
        match number % 6 {
            // 100 MB of an answer, and of one that never says how long it is.
            0 => {
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"
                )?;
                (0..1_600).try_for_each(|_| stream.write_all(&junk))
            }
            1 => {
                write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
                (0..).try_for_each(|_| stream.write_all(&junk))
            }
            // A header without an end, and headers without one.
            2 => {
                write!(stream, "HTTP/1.1 200 OK\r\nX-Long: ")?;
                (0..).try_for_each(|_| stream.write_all(&junk))
            }
            3 => {
                write!(stream, "HTTP/1.1 200 OK\r\n")?;
                (0..).try_for_each(|n| write!(stream, "X-{n}: y\r\n"))
            }
            // The status is there, the rest does not come.
            4 => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1")?;
                hang(stream)
            }
            // No HTTP at all, cut off.
            _ => stream.write_all(b"\x16\x03\x01\x00\x00"),
        }
    });
    let ready = home.path("listen-ready");
    let events = EVENTS.to_string();
    let arguments = [
        "listen",
        "-f",
        &endless.address,
        "--retry",
        "0",
        "--max-events",
        &events,
        "--output",
        "json",
        "--ready-file",
        ready.to_str().unwrap(),
    ];
    let mut listen = Running::start(mock.fluxa(&home, &arguments));
    listen.next_of_type("ready");
    customers(&mock, EVENTS);
    for _ in 0..EVENTS {
        let delivery = listen.next_of_type("delivery");
        assert!(delivery["status"] == 200 || delivery["error"].is_string());
    }
    let peak = peak_memory(listen.process());
    assert!(
        peak.is_none_or(|kilobytes| kilobytes < 64 * 1024),
        "{peak:?} KB"
    );
    let summary = listen.finish().expect(7).json_lines().pop().unwrap();
    // Half of them had a status before they misbehaved: it stands.
    assert_eq!(summary["delivered"], EVENTS / 2, "{summary}");
}

#[test]
fn an_endless_row_of_informational_answers_stops_neither_others_nor_the_clock_nor_the_end() {
    const EVENTS: usize = 5;
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let good = Endpoint::start(&secret(&mock, &home), &[]);
    let hints = Hostile::start(|_, stream| {
        let many = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000);
        (0..).try_for_each(|_| stream.write_all(many.as_bytes()))
    });
    let arguments = [
        "listen",
        "-f",
        &hints.address,
        "-f",
        &good.url(),
        "--timeout",
        "1",
        "--retry",
        "0",
        "--output",
        "json",
    ];
    let mut listen = Running::start(mock.fluxa(&home, &arguments));
    listen.next_of_type("ready");
    customers(&mock, EVENTS);
    eventually("all at the good target", || {
        (good.deliveries().len() == EVENTS).then_some(())
    });
    let mut given_up = 0;
    while given_up < EVENTS {
        let delivery = listen.next_of_type("delivery");
        given_up += usize::from(delivery["status"].is_null());
    }
    // Nor for long its own other events.
    let before = hints.requests();
    customers(&mock, 1);
    eventually("one more to it", || {
        (hints.requests() > before).then_some(())
    });
    signal(listen.process(), "INT");
    listen.finish().expect(130);
}

/// What the system counted at most, in KB, where it does.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn many_targets_that_send_long_headers_and_hang_take_no_more_than_one() {
    const TARGETS: usize = 6;
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let sent = Arc::new(AtomicUsize::new(0));
    let hostile: Vec<Hostile> = (0..TARGETS)
        .map(|_| {
            let sent = Arc::clone(&sent);
            Hostile::start(move |_, stream| {
                write!(stream, "HTTP/1.1 200 OK\r\nX-Long: {}", "x".repeat(360_000))?;
                sent.fetch_add(1, Ordering::SeqCst);
                hang(stream)
            })
        })
        .collect();
    let mut arguments = vec!["listen", "--timeout", "0", "--output", "json"];
    for target in &hostile {
        arguments.extend(["-f", &target.address]);
    }
    let mut listen = Running::start(mock.fluxa(&home, &arguments));
    listen.next_of_type("ready");
    let before = peak_memory(listen.process());
    customers(&mock, 30);
    eventually("as many headers as are waited for", || {
        (sent.load(Ordering::SeqCst) == 96).then_some(())
    });
    // All of them would be 65 MB.
    let grown = peak_memory(listen.process())
        .zip(before)
        .map(|(peak, before)| peak - before);
    assert!(
        grown.is_none_or(|kilobytes| kilobytes < 50 * 1024),
        "{grown:?} KB"
    );
    signal(listen.process(), "INT");
    listen.finish().expect(130);
}

#[test]
fn a_server_with_tls_behind_a_plain_address_is_named() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let target = format!("127.0.0.1:{}", tls_endpoint());
    let arguments = ["listen", "-f", &target, "--retry", "0", "--max-events", "1"];
    let listen = [&arguments[..], &["--output", "json"]].concat();
    let mut listen = Running::start(mock.fluxa(&home, &listen));
    listen.next_of_type("ready");
    customers(&mock, 1);
    let delivery = listen.next_of_type("delivery");
    let error = delivery["error"].as_str().unwrap();
    assert!(error.contains("is it an https:// address"), "{error}");
    listen.finish().expect(7);
}

#[test]
fn a_certificate_of_ones_own_is_accepted_when_asked_for_on_this_machine_alone() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let port = tls_endpoint();
    let target = format!("https://localhost:{port}/hooks");
    for (flag, code) in [(None, 7), (Some("--skip-verify"), 0)] {
        let mut arguments = vec!["listen", "-f", &target, "--retry", "0", "--max-events", "1"];
        arguments.extend(["--output", "json"]);
        arguments.extend(flag);
        let mut listen = Running::start(mock.fluxa(&home, &arguments));
        listen.next_of_type("ready");
        customers(&mock, 1);
        let delivery = listen.next_of_type("delivery");
        let run = listen.finish().expect(code);
        match code {
            0 => assert_eq!(delivery["status"], 204),
            _ => assert!(delivery["error"].as_str().unwrap().contains("ertificate")),
        }
        assert!(!run.stderr.contains("--skip-verify"), "{}", run.stderr);
    }
    let public = [
        "-f",
        "https://203.0.113.1:9/",
        "--skip-verify",
        "--within",
        "0",
    ];
    let run = mock.run(&home, &[&["listen"], &public[..]].concat());
    assert!(run.stderr.contains("is verified"), "{}", run.stderr);
}

/// Serves TLS with a certificate that nobody has signed; answers 204. Returns its port.
fn tls_endpoint() -> u16 {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let certificate = CertificateDer::from(&include_bytes!("data/untrusted.certificate.der")[..]);
    let key = PrivatePkcs8KeyDer::from(&include_bytes!("data/untrusted.key.der")[..]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let config = Arc::clone(&config);
            std::thread::spawn(move || -> std::io::Result<()> {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream);
                let mut seen = Vec::new();
                let mut chunk = [0; 4096];
                while !seen.ends_with(b"}") {
                    match stream.read(&mut chunk)? {
                        0 => return Ok(()),
                        count => seen.extend_from_slice(&chunk[..count]),
                    }
                }
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
                stream.flush()
            });
        }
    });
    port
}
