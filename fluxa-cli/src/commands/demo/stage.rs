//! Owns what the demo shows, and what it insists on: every webhook expected must come, verified.

use std::time::{Duration, Instant};

use fluxa_sdk::types::EventType;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::merchant::Receipt;
use crate::error::{CliError, Result};
use crate::listen::report::short;
use crate::ui::{Line, Tone, Ui};

/// How long an expected webhook may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Shows the story and keeps count.
pub(super) struct Stage<'a> {
    ui: &'a Ui,
    started: Instant,
    receipts: mpsc::UnboundedReceiver<Receipt>,
    /// Type and object of every webhook verified.
    seen: Vec<(String, String)>,
    pub(super) states: Vec<String>,
    pub(super) verified: usize,
    pub(super) duplicates: usize,
}

impl<'a> Stage<'a> {
    pub(super) fn new(ui: &'a Ui, receipts: mpsc::UnboundedReceiver<Receipt>) -> Self {
        Self {
            ui,
            started: Instant::now(),
            receipts,
            seen: Vec::new(),
            states: Vec::new(),
            verified: 0,
            duplicates: 0,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows the title, and who plays.
    pub(super) fn open(&self, sandbox: &str, merchant: &str, pace: f64) -> Result<()> {
        if self.ui.is_json() {
            return self.ui.json(
                &json!({ "type": "start", "sandbox": sandbox, "merchant": merchant, "pace": pace }),
            );
        }
        let role = |name: &str, where_: &str, what: &str| {
            Line::new()
                .text("  ")
                .column(Tone::Dim, name, 10)
                .column(Tone::Accent, where_, 44)
                .dim(what)
        };
        self.ui.lines(&[
            Line::new(),
            Line::new()
                .text("  ")
                .bold("fluxa demo")
                .dim("  a card payment's whole life, on this machine"),
            Line::new(),
            role(
                "sandbox",
                sandbox,
                &format!("its clock runs {pace:.0}× as fast"),
            ),
            role("merchant", merchant, "verifies every webhook with the SDK"),
        ])
    }

    /// Starts a chapter.
    pub(super) fn chapter(&self, title: &str) -> Result<()> {
        if self.ui.is_json() {
            return self.ui.json(&json!({ "type": "chapter", "title": title }));
        }
        self.ui
            .lines(&[Line::new(), Line::new().text("  ").bold(title)])
    }

    /// Shows a call of the API.
    pub(super) fn call(&self, call: &str, object: &str, note: &str) -> Result<()> {
        if self.ui.is_json() {
            return self.ui.json(&json!({
                "type": "call", "call": call, "object": object, "note": note,
                "elapsed_ms": self.elapsed_ms(),
            }));
        }
        self.ui.line(
            &self
                .stamped()
                .push(Tone::Accent, "→ ")
                .text(call)
                .text("  ")
                .bold(object)
                .text("  ")
                .dim(note),
        )
    }

    /// Waits until each of these webhooks has come for its object, showing all that come.
    ///
    /// # Errors
    /// Unmet: one did not come in time, or one that came was not genuine.
    pub(super) async fn expect(&mut self, expected: &[(EventType, &str)]) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let missing = expected.iter().find(|(event_type, object)| {
                !self
                    .seen
                    .iter()
                    .any(|(seen, about)| seen == event_type.as_str() && about == object)
            });
            let Some((event_type, object)) = missing else {
                return Ok(());
            };
            let receipt = tokio::time::timeout_at(deadline, self.receipts.recv()).await;
            match receipt {
                Ok(Some(receipt)) => self.receive(receipt)?,
                Ok(None) | Err(_) => {
                    let wanted = if object.is_empty() { "" } else { " for " };
                    return Err(CliError::unmet(format!(
                        "the webhook {event_type}{wanted}{object} did not arrive"
                    )));
                }
            }
        }
    }

    fn receive(&mut self, receipt: Receipt) -> Result<()> {
        match receipt {
            Receipt::Refused { reason } => Err(CliError::unmet(format!(
                "the merchant refused a webhook: {reason}"
            ))),
            Receipt::Duplicate => {
                self.duplicates += 1;
                Ok(())
            }
            Receipt::Verified {
                body,
                event,
                event_type,
            } => {
                self.verified += 1;
                let content: Value = serde_json::from_slice(&body)
                    .map_err(|error| CliError::unmet(format!("{event} is no JSON: {error}")))?;
                let text = |pointer| content.pointer(pointer).and_then(Value::as_str);
                let object = text("/data/object/id").unwrap_or_default().to_owned();
                self.show(&event, &event_type, &object, &content)?;
                // An object's id is not always known beforehand (a settlement's): wildcard.
                self.seen.push((event_type.clone(), String::new()));
                self.seen.push((event_type, object));
                Ok(())
            }
        }
    }

    fn show(&mut self, event: &str, event_type: &str, object: &str, content: &Value) -> Result<()> {
        let text = |pointer| content.pointer(pointer).and_then(Value::as_str);
        let is_payment = text("/data/object/object") == Some("payment");
        let state = text("/data/object/state").filter(|_| is_payment);
        if let Some(state) = state
            && !self.states.iter().any(|known| known == state)
        {
            self.states.push(state.to_owned());
        }
        if self.ui.is_json() {
            return self.ui.json(&json!({
                "type": "webhook", "event": event, "event_type": event_type, "object": object,
                "state": state, "previous_state": text("/data/previous_state"),
                "verified": true, "elapsed_ms": self.elapsed_ms(),
            }));
        }
        let (dot, tone) = match state {
            None => ("·", Tone::Dim),
            Some("FAILED") => ("●", Tone::Bad),
            Some("REFUNDED") => ("●", Tone::Warn),
            Some("SETTLED") => ("●", Tone::Good),
            Some(_) => ("●", Tone::Accent),
        };
        let mut line = self
            .stamped()
            .push(tone, dot)
            .text(" ")
            .column(tone, state.unwrap_or_default(), 17)
            .column(Tone::Plain, event_type, 27)
            .column(Tone::Dim, event, 21)
            .push(Tone::Good, "✓ signature");
        if let Some(detail) = detail(content, state) {
            line = line.text("  ").dim(detail);
        }
        self.ui.line(&line)
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        crate::listen::millis(self.elapsed())
    }

    fn stamped(&self) -> Line {
        Line::new().dim(format!("  {:>7}  ", short(self.elapsed())))
    }
}

/// What is worth saying about this moment of a payment.
fn detail(content: &Value, state: Option<&str>) -> Option<String> {
    let object = content.pointer("/data/object")?;
    let text = |name: &str| object[name].as_str().map(str::to_owned);
    match state {
        Some("FAILED") => text("failure_code"),
        Some("SETTLED") => text("settlement_reference"),
        Some("REFUNDED") => object["amount_refunded"]
            .as_i64()
            .map(|amount| pounds(amount) + " back"),
        _ => None,
    }
}

/// Returns minor units of GBP as people write them.
pub(super) fn pounds(amount_minor: i64) -> String {
    format!("£{}.{:02}", amount_minor / 100, amount_minor % 100)
}
