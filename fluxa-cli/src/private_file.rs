//! Owns files that only their owner may read: written whole or not at all, one writer at a time.
//!
//! Knows nothing of what is in them.

mod guard;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{CliError, Result};
use crate::ui::Ui;

/// How long a writer waits for the one before it. One takes milliseconds; one that was stopped in the
/// middle, by Ctrl-Z or a debugger, must not keep all others for ever.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long a writer waits before it tries the lock again.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// A directory of private files.
#[derive(Clone, Debug)]
pub(crate) struct PrivateDirectory {
    path: PathBuf,
    /// Whether nothing but our files is in it, so that it may be narrowed.
    ours: bool,
}

impl PrivateDirectory {
    /// A directory that was named by the user: others may have a use for it.
    pub(crate) fn new(path: PathBuf) -> Self {
        // Without the slash at its end, behind which a link would be followed.
        let path = path.components().collect();
        Self { path, ours: false }
    }

    /// A directory that is ours alone.
    pub(crate) fn of_our_own(path: PathBuf) -> Self {
        Self {
            ours: true,
            ..Self::new(path)
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the text of a file; `None` when there is none. A file that others could read is
    /// narrowed to 0600, with a warning.
    pub(crate) fn read(&self, name: &str, ui: &Ui) -> Result<Option<String>> {
        guard::check_directory(&self.path, self.ours, ui)?;
        read(&self.path(name), ui)
    }

    /// Replaces a file by what `change` makes of its text, under the directory's lock and by an
    /// atomic rename: a crash at any point leaves the old file or the new one, whole.
    pub(crate) fn update(
        &self,
        name: &str,
        ui: &Ui,
        change: impl FnOnce(Option<String>) -> Result<String>,
    ) -> Result<()> {
        create_directory(&self.path)
            .map_err(|error| CliError::file("create", &self.path, &error))?;
        guard::check_directory(&self.path, self.ours, ui)?;
        let lock = open_lock(&self.path(".lock"))?;
        replace_under(&lock, &self.path(name), ui, change)
    }
}

/// Replaces a file anywhere by what `change` makes of its text, as [`PrivateDirectory::update`]
/// does. It is 0600 afterwards.
pub(crate) fn replace(
    path: &Path,
    ui: &Ui,
    change: impl FnOnce(Option<String>) -> Result<String>,
) -> Result<()> {
    replace_under(&open_lock_beside(path)?, path, ui, change)
}

fn replace_under(
    lock: &File,
    path: &Path,
    ui: &Ui,
    change: impl FnOnce(Option<String>) -> Result<String>,
) -> Result<()> {
    wait_for(lock, path, LOCK_PATIENCE)?;
    let text = change(read(path, ui)?)?;
    let write = || -> std::io::Result<()> {
        // One name for what is not finished, not a random one: what a killed writer left behind
        // holds a key, and the next writer replaces it.
        let fresh = beside(path, ".new")?;
        remove_if_there(&fresh)?;
        let mut file = create_private(&fresh)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&fresh, path));
        if written.is_err() {
            // A full disk: the old file stands, and no half of the new one is left.
            remove_if_there(&fresh)?;
        }
        written?;
        sync_directory(directory_of(path))
    };
    write().map_err(|error| CliError::file("write", path, &error))
}

/// Takes the lock, which is given back when its file is closed.
fn wait_for(lock: &File, path: &Path, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(BETWEEN_TRIES);
            }
            Err(TryLockError::WouldBlock) => {
                let held = format!("{} is held by another fluxa", path.display());
                return Err(CliError::failure(held).hint("is one stopped? end it, and try again"));
            }
            Err(TryLockError::Error(error)) => return Err(CliError::file("lock", path, &error)),
        }
    }
}

fn read(path: &Path, ui: &Ui) -> Result<Option<String>> {
    let failed = |error| CliError::file("read", path, &error);
    match fs::symlink_metadata(path) {
        Ok(metadata) => guard::check_file(path, &metadata)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let mut file = open(OpenOptions::new().read(true), path).map_err(failed)?;
    // Again, of what is open now: the name may lead elsewhere since it was looked at.
    let metadata = file.metadata().map_err(failed)?;
    guard::check_file(path, &metadata)?;
    guard::narrow(path, &file, &metadata, ui)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Returns the directory a file is in, also where only its name was given.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns `.NAME` and an ending, beside a file.
fn beside(path: &Path, ending: &str) -> std::io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(ending);
    Ok(path.with_file_name(hidden))
}

/// Opens what is locked while a file in a directory of others is replaced: the directory itself,
/// which leaves nothing behind.
#[cfg(unix)]
fn open_lock_beside(path: &Path) -> Result<File> {
    File::open(directory_of(path)).map_err(|error| CliError::file("lock", path, &error))
}

#[cfg(not(unix))]
fn open_lock_beside(path: &Path) -> Result<File> {
    let lock = beside(path, ".lock").map_err(|error| CliError::file("lock", path, &error))?;
    open_lock(&lock)
}

fn open_lock(path: &Path) -> Result<File> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        guard::check_file(path, &metadata)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let opened = open(&mut options, path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|error| CliError::file("open the lock", path, &error))?;
    guard::check_file(path, &metadata)?;
    Ok(file)
}

/// Writes a file that tells others something is ready: it appears with its content or not at all.
pub(crate) fn announce(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory_of(path))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| CliError::file("write the ready file", path, &error))
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a directory of mode 0700, and those above it that are missing.
#[cfg(unix)]
fn create_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.as_os_str().is_empty() || fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), create_directory)?;
    match fs::DirBuilder::new().mode(0o700).create(path) {
        // Whatever the umask took away.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
        // Another process was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn create_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let file = open(OpenOptions::new().write(true).create_new(true), path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens a file, or makes it with mode 0600. Neither follows a link nor waits for the other end of a pipe.
fn open(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(guard::OPEN_FLAGS);
    }
    options.open(path)
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ui::Output;

    fn directory() -> (tempfile::TempDir, PrivateDirectory) {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        (root, directory)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_are_0600_in_a_0700_directory() {
        let (root, directory) = directory();
        directory
            .update("a", &Ui::new(Output::Json), |_| Ok("x".into()))
            .unwrap();
        assert_eq!(mode(&directory.path("a")), 0o600);
        assert_eq!(mode(&root.path().join("fluxa")), 0o700);
    }

    #[test]
    fn a_wider_file_is_narrowed_when_it_is_read() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("x".into())).unwrap();
        fs::set_permissions(directory.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(directory.read("a", &ui).unwrap().as_deref(), Some("x"));
        assert_eq!(mode(&directory.path("a")), 0o600);
    }

    #[test]
    fn what_a_killed_writer_left_is_replaced_and_gone() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        fs::write(directory.path(".a.new"), "sk_test_left_behind").unwrap();
        directory.update("a", &ui, |_| Ok("new".into())).unwrap();
        assert_eq!(directory.read("a", &ui).unwrap().as_deref(), Some("new"));
        let names: Vec<_> = fs::read_dir(directory.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(
            names.iter().all(|name| name == "a" || name == ".lock"),
            "{names:?}"
        );
    }

    #[test]
    fn what_is_no_plain_file_is_refused_before_its_mode_is_touched() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("x".into())).unwrap();
        let inner = directory.path("inner");
        fs::create_dir(&inner).unwrap();
        let before = mode(&inner);
        assert!(
            directory
                .read("inner", &ui)
                .unwrap_err()
                .message
                .contains("no plain file")
        );
        assert_eq!(mode(&inner), before);
    }

    #[test]
    fn a_symbolic_link_is_refused_and_a_failed_change_keeps_the_file() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let failed = directory.update("a", &ui, |_| Err(CliError::failure("no")));
        assert!(failed.is_err());
        assert_eq!(directory.read("a", &ui).unwrap().as_deref(), Some("old"));
        std::os::unix::fs::symlink(directory.path("a"), directory.path("link")).unwrap();
        assert!(
            directory
                .read("link", &ui)
                .unwrap_err()
                .message
                .contains("symbolic link")
        );
    }
}
