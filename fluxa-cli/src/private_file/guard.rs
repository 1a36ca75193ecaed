//! Owns what a file or directory must be before a secret is read from it or written into it: plain, of
//! one name, its owner's alone.
//!
//! Knows nothing of what is done with it.

use std::fs::{File, Metadata};
use std::path::Path;

use crate::env;
use crate::error::{CliError, Result};
use crate::ui::Ui;

/// Neither follows a link nor waits for the other end of a pipe.
#[cfg(unix)]
pub(super) const OPEN_FLAGS: i32 = rustix::fs::OFlags::NOFOLLOW
    .union(rustix::fs::OFlags::NONBLOCK)
    .bits()
    .cast_signed();

/// Refuses what is no plain file, or has a second name somewhere.
pub(super) fn check_file(path: &Path, metadata: &Metadata) -> Result<()> {
    check_plain(path, metadata)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(metadata) > 1 {
        return Err(refused(path, "has a second name (a hard link)")
            .hint("secrets are kept in files of one name only: copy it, and remove the link"));
    }
    Ok(())
}

fn refused(path: &Path, what: &str) -> CliError {
    CliError::failure(format!("{} {what}", path.display()))
}

/// Refuses what is no plain file.
pub(super) fn check_plain(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.file_type().is_symlink() {
        return Err(refused(path, "is a symbolic link")
            .hint("only plain files are read and written: name the one it leads to, or put one in its place"));
    }
    if !metadata.is_file() {
        return Err(refused(path, "is no plain file").hint("move it away, or name another"));
    }
    Ok(())
}

/// Refuses a directory into which others could put a file, or which is not what it seems. One that is
/// ours alone is narrowed instead, with a warning. A missing one is fine.
#[cfg(unix)]
pub(super) fn check_directory(path: &Path, ours: bool, ui: &Ui) -> Result<()> {
    use std::fs::{self, Permissions};
    use std::io::ErrorKind;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let refused = |what: String, hint: String| {
        Err(CliError::failure(format!("{} {what}", path.display())).hint(hint))
    };
    let another = format!("name another directory by {}", env::CONFIG_DIR);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(CliError::file("read", path, &error)),
    };
    if metadata.file_type().is_symlink() {
        let hint = format!("{another}: the one it leads to, if it is yours");
        return refused("is a symbolic link".to_owned(), hint);
    }
    if !metadata.is_dir() {
        return refused("is no directory".to_owned(), another);
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refused("belongs to somebody else".to_owned(), another);
    }
    let mode = metadata.mode() & 0o777;
    if ours && mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|error| CliError::file("narrow the permissions of", path, &error))?;
        warn_of_narrowing(path, mode, "700", ui);
    } else if mode & 0o022 != 0 {
        let hint = format!("`chmod 700` it if it is yours alone, or {another}");
        return refused(format!("can be written by others (mode {mode:03o})"), hint);
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn check_directory(_path: &Path, _ours: bool, _ui: &Ui) -> Result<()> {
    Ok(())
}

/// Narrows a file that others could read to 0600, with a warning.
#[cfg(unix)]
pub(super) fn narrow(path: &Path, file: &File, metadata: &Metadata, ui: &Ui) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
            .map_err(|error| CliError::file("narrow the permissions of", path, &error))?;
        warn_of_narrowing(path, mode, "600", ui);
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn narrow(_path: &Path, _file: &File, _metadata: &Metadata, _ui: &Ui) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn warn_of_narrowing(path: &Path, mode: u32, to: &str, ui: &Ui) {
    ui.warn(&format!(
        "{} could be read by others (mode {mode:03o}); narrowed to {to}",
        path.display()
    ));
}
