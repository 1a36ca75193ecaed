//! Owns the events of an account, as a test waits for them.

use super::Account;
use crate::domain::error::DomainError;
use crate::events::{self, StreamedEvent};
use crate::store::Origin;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Events read at once.
const PAGE: i64 = 500;

impl Account {
    /// Every event so far, oldest first.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// assert!(server.events().await?.is_empty());
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn events(&self) -> io::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut cursor = 0;
        loop {
            let page = self.events_after(cursor).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            cursor = last.sequence;
            for event in &page {
                all.push(serde_json::from_str(&event.body)?);
            }
        }
    }

    /// Waits, in real time, until there is an event of this type, and returns the first one; one that
    /// has happened already counts. The clock moves only if the test moves it.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use std::time::Duration;
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.seed(fluxa_mock::SeedPlan::new().customers(1).days(2)).await?;
    /// let event = server.wait_for_event("payment.settled", Duration::from_secs(5)).await?;
    /// assert_eq!(event["data"]["state"], "SETTLED");
    /// # std::io::Result::Ok(()) }).expect("it happens");
    /// ```
    ///
    /// # Errors
    /// `TimedOut`, naming what happened instead; otherwise when the server has stopped.
    pub async fn wait_for_event(&self, event_type: &str, timeout: Duration) -> io::Result<Value> {
        self.wait(Some(event_type), timeout, |_| true).await
    }

    /// Like [`Account::wait_for_event`], for the first event of whatever type that `wanted` accepts.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use std::time::Duration;
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.seed(fluxa_mock::SeedPlan::new().customers(1).days(2)).await?;
    /// let refunded = |event: &serde_json::Value| event["data"]["state"] == "REFUNDED";
    /// server.wait_for_event_where(refunded, Duration::from_secs(5)).await?;
    /// # std::io::Result::Ok(()) }).expect("it happens");
    /// ```
    ///
    /// # Errors
    /// As [`Account::wait_for_event`].
    pub async fn wait_for_event_where(
        &self,
        wanted: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> io::Result<Value> {
        self.wait(None, timeout, wanted).await
    }

    async fn wait(
        &self,
        event_type: Option<&str>,
        timeout: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> io::Result<Value> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let looking = self.look(event_type, &mut seen, wanted);
        match tokio::time::timeout(timeout, looking).await {
            Ok(found) => found,
            Err(_) => {
                let seen: Vec<String> = seen
                    .iter()
                    .map(|(name, count)| format!("{count} {name}"))
                    .collect();
                let message = format!(
                    "no {} within {timeout:?}; there were: {}. If it is due later, advance the clock",
                    event_type.unwrap_or("such event"),
                    if seen.is_empty() {
                        "none".to_owned()
                    } else {
                        seen.join(", ")
                    },
                );
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
        }
    }

    async fn look(
        &self,
        event_type: Option<&str>,
        seen: &mut BTreeMap<String, usize>,
        wanted: impl Fn(&Value) -> bool,
    ) -> io::Result<Value> {
        let sandbox = &self.sandbox;
        let mut changes = sandbox.store.changes();
        let mut epoch = sandbox.epoch.subscribe();
        let mut cursor = 0;
        loop {
            // Seen before reading: what commits after the read wakes the loop again.
            changes.borrow_and_update();
            if epoch.has_changed().unwrap_or(false) {
                epoch.borrow_and_update();
                // Another state: its log starts anew.
                cursor = 0;
                seen.clear();
            }
            let page = self.events_after(cursor).await?;
            let more = !page.is_empty();
            for event in page {
                cursor = event.sequence;
                *seen.entry(event.event_type.clone()).or_default() += 1;
                if event_type.is_some_and(|wanted| wanted != event.event_type) {
                    continue;
                }
                let event: Value = serde_json::from_str(&event.body)?;
                if wanted(&event) {
                    return Ok(event);
                }
            }
            if !more && changes.changed().await.is_err() {
                return Err(io::Error::other("the server has stopped"));
            }
        }
    }

    async fn events_after(&self, cursor: i64) -> io::Result<Vec<StreamedEvent>> {
        let read = self
            .sandbox
            .store
            .run(Origin::default(), move |tx| events::after(tx, cursor, PAGE));
        read.await.map_err(|error: DomainError| super::to_io(error))
    }
}
