//! Owns files that only their owner may read: written whole or not at all, one writer at a time.
//!
//! Knows nothing of what is in them.

mod guard;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{CliError, Result};
use crate::input;
use crate::ui::Ui;

/// How long a writer waits for the one before it. One takes milliseconds; one that was stopped in the
/// middle, by Ctrl-Z or a debugger, must not keep all others for ever.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long a writer waits before it tries the lock again.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The largest file that is read. Settings and dotenv files are of some kilobytes.
const LARGEST_BYTES: u64 = 4 * 1024 * 1024;

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

    /// Takes a lock of this directory for as long as the file it returns is open, which a process
    /// that is killed does not outlive; `None` when somebody else holds it.
    pub(crate) fn hold(&self, name: &str, ui: &Ui) -> Result<Option<File>> {
        self.make(ui)?;
        let path = self.path(name);
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(CliError::file("lock", &path, &error)),
        }
    }

    /// Replaces a file by what `change` makes of its text, under the directory's lock and by an
    /// atomic rename: a crash at any point leaves the old file or the new one, whole.
    pub(crate) fn update(
        &self,
        name: &str,
        ui: &Ui,
        change: impl FnOnce(Option<String>) -> Result<String>,
    ) -> Result<()> {
        self.make(ui)?;
        let lock = open_lock(&self.path(".lock"))?;
        replace_under(&lock, &self.path(name), ui, change)
    }

    /// Makes the directory, unless it is there.
    fn make(&self, ui: &Ui) -> Result<()> {
        create_directory(&self.path)
            .map_err(|error| CliError::file("create", &self.path, &error))?;
        guard::check_directory(&self.path, self.ours, ui)
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

/// Returns the text of a file; `None` when there is none.
pub(crate) fn read(path: &Path, ui: &Ui) -> Result<Option<String>> {
    let failed = |error| CliError::file("read", path, &error);
    match fs::symlink_metadata(path) {
        Ok(metadata) => guard::check_file(path, &metadata)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let file = open(OpenOptions::new().read(true), path).map_err(failed)?;
    // Again, of what is open now: the name may lead elsewhere since it was looked at.
    let metadata = file.metadata().map_err(failed)?;
    guard::check_file(path, &metadata)?;
    guard::narrow(path, &file, &metadata, ui)?;
    let text = input::read_all(file, LARGEST_BYTES).and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|_| std::io::Error::new(ErrorKind::InvalidData, "not UTF-8"))
    });
    text.map(Some).map_err(failed)
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
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    open_plain(&mut options, path, "open the lock")
}

/// Opens a file to be added to, and makes it when it is not there: what it holds is for its owner.
pub(crate) fn append_to(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    open_plain(options.read(true).append(true).create(true), path, "open")
}

/// Opens what is there, if it is a plain file, or makes one.
fn open_plain(options: &mut OpenOptions, path: &Path, doing: &str) -> Result<File> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        guard::check_file(path, &metadata)?;
    }
    let opened = open(options, path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|error| CliError::file(doing, path, &error))?;
    guard::check_file(path, &metadata)?;
    Ok(file)
}

/// Writes a file that tells others something is ready: it appears with its content or not at all. What
/// is there is replaced if it is a plain file.
pub(crate) fn announce(path: &Path, text: &str) -> Result<()> {
    check_replaceable(path)?;
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory_of(path))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| CliError::file("write the ready file", path, &plain(&error)))
}

/// Fails where [`announce`] would, as far as that can be told before there is something to say.
pub(crate) fn check_announcement(path: &Path) -> Result<()> {
    check_replaceable(path)?;
    let directory = directory_of(path);
    let try_out = || -> std::io::Result<()> {
        fs::metadata(directory)?;
        tempfile::NamedTempFile::new_in(directory).map(drop)
    };
    try_out().map_err(|error| CliError::file("write the ready file", path, &plain(&error)))
}

/// Returns an error without what was added to it on its way: the name of a file that nobody has heard
/// of.
fn plain(error: &std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Refuses to put a file in the place of what is none: a link, which others made to lead somewhere, a
/// pipe, or a device that the whole system would miss.
pub(crate) fn check_replaceable(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) => guard::check_plain(path, &found),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CliError::file("write", path, &error)),
    }
}

/// Returns what in a directory of private files, itself included, others could read. Changes nothing.
#[cfg(unix)]
pub(crate) fn read_by_others(directory: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_wide = |path: &PathBuf| {
        fs::symlink_metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    };
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    std::iter::once(directory.to_owned())
        .chain(files.map(|entry| entry.path()))
        .filter(is_wide)
        .collect()
}

#[cfg(not(unix))]
pub(crate) fn read_by_others(_directory: &Path) -> Vec<PathBuf> {
    Vec::new()
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

    #[track_caller]
    fn assert_refused<T: std::fmt::Debug>(result: Result<T>, why: &str) {
        let message = result.unwrap_err().message;
        assert!(message.contains(why), "{message}");
    }

    #[test]
    fn what_is_no_plain_file_of_one_name_is_neither_read_nor_replaced() {
        let (root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let a = directory.path("a");
        fs::create_dir(directory.path("inner")).unwrap();
        std::os::unix::fs::symlink(&a, directory.path("link")).unwrap();
        std::os::unix::fs::symlink(root.path().join("nothing"), directory.path("dangling"))
            .unwrap();
        let pipe = directory.path("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let inner_mode = mode(&directory.path("inner"));
        for (name, why) in [
            ("inner", "no plain file"),
            ("link", "symbolic link"),
            ("dangling", "symbolic link"),
            ("pipe", "no plain file"),
        ] {
            assert_refused(directory.read(name, &ui), why);
            assert_refused(directory.update(name, &ui, |_| Ok("new".into())), why);
        }
        assert_eq!(mode(&directory.path("inner")), inner_mode);
        fs::hard_link(&a, root.path().join("second")).unwrap();
        assert_refused(directory.read("a", &ui), "a second name");
        let replaced = directory.update("a", &ui, |_| Ok("new".into()));
        assert_refused(replaced, "a second name");
        assert_eq!(fs::read_to_string(a).unwrap(), "old");
    }

    #[test]
    fn only_a_plain_file_is_replaced_by_an_announcement() {
        let root = tempfile::tempdir().unwrap();
        let (plain, link, pipe) = (
            root.path().join("plain"),
            root.path().join("link"),
            root.path().join("pipe"),
        );
        announce(&plain, "first").unwrap();
        announce(&plain, "second").unwrap();
        assert_eq!(fs::read_to_string(&plain).unwrap(), "second");
        std::os::unix::fs::symlink(&plain, &link).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_refused(announce(&link, "third"), "symbolic link");
        assert_refused(announce(&pipe, "third"), "no plain file");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&plain).unwrap(), "second");
    }

    #[test]
    fn a_file_without_an_end_is_not_read_for_ever() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("x".into())).unwrap();
        let file = OpenOptions::new()
            .write(true)
            .open(directory.path("a"))
            .unwrap();
        file.set_len(LARGEST_BYTES + 1).unwrap();
        assert_refused(directory.read("a", &ui), "too large");
    }

    #[test]
    fn a_lock_that_leads_elsewhere_is_refused() {
        let (root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let (lock, elsewhere) = (directory.path(".lock"), root.path().join("elsewhere"));
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
        assert_refused(
            directory.update("a", &ui, |_| Ok("new".into())),
            "symbolic link",
        );
        assert!(!elsewhere.exists());
    }

    #[test]
    fn what_another_put_in_the_place_of_the_unfinished_file_is_not_written_through() {
        let (root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "theirs").unwrap();
        std::os::unix::fs::symlink(&elsewhere, directory.path(".a.new")).unwrap();
        directory.update("a", &ui, |_| Ok("new".into())).unwrap();
        assert_eq!(fs::read_to_string(elsewhere).unwrap(), "theirs");
        assert_eq!(directory.read("a", &ui).unwrap().as_deref(), Some("new"));
    }

    #[test]
    fn a_directory_is_refused_that_is_a_link_or_another_user_could_write_into() {
        let (root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("x".into())).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(root.path().join("fluxa"), &link).unwrap();
        for name in ["link", "link/", "link/."] {
            let linked = PrivateDirectory::new(root.path().join(name));
            assert_refused(linked.read("a", &ui), "symbolic link");
            assert_refused(linked.update("a", &ui, |_| Ok("y".into())), "symbolic link");
        }
        let open = root.path().join("fluxa");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o770)).unwrap();
        assert_refused(directory.read("a", &ui), "written by others");
        let ours = PrivateDirectory::of_our_own(open.clone());
        assert_eq!(ours.read("a", &ui).unwrap().as_deref(), Some("x"));
        assert_eq!(mode(&open), 0o700);
        // Only root can give a directory away; all others find one that root has.
        let theirs = match std::os::unix::fs::chown(&open, Some(12_345), None) {
            Ok(()) => open,
            Err(_) => PathBuf::from("/"),
        };
        let theirs = PrivateDirectory::of_our_own(theirs);
        assert_refused(theirs.read("a", &ui), "belongs to somebody else");
        let written = theirs.update("a", &ui, |_| Ok("y".into()));
        assert_refused(written, "belongs to somebody else");
    }

    #[test]
    fn a_lock_that_is_held_is_waited_for_and_then_given_up() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let path = directory.path(".lock");
        let held = open_lock(&path).unwrap();
        wait_for(&held, &path, Duration::ZERO).unwrap();
        let second = open_lock(&path).unwrap();
        let waited = wait_for(&second, &path, Duration::from_millis(20));
        assert_refused(waited, "held by another");
        drop(held);
        wait_for(&second, &path, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_failed_change_keeps_the_file() {
        let (_root, directory) = directory();
        let ui = Ui::new(Output::Json);
        directory.update("a", &ui, |_| Ok("old".into())).unwrap();
        let failed = directory.update("a", &ui, |_| Err(CliError::failure("no")));
        assert!(failed.is_err());
        assert_eq!(directory.read("a", &ui).unwrap().as_deref(), Some("old"));
    }
}
