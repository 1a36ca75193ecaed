//! Owns the lines that `fluxa mock` shows of requests. They are printed by a thread of their own: a
//! terminal that is slow, or that nobody reads, holds up no answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use fluxa_mock::{Config, RequestLine};

use crate::ui::{Line, Output, Tone, Ui};

/// Lines that wait for the terminal before others are left out.
const WAITING: usize = 1_024;

/// How long the end waits for the terminal.
const PATIENCE: Duration = Duration::from_millis(250);

/// The printing of requests.
pub(super) struct Requests {
    messages: SyncSender<Message>,
    ended: Receiver<()>,
}

enum Message {
    Line(RequestLine),
    End,
}

impl Requests {
    /// Prints each request that the server of this configuration gets; with `all`, also what `fluxa
    /// listen` says of each delivery, which would outnumber all that somebody asked for.
    pub(super) fn print(config: Config, all: bool) -> std::io::Result<(Config, Self)> {
        let (messages, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel(1);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        std::thread::Builder::new()
            .name("fluxa-mock-lines".to_owned())
            .spawn(move || {
                let ui = Ui::new(Output::Human);
                while let Ok(Message::Line(request)) = waiting.recv() {
                    ui.note(&line(&request));
                    match counted.swap(0, Ordering::Relaxed) {
                        0 => {}
                        some => ui.note(&Line::new().dim(format!(
                            "         … and {some} more, faster than this terminal"
                        ))),
                    }
                }
                // Nobody may wait any more.
                end.send(()).ok();
            })?;
        let lines = messages.clone();
        let config = config.on_request(move |request| {
            if !all && is_report(request) {
                return;
            }
            if lines.try_send(Message::Line(request.clone())).is_err() {
                left_out.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok((config, Self { messages, ended }))
    }

    /// Waits a moment until what was answered is shown.
    pub(super) fn finish(self) {
        if self.messages.try_send(Message::End).is_ok() {
            self.ended.recv_timeout(PATIENCE).ok();
        }
    }
}

/// Whether a request tells what came of a delivery, and went well.
fn is_report(request: &RequestLine) -> bool {
    let session = request.path.strip_prefix("/v1/listen_sessions/");
    let is_of_delivery = session.is_some_and(|rest| rest.ends_with("/deliveries"));
    is_of_delivery && request.method == "POST" && matches!(request.status, Some(200..300))
}

fn line(request: &RequestLine) -> Line {
    let (status, tone) = match request.status {
        Some(status @ 0..400) => (status.to_string(), Tone::Good),
        Some(status @ 400..500) => (status.to_string(), Tone::Warn),
        Some(status) => (status.to_string(), Tone::Bad),
        // The client hung up.
        None => ("---".to_owned(), Tone::Warn),
    };
    let duration = format!("{} ms", request.duration.as_millis());
    Line::new()
        .dim(jiff::Zoned::now().strftime("%H:%M:%S").to_string())
        .text("  ")
        .column(Tone::Bold, &request.method, 7)
        .column(Tone::Plain, &request.path, 44)
        .text(" ")
        .column(tone, status, 5)
        .column(Tone::Dim, duration, 8)
        .dim(&request.request_id)
}

#[cfg(test)]
mod tests {
    use super::Requests;
    use fluxa_mock::Config;

    #[test]
    fn a_server_without_requests_ends_without_waiting_for_the_terminal() {
        let started = std::time::Instant::now();
        let (config, requests) = Requests::print(Config::new(), true).unwrap();
        drop(config);
        requests.finish();
        assert!(started.elapsed() < super::PATIENCE);
    }
}
