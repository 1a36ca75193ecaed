//! Owns what the inspector's buttons do: a form comes in, the same code runs as behind the API and the
//! control plane, and the browser is led back by a GET.

use super::view::{Asked, HOME, way_back};
use super::{see_other, shell};
use crate::domain::delivery;
use crate::domain::error::{DomainError, Kind};
use crate::domain::payment::PaymentState;
use crate::domain::payment_flow;
use crate::domain::seed::SeedPlan;
use crate::domain::webhook_endpoint::{self, UpdateWebhookEndpoint};
use crate::http::{Account, ClockOrder};
use crate::sandbox::Sandbox;
use crate::store::{Origin, Tx};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A form of the inspector is a few short fields.
const FORM_CAP: usize = 16 * 1024;

/// What a form sent.
struct Form(Vec<(String, String)>);

impl Form {
    async fn read(body: Body, limit: Duration) -> Result<Self, DomainError> {
        let malformed = || DomainError::invalid("body_malformed", "The form did not arrive whole.");
        let reading = axum::body::to_bytes(body, FORM_CAP);
        let bytes = tokio::time::timeout(limit, reading)
            .await
            .map_err(|_| malformed())?
            .map_err(|_| malformed())?;
        let fields = url::form_urlencoded::parse(&bytes).into_owned();
        Ok(Self(fields.collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, DomainError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                let message = format!("The form lacks {name}.");
                DomainError::invalid("parameter_missing", message).about(name)
            })
    }
}

/// Carries out an action and leads back to where it was asked for.
pub(super) async fn carry_out(
    Extension(sandbox): Account,
    Path(action): Path<String>,
    request: Request,
) -> Response {
    let asked = Asked::new(request.uri());
    let form = match Form::read(request.into_body(), sandbox.config.body_timeout).await {
        Ok(form) => form,
        Err(error) => return shell::bare(&asked, None, &error),
    };
    let back = way_back(form.get("back")).to_owned();
    let done = match action.as_str() {
        "advance_payment" => advance_payment(&sandbox, &form).await,
        "resend" => resend(&sandbox, &form).await,
        "endpoint_status" => endpoint_status(&sandbox, &form).await,
        "clock" => clock(&sandbox, &form).await,
        "remove_fault" | "clear_faults" => remove_faults(&sandbox, &form).await,
        "fill" => fill(&sandbox).await,
        "reset" => reset(&sandbox, &form).await,
        _ => {
            let message = format!("The inspector has no action {action}.");
            Err(DomainError::new(Kind::NotFound, "route_missing", message))
        }
    };
    match done {
        // What the page was about is gone.
        Ok("reset") => see_other(&asked.href_with(HOME, &[("said", "reset")])),
        Ok(said) => {
            let separator = if back.contains('?') { '&' } else { '?' };
            see_other(&format!("{back}{separator}said={said}"))
        }
        Err(error) => shell::bare(&asked, Some(&back), &error),
    }
}

async fn run(
    sandbox: &Sandbox,
    work: impl FnOnce(&Tx<'_>) -> Result<(), DomainError> + Send + 'static,
) -> Result<(), DomainError> {
    sandbox.store.run(Origin::default(), work).await
}

/// A word of a form as the type that the API reads it into.
fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, DomainError> {
    serde_json::from_value(value)
        .map_err(|_| DomainError::parameter(name, format!("This is no {name}.")))
}

async fn advance_payment(sandbox: &Sandbox, form: &Form) -> Result<&'static str, DomainError> {
    let id = form.required("id")?.to_owned();
    let to: PaymentState = read("to", form.required("to")?.into())?;
    run(sandbox, move |tx| {
        payment_flow::advance(tx, &id, to).map(|_| ())
    })
    .await?;
    Ok("advanced")
}

async fn resend(sandbox: &Sandbox, form: &Form) -> Result<&'static str, DomainError> {
    let event = form.required("event")?.to_owned();
    let endpoint = form.required("endpoint")?.to_owned();
    run(sandbox, move |tx| {
        delivery::resend(tx, &event, &endpoint).map(|_| ())
    })
    .await?;
    Ok("resent")
}

async fn endpoint_status(sandbox: &Sandbox, form: &Form) -> Result<&'static str, DomainError> {
    let id = form.required("id")?.to_owned();
    let said = match form.required("status")? {
        "enabled" => "enabled",
        "disabled" => "disabled",
        _ => {
            let message = "status is enabled or disabled.";
            return Err(DomainError::parameter("status", message));
        }
    };
    let change: UpdateWebhookEndpoint = read("status", json!({ "status": said }))?;
    run(sandbox, move |tx| {
        webhook_endpoint::update(tx, &id, change)?;
        // Pages that show the endpoint look again.
        tx.mark_changed();
        Ok(())
    })
    .await?;
    Ok(said)
}

async fn clock(sandbox: &Arc<Sandbox>, form: &Form) -> Result<&'static str, DomainError> {
    let number = |name: &str| {
        form.get(name)
            .map(|text| {
                text.parse::<u32>()
                    .map_err(|_| DomainError::parameter(name, format!("{name} is a whole number.")))
            })
            .transpose()
    };
    let mut advance = number("seconds")?.map(|seconds| Duration::from_secs(seconds.into()));
    if form.get("until") == Some("next") {
        let left: Result<Option<i64>, DomainError> = sandbox
            .store
            .run(Origin::default(), |tx| {
                let next = tx.next_timer()?;
                Ok(next.map(|timer| timer.due.millis() - tx.now().millis()))
            })
            .await;
        match left? {
            None => return Ok("idle"),
            // What is due already fires without the clock being moved.
            Some(left) => {
                advance = Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
            }
        }
    }
    let pace = number("pace")?.map(f64::from);
    let pace = pace.map(crate::clock::check_pace).transpose();
    let pace = pace.map_err(|message| DomainError::parameter("pace", message))?;
    let order = ClockOrder { pace, advance };
    order.carry_out(Arc::clone(sandbox)).await?;
    Ok("clock")
}

/// Takes one fault away, or all when none is named.
async fn remove_faults(sandbox: &Sandbox, form: &Form) -> Result<&'static str, DomainError> {
    let id = form.get("id").map(str::to_owned);
    run(sandbox, move |tx| {
        match &id {
            // One that is gone already is gone.
            Some(id) => drop(tx.faults().remove(id)),
            None => drop(tx.faults().clear()),
        }
        tx.mark_changed();
        Ok(())
    })
    .await?;
    Ok("faults")
}

/// Fills an empty sandbox with a made-up merchant.
async fn fill(sandbox: &Arc<Sandbox>) -> Result<&'static str, DomainError> {
    run(sandbox, |tx| {
        if crate::events::position(tx, None)? == 0 {
            return Ok(());
        }
        let message = "The sandbox is not empty: reset it first.";
        Err(DomainError::state_conflict(message))
    })
    .await?;
    let sandbox = Arc::clone(sandbox);
    let done = tokio::spawn(async move { sandbox.seed(SeedPlan::new()).await }).await;
    done.unwrap_or_else(|error| Err(DomainError::internal(error)))?;
    Ok("filled")
}

async fn reset(sandbox: &Arc<Sandbox>, form: &Form) -> Result<&'static str, DomainError> {
    if form.get("confirm") != Some("yes") {
        let message = "A reset deletes everything: confirm it.";
        return Err(DomainError::invalid("parameter_missing", message).about("confirm"));
    }
    let sandbox = Arc::clone(sandbox);
    // Carried through even if the browser goes away meanwhile.
    let done = tokio::spawn(async move { sandbox.reset().await }).await;
    done.unwrap_or_else(|error| Err(DomainError::internal(error)))?;
    Ok("reset")
}
