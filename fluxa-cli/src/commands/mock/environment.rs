//! Owns what programs need to use the sandbox: printed for a shell, or given to a command. The key
//! goes by the environment alone, never by an argument, which other users of the machine can see.

use std::ffi::OsString;
use std::net::SocketAddr;

use serde_json::json;

use super::well_known_key;
use crate::cli::EnvForm;
use crate::commands::Context;
use crate::env;
use crate::error::{CliError, Result};
use crate::listen::child::Companion;
use crate::signals::{Stop, interrupted};
use crate::ui::Line;

/// Returns the variables of a sandbox.
fn variables(base_url: &str) -> [(&'static str, String); 2] {
    [
        (env::API_BASE, base_url.to_owned()),
        (env::SECRET_KEY, well_known_key()),
    ]
}

/// Prints the variables of the sandbox at an address.
pub(super) fn print(context: &Context, address: SocketAddr, form: EnvForm) -> Result<()> {
    if address.port() == 0 {
        return Err(CliError::usage(
            "--print-env: with port 0 nobody knows the port before it is taken",
        )
        .hint("name a port; or run the command with it: `fluxa mock -- CMD`"));
    }
    let variables = variables(&format!("http://{address}/v1"));
    if form == EnvForm::Json || context.ui.is_json() {
        let fields = variables.iter();
        let fields: serde_json::Map<_, _> = fields
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        return context.ui.json(&fields);
    }
    for (name, value) in &variables {
        // None of the values has a character that a shell knows; quotes are for the eye.
        let line = match form {
            EnvForm::Sh => format!("export {name}='{value}'"),
            EnvForm::Fish => format!("set -gx {name} '{value}'"),
            EnvForm::Powershell => format!("$env:{name} = '{value}'"),
            EnvForm::Dotenv | EnvForm::Github | EnvForm::Json => format!("{name}={value}"),
        };
        context.ui.line(&Line::new().text(line))?;
    }
    Ok(())
}

/// Runs a command with the variables in its environment. Returns its status.
///
/// # Errors
/// Failure when it cannot be started; interrupted when somebody asked for the end, once the command
/// has ended too.
pub(super) async fn exec(command: &[OsString], base_url: &str) -> Result<u8> {
    let variables = variables(base_url);
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let stop = interrupted();
    let mut companion = Companion::default();
    companion.start(command, &variables, false)?;
    let stop = tokio::select! {
        status = companion.ended() => return status,
        stop = stop => stop,
    };
    match stop {
        Stop::Interrupted => {
            companion.interrupted().await;
            Err(CliError::interrupted())
        }
        Stop::Terminated => {
            companion.end().await;
            companion.ended().await
        }
    }
}
