//! The audit: each kind of mismatch, planted in the database file while the server is down, is
//! reported in a sentence; and many payments do not slow it down beyond their number.

use crate::support::Api;
use fluxa_mock::MockServer;
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

const UNLOCK: &str = "
    DROP TRIGGER payment_history_no_update; DROP TRIGGER payment_history_no_delete;
    DROP TRIGGER payment_history_no_replace;
    DROP TRIGGER ledger_entries_no_update; DROP TRIGGER ledger_entries_no_delete;
    DROP TRIGGER ledger_entries_no_replace;";

/// A sandbox with something of everything: a settled payment, a refunded one, one in dispute, one whose
/// dispute was lost and made good, one that failed.
async fn fill(path: &Path) {
    let server = MockServer::builder()
        .db(path)
        .seed(1)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let close = async || {
        api.post("/v1/sandbox/settlements/close", json!({}))
            .await
            .ok()
    };
    api.payment("instant").await;
    let refunded = api.payment("instant").await;
    let body = json!({ "payment": refunded, "amount": 1000 });
    api.post("/v1/refunds", body).await.ok();
    let disputed = api.payment("instant").await;
    api.dispute(&disputed).await.ok();
    let lost = api.payment("instant").await;
    let dispute = api.dispute(&lost).await.ok().id();
    api.resolve(&dispute, "lost").await.ok();
    close().await;
    let session = api.session(None, None).await;
    api.pay(&session, "4000000000000002").await.ok();
    api.assert_invariants().await;
    server.shutdown().await;
}

async fn breaches(path: &Path) -> Vec<String> {
    let server = MockServer::builder().db(path).start().await.unwrap();
    let audit = Api::new(&server).get("/_mock/invariants").await.ok().body;
    server.shutdown().await;
    assert_eq!(audit["ok"], audit["breaches"] == json!([]));
    serde_json::from_value(audit["breaches"].clone()).unwrap()
}

/// SQL that plants a mismatch, and parts of the sentences that must report it, all of them.
const PLANTED: &[(&str, &[&str])] = &[
    // State against ledger, history and events.
    (
        "UPDATE payments SET body = json_set(body, '$.state', 'CAPTURED', '$.ledger_state', 'CAPTURED')
         WHERE sequence = 1",
        &[
            " is CAPTURED but the ledger has 4900 in merchant_bank, not 0",
            " is CAPTURED but the ledger has 0 in partner_clearing, not 4900",
            " is CAPTURED but its history ends with SETTLED",
        ],
    ),
    (
        "UPDATE payments SET body = json_set(body, '$.fee', 98) WHERE sequence = 1",
        &[
            " is SETTLED but the ledger has 99 in fees, not 98",
            ": fees is 396 but its payments make 395",
        ],
    ),
    (
        "UPDATE payment_history SET previous_state = 'CAPTURED' WHERE new_state = 'SETTLED'
         AND payment = (SELECT id FROM payments WHERE sequence = 1)",
        &[": a move does not start where the one before ended"],
    ),
    (
        "DELETE FROM payment_history WHERE new_state = 'SETTLED'
         AND payment = (SELECT id FROM payments WHERE sequence = 1)",
        &[
            " is SETTLED but its history ends with SETTLING",
            ": 0 moves to SETTLED but 1 events of it",
        ],
    ),
    (
        "UPDATE payment_history SET new_state = 'NOWHERE' WHERE sequence = 1",
        &[": its history has a state that is none"],
    ),
    (
        "DELETE FROM events WHERE type = 'payment.settling'
         AND subject = (SELECT id FROM payments WHERE sequence = 1)",
        &[": 1 moves to SETTLING but 0 events of it"],
    ),
    // The same number of events, but not of the right kinds.
    (
        "UPDATE events SET type = 'payment.settled', body = json_set(body, '$.type', 'payment.settled')
         WHERE type = 'payment.settling' AND subject = (SELECT id FROM payments WHERE sequence = 1)",
        &[
            ": 1 moves to SETTLING but 0 events of it",
            ": 1 moves to SETTLED but 2 events of it",
        ],
    ),
    (
        "DELETE FROM payments WHERE sequence = 1",
        &[" does not exist, but other records are about it"],
    ),
    // What lists and guards go by.
    (
        "UPDATE payments SET state = 'CAPTURED' WHERE sequence = 1",
        &["payments: the columns of pay_"],
    ),
    (
        "UPDATE ledger_entries SET payment = NULL WHERE sequence = 1",
        &["ledger_entries: the columns of led_"],
    ),
    // The ledger by itself.
    (
        "DELETE FROM ledger_entries WHERE sequence = 1",
        &[
            " is out of balance by -4900",
            "but the ledger has -4900 in partner_clearing, not 0",
        ],
    ),
    (
        "UPDATE ledger_entries SET body = json_set(body, '$.amount', 4901) WHERE sequence = 1",
        &[" is out of balance by 1"],
    ),
    (
        "UPDATE ledger_entries SET body = json_set(body, '$.account', 'pocket') WHERE sequence = 1",
        &[" is on pocket, no account"],
    ),
    (
        "UPDATE ledger_entries SET body = json_set(body, '$.currency', 'EUR') WHERE sequence = 1",
        &[" mixes currencies"],
    ),
    // Refunds.
    (
        "UPDATE payments SET body = json_set(body, '$.amount_refunded', 999) WHERE sequence = 2",
        &[
            ": amount_refunded is 999 but its refunds make 1000",
            "but the ledger has 1000 in refunds, not 999",
        ],
    ),
    (
        "UPDATE refunds SET body = json_set(body, '$.amount', 1001)",
        &[
            ": amount_refunded is 1000 but its refunds make 1001",
            ": 1000 is reserved for refunds, which make 1001",
        ],
    ),
    (
        "UPDATE refunds SET body = json_set(body, '$.amount', 5000)",
        &[": refunds and disputes take more than its 4999"],
    ),
    (
        "DELETE FROM events WHERE type = 'refund.succeeded'",
        &["events: 0 are refund.succeeded, but it happened 1 times"],
    ),
    // Disputes.
    (
        "UPDATE disputes SET body = json_set(body, '$.status', 'won') WHERE sequence = 1",
        &[
            "but the ledger has 4999 in disputes, not 0",
            "events: 0 are dispute.won, but it happened 1 times",
        ],
    ),
    (
        "INSERT INTO disputes (id, body) SELECT 'dsp_00000000000000ff',
         json_set(body, '$.id', 'dsp_00000000000000ff') FROM disputes WHERE sequence = 1",
        &[
            ": 2 disputes are open, not one",
            "events: 2 are dispute.created, but it happened 3 times",
        ],
    ),
    (
        "UPDATE disputes SET body = json_set(body, '$.internal.deducted', 4000) WHERE sequence = 2",
        &[
            "settlements deducted 4999 for lost disputes, which were made good with 4000",
            "but the ledger has 0 in partner_clearing, not -999",
            ": its lost dispute counts as made good, but 999 of it is still owing",
        ],
    ),
    (
        "UPDATE disputes SET body = json_set(body, '$.internal.deducted', 5000) WHERE sequence = 2",
        &[": settlements deducted 5000 for its lost dispute, which left 4999 owing"],
    ),
    // Refunded before it settled, what is left of it pays first.
    (
        "UPDATE payments SET body = json_remove(json_set(body, '$.state', 'REFUNDED',
         '$.ledger_state', 'SETTLING'), '$.settlement_reference') WHERE sequence = 4",
        &[": settlements deducted 4999 for its lost dispute, which left 99 owing"],
    ),
    (
        "UPDATE ledger_entries SET body = json_set(body, '$.account', 'settlement_in_flight')
         WHERE body->>'$.account' = 'merchant_bank' AND body->>'$.payment' =
         (SELECT id FROM payments WHERE sequence = 1)",
        &[" is SETTLED, but 4900 of it is stranded in settlement_in_flight: no batch takes it"],
    ),
    // Settlements.
    (
        "UPDATE settlements SET body = json_set(body, '$.gross', 1, '$.net', 2, '$.payment_count', 3)",
        &[
            ": gross is 1 but its payments make 19996",
            ": net is 2 but its payments make 14601",
            ": payment_count is 3 but its payments make 4",
        ],
    ),
    (
        "UPDATE settlements SET body = json_set(body, '$.deductions', 0)",
        &["settlements deducted 0 for lost disputes, which were made good with 4999"],
    ),
    (
        "UPDATE payments SET body = json_set(body, '$.settlement_reference', 'STL-2026-01-01-FX-00001')
         WHERE sequence = 1",
        &["but does not show it"],
    ),
    (
        "UPDATE payments SET body = json_remove(body, '$.internal.settlement') WHERE sequence = 1",
        &[
            " shows a settlement but is in none",
            ": payment_count is 4 but its payments make 3",
        ],
    ),
    (
        "DELETE FROM settlements",
        &[
            ", which does not exist",
            "events: 1 are settlement.completed, but it happened 0 times",
        ],
    ),
    (
        "UPDATE payments SET body = json_set(body, '$.currency', 'EUR') WHERE sequence = 1",
        &[", of another currency"],
    ),
];

#[tokio::test]
async fn every_planted_mismatch_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    fill(&whole).await;
    assert_eq!(breaches(&whole).await, Vec::<String>::new());
    for (number, (sql, sentences)) in PLANTED.iter().enumerate() {
        let path = copy(&whole, folder.path(), number);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(UNLOCK).unwrap();
        let rows = connection.execute(sql, []).unwrap();
        assert!(rows > 0, "nothing planted by {sql}");
        drop(connection);
        let found = breaches(&path).await;
        for sentence in *sentences {
            assert!(
                found.iter().any(|breach| breach.contains(sentence)),
                "{sql}\nis not reported as\n{sentence}\nbut as\n{}",
                found.join("\n")
            );
        }
    }
}

fn copy(whole: &Path, folder: &Path, number: usize) -> PathBuf {
    let path = folder.join(format!("planted-{number}.db"));
    std::fs::copy(whole, &path).unwrap();
    path
}

/// Makes the one payment of a file, with all that is about it, `times` as many.
fn multiply(path: &Path, payment: &str, times: u32) {
    let sql = format!(
        "PRAGMA synchronous = OFF; BEGIN;
        CREATE TEMP TABLE copies AS WITH RECURSIVE counted (n) AS
          (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {times})
          SELECT n, printf('pay_%016x', n) AS pay FROM counted;
        INSERT INTO payment_history (payment, at, actor, previous_state, new_state, reason)
          SELECT pay, at, actor, previous_state, new_state, reason
          FROM copies, payment_history ORDER BY n, sequence;
        CREATE TEMP TABLE whole AS SELECT 'led_' AS prefix, sequence, body FROM ledger_entries
          UNION ALL SELECT 'evt_', sequence, body FROM events WHERE subject = '{payment}';
        INSERT INTO ledger_entries (id, body, payment, account, created_at)
          SELECT printf('led_%08x%08x', n, sequence),
          json_set(replace(body, '{payment}', pay), '$.id', printf('led_%08x%08x', n, sequence),
          '$.transaction', substr(body->>'$.transaction', 1, 12) || printf('%08x', n)),
          pay, body->>'$.account', body->>'$.created_at'
          FROM copies, whole WHERE prefix = 'led_' ORDER BY n, sequence;
        INSERT INTO events (id, body) SELECT printf('evt_%08x%08x', n, sequence),
          json_set(replace(body, '{payment}', pay), '$.id', printf('evt_%08x%08x', n, sequence))
          FROM copies, whole WHERE prefix = 'evt_' ORDER BY n, sequence;
        INSERT INTO payments (id, body) SELECT pay, replace(body, id, pay)
          FROM copies, payments WHERE id = '{payment}' ORDER BY n;
        UPDATE settlements SET body = json_set(body, '$.gross', 4999 * {times},
          '$.fees', 99 * {times}, '$.net', 4900 * {times}, '$.payment_count', {times});
        UPDATE events SET type = body->>'$.type', subject = body->>'$.data.object.id',
          created_at = body->>'$.created_at' WHERE created_at IS NULL;
        UPDATE payments SET state = body->>'$.state', created_at = body->>'$.created_at',
          settled_at = body->>'$.settled_at', settlement_reference = body->>'$.settlement_reference',
          settlement = body->>'$.internal.settlement' WHERE created_at IS NULL;
        COMMIT;"
    );
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&sql).unwrap();
}

/// How many payments are audited.
const MANY: u32 = 20_000;

/// Some hundred times what it takes: an audit that walks a table for each payment is not done by then.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn the_audit_of_many_payments_walks_no_table_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    let server = MockServer::builder().db(&path).seed(1).start().await;
    let server = server.unwrap();
    let api = Api::new(&server);
    let payment = api.payment("instant").await;
    api.post("/v1/sandbox/settlements/close", json!({}))
        .await
        .ok();
    server.shutdown().await;
    multiply(&path, &payment, MANY);
    let server = MockServer::builder().db(&path).start().await.unwrap();
    let api = Api::new(&server);
    let audit = tokio::time::timeout(DEADLINE, api.assert_invariants());
    audit.await.expect("the audit does not end");
}
