//! What a store of events promises, whatever it keeps them in.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::MIN_RETENTION;
use crate::error::Error;

/// The longest id of an event or name of an inbox, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Keeps which events were processed, and which are being processed by whom.
///
/// A store is shared by all replicas of a receiver. Every method is atomic, and decides by the
/// store's own clock: the replicas' clocks need not agree.
///
/// An `Arc` of a store and a reference to one are stores too. There is no `dyn EventStore`, because
/// its methods are `async`: where the configuration chooses the store, be generic over it or make an
/// enum of the stores you use, whose methods `match` and pass on:
///
/// ```
/// use std::time::Duration;
/// use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, MemoryStore, StoreError};
///
/// enum Store {
///     Memory(MemoryStore),
///     // Postgres(PostgresStore),
/// }
///
/// impl EventStore for Store {
///     async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
///         match self {
///             Self::Memory(store) => store.claim(event_id, lease).await,
///         }
///     }
/// #   async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
/// #       match self { Self::Memory(store) => store.extend(lease, duration).await }
/// #   }
/// #   async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
/// #       match self { Self::Memory(store) => store.done(lease).await }
/// #   }
/// #   async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
/// #       match self { Self::Memory(store) => store.release(lease).await }
/// #   }
///     // and `extend`, `done`, `release` likewise
/// }
/// ```
///
/// Methods that are added later will have a default built from these four, so that your store goes
/// on compiling.
pub trait EventStore: Send + Sync {
    /// Claims the event for this worker, for the time of the lease.
    ///
    /// An event whose lease ran out is given to whoever asks next, with a higher fence.
    ///
    /// # Errors
    /// [`StoreError`] when the store could not be asked; the claim may have been made all the same,
    /// and then ends with its lease.
    fn claim(
        &self,
        event_id: &str,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Lets the lease run anew from now. `false`: it had run out, and the work must stop.
    ///
    /// # Errors
    /// [`StoreError`] when the store could not be asked.
    fn extend(
        &self,
        lease: &Lease,
        duration: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Marks the event as processed. `false`: the lease had run out, and nothing was marked.
    ///
    /// Marking it again with the same lease is `true`, so that this may be repeated.
    ///
    /// # Errors
    /// [`StoreError`] when the store could not be asked; it may be marked all the same.
    fn done(&self, lease: &Lease) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Gives the event back before the lease ends, to be claimed at once. `false`: it had run out.
    ///
    /// # Errors
    /// [`StoreError`] when the store could not be asked; the event comes back with its lease's end.
    fn release(&self, lease: &Lease) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// A store behind a pointer is a store: `forwarded!(Arc<S>, &S)`.
macro_rules! forwarded {
    ($($pointer:ty),*) => {$(
        impl<S: EventStore> EventStore for $pointer {
            fn claim(
                &self,
                event_id: &str,
                lease: Duration,
            ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
                (**self).claim(event_id, lease)
            }

            fn extend(
                &self,
                lease: &Lease,
                duration: Duration,
            ) -> impl Future<Output = Result<bool, StoreError>> + Send {
                (**self).extend(lease, duration)
            }

            fn done(&self, lease: &Lease) -> impl Future<Output = Result<bool, StoreError>> + Send {
                (**self).done(lease)
            }

            fn release(
                &self,
                lease: &Lease,
            ) -> impl Future<Output = Result<bool, StoreError>> + Send {
                (**self).release(lease)
            }
        }
    )*};
}

forwarded!(Arc<S>, &S);

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// It is this worker's to process.
    New(Lease),
    /// Another worker has it, for this much longer unless it extends its lease.
    InFlight {
        /// What is left of the other's lease.
        remaining: Duration,
    },
    /// It was processed before.
    Done,
}

/// A worker's right to an event, until it runs out.
///
/// The fence grows with each claim of the event. What takes orders from workers can refuse a fence
/// lower than one it has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    event_id: String,
    fence: u64,
}

impl Lease {
    /// Returns a lease. For implementations of [`EventStore`].
    pub fn new(event_id: impl Into<String>, fence: u64) -> Self {
        let event_id = event_id.into();
        Self { event_id, fence }
    }

    /// Returns the `evt_…` id.
    pub fn event_id(&self) -> &str {
        &self.event_id
    }

    /// Returns the fence: 1 for the first claim of the event, more for each that followed.
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

/// The store could not be asked, or answered nonsense. Whether it acted is not known.
pub struct StoreError {
    message: &'static str,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// Returns an error with what failed and why.
    pub fn new(message: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = Some(source.into());
        Self { message, source }
    }

    /// Returns this and what caused it, in one line for the log. Of each only the first line:
    /// PostgreSQL says in the others which row was wrong, with what is in it.
    pub(super) fn with_causes(&self) -> String {
        let mut text = self.message.to_owned();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(error.to_string().lines().next().unwrap_or_default());
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl fmt::Debug for StoreError {
    /// Writes the first line of each cause: in the others PostgreSQL quotes values of rows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreError")
            .field(&self.with_causes())
            .finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

/// Refuses ids that no store could keep, before the store is asked.
///
/// A signed event has a sound id; this is for whatever else a store may be called with.
pub(super) fn check_event_id(event_id: &str) -> Result<(), StoreError> {
    match fault_of_name(event_id) {
        Some(fault) => Err(StoreError::new("the event's id cannot be kept", fault)),
        None => Ok(()),
    }
}

/// Returns why a name cannot be kept. PostgreSQL's `text` cannot hold a NUL, nor its indexes a row
/// of several kilobytes; what a person reads in a table should not move their cursor.
pub(super) fn fault_of_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > MAX_NAME_BYTES {
        Some("it is longer than 255 bytes")
    } else if name.chars().any(char::is_control) {
        Some("it has control characters")
    } else {
        None
    }
}

/// Refuses to forget events that Fluxa may still deliver.
pub(super) fn check_retention(retention: Duration) -> Result<Duration, Error> {
    if retention < MIN_RETENTION {
        return Err(Error::config(format!(
            "a retention of {} s is less than 7 days; Fluxa delivers an event again for 3 days, and \
             longer when asked to",
            retention.as_secs()
        )));
    }
    Ok(retention)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_values_of_rows() {
        let cause = "db error: ERROR: duplicate key\nDETAIL: Key (email)=(ada@shop.test) exists.";
        let error = StoreError::new("the event could not be marked", cause);
        let shown = format!("{error:?}");
        assert!(shown.contains("duplicate key"), "{shown}");
        assert!(!shown.contains("ada@"), "{shown}");
    }
}
