//! Owns reading the list of events where there is no stream to be had, and finding out when there is.

use std::time::Duration;

use backoff::backoff::Backoff;
use futures_util::future::BoxFuture;
use futures_util::stream::StreamExt;
use tokio::time::Instant;

use super::super::history::History;
use super::refusal::Refusal;
use super::{EventApi, Opened, Outage, Over, Signal, Source, next_delay};
use crate::error::Result;

/// How often the list is read where there is no stream.
pub(super) const POLL: Duration = Duration::from_secs(1);

/// How long the list is read before the stream is tried again.
pub(super) const STREAM_AGAIN: Duration = Duration::from_secs(60);

impl<A: EventApi> Source<A> {
    /// Passes on what the list has and was not seen yet.
    pub(super) async fn catch_up(&self) -> Result<Result<()>, Over> {
        let position = self.cursor().resume_after().map(str::to_owned);
        let known = |id: &str| self.cursor().knows(id);
        let mut history = match History::walk(&self.api, known).await {
            Ok(history) => history,
            Err(error) => return Ok(Err(error)),
        };
        if position.is_some() && !history.found {
            self.cursor().forget();
            let warning = "the server started anew: its earlier events are gone";
            self.tell(Signal::Warning(warning.to_owned())).await?;
        }
        loop {
            match history.next(&self.api).await {
                Ok(None) => return Ok(Ok(())),
                Ok(Some(events)) => {
                    for body in events {
                        self.pass_on(body).await?;
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Reads the list from time to time until a stream brings something. Before it could be read
    /// for the first time, nothing is lost and nothing is recovered: there are warnings alone.
    pub(super) async fn poll(
        &self,
        reason: String,
        outage: &mut Option<Outage>,
        connected: &mut bool,
    ) -> Result<Opened, Over> {
        let mut patience = self.patience.clone();
        patience.reset();
        if *connected {
            self.lost(reason, Duration::ZERO, outage).await?;
        } else {
            // Nothing was there yet that could be lost.
            let warning = format!("{reason}; the list of events is read instead, every second");
            self.tell(Signal::Warning(warning)).await?;
        }
        let mut unreadable = None;
        let mut again = Instant::now() + STREAM_AGAIN;
        let mut opening: Option<BoxFuture<'_, Option<Opened>>> = None;
        loop {
            let mut wait = POLL;
            match self.catch_up().await? {
                Ok(()) => {
                    patience.reset();
                    if !std::mem::replace(connected, true) {
                        self.tell(Signal::Connected).await?;
                    }
                    self.recovered(outage.take(), true).await?;
                }
                Err(error) => match Refusal::of(&error) {
                    Refusal::Later(least) => {
                        wait = next_delay(&mut patience).max(least).max(POLL);
                        if *connected {
                            self.lost(error.message, wait, outage).await?;
                        } else if unreadable.as_ref() != Some(&error.message) {
                            let warning = format!("the list cannot be read yet: {error}");
                            self.tell(Signal::Warning(warning)).await?;
                            unreadable = Some(error.message);
                        }
                    }
                    // A page that is gone since it was walked over: the next walk starts anew.
                    Refusal::UnknownCursor => {}
                    Refusal::NoStream | Refusal::Final => return self.fail(error).await,
                },
            }
            if opening.is_none() && Instant::now() >= again {
                opening = Some(Box::pin(self.open_with_something()));
            }
            let opened = async {
                match &mut opening {
                    Some(opening) => opening.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.signals.closed() => return Err(Over),
                () = tokio::time::sleep(wait) => {}
                stream = opened => {
                    if let Some(stream) = stream {
                        let changing = outage.get_or_insert_with(Outage::begin);
                        changing.attempts += 1;
                        return Ok(stream);
                    }
                    opening = None;
                    again = Instant::now() + STREAM_AGAIN;
                }
            }
        }
    }

    async fn lost(
        &self,
        reason: String,
        delay: Duration,
        outage: &mut Option<Outage>,
    ) -> Result<(), Over> {
        let outage = outage.get_or_insert_with(Outage::begin);
        outage.attempts += 1;
        self.tell(Signal::Lost {
            reason,
            attempt: outage.attempts,
            delay,
        })
        .await
    }

    /// Returns a stream on which something came. Why there is none does not matter: the list says
    /// what is wrong, if anything is.
    async fn open_with_something(&self) -> Option<Opened> {
        let position = self.cursor().resume_after().map(str::to_owned);
        let opening = async {
            let mut stream = self.api.open(position.as_deref()).await.ok()?;
            let first = stream.next().await?.ok()?;
            let first = futures_util::stream::once(async { Ok(first) });
            Some(Opened::new(
                first.chain(stream).boxed(),
                position.as_deref(),
            ))
        };
        let opened = tokio::time::timeout(self.silence, opening).await;
        opened.ok().flatten()
    }
}
