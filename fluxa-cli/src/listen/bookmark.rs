//! Owns the file that says where a run of `listen --resume` stopped.
//!
//! Written from time to time and at the end, never further than what was handled: what is lost by a
//! crash is at most that some of the last deliveries were made, and they are made again.

use std::fmt;
use std::fs::{self, File};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use super::ListenEvent;
use super::cursor::{Cursor, Position};
use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::{Output, Ui};

/// How often it is written, when there is something to write.
const EVERY: Duration = Duration::from_millis(300);

/// Whose position it is: none of these has a blank but the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) profile: String,
    pub(crate) api_base: String,
    /// What tells one account from another, whatever its key.
    pub(crate) account: String,
    pub(crate) targets: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            profile,
            api_base,
            account,
            targets,
        } = self;
        write!(formatter, "{profile} {api_base} {account} {targets}")
    }
}

impl Identity {
    /// Reads what [`Display`](fmt::Display) wrote.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ').map(str::to_owned);
        Some(Self {
            profile: parts.next()?,
            api_base: parts.next()?,
            account: parts.next()?,
            targets: parts.next()?,
        })
    }
}

/// A position that is kept for the same profile and targets, and for another account or server.
#[derive(Debug)]
pub(crate) struct Neighbour {
    pub(crate) identity: Identity,
    pub(crate) position: Position,
    /// When it was kept.
    pub(crate) kept: Timestamp,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Page {
    /// Whose position this is; the name of the file is only a digest of it.
    identity: String,
    #[serde(flatten)]
    position: Position,
}

/// The file, held by one process at a time.
#[derive(Debug)]
pub(crate) struct Bookmark {
    directory: PrivateDirectory,
    name: String,
    identity: Identity,
    /// Unlocks when it is closed.
    _lock: File,
}

impl Bookmark {
    /// Opens the bookmark of an identity, and returns the position it holds.
    ///
    /// # Errors
    /// Another process has it open, or the file cannot be read.
    pub(crate) fn open(
        directory: &PrivateDirectory,
        identity: Identity,
        ui: &Ui,
    ) -> Result<(Self, Option<Position>)> {
        let directory = PrivateDirectory::new(directory.path("listen"));
        let digest = digest(&identity.to_string());
        let lock = directory.hold(&format!("{digest:016x}.lock"), ui)?;
        let lock = lock.ok_or_else(|| {
            CliError::failure("another `fluxa listen --resume` forwards to the same targets")
                .hint("stop it first, or leave --resume out here")
        })?;
        let bookmark = Self {
            name: format!("{digest:016x}.json"),
            directory,
            identity,
            _lock: lock,
        };
        let Some(text) = bookmark.directory.read(&bookmark.name, ui)? else {
            return Ok((bookmark, None));
        };
        let page = serde_json::from_str::<Page>(&text).map_err(|error| {
            let path = bookmark.directory.path(&bookmark.name);
            CliError::failure(format!("cannot read {}: {error}", path.display()))
                .hint("remove it to start anew; --since says where")
        })?;
        // Two identities of one digest: the position is not ours.
        let is_ours = page.identity == bookmark.identity.to_string();
        let position = is_ours.then_some(page.position);
        Ok((bookmark, position))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the newest position that is kept for the same profile and targets, though for another
    /// account or server. What cannot be read is none.
    pub(crate) fn neighbour(&self, ui: &Ui) -> Option<Neighbour> {
        let files = fs::read_dir(self.directory.path("")).ok()?;
        files
            .filter_map(|file| self.neighbour_in(&file.ok()?.file_name().into_string().ok()?, ui))
            .max_by_key(|neighbour| neighbour.kept)
    }

    fn neighbour_in(&self, name: &str, ui: &Ui) -> Option<Neighbour> {
        if !name.ends_with(".json") || name == self.name {
            return None;
        }
        let kept = fs::metadata(self.directory.path(name)).ok()?.modified();
        let text = self.directory.read(name, ui).ok()??;
        let page: Page = serde_json::from_str(&text).ok()?;
        let identity = Identity::parse(&page.identity)?;
        let is_near =
            identity.profile == self.identity.profile && identity.targets == self.identity.targets;
        Some(Neighbour {
            kept: Timestamp::try_from(kept.ok()?).ok()?,
            position: page.position,
            identity,
        })
        .filter(|_| is_near)
    }

    fn save(&self, position: Position, ui: &Ui) -> Result<()> {
        let page = Page {
            identity: self.identity.to_string(),
            position,
        };
        let text = serde_json::to_string(&page)
            .map_err(|error| CliError::failure(format!("cannot write JSON: {error}")))?;
        self.directory.update(&self.name, ui, |_| Ok(text))
    }
}

/// Keeps a bookmark where a cursor is; without one it does nothing.
pub(super) struct Keeper {
    bookmark: Option<Arc<Bookmark>>,
    cursor: Arc<Mutex<Cursor>>,
    interval: Interval,
    /// Whether the cursor is somewhere: until the source has started, it says nothing.
    started: bool,
    /// The version of the cursor that is or is being saved.
    version: Option<u64>,
    /// Beside what else is being done, since a disk may be slow.
    saving: Option<JoinHandle<Result<()>>>,
    /// Whether it has been told that it does not work.
    told: bool,
}

impl Keeper {
    pub(super) fn new(bookmark: Option<Bookmark>, cursor: Arc<Mutex<Cursor>>) -> Self {
        let mut interval = tokio::time::interval(EVERY);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            bookmark: bookmark.map(Arc::new),
            cursor,
            interval,
            started: false,
            version: None,
            saving: None,
            told: false,
        }
    }

    /// Does what is due next: saves, from time to time, or waits until that is done. May be dropped
    /// at any time and called again.
    ///
    /// # Errors
    /// A warning, the first time it fails: the position cannot be saved, and all else goes on.
    pub(super) async fn step(&mut self) -> Result<(), ListenEvent> {
        if self.bookmark.is_none() || !self.started {
            return std::future::pending().await;
        }
        if self.saving.is_none() {
            self.interval.tick().await;
            self.begin();
        }
        self.end().await
    }

    /// Saves the position that the source has started at. See [`Keeper::step`] for errors.
    pub(super) async fn start(&mut self) -> Result<(), ListenEvent> {
        self.started = true;
        self.save().await
    }

    /// Saves the position now. See [`Keeper::step`] for errors.
    pub(super) async fn save(&mut self) -> Result<(), ListenEvent> {
        self.end().await?;
        self.begin();
        self.end().await
    }

    /// Begins to save the position, if it has changed.
    fn begin(&mut self) {
        let cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bookmark) = self.bookmark.as_ref().map(Arc::clone) else {
            return;
        };
        if !self.started || self.version == Some(cursor.version()) {
            return;
        }
        self.version = Some(cursor.version());
        let position = cursor.position();
        let ui = Ui::new(Output::Json);
        self.saving = Some(tokio::task::spawn_blocking(move || {
            bookmark.save(position, &ui)
        }));
    }

    async fn end(&mut self) -> Result<(), ListenEvent> {
        let Some(saving) = &mut self.saving else {
            return Ok(());
        };
        let saved = saving.await;
        self.saving = None;
        let Ok(Err(error)) = saved else {
            return Ok(());
        };
        self.version = None;
        match std::mem::replace(&mut self.told, true) {
            true => Ok(()),
            false => Err(ListenEvent::Warning(format!(
                "a later --resume would not start here: {error}"
            ))),
        }
    }
}

/// Returns a digest of a text that is the same in every release (64-bit FNV-1a).
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, PrivateDirectory) {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        (root, directory)
    }

    fn identity(account: &str) -> Identity {
        Identity {
            profile: "default".into(),
            api_base: "http://127.0.0.1:4010/v1".into(),
            account: account.into(),
            targets: "a.b=http://one/ *rest*=http://two/".into(),
        }
    }

    #[test]
    fn the_digest_is_that_of_other_tools() {
        // Published test vectors of FNV-1a.
        assert_eq!(digest(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_position_is_there_for_the_next_run_of_the_same_identity_alone() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        let position = Position {
            after: Some("evt_1".into()),
            handled: vec!["evt_3".into()],
            in_part: [("evt_2".into(), vec!["http://one/".into()])].into(),
        };
        let open = |identity: &str| Bookmark::open(&directory, self::identity(identity), &ui);
        let (bookmark, none) = open("a").unwrap();
        assert_eq!(none, None);
        bookmark.save(position.clone(), &ui).unwrap();
        drop(bookmark);
        assert_eq!(open("a").unwrap().1, Some(position));
        assert_eq!(open("b").unwrap().1, None);
    }

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        let written = identity("mer_1").to_string();
        assert_eq!(Identity::parse(&written), Some(identity("mer_1")));
        assert_eq!(Identity::parse("default"), None);
    }

    #[test]
    fn a_neighbour_has_the_same_profile_and_the_same_targets() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        let keep = |identity: Identity, event: &str| {
            let (bookmark, _) = Bookmark::open(&directory, identity, &ui).unwrap();
            let position = Position::after(Some(event.to_owned()));
            bookmark.save(position, &ui).unwrap();
        };
        let elsewhere = |change: fn(&mut Identity)| {
            let mut identity = identity("mer_1");
            change(&mut identity);
            identity
        };
        keep(
            elsewhere(|other| other.profile = "work".into()),
            "evt_profile",
        );
        keep(
            elsewhere(|other| other.targets = "http://one/".into()),
            "evt_targets",
        );
        let (bookmark, _) = Bookmark::open(&directory, identity("mer_2"), &ui).unwrap();
        assert!(bookmark.neighbour(&ui).is_none());
        fs::write(directory.path("listen/broken.json"), "{").unwrap();
        keep(identity("mer_1"), "evt_1");
        let found = bookmark.neighbour(&ui).unwrap();
        assert_eq!(found.identity.account, "mer_1");
        assert_eq!(found.position.after.as_deref(), Some("evt_1"));
        // Its own is none.
        bookmark.save(Position::default(), &ui).unwrap();
        assert_eq!(bookmark.neighbour(&ui).unwrap().identity.account, "mer_1");
    }

    #[tokio::test]
    async fn what_an_earlier_run_kept_stands_until_this_one_has_started() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        let position = Position::after(Some("evt_1".into()));
        let open = || Bookmark::open(&directory, identity("a"), &ui).unwrap();
        let (bookmark, _) = open();
        bookmark.save(position.clone(), &ui).unwrap();
        let cursor = Arc::new(Mutex::new(Cursor::default()));
        let mut keeper = Keeper::new(Some(bookmark), Arc::clone(&cursor));
        // The API cannot be reached: there is nothing to keep.
        assert!(keeper.save().await.is_ok());
        drop(keeper);
        let (bookmark, kept) = open();
        assert_eq!(kept, Some(position));
        let mut keeper = Keeper::new(Some(bookmark), Arc::clone(&cursor));
        *cursor.lock().unwrap() = Cursor::at(Position::after(Some("evt_2".into())));
        assert!(keeper.start().await.is_ok());
        let ticket = cursor.lock().unwrap().receive("evt_3").unwrap();
        cursor.lock().unwrap().handled(ticket);
        assert!(keeper.save().await.is_ok());
        drop(keeper);
        assert_eq!(open().1.unwrap().after.as_deref(), Some("evt_3"));
    }

    #[test]
    fn a_second_process_is_refused_while_the_first_runs() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        let first = Bookmark::open(&directory, identity("a"), &ui).unwrap();
        let refused = Bookmark::open(&directory, identity("a"), &ui).unwrap_err();
        assert!(refused.message.contains("another"), "{}", refused.message);
        drop(first);
        assert!(Bookmark::open(&directory, identity("a"), &ui).is_ok());
    }
}
