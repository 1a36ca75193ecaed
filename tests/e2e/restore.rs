//! `fluxa mock`: what it starts with, and what a crash in the middle of a restore leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::support::{Home, Mock, control, eventually};

fn customers(mock: &Mock) -> usize {
    let list = control(&mock.address(), "GET", "/v1/customers?limit=100", "").unwrap();
    list["data"].as_array().unwrap().len()
}

#[test]
fn a_made_up_merchant_is_there_at_the_start_and_only_in_an_empty_sandbox() {
    let home = Home::new();
    let file = home.path("mock.db");
    let file = file.to_str().unwrap();
    let mock = Mock::start(&home, &["--db", file, "--seed-data", "7"]);
    assert_eq!(customers(&mock), 7);
    mock.kill();
    let arguments = ["mock", "--addr", "127.0.0.1:0", "--db", file, "--seed-data"];
    let refused = home.run(&arguments).expect(1);
    assert!(
        refused.stderr.contains("holds data already"),
        "{}",
        refused.stderr
    );
    home.run(&["mock", "--addr", "127.0.0.1:0", "--seed-data", "0"])
        .expect(2);
    let mock = Mock::start(&home, &["--db", file]);
    assert_eq!(customers(&mock), 7);
}

#[test]
fn a_kill_during_a_restore_leaves_the_old_state_or_the_new() {
    let home = Home::new();
    let file = home.path("mock.db");
    let arguments = ["--db", file.to_str().unwrap(), "--pace", "frozen"];
    let mut mock = Mock::start(&home, &arguments);
    for cycle in 0..10_u64 {
        let address = mock.address();
        for (name, number) in [("few", 3), ("many", 40)] {
            let plan = json!({ "customers": number, "days": 1 }).to_string();
            control(&address, "POST", "/_mock/seed", &plan).unwrap();
            let name = json!({ "name": name }).to_string();
            control(&address, "POST", "/_mock/snapshots", &name).unwrap();
        }
        let restored = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&restored);
        let restoring = std::thread::spawn(move || {
            for name in ["few", "many"].iter().cycle() {
                let path = format!("/_mock/snapshots/{name}/restore");
                if control(&address, "POST", &path, "").is_none() {
                    return;
                }
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        // In the restore after these: one follows the other without a pause, now of this state, now of that.
        eventually("restores", || {
            (restored.load(Ordering::Relaxed) >= 2 + cycle % 2).then_some(())
        });
        mock.kill();
        restoring.join().unwrap();
        mock = Mock::start(&home, &arguments);
        let left = customers(&mock);
        assert!(
            left == 3 || left == 40,
            "{left} customers after cycle {cycle}"
        );
        let audit = control(&mock.address(), "GET", "/_mock/invariants", "").unwrap();
        assert_eq!(audit["ok"], true, "{audit}");
        // And it goes on: new objects do not collide with what was restored.
        let body = json!({ "email": "after@example.com" }).to_string();
        control(&mock.address(), "POST", "/v1/customers", &body).unwrap();
    }
}
