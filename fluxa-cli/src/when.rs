//! Owns a moment as it is typed: exact, or so long ago by the clock that stamps what the API has. A
//! sandbox has a clock of its own, which may be days ahead of ours.

use std::time::Duration;

use fluxa_sdk::Client;
use jiff::Timestamp;

use crate::error::{CliError, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Ago(Duration),
}

impl When {
    /// Returns the moment. Without an answer about the API's clock it is ours that counts.
    pub(crate) async fn moment(self, client: &Client) -> Result<Timestamp> {
        self.moment_and_request(client)
            .await
            .map(|(moment, _)| moment)
    }

    /// Returns also the id of the request that asked for the clock, when one was made.
    pub(crate) async fn moment_and_request(
        self,
        client: &Client,
    ) -> Result<(Timestamp, Option<String>)> {
        let ago = match self {
            Self::At(moment) => return Ok((moment, None)),
            Self::Ago(ago) => ago,
        };
        // Live there is no clock to ask for.
        let (now, request) = match client.sandbox().clock().await {
            Ok(clock) => (*clock.now, clock.request_id().map(str::to_owned)),
            Err(error) => (Timestamp::now(), error.request_id().map(str::to_owned)),
        };
        let moment = now
            .checked_sub(ago)
            .map_err(|error| CliError::usage(format!("that is too long ago: {error}")))?;
        Ok((moment, request))
    }
}
