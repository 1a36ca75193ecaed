//! Owns what the demo shows, and what it insists on: every webhook expected must come, verified.

use std::collections::HashSet;
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
    /// Ids of the events verified.
    events: HashSet<String>,
    pub(super) states: Vec<String>,
    /// Every webhook that came, genuine or not.
    pub(super) arrived: usize,
    /// Those of them whose signature verified; duplicates are genuine too.
    pub(super) verified: usize,
    /// Why the last one that did not verify was refused.
    refusal: Option<String>,
    pub(super) duplicates: usize,
}

impl<'a> Stage<'a> {
    pub(super) fn new(ui: &'a Ui, receipts: mpsc::UnboundedReceiver<Receipt>) -> Self {
        Self {
            ui,
            started: Instant::now(),
            receipts,
            seen: Vec::new(),
            events: HashSet::new(),
            states: Vec::new(),
            arrived: 0,
            verified: 0,
            refusal: None,
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
            if !self.receive_before(deadline).await? {
                let wanted = if object.is_empty() { "" } else { " for " };
                return Err(CliError::unmet(format!(
                    "the webhook {event_type}{wanted}{object} did not arrive"
                )));
            }
        }
    }

    /// Waits until the webhook of each of these events has come, showing all that come.
    ///
    /// # Errors
    /// Unmet: one did not come in time, or one that came was not genuine.
    pub(super) async fn expect_events(&mut self, expected: &[String]) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while let Some(missing) = expected.iter().find(|id| !self.events.contains(*id)) {
            if !self.receive_before(deadline).await? {
                return Err(CliError::unmet(format!(
                    "the webhook of {missing} did not arrive"
                )));
            }
        }
        Ok(())
    }

    /// Takes what came without being waited for.
    ///
    /// # Errors
    /// Unmet: not all that ever came was genuine.
    pub(super) fn finish(&mut self) -> Result<()> {
        while let Ok(receipt) = self.receipts.try_recv() {
            self.receive(receipt)?;
        }
        self.all_verified()
    }

    /// Takes the next webhook; false when none comes in time.
    async fn receive_before(&mut self, deadline: tokio::time::Instant) -> Result<bool> {
        match tokio::time::timeout_at(deadline, self.receipts.recv()).await {
            Ok(Some(receipt)) => {
                self.receive(receipt)?;
                self.all_verified()?;
                Ok(true)
            }
            Ok(None) | Err(_) => Ok(false),
        }
    }

    fn all_verified(&self) -> Result<()> {
        match self.arrived == self.verified {
            true => Ok(()),
            false => Err(CliError::unmet(format!(
                "{} of {} webhooks did not verify: {}",
                self.arrived - self.verified,
                self.arrived,
                self.refusal.as_deref().unwrap_or("refused")
            ))),
        }
    }

    fn receive(&mut self, receipt: Receipt) -> Result<()> {
        self.arrived += 1;
        match receipt {
            Receipt::Refused { reason } => {
                self.refusal = Some(reason);
                Ok(())
            }
            Receipt::Duplicate => {
                self.verified += 1;
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
                self.events.insert(event.clone());
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
            .column(tone, state.unwrap_or_default(), 18)
            .column(Tone::Plain, event_type, 27)
            .column(Tone::Dim, event, 22)
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::error::Kind;
    use crate::ui::Output;

    fn receipt(event: &str, event_type: &EventType, object: &str) -> Receipt {
        Receipt::Verified {
            body: Bytes::from(json!({ "data": { "object": { "id": object } } }).to_string()),
            event: event.to_owned(),
            event_type: event_type.to_string(),
        }
    }

    async fn outcome(receipts: Vec<Receipt>) -> Result<()> {
        let ui = Ui::new(Output::Json);
        let mut stage = stage(&ui, receipts);
        stage.expect(&[(EventType::PaymentSettled, "pay_1")]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_webhook_that_does_not_come_is_an_unmet_expectation() {
        let other = receipt("evt_1", &EventType::PaymentSettled, "pay_2");
        assert_eq!(outcome(vec![other]).await.unwrap_err().kind, Kind::Unmet);
    }

    #[tokio::test(start_paused = true)]
    async fn a_webhook_that_is_not_genuine_is_an_unmet_expectation() {
        let refused = Receipt::Refused {
            reason: "no signature matches".into(),
        };
        let genuine = receipt("evt_1", &EventType::PaymentSettled, "pay_1");
        let error = outcome(vec![refused, genuine]).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unmet);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_early_counts_and_a_duplicate_is_no_fault() {
        let genuine = receipt("evt_1", &EventType::PaymentSettled, "pay_1");
        outcome(vec![Receipt::Duplicate, genuine]).await.unwrap();
    }

    /// The stage when all of these came and nothing waited for them.
    fn stage<'a>(ui: &'a Ui, receipts: impl IntoIterator<Item = Receipt>) -> Stage<'a> {
        let (sender, received) = mpsc::unbounded_channel();
        for receipt in receipts {
            sender.send(receipt).unwrap();
        }
        Stage::new(ui, received)
    }

    #[test]
    fn what_came_late_is_counted_and_all_of_it_must_be_genuine() {
        let ui = Ui::new(Output::Json);
        let genuine = || receipt("evt_1", &EventType::PaymentSettled, "pay_1");
        let refused = Receipt::Refused {
            reason: "too old".into(),
        };
        let mut bad = stage(&ui, [genuine(), refused]);
        let error = bad.finish().unwrap_err();
        assert_eq!(error.kind, Kind::Unmet);
        assert_eq!(error.message, "1 of 2 webhooks did not verify: too old");
        assert_eq!((bad.arrived, bad.verified), (2, 1));
        let mut good = stage(&ui, [genuine(), Receipt::Duplicate]);
        good.finish().unwrap();
        assert_eq!((good.arrived, good.verified, good.duplicates), (2, 2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_whose_webhook_is_missing_is_an_unmet_expectation() {
        let ui = Ui::new(Output::Json);
        let genuine = receipt("evt_1", &EventType::PaymentSettled, "pay_1");
        let mut stage = stage(&ui, [genuine]);
        stage.expect_events(&["evt_1".into()]).await.unwrap();
        let all = ["evt_1".into(), "evt_2".into()];
        let error = stage.expect_events(&all).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unmet);
        assert!(error.message.contains("evt_2"), "{}", error.message);
    }
}
