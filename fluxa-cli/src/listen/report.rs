//! Owns rendering the pipeline: the only part of `listen` that knows how anything looks.

use std::time::Duration;

use super::chaos::Trouble;
use super::doctor::Diagnosis;
use super::targets::TargetInfo;
use super::{ListenEvent, Summary, UNDELIVERED, Undelivered};
use crate::error::Result;
use crate::ui::{Line, Tone, Ui};

/// Columns of an event's type; the longest type of the contract fits.
const TYPE_WIDTH: usize = 30;

/// Prints what the pipeline emits.
pub(crate) struct Report<'a> {
    ui: &'a Ui,
    /// The command that prints the signing secret.
    print_secret: String,
    /// Whether there is more than one target, to be told apart.
    several: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(ui: &'a Ui, print_secret: String, targets: usize) -> Self {
        Self {
            ui,
            print_secret,
            several: targets > 1,
        }
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
                livemode,
                events,
                ..
            } => {
                self.ready(targets, api_base, *livemode, events);
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
            ListenEvent::Diagnosis(diagnosis) => {
                self.diagnosis(diagnosis);
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

    fn ready(&self, targets: &[TargetInfo], api_base: &str, livemode: bool, events: &[String]) {
        let wanted = match events {
            [] => "all events".to_owned(),
            some => some.join(", "),
        };
        let line = Line::new().push(Tone::Good, "ready").text("  ");
        let line = line.text(wanted).dim(" of ").text(api_base).dim(", ");
        let line = match livemode {
            true => line.push(Tone::Bad, "LIVE"),
            false => line.text("test mode"),
        };
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
            target,
            attempt,
            ok,
            status,
            error,
            duration_ms,
            chaos,
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
            .dim("→ ");
        if self.several {
            let (_, address) = target.split_once("://").unwrap_or(("", target));
            line = line.text(address.trim_end_matches('/')).text("  ");
        }
        line = line.push(tone, outcome).dim(format!(
            "  {}",
            short(Duration::from_secs_f64(duration_ms / 1e3))
        ));
        if *attempt > 1 {
            line = line.dim(format!("  attempt {attempt}"));
        }
        if let Some(chaos) = chaos {
            line = line.dim(in_words(chaos));
        }
        self.ui.line(&line)
    }

    fn diagnosis(&self, diagnosis: &Diagnosis) {
        let head = Line::new()
            .text("          ")
            .push(Tone::Warn, "likely cause")
            .text(format!(" of {}: {}", diagnosis.status, diagnosis.message));
        self.ui.note(&head);
        for line in &diagnosis.fix {
            self.ui.note(&Line::new().text("            ").text(line));
        }
        let probes = plural(u64::from(diagnosis.probes), "time");
        let handled = match diagnosis.accepted {
            true => " It was accepted, so it is handled now.",
            false => "",
        };
        let event = &diagnosis.event;
        for line in [
            format!("{event} was sent again {probes} to find out, signed in other ways.{handled}"),
            "--no-doctor turns this off.".to_owned(),
        ] {
            self.ui.note(&Line::new().text("            ").dim(line));
        }
    }

    fn summary(&self, summary: &Summary) {
        self.ui.stop_bar();
        self.ui.note(&in_numbers(summary));
        for line in expectations(summary) {
            self.ui.note(&line);
        }
        if let Some(chaos) = &summary.chaos {
            self.ui.note(&Line::new().dim(format!(
                "  chaos: {} sent twice, {} overtaken, {} held back; again with --seed {}",
                chaos.duplicated, chaos.reordered, chaos.delayed, chaos.seed
            )));
        }
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

/// The most events of one target that are named in the command that sends them again.
const NAMED: usize = 8;

/// Returns how to have sent again what was given up: one command for each target.
pub(crate) fn again(summary: &Summary) -> Vec<Line> {
    let mut by_target: Vec<(&str, Vec<&str>)> = Vec::new();
    for Undelivered { event, target } in &summary.undelivered {
        match by_target.iter_mut().find(|(known, _)| known == target) {
            Some((_, events)) => events.push(event),
            None => by_target.push((target, vec![event])),
        }
    }
    let command = |(target, events): &(&str, Vec<&str>)| {
        let named = events[..events.len().min(NAMED)].join(" ");
        let line = Line::new().text(format!("  again: fluxa replay {named} -f {target}"));
        match events.len() > NAMED || summary.undelivered.len() == UNDELIVERED {
            true => line.dim("  (and more: see above)"),
            false => line,
        }
    };
    by_target.iter().map(command).collect()
}

/// Returns what came and what is missing, when something was expected: the expectations first, then
/// how many of each type were handled.
fn expectations(summary: &Summary) -> Vec<Line> {
    let row = |tone, verdict, what: &str, how_many: String| {
        Line::new()
            .text("  ")
            .column(tone, verdict, 8)
            .column(Tone::Plain, what, TYPE_WIDTH + 6)
            .text(how_many)
    };
    let mut lines = Vec::new();
    for expected in &summary.expectations {
        let (handled, wanted) = (expected.handled, expected.wanted);
        let (tone, verdict, off) = match (expected.met, handled < wanted) {
            (true, _) => (Tone::Good, "ok", String::new()),
            (false, true) => (
                Tone::Bad,
                "missing",
                format!(", {} missing", wanted - handled),
            ),
            (false, false) => (
                Tone::Bad,
                "surplus",
                format!(", {} too many", handled - wanted),
            ),
        };
        let how_many = format!("{handled} came{off}");
        lines.push(row(tone, verdict, &expected.expectation, how_many));
    }
    if !lines.is_empty() {
        for (event_type, count) in &summary.by_type {
            lines.push(row(Tone::Dim, "came", event_type, count.to_string()));
        }
    }
    lines
}

/// Returns what `--chaos` did to one sending.
fn in_words(trouble: &Trouble) -> String {
    let mut words = String::new();
    for (done, word) in [
        (trouble.duplicate, "  sent twice".to_owned()),
        (trouble.reordered, "  overtaken".to_owned()),
        (
            trouble.delay_ms > 0,
            format!("  held back {} ms", trouble.delay_ms),
        ),
    ] {
        words.push_str(if done { &word } else { "" });
    }
    words
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
    use super::super::expect::Expected;
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
    fn what_was_given_up_is_sent_again_by_one_command_for_each_target() {
        let mut summary = Summary::default();
        for (event, target) in [
            ("evt_1", "http://a/"),
            ("evt_1", "http://b/"),
            ("evt_2", "http://a/"),
        ] {
            summary.gave_up(event, target);
        }
        let told = |summary: &Summary| -> Vec<String> {
            again(summary)
                .iter()
                .map(|line| line.render(false))
                .collect()
        };
        assert_eq!(
            told(&summary),
            [
                "  again: fluxa replay evt_1 evt_2 -f http://a/",
                "  again: fluxa replay evt_1 -f http://b/"
            ]
        );
        for number in 0..1_000 {
            summary.gave_up(&format!("evt_{number}"), "http://a/");
        }
        assert_eq!(summary.undelivered.len(), UNDELIVERED);
        assert!(told(&summary)[0].contains("and more"));
    }

    #[test]
    fn what_came_and_what_is_missing_is_listed_when_something_was_expected() {
        let expected = |expectation: &str, wanted, handled, met| Expected {
            expectation: expectation.into(),
            wanted,
            handled,
            met,
        };
        let mut summary = Summary {
            by_type: [("payment.settled".to_owned(), 2)].into(),
            ..Summary::default()
        };
        assert!(expectations(&summary).is_empty());
        summary.expectations = vec![
            expected("payment.settled=2", 2, 2, true),
            expected("refund.created>=1", 1, 0, false),
            expected("payment.failed=0", 0, 3, false),
        ];
        let lines: Vec<_> = expectations(&summary)
            .iter()
            .map(|line| line.render(false))
            .collect();
        let told = lines.join("\n");
        let told: Vec<_> = told.split_whitespace().collect();
        assert_eq!(
            told.join(" "),
            "ok payment.settled=2 2 came missing refund.created>=1 0 came, 1 missing \
             surplus payment.failed=0 3 came, 3 too many came payment.settled 2"
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
