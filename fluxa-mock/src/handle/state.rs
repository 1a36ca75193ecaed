//! Owns the state of an account as a whole: emptied, made up, put aside and put back.

use super::{Account, to_io};
use crate::domain::invariants;
use crate::domain::seed::SeedPlan;
use crate::snapshots::Snapshot;
use crate::store::Origin;
use std::io;

impl Account {
    /// Empties the sandbox: state, faults and clock are as at the start; ids go on. Event streams end.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.seed(fluxa_mock::SeedPlan::new().customers(3).days(2)).await?;
    /// server.reset().await?;
    /// assert!(server.events().await?.is_empty());
    /// # std::io::Result::Ok(()) }).expect("it resets");
    /// ```
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn reset(&self) -> io::Result<()> {
        self.sandbox.reset().await.map_err(to_io)
    }

    /// Replaces the state by a made-up merchant's past: see [`SeedPlan`].
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.seed(fluxa_mock::SeedPlan::new().customers(2).days(1)).await?;
    /// assert!(!server.events().await?.is_empty());
    /// # std::io::Result::Ok(()) }).expect("it is made");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a plan that cannot be made; otherwise when the server has stopped.
    pub async fn seed(&self, plan: SeedPlan) -> io::Result<()> {
        let seeded = self.sandbox.seed(plan).await;
        seeded.map(drop).map_err(to_io)
    }

    /// Puts the whole state aside: objects, timers, queued deliveries, stored answers and the clock.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// let before = server.snapshot().await?;
    /// server.advance(std::time::Duration::from_secs(3600)).await?;
    /// server.restore(&before).await?;
    /// # std::io::Result::Ok(()) }).expect("it restores");
    /// ```
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn snapshot(&self) -> io::Result<Snapshot> {
        let taken = self.sandbox.store.take_snapshot().await;
        taken.map(Snapshot::from_bytes).map_err(to_io)
    }

    /// Puts a state back, of this server or of another. The clock goes back with it; event streams end;
    /// new ids differ from all that were given out before, so that receivers do not take a new event
    /// for one they know.
    ///
    /// # Errors
    /// `InvalidInput` for what is no snapshot of this version, and the state stays; otherwise when the
    /// server has stopped.
    pub async fn restore(&self, snapshot: &Snapshot) -> io::Result<()> {
        let bytes = snapshot.as_bytes().to_vec();
        self.sandbox.restore(bytes).await.map_err(to_io)
    }

    /// What does not hold that must: each breach is a sentence; none is as it should be.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// assert!(server.invariants().await?.is_empty());
    /// # std::io::Result::Ok(()) }).expect("they hold");
    /// ```
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn invariants(&self) -> io::Result<Vec<String>> {
        let audit = self.sandbox.store.run(Origin::default(), invariants::audit);
        audit.await.map_err(to_io)
    }
}
