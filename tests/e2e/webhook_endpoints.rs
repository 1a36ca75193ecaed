//! `fluxa webhook-endpoints`: their secrets go where they belong, and which events they get is checked.

use serde_json::json;

use crate::support::{Home, Mock};

const URL: &str = "https://shop.example.com/webhooks/fluxa";

#[test]
fn a_secret_is_shown_once_or_put_where_it_belongs() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = ["webhook-endpoints", "create", "--url", URL];
    let shown = mock.run(&home, &create).expect(0);
    let secret = shown.stdout.lines().last().unwrap();
    assert!(secret.starts_with("whsec_"), "{}", shown.stdout);
    assert!(
        shown.stderr.contains("it is not shown again"),
        "{}",
        shown.stderr
    );

    let written = [
        &create[..],
        &[
            "--write-env",
            ".env:FLUXA_WEBHOOK_SECRET",
            "--output",
            "json",
        ],
    ]
    .concat();
    let run = mock.run(&home, &written).expect(0);
    let endpoint = run.json_lines().remove(0);
    let file = || std::fs::read_to_string(home.path(".env")).unwrap();
    let first = file();
    assert!(first.starts_with("FLUXA_WEBHOOK_SECRET=whsec_"), "{first}");
    assert!(!run.stdout.contains("whsec_") && !run.stderr.contains("whsec_"));

    let id = endpoint["id"].as_str().unwrap();
    let rotate = ["webhook-endpoints", "rotate-secret", id, "--stdout-secret"];
    let rotated = mock.run(&home, &rotate).expect(0).stdout;
    assert!(
        rotated.starts_with("whsec_") && rotated.lines().count() == 1,
        "{rotated}"
    );
    assert!(!first.contains(rotated.trim()));
    let get = mock.run(&home, &["webhook-endpoints", "get", id]).expect(0);
    assert!(!get.stdout.contains("whsec_"), "{}", get.stdout);
}

#[test]
fn a_file_that_cannot_be_written_costs_no_secret() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let target = "no/such/directory/.env:SECRET";
    for output in ["human", "json"] {
        let arguments = [
            "webhook-endpoints",
            "create",
            "--url",
            URL,
            "--write-env",
            target,
            "--output",
            output,
        ];
        let run = mock.run(&home, &arguments).expect(1);
        assert!(run.stdout.contains("whsec_"), "{}", run.stdout);
        assert!(
            run.stderr.contains("on stdout, now and never again"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("whsec_"), "{}", run.stderr);
    }
}

#[test]
fn events_are_named_by_patterns_and_checked() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = |events: &str| {
        let arguments = [
            "webhook-endpoints",
            "create",
            "--url",
            URL,
            "--events",
            events,
            "--output",
            "json",
        ];
        mock.run(&home, &arguments)
    };
    let made = create("refund.*,refund.created,dispute.won")
        .expect(0)
        .json_lines()
        .remove(0);
    let expected = json!([
        "refund.created",
        "refund.failed",
        "refund.succeeded",
        "dispute.won"
    ]);
    assert_eq!(made["events"], expected);
    let wrong = create("refund.succeded").expect(2);
    assert!(
        wrong.stderr.contains("did you mean refund.succeeded?"),
        "{}",
        wrong.stderr
    );
    let nothing = create("refnd.*").expect(2);
    assert!(
        nothing.stderr.contains("matches nothing"),
        "{}",
        nothing.stderr
    );
}
