//! `fluxa status`: how the API is, and what is set up in the account, on one screen.

use std::future::IntoFuture;
use std::time::Duration;

use fluxa_sdk::{Call, Response, contract};
use serde_json::{Value, json};

use super::Context;
use crate::connection;
use crate::error::{CliError, Kind, Result};
use crate::ui::{Line, Table, Tone};

/// How long the API has for each answer: one that takes longer is the answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(context: &Context) -> Result<()> {
    let client = connection::client(&context.settings)?;
    let reach = connection::with_reach_hint(&context.settings);
    let live = context.settings.is_live();
    context.ui.spinner("asking the API");
    let (status, merchant, endpoints, clock) = tokio::join!(
        get(client.raw("GET", "/status")),
        get(client.raw("GET", "/merchant")),
        get(client
            .raw("GET", "/webhook_endpoints")
            .query("limit", contract::LIST_LIMIT_MAX)),
        async {
            match live {
                true => Ok(None),
                false => get(client.raw("GET", "/sandbox/clock")).await,
            }
        },
    );
    context.ui.stop_bar();
    let status = status.map_err(&reach)?.unwrap_or_default();
    let (merchant, endpoints) = (merchant.map_err(&reach)?, endpoints.map_err(&reach)?);
    let clock = clock.map_err(&reach)?;
    let endpoints = endpoints.and_then(|mut list| list["data"].as_array_mut().map(std::mem::take));
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "api_base": context.settings.api_base, "mode": mode(live), "status": status,
            "merchant": merchant, "sandbox_clock": clock, "webhook_endpoints": endpoints,
        }));
    }
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or("unknown").to_owned();
    let health = |health: &str| match health {
        "operational" => Tone::Good,
        _ => Tone::Bad,
    };
    let head = |name: &str| Line::new().column(Tone::Dim, name, 10);
    let overall = text(&status, "overall");
    let services = status["services"].as_array().cloned().unwrap_or_default();
    let mut lines = vec![
        head("api")
            .push(health(&overall), &overall)
            .dim(format!("  {}", context.settings.api_base)),
    ];
    for service in services {
        let health_of_it = text(&service, "status");
        if health_of_it != overall {
            let name = format!("{} ", text(&service, "name"));
            lines.push(
                head("")
                    .text(name)
                    .push(health(&health_of_it), health_of_it),
            );
        }
    }
    lines.push(match &merchant {
        Some(merchant) => head("account")
            .bold(text(merchant, "name"))
            .text(format!("  KYB {}", text(merchant, "kyb_status")))
            .dim(format!("  {}", text(merchant, "id"))),
        None => head("account").dim("not for this key to see"),
    });
    lines.push(match live {
        true => head("mode").push(Tone::Bad, "live: real money"),
        false => head("mode").text("test"),
    });
    if let Some(clock) = &clock {
        let pace = match clock["mode"].as_str() {
            Some("real") | None => "real time".to_owned(),
            Some("frozen") => "frozen".to_owned(),
            Some(_) => format!("× {}", clock["pace"]),
        };
        lines.push(
            head("clock")
                .text(text(clock, "now"))
                .text(format!("  {pace}"))
                .dim(format!("  {} timers wait", clock["pending_timers"])),
        );
    }
    context.ui.lines(&lines)?;
    match endpoints.as_deref() {
        None => context
            .ui
            .line(&head("webhooks").dim("not for this key to see")),
        Some([]) => context.ui.line(&head("webhooks").dim("no endpoints")),
        Some(endpoints) => {
            let mut table = Table::new(["WEBHOOKS TO", "EVENTS", "STATUS", "ID"]);
            for endpoint in endpoints {
                let events = endpoint["events"].as_array().map_or(0, Vec::len);
                let state = text(endpoint, "status");
                let tone = if state == "enabled" {
                    Tone::Good
                } else {
                    Tone::Warn
                };
                table.row([
                    (Tone::Bold, text(endpoint, "url")),
                    (
                        Tone::Plain,
                        if events == 0 {
                            "all".into()
                        } else {
                            events.to_string()
                        },
                    ),
                    (tone, state),
                    (Tone::Dim, text(endpoint, "id")),
                ]);
            }
            context.ui.lines(&table.lines())
        }
    }
}

/// Returns what is there; `None` when the key may not see it.
async fn get<P>(call: Call<Value, P>) -> Result<Option<Value>>
where
    Call<Value, P>: IntoFuture<Output = Result<Response<Value>, fluxa_sdk::Error>>,
{
    match call.timeout(PATIENCE).await {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(error) => match CliError::from(error) {
            error if error.kind == Kind::Auth && error.api_status() == Some(403) => Ok(None),
            error => Err(error),
        },
    }
}

fn mode(live: bool) -> &'static str {
    if live { "live" } else { "test" }
}
