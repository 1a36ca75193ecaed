//! `fluxa events resend`: one event, or all whose delivery has failed; and what came of it.

use std::time::Duration;

use fluxa_sdk::types::{ResendEvent, WebhookDelivery, WebhookDeliveryStatus};
use fluxa_sdk::{Client, contract};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::Instant;

use super::failed::{Failed, gather};
use super::{Context, check_id};
use crate::cli::ResendArguments;
use crate::connection;
use crate::error::{CliError, Kind, Result};
use crate::listen::filter::Filter;
use crate::raw_call::RawCall;
use crate::signals::interrupted;
use crate::ui::{Line, Tone};

/// How long to wait before the first look at whether an endpoint has answered, and at most.
const LOOKS: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

pub(super) async fn run(context: &Context, arguments: &ResendArguments) -> Result<()> {
    if let Some(endpoint) = &arguments.endpoint {
        check_id(
            endpoint,
            contract::prefix::WEBHOOK_ENDPOINT,
            "webhook endpoint id",
        )
        .map_err(|error| {
            let list = context.settings.suggested(&["webhook-endpoints", "list"]);
            error.hint(format!("`{list}` shows the ids"))
        })?;
    }
    let work = async {
        match (&arguments.id, &arguments.endpoint) {
            (Some(id), Some(endpoint)) => one(context, arguments, id, endpoint).await,
            _ => all(context, arguments).await,
        }
    };
    let done = tokio::select! {
        done = work => done,
        _ = interrupted() => Err(CliError::interrupted()),
    };
    context.ui.stop_bar();
    done
}

async fn one(
    context: &Context,
    arguments: &ResendArguments,
    id: &str,
    endpoint: &str,
) -> Result<()> {
    check_id(id, contract::prefix::EVENT, "event id")?;
    if arguments.dry_run {
        return request(id, endpoint).show(context);
    }
    let client = connection::client(&context.settings)?;
    context.confirm_live_write(
        &format!("send {id} to {endpoint} again"),
        &["events", "resend", id, "--endpoint", endpoint],
    )?;
    let delivery = send(&client, id, endpoint, arguments.timeout).await?;
    show(context, &delivery)?;
    match delivery.status {
        WebhookDeliveryStatus::Succeeded => Ok(()),
        WebhookDeliveryStatus::Pending => Err(unanswered(1)),
        _ => Err(CliError::endpoint(format!(
            "{endpoint} {}",
            answered(&delivery)
        ))),
    }
}

/// What came of all.
#[derive(Default)]
struct Tally {
    arrived: usize,
    failed: usize,
    unanswered: usize,
    /// Of another type than was asked for.
    skipped: usize,
}

async fn all(context: &Context, arguments: &ResendArguments) -> Result<()> {
    let filter = Filter::parse(&arguments.types)?;
    let client = connection::client(&context.settings)?;
    context.ui.spinner("looking for deliveries that failed");
    let since = match arguments.since {
        Some(since) => Some(since.moment(&client).await?.into()),
        None => None,
    };
    let found = gather(&client, arguments.endpoint.as_deref(), since).await?;
    context.ui.stop_bar();
    if found.is_empty() {
        context.ui.note(&Line::new().dim("no delivery has failed"));
        return Ok(());
    }
    if arguments.dry_run {
        for failed in &found {
            if is_wanted(&client, failed, &filter).await? {
                request(&failed.event, &failed.endpoint).show(context)?;
            }
        }
        return Ok(());
    }
    let what = format!("send up to {} events again", found.len());
    context.confirm_live_write(&what, &["events", "resend", "--failed"])?;
    context.ui.progress(found.len() as u64);
    let mut tally = Tally::default();
    let mut sent = futures_util::stream::iter(&found)
        .map(|failed| {
            let sent = again(&client, failed, &filter, arguments.timeout);
            async move { (failed, sent.await) }
        })
        .buffer_unordered(usize::from(arguments.concurrency.get()));
    while let Some((failed, outcome)) = sent.next().await {
        match outcome {
            Ok(None) => tally.skipped += 1,
            Ok(Some(delivery)) => {
                match delivery.status {
                    WebhookDeliveryStatus::Succeeded => tally.arrived += 1,
                    WebhookDeliveryStatus::Pending => tally.unanswered += 1,
                    _ => tally.failed += 1,
                }
                show(context, &delivery)?;
            }
            // Whoever may not do it once may not do it at all; and who is not there, is not there.
            Err(error) if matches!(error.kind, Kind::Auth | Kind::Network) => return Err(error),
            Err(error) => {
                tally.failed += 1;
                let Failed {
                    event, endpoint, ..
                } = failed;
                context.ui.warn(&format!("{event} → {endpoint}: {error}"));
            }
        }
        context.ui.step();
    }
    context.ui.stop_bar();
    sum_up(context, &tally)
}

fn sum_up(context: &Context, tally: &Tally) -> Result<()> {
    let Tally {
        arrived,
        failed,
        unanswered: late,
        skipped,
    } = *tally;
    let sent = arrived + failed + late;
    let mut line = Line::new().bold(format!("{sent} sent again"));
    line = line.text(format!(": {arrived} arrived"));
    for (number, what) in [(failed, "failed"), (late, "not answered yet")] {
        if number > 0 {
            line = line.push(Tone::Bad, format!(", {number} {what}"));
        }
    }
    if skipped > 0 {
        line = line.dim(format!("; {skipped} of other types"));
    }
    context.ui.note(&line);
    match (failed, late) {
        (0, 0) => Ok(()),
        (0, late) => Err(unanswered(late)),
        (failed, _) => Err(
            CliError::endpoint(format!("{failed} of {sent} failed again"))
                .hint("`fluxa webhook-endpoints deliveries ENDPOINT` shows what was answered"),
        ),
    }
}

fn unanswered(number: usize) -> CliError {
    let what = match number {
        1 => "1 delivery has".to_owned(),
        more => format!("{more} deliveries have"),
    };
    CliError::unmet(format!("{what} no answer yet")).hint("wait longer: --timeout 300")
}

/// Sends what has failed again; `None` when it is of no type that is wanted.
async fn again(
    client: &Client,
    failed: &Failed,
    filter: &Filter,
    timeout: Duration,
) -> Result<Option<WebhookDelivery>> {
    if !is_wanted(client, failed, filter).await? {
        return Ok(None);
    }
    send(client, &failed.event, &failed.endpoint, timeout)
        .await
        .map(Some)
}

/// Whether an event is of a type that is asked for.
async fn is_wanted(client: &Client, failed: &Failed, filter: &Filter) -> Result<bool> {
    if filter.patterns().is_empty() {
        return Ok(true);
    }
    let event = client
        .raw("GET", &format!("/events/{}", failed.event))
        .await?;
    Ok(filter.wants(event["type"].as_str().unwrap_or_default()))
}

/// Returns the request that sends an event again, to be shown.
fn request(event: &str, endpoint: &str) -> RawCall {
    let words = ["events", "resend", event, "--endpoint", endpoint];
    RawCall {
        body: Some(json!({ "endpoint": endpoint })),
        ..RawCall::new(
            "POST",
            format!("/events/{event}/resend"),
            words.map(str::to_owned).into(),
        )
    }
}

/// Sends an event, and waits until the endpoint has answered, or for so long.
async fn send(
    client: &Client,
    event: &str,
    endpoint: &str,
    timeout: Duration,
) -> Result<WebhookDelivery> {
    let resent = client.events().resend(event, ResendEvent::new(endpoint));
    let mut delivery = resent.await?.into_inner();
    let deadline = Instant::now() + timeout;
    let [mut pause, longest] = LOOKS;
    while delivery.status == WebhookDeliveryStatus::Pending && Instant::now() < deadline {
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
        let attempts = client.webhook_endpoints().deliveries(endpoint).event(event);
        let attempts = attempts.limit(contract::LIST_LIMIT_MAX).await?.into_inner();
        let same = |attempt: &WebhookDelivery| attempt.id == delivery.id;
        match attempts.data.into_iter().find(same) {
            Some(attempt) => delivery = attempt,
            None => return Ok(delivery),
        }
    }
    Ok(delivery)
}

fn answered(delivery: &WebhookDelivery) -> String {
    match (delivery.response_status, &delivery.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(error)) => format!("did not answer: {error}"),
        (None, None) => delivery.status.to_string(),
    }
}

fn show(context: &Context, delivery: &WebhookDelivery) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(delivery);
    }
    let tone = match delivery.status {
        WebhookDeliveryStatus::Succeeded => Tone::Good,
        WebhookDeliveryStatus::Pending => Tone::Warn,
        _ => Tone::Bad,
    };
    context.ui.line(
        &Line::new()
            .bold(&delivery.id)
            .text(format!("  {} → {}  ", delivery.event, delivery.endpoint))
            .push(tone, answered(delivery)),
    )
}
