//! `fluxa keys`: create, rotate with a grace, revoke; and secrets in no other output.

use serde_json::json;

use crate::support::{Home, KEY, Mock, Run, call};

/// A command with this key.
fn with_key(mock: &Mock, home: &Home, key: &str, arguments: &[&str]) -> Run {
    let mut command = mock.fluxa(home, arguments);
    command.env("FLUXA_SECRET_KEY", key);
    Run::of(command)
}

#[test]
fn a_key_lives_is_rotated_and_dies_when_its_grace_is_over() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = ["keys", "create", "--name", "ci", "--output", "json"];
    let created = mock.run(&home, &create).expect(0).json_lines().remove(0);
    let (id, old) = (
        created["id"].as_str().unwrap(),
        created["secret"].as_str().unwrap(),
    );
    with_key(&mock, &home, old, &["events", "list"]).expect(0);

    let rotate = ["keys", "rotate", id, "--grace", "1h", "--output", "json"];
    let rotated = mock.run(&home, &rotate).expect(0).json_lines().remove(0);
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(old, new);
    for key in [old, new] {
        with_key(&mock, &home, key, &["events", "list"]).expect(0);
    }

    call(
        &mock,
        "POST",
        "/sandbox/clock/advance",
        json!({ "seconds": 3_601 }),
    );
    let refused = with_key(&mock, &home, old, &["events", "list"]).expect(3);
    assert!(
        !refused.stderr.contains(old),
        "the key is in the error: {}",
        refused.stderr
    );
    with_key(&mock, &home, new, &["events", "list"]).expect(0);

    let new_id = rotated["id"].as_str().unwrap();
    let arguments = ["keys", "revoke", new_id, "--mock"];
    let unasked = mock.run(&home, &arguments).expect(2);
    let again = format!("`fluxa keys revoke {new_id} --yes --mock`");
    assert!(unasked.stderr.contains(&again), "{}", unasked.stderr);
    mock.run(&home, &["keys", "revoke", new_id, "--yes"])
        .expect(0);
    with_key(&mock, &home, new, &["events", "list"]).expect(3);

    for output in ["human", "json"] {
        let list = mock
            .run(&home, &["keys", "list", "--output", output])
            .expect(0);
        for secret in [old, new, KEY] {
            assert!(!list.stdout.contains(secret) && !list.stderr.contains(secret));
        }
        assert!(list.stdout.contains(new_id), "{}", list.stdout);
    }
}

#[test]
fn a_restricted_key_does_what_its_scopes_say_and_no_more() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
        "keys",
        "create",
        "--name",
        "reader",
        "--kind",
        "restricted",
        "--scope",
        "events:read",
        "--output",
        "json",
    ];
    let created = mock.run(&home, &arguments).expect(0).json_lines().remove(0);
    let key = created["secret"].as_str().unwrap();
    assert!(key.starts_with("rk_test_"));
    with_key(&mock, &home, key, &["events", "list"]).expect(0);
    let run = with_key(&mock, &home, key, &["keys", "list"]).expect(3);
    assert!(run.stderr.contains("request id: req_"), "{}", run.stderr);
    mock.run(
        &home,
        &["keys", "create", "--name", "x", "--kind", "restricted"],
    )
    .expect(2);
}

#[test]
fn a_name_is_no_key_id_and_a_grace_has_its_bounds() {
    let home = Home::new();
    for arguments in [
        &["keys", "revoke", "ci"][..],
        &["keys", "revoke", "ci", "--yes"],
        &["keys", "rotate", "ci"],
    ] {
        let run = home.run(arguments).expect(2);
        assert!(run.stderr.contains("`ci` is no key id"), "{}", run.stderr);
    }
    let run = home
        .run(&["keys", "rotate", "key_1", "--grace", "5m"])
        .expect(2);
    assert!(run.stderr.contains("1h to 30d"), "{}", run.stderr);
}

#[test]
fn what_a_live_key_would_change_is_asked_first() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let live = "sk_live_0000000000000000000000000000";
    let unasked = with_key(&mock, &home, live, &["keys", "create", "--name", "x"]).expect(2);
    assert!(unasked.stderr.contains("LIVE") && unasked.stderr.contains("--yes"));
    // Said yes, it is sent; the sandbox has no use for a live key.
    let sent = ["keys", "create", "--name", "x", "--yes"];
    with_key(&mock, &home, live, &sent).expect(3);
}

#[test]
fn a_new_key_goes_where_it_is_told_to() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = ["keys", "create", "--name", "ci"];
    let with = |more: &[&str]| mock.run(&home, &[&create[..], more].concat());

    let human = with(&[]).expect(0);
    assert!(human.stdout.lines().last().unwrap().starts_with("sk_test_"));
    assert!(human.stderr.contains("--stdout-secret"), "{}", human.stderr);

    let alone = with(&["--stdout-secret"]).expect(0);
    let key = alone.stdout.trim();
    assert!(key.starts_with("sk_test_") && alone.stdout.lines().count() == 1);
    assert!(!alone.stderr.contains(key) && alone.stderr.contains("ci"));
    with_key(&mock, &home, key, &["events", "list"]).expect(0);

    let written = with(&["--write-env", ".env:KEY", "--output", "json"]).expect(0);
    assert!(!written.stdout.contains("sk_test_") && !written.stderr.contains("sk_test_"));
    assert_eq!(written.json_lines()[0].get("secret"), None);
    let file = std::fs::read_to_string(home.path(".env")).unwrap();
    let key = file.trim().strip_prefix("KEY=").unwrap();
    with_key(&mock, &home, key, &["events", "list"]).expect(0);

    let both = ["--write-env", ".env:KEY", "--stdout-secret"];
    with(&both).expect(2);
}

#[test]
fn scopes_are_checked_before_anything_is_sent() {
    let home = Home::new();
    let create = [
        "keys",
        "create",
        "--name",
        "x",
        "--kind",
        "restricted",
        "--scope",
    ];
    let wrong = [&create[..], &["refund:write"]].concat();
    let run = home.run(&wrong).expect(2);
    assert!(
        run.stderr.contains("did you mean `refunds:write`?"),
        "{}",
        run.stderr
    );
    let update = ["keys", "update", "key_1", "--scope", "payments"];
    let run = home.run(&update).expect(2);
    assert!(
        run.stderr.contains("`payments:read`, or `payments:write`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_is_changed_in_what_was_given_alone() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = [
        "keys",
        "create",
        "--name",
        "old",
        "--kind",
        "restricted",
        "--scope",
        "events:read",
        "--ip-allow",
        "127.0.0.0/8",
        "--output",
        "json",
    ];
    let created = mock.run(&home, &create).expect(0).json_lines().remove(0);
    let id = created["id"].as_str().unwrap();
    let update = |more: &[&str]| {
        let arguments = [&["keys", "update", id, "--output", "json"], more].concat();
        mock.run(&home, &arguments).expect(0).json_lines().remove(0)
    };
    let named = update(&["--name", "new", "--metadata", "team=a=b"]);
    assert_eq!(
        (
            &named["name"],
            &named["scopes"],
            &named["ip_allowlist"],
            &named["metadata"]
        ),
        (
            &json!("new"),
            &json!(["events:read"]),
            &json!(["127.0.0.0/8"]),
            &json!({ "team": "a=b" })
        ),
    );
    let wider = update(&["--scope", "events:read,payments:read", "--any-ip"]);
    assert_eq!(
        (&wider["name"], &wider["scopes"], &wider["ip_allowlist"]),
        (
            &json!("new"),
            &json!(["events:read", "payments:read"]),
            &json!([])
        ),
    );
    mock.run(&home, &["keys", "update", id]).expect(2);
    let key = created["secret"].as_str().unwrap();
    with_key(&mock, &home, key, &["events", "list"]).expect(0);
    let requests = ["keys", "requests", id, "--output", "json"];
    let requests = mock.run(&home, &requests).expect(0).json_lines();
    assert_eq!(requests[0]["path"], "/v1/events");
    let listed = mock.run(
        &home,
        &["keys", "list", "--kind", "restricted", "--status", "active"],
    );
    assert!(listed.expect(0).stdout.contains(id));
}
