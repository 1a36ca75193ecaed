//! The journal: what is to be done, on the disk before it is done.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fluxa_sdk::Timestamp;
use serde::{Deserialize, Serialize};

/// One order's charge, with all that its request is made of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) order: String,
    pub(crate) amount_minor: i64,
    pub(crate) customer: String,
    pub(crate) idempotency_key: String,
    pub(crate) opened_at: Timestamp,
    pub(crate) state: State,
}

/// What is known of it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Open,
    Charged {
        payment: String,
        payment_state: String,
    },
    Declined {
        payment: String,
        reason: String,
    },
    Refused {
        reason: String,
    },
}

/// A directory of intents.
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn open(directory: &str) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self(directory.into()))
    }

    pub(crate) fn read(&self, order: &str) -> io::Result<Option<Intent>> {
        match fs::read(self.path(order)?) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns once the intent is on the disk: written beside, synced, renamed, directory synced.
    pub(crate) fn write(&self, intent: &Intent) -> io::Result<()> {
        let path = self.path(&intent.order)?;
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(intent)?)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.0)?.sync_all()
    }

    pub(crate) fn open_intents(&self) -> io::Result<Vec<Intent>> {
        let mut open = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let intent: Intent = serde_json::from_slice(&fs::read(&path)?)?;
                if intent.state == State::Open {
                    open.push(intent);
                }
            }
        }
        Ok(open)
    }

    fn path(&self, order: &str) -> io::Result<PathBuf> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if order.is_empty() || !order.bytes().all(plain) {
            let message = "an order's id is letters, digits, `-` and `_`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Path::new(&self.0).join(format!("{order}.json")))
    }
}
