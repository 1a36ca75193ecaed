//! Owns what an error of the API means for the stream: pure.

use std::time::Duration;

use crate::error::{CliError, Kind};

/// The code with which the API answers a cursor it does not know.
pub(super) const UNKNOWN_CURSOR: &str = "invalid_cursor";

/// What an error of the API means for the stream.
pub(super) enum Refusal {
    /// There is no stream to be had.
    NoStream,
    /// The position is not known any more.
    UnknownCursor,
    /// Later, and not before this: it may pass.
    Later(Duration),
    /// The API itself refuses for good.
    Final,
}

impl Refusal {
    pub(super) fn of(error: &CliError) -> Self {
        let api = error.api.as_deref();
        if api.and_then(|api| api.code.as_deref()) == Some(UNKNOWN_CURSOR) {
            return Self::UnknownCursor;
        }
        match api.map(|api| (api.status, api.code.is_some())) {
            Some((404 | 405 | 501, _)) => Self::NoStream,
            Some((408 | 425 | 429 | 500.., _)) => {
                Self::Later(api.and_then(|api| api.retry_after).unwrap_or_default())
            }
            // Not in the API's words: it is somebody on the way who refuses, and may not for ever.
            Some((_, false)) => Self::Later(Duration::ZERO),
            None if error.kind == Kind::Network => Self::Later(Duration::ZERO),
            _ => Self::Final,
        }
    }
}
