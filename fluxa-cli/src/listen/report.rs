//! Owns rendering the pipeline: the only part of `listen` that knows how anything looks.

use std::time::Duration;

use super::chaos::Trouble;
use super::doctor::{Cause, Diagnosis};
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
    /// How many targets there are: none, so that the events are what is shown; one; or more, to be
    /// told apart.
    targets: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(ui: &'a Ui, print_secret: String, targets: usize) -> Self {
        Self {
            ui,
            print_secret,
            targets,
        }
    }

    /// Prints one thing: NDJSON in json mode, lines for people else.
    pub(crate) fn show(&self, event: &ListenEvent) -> Result<()> {
        match event {
            ListenEvent::Warning(warning) => {
                self.ui.warn(warning);
                Ok(())
            }
            ListenEvent::Note(note) => {
                self.ui.note(&Line::new().dim(note));
                Ok(())
            }
            event if self.ui.is_json() => self.ui.json(event),
            event => self.show_to_people(event),
        }
    }

    fn show_to_people(&self, event: &ListenEvent) -> Result<()> {
        match event {
            ListenEvent::Warning(_) | ListenEvent::Note(_) => Ok(()),
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
            ListenEvent::Event {
                id,
                event_type,
                object,
                ..
            } if self.targets == 0 => {
                let line = self.told(event_type, id);
                self.ui
                    .line(&line.text(object.as_deref().unwrap_or_default()))
            }
            // An event is told with its delivery, on one line.
            ListenEvent::Event { .. } => Ok(()),
            ListenEvent::Delivery { .. } => self.delivery(event),
            ListenEvent::Retry {
                event,
                target,
                attempt,
                delay_ms,
                ..
            } => {
                let mut line = Line::new().dim(format!("{:9} ↻ {event} ", ""));
                if self.targets > 1 {
                    line = line.dim(format!("→ {}  ", address(target)));
                }
                let after = short(Duration::from_millis(*delay_ms));
                self.ui
                    .note(&line.dim(format!("attempt {attempt} in {after}")));
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
                let is_routed = several.iter().any(|target| !target.types.is_empty());
                for target in several {
                    let types = match (is_routed, target.types.is_empty()) {
                        (false, _) => String::new(),
                        (true, true) => "the rest ".to_owned(),
                        (true, false) => format!("{} ", target.types.join(", ")),
                    };
                    let line = Line::new().text(format!("       {types}"));
                    self.ui.note(&line.dim("→ ").bold(&target.url));
                }
            }
        }
        let print_secret = &self.print_secret;
        let what_else = match targets {
            [] => "nothing is forwarded: --forward-to says where to".to_owned(),
            _ => format!("signing secret: {print_secret}"),
        };
        let line = Line::new().dim(format!("       {what_else} · stop: Ctrl-C"));
        self.ui.note(&line);
    }

    /// Begins the line of an event.
    fn told(&self, event_type: &str, event: &str) -> Line {
        self.stamped()
            .column(Tone::Bold, event_type, TYPE_WIDTH)
            .text(" ")
            .column(Tone::Dim, event, 21)
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
        let mut line = self.told(event_type, event).dim("→ ");
        if self.targets > 1 {
            line = line.text(address(target)).text("  ");
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
        let found = match diagnosis.cause {
            Cause::Unknown => "no cause found",
            _ => "likely cause",
        };
        let head = Line::new()
            .text("          ")
            .push(Tone::Warn, found)
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
        self.ui.note(&in_numbers(summary, self.targets > 0));
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

/// Returns where a target is, in short.
fn address(target: &str) -> &str {
    let (_, address) = target.split_once("://").unwrap_or(("", target));
    address.trim_end_matches('/')
}

/// Returns what was done in one line; what did not happen is left out of it. `forwards`: there was
/// somebody to deliver to.
fn in_numbers(summary: &Summary, forwards: bool) -> Line {
    let mut line = Line::new().bold(plural(summary.events, "event"));
    if forwards {
        line = line.text(format!(": {} delivered", summary.delivered));
    }
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
        line = line.text(format!(
            ", {attempts} missing in Fluxa's list of deliveries"
        ));
    }
    line.dim(format!(
        " in {}",
        short(Duration::from_millis(summary.duration_ms))
    ))
}

/// The most events of one target that are named in the command that sends them again.
const NAMED: usize = 8;

/// Returns how to have sent again what was not delivered: one command for each target, which
/// `suggested` makes of its words. `resumes`: what was not given up comes again by itself.
pub(crate) fn again(
    summary: &Summary,
    resumes: bool,
    suggested: impl Fn(&[&str]) -> String,
) -> Vec<Line> {
    let mut by_target: Vec<(&str, Vec<&str>)> = Vec::new();
    let lost = |one: &&Undelivered| one.given_up || !resumes;
    for Undelivered { event, target, .. } in summary.undelivered.iter().filter(lost) {
        match by_target.iter_mut().find(|(known, _)| known == target) {
            Some((_, events)) => events.push(event),
            None => by_target.push((target, vec![event])),
        }
    }
    let command = |(target, events): &(&str, Vec<&str>)| {
        let named = &events[..events.len().min(NAMED)];
        let command = suggested(&[&["replay"], named, &["-f", target]].concat());
        let line = Line::new().text(format!("  again: {command}"));
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
        let (came, wanted) = (expected.came, expected.wanted);
        let (tone, verdict, off) = match expected.met {
            true => (Tone::Good, "ok", String::new()),
            false if came < wanted => {
                (Tone::Bad, "missing", format!(", {} missing", wanted - came))
            }
            false if expected.handled < wanted => (Tone::Bad, "waiting", String::new()),
            false => (
                Tone::Bad,
                "surplus",
                format!(", {} too many", came - wanted),
            ),
        };
        let how_many = format!("{}{off}", expected.in_words());
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

    fn suggested(words: &[&str]) -> String {
        format!("fluxa {}", words.join(" "))
    }

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
            in_numbers(&summary, true).render(false),
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
            again(summary, false, suggested)
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
    fn what_was_unfinished_is_sent_again_by_hand_unless_the_next_run_does() {
        let mut summary = Summary::default();
        summary.gave_up("evt_1", "http://a/");
        summary.not_delivered("evt_2", "http://a/", false);
        let told = |resumes| again(&summary, resumes, suggested)[0].render(false);
        assert_eq!(
            told(false),
            "  again: fluxa replay evt_1 evt_2 -f http://a/"
        );
        assert_eq!(told(true), "  again: fluxa replay evt_1 -f http://a/");
    }

    #[test]
    fn what_came_and_what_is_missing_is_listed_when_something_was_expected() {
        let expected = |expectation: &str, wanted, came, handled, met| Expected {
            expectation: expectation.into(),
            wanted,
            came,
            handled,
            met,
        };
        let mut summary = Summary {
            by_type: [("payment.settled".to_owned(), 2)].into(),
            ..Summary::default()
        };
        assert!(expectations(&summary).is_empty());
        summary.expectations = vec![
            expected("payment.settled=2", 2, 2, 2, true),
            expected("refund.created>=1", 1, 0, 0, false),
            expected("payment.failed=0", 0, 3, 3, false),
            expected("dispute.won=1", 1, 1, 0, false),
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
             surplus payment.failed=0 3 came, 3 too many \
             waiting dispute.won=1 1 came, 1 not delivered came payment.settled 2"
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
        let told = |summary: &Summary| in_numbers(summary, true).render(false);
        assert_eq!(told(&summary), "2 events: 2 delivered in 1.5 s");
        summary.unreported = 1;
        assert_eq!(
            told(&summary),
            "2 events: 2 delivered, 1 attempt missing in Fluxa's list of deliveries in 1.5 s"
        );
    }
}
