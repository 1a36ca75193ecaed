//! Owns the file that a run is recorded in: one exchange a line, for whoever validates the run later.

use super::{Exchange, headers_of};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// An open recording; `None` once a line could not be written whole.
pub(crate) struct Recorder {
    file: Mutex<Option<File>>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    account: &'a str,
    request: Request<'a>,
    response: Response<'a>,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    headers: BTreeMap<String, String>,
    body: Value,
}

#[derive(Serialize)]
struct Response<'a> {
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: &'a Value,
}

impl Recorder {
    /// Opens the file to append to; its owner alone may read what is made here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            let message = format!("cannot record in {}: {error}", path.display());
            io::Error::new(error.kind(), message)
        })?;
        Ok(Self {
            file: Mutex::new(Some(file)),
        })
    }

    /// Appends an exchange.
    pub(crate) fn add(&self, account: &str, exchange: &Exchange, response_headers: &str) {
        let line = Line {
            at: exchange.at.to_string(),
            account,
            request: Request {
                method: &exchange.method,
                path: &exchange.path,
                query: exchange.query.as_deref(),
                headers: headers_of(&exchange.headers),
                body: exchange.body.value(),
            },
            response: Response {
                status: exchange.status,
                headers: headers_of(response_headers),
                body: &exchange.response_body.value(),
            },
        };
        let Ok(mut text) = serde_json::to_string(&line) else {
            return;
        };
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.as_mut().map(|file| file.write_all(text.as_bytes()));
        if let Some(Err(error)) = written {
            // A line cut in the middle must be the last one.
            *file = None;
            tracing::error!(%error, "the recording ends here");
        }
    }
}
