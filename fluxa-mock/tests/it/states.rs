//! The state machine of payments: all 36 pairs driven through the API, conflicting moves at once, and
//! records that not even the database lets anyone rewrite.

use crate::support::{Api, start};
use fluxa_mock::MockServer;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const STATES: [&str; 6] = [
    "PAYMENT_RECEIVED",
    "CAPTURED",
    "SETTLING",
    "SETTLED",
    "FAILED",
    "REFUNDED",
];

/// The nine moves of the page, each with its event.
const MOVES: [(&str, &str, &str); 9] = [
    ("PAYMENT_RECEIVED", "CAPTURED", "payment.captured"),
    ("PAYMENT_RECEIVED", "FAILED", "payment.failed"),
    ("CAPTURED", "SETTLING", "payment.settling"),
    ("CAPTURED", "FAILED", "payment.failed"),
    ("CAPTURED", "REFUNDED", "payment.refunded"),
    ("SETTLING", "SETTLED", "payment.settled"),
    ("SETTLING", "FAILED", "payment.failed"),
    ("SETTLING", "REFUNDED", "payment.refunded"),
    ("SETTLED", "REFUNDED", "payment.refunded"),
];

/// Pairs that one call crosses in several moves, each with its own event: no pairs of the machine, yet
/// `advance` takes them.
const SEVERAL: [(&str, &str); 3] = [
    ("PAYMENT_RECEIVED", "SETTLING"),
    ("PAYMENT_RECEIVED", "SETTLED"),
    ("CAPTURED", "SETTLED"),
];

/// The lines of the ledger that a move books: (account, debits less credits), for 4999 at a fee of 99.
fn booked(from: &str, to: &str) -> Vec<(&'static str, i64)> {
    let position = |state| match state {
        "CAPTURED" => "partner_clearing",
        "SETTLING" => "settlement_in_flight",
        _ => "merchant_bank",
    };
    let mut lines = match (from, to) {
        (_, "CAPTURED") => vec![("cardholder", -4999), ("fees", 99), (position(to), 4900)],
        (_, "SETTLING" | "SETTLED") => vec![(position(from), -4900), (position(to), 4900)],
        ("PAYMENT_RECEIVED", "FAILED") => vec![],
        (_, "FAILED") => vec![("cardholder", 4999), ("fees", -99), (position(from), -4900)],
        // On its way to the bank it returns to the partner, who pays.
        ("SETTLING", _) => vec![
            ("settlement_in_flight", -4900),
            ("partner_clearing", 4900),
            ("refunds", 4999),
            ("partner_clearing", -4999),
        ],
        _ => vec![("refunds", 4999), (position(from), -4999)],
    };
    lines.sort_unstable();
    lines
}

/// A payment in a state that nothing but a call moves it out of.
async fn payment_in(api: &Api, state: &str) -> String {
    let payment = api.payment("manual").await;
    let way: &[&str] = match state {
        "PAYMENT_RECEIVED" => &[],
        "REFUNDED" => &["CAPTURED", "REFUNDED"],
        "FAILED" => &["FAILED"],
        other => &[other],
    };
    for to in way {
        advance(api, &payment, to).await.ok();
    }
    payment
}

async fn advance(api: &Api, payment: &str, to: &str) -> crate::support::Answer {
    let path = format!("/v1/sandbox/payments/{payment}/advance");
    api.post(&path, json!({ "to": to })).await
}

/// All that the API can show of a sandbox with one payment.
async fn dump(api: &Api, payment: &str) -> BTreeMap<&'static str, Value> {
    let read = async |path: &str| api.get(path).await.ok().body;
    BTreeMap::from([
        ("payment", read(&format!("/v1/payments/{payment}")).await),
        (
            "history",
            read(&format!("/v1/payments/{payment}/history?limit=100")).await,
        ),
        ("events", read("/v1/events?limit=100").await),
        ("ledger", read("/v1/ledger/entries?limit=100").await),
        ("balances", read("/v1/ledger/balances").await),
        ("refunds", read("/v1/refunds?limit=100").await),
        ("settlements", read("/v1/settlements?limit=100").await),
        ("clock", read("/v1/sandbox/clock").await),
    ])
}

fn added<'a>(before: &Value, after: &'a Value) -> Vec<&'a Value> {
    let known = before["data"].as_array().unwrap().len();
    let data = after["data"].as_array().unwrap();
    // What was there stays, word for word: nothing is rewritten.
    assert_eq!(
        &data[data.len() - known..],
        before["data"].as_array().unwrap()
    );
    data[..data.len() - known].iter().collect()
}

#[tokio::test]
async fn of_all_pairs_of_states_nine_are_moves_and_the_others_change_nothing() {
    let (server, api) = start().await;
    let (mut moved, mut refused, mut several) = (0, 0, 0);
    for from in STATES {
        for to in STATES {
            let reset = format!("{}/_mock/reset", server.url());
            crate::support::http().post(reset).send().await.unwrap();
            let payment = payment_in(&api, from).await;
            // A move on the way must not hide behind the instant of another.
            server.advance(Duration::from_secs(60)).await.unwrap();
            let before = dump(&api, &payment).await;
            assert_eq!(before["payment"]["state"], from);
            let answer = advance(&api, &payment, to).await;
            let after = dump(&api, &payment).await;
            match MOVES.iter().find(|pair| (pair.0, pair.1) == (from, to)) {
                Some((_, _, event)) => {
                    moved += 1;
                    assert_eq!(answer.ok().body, after["payment"]);
                    assert_moved(&before, &after, from, to, event);
                }
                None if SEVERAL.contains(&(from, to)) => {
                    several += 1;
                    assert_eq!(answer.ok().body["state"], to);
                    let way = added(&before["history"], &after["history"]);
                    assert!(way.len() > 1, "{from} to {to} in one");
                    for step in way {
                        let (left, reached) = (&step["previous_state"], &step["new_state"]);
                        assert!(MOVES.iter().any(|pair| left == pair.0 && reached == pair.1));
                    }
                }
                None => {
                    refused += 1;
                    let code = match (from, to) {
                        ("PAYMENT_RECEIVED" | "FAILED", "REFUNDED") => "payment_not_refundable",
                        ("REFUNDED", "REFUNDED") => "refund_exceeds_remaining",
                        _ => "state_conflict",
                    };
                    answer.refused(400, code);
                    assert_eq!(before, after, "{from} to {to} changed something");
                }
            }
            api.assert_invariants().await;
        }
    }
    assert_eq!((moved, several, refused), (9, 3, 24));
}

#[track_caller]
fn assert_moved(
    before: &BTreeMap<&'static str, Value>,
    after: &BTreeMap<&'static str, Value>,
    from: &str,
    to: &str,
    event: &str,
) {
    let payment = &after["payment"];
    assert_eq!(payment["state"], to);
    let history = added(&before["history"], &after["history"]);
    assert_eq!(history.len(), 1, "{from} to {to}");
    let entry = history[0];
    assert_eq!(
        (&entry["previous_state"], &entry["new_state"]),
        (&json!(from), &json!(to))
    );
    assert_eq!(entry["at"], after["clock"]["now"]);
    let events = added(&before["events"], &after["events"]);
    let told: Vec<_> = events.iter().filter(|told| told["type"] == event).collect();
    assert_eq!(told.len(), 1, "{from} to {to}");
    let data = &told[0]["data"];
    assert_eq!(
        (&data["previous_state"], &data["state"]),
        (&json!(from), &json!(to))
    );
    assert_eq!(&data["object"], payment);
    assert_eq!(data["transitioned_at"], after["clock"]["now"]);
    let mut lines: Vec<(&str, i64)> = added(&before["ledger"], &after["ledger"])
        .iter()
        .map(|entry| {
            let amount = entry["amount"].as_i64().unwrap();
            let sign = if entry["direction"] == "debit" { 1 } else { -1 };
            (entry["account"].as_str().unwrap(), sign * amount)
        })
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, booked(from, to), "{from} to {to}");
}

#[tokio::test]
async fn of_conflicting_moves_at_once_exactly_one_wins() {
    let (_server, api) = start().await;
    for state in ["PAYMENT_RECEIVED", "CAPTURED", "SETTLING", "SETTLED"] {
        let payment = payment_in(&api, state).await;
        let before = dump(&api, &payment).await;
        // Each alone would be the end of the payment, or refused.
        let rivals: Vec<_> = (0..64)
            .map(|number| {
                let (api, payment) = (api.clone(), payment.clone());
                tokio::spawn(async move {
                    match number % 4 {
                        0 => advance(&api, &payment, "FAILED").await,
                        1 => advance(&api, &payment, "REFUNDED").await,
                        2 => {
                            api.call(reqwest::Method::POST, "/v1/refunds")
                                .header("X-Fluxa-Sandbox-Timing", "instant")
                                .json(&json!({ "payment": payment }))
                                .send()
                                .await
                        }
                        _ => advance(&api, &payment, "FAILED").await,
                    }
                })
            })
            .collect();
        let mut winners = Vec::new();
        for rival in rivals {
            let answer = rival.await.unwrap();
            match answer.status {
                200 | 201 => winners.push(answer),
                status => assert_eq!(status, 400, "{}", answer.text),
            }
        }
        assert_eq!(winners.len(), 1, "from {state}");
        let after = dump(&api, &payment).await;
        let history = added(&before["history"], &after["history"]);
        assert_eq!(history.len(), 1, "from {state}");
        let of_payment = |event: &&&Value| event["data"]["object"]["id"] == payment.as_str();
        let events = added(&before["events"], &after["events"]);
        assert_eq!(events.iter().filter(of_payment).count(), 1, "from {state}");
        api.assert_invariants().await;
    }
}

#[tokio::test]
async fn one_step_asked_for_by_many_at_once_is_taken_once() {
    let (_server, api) = start().await;
    let payment = payment_in(&api, "PAYMENT_RECEIVED").await;
    for to in ["CAPTURED", "SETTLING", "SETTLED"] {
        let rivals: Vec<_> = (0..64)
            .map(|_| {
                let (api, payment) = (api.clone(), payment.clone());
                tokio::spawn(async move { advance(&api, &payment, to).await })
            })
            .collect();
        let mut won = 0;
        for rival in rivals {
            let answer = rival.await.unwrap();
            won += u32::from(answer.status == 200);
            if answer.status != 200 {
                answer.refused(400, "state_conflict");
            }
        }
        assert_eq!(won, 1, "to {to}");
    }
    api.assert_invariants().await;
}

#[tokio::test]
async fn rival_decisions_about_a_dispute_leave_one() {
    let (_server, api) = start().await;
    let payment = api.payment("instant").await;
    let dispute = api.dispute(&payment).await.ok().id();
    let rivals: Vec<_> = (0..64)
        .map(|number| {
            let (api, dispute) = (api.clone(), dispute.clone());
            tokio::spawn(async move {
                match number % 3 {
                    0 => api.resolve(&dispute, "won").await,
                    1 => api.resolve(&dispute, "lost").await,
                    _ => {
                        let path = format!("/v1/disputes/{dispute}/accept");
                        api.post(&path, json!({})).await
                    }
                }
            })
        })
        .collect();
    let mut won = 0;
    for rival in rivals {
        let answer = rival.await.unwrap();
        won += u32::from(answer.status == 200);
        if answer.status != 200 {
            answer.refused(400, "dispute_closed");
        }
    }
    assert_eq!(won, 1);
    assert_eq!(api.event_types(&dispute).await.len(), 3);
    api.assert_invariants().await;
}

#[tokio::test]
async fn of_refunds_and_disputes_of_the_whole_at_once_one_wins() {
    let (_server, api) = start().await;
    for _ in 0..4 {
        let payment = api.payment("instant").await;
        let rivals: Vec<_> = (0..64)
            .map(|number| {
                let (api, payment) = (api.clone(), payment.clone());
                tokio::spawn(async move {
                    match number % 2 {
                        0 => api.dispute(&payment).await,
                        _ => api.post("/v1/refunds", json!({ "payment": payment })).await,
                    }
                })
            })
            .collect();
        let mut won = 0;
        for rival in rivals {
            let answer = rival.await.unwrap();
            won += u32::from(answer.status == 201);
            assert!(matches!(answer.status, 201 | 400), "{}", answer.text);
        }
        assert_eq!(won, 1);
        api.assert_invariants().await;
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_rewrite_history_and_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.db");
    let server = MockServer::builder().db(&path).start().await.unwrap();
    let api = Api::new(&server);
    let payment = api.payment("instant").await;
    let dispute = api.dispute(&payment).await.ok().id();
    api.resolve(&dispute, "lost").await.ok();
    server.shutdown().await;
    let connection = Connection::open(&path).unwrap();
    for table in ["payment_history", "ledger_entries"] {
        let count = |connection: &Connection| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let before = count(&connection);
        assert!(before > 0);
        let (column, columns) = match table {
            "ledger_entries" => ("body", "id, body"),
            _ => (
                "reason",
                "sequence, payment, at, actor, previous_state, new_state, reason",
            ),
        };
        for sql in [
            format!("UPDATE {table} SET {column} = '{{}}'"),
            format!("UPDATE {table} SET {column} = {column} WHERE sequence = 1"),
            format!("DELETE FROM {table}"),
            format!("DELETE FROM {table} WHERE sequence = 1"),
            // REPLACE deletes without asking a DELETE's triggers.
            format!("REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}"),
        ] {
            let error = connection.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
        assert_eq!(count(&connection), before);
    }
}
