//! Owns the clock of an account, as a test moves it.

use super::{Account, to_io};
use crate::clock::check_pace;
use crate::store::Origin;
use std::io;
use std::time::{Duration, SystemTime};

impl Account {
    /// Advances the virtual clock: everything due happens, in order, and every delivery that is due
    /// on the way has been answered when this returns. What others do meanwhile does not hold it up, and
    /// their deliveries are not waited for. One advance at a time: another waits its turn. It goes on to
    /// its end even if this future is dropped.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// let before = server.now();
    /// server.advance(std::time::Duration::from_secs(72 * 3600)).await?;
    /// assert_eq!(server.now().duration_since(before).expect("later").as_secs(), 72 * 3600);
    /// # std::io::Result::Ok(()) }).expect("it advances");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` beyond the year 9990, and when the clock is frozen or another state put in place on
    /// the way; otherwise when the server has stopped.
    pub async fn advance(&self, by: Duration) -> io::Result<()> {
        let advanced = self.sandbox.advance(by, |_, arrived| arrived).await;
        advanced.map_err(to_io)
    }

    /// The instant that the virtual clock shows.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// assert_eq!(server.now(), server.now(), "frozen until a test moves it");
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let millis = self.sandbox.store.shared().clock.now().millis();
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Returns how long it takes, in real time, until the next thing happens that is due by the clock: a
    /// payment settles, a session expires. An hour stands for everything that is further away. `None` when
    /// nothing happens by itself: nothing is due, or the clock stands still.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// assert_eq!(server.next_due().await?, None, "frozen until a test moves it");
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn next_due(&self) -> io::Result<Option<Duration>> {
        let next = self
            .sandbox
            .store
            .run(Origin::default(), |tx| tx.next_timer())
            .await
            .map_err(to_io)?;
        let clock = &self.sandbox.store.shared().clock;
        Ok(next.and_then(|timer| clock.real_time_until(timer.due)))
    }

    /// Stops the virtual clock where it is; an advance that is under way ends there, with an error.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::builder().pace(60.0).start().await?;
    /// server.freeze();
    /// assert_eq!(server.now(), server.now());
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    pub fn freeze(&self) {
        self.sandbox.freeze();
    }

    /// Lets the virtual clock run at so many of its seconds in a real one; 0 stops it.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.set_pace(1000.0)?;
    /// let before = server.now();
    /// while server.now() == before {}
    /// # std::io::Result::Ok(()) }).expect("it runs");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` unless it is 0 or from 0.001 to 100 000.
    pub fn set_pace(&self, pace: f64) -> io::Result<()> {
        let refuse = |message| io::Error::new(io::ErrorKind::InvalidInput, message);
        let pace = check_pace(pace).map_err(refuse)?;
        self.sandbox.set_pace(pace);
        Ok(())
    }
}
