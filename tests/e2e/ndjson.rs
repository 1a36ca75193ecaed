//! docs/ndjson.md against what `listen` really prints, both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::endpoint::Endpoint;
use crate::support::{Home, Mock, Running, signal};

/// The fields of lines, by their type.
type Fields = BTreeMap<String, BTreeSet<String>>;

const PAGE: &str = include_str!("../../docs/ndjson.md");

/// Fields whose content is not ours to name.
const OPAQUE: [&str; 2] = ["payload", "by_type"];

/// Adds the names of all fields of a value: `a`, `a.b`, `a[].b`.
fn collect(value: &Value, prefix: &str, into: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        if !OPAQUE.contains(&path.as_str()) {
            collect(value, &format!("{path}."), into);
            for item in value.as_array().into_iter().flatten() {
                collect(item, &format!("{path}[]."), into);
            }
        }
        into.insert(path);
    }
}

fn add(line: &Value, fields: &mut Fields) {
    let kind = line["type"].as_str().unwrap();
    collect(line, "", fields.entry(kind.to_owned()).or_default());
}

/// What the page says: the tables, and the examples.
fn documented() -> (Fields, Fields) {
    let (mut tables, mut examples) = (Fields::new(), Fields::new());
    let mut kind = String::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            kind = heading.trim_matches('`').to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let (field, row) = row.split_once('`').unwrap();
            if row.split('|').count() == 4 {
                tables
                    .entry(kind.clone())
                    .or_default()
                    .insert(field.to_owned());
            }
        } else if line.starts_with("{\"type\"") {
            let example: Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                example["type"],
                kind.as_str(),
                "an example in the wrong place"
            );
            add(&example, &mut examples);
        }
    }
    (tables, examples)
}

#[test]
fn the_examples_of_the_page_have_the_fields_of_its_tables() {
    let (tables, examples) = documented();
    assert_eq!(tables, examples);
    assert_eq!(tables.len(), 8, "{tables:?}");
}

#[test]
fn every_field_that_is_printed_is_on_the_page_and_the_other_way_round() {
    let home = Home::new();
    let db = home.path("mock.db");
    let arguments = ["--db", db.to_str().unwrap()];
    let mock = Mock::start(&home, &arguments);
    let address = mock.address();
    let endpoint = Endpoint::start("whsec_x", &[503, 400, 400]);
    let url = endpoint.url();
    let mut listening = Running::start(mock.fluxa(
        &home,
        &[
            "listen",
            "-f",
            &url,
            "--output",
            "json",
            "--chaos",
            "delay=1ms",
            "--expect",
            "customer.*",
        ],
    ));
    let mut printed = Fields::new();
    let mut see = |line: Value| add(&line, &mut printed);
    see(listening.next_of_type("ready"));
    mock.kill();
    see(listening.next_of_type("reconnecting"));
    let mock = Mock::start_at(&home, &address, &arguments);
    see(listening.next_of_type("recovered"));
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    for kind in ["event", "delivery", "retry", "delivery", "diagnosis"] {
        see(listening.next_of_type(kind));
    }
    let run = listening.finish().expect(7);
    run.json_lines().into_iter().for_each(&mut see);
    assert_eq!(printed, documented().0);
}

#[test]
fn an_interrupted_session_says_nothing_but_its_lines() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_x", &[]);
    let url = endpoint.url();
    let mut listening =
        Running::start(mock.fluxa(&home, &["listen", "-f", &url, "--output", "json"]));
    listening.next_of_type("ready");
    signal(listening.process(), "TERM");
    let lines = listening.finish().expect(130).json_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
}
