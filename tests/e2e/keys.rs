//! `fluxa keys`: create, rotate with a grace, revoke; and secrets in no other output.

use serde_json::{Value, json};

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
    let unasked = mock.run(&home, &rotate).expect(2);
    let again = format!("`fluxa keys rotate {id} --grace 1h --yes`");
    assert!(unasked.stderr.contains(&again), "{}", unasked.stderr);
    let rotate = [&rotate[..], &["--yes"]].concat();
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
    for end in ["rotate", "revoke"] {
        let unasked = with_key(&mock, &home, live, &["keys", end, "key_1"]).expect(2);
        assert!(unasked.stderr.contains("LIVE") && unasked.stderr.contains("--yes"));
    }
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
fn what_would_be_sent_is_shown_and_nothing_is() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let created = ["keys", "create", "--name", "ci", "--output", "json"];
    let created = mock.run(&home, &created).expect(0).json_lines().remove(0);
    let id = created["id"].as_str().unwrap();
    for (arguments, request) in [
        (&["keys", "create", "--name", "x"][..], "POST /api_keys"),
        (
            &["keys", "update", id, "--name", "x"],
            "PATCH /api_keys/{id}",
        ),
        (&["keys", "rotate", id], "POST /api_keys/{id}/rotate"),
        (&["keys", "revoke", id], "POST /api_keys/{id}/revoke"),
        (&["keys", "list"], "GET /api_keys"),
    ] {
        let arguments = [arguments, &["--dry-run", "--output", "json"]].concat();
        let shown = mock.run(&home, &arguments).expect(0).json_lines().remove(0);
        let (method, path) = request.split_once(' ').unwrap();
        let url = format!("{}{}", mock.base_url, path.replace("{id}", id));
        assert_eq!(
            (&shown["method"], &shown["url"]),
            (&json!(method), &json!(url))
        );
    }
    let listed = ["keys", "list", "--all", "--output", "json"];
    let listed = mock.run(&home, &listed).expect(0).json_lines();
    let ours: Vec<&Value> = listed.iter().filter(|key| key["id"] == id).collect();
    // As the API has it, and as it was.
    assert_eq!(
        ours[0],
        &call(&mock, "GET", &format!("/api_keys/{id}"), json!(null))
    );
    assert_eq!(
        (&ours[0]["status"], &ours[0]["name"]),
        (&json!("active"), &json!("ci"))
    );
    assert!(listed.iter().all(|key| key["name"] != "x"), "{listed:?}");
}

#[test]
fn keys_are_listed_page_by_page() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for name in ["a", "b", "c"] {
        call(
            &mock,
            "POST",
            "/api_keys",
            json!({ "kind": "secret", "name": name }),
        );
    }
    let list = |more: &[&str]| {
        let list = ["keys", "list", "--output", "json"];
        mock.run(&home, &[&list[..], more].concat()).expect(0)
    };
    let names = |run: &Run| -> Vec<Value> {
        let keys = run.json_lines();
        keys.iter().map(|key| key["name"].clone()).collect()
    };
    let first = list(&["--limit", "1"]);
    assert_eq!(names(&first), ["c"]);
    let id = first.json_lines()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&list(&["--limit", "2", "--after", &id])), ["b", "a"]);
    let all = names(&list(&["--limit", "1", "--all"]));
    assert_eq!(all[..3], ["c", "b", "a"]);
    let people = mock.run(&home, &["keys", "list"]).expect(0);
    assert!(
        people.stdout.contains("LAST4") && people.stdout.contains("LAST USED"),
        "{}",
        people.stdout
    );
}

#[test]
fn a_file_that_the_key_cannot_be_put_into_is_told_before_there_is_a_key() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let unclosed = "B=1\nC=\"x\n";
    std::fs::write(home.path("unclosed.env"), unclosed).unwrap();
    let create = ["keys", "create", "--name", "lost", "--write-env"];
    for (target, said) in [
        ("no/such/.env:KEY", "there is no directory no/such"),
        ("unclosed.env:KEY", "unclosed.env:2: a quote opens"),
    ] {
        let run = mock
            .run(&home, &[&create[..], &[target]].concat())
            .expect(1);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    let listed = mock.run(&home, &["keys", "list", "--all"]).expect(0);
    assert!(!listed.stdout.contains("lost"), "{}", listed.stdout);
    let file = std::fs::read_to_string(home.path("unclosed.env")).unwrap();
    assert_eq!(file, unclosed);
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
