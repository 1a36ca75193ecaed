//! `fluxa open`: an address in the browser.

use fluxa_sdk::{Client, contract};
use serde_json::{Value, json};
use url::Url;

use super::Context;
use crate::cli::OpenArguments;
use crate::connection;
#[cfg(unix)]
use crate::env;
use crate::error::{CliError, Result};
use crate::suggest;
use crate::ui::Line;

/// Where the inspector of a sandbox is.
const INSPECTOR: &str = "/_mock/";

pub(crate) async fn run(context: &Context, arguments: OpenArguments) -> Result<()> {
    let address = address(context, arguments.what.as_deref()).await?;
    if context.ui.is_json() {
        context.ui.json(&json!({ "url": address.as_str() }))?;
    } else {
        context.ui.line(&Line::new().text(address.as_str()))?;
    }
    if arguments.print || context.ui.is_json() {
        return Ok(());
    }
    browse(&address).map_err(|error| {
        CliError::failure(format!("no browser could be opened: {error}"))
            .hint("open the address yourself; --print asks for no browser")
    })
}

/// Opens the browser. Its own messages are not ours, and it may outlive us. Neither it nor what it
/// starts is looked for in the working directory, whatever `PATH` says.
#[cfg(unix)]
fn browse(address: &Url) -> std::io::Result<()> {
    use std::io::ErrorKind;
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    for mut command in open::commands(address.as_str()) {
        command
            .env("PATH", env::absolute_search_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            started => return started.map(drop),
        }
    }
    let none = "neither xdg-open nor another program that would is there";
    Err(std::io::Error::new(ErrorKind::NotFound, none))
}

#[cfg(not(unix))]
fn browse(address: &Url) -> std::io::Result<()> {
    open::that_detached(address.as_str())
}

async fn address(context: &Context, what: Option<&str>) -> Result<Url> {
    let local = connection::is_local(&context.settings.api_base);
    match what {
        None if local => inspector(context, ""),
        None | Some("docs") => docs(""),
        Some("inspector") if local => inspector(context, ""),
        Some("inspector") => Err(CliError::usage(
            "only a sandbox on this machine has an inspector",
        )
        .hint("add --mock, or name the sandbox with --api-base")),
        Some(id) if id.starts_with(contract::prefix::CHECKOUT_SESSION) => {
            let client = connection::client(&context.settings)?;
            session(&client, id)
                .await
                .map_err(connection::with_reach_hint(&context.settings))
        }
        Some(id) if is_id(id) && local => inspector(context, &format!("ui/go?q={id}")),
        Some(id) if is_id(id) => Err(CliError::usage(format!("{id} has no page"))
            .hint("checkout sessions have one; a sandbox on this machine shows the others")),
        Some(code) if is_code(code) => docs(code),
        Some(other) => {
            let error = CliError::usage(format!("`{other}` is no page, no id and no error code"));
            Err(match suggest::closest(other, ["docs", "inspector"]) {
                Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                None => error.hint("try docs, inspector, chk_…, or the code of an error"),
            })
        }
    }
}

fn docs(page: &str) -> Result<Url> {
    parse(&format!("{}/{page}", contract::DOC_BASE_URL))
}

fn inspector(context: &Context, rest: &str) -> Result<Url> {
    let base = Url::parse(&context.settings.api_base)
        .map_err(|error| CliError::usage(format!("the base URL: {error}")))?;
    base.join(&format!("{INSPECTOR}{rest}"))
        .map_err(|error| CliError::failure(error.to_string()))
}

/// The page to pay on, as the session has it. Nothing but a web page is opened.
async fn session(client: &Client, id: &str) -> Result<Url> {
    super::check_id(
        id,
        contract::prefix::CHECKOUT_SESSION,
        "checkout session id",
    )?;
    let path = format!("/checkout/sessions/{id}");
    let session: Value = client.raw("GET", &path).await?.into_inner();
    let url = parse(session["url"].as_str().unwrap_or_default())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(CliError::failure(format!("{url} is no web page"))),
    }
}

fn parse(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| CliError::failure(format!("`{text}` is no address: {error}")))
}

fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, rest)| {
        (2..=4).contains(&prefix.len())
            && rest.len() == 16
            && rest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// All codes are of several words, without digits: others are misspelt pages and ids cut short.
fn is_code(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
