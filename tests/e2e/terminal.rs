//! What a terminal gets: a real one, made by util-linux's `script`.

use std::process::Command;

use serde_json::json;

use crate::support::{Home, Mock, Run, call};

/// A title, a clear screen, a cursor's move, colours by one character, overrides, what nobody sees,
/// going back over what was printed, and a character that is twice as wide.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[1A\u{9b}31m\u{202e}live\u{2066}\u{200b}\u{feff}\u{e0041}\u{ad}\r\u{8}日";

/// Runs a shell's line on a terminal of so many columns; `$FLUXA` is the binary.
fn on_terminal(
    mock: &Mock,
    home: &Home,
    columns: u32,
    line: &str,
    more: &[(&str, &str)],
) -> String {
    let binary = mock.fluxa(home, &[]);
    let mut command = Command::new("script");
    command
        .args([
            "-qec",
            &format!("stty cols {columns} rows 24; {line}"),
            "/dev/null",
        ])
        .env_clear()
        .env("FLUXA", binary.get_program())
        .env("TERM", "xterm-256color")
        .envs(
            binary
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .envs(more.iter().copied())
        .current_dir(home.path("."))
        .stdin(std::process::Stdio::null());
    Run::of(command).stdout
}

/// How a spinner takes back what it showed.
const TAKEN_BACK: &str = "\r\u{1b}[2K";

/// What was printed, without colours and what a spinner does; anything else that a terminal would obey fails the test.
#[track_caller]
fn without_colours(printed: &str) -> String {
    let mut plain = String::new();
    let printed = printed.replace(TAKEN_BACK, "");
    let mut rest = printed.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "{printed:?}");
                let end = rest.find(|c| !c.is_ascii_digit() && *c != ';');
                assert_eq!(end, Some('m'), "no colour: {printed:?}");
            }
            '\r' => assert_eq!(rest.peek(), Some(&'\n'), "{printed:?}"),
            '\n' => plain.push('\n'),
            _ => plain.push(character),
        }
    }
    let unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let harmful = |c: char| (c.is_control() && c != '\n') || unseen(c);
    assert!(!plain.chars().any(harmful), "{printed:?}");
    plain
}

#[test]
fn nothing_from_outside_is_obeyed_by_a_terminal() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let customer = call(
        &mock,
        "POST",
        "/customers",
        json!({ "email": "a@example.com", "name": HOSTILE, "metadata": { HOSTILE: HOSTILE } }),
    );
    let key = json!({ "name": HOSTILE, "kind": "secret" });
    call(&mock, "POST", "/api_keys", key);
    let id = customer["id"].as_str().unwrap();
    for (line, shows) in [
        ("customers list", true),
        (&format!("customers get {id}"), true),
        (&format!("customers get {id} --output json"), false),
        ("keys list", true),
        ("api GET /customers", false),
        ("logs tail --no-follow", false),
        // What is typed comes from outside as well, when a script types it.
        ("customers get \"$HOSTILE\"", true),
        ("\"$HOSTILE\"", true),
        ("--\"$HOSTILE\"", true),
        ("trigger \"$HOSTILE\"", true),
        ("open --print \"$HOSTILE\"", true),
        ("reconcile \"$HOSTILE\" --since 1d", true),
        ("status --profile \"$HOSTILE\"", true),
        ("status --api-base \"$HOSTILE\"", false),
        ("doctor --forward-to \"$HOSTILE\"", false),
        (
            "webhooks verify \"$HOSTILE\" --signature \"$HOSTILE\"",
            false,
        ),
    ] {
        let line = format!("\"$FLUXA\" {line}");
        let printed = on_terminal(&mock, &home, 200, &line, &[("HOSTILE", HOSTILE)]);
        let plain = without_colours(&printed);
        assert!(!plain.trim().is_empty(), "{line}");
        assert!(!shows || plain.contains("\\u{202e}live"), "{line}: {plain}");
    }
}

#[test]
fn a_list_fits_a_narrow_terminal_with_its_ids_whole_and_is_never_cut_in_a_pipe() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let name = "a name that is far too long for forty columns, or for a hundred";
    let body = json!({ "email": "a@example.com", "name": name });
    let customer = call(&mock, "POST", "/customers", body);
    let id = customer["id"].as_str().unwrap();
    let list = "\"$FLUXA\" customers list";
    let wide = on_terminal(&mock, &home, 100, list, &[]);
    let wide = without_colours(&wide);
    assert!(wide.contains(id) && wide.contains('…'), "{wide}");
    assert!(
        wide.lines().all(|line| line.chars().count() <= 100),
        "{wide}"
    );
    // What the user has set wins over what the terminal says.
    for (columns, more) in [(40, [("X", "")]), (100, [("COLUMNS", "40")])] {
        let narrow = without_colours(&on_terminal(&mock, &home, columns, list, &more));
        assert!(narrow.contains(&format!("ID       {id}\n")), "{narrow}");
        assert!(narrow.contains(name), "{narrow}");
    }
    let mut piped = mock.fluxa(&home, &["customers", "list"]);
    piped.env("COLUMNS", "40");
    let piped = Run::of(piped).expect(0).stdout;
    assert!(
        piped
            .lines()
            .nth(1)
            .is_some_and(|row| row.contains(id) && row.contains(name))
    );
}

#[test]
fn colours_are_where_they_are_wanted() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let status =
        "\"$FLUXA\" status; \"$FLUXA\" --help; \"$FLUXA\" status --api-base http://127.0.0.1:1/v1";
    let coloured = |more: &[(&str, &str)]| {
        let printed = on_terminal(&mock, &home, 100, status, more);
        without_colours(&printed);
        printed.replace(TAKEN_BACK, "").contains('\u{1b}')
    };
    assert!(coloured(&[]));
    assert!(coloured(&[("NO_COLOR", "")]), "empty is as good as unset");
    assert!(coloured(&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")]));
    for refused in [
        &[("NO_COLOR", "1")][..],
        &[("TERM", "dumb")],
        &[("CLICOLOR", "0")],
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
    ] {
        assert!(!coloured(refused), "{refused:?}");
    }
    let dumb = on_terminal(&mock, &home, 100, status, &[("TERM", "dumb")]);
    assert!(!dumb.contains('\u{1b}'), "nothing may move: {dumb:?}");
    let piped = |more: &[(&str, &str)]| {
        let mut command = mock.fluxa(&home, &["status"]);
        command.envs(more.iter().copied());
        Run::of(command).expect(0).stdout.contains('\u{1b}')
    };
    assert!(!piped(&[]));
    assert!(piped(&[("CLICOLOR_FORCE", "1")]));
    assert!(!piped(&[("CLICOLOR_FORCE", "0")]));
}
