//! Tasks of the workspace: `cargo xtask <task>`.
//!
//! Depends on no crate of the workspace, so that broken generated code can always be generated
//! again.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task reports on the terminal"
)]

mod bench;
mod codegen;
mod msrv;
mod public_api;
mod release_check;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <task>

Tasks:
  codegen           Generate fluxa-sdk/src/generated from openapi.json
  codegen --check   Fail if the generated code is not what openapi.json gives
  tidy              Check the rules of the workspace that no compiler knows
  bench             Measure; prints the tables of docs/performance.md
  public-api        Check the foreign types of the SDK's interface against docs/public-api.md
  release-check     Check what a release needs: licences, features, interface, MSRV";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["codegen"] => codegen::write(&root()).map(|report| println!("{report}")),
        ["codegen", "--check"] => codegen::check(&root()).map(|report| println!("{report}")),
        ["tidy"] => tidy::run(&root()).map(|report| println!("{report}")),
        ["bench"] => bench::run(&root()),
        ["public-api"] => public_api::check(&root()).map(|report| println!("{report}")),
        ["release-check"] => release_check::run(&root()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: where `openapi.json` is.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
        .to_path_buf()
}
