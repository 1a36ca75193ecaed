//! What survives: a restart, a crash, and attempts to rewrite the past.

use crate::support::Api;
use crate::support::receiver::Receiver;
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

async fn open(file: &Path) -> (MockServer, Api) {
    let server = MockServer::builder().db(file).start().await.unwrap();
    let api = Api::new(&server);
    (server, api)
}

/// The files as a power cut would leave them: copied while the server still runs.
fn crash_copy(file: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let name = format!("{}{suffix}", file.display());
        if Path::new(&name).exists() {
            std::fs::copy(&name, format!("{}{suffix}", to.display())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_restart_continues_timers_deliveries_and_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let (server, api) = open(&file).await;
    let hook = json!({ "url": receiver.url(), "events": ["payment.settled", "customer.created"] });
    api.post("/v1/webhook_endpoints", hook).await.ok();
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    let payment = api.payment("30s").await;
    server.advance(Duration::from_secs(45)).await.unwrap();
    let before = api.get("/v1/sandbox/clock").await.ok().body["now"].clone();
    server.shutdown().await;

    receiver.answer_with(200);
    let (server, api) = open(&file).await;
    assert_eq!(api.get("/v1/sandbox/clock").await.ok().body["now"], before);
    let path = format!("/v1/payments/{payment}");
    assert_eq!(api.get(&path).await.body["state"], "SETTLING");
    server.advance(Duration::from_secs(15)).await.unwrap();
    assert_eq!(api.get(&path).await.body["state"], "SETTLED");
    let types: Vec<Value> = receiver
        .received()
        .iter()
        .map(|one| one.event()["type"].clone())
        .collect();
    assert_eq!(
        types
            .iter()
            .filter(|name| *name == "customer.created")
            .count(),
        2
    );
    assert_eq!(
        types
            .iter()
            .filter(|name| *name == "payment.settled")
            .count(),
        1
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_pace_asked_for_wins_over_the_one_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let (server, api) = open(&file).await;
    server.advance(Duration::from_secs(86_400)).await.unwrap();
    let then = api.get("/v1/sandbox/clock").await.ok().body["now"].clone();
    server.shutdown().await;
    // Text that sorts as the instants do.
    let is_later = |now: &Value| now.as_str().unwrap() >= then.as_str().unwrap();
    let accelerated = MockServer::builder().db(&file).pace(60.0);
    let server = accelerated.start().await.unwrap();
    let clock = Api::new(&server).get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(clock["mode"], "accelerated");
    assert!(is_later(&clock["now"]), "{clock}");
    server.shutdown().await;
    let (_server, api) = open(&file).await;
    let clock = api.get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(clock["pace"].as_f64(), Some(60.0));
    assert!(is_later(&clock["now"]), "{clock}");
}

#[tokio::test]
async fn a_crash_leaves_effect_and_stored_answer_both() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("mock.db"), dir.path().join("crashed.db"));
    let (_server, api) = open(&file).await;
    let create = |api: &Api| {
        api.call(Method::POST, "/v1/customers")
            .key("once")
            .json(&json!({ "email": "a@example.com" }))
    };
    let first = create(&api).send().await.ok();
    crash_copy(&file, &copy);

    let (_after, crashed) = open(&copy).await;
    let second = create(&crashed).send().await.ok();
    assert_eq!(second.text, first.text);
    assert_eq!(second.headers["x-fluxa-idempotent-replayed"], "true");
    assert_eq!(crashed.get("/v1/customers").await.ids(), [first.id()]);
    // Ids stay new after a restart.
    let other = crashed
        .post("/v1/customers", json!({ "email": "b@example.com" }))
        .await
        .ok();
    assert_ne!(other.id(), first.id());
}

#[tokio::test]
async fn everything_acknowledged_under_load_is_there_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("mock.db"), dir.path().join("crashed.db"));
    let (_server, api) = open(&file).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let api = api.clone();
        tasks.spawn(async move {
            let body = json!({ "email": format!("c{number}@example.com") });
            api.post("/v1/customers", body).await.ok().id()
        });
    }
    let mut made = tasks.join_all().await;
    crash_copy(&file, &copy);
    let (_after, crashed) = open(&copy).await;
    let mut found = crashed.get("/v1/customers?limit=100").await.ids();
    made.sort();
    found.sort();
    assert_eq!(found, made);
    let audit = crashed.get("/_mock/invariants").await.ok().body;
    assert_eq!(audit["ok"], true);
}

#[tokio::test]
async fn after_a_crash_what_was_under_way_is_sent_again_and_every_series_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("mock.db"), dir.path().join("crashed.db"));
    let (server, api) = open(&file).await;
    let (failing, silent) = (Receiver::start().await, Receiver::start().await);
    failing.answer_with(500);
    silent.never_answer();
    let mut ids = Vec::new();
    for receiver in [&failing, &silent] {
        let hook = json!({ "url": receiver.url(), "events": ["customer.created"] });
        ids.push(api.post("/v1/webhook_endpoints", hook).await.ok().id());
    }
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    // One attempt has failed and is recorded, one is under way.
    let path = |id: &str| format!("/v1/webhook_endpoints/{id}/deliveries");
    let retrying = format!("{}?status=retrying", path(&ids[0]));
    while api.get(&retrying).await.ok().ids().is_empty() {}
    let cut_off = silent.wait_for(1).await.remove(0);
    crash_copy(&file, &copy);
    drop(server);

    failing.answer_with(200);
    silent.answer_with(200);
    let (server, api) = open(&copy).await;
    let again = silent.wait_for(2).await.remove(1);
    assert_eq!(again.body, cut_off.body);
    let delivery = "x-fluxa-delivery-id";
    assert_eq!(again.headers[delivery], cut_off.headers[delivery]);
    server.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(failing.received().len(), 2);
    assert_eq!(failing.received()[1].body, cut_off.body);
    for (id, attempts) in ids.iter().zip([2, 1]) {
        let rows = api.get(&path(id)).await.ok().body["data"].clone();
        assert_eq!(rows.as_array().unwrap().len(), attempts);
        assert_eq!(rows[0]["attempt"], attempts);
        assert_eq!(rows[0]["status"], "succeeded");
    }
}

#[tokio::test]
async fn a_file_of_another_schema_is_refused_by_its_number_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let (server, api) = open(&file).await;
    api.payment("instant").await;
    server.shutdown().await;
    let version = |sql: &str| {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch(sql).unwrap();
        let read = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        read.unwrap()
    };
    assert_eq!(version("PRAGMA user_version = 6"), 6);
    let refused = MockServer::builder().db(&file).start().await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("the file has schema 6"), "{refused}");
    assert_eq!(version(""), 6);
}

#[tokio::test]
async fn the_audit_notices_a_payment_that_lies() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let (server, api) = open(&file).await;
    api.payment("manual").await;
    server.shutdown().await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    let forge = "UPDATE payments SET body = json_set(body, '$.state', 'SETTLED', \
                 '$.ledger_state', 'SETTLED', '$.net', 4900)";
    assert_eq!(connection.execute(forge, []).unwrap(), 1);
    drop(connection);
    let (_server, api) = open(&file).await;
    let audit = api.get("/_mock/invariants").await.ok().body;
    assert_eq!(audit["ok"], false);
    assert!(audit["breaches"].as_array().unwrap().len() >= 2, "{audit}");
}

#[tokio::test]
async fn a_file_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let (_server, _api) = open(&file).await;
    let refused = refusal(&file).await;
    assert!(refused.contains("in use by another process"), "{refused}");
}

async fn refusal(file: &Path) -> String {
    let started = MockServer::builder().db(file).start().await;
    started.unwrap_err().to_string()
}

#[tokio::test]
async fn only_a_file_of_its_own_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = dir.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE orders (id); PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    let before = std::fs::read(&foreign).unwrap();
    let refused = refusal(&foreign).await;
    assert!(refused.contains("another program's database"), "{refused}");
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "a text that is no database".repeat(100)).unwrap();
    for (path, reason) in [
        (text.as_path(), "not a database"),
        (dir.path(), "a directory"),
        (
            &dir.path().join("missing/mock.db"),
            "its directory is not there",
        ),
        (Path::new(":memory:"), "not the name of a file"),
        (Path::new(""), "not the name of a file"),
        (
            Path::new("file:fluxa-mock-missing/mock.db?mode=memory"),
            "its directory is not there",
        ),
    ] {
        let refused = refusal(path).await;
        assert!(refused.contains(reason), "{refused}");
    }
}

#[tokio::test]
async fn no_card_number_reaches_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let (server, api) = open(&file).await;
    let session = api.session(None, Some("instant")).await;
    let path = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    let card = crate::support::card("4242424242424242");
    api.call(Method::POST, &path)
        .key("k")
        .json(&card)
        .send()
        .await
        .ok();
    server.shutdown().await;
    let bytes = std::fs::read(&file).unwrap();
    assert!(
        !bytes
            .windows(16)
            .any(|window| window == b"4242424242424242")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_database_and_the_files_beside_it() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let modes = || {
        let entries = std::fs::read_dir(dir.path()).unwrap();
        let mut modes: Vec<(String, u32)> = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                (entry.file_name().into_string().unwrap(), mode)
            })
            .collect();
        modes.sort();
        modes
    };
    let private = |names: &[&str]| -> Vec<(String, u32)> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), 0o600))
            .collect()
    };
    let file = dir.path().join("mock.db");
    let (server, _) = open(&file).await;
    assert_eq!(modes(), private(&["mock.db", "mock.db-wal"]));
    server.shutdown().await;

    // A file made by an older version, or copied about, with a log left by a crash.
    let log = dir.path().join("mock.db-wal");
    std::fs::write(&log, "").unwrap();
    for wide in [&file, &log] {
        std::fs::set_permissions(wide, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let (_server, api) = open(&file).await;
    api.get("/v1/merchant").await.ok();
    let modes = modes();
    assert!(modes.len() >= 2, "{modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}
