//! Holds docs/cli, the reference of the command line, against the command line: what help says is
//! pinned there, word for word.
//!
//! `UPDATE_EXPECT=1 cargo test -p fluxa-cli reference` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Command;
use expect_test::expect_file;

use super::Cli;

const HOW: &str = "UPDATE_EXPECT=1 cargo test -p fluxa-cli reference";

/// As wide as help becomes on a wide terminal.
const WIDTH: usize = 100;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli")
}

/// The command line, with all that is made when it is asked for.
fn built() -> Command {
    let mut command = super::command().term_width(WIDTH);
    command.build();
    command
}

fn children(command: &Command) -> impl Iterator<Item = &Command> {
    let seen = |child: &&Command| child.get_name() != "help" && !child.is_hide_set();
    command.get_subcommands().filter(seen)
}

/// A command and all below it, each with the words that name it.
fn walk<'a>(command: &'a Command, path: &str, found: &mut Vec<(String, &'a Command)>) {
    found.push((path.to_owned(), command));
    for child in children(command) {
        walk(child, &format!("{path} {}", child.get_name()), found);
    }
}

fn all(command: &Command) -> Vec<(String, &Command)> {
    let mut found = Vec::new();
    walk(command, "fluxa", &mut found);
    found
}

fn long_help(command: &Command) -> String {
    plain(
        &command
            .clone()
            .term_width(WIDTH)
            .render_long_help()
            .to_string(),
    )
}

fn plain(help: &str) -> String {
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// Without the options that every command has: they are on the first page.
fn own_help(command: &Command) -> String {
    let own = command.clone().mut_args(|argument| {
        let everywhere = ["help", "version"].contains(&argument.get_id().as_str());
        let hide = argument.is_global_set() || everywhere || argument.is_hide_set();
        argument.hide(hide)
    });
    long_help(&own)
}

fn pages(command: &Command) -> BTreeMap<String, String> {
    let written = format!("<!-- Written by `{HOW}`. Do not edit. -->\n");
    let mut pages = BTreeMap::new();
    let mut first = format!(
        "# The command line\n\n{written}\nWhat `fluxa --help` says, and a page for each command.\n\n"
    );
    for child in children(command) {
        let (name, about) = (
            child.get_name(),
            child.get_about().cloned().unwrap_or_default(),
        );
        first.push_str(&format!("- [{name}]({name}.md): {about}\n"));
        let mut page = format!(
            "# fluxa {name}\n\n{written}\nThe options that every command takes are on the [first page](README.md).\n"
        );
        let mut below = Vec::new();
        walk(child, &format!("fluxa {name}"), &mut below);
        for (path, command) in below {
            if path.split(' ').count() > 2 {
                page.push_str(&format!("\n## {path}\n"));
            }
            page.push_str(&format!("\n```text\n{}\n```\n", own_help(command)));
        }
        pages.insert(format!("{name}.md"), page);
    }
    first.push_str(&format!("\n```text\n{}\n```\n", long_help(command)));
    pages.insert("README.md".to_owned(), first);
    pages
}

#[test]
fn the_reference_in_docs_cli_is_what_help_says() {
    let command = built();
    let pages = pages(&command);
    for (name, page) in &pages {
        expect_file![directory().join(name)].assert_eq(page);
    }
    let files: BTreeSet<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let stale: Vec<&String> = files
        .iter()
        .filter(|file| !pages.contains_key(*file))
        .collect();
    assert!(
        stale.is_empty(),
        "no command has these pages, delete them: {stale:?}"
    );
}

#[test]
fn every_command_has_an_example_and_its_exit_codes() {
    let command = built();
    for (path, command) in all(&command) {
        let help = long_help(command);
        assert!(help.contains("\nExample"), "{path} has no example");
        if children(command).next().is_none() {
            assert!(help.contains("\nExit codes:"), "{path} has no exit codes");
        }
    }
}

#[test]
fn short_help_is_short() {
    let command = built();
    for (path, command) in all(&command) {
        let short = command.clone().term_width(WIDTH).render_help().to_string();
        let (short, long) = (plain(&short), long_help(command));
        assert!(!short.contains("Exit codes:"), "{path}");
        assert!(short.lines().count() <= long.lines().count(), "{path}");
    }
}

#[test]
fn help_stays_within_forty_columns_where_that_is_all_there_is() {
    // A word is never broken: prose alone must fit.
    let command = built();
    for (path, command) in all(&command) {
        let help = command.clone().term_width(40).render_help().to_string();
        let usage = help.lines().take_while(|line| !line.starts_with("Usage"));
        for line in usage {
            assert!(line.chars().count() <= 40, "{path}: {line}");
        }
    }
}

/// Splits a line as a shell would, up to what is the shell's.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            (None, '|' | '&' | '>' | '<' | '#' | '(' | ')') => break,
            (None, ' ') => words.extend(word.take()),
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Returns how many examples there are in all help, having had each understood.
fn understood(command: &Command, width: usize) -> usize {
    let mut understood = 0;
    for (path, command) in all(command) {
        let help = command.clone().term_width(width).render_long_help();
        let help = help.to_string().replace("\\\n", " ");
        let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
        for example in lines.filter(|line| line.starts_with("fluxa ")) {
            let words: Vec<String> = words(example);
            if let Err(error) = Cli::parse_from_words(words.iter().map(Into::into).collect()) {
                panic!("{path}: `{example}`: {error}");
            }
            understood += 1;
        }
    }
    understood
}

#[test]
fn every_example_is_a_command_line_that_is_understood_on_narrow_terminals_too() {
    let command = built();
    for (path, command) in all(&command) {
        let help = command.clone().term_width(0).render_long_help().to_string();
        let wide = help
            .lines()
            .find(|line| line.starts_with("  fluxa ") && line.chars().count() > WIDTH);
        assert_eq!(wide, None, "{path}: too wide to stay whole");
    }
    let there_are = understood(&command, 0);
    assert!(there_are > 100, "{there_are}");
    for width in [40, 60] {
        let fitted = super::help::fitted(super::command(), width);
        assert_eq!(understood(&fitted, width), there_are, "{width}");
    }
}

#[test]
fn help_that_there_is_not_is_told_with_what_was_meant() {
    for (typed, meant) in [
        (vec!["fluxa", "help", "kyes"], Some("keys")),
        (vec!["fluxa", "help", "payments", "lst"], Some("list")),
        (vec!["fluxa", "help", "zzz"], None),
    ] {
        let words = typed.iter().map(Into::into).collect();
        let error = Cli::parse_from_words(words).unwrap_err().to_string();
        let tip = error.lines().find(|line| line.contains("tip: a similar"));
        assert_eq!(tip.is_some(), meant.is_some(), "{error}");
        if let (Some(tip), Some(meant)) = (tip, meant) {
            assert!(tip.contains(&format!("'{meant}'")), "{error}");
        }
    }
}
