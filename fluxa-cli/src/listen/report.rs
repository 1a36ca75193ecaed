//! Owns rendering the pipeline: the only part of `listen` that knows how anything looks.

use std::time::Duration;

use super::targets::TargetInfo;
use super::{ListenEvent, Summary};
use crate::error::Result;
use crate::ui::{Line, Tone, Ui};

/// Columns of an event's type; the longest type of the contract fits.
const TYPE_WIDTH: usize = 30;

/// Prints what the pipeline emits.
pub(crate) struct Report<'a> {
    ui: &'a Ui,
    /// The command that prints the signing secret.
    print_secret: String,
}

impl<'a> Report<'a> {
    pub(crate) fn new(ui: &'a Ui, print_secret: String) -> Self {
        Self { ui, print_secret }
    }

    /// Prints one thing: NDJSON in json mode, lines for people else.
    pub(crate) fn show(&self, event: &ListenEvent) -> Result<()> {
        if let ListenEvent::Warning(warning) = event {
            self.ui.warn(warning);
            return Ok(());
        }
        if self.ui.is_json() {
            return self.ui.json(event);
        }
        match event {
            ListenEvent::Ready {
                targets,
                api_base,
                events,
                ..
            } => {
                self.ready(targets, api_base, events);
                Ok(())
            }
            // An event is told with its delivery, on one line.
            ListenEvent::Event { .. } | ListenEvent::Warning(_) => Ok(()),
            ListenEvent::Delivery { .. } => self.delivery(event),
            ListenEvent::Retry {
                event,
                attempt,
                delay_ms,
                ..
            } => {
                self.ui.note(
                    &Line::new()
                        .dim(format!("{:9} ↻ {event} attempt {attempt} in ", ""))
                        .dim(short(Duration::from_millis(*delay_ms))),
                );
                Ok(())
            }
            ListenEvent::Reconnecting {
                reason, attempt, ..
            } => {
                if *attempt == 1 {
                    let line = self.stamped().push(Tone::Warn, "reconnecting").text(": ");
                    self.ui.note(&line.text(reason));
                }
                self.ui
                    .spinner(&format!("reconnecting (attempt {attempt}): {reason}"));
                Ok(())
            }
            ListenEvent::Recovered {
                attempts,
                after_ms,
                resumed,
                events,
                polling,
            } => {
                self.ui.stop_bar();
                let after = short(Duration::from_millis(*after_ms));
                let tries = plural(u64::from(*attempts), "attempt");
                let line = self.stamped().push(Tone::Good, "reconnected");
                let place = match (resumed, polling) {
                    (false, _) => "reading from the server's first event",
                    (true, true) => "reading the list of events every second",
                    (true, false) => "resumed where it stopped",
                };
                let caught_up = match events {
                    0 => "nothing missed".to_owned(),
                    some => format!("recovered {}", plural(*some, "event")),
                };
                let text = format!(" after {after} ({tries}), {place}: {caught_up}");
                self.ui.note(&line.text(text));
                Ok(())
            }
            ListenEvent::Summary(summary) => {
                self.summary(summary);
                Ok(())
            }
        }
    }

    fn ready(&self, targets: &[TargetInfo], api_base: &str, events: &[String]) {
        let wanted = match events {
            [] => "all events".to_owned(),
            some => some.join(", "),
        };
        let line = Line::new().push(Tone::Good, "ready").text("  ");
        let line = line.text(wanted).dim(" of ").text(api_base);
        match targets {
            [only] if only.types.is_empty() => self.ui.note(&line.dim(" → ").bold(&only.url)),
            several => {
                self.ui.note(&line);
                for target in several {
                    let types = match target.types.is_empty() {
                        true => "the rest".to_owned(),
                        false => target.types.join(", "),
                    };
                    let line = Line::new().text(format!("       {types}"));
                    self.ui.note(&line.dim(" → ").bold(&target.url));
                }
            }
        }
        let print_secret = &self.print_secret;
        self.ui.note(&Line::new().dim(format!(
            "       signing secret: {print_secret} · stop: Ctrl-C"
        )));
    }

    fn delivery(&self, event: &ListenEvent) -> Result<()> {
        let ListenEvent::Delivery {
            event,
            event_type,
            attempt,
            ok,
            status,
            error,
            duration_ms,
            ..
        } = event
        else {
            return Ok(());
        };
        let outcome = match (status, error) {
            (Some(status), Some(error)) => format!("{status}: {error}"),
            (Some(status), None) => status.to_string(),
            (None, Some(error)) => error.clone(),
            (None, None) => "no answer".to_owned(),
        };
        let tone = if *ok { Tone::Good } else { Tone::Bad };
        let mut line = self
            .stamped()
            .column(Tone::Bold, event_type, TYPE_WIDTH)
            .text(" ")
            .column(Tone::Dim, event, 21)
            .dim("→ ")
            .push(tone, outcome)
            .dim(format!(
                "  {}",
                short(Duration::from_secs_f64(duration_ms / 1e3))
            ));
        if *attempt > 1 {
            line = line.dim(format!("  attempt {attempt}"));
        }
        self.ui.line(&line)
    }

    fn summary(&self, summary: &Summary) {
        self.ui.stop_bar();
        self.ui.note(&in_numbers(summary));
    }

    fn stamped(&self) -> Line {
        Line::new().dim(time_of_day()).text("  ")
    }
}

/// Returns what was done in one line; what did not happen is left out of it.
fn in_numbers(summary: &Summary) -> Line {
    let mut line = Line::new()
        .bold(plural(summary.events, "event"))
        .text(format!(": {} delivered", summary.delivered));
    if summary.failed > 0 {
        line = line
            .text(", ")
            .push(Tone::Bad, format!("{} failed", summary.failed));
    }
    if summary.unfinished > 0 {
        line = line
            .text(", ")
            .push(Tone::Warn, format!("{} unfinished", summary.unfinished));
    }
    if summary.retries > 0 {
        line = line.text(format!(", {}", plural(summary.retries, "retry")));
    }
    if summary.reconnects > 0 {
        line = line.text(format!(", {}", plural(summary.reconnects, "reconnect")));
    }
    if summary.unreported > 0 {
        let attempts = plural(summary.unreported, "attempt");
        line = line.text(format!(", {attempts} not reported to the API"));
    }
    line.dim(format!(
        " in {}",
        short(Duration::from_millis(summary.duration_ms))
    ))
}

/// Returns the local time of day, `10:23:14`.
fn time_of_day() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
}

/// Returns a duration as people read it: `0.4 ms`, `12 ms`, `1.2 s`, `3 min`.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.1} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

/// Returns `1 event`, `2 events`, `2 retries`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_summary_is_delivered_failed_or_unfinished() {
        let summary = Summary {
            events: 4,
            failed: 2,
            unfinished: 2,
            duration_ms: 1_500,
            ..Summary::default()
        };
        assert_eq!(
            in_numbers(&summary).render(false),
            "4 events: 0 delivered, 2 failed, 2 unfinished in 1.5 s"
        );
    }

    #[test]
    fn the_summary_tells_what_was_not_reported_and_only_then() {
        let mut summary = Summary {
            events: 2,
            delivered: 2,
            duration_ms: 1_500,
            ..Summary::default()
        };
        let told = |summary: &Summary| in_numbers(summary).render(false);
        assert_eq!(told(&summary), "2 events: 2 delivered in 1.5 s");
        summary.unreported = 1;
        assert_eq!(
            told(&summary),
            "2 events: 2 delivered, 1 attempt not reported to the API in 1.5 s"
        );
    }
}
