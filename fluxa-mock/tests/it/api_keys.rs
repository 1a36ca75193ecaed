//! API keys: who gets in, with which scopes, from where, and for how long.

use crate::support::{Api, start};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn create(api: &Api, body: Value) -> (String, Api) {
    let made = api.post("/v1/api_keys", body).await.ok();
    (
        made.id(),
        api.with_key(made.body["secret"].as_str().unwrap()),
    )
}

fn restricted(scopes: &[&str]) -> Value {
    json!({ "kind": "restricted", "name": "worker", "scopes": scopes })
}

#[tokio::test]
async fn no_key_a_wrong_key_and_a_live_key_are_told_apart() {
    let (_server, api) = start().await;
    api.with_key("")
        .get("/v1/payments")
        .await
        .refused(401, "key_missing");
    let wrong = format!("sk_test_{}", "x".repeat(32));
    api.with_key(&wrong)
        .get("/v1/payments")
        .await
        .refused(401, "key_invalid");
    let live = format!("sk_live_{}", "x".repeat(32));
    let refused = api
        .with_key(&live)
        .get("/v1/payments")
        .await
        .refused(401, "key_invalid");
    assert!(
        refused.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("live")
    );
    assert!(!refused.text.contains(&live));
    let basic = api.with_key("").call(Method::GET, "/v1/payments");
    basic
        .header("Authorization", "Basic c2s6")
        .send()
        .await
        .refused(401, "key_missing");
}

#[tokio::test]
async fn the_well_known_keys_do_what_their_kind_may() {
    let (server, api) = start().await;
    assert_eq!(
        server.secret_key(),
        format!("sk_test_mock{}", "0".repeat(28))
    );
    let reader = api.with_key(server.restricted_key());
    reader.get("/v1/payments").await.ok();
    let refused = reader
        .post("/v1/customers", json!({ "email": "a@example.com" }))
        .await;
    refused.refused(403, "insufficient_scope");
    let publishable = api.with_key(server.publishable_key());
    publishable
        .get("/v1/payments")
        .await
        .refused(403, "publishable_key_not_allowed");
    publishable
        .get("/v1/merchant")
        .await
        .refused(403, "publishable_key_not_allowed");
    publishable.get("/v1/status").await.ok();
}

#[tokio::test]
async fn write_does_not_include_read_nor_one_resource_another() {
    let (_server, api) = start().await;
    let payment = api.payment("instant").await;
    let (_, refunder) = create(&api, restricted(&["refunds:write"])).await;
    let refund = json!({ "payment": payment, "amount": 100 });
    refunder.post("/v1/refunds", refund).await.ok();
    refunder
        .get("/v1/refunds")
        .await
        .refused(403, "insufficient_scope");
    refunder
        .get("/v1/payments")
        .await
        .refused(403, "insufficient_scope");
    let (_, sandbox) = create(&api, restricted(&["sandbox:read"])).await;
    sandbox.get("/v1/sandbox/clock").await.ok();
    let advance = json!({ "seconds": 1 });
    sandbox
        .post("/v1/sandbox/clock/advance", advance)
        .await
        .refused(403, "insufficient_scope");
    let nonsense = restricted(&["everything:write"]);
    api.post("/v1/api_keys", nonsense)
        .await
        .refused(400, "parameter_invalid");
}

#[tokio::test]
async fn secrets_are_shown_once_and_kept_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let server = fluxa_mock::MockServer::builder()
        .db(&file)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let made = api
        .post("/v1/api_keys", json!({ "kind": "secret", "name": "ci" }))
        .await
        .ok();
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), "sk_test_".len() + 32);
    let read = api.get(&format!("/v1/api_keys/{}", made.id())).await.ok();
    assert_eq!(read.body.get("secret"), None);
    assert_eq!(read.body["last4"], secret[secret.len() - 4..]);
    server.shutdown().await;
    let bytes = std::fs::read(&file).unwrap();
    let found = bytes
        .windows(secret.len())
        .any(|window| window == secret.as_bytes());
    assert!(!found, "the secret is in the database file");
}

#[tokio::test]
async fn a_rotated_key_lives_for_its_grace_and_a_revoked_one_not_at_all() {
    let (server, api) = start().await;
    let (id, old) = create(&api, json!({ "kind": "secret", "name": "ci" })).await;
    let rotate = format!("/v1/api_keys/{id}/rotate");
    let grace = |seconds: i64| json!({ "grace_seconds": seconds });
    api.post(&rotate, grace(3599))
        .await
        .refused(400, "parameter_invalid");
    api.post(&rotate, grace(2_592_001))
        .await
        .refused(400, "parameter_invalid");
    let successor = api.post(&rotate, grace(3600)).await.ok();
    assert_eq!(successor.body["rotated_from"], id);
    let new = api.with_key(successor.body["secret"].as_str().unwrap());
    server.advance(Duration::from_secs(3599)).await.unwrap();
    old.get("/v1/merchant").await.ok();
    new.get("/v1/merchant").await.ok();
    server.advance(Duration::from_secs(1)).await.unwrap();
    old.get("/v1/merchant").await.refused(401, "key_expired");
    new.get("/v1/merchant").await.ok();
    api.post(
        &format!("/v1/api_keys/{}/revoke", successor.id()),
        json!({}),
    )
    .await
    .ok();
    new.get("/v1/merchant").await.refused(401, "key_revoked");
}

#[tokio::test]
async fn an_allow_list_refuses_other_addresses_with_a_code() {
    let (_server, api) = start().await;
    let (id, key) = create(
        &api,
        json!({ "kind": "secret", "name": "x", "ip_allowlist": ["10.0.0.0/8"] }),
    )
    .await;
    key.get("/v1/merchant").await.refused(403, "ip_not_allowed");
    let path = format!("/v1/api_keys/{id}");
    api.patch(
        &path,
        json!({ "ip_allowlist": ["10.0.0.0/8", "127.0.0.0/8"] }),
    )
    .await
    .ok();
    key.get("/v1/merchant").await.ok();
    let bad = json!({ "ip_allowlist": ["10.0.0.0/33"] });
    api.patch(&path, bad)
        .await
        .refused(400, "parameter_invalid");
}

#[tokio::test]
async fn a_restricted_key_cannot_get_at_more_than_it_has() {
    let (_server, api) = start().await;
    let own = ["api_keys:write", "payments:read", "refunds:write"];
    let (own_id, manager) = create(&api, restricted(&own)).await;
    let (within, _) = create(&api, restricted(&["payments:read"])).await;
    let (beyond, _) = create(&api, restricted(&["payments:read", "payments:write"])).await;
    let (secret, _) = create(&api, json!({ "kind": "secret", "name": "ci" })).await;
    let path = |id: &str| format!("/v1/api_keys/{id}");
    let rotate = |id: &str| format!("/v1/api_keys/{id}/rotate");
    let lacks = |answer: crate::support::Answer, word: &str| {
        let refused = answer.refused(403, "insufficient_scope");
        let message = refused.body["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(word), "{message}");
    };

    for kind in ["secret", "publishable"] {
        let body = json!({ "kind": kind, "name": "x" });
        lacks(manager.post("/v1/api_keys", body).await, kind);
    }
    let wider = restricted(&["payments:read", "payments:write"]);
    lacks(manager.post("/v1/api_keys", wider).await, "payments:write");
    let widen = json!({ "scopes": ["payments:read", "customers:read"] });
    for id in [&own_id, &within] {
        lacks(
            manager.patch(&path(id), widen.clone()).await,
            "customers:read",
        );
    }
    let narrow = json!({ "scopes": ["payments:read"] });
    lacks(
        manager.patch(&path(&beyond), narrow.clone()).await,
        "payments:write",
    );
    lacks(
        manager
            .patch(&path(&secret), json!({ "name": "mine" }))
            .await,
        "secret",
    );
    lacks(
        manager.post(&rotate(&beyond), json!({})).await,
        "payments:write",
    );
    lacks(manager.post(&rotate(&secret), json!({})).await, "secret");

    manager
        .post("/v1/api_keys", restricted(&["refunds:write"]))
        .await
        .ok();
    manager
        .patch(&path(&within), json!({ "scopes": ["refunds:write"] }))
        .await
        .ok();
    manager.post(&rotate(&within), json!({})).await.ok();
    manager.post(&rotate(&own_id), json!({})).await.ok();
    // A secret key still manages them all.
    api.patch(&path(&beyond), narrow).await.ok();
    api.post(&rotate(&secret), json!({})).await.ok();
}

#[tokio::test]
async fn a_key_whose_grace_is_over_is_shown_as_revoked() {
    let (server, api) = start().await;
    let ci = json!({ "kind": "secret", "name": "ci" });
    let (expiring, old) = create(&api, ci.clone()).await;
    let (stopped, early) = create(&api, ci).await;
    let grace = json!({ "grace_seconds": 3600 });
    for id in [&expiring, &stopped] {
        let rotate = format!("/v1/api_keys/{id}/rotate");
        api.post(&rotate, grace.clone()).await.ok();
    }
    let revoke = |id: &str| format!("/v1/api_keys/{id}/revoke");
    api.post(&revoke(&stopped), json!({})).await.ok();
    let read = |id: &str| {
        let (api, path) = (api.clone(), format!("/v1/api_keys/{id}"));
        async move { api.get(&path).await.ok().body }
    };
    let before = read(&expiring).await;
    assert_eq!(before["status"], "rotating");

    server.advance(Duration::from_secs(3600)).await.unwrap();
    let after = read(&expiring).await;
    assert_eq!(after["status"], "revoked");
    assert!(after["expires_at"].is_string());
    assert_eq!(after["expires_at"], before["expires_at"]);
    let listed = |status: &str| {
        let (api, path) = (api.clone(), format!("/v1/api_keys?status={status}"));
        async move { api.get(&path).await.ok().ids() }
    };
    assert_eq!(listed("rotating").await, Vec::<String>::new());
    assert_eq!(listed("revoked").await, [stopped, expiring.clone()]);
    old.get("/v1/merchant").await.refused(401, "key_expired");
    // Revoked by hand it stays, though its grace is over meanwhile.
    early.get("/v1/merchant").await.refused(401, "key_revoked");
    api.post(&revoke(&expiring), json!({})).await.ok();
    old.get("/v1/merchant").await.refused(401, "key_expired");
}
