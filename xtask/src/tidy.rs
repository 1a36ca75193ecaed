//! `cargo xtask tidy`: the rules of the workspace that no compiler knows.
//!
//! Each rule is an absence (design: "never"). A rule that finds something names file and line and
//! says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use syn::visit::{self, Visit};

use crate::{bench, msrv};

/// Longest file written by hand, in lines.
const FILE_LIMIT: usize = 700;

/// Most crates of the SDK with default features, itself included, on Linux.
const SDK_CRATES: usize = 100;

/// What the SDK must not reach, not even for its tests.
const SDK_NEVER: [&str; 8] = [
    "clap",
    "anyhow",
    "tracing-subscriber",
    "env_logger",
    "fluxa-mock",
    "fluxa-cli",
    "axum",
    "backoff",
];

/// What the pure part of the mock must not name.
const DOMAIN_NEVER: [&str; 10] = [
    "axum",
    "http::",
    "tokio",
    "reqwest",
    "hyper",
    "SystemTime",
    "Timestamp::now",
    "Instant::now",
    "Zoned::now",
    "std::env",
];

/// What of the SDK the mock may use.
const MOCK_MAY: [&str; 2] = ["contract", "types::EventType"];

/// Literals of the contract that only `contract.rs` and generated code may hold.
const LITERALS: [&str; 14] = [
    "\"Fluxa-Version\"",
    "\"Idempotency-Key\"",
    "\"X-Fluxa-",
    "\"X-RateLimit-",
    "\"x-fluxa-",
    "\"x-ratelimit-",
    "\"fluxa-version\"",
    "\"idempotency-key\"",
    "\"whsec_\"",
    "\"sk_test_\"",
    "\"sk_live_\"",
    "\"pk_test_\"",
    "\"rk_test_\"",
    "api.fluxapay.co.uk",
];

/// A fault: where, and what to do.
type Fault = String;

pub(crate) fn run(root: &Path) -> Result<String, String> {
    let mut faults: Vec<Fault> = Vec::new();
    dependencies(root, &mut faults)?;
    let events = event_types(root)?;
    let mut files = 0;
    for directory in [
        "fluxa-sdk",
        "fluxa-mock",
        "fluxa-cli",
        "examples",
        "tests",
        "xtask",
        "benches",
    ] {
        for path in rust_files(&root.join(directory))? {
            let relative = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            if relative.contains("/generated/") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| format!("{relative}: {error}"))?;
            files += 1;
            source(&relative, &text, &events, &mut faults);
        }
    }
    if faults.is_empty() {
        return Ok(format!("tidy: {files} files, no fault"));
    }
    faults.sort();
    Err(format!(
        "{} fault(s)\n  {}",
        faults.len(),
        faults.join("\n  ")
    ))
}

/// Direction of the crates, from the manifests as Cargo reads them.
fn dependencies(root: &Path, faults: &mut Vec<Fault>) -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--locked",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    direction(&metadata, faults);
    msrv::check(&metadata, faults);
    let crates = bench::crates(root)?;
    if crates > SDK_CRATES {
        faults.push(format!(
            "fluxa-sdk with default features is {crates} crates, over {SDK_CRATES}: see `cargo tree -p fluxa-sdk`"
        ));
    }
    Ok(())
}

fn direction(metadata: &Value, faults: &mut Vec<Fault>) {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let package = |name: &str| {
        packages
            .into_iter()
            .flatten()
            .find(|p| p.get("name").and_then(Value::as_str) == Some(name))
    };
    let direct = |name: &str| -> Vec<String> {
        package(name)
            .and_then(|p| p.get("dependencies"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|d| d.get("name").and_then(Value::as_str).map(str::to_owned))
            .collect()
    };
    for (name, never) in [
        ("fluxa-sdk", SDK_NEVER.as_slice()),
        ("fluxa-mock", &["fluxa-cli", "clap", "backoff"]),
        ("xtask", &["fluxa-sdk", "fluxa-mock", "fluxa-cli"]),
    ] {
        for dependency in direct(name) {
            if never.contains(&dependency.as_str()) {
                faults.push(format!(
                    "{name}/Cargo.toml: {name} must not depend on {dependency}"
                ));
            }
        }
    }
    let name_of = |id: &String| {
        let mut all = packages.into_iter().flatten();
        let package = all.find(|p| p.get("id").and_then(Value::as_str) == Some(id))?;
        package
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    for name in reachable(metadata, "fluxa-sdk").iter().filter_map(name_of) {
        if SDK_NEVER.contains(&name.as_str()) {
            faults.push(format!("fluxa-sdk reaches {name} through its dependencies (`cargo tree -p fluxa-sdk -i {name}`)"));
        }
    }
}

/// Ids of all packages that a package reaches by dependencies that are not for tests.
pub(crate) fn reachable(metadata: &Value, name: &str) -> Vec<String> {
    let nodes = metadata.pointer("/resolve/nodes").and_then(Value::as_array);
    let find = |id: &str| {
        nodes
            .into_iter()
            .flatten()
            .find(|n| n.get("id").and_then(Value::as_str) == Some(id))
    };
    let name_of = |id: &str| {
        metadata
            .get("packages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|p| p.get("id").and_then(Value::as_str) == Some(id))
            .and_then(|p| p.get("name").and_then(Value::as_str))
            .map(str::to_owned)
    };
    let start = nodes
        .into_iter()
        .flatten()
        .filter_map(|n| n.get("id").and_then(Value::as_str))
        .find(|id| name_of(id).as_deref() == Some(name));
    let mut seen: Vec<String> = Vec::new();
    let mut queue: Vec<String> = start.map(str::to_owned).into_iter().collect();
    while let Some(id) = queue.pop() {
        let Some(node) = find(&id) else { continue };
        for dependency in node
            .get("deps")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let normal = dependency
                .get("dep_kinds")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .any(|kind| kind.get("kind").and_then(Value::as_str) != Some("dev"));
            let Some(target) = dependency.get("pkg").and_then(Value::as_str) else {
                continue;
            };
            if normal && !seen.iter().any(|known| known == target) {
                seen.push(target.to_owned());
                queue.push(target.to_owned());
            }
        }
    }
    seen
}

/// The 29 event types, which only generated code may spell out.
fn event_types(root: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(root.join("openapi.json"))
        .map_err(|error| format!("openapi.json: {error}"))?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| format!("openapi.json: {error}"))?;
    let webhooks = document.get("webhooks").and_then(Value::as_object);
    Ok(webhooks
        .into_iter()
        .flatten()
        .map(|(name, _)| format!("\"{name}\""))
        .collect())
}

fn source(path: &str, text: &str, events: &[String], faults: &mut Vec<Fault>) {
    let lines = text.lines().count();
    if lines > FILE_LIMIT {
        faults.push(format!(
            "{path}: {lines} lines, over {FILE_LIMIT}: split it by what it owns"
        ));
    }
    if !text.trim_start().starts_with("//!") {
        faults.push(format!("{path}:1: open the file with `//!`: what it owns"));
    }
    let test = is_test(path);
    if path.starts_with("fluxa-mock/src/") {
        match syn::parse_file(text) {
            Ok(file) => {
                let used = used_of_the_sdk(&file);
                faults.extend(used.iter().filter(|used| !allowed(used)).map(|used| {
                    format!(
                        "{path}: uses fluxa_sdk::{used}: the mock uses only the SDK's contract and event types"
                    )
                }));
            }
            Err(error) => faults.push(format!("{path}: {error}")),
        }
    }
    let library = path.starts_with("fluxa-sdk/src/") || path.starts_with("fluxa-mock/src/");
    let cli = path.starts_with("fluxa-cli/src/");
    // Unit tests at a file's end repeat literals on purpose.
    let code = text.split("\n#[cfg(test)]").next().unwrap_or(text);
    for (index, line) in code.lines().enumerate() {
        let at = format!("{path}:{}", index + 1);
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        if library || (cli && !path.starts_with("fluxa-cli/src/ui")) {
            for printing in [
                "println!(",
                "print!(",
                "eprintln!(",
                "eprint!(",
                "stdout()",
                "stderr()",
            ] {
                if has_word(line, printing) {
                    faults.push(format!("{at}: prints outside fluxa-cli/src/ui*"));
                }
            }
        }
        if path.starts_with("fluxa-mock/src/domain/") {
            for never in DOMAIN_NEVER {
                if has_word(line, never) {
                    faults.push(format!("{at}: the domain must not know `{never}`"));
                }
            }
        }
        if !test && (library || cli) && path != "fluxa-sdk/src/contract.rs" {
            for literal in LITERALS {
                if line.contains(literal) {
                    faults.push(format!(
                        "{at}: {literal} belongs in fluxa-sdk/src/contract.rs"
                    ));
                }
            }
            for event in events {
                if line.contains(event.as_str()) {
                    faults.push(format!("{at}: write the event type {event} as EventType"));
                }
            }
        }
        for unfinished in [
            concat!("todo", "!("),
            concat!("unimplemented", "!("),
            concat!("#[ign", "ore"),
        ] {
            if line.contains(unfinished) {
                faults.push(format!("{at}: unfinished: `{unfinished}`"));
            }
        }
    }
}

/// The paths below `fluxa_sdk::` that a file names, in imports or in code, however they are laid out.
fn used_of_the_sdk(file: &syn::File) -> Vec<String> {
    let mut found = Found::default();
    found.visit_file(file);
    let below = found
        .0
        .iter()
        .filter_map(|path| path.strip_prefix("fluxa_sdk"));
    below
        .map(|path| path.trim_start_matches("::").to_owned())
        .collect()
}

/// Paths of imports and of code.
#[derive(Default)]
struct Found(Vec<String>);

impl<'f> Visit<'f> for Found {
    fn visit_item_use(&mut self, item: &'f syn::ItemUse) {
        flatten(&item.tree, "", &mut self.0);
    }

    fn visit_path(&mut self, path: &'f syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.0.push(names.join("::"));
        visit::visit_path(self, path);
    }
}

fn flatten(tree: &syn::UseTree, before: &str, found: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => {
            flatten(&path.tree, &format!("{before}{}::", path.ident), found)
        }
        syn::UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|item| flatten(item, before, found));
        }
        syn::UseTree::Name(name) => found.push(format!("{before}{}", name.ident)),
        syn::UseTree::Rename(rename) => found.push(format!("{before}{}", rename.ident)),
        syn::UseTree::Glob(_) => found.push(format!("{before}*")),
    }
}

fn allowed(used: &str) -> bool {
    MOCK_MAY.iter().any(|may| {
        used.strip_prefix(may)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("examples/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
}

/// Whether the line has the word, not as the tail of a longer one (`eprintln!(` has no `println!(`).
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut queue = vec![directory.to_path_buf()];
    while let Some(directory) = queue.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let path = entry
                .map_err(|error| format!("{}: {error}", directory.display()))?
                .path();
            let name = path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                if !matches!(name, "target" | "node_modules") {
                    queue.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    //! Each rule is shown to fail when broken.

    use serde_json::json;

    use super::{direction, has_word, source};

    fn faults(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        source(path, text, &["\"payment.settled\"".into()], &mut faults);
        faults
    }

    fn one_fault(path: &str, line: &str, says: &str) {
        let found = faults(path, &format!("//! Owns.\n{line}\n"));
        assert_eq!(found.len(), 1, "{path}: {line}: {found:?}");
        assert!(found[0].contains(says), "{found:?}");
    }

    #[test]
    fn the_workspace_is_tidy() {
        super::run(&crate::root()).unwrap();
    }

    #[test]
    fn each_rule_fails_when_broken() {
        let sdk = "only the SDK's contract";
        for (path, code, says) in [
            ("fluxa-sdk/src/a.rs", "println!(\"x\");", "prints outside"),
            (
                "fluxa-cli/src/commands/a.rs",
                "eprintln!(\"x\");",
                "prints outside",
            ),
            (
                "fluxa-mock/src/domain/a.rs",
                "use tokio::time;",
                "domain must not",
            ),
            (
                "fluxa-mock/src/domain/a.rs",
                "fn a() { std::time::Instant::now(); }",
                "domain must not",
            ),
            (
                "fluxa-mock/src/domain/a.rs",
                "fn a() { std::env::var(\"A\"); }",
                "domain must not",
            ),
            ("fluxa-mock/src/a.rs", "use fluxa_sdk::Client;", sdk),
            (
                "fluxa-mock/src/a.rs",
                "use fluxa_sdk::{contract, types};",
                sdk,
            ),
            (
                "fluxa-mock/src/a.rs",
                "use fluxa_sdk::{\n    Client,\n};",
                sdk,
            ),
            ("fluxa-mock/src/a.rs", "use fluxa_sdk as other;", sdk),
            (
                "fluxa-mock/src/a.rs",
                "fn a() { fluxa_sdk::Client::from_env(); }",
                sdk,
            ),
            (
                "fluxa-cli/src/a.rs",
                "const H: &str = \"X-Fluxa-Event\";",
                "contract.rs",
            ),
            (
                "fluxa-mock/src/a.rs",
                "const T: &str = \"payment.settled\";",
                "EventType",
            ),
            ("fluxa-sdk/src/a.rs", concat!("todo", "!()"), "unfinished"),
        ] {
            one_fault(path, code, says);
        }
        assert_eq!(
            faults("fluxa-sdk/src/a.rs", "fn a() {}").len(),
            1,
            "no //! at the top"
        );
        let long = "//! Owns.\n".to_owned() + &"fn a() {}\n".repeat(super::FILE_LIMIT);
        assert!(faults("fluxa-sdk/src/a.rs", &long)[0].contains("split"));
    }

    #[test]
    fn what_is_allowed_is_no_fault() {
        assert!(faults("fluxa-cli/src/ui.rs", "//! Prints.\nprintln!(\"x\");").is_empty());
        assert!(
            faults(
                "fluxa-sdk/src/contract.rs",
                "//! Names.\nconst A: &str = \"whsec_\";"
            )
            .is_empty()
        );
        assert!(faults("tests/e2e/a.rs", "//! Test.\nlet t = \"payment.settled\";").is_empty());
        assert!(
            faults(
                "fluxa-mock/src/a.rs",
                "//! Uses.\nuse fluxa_sdk::{contract, types::EventType};"
            )
            .is_empty()
        );
        assert!(!has_word("eprintln!(", "println!("));
    }

    #[test]
    fn the_sdk_must_not_depend_on_the_mock_even_for_tests() {
        let metadata = json!({ "packages": [
            { "name": "fluxa-sdk", "dependencies": [{ "name": "fluxa-mock", "kind": "dev" }] }
        ]});
        let mut faults = Vec::new();
        direction(&metadata, &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}
