//! Owns opening the stream again after it was lost, and finding out that it is the stream alone that
//! is not to be had.

use std::time::Duration;

use super::refusal::Refusal;
use super::{EventApi, Feed, Outage, Over, Signal, Source, USELESS, next_delay, no_stream};

/// Attempts during which it is watched for the server's return; then the waits alone decide.
const WATCHED: u32 = 300;

impl<A: EventApi> Source<A> {
    /// Opens the stream again, with growing waits, for as long as it takes; or gives way to the list,
    /// when that answers and the stream again and again does not.
    pub(super) async fn reconnect(
        &mut self,
        mut reason: String,
        outage: &mut Option<Outage>,
    ) -> Result<Feed, Over> {
        let mut least = Duration::ZERO;
        let mut failed = 0;
        let mut list_answers = false;
        loop {
            let outage = outage.get_or_insert_with(Outage::begin);
            outage.attempts += 1;
            let attempt = outage.attempts;
            let delay = next_delay(&mut self.patience).max(least);
            self.tell(Signal::Lost {
                reason,
                attempt,
                delay,
            })
            .await?;
            let may_ask = least.is_zero();
            tokio::select! {
                () = self.signals.closed() => return Err(Over),
                () = tokio::time::sleep(delay) => {}
                () = self.api.returned(), if may_ask && attempt < WATCHED => {}
                // It is tried once more then: the server may have come back in between.
                () = self.list_answers(), if may_ask && failed >= USELESS && !list_answers => {
                    list_answers = true;
                }
            }
            least = Duration::ZERO;
            let position = self.cursor().resume_after().map(str::to_owned);
            let error = match self.open(position.as_deref()).await {
                Ok(feed) => {
                    outage.resumed = position.is_some();
                    return Ok(feed);
                }
                Err(error) => error,
            };
            match Refusal::of(&error) {
                Refusal::NoStream => return Ok(Feed::List(no_stream(&error))),
                Refusal::Later(_) if list_answers => return Ok(Feed::List(no_stream(&error))),
                Refusal::UnknownCursor => {
                    // The server is not the one we knew, or was emptied.
                    self.cursor().forget();
                    let warning = "the server started anew: its earlier events are gone";
                    self.tell(Signal::Warning(warning.to_owned())).await?;
                    reason = error.message;
                }
                Refusal::Later(wait) => {
                    failed += 1;
                    least = wait;
                    reason = error.message;
                }
                Refusal::Final => return self.fail(error).await,
            }
        }
    }

    /// Is ready when the list of events was read; never, when it cannot be.
    async fn list_answers(&self) {
        if !self.api.lists().await {
            std::future::pending().await
        }
    }
}
