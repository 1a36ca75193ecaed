//! `fluxa webhook-endpoints rotate-secret`: a new signing secret in the place of an old one. Cut off
//! anywhere, the same command finishes it, with the same new secret.
//!
//! A second rotation instead would end the secret that the server still has.

use std::cell::Cell;

use fluxa_sdk::Client;
use serde_json::{Value, json};

use super::Context;
use super::keys::journal::{Journal, Rotation, is_over};
use crate::cli::SecretOptions;
use crate::error::Result;
use crate::issued::Issued;
use crate::raw_call::RawCall;

/// The field of the request, and what it is where it is left out.
const GRACE: &str = "grace_seconds";
const DEFAULT_GRACE_SECONDS: u64 = 86_400;

/// Makes the call, noted before so that it can be finished.
pub(super) async fn rotate_secret(
    context: &Context,
    client: &Client,
    mut call: RawCall,
    id: &str,
    options: &SecretOptions,
) -> Result<()> {
    let settings = &context.settings;
    let journal = Journal {
        directory: settings.directory()?,
        api_base: &settings.api_base,
        ui: &context.ui,
    };
    let unfinished = journal.unfinished()?.remove(id);
    let noted = unfinished
        .as_ref()
        .map(|rotation| &rotation.idempotency_key);
    if call.idempotency_key.is_some() && call.idempotency_key.as_ref() != noted {
        // Whoever has the idempotency key can finish it by that.
        let answer = call.send(context, client).await?;
        return Issued::take(context, &answer, options);
    }
    let began_before = unfinished.is_some();
    let rotation = match unfinished {
        Some(rotation) => {
            let begun = rotation.begun_at.strftime("%Y-%m-%d %H:%M:%SZ");
            context.ui.warn(&format!(
                "a rotation of {id} was begun at {begun} and cut off: this finishes it"
            ));
            rotation
        }
        None => {
            let typed = call
                .body
                .as_ref()
                .and_then(|body| body.get(GRACE)?.as_u64());
            let rotation = Rotation::new(typed.unwrap_or(DEFAULT_GRACE_SECONDS), None, None);
            journal
                .begin(id, rotation)
                .map_err(|error| error.context("nothing was rotated"))?
        }
    };
    let body = call.body.get_or_insert_with(|| json!({}));
    body[GRACE] = Value::from(rotation.grace_seconds);
    call.idempotency_key = Some(rotation.idempotency_key);

    let over = Cell::new(false);
    let answer = call
        .send_or(context, client, |error| {
            over.set(is_over(error, began_before));
            Ok(())
        })
        .await;
    if over.get() {
        journal.end(id)?;
    }
    Issued::take(context, &answer?, options)?;
    // The new secret has arrived: at the worst it is handed over twice.
    if let Err(error) = journal.end(id) {
        context.ui.warn(&format!("{error}"));
    }
    Ok(())
}
