//! Accounts: any unknown key opens its own sandbox, apart from all others, and finds it again.

use crate::support::receiver::Receiver;
use crate::support::{Api, start};
use fluxa_mock::{MockServer, RateLimit};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A key of 32 characters, all of them this one.
fn key(character: char) -> String {
    format!("sk_test_{}", String::from(character).repeat(32))
}

async fn auto() -> (MockServer, Api) {
    let server = MockServer::builder().auto_accounts(true).start().await;
    let server = server.unwrap();
    let api = Api::new(&server);
    (server, api)
}

async fn on_file(file: &Path) -> (MockServer, Api) {
    let builder = MockServer::builder().auto_accounts(true).db(file);
    let server = builder.start().await.unwrap();
    let api = Api::new(&server);
    (server, api)
}

async fn customer(api: &Api, email: &str) -> String {
    let body = json!({ "email": email });
    api.post("/v1/customers", body).await.ok().id()
}

async fn labels(api: &Api) -> Vec<String> {
    let listed = api.get("/_mock/accounts").await.ok();
    let data = listed.body["data"].as_array().unwrap();
    data.iter()
        .map(|account| account["label"].as_str().unwrap().to_owned())
        .collect()
}

async fn now(api: &Api) -> String {
    let clock = api.get("/v1/sandbox/clock").await.ok();
    clock.body["now"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_unknown_key_is_refused_unless_accounts_open_by_themselves() {
    let (_server, api) = start().await;
    let stranger = api.with_key(key('a'));
    stranger
        .get("/v1/payments")
        .await
        .refused(401, "key_invalid");
    assert_eq!(labels(&api).await.len(), 1);
}

#[tokio::test]
async fn each_key_opens_an_empty_account_of_its_own() {
    let (_server, api) = auto().await;
    let (one, two) = (api.with_key(key('a')), api.with_key(key('b')));
    let mine = customer(&one, "one@example.com").await;
    customer(&api, "primary@example.com").await;
    assert_eq!(two.get("/v1/customers").await.ok().ids(), [""; 0]);
    two.get(&format!("/v1/customers/{mine}"))
        .await
        .refused(404, "resource_missing");
    assert_eq!(one.get("/v1/customers").await.ok().ids(), [mine]);
    assert_eq!(one.get("/v1/api_keys").await.ok().ids().len(), 1);
    assert_eq!(api.get("/v1/api_keys").await.ok().ids().len(), 3);

    for other in ["pk_test_", "rk_test_", "sk_live_"] {
        let stranger = api.with_key(format!("{other}{}", "c".repeat(32)));
        stranger
            .get("/v1/payments")
            .await
            .refused(401, "key_invalid");
    }
    let short = api.with_key(format!("sk_test_{}", "c".repeat(31)));
    short.get("/v1/payments").await.refused(401, "key_invalid");
    assert_eq!(labels(&api).await.len(), 3);
}

#[tokio::test]
async fn sixty_four_first_requests_at_once_open_one_account() {
    let (_server, api) = auto().await;
    let requests: Vec<_> = (0..64)
        .map(|number| {
            let api = api.with_key(key('r'));
            tokio::spawn(async move { customer(&api, &format!("c{number}@example.com")).await })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let mine = api.with_key(key('r'));
    let listed = mine.get("/v1/customers?limit=100").await.ok();
    assert_eq!(listed.ids().len(), 64);
    assert_eq!(labels(&api).await.len(), 2);
}

#[tokio::test]
async fn clocks_streams_of_events_and_deliveries_are_apart() {
    let (server, api) = auto().await;
    let (one, two) = (api.with_key(key('a')), api.with_key(key('b')));
    let receiver = Receiver::start().await;
    two.post("/v1/webhook_endpoints", json!({ "url": receiver.url() }))
        .await
        .ok();
    let payment = one.payment("5s").await;
    let before = (now(&one).await, now(&two).await, now(&api).await);
    let account = server.account(&key('a')).await.unwrap();
    account.advance(Duration::from_secs(3600)).await.unwrap();
    let after = (now(&one).await, now(&two).await, now(&api).await);
    assert!(before.0 < after.0);
    assert_eq!((before.1, before.2), (after.1, after.2));
    let read = one.get(&format!("/v1/payments/{payment}")).await.ok();
    assert_eq!(read.body["state"], "SETTLED");
    assert_eq!(two.get("/v1/events").await.ok().ids(), [""; 0]);
    assert_eq!(receiver.received().len(), 0);

    // The control plane is of the key's account, or of the one that is named.
    let frozen = one.post("/_mock/clock", json!({ "pace": 7 })).await.ok();
    assert_eq!(frozen.body["pace"], 7.0);
    let nobody = api.with_key("");
    let path = format!("/_mock/clock?account={}", account.label());
    assert_eq!(nobody.get(&path).await.ok().body["pace"], 7.0);
    assert_eq!(nobody.get("/_mock/clock").await.ok().body["pace"], 0.0);
    nobody
        .get("/_mock/clock?account=0123456789ab")
        .await
        .refused(404, "account_missing");
    one.post("/_mock/reset", json!({})).await.ok();
    assert_eq!(one.get("/v1/payments").await.ok().ids(), [""; 0]);
    assert_eq!(one.get("/v1/api_keys").await.ok().ids().len(), 1);
}

#[tokio::test]
async fn keys_made_in_an_account_belong_to_it() {
    let (_server, api) = auto().await;
    let one = api.with_key(key('a'));
    let mine = customer(&one, "one@example.com").await;
    let theirs = customer(&api, "primary@example.com").await;
    for (owner, expected) in [(&one, mine), (&api, theirs)] {
        let body = json!({ "kind": "secret", "name": "ci" });
        let made = owner.post("/v1/api_keys", body).await.ok();
        let made_key = api.with_key(made.body["secret"].as_str().unwrap());
        assert_eq!(made_key.get("/v1/customers").await.ok().ids(), [expected]);
        let rotated = owner
            .post(&format!("/v1/api_keys/{}/rotate", made.id()), json!({}))
            .await
            .ok();
        let rotated = api.with_key(rotated.body["secret"].as_str().unwrap());
        assert_eq!(rotated.get("/v1/customers").await.ok().ids().len(), 1);
    }
    assert_eq!(labels(&api).await.len(), 2);
    // An account's own key can be revoked like any other, and opens no second account then.
    let own = one.get("/v1/api_keys").await.ok().ids().pop().unwrap();
    one.post(&format!("/v1/api_keys/{own}/revoke"), json!({}))
        .await
        .ok();
    one.get("/v1/customers").await.refused(401, "key_revoked");
}

#[tokio::test]
async fn accounts_have_rate_limits_of_their_own() {
    let limit = RateLimit {
        per_second: 1,
        burst: 2,
    };
    let builder = MockServer::builder().auto_accounts(true);
    let server = builder.rate_limit(limit).start().await.unwrap();
    let api = Api::new(&server);
    let one = api.with_key(key('a'));
    for _ in 0..2 {
        one.get("/v1/merchant").await.ok();
    }
    one.get("/v1/merchant")
        .await
        .refused(429, "rate_limit_exceeded");
    api.with_key(key('b')).get("/v1/merchant").await.ok();
}

#[tokio::test]
async fn a_session_of_another_account_has_a_page_that_finds_it() {
    let (server, api) = auto().await;
    let one = api.with_key(key('a'));
    let label = server.account(&key('a')).await.unwrap().label().to_owned();
    let url = async |api: &Api| -> String {
        let session = api.session(None, None).await;
        let read = api.get(&format!("/v1/checkout/sessions/{session}")).await;
        read.ok().body["url"].as_str().unwrap().to_owned()
    };
    assert!(url(&one).await.ends_with(&format!("?account={label}")));
    assert!(!url(&api).await.contains("account"));
}

#[tokio::test]
async fn a_closed_account_is_forgotten_and_its_key_opens_an_empty_one() {
    let (server, api) = auto().await;
    let one = api.with_key(key('a'));
    customer(&one, "one@example.com").await;
    let label = server.account(&key('a')).await.unwrap().label().to_owned();
    let path = format!("/_mock/accounts/{label}");
    let described = api.get(&path).await.ok();
    assert_eq!(described.body["key"]["last4"], "aaaa");
    assert_eq!(described.body["counts"]["customers"], 1);
    assert!(!described.text.contains(&key('a')));
    let closed = api.delete(&path).await.ok();
    assert_eq!(closed.body, json!({ "label": label, "status": "closed" }));
    api.delete(&path).await.refused(404, "account_missing");
    assert_eq!(one.get("/v1/customers").await.ok().ids(), [""; 0]);
    api.delete("/_mock/accounts/primary")
        .await
        .refused(400, "parameter_invalid");
    server
        .account(&key('a'))
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    assert_eq!(labels(&api).await.len(), 1);
    let unknown = server.account("sk_test_short").await.unwrap_err();
    assert_eq!(unknown.kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn more_accounts_than_allowed_are_refused_with_a_way_out() {
    let builder = MockServer::builder().auto_accounts(true);
    let server = builder.configure(|config| config.max_accounts(2));
    let server = server.start().await.unwrap();
    let api = Api::new(&server);
    for character in ['a', 'b'] {
        api.with_key(key(character)).get("/v1/merchant").await.ok();
    }
    let third = api.with_key(key('c'));
    let refused = third
        .get("/v1/merchant")
        .await
        .refused(403, "too_many_accounts");
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("--max-accounts"), "{message}");
    assert!(!refused.text.contains(&key('c')));
    api.with_key(key('a')).get("/v1/merchant").await.ok();
    let label = server.account(&key('a')).await.unwrap().label().to_owned();
    api.delete(&format!("/_mock/accounts/{label}")).await.ok();
    third.get("/v1/merchant").await.ok();
}

#[tokio::test]
async fn ids_differ_between_accounts_and_repeat_between_runs() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let builder = MockServer::builder().auto_accounts(true).seed(7);
        let server = builder.start().await.unwrap();
        let api = Api::new(&server);
        let mut ids = Vec::new();
        for api in [&api, &api.with_key(key('a')), &api.with_key(key('b'))] {
            ids.push(customer(api, "a@example.com").await);
        }
        runs.push(ids);
    }
    assert_eq!(runs[0], runs[1]);
    let mut different = runs[0].clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 3);
}

#[tokio::test]
async fn accounts_on_file_are_found_again_with_their_keys_and_timers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let receiver = Receiver::start().await;
    let (server, api) = on_file(&file).await;
    let one = api.with_key(key('a'));
    let body = json!({ "kind": "secret", "name": "ci" });
    let made = one.post("/v1/api_keys", body).await.ok();
    let made = made.body["secret"].as_str().unwrap().to_owned();
    let mine = customer(&one, "one@example.com").await;
    let payment = one.payment("5s").await;
    one.post("/v1/webhook_endpoints", json!({ "url": receiver.url() }))
        .await
        .ok();
    server.shutdown().await;
    assert_private(&dir.path().join("mock.db.accounts"), &key('a'));

    let (server, api) = on_file(&file).await;
    // The key made there, before its account's own was used: it must not open another.
    assert_eq!(
        api.with_key(made).get("/v1/customers").await.ok().ids(),
        [mine]
    );
    let account = server.account(&key('a')).await.unwrap();
    account.advance(Duration::from_secs(60)).await.unwrap();
    let one = api.with_key(key('a'));
    let read = one.get(&format!("/v1/payments/{payment}")).await.ok();
    assert_eq!(read.body["state"], "SETTLED");
    assert!(!receiver.received().is_empty());
    // Emptied it still has the key that opened it.
    one.post("/_mock/reset", json!({})).await.ok();
    let keys = one.get("/v1/api_keys").await.ok();
    assert_eq!(keys.body["data"][0]["last4"], "aaaa");
    assert_eq!(labels(&api).await.len(), 2);
    account.close().await.unwrap();
    let left = std::fs::read_dir(dir.path().join("mock.db.accounts")).unwrap();
    assert_eq!(left.count(), 0);
    server.shutdown().await;
}

#[tokio::test]
async fn what_an_account_acknowledged_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (server, api) = on_file(&dir.path().join("mock.db")).await;
    let one = api.with_key(key('a'));
    let mine = customer(&one, "one@example.com").await;
    // As a power cut would leave the files: copied while the server still runs.
    let copy = dir.path().join("copy.db");
    std::fs::create_dir(dir.path().join("copy.db.accounts")).unwrap();
    for (from, to) in [
        ("mock.db", "copy.db"),
        ("mock.db.accounts", "copy.db.accounts"),
    ] {
        let from = dir.path().join(from);
        let files: Vec<_> = match from.is_dir() {
            true => std::fs::read_dir(&from)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect(),
            false => vec![from.clone(), dir.path().join("mock.db-wal")],
        };
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            let target = match from.is_dir() {
                true => dir.path().join(to).join(name),
                false => dir.path().join(name.replace("mock", "copy")),
            };
            std::fs::copy(&file, target).unwrap();
        }
    }
    server.shutdown().await;
    let (_server, api) = on_file(&copy).await;
    let one = api.with_key(key('a'));
    assert_eq!(one.get("/v1/customers").await.ok().ids(), [mine]);
}

#[cfg(unix)]
fn assert_private(directory: &Path, key: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert!(!path.display().to_string().contains("aaaa"));
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(key.len())
            .any(|window| window == key.as_bytes());
        assert!(!found, "the key is in {}", path.display());
        files += 1;
    }
    assert!(files > 0);
}

#[tokio::test]
async fn a_foreign_page_opens_no_account() {
    let (_server, api) = auto().await;
    let stranger = api.with_key(key('a'));
    stranger
        .call(reqwest::Method::GET, "/v1/merchant")
        .header("Origin", "https://evil.example")
        .send()
        .await
        .refused(403, "origin_not_allowed");
    assert_eq!(labels(&api).await.len(), 1);
    let described = api.get("/_mock/accounts").await.ok();
    assert_eq!(described.body["data"][0]["primary"], Value::Bool(true));
}

#[tokio::test]
async fn a_key_that_nobody_has_controls_no_account() {
    for auto_accounts in [false, true] {
        let builder = MockServer::builder().auto_accounts(auto_accounts);
        let server = builder.start().await.unwrap();
        let api = Api::new(&server);
        customer(&api, "ada@example.com").await;
        let mistyped = [
            "sk_test_short".to_owned(),
            format!("rk_test_{}", "x".repeat(32)),
        ];
        for stranger in mistyped.map(|key| api.with_key(key)) {
            for path in [
                "/_mock/reset",
                "/_mock/clock",
                "/_mock/seed",
                "/_mock/faults",
            ] {
                stranger
                    .post(path, json!({}))
                    .await
                    .refused(401, "key_invalid");
            }
        }
        // With the account's key, or none, the call is carried out.
        assert_eq!(api.get("/v1/customers").await.ok().ids().len(), 1);
        api.with_key("").post("/_mock/reset", json!({})).await.ok();
        assert_eq!(api.get("/v1/customers").await.ok().ids().len(), 0);
    }
}

#[tokio::test]
async fn the_requests_of_an_account_count_before_anybody_reads_them() {
    let (_server, api) = start().await;
    api.get("/v1/payments").await.ok();
    api.get("/v1/payments").await.ok();
    let accounts = api.get("/_mock/accounts").await.ok();
    assert_eq!(accounts.body["data"][0]["counts"]["request_logs"], 2);
}
