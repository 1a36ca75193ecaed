//! `fluxa listen`: forwards, signs, keeps order, and loses nothing when the server dies.

use std::collections::{BTreeMap, HashSet};
use std::net::TcpListener;

use crate::support::endpoint::Endpoint;
use crate::support::writer::{Writer, all_events};
use crate::support::{Home, Mock, Run, Running, eventually, ready_file, signal};

fn secret(mock: &Mock, home: &Home) -> String {
    let run = mock.run(home, &["listen", "--print-secret"]).expect(0);
    let secret = run.stdout.trim().to_owned();
    assert!(secret.starts_with("whsec_") && run.stdout.lines().count() == 1);
    secret
}

#[test]
fn events_arrive_signed_with_the_headers_of_the_contract() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let secret = secret(&mock, &home);
    let endpoint = Endpoint::start(&secret, &[]);
    let ready = home.path("listen-ready");
    let mut command = mock.fluxa(
        &home,
        &[
            "listen",
            "--forward-to",
            &endpoint.url(),
            "--max-events",
            "6",
            "--output",
            "json",
            "--ready-file",
            ready.to_str().unwrap(),
        ],
    );
    // Loopback goes through no proxy, whatever the environment says.
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    let listen = Running::start(command);
    assert!(ready_file(&ready).starts_with("lst_"));
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    let run = listen.finish().expect(0);
    assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret));

    let lines = run.json_lines();
    let types: Vec<&str> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(types.first(), Some(&"ready"));
    assert_eq!(types.last(), Some(&"summary"));
    assert_eq!(types.iter().filter(|kind| **kind == "delivery").count(), 6);
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["delivered"], &summary["failed"]),
        (&6.into(), &0.into())
    );
    assert!(summary["unreported"].is_u64(), "{summary}");

    let deliveries = endpoint.deliveries();
    assert_eq!(deliveries.len(), 6);
    for delivery in &deliveries {
        assert_eq!(delivery.verified, Ok(()), "{delivery:?}");
        assert_eq!(delivery.header("X-Fluxa-Event"), delivery.event_type);
        assert!(delivery.header("X-Fluxa-Delivery-Id").starts_with("dlv_"));
        assert_eq!(delivery.header("User-Agent"), "Fluxa-Webhooks/1.0");
        assert_eq!(delivery.header("Content-Type"), "application/json");
    }
    let of_payments: Vec<&str> = deliveries
        .iter()
        .filter(|delivery| delivery.object.starts_with("pay_"))
        .map(|delivery| delivery.event_type.as_str())
        .collect();
    assert_eq!(
        of_payments,
        [
            "payment.received",
            "payment.captured",
            "payment.settling",
            "payment.settled"
        ]
    );
}

#[test]
fn a_webhook_secret_of_another_session_is_warned_of_before_anything_is_forwarded() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let (own, other) = (secret(&mock, &home), "whsec_ofanothersession");
    let endpoint = Endpoint::start(&own, &[]);
    for (variable, output, warned) in [
        (other, "human", true),
        (other, "json", true),
        (&own, "human", false),
        ("", "human", false),
    ] {
        let target = endpoint.url();
        let arguments = ["listen", "-f", &target, "--within", "0", "--output", output];
        let mut command = mock.fluxa(&home, &arguments);
        command.env("FLUXA_WEBHOOK_SECRET", variable);
        let run = Run::of(command).expect(0);
        let mend = "export FLUXA_WEBHOOK_SECRET=$(fluxa listen --print-secret)";
        assert_eq!(run.stderr.contains(mend), warned, "{}", run.stderr);
        for secret in [other, &own] {
            let value = secret.trim_start_matches("whsec_");
            assert!(!run.stderr.contains(value) && !run.stdout.contains(value));
        }
    }
    assert_eq!(endpoint.deliveries().len(), 0);
}

#[cfg(unix)]
#[test]
fn the_secret_goes_into_a_dotenv_file_that_nobody_else_reads() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let secret = secret(&mock, &home);
    let file = home.path(".env");
    std::fs::write(&file, "PORT=3000\nFLUXA_WEBHOOK_SECRET=whsec_old\n").unwrap();
    let target = format!("{}:FLUXA_WEBHOOK_SECRET", file.display());
    let arguments = ["listen", "--print-secret", "--write-env", &target];
    mock.run(&home, &arguments).expect(0);
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        written,
        format!("PORT=3000\nFLUXA_WEBHOOK_SECRET={secret}\n")
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let link = home.path("link");
    symlink(&file, &link).unwrap();
    let target = format!("{}:FLUXA_WEBHOOK_SECRET", link.display());
    let arguments = ["listen", "--print-secret", "--write-env", &target];
    let refused = mock.run(&home, &arguments).expect(1);
    assert!(refused.stderr.contains("symbolic link") && refused.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let nonsense = mock.run(&home, &["listen", "--print-secret", "--write-env", ".env"]);
    assert!(nonsense.expect(2).stderr.contains("FILE:NAME"));
}

#[test]
fn only_the_events_asked_for_are_forwarded() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    let ready = home.path("listen-ready");
    let listen = Running::start(mock.fluxa(
        &home,
        &[
            "listen",
            "-f",
            &endpoint.url(),
            "--events",
            "payment.sett*,refund.created",
            "--max-events",
            "3",
            "--ready-file",
            ready.to_str().unwrap(),
            "--output",
            "json",
        ],
    ));
    ready_file(&ready);
    mock.run(&home, &["trigger", "refund.created"]).expect(0);
    listen.finish().expect(0);
    let mut types: Vec<String> = endpoint
        .deliveries()
        .into_iter()
        .map(|delivery| delivery.event_type)
        .collect();
    types.sort();
    assert_eq!(
        types,
        ["payment.settled", "payment.settling", "refund.created"]
    );
}

#[test]
fn a_delivery_that_fails_is_retried_and_one_that_is_refused_ends_in_7() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[503, 200, 400]);
    let mut listen = Running::start(mock.fluxa(
        &home,
        &[
            "listen",
            "-f",
            &endpoint.url(),
            "--events",
            "customer.*",
            "--max-events",
            "2",
            // What is refused is sent again to find out why; here attempts are counted.
            "--no-doctor",
            "--output",
            "json",
        ],
    ));
    listen.next_of_type("ready");
    mock.run(&home, &["trigger", "customer.updated"]).expect(0);
    let retry = listen.next_of_type("retry");
    assert_eq!(retry["attempt"], 2);
    let run = listen.finish().expect(7);
    assert!(run.stderr.contains("not delivered"), "{}", run.stderr);
    assert_eq!(endpoint.deliveries().len(), 3);
}

#[test]
fn nothing_at_the_target_is_said_before_anything_fails_and_too_few_events_are_6() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let run = mock
        .run(
            &home,
            &[
                "listen",
                "-f",
                &nobody,
                "--max-events",
                "1",
                "--within",
                "0.2",
            ],
        )
        .expect(6);
    assert!(run.stderr.contains("nothing listens at"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn an_interrupt_ends_with_one_summary_and_130() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_x", &[]);
    let mut listen = Running::start(mock.fluxa(
        &home,
        &["listen", "-f", &endpoint.url(), "--output", "json"],
    ));
    listen.next_of_type("ready");
    signal(listen.process(), "INT");
    let run = listen.finish().expect(130);
    let lines = run.json_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["type"], "summary");
}

#[test]
fn a_server_killed_while_it_writes_costs_no_event_repeats_none_and_keeps_the_order() {
    const KILLS: usize = 5;
    let home = Home::new();
    let db = home.path("mock.db");
    let arguments = ["--db", db.to_str().unwrap(), "--rate-limit", "off"];
    let mut mock = Mock::start(&home, &arguments);
    let address = mock.address();
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    let target = endpoint.url();
    let mut listen =
        Running::start(mock.fluxa(&home, &["listen", "-f", &target, "--output", "json"]));
    listen.next_of_type("ready");
    // The first kill comes before there is any event to resume after.
    mock.kill();
    listen.next_of_type("reconnecting");
    mock = Mock::start_at(&home, &address, &arguments);
    let writer = Writer::start(&mock);
    for round in 0..KILLS {
        // Every other kill comes whether or not the stream is open again.
        if round % 2 == 0 {
            listen.next_of_type("recovered");
        }
        let (written, broken) = (writer.written(), writer.broken());
        eventually("more events", || {
            (writer.written() >= written + 10).then_some(())
        });
        mock.kill();
        // The writer was in the middle of it: a request of its own was cut off or refused.
        eventually("a write that failed", || {
            (writer.broken() > broken).then_some(())
        });
        mock = Mock::start_at(&home, &address, &arguments);
    }
    let acknowledged = writer.finish();

    let expected = all_events(&mock);
    let mut unseen: HashSet<&str> = expected.iter().map(|event| event.id.as_str()).collect();
    let mut looked_at = 0;
    eventually("every event", || {
        let deliveries = endpoint.deliveries();
        for delivery in &deliveries[looked_at..] {
            unseen.remove(delivery.event.as_str());
        }
        looked_at = deliveries.len();
        unseen.is_empty().then_some(())
    });
    signal(listen.process(), "INT");
    let summary = listen.finish().expect(130).json_lines().pop().unwrap();
    assert!(summary["reconnects"].as_u64().unwrap() >= 3, "{summary}");

    let deliveries = endpoint.deliveries();
    for delivery in &deliveries {
        assert_eq!(delivery.verified, Ok(()), "{delivery:?}");
    }
    // Per object the ids that came, in the order in which they came, are those the API lists: none
    // is lost, none comes twice, none overtakes another.
    let received = by_object(deliveries.into_iter().map(|d| (d.object, d.event)));
    let listed = by_object(expected.into_iter().map(|event| (event.object, event.id)));
    assert_eq!(received, listed);
    // What the API said it had done it still knows after its crashes.
    for (object, writes) in acknowledged {
        let known = listed.get(&object).map_or(0, Vec::len);
        assert!(known >= writes, "{object}: {known} events of {writes}");
    }
}

/// Ids of events by their object, in order.
fn by_object(events: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (object, event) in events {
        of.entry(object).or_default().push(event);
    }
    of
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[307]);
    let mut listen = Running::start(mock.fluxa(
        &home,
        &[
            "listen",
            "-f",
            &endpoint.url(),
            "--max-events",
            "1",
            "--output",
            "json",
        ],
    ));
    listen.next_of_type("ready");
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    let delivery = listen.next_of_type("delivery");
    assert_eq!(delivery["status"], 307);
    let why = delivery["error"].as_str().unwrap();
    assert_eq!(why, "a redirect to /elsewhere is not followed");
    listen.finish().expect(7);
    assert_eq!(endpoint.deliveries().len(), 1);
}
