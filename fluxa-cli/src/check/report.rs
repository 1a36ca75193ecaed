//! Owns how outcomes look: lines for people, NDJSON for programs.

use std::time::Duration;

use serde_json::json;

use super::outcome::{Failure, Outcome, Verdict};
use super::{Plan, Scenario};
use crate::error::{Result, redact};
use crate::listen::millis;
use crate::listen::report::{plural, short};
use crate::ui::{Line, Tone, Ui};

/// The lines of the server's output that people are shown.
const LINES: usize = 12;

/// The longest name that is given a column.
const WIDEST: usize = 60;

/// How many scenarios came to what.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        match outcome.verdict {
            Verdict::Held => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped => self.skipped += 1,
        }
    }

    pub(crate) fn all(&self) -> u64 {
        self.passed + self.failed + self.skipped
    }

    /// Says what it came to, in a sentence.
    pub(crate) fn told(&self, duration: Duration) -> String {
        let all = plural(self.all(), "scenario");
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} not run"),
        };
        let took = short(duration);
        match self.failed {
            0 if self.skipped == 0 => format!("{all} held in {took}"),
            0 => format!("{} of {all} held{skipped} in {took}", self.passed),
            failed => format!("{failed} of {all} failed{skipped} in {took}"),
        }
    }
}

/// Shows outcomes as they come.
pub(crate) struct Report<'a> {
    ui: &'a Ui,
    /// As wide as the longest name.
    width: usize,
    /// Whether files are told apart.
    many: bool,
    /// The file that was shown last.
    file: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(ui: &'a Ui, scenarios: &[(&'a Plan, &'a Scenario)]) -> Self {
        let width = scenarios
            .iter()
            .map(|(_, scenario)| scenario.name.chars().count());
        let first = scenarios.first().map(|(plan, _)| &plan.file);
        Self {
            ui,
            width: width.max().unwrap_or_default().min(WIDEST),
            many: scenarios.iter().any(|(plan, _)| Some(&plan.file) != first),
            file: None,
        }
    }

    /// Shows what there is, without running it.
    pub(crate) fn list(&mut self, plan: &'a Plan, scenario: &'a Scenario) -> Result<()> {
        if self.ui.is_json() {
            return self.ui.json(&json!({
                "type": "listed",
                "file": plan.file,
                "name": scenario.name,
                "steps": scenario.steps.len(),
            }));
        }
        self.heading(plan)?;
        let steps = plural(scenario.steps.len() as u64, "step");
        let name = Line::new().column(Tone::Plain, &scenario.name, self.width);
        self.ui.line(&name.dim(format!("  {steps}")))
    }

    /// Says which file comes, where there are several.
    fn heading(&mut self, plan: &'a Plan) -> Result<()> {
        if !self.many || self.file == Some(plan.file.as_str()) {
            return Ok(());
        }
        self.file = Some(&plan.file);
        self.ui.line(&Line::new().bold(&plan.file))
    }

    pub(crate) fn show(
        &mut self,
        plan: &'a Plan,
        scenario: &'a Scenario,
        outcome: &Outcome,
    ) -> Result<()> {
        if self.ui.is_json() {
            return self.json(plan, scenario, outcome);
        }
        self.heading(plan)?;
        let (tone, mark) = match outcome.verdict {
            Verdict::Held => (Tone::Good, "✓ "),
            Verdict::Failed(_) => (Tone::Bad, "✗ "),
            Verdict::Skipped => (Tone::Warn, "- "),
        };
        let took = match outcome.verdict {
            Verdict::Skipped if outcome.duration.is_zero() => "not run".to_owned(),
            Verdict::Skipped => "stopped".to_owned(),
            _ => short(outcome.duration),
        };
        let line = Line::new().push(tone, mark);
        let line = line.column(Tone::Plain, &scenario.name, self.width);
        self.ui.line(&line.dim(format!("  {took:>8}")))?;
        for line in details(outcome) {
            self.ui
                .line(&Line::new().text("    ").push(line.0, line.1))?;
        }
        Ok(())
    }

    fn json(&self, plan: &Plan, scenario: &Scenario, outcome: &Outcome) -> Result<()> {
        let mut line = json!({
            "type": "scenario",
            "file": plan.file,
            "name": scenario.name,
            "ok": outcome.failure().is_none() && !matches!(outcome.verdict, Verdict::Skipped),
            "skipped": matches!(outcome.verdict, Verdict::Skipped),
            "duration_ms": millis(outcome.duration),
            "events": outcome.events.iter().map(|(name, count)| json!({
                "event_type": name, "count": count,
            })).collect::<Vec<_>>(),
            "server_output": outcome.server_output,
        });
        if let Some(failure) = outcome.failure() {
            if let Some((number, at, what)) = &failure.step {
                line["step"] = json!({ "number": number, "line": at, "what": redact(what) });
            }
            line["expected"] = json!(redact(&failure.expected));
            line["got"] = json!(redact(&failure.got));
            line["exit_code"] = json!(failure.kind.exit_code());
            if let Some(hint) = &failure.hint {
                line["hint"] = json!(redact(hint));
            }
        }
        self.ui.json(&line)
    }
}

/// Returns what is told of a failure, line by line, without any indentation but its own.
pub(super) fn details(outcome: &Outcome) -> Vec<(Tone, String)> {
    let Some(failure) = outcome.failure() else {
        return Vec::new();
    };
    let mut lines = vec![(Tone::Bold, headline(failure))];
    lines.push((
        Tone::Plain,
        format!("  expected  {}", redact(&failure.expected)),
    ));
    lines.push((Tone::Plain, format!("  got       {}", redact(&failure.got))));
    if let Some(hint) = &failure.hint {
        lines.push((Tone::Plain, format!("  hint      {}", redact(hint))));
    }
    if !outcome.events.is_empty() {
        let events = outcome.events.iter();
        let events: Vec<String> = events
            .map(|(name, count)| format!("{name} ×{count}"))
            .collect();
        lines.push((Tone::Dim, format!("  events    {}", events.join(", "))));
    }
    let output = &outcome.server_output;
    for (index, line) in output
        .iter()
        .skip(output.len().saturating_sub(LINES))
        .enumerate()
    {
        let label = if index == 0 { "server" } else { "" };
        lines.push((Tone::Dim, format!("  {label:<8}  {line}")));
    }
    lines
}

/// Says where it failed.
pub(super) fn headline(failure: &Failure) -> String {
    match &failure.step {
        Some((number, line, what)) => format!("step {number} (line {line}): {}", redact(what)),
        None => "before the first step".to_owned(),
    }
}
