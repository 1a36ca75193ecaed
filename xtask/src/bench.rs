//! `cargo xtask bench`: whole processes, the SDK beside its floors, and the size of its tree.
//!
//! Figures are printed as Markdown, to be copied into `docs/performance.md`. Nothing is asserted:
//! a ratio of a busy machine is no reason to refuse a change.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let whole = ["--package", "fluxa-cli", "--bench", "whole_process"];
    bench(root, &whole)?;
    bench(root, &["--package", "fluxa-cli", "--bench", "sandbox"])?;
    // A package of its own outside the workspace, with its own lock file and target directory.
    let benches = root.join("benches");
    bench(&benches, &["--locked", "--bench", "webhooks"])?;
    bench(&benches, &["--locked", "--bench", "calls"])?;
    let crates = crates(root)?;
    println!("\n`fluxa-sdk` with default features, itself included: {crates} crates");
    Ok(())
}

fn bench(directory: &Path, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .arg("bench")
        .args(arguments)
        .current_dir(directory)
        .status()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !status.success() {
        return Err(format!("cargo bench {} failed", arguments.join(" ")));
    }
    println!();
    Ok(())
}

/// Crates that a clean build of the SDK compiles.
pub(crate) fn crates(root: &Path) -> Result<usize, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "fluxa-sdk", "--edges", "normal,build"])
        .args([
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--no-dedupe",
            "--locked",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo tree: {message}"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .filter(|line| !line.is_empty())
        .collect::<BTreeSet<_>>()
        .len())
}
