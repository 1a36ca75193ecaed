//! `cargo xtask release-check`: what must hold before a version is tagged, with tools that a
//! change need not wait for.
//!
//! Owns which tools and against what. A missing tool is a fault; only the MSRV's toolchain is used
//! where it is, and said to be missing where it is not.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::public_api;

/// Names the commit that the SDK's interface is compared with until there is a release.
const BASELINE: &str = ".ci/api-baseline";

/// Cargo's subcommands and what installs each.
const TOOLS: [(&str, &str); 3] = [
    ("deny", "cargo install cargo-deny --locked"),
    ("hack", "cargo install cargo-hack --locked"),
    (
        "semver-checks",
        "cargo install cargo-semver-checks --locked",
    ),
];

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(tool, _)| !present(root, tool))
        .map(|(_, install)| *install)
        .collect();
    if !missing.is_empty() {
        return Err(format!("tools are missing: {}", missing.join("; ")));
    }
    cargo(root, &["deny", "check"])?;
    cargo(
        root,
        &[
            "hack",
            "check",
            "-p",
            "fluxa-sdk",
            "--feature-powerset",
            "--locked",
        ],
    )?;
    msrv(root)?;
    println!("{}", public_api::check(root)?);
    let baseline = baseline(root)?;
    println!("the SDK's interface against {baseline}");
    cargo(
        root,
        &[
            "semver-checks",
            "-p",
            "fluxa-sdk",
            "--all-features",
            "--baseline-rev",
            &baseline,
        ],
    )
}

/// Checks with the toolchain of the stated version, when it is installed.
fn msrv(root: &Path) -> Result<(), String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let stated = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
        .ok_or("Cargo.toml states no rust-version")?;
    let toolchain = format!("+{stated}");
    let installed = Command::new("cargo")
        .args([toolchain.as_str(), "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        println!(
            "Rust {stated} is not installed: only lints and the versions that crates state speak \
             for it (`rustup toolchain install {stated}`)"
        );
        return Ok(());
    }
    // Not this cargo (`CARGO`), which knows no `+toolchain`: the one of rustup.
    status(
        Command::new("cargo")
            .args([
                toolchain.as_str(),
                "check",
                "-p",
                "fluxa-sdk",
                "--all-features",
            ])
            .args(["--locked", "--target-dir", "target/msrv"])
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir(root),
    )
}

/// The last release, or the commit named until there is one.
fn baseline(root: &Path) -> Result<String, String> {
    let tag = Command::new("git")
        .args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git: {error}"))?;
    if tag.status.success() {
        return Ok(String::from_utf8_lossy(&tag.stdout).trim().to_owned());
    }
    let named = fs::read_to_string(root.join(BASELINE));
    let named = named.map_err(|error| format!("no release and no {BASELINE}: {error}"))?;
    Ok(named.trim().to_owned())
}

fn present(root: &Path, tool: &str) -> bool {
    Command::new(env!("CARGO"))
        .args([tool, "--version"])
        .current_dir(root)
        .output()
        .is_ok_and(|output| output.status.success())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<(), String> {
    println!("+ cargo {}", arguments.join(" "));
    status(
        Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(root),
    )
}

fn status(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
