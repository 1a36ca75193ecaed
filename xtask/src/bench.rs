//! `cargo xtask bench`: whole processes, and the size of the SDK's tree.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args([
            "bench",
            "--package",
            "fluxa-cli",
            "--bench",
            "whole_process",
        ])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !status.success() {
        return Err("cargo bench failed".into());
    }
    let crates = crates(root)?;
    println!("\n`fluxa-sdk` with default features, itself included: {crates} crates");
    Ok(())
}

/// Crates that a clean build of the SDK compiles.
fn crates(root: &Path) -> Result<usize, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "fluxa-sdk",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}", "--no-dedupe"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .filter(|line| !line.is_empty())
        .collect::<BTreeSet<_>>()
        .len())
}
