//! Snapshots that somebody has changed: whatever is in them, they are refused or they work.

use crate::support::{Answer, Api, http};
use fluxa_mock::{MockServer, Snapshot};
use reqwest::Method;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::{Value, json};

/// How many changes are tried.
const ROUNDS: u64 = 60;

/// A merchant with something in every table.
async fn merchant() -> (MockServer, Api, Vec<u8>) {
    let server = MockServer::start().await.unwrap();
    let api = Api::new(&server);
    let seed = json!({ "customers": 2, "days": 8, "seed": 4 });
    api.post("/_mock/seed", seed).await.ok();
    let hook = json!({ "url": "http://127.0.0.1:9/hook" });
    api.call(Method::POST, "/v1/webhook_endpoints")
        .json(&hook)
        .key("hook")
        .send()
        .await
        .ok();
    api.post("/v1/listen_sessions", json!({})).await.ok();
    api.payment("manual").await;
    server
        .advance(std::time::Duration::from_secs(60))
        .await
        .unwrap();
    let bytes = server.snapshot().await.unwrap().as_bytes().to_vec();
    (server, api, bytes)
}

/// The snapshot after somebody's SQL; `None` when SQLite itself does not have it.
fn changed(
    bytes: &[u8],
    change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Option<Vec<u8>> {
    let mut connection = Connection::open_in_memory().unwrap();
    let main = rusqlite::MAIN_DB;
    connection
        .deserialize_read_exact(main, bytes, bytes.len(), false)
        .unwrap();
    // The append-only tables would refuse it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .unwrap();
    change(&connection).ok()?;
    Some(connection.serialize(main).unwrap().to_vec())
}

async fn put(api: &Api, bytes: Vec<u8>) -> Answer {
    api.call(Method::PUT, "/_mock/snapshots/forged")
        .bytes(bytes)
        .send()
        .await
}

#[tokio::test]
async fn a_snapshot_with_rows_that_cannot_be_is_refused_and_nothing_changes() {
    let (_server, api, good) = merchant().await;
    put(&api, good.clone()).await.ok();
    let before = api.get("/v1/payments?limit=100").await.ok().text;
    for sql in [
        "UPDATE payments SET body = json_set(body, '$.amount', 'much') WHERE sequence = 1",
        "UPDATE payments SET body = json_set(body, '$.amount', 9e18) WHERE sequence = 1",
        "UPDATE payments SET body = json_set(body, '$.amount', 9000000000000000000) WHERE sequence = 1",
        "UPDATE payments SET body = json_remove(body, '$.internal') WHERE sequence = 1",
        "UPDATE payments SET body = json_set(body, '$.created_at', 'yesterday') WHERE sequence = 1",
        "UPDATE payments SET body = json_set(body, '$.state', 'PAID') WHERE sequence = 1",
        "UPDATE payments SET body = json_set(body, '$.customer', 'cus_00000000000000ff'), \
         customer = 'cus_00000000000000ff' WHERE sequence = 1",
        "UPDATE payments SET state = 'FAILED' WHERE state = 'SETTLED'",
        "UPDATE payments SET body = '[]' WHERE sequence = 1",
        "UPDATE payments SET body = x'00ff' WHERE sequence = 1",
        "UPDATE payments SET id = 'pay_x', body = json_set(body, '$.id', 'pay_x') WHERE sequence = 1",
        "UPDATE payments SET sequence = 9223372036854775807 WHERE sequence = 1",
        "UPDATE refunds SET body = json_set(body, '$.payment', 'pay_00000000000000ff')",
        "UPDATE customers SET id = 'pay_' || substr(id, 5), \
         body = json_set(body, '$.id', 'pay_' || substr(id, 5))",
        "UPDATE subscriptions SET body = json_set(body, '$.interval_count', 0)",
        "UPDATE timers SET kind = 'nothing'",
        "UPDATE timers SET due = 'soon'",
        "UPDATE timers SET due = 9223372036854775807",
        "UPDATE payment_history SET new_state = 'PAID' WHERE sequence = 1",
        "UPDATE payment_history SET payment = 'pay_00000000000000ff' WHERE sequence = 1",
        "UPDATE idempotency SET status = 99999",
        "UPDATE idempotency SET body = x'ff'",
        "UPDATE meta SET value = '9223372036854775807' WHERE name = 'starts'",
        "UPDATE meta SET value = 'many' WHERE name = 'starts'",
        "UPDATE meta SET value = '' WHERE name = 'fingerprint_salt'",
        "DELETE FROM meta WHERE name = 'fingerprint_salt'",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807",
        "UPDATE api_keys SET body = json_set(body, '$.scopes', 'all')",
        "INSERT INTO delivery_queue (delivery, endpoint) VALUES ('dlv_00000000000000ff', 'we_1')",
        "DELETE FROM customers",
    ] {
        let forged = changed(&good, |connection| connection.execute_batch(sql)).unwrap();
        assert!(forged != good, "{sql}: nothing was forged");
        put(&api, forged).await.refused(400, "snapshot_invalid");
        assert_eq!(api.get("/v1/payments?limit=100").await.ok().text, before);
    }
}

/// A number that follows from a seed (SplitMix64): the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Changes one value somewhere: a column, or a field of a body.
fn change_something(connection: &Connection, dice: &mut Dice) -> rusqlite::Result<String> {
    let strings = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let tables = strings("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let table = dice.of(&tables).clone();
    let columns = strings(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let column = dice.of(&columns).clone();
    let values = [
        "NULL",
        "''",
        "'x'",
        "-1",
        "0",
        "1",
        "7",
        "9223372036854775807",
        "1.5",
        "x'ff'",
        "'null'",
        "'{}'",
        "'[]'",
        "'SETTLED'",
        "'active'",
        "'pay_00000000000000ff'",
        "'2026-11-21T18:02:40.123Z'",
        "'9999-12-31T23:59:59.999Z'",
        "'1970-01-01T00:00:00.000Z'",
    ];
    let value = *dice.of(&values);
    let rows = strings(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}"))?;
    let rows: usize = rows[0].parse().unwrap_or(0);
    let place = dice.below(rows.max(1));
    let one = format!("rowid = (SELECT rowid FROM {table} ORDER BY 1 LIMIT 1 OFFSET {place})");
    let one = match table.as_str() {
        // Without a rowid.
        "meta" | "idempotency" | "listen_secrets" | "settlement_counters" => "1".to_owned(),
        _ => one,
    };
    let sql = match column == "body" && table != "idempotency" {
        false => format!("UPDATE OR IGNORE {table} SET {column} = {value} WHERE {one}"),
        true => {
            let fields = strings(&format!(
                "SELECT DISTINCT fullkey FROM {table}, json_tree({table}.body) WHERE fullkey <> '$'"
            ))?;
            if fields.is_empty() {
                return Ok(String::new());
            }
            let field = dice.of(&fields).replace('\'', "''");
            let value = if value.starts_with("x'") {
                "'x'"
            } else {
                value
            };
            // In half of them the columns go along, as a careful forger has it.
            let name = field.trim_start_matches("$.");
            let beside = match columns.iter().any(|column| column == name) && dice.below(2) == 0 {
                true => format!(", {name} = {value}"),
                false => String::new(),
            };
            format!(
                "UPDATE OR IGNORE {table} SET body = json_set(body, '{field}', {value}){beside} WHERE {one}"
            )
        }
    };
    connection.execute_batch(&sql)?;
    Ok(sql)
}

#[tokio::test]
async fn a_forged_snapshot_is_refused_or_works_and_never_fails_the_server() {
    let (server, api, good) = merchant().await;
    let (mut refused, mut restored) = (0, 0);
    for seed in 0..ROUNDS {
        let mut dice = Dice(seed);
        let mut done = String::new();
        let forged = changed(&good, |connection| {
            done = change_something(connection, &mut dice)?;
            Ok(())
        });
        let Some(forged) = forged else { continue };
        let kept = put(&api, forged).await;
        assert!(
            matches!(kept.status, 200 | 400),
            "seed {seed}: {done}: {}",
            kept.text
        );
        if kept.status == 400 {
            refused += 1;
            continue;
        }
        restored += 1;
        let path = "/_mock/snapshots/forged/restore";
        api.call(Method::POST, path).send().await.ok();
        for answer in look_around(&api).await {
            assert!(answer.status < 500, "seed {seed}: {done}: {}", answer.text);
        }
        let clean = Snapshot::from_bytes(good.clone());
        server.restore(&clean).await.unwrap();
    }
    assert!(
        refused > 5 && restored > 5,
        "{refused} refused, {restored} restored"
    );
}

/// What reads every table, and moves what waits.
async fn look_around(api: &Api) -> Vec<Answer> {
    let client = http();
    let mut answers = Vec::new();
    for path in [
        "/v1/payments?limit=100",
        "/v1/refunds?limit=100",
        "/v1/customers?limit=100",
        "/v1/subscriptions?limit=100",
        "/v1/disputes?limit=100",
        "/v1/settlements?limit=100",
        "/v1/checkout/sessions?limit=100",
        "/v1/events?limit=100",
        "/v1/webhook_endpoints",
        "/v1/api_keys",
        "/v1/request_logs",
        "/v1/ledger/entries?limit=100",
        "/v1/ledger/balances",
        "/v1/merchant",
        "/_mock/invariants",
        "/_mock/accounts",
    ] {
        // Not against the contract: of what somebody made up, only that it is answered.
        let url = format!("{}{path}", api.url);
        let call = client.get(url).bearer_auth(&api.key);
        answers.push(read(call).await);
    }
    let day = json!({ "advance_seconds": 86_400 }).to_string();
    let advance = client.post(format!("{}/_mock/clock", api.url));
    let advance = advance.header("Content-Type", "application/json").body(day);
    answers.push(read(advance).await);
    answers
}

async fn read(call: reqwest::RequestBuilder) -> Answer {
    let response = call.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: Default::default(),
        text: response.text().await.unwrap(),
        body: Value::Null,
    }
}
