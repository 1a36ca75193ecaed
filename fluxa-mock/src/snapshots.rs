//! Owns the states that a sandbox has put aside, by name, in memory; what they are made of is the
//! store's business.

use crate::domain::error::{DomainError, Kind};
use crate::observe::sensitive;
use crate::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Snapshots kept at most.
const MOST: usize = 100;

/// Bytes of all snapshots together, at most: 1 GiB.
const MOST_BYTES: usize = 1 << 30;

/// The whole state of a sandbox, to be put back later: see
/// [`Account::snapshot`](crate::Account::snapshot).
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) bytes: Arc<[u8]>,
}

impl Snapshot {
    /// From bytes kept earlier; whether they are a snapshot shows when it is restored.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into().into(),
        }
    }

    /// An SQLite file, to be kept. It holds the secrets of the sandbox's webhook endpoints.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Snapshot({} bytes)", self.bytes.len())
    }
}

/// A snapshot with where its clock stands.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) snapshot: Snapshot,
    now: Time,
}

/// The snapshots of a sandbox.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<BTreeMap<String, Kept>>);

impl Snapshots {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a snapshot, in place of another of this name.
    ///
    /// # Errors
    /// `parameter_invalid` for a bad name; `too_many_snapshots`.
    pub(crate) fn keep(
        &self,
        name: &str,
        snapshot: Snapshot,
        now: Time,
    ) -> Result<Value, DomainError> {
        check_name(name)?;
        let mut all = self.all();
        let others = || all.iter().filter(|(other, _)| *other != name);
        let bytes: usize = others().map(|(_, kept)| kept.snapshot.bytes.len()).sum();
        if others().count() >= MOST || bytes + snapshot.bytes.len() > MOST_BYTES {
            let message = "At most 100 snapshots and 1 GiB are kept; DELETE one first.";
            return Err(DomainError::invalid("too_many_snapshots", message));
        }
        let kept = Kept { snapshot, now };
        let view = view(name, &kept);
        all.insert(name.to_owned(), kept);
        Ok(view)
    }

    /// Every snapshot, by name.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.all()
            .iter()
            .map(|(name, kept)| view(name, kept))
            .collect()
    }

    /// The snapshot of this name.
    ///
    /// # Errors
    /// `resource_missing`.
    pub(crate) fn get(&self, name: &str) -> Result<Snapshot, DomainError> {
        let found = self.all().get(name).map(|kept| kept.snapshot.clone());
        found.ok_or_else(|| missing(name))
    }

    /// Forgets a snapshot.
    ///
    /// # Errors
    /// `resource_missing`.
    pub(crate) fn remove(&self, name: &str) -> Result<(), DomainError> {
        self.all()
            .remove(name)
            .map(drop)
            .ok_or_else(|| missing(name))
    }
}

/// Checks the form of a name.
pub(crate) fn check_name(name: &str) -> Result<(), DomainError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) && !sensitive::is_no_name(name) {
        return Ok(());
    }
    let message =
        "A snapshot's name is 1 to 64 letters, digits, -, _ and dots, and no card number or key.";
    Err(DomainError::parameter("name", message))
}

fn missing(name: &str) -> DomainError {
    let message = format!("There is no snapshot {name}; GET /_mock/snapshots lists them.");
    DomainError::new(Kind::NotFound, "resource_missing", message)
}

fn view(name: &str, kept: &Kept) -> Value {
    json!({ "name": name, "bytes": kept.snapshot.bytes.len(), "clock": kept.now })
}
