//! The bytes of a statement on their way into the CSV reader.
//!
//! Owns what the CSV reader does not do: one kind of line end, so that lines are counted rightly;
//! lines to skip; a bound on what one record may hold, so that a file without line ends cannot
//! fill the memory; noticing a quote that is never closed.

use std::io::{self, Read};

/// The most bytes of one record, blank lines in front of it included.
pub(super) const RECORD_MAX_BYTES: usize = 64 * 1024;
/// What the CSV reader takes at once, and so may read ahead.
pub(super) const READ_AHEAD_BYTES: usize = 8 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader that turns `\r\n` and `\r` into `\n`, ends with one, and stops when a record is too
/// long.
#[derive(Debug)]
pub(super) struct Lines<R> {
    inner: R,
    budget: usize,
    skip_lines: u64,
    mark: usize,
    after_return: bool,
    last: u8,
    ended: bool,
    quotes: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(inner: R, skip_lines: u64) -> Self {
        Self {
            inner,
            budget: 0,
            skip_lines,
            mark: 0,
            after_return: false,
            last: b'\n',
            ended: false,
            quotes: 0,
        }
    }

    /// Allows one more record.
    pub(super) fn allow_a_record(&mut self) {
        self.budget = RECORD_MAX_BYTES + READ_AHEAD_BYTES;
    }

    /// Whether all is read, and the quotes do not come in pairs.
    pub(super) fn ended_in_quotes(&self) -> bool {
        self.ended && !self.quotes.is_multiple_of(2)
    }

    /// Returns what stands for one byte of the file, or nothing.
    fn translate(&mut self, byte: u8) -> Option<u8> {
        if self.mark < BYTE_ORDER_MARK.len() {
            // A file that starts with part of the mark only is no text anyway.
            if byte == BYTE_ORDER_MARK[self.mark] {
                self.mark += 1;
                return None;
            }
            self.mark = BYTE_ORDER_MARK.len();
        }
        let follows_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        let byte = match byte {
            b'\n' if follows_return => return None,
            b'\r' => b'\n',
            other => other,
        };
        if self.skip_lines > 0 {
            self.skip_lines -= u64::from(byte == b'\n');
            return None;
        }
        self.quotes += u64::from(byte == b'"');
        self.last = byte;
        Some(byte)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.ended {
                return Ok(0);
            }
            let room = buffer.len().min(self.budget);
            if room == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong));
            }
            let read = match self.inner.read(&mut buffer[..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.budget -= read;
            if read == 0 {
                self.ended = true;
                if std::mem::replace(&mut self.last, b'\n') == b'\n' {
                    return Ok(0);
                }
                buffer[0] = b'\n';
                return Ok(1);
            }
            let mut kept = 0;
            for position in 0..read {
                if let Some(byte) = self.translate(buffer[position]) {
                    buffer[kept] = byte;
                    kept += 1;
                }
            }
            // What was left out whole (a mark, skipped lines) must not look like the end.
            if kept > 0 {
                return Ok(kept);
            }
            if self.skip_lines > 0 {
                self.budget = self.budget.max(READ_AHEAD_BYTES);
            }
        }
    }
}

/// The fault behind the error of a record that is too long.
#[derive(Debug)]
pub(super) struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a line of the statement is longer than {RECORD_MAX_BYTES} bytes"
        )
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as a slow pipe may.
    struct Dribble<'b>(&'b [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn read(bytes: &[u8], skip_lines: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut lines = Lines::new(Dribble(bytes), skip_lines);
        lines.allow_a_record();
        lines.read_to_end(&mut out).unwrap();
        let mut whole = Vec::new();
        let mut lines = Lines::new(bytes, skip_lines);
        lines.allow_a_record();
        lines.read_to_end(&mut whole).unwrap();
        assert_eq!(out, whole, "however the bytes come");
        out
    }

    #[test]
    fn every_line_end_becomes_one() {
        assert_eq!(read(b"a\r\nb\rc\nd", 0), b"a\nb\nc\nd\n");
        assert_eq!(read(b"a\r\n\r\nb\r\r", 0), b"a\n\nb\n\n");
        assert_eq!(read(b"", 0), b"");
        assert_eq!(read(b"\xef\xbb\xbfa\n", 0), b"a\n");
        assert_eq!(read(b"\xef\xbb\xbfskip\r\nkeep", 1), b"keep\n");
        assert_eq!(read(b"one\n", 5), b"");
    }

    #[test]
    fn a_record_without_an_end_is_refused_while_memory_is_still_small() {
        let mut lines = Lines::new(io::repeat(b'x'), 0);
        lines.allow_a_record();
        let mut out = Vec::new();
        let error = lines.read_to_end(&mut out).unwrap_err();
        assert!(error.get_ref().is_some_and(|fault| fault.is::<TooLong>()));
        assert_eq!(out.len(), RECORD_MAX_BYTES + READ_AHEAD_BYTES);
    }
}
