//! Owns files that only their owner may read: written whole or not at all, one writer at a time.
//!
//! Knows nothing of what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{CliError, Result};
use crate::ui::Ui;

/// A directory of private files.
#[derive(Clone, Debug)]
pub(crate) struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the text of a file; `None` when there is none. A file that others could read is
    /// narrowed to 0600, with a warning.
    pub(crate) fn read(&self, name: &str, ui: &Ui) -> Result<Option<String>> {
        read(&self.path(name), ui)
    }

    /// Takes a lock of this directory for as long as the file it returns is open, which a process
    /// that is killed does not outlive; `None` when somebody else holds it.
    pub(crate) fn hold(&self, name: &str) -> Result<Option<File>> {
        create_directory(&self.0).map_err(|error| CliError::file("create", &self.0, &error))?;
        let path = self.path(name);
        let failed = |error: &std::io::Error| CliError::file("lock", &path, error);
        let file = open_private(&path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
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
        create_directory(&self.0).map_err(|error| CliError::file("create", &self.0, &error))?;
        let lock_path = self.path(".lock");
        let lock = open_private(&lock_path)
            .map_err(|error| CliError::file("open the lock", &lock_path, &error))?;
        replace_under(lock, &self.path(name), ui, change)
    }
}

/// Replaces a file anywhere by what `change` makes of its text, as [`PrivateDirectory::update`]
/// does. It is 0600 afterwards.
pub(crate) fn replace(
    path: &Path,
    ui: &Ui,
    change: impl FnOnce(Option<String>) -> Result<String>,
) -> Result<()> {
    let lock = open_lock_beside(path).map_err(|error| CliError::file("lock", path, &error))?;
    replace_under(lock, path, ui, change)
}

fn replace_under(
    lock: File,
    path: &Path,
    ui: &Ui,
    change: impl FnOnce(Option<String>) -> Result<String>,
) -> Result<()> {
    let mut lock = fd_lock::RwLock::new(lock);
    let _guard = lock
        .write()
        .map_err(|error| CliError::file("lock", path, &error))?;
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

fn read(path: &Path, ui: &Ui) -> Result<Option<String>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CliError::file("read", path, &error)),
    };
    refuse_link(path, &metadata)?;
    narrow(path, &metadata, ui)?;
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(CliError::file("read", path, &error)),
    }
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
fn open_lock_beside(path: &Path) -> std::io::Result<File> {
    File::open(directory_of(path))
}

#[cfg(not(unix))]
fn open_lock_beside(path: &Path) -> std::io::Result<File> {
    open_private(&beside(path, ".lock")?)
}

/// Opens a file to be added to, and makes it when it is not there: what it holds is for its owner.
pub(crate) fn append_to(path: &Path) -> Result<File> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => refuse_link(path, &metadata)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(CliError::file("open", path, &error)),
    }
    with_mode(
        OpenOptions::new().read(true).append(true).create(true),
        path,
    )
    .map_err(|error| CliError::file("open", path, &error))
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

fn refuse_link(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    if metadata.file_type().is_symlink() {
        return Err(
            CliError::failure(format!("{} is a symbolic link", path.display()))
                .hint("secrets are read from and written to plain files only: replace the link"),
        );
    }
    if !metadata.is_file() {
        return Err(
            CliError::failure(format!("{} is no plain file", path.display()))
                .hint("move it away, or name another directory by FLUXA_CONFIG_DIR"),
        );
    }
    Ok(())
}

#[cfg(unix)]
fn narrow(path: &Path, metadata: &fs::Metadata, ui: &Ui) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(|error| CliError::file("narrow the permissions of", path, &error))?;
        ui.warn(&format!(
            "{} could be read by others (mode {mode:03o}); narrowed to 600",
            path.display()
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn narrow(_path: &Path, _metadata: &fs::Metadata, _ui: &Ui) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn create_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn create_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

fn open_private(path: &Path) -> std::io::Result<File> {
    with_mode(
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false),
        path,
    )
}

fn create_private(path: &Path) -> std::io::Result<File> {
    with_mode(OpenOptions::new().write(true).create_new(true), path)
}

fn with_mode(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
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
