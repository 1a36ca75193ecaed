//! Owns the permissions of the database file: it holds webhook secrets and stored answers, so that its
//! owner alone may read it. Knows nothing of what is in the file.

use std::io;
use std::path::Path;

/// Makes sure that the file exists and that its owner alone may use it, SQLite's files beside it too.
///
/// SQLite gives those the mode of the database when it makes them; a crash may have left wider ones.
///
/// # Errors
/// When the file can be neither made nor narrowed: better no server than a file that others read.
#[cfg(unix)]
pub(super) fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    // To create, and never to open what exists: closing a second descriptor of a file drops the locks
    // that this process holds on it.
    let created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(path);
    match created {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => narrow(path)?,
        Err(error) => return Err(error),
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match narrow(Path::new(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Makes sure that the directory exists and that its owner alone may use it.
///
/// # Errors
/// When it can be neither made nor narrowed.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    let named = |error: io::Error| {
        let message = format!("{}: {error}", path.display());
        io::Error::new(error.kind(), message)
    };
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, PRIVATE_DIRECTORY);
    match builder.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(named(error)),
        _ => {}
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(named)?.permissions().mode() & 0o7777;
        if mode & !PRIVATE_DIRECTORY != 0 {
            let narrow = std::fs::Permissions::from_mode(mode & PRIVATE_DIRECTORY);
            std::fs::set_permissions(path, narrow).map_err(named)?;
        }
    }
    Ok(())
}

/// Elsewhere the directory's access list decides.
#[cfg(not(unix))]
pub(super) fn keep_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Read and write for the owner, nothing for others.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// The same of a directory.
#[cfg(unix)]
const PRIVATE_DIRECTORY: u32 = 0o700;

#[cfg(unix)]
fn narrow(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(path)?.permissions().mode() & 0o7777;
    if mode & !PRIVATE == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & PRIVATE))?;
    tracing::warn!(
        path = %path.display(),
        was = %format!("{mode:o}"),
        "others could use the database file; now its owner alone can"
    );
    Ok(())
}
