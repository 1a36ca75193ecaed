//! `fluxa <noun> <verb>`: every operation of the contract.
//!
//! Answers are passed on as they came: a field that this version does not know is not dropped.

mod list;
mod read;
mod show;
mod stream;

use fluxa_sdk::{Client, contract};

use super::{Context, whoami};
use crate::cli::{ResourceCommand, SecretOptions, argument};
use crate::connection;
use crate::error::{CliError, Result};
use crate::issued::Issued;
use crate::json_text::JsonText;
use crate::operations::{Field, Operation};
use crate::raw_call::{Answer, RawCall};
use crate::suggest;
use crate::ui::Line;
pub(super) use show::stakes;

/// What to do about a success that the API does not answer.
pub(super) const NOT_THE_API: &str =
    "is the base URL that of the API? something else may answer there";

pub(crate) async fn run(context: &Context, command: ResourceCommand) -> Result<()> {
    let operation = command.operation;
    let call = read::call(&command, context)?;
    if call.options.dry_run {
        return call.show(context);
    }
    let as_csv = operation.csv && command.matches.get_flag(argument::CSV);
    if as_csv && context.ui.is_json() {
        return Err(CliError::usage("--csv is no JSON").hint("leave it out, or add --output human"));
    }
    let client = connection::client(&context.settings)?;
    confirm(context, &client, &command, &call).await?;
    let done = if operation.streaming {
        stream::run(context, &client, &call).await
    } else if as_csv {
        let answer = call.send(context, &client).await;
        answer.and_then(|csv| super::print_lines(context, &csv))
    } else if operation.issues {
        let options: SecretOptions = read::options(&command.matches)?;
        let answer = call.send(context, &client).await;
        answer.and_then(|answer| Issued::take(context, &answer, &options))
    } else if operation.columns.is_empty() {
        one(context, &client, &call).await
    } else {
        list::run(context, &client, call, &command).await
    };
    done.map_err(|error| with_flag(operation, error))
}

/// Asks before what cannot be undone, and before any change with a live key.
async fn confirm(
    context: &Context,
    client: &Client,
    command: &ResourceCommand,
    call: &RawCall,
) -> Result<()> {
    let operation = command.operation;
    // The SDK refuses a step of the sandbox with a live key: nothing to ask about.
    let of_sandbox = operation.path.starts_with(contract::SANDBOX_PATH);
    if call.reads() || (of_sandbox && context.settings.is_live()) {
        return Ok(());
    }
    let words = call.words();
    let id = command.matches.try_get_one::<String>(argument::ID);
    let doing = match id.ok().flatten() {
        Some(id) => format!("{} ({id})", lower_first(operation.summary)),
        None => lower_first(operation.summary),
    };
    match operation.destructive && !context.settings.is_live() {
        true => context.confirm(&format!("Really {doing}?"), &words),
        false => {
            let stakes = stakes(call.body.as_ref());
            let account = whoami::asked_about(context, client).await;
            context.confirm_live_write(&format!("{doing}{stakes}{account}"), &words)
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

/// Sends a call whose answer is one object.
async fn one(context: &Context, client: &Client, call: &RawCall) -> Result<()> {
    let answer = call.send(context, client).await?;
    answer.told(context, print(context, &answer))
}

fn print(context: &Context, answer: &Answer<'_>) -> Result<()> {
    let object = parse(answer)?;
    if context.ui.is_json() {
        context.ui.json(&object)?;
    } else {
        context.ui.lines(&show::block(&object))?;
    }
    if answer.idempotent_replayed() {
        let said = "the answer of the first call with this idempotency key: nothing was done again";
        context.ui.note(&Line::new().dim(said));
    }
    Ok(())
}

/// Reads an answer: one object, as every answer of the API is.
fn parse(text: &str) -> Result<JsonText> {
    let what = match JsonText::parse(text) {
        Ok(object @ JsonText::Object(_)) => return Ok(object),
        Ok(_) => "the answer is no object",
        Err(_) => "the answer is no JSON",
    };
    Err(CliError::network(what).hint(NOT_THE_API))
}

/// Names the flag that a parameter came from.
fn with_flag(operation: &Operation, error: CliError) -> CliError {
    let param = error.api.as_ref().and_then(|api| api.param.clone());
    let (Some(param), None) = (param, &error.hint) else {
        return error;
    };
    let is = |field: &&Field| {
        // What is wrong may be inside of a list or of metadata.
        let inside = param.strip_prefix(field.name);
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let mut fields = operation.body.iter().chain(operation.query);
    let flag = match fields.find(is) {
        Some(field) => format!("--{}", field.flag),
        None if param.starts_with("expand") && !operation.expand.is_empty() => {
            "--expand".to_owned()
        }
        None if param == "id" && operation.identified.is_some() => "the id".to_owned(),
        None => {
            let known = operation.body.iter().map(|field| field.name);
            return match suggest::closest(&param, known) {
                Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                None => error,
            };
        }
    };
    match (flag.as_str(), operation.expand) {
        ("--expand", [_, ..]) => error.hint(format!(
            "--expand takes {} here",
            operation.expand.join(", ")
        )),
        _ => error.hint(format!("check {flag}")),
    }
}
