//! `fluxa demo`: what anyone sees first.

use crate::support::Home;

#[test]
fn the_demo_shows_six_states_and_verifies_every_webhook() {
    let run = Home::new().run(&["demo"]).expect(0);
    for state in [
        "PAYMENT_RECEIVED",
        "FAILED",
        "CAPTURED",
        "SETTLING",
        "SETTLED",
        "REFUNDED",
    ] {
        assert!(
            run.stdout.contains(state),
            "{state} is missing:\n{}",
            run.stdout
        );
    }
    assert!(
        run.stdout.contains("every signature verified"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains('\u{1b}'),
        "colour without a terminal:\n{}",
        run.stdout
    );
}

#[test]
fn the_demo_as_json_is_ndjson_and_nothing_else() {
    let run = Home::new().run(&["demo", "--output", "json"]).expect(0);
    let lines = run.json_lines();
    let webhooks: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "webhook")
        .collect();
    assert!(webhooks.len() >= 12, "{webhooks:?}");
    assert!(webhooks.iter().all(|webhook| webhook["verified"] == true));
    let summary = lines.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["ok"], true);
    let duplicates = summary["duplicates"].as_u64().unwrap();
    assert_eq!(summary["webhooks"], webhooks.len() as u64 + duplicates);
    assert_eq!(summary["verified"], summary["webhooks"]);
    assert_eq!(summary["states"].as_array().unwrap().len(), 6);
    assert_eq!(run.stderr, "");
}

#[test]
fn the_demo_takes_its_output_from_the_profile_and_a_flag_beats_it() {
    let home = Home::new();
    home.run(&["--profile", "ci", "config", "set", "output", "json"])
        .expect(0);
    let run = home.run(&["--profile", "ci", "demo"]).expect(0);
    assert_eq!(run.json_lines().last().unwrap()["type"], "summary");
    let run = home
        .run(&["--profile", "ci", "demo", "--output", "human"])
        .expect(0);
    assert!(run.stdout.contains("every signature verified"));
}
