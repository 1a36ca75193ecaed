//! Owns the rotations, of keys and of webhook secrets, that were begun and not seen to their end: what
//! it takes to finish one.
//!
//! Written before the request is made. The API keeps its answer, the new secret in it, under the
//! idempotency key for a day: whoever has that key gets the same secret again, so that neither a crash
//! nor a lost answer leaves a new key that nobody has. Never holds a secret.

use std::collections::BTreeMap;

use fluxa_sdk::{Error, IdempotencyKey, Outcome, contract};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::Ui;

const FILE: &str = "rotations.json";

/// By base URL and id of the key or endpoint.
type Rotations = BTreeMap<String, BTreeMap<String, Rotation>>;

/// A rotation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Rotation {
    pub(crate) idempotency_key: String,
    pub(crate) grace_seconds: u64,
    pub(crate) begun_at: Timestamp,
    /// The profile that gets the new key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// What may be shown of the key that it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<String>,
}

impl Rotation {
    pub(crate) fn new(
        grace_seconds: u64,
        profile: Option<String>,
        replaces: Option<String>,
    ) -> Self {
        Self {
            idempotency_key: IdempotencyKey::new_v4().as_str().to_owned(),
            grace_seconds,
            begun_at: Timestamp::now(),
            profile,
            replaces,
        }
    }
}

/// The rotations of one API.
pub(crate) struct Journal<'a> {
    pub(crate) directory: &'a PrivateDirectory,
    pub(crate) api_base: &'a str,
    pub(crate) ui: &'a Ui,
}

impl Journal<'_> {
    /// Returns those that were not finished, by the id.
    pub(crate) fn unfinished(&self) -> Result<BTreeMap<String, Rotation>> {
        let Some(text) = self.directory.read(FILE, self.ui)? else {
            return Ok(BTreeMap::new());
        };
        Ok(self.parse(&text)?.remove(self.api_base).unwrap_or_default())
    }

    /// Notes a rotation. Returns the one to carry out: one of the same id that was begun before, by
    /// whomever, goes first.
    pub(crate) fn begin(&self, id: &str, rotation: Rotation) -> Result<Rotation> {
        let mut begun = rotation.clone();
        self.change(|rotations| {
            let of_base = rotations.entry(self.api_base.to_owned()).or_default();
            begun = of_base.entry(id.to_owned()).or_insert(rotation).clone();
        })?;
        Ok(begun)
    }

    /// Forgets a rotation: its secret is where it belongs, or it will never be.
    pub(crate) fn end(&self, id: &str) -> Result<()> {
        self.change(|rotations| {
            if let Some(of_base) = rotations.get_mut(self.api_base) {
                of_base.remove(id);
            }
            rotations.retain(|_, of_base| !of_base.is_empty());
        })
    }

    fn change(&self, change: impl FnOnce(&mut Rotations)) -> Result<()> {
        self.directory.update(FILE, self.ui, |text| {
            let mut rotations = match text {
                Some(text) => self.parse(&text)?,
                None => Rotations::new(),
            };
            change(&mut rotations);
            serde_json::to_string(&rotations)
                .map_err(|error| CliError::failure(format!("cannot write JSON: {error}")))
        })
    }

    fn parse(&self, text: &str) -> Result<Rotations> {
        serde_json::from_str(text).map_err(|error| {
            let path = self.directory.path(FILE);
            CliError::failure(format!("cannot read {}: {error}", path.display())).hint(
                "it holds the rotations that were cut off: move it away, and look at `fluxa keys \
                 list` for keys that nobody has",
            )
        })
    }
}

/// Returns whether nothing more can come of a rotation that failed. `began_before` says that an
/// earlier run may have sent it.
pub(crate) fn is_over(error: &Error, began_before: bool) -> bool {
    let code = error.as_api().and_then(|api| api.code());
    match (error.outcome(), code) {
        (_, Some(contract::CODE_IDEMPOTENCY_KEY_IN_USE)) => false,
        // Refused before anybody looked at what was asked: an earlier run may have had it done.
        (Outcome::Rejected, _) if matches!(status(error), 401 | 403 | 429) => !began_before,
        (Outcome::Rejected, _) => true,
        (Outcome::NotSent, _) => !began_before,
        _ => false,
    }
}

fn status(error: &Error) -> u16 {
    error.as_api().map_or(0, |api| api.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Output;

    #[test]
    fn the_rotation_that_was_begun_first_is_the_one_to_carry_out() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        let ui = Ui::new(Output::Json);
        let journal = |api_base| Journal {
            directory: &directory,
            api_base,
            ui: &ui,
        };
        let (one, other) = (journal("http://a/v1"), journal("http://b/v1"));
        assert!(one.unfinished().unwrap().is_empty());
        let first = Rotation::new(3_600, Some("default".into()), None);
        assert_eq!(one.begin("key_1", first.clone()).unwrap(), first);
        let second = Rotation::new(7_200, None, None);
        assert_eq!(one.begin("key_1", second.clone()).unwrap(), first);
        assert_eq!(other.begin("key_1", second.clone()).unwrap(), second);
        one.end("key_1").unwrap();
        one.end("key_1").unwrap();
        assert!(one.unfinished().unwrap().is_empty());
        assert_eq!(other.unfinished().unwrap()["key_1"], second);
        assert_eq!(one.begin("key_1", second.clone()).unwrap(), second);
    }
}
