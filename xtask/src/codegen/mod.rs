//! `cargo xtask codegen`: openapi.json in, `fluxa-sdk/src/generated` and `fluxa-cli/src/generated`
//! out.
//!
//! The contract is read once as JSON ([`contract`]), lowered from OpenAPI 3.1 to 3.0.3 in memory
//! ([`lower`]), given to progenitor ([`client`]), and what follows from it besides (ids, open
//! enums, events, resource accessors, bodies, samples) is written by [`names`], [`resources`],
//! [`bodies`] and [`samples`]. The CLI gets a table of the operations, written by [`commands`],
//! and one of what they answer and what events hold, by [`schemas`].

mod bodies;
mod client;
mod commands;
mod contract;
mod examples;
mod lower;
mod names;
mod resources;
mod samples;
mod schemas;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Contract;
use serde_json::Value;

/// The directories that hold generated code and nothing else.
const SDK: &str = "fluxa-sdk/src/generated";
const CLI: &str = "fluxa-cli/src/generated";

const HEADER: &str = "// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or\n// the generator, then run it again.\n\n";

/// What the generator makes: path below the output directory, text.
type Files = BTreeMap<PathBuf, String>;

/// Writes the generated directories: new and changed files, and removes what is no longer made.
pub(crate) fn write(root: &Path) -> Result<String, String> {
    let (mut made, mut changed, mut removed) = (0, 0, 0);
    for (directory, files) in generate(root)? {
        let output = root.join(directory);
        made += files.len();
        for (path, text) in &files {
            let target = output.join(path);
            if fs::read_to_string(&target).ok().as_ref() != Some(text) {
                let parent = target.parent().expect("a file lies in a directory");
                fs::create_dir_all(parent)
                    .map_err(|error| format!("{}: {error}", parent.display()))?;
                fs::write(&target, text)
                    .map_err(|error| format!("{}: {error}", target.display()))?;
                changed += 1;
            }
        }
        for path in existing(&output)? {
            if !files.contains_key(&path) {
                let target = output.join(path);
                fs::remove_file(&target)
                    .map_err(|error| format!("{}: {error}", target.display()))?;
                removed += 1;
            }
        }
    }
    Ok(format!(
        "codegen: {made} files, {changed} changed, {removed} removed"
    ))
}

/// Fails when a directory is not byte for byte what the generator makes.
pub(crate) fn check(root: &Path) -> Result<String, String> {
    let (mut made, mut faults) = (0, Vec::new());
    for (directory, files) in generate(root)? {
        made += files.len();
        faults.extend(faults_of(&root.join(directory), directory, &files)?);
    }
    if faults.is_empty() {
        return Ok(format!("codegen: {made} files as openapi.json gives them"));
    }
    Err(format!(
        "the generated code is not what openapi.json gives:\n{}\nrun `cargo xtask codegen` and commit the result",
        faults.join("\n")
    ))
}

/// Returns what is wrong in a generated directory, one line for each file.
fn faults_of(output: &Path, name: &str, files: &Files) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        match fs::read(output.join(path)) {
            Ok(found) if found == text.as_bytes() => {}
            Ok(_) => faults.push(format!("  differs: {name}/{}", path.display())),
            Err(_) => faults.push(format!("  missing: {name}/{}", path.display())),
        }
    }
    for path in existing(output)? {
        if !files.contains_key(&path) {
            faults.push(format!("  orphan:  {name}/{}", path.display()));
        }
    }
    Ok(faults)
}

fn generate(root: &Path) -> Result<[(&'static str, Files); 2], String> {
    let path = root.join("openapi.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| format!("openapi.json: {error}"))?;
    let contract = Contract::read(&document)?;
    let lowered = lower::lower(&document)?;
    let generated = client::generate(&contract, lowered)?;

    let mut files = Files::new();
    files.insert(
        "ids.rs".into(),
        format!("{HEADER}{}", names::ids(&contract)),
    );
    files.insert(
        "enums.rs".into(),
        format!("{HEADER}{}", names::enums(&contract)),
    );
    files.insert(
        "events.rs".into(),
        format!("{HEADER}{}", names::events(&contract)),
    );
    files.insert("samples.json".into(), samples::samples(&contract)?);
    files.insert("types.rs".into(), print(&generated.types));
    files.insert("client.rs".into(), print(&generated.client));
    let mut modules = Vec::new();
    for (tag, operations) in &generated.operations {
        files.insert(format!("operations/{tag}.rs").into(), print(operations));
        modules.push(tag.clone());
    }
    files.insert(
        "operations/mod.rs".into(),
        render(names::module_list(&modules, false)),
    );
    for (tag, tokens) in resources::accessors(&contract, &generated.methods)? {
        files.insert(format!("resources/{tag}.rs").into(), render(tokens));
    }
    files.insert(
        "resources/mod.rs".into(),
        render(names::module_list(&modules, true)),
    );
    files.insert(
        "bodies.rs".into(),
        render(bodies::bodies(&contract, &generated.types)?),
    );
    files.insert("mod.rs".into(), render(names::root()));
    let commands = commands::tables(&document, &contract)?;
    Ok([(SDK, files), (CLI, commands)])
}

fn render(tokens: proc_macro2::TokenStream) -> String {
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => print(&file),
        // What the generator itself makes always parses; if not, show it rather than hide it.
        Err(error) => panic!("generator bug: {error}\n{tokens}"),
    }
}

fn print(file: &syn::File) -> String {
    format!("{HEADER}{}", space_out(&prettyplease::unparse(file)))
}

/// Puts a blank line between items, which the printer leaves out.
fn space_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 40);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let closes_item = line == "}" || line == "    }";
        let opens_item = lines.peek().is_some_and(|next| {
            !next.is_empty() && !next.trim_start().starts_with(['}', ')', ']', ','])
        });
        if closes_item && opens_item {
            out.push('\n');
        }
    }
    out
}

fn existing(output: &Path) -> Result<Vec<PathBuf>, String> {
    fn walk(base: &Path, directory: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                walk(base, &path, found)?;
            } else if let Ok(relative) = path.strip_prefix(base) {
                found.push(relative.to_path_buf());
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    if output.is_dir() {
        walk(output, output, &mut found)
            .map_err(|error| format!("{}: {error}", output.display()))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Files, faults_of};

    #[test]
    fn what_differs_is_missing_or_is_left_over_is_named() {
        let output = std::env::temp_dir().join(format!("fluxa-codegen-{}", std::process::id()));
        fs::create_dir_all(output.join("inner")).unwrap();
        for (name, text) in [("same.rs", "1"), ("other.rs", "2"), ("inner/left.rs", "3")] {
            fs::write(output.join(name), text).unwrap();
        }
        let files = Files::from(
            [("same.rs", "1"), ("other.rs", "2 "), ("new.rs", "4")]
                .map(|(name, text)| (name.into(), text.to_owned())),
        );
        let mut faults = faults_of(&output, "generated", &files).unwrap();
        fs::remove_dir_all(&output).unwrap();
        faults.sort();
        assert_eq!(
            faults,
            [
                "  differs: generated/other.rs",
                "  missing: generated/new.rs",
                "  orphan:  generated/inner/left.rs"
            ]
        );
    }
}
