//! Owns reading what was named on the command line, a file or stdin, to its end if it has one: a device
//! or a pipe may go on for ever. Knows nothing of what is in it.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::error::{CliError, Result};

/// Reads a file.
///
/// # Errors
/// Failure where it cannot be read; usage where it is larger.
pub(crate) fn read_file(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let read = File::open(path).and_then(|file| read_all(file, largest));
    read.map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            CliError::usage(format!("{} is over {}", path.display(), size(largest)))
        }
        _ => CliError::file("read", path, &error),
    })
}

/// Reads a file of text.
///
/// # Errors
/// As [`read_file`], and usage where it is no UTF-8.
pub(crate) fn read_text(path: &Path, largest: u64) -> Result<String> {
    String::from_utf8(read_file(path, largest)?)
        .map_err(|_| CliError::usage(format!("{} is no text: not UTF-8", path.display())))
}

/// Reads stdin.
///
/// # Errors
/// Failure where it cannot be read; usage where there is more.
pub(crate) fn read_stdin(largest: u64) -> Result<Vec<u8>> {
    read_all(io::stdin(), largest).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            CliError::usage(format!("what stands on stdin is over {}", size(largest)))
        }
        _ => error.into(),
    })
}

/// Reads all there is, if that is not more than this.
pub(crate) fn read_all(from: impl Read, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(largest + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > largest {
        true => Err(ErrorKind::FileTooLarge.into()),
        false => Ok(bytes),
    }
}

fn size(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_read_to_the_limit_and_what_does_to_its_end() {
        assert_eq!(read_all(&b"1234"[..], 4).unwrap(), b"1234");
        let endless = read_all(io::repeat(b'x'), 1024).unwrap_err();
        assert_eq!(endless.kind(), ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_file_of_any_size() {
        let error = read_text(Path::new("/dev/zero"), 1024 * 1024).unwrap_err();
        assert_eq!(error.message, "/dev/zero is over 1 MiB");
        assert_eq!(error.exit_code(), 2);
    }
}
