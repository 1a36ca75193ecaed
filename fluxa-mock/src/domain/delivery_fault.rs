//! Owns how the faults in force change the deliveries of an event: more than one, or later on the
//! virtual clock. The event itself, its place in the log and its streams are never touched.

use super::delivery;
use super::error::DomainError;
use crate::store::Tx;

/// Queues the deliveries of an event to an endpoint: one at once, unless faults say otherwise.
pub(crate) fn start(
    tx: &Tx<'_>,
    event: &str,
    event_type: &str,
    endpoint: &str,
) -> Result<(), DomainError> {
    let delays = tx.faults().of_delivery(event_type, endpoint);
    for (number, delay_ms) in delays.into_iter().enumerate() {
        match (number, delay_ms) {
            (0, 0) => delivery::start(tx, event, endpoint)?,
            // Only the first is retried: a duplicate is one more, not another series.
            _ => delivery::start_later(tx, event, endpoint, delay_ms, number > 0)?,
        }
    }
    Ok(())
}
