//! Owns finding the deliveries that were given up and did not succeed later.

use std::collections::HashMap;

use fluxa_sdk::types::{WebhookDelivery, WebhookDeliveryStatus, WebhookEndpointStatus};
use fluxa_sdk::{Client, Timestamp, contract};

use crate::error::Result;

/// An event that an endpoint did not get.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) event: String,
    pub(super) endpoint: String,
    /// When the last attempt was made.
    at: Timestamp,
}

/// Returns what has failed, oldest first; each event of an endpoint once.
pub(super) async fn gather(
    client: &Client,
    endpoint: Option<&str>,
    since: Option<Timestamp>,
) -> Result<Vec<Failed>> {
    let endpoints = match endpoint {
        Some(endpoint) => vec![endpoint.to_owned()],
        None => enabled(client).await?,
    };
    let mut all = Vec::new();
    for endpoint in endpoints {
        let failed = attempts(client, &endpoint, WebhookDeliveryStatus::Failed, since).await?;
        let Some(oldest) = failed.values().min().copied() else {
            continue;
        };
        let status = WebhookDeliveryStatus::Succeeded;
        let succeeded = attempts(client, &endpoint, status, Some(oldest)).await?;
        all.extend(still_failed(&endpoint, failed, &succeeded));
    }
    all.sort_by(|one, other| (one.at, &one.event).cmp(&(other.at, &other.event)));
    Ok(all)
}

/// Leaves out what has arrived since.
fn still_failed(
    endpoint: &str,
    failed: HashMap<String, Timestamp>,
    succeeded: &HashMap<String, Timestamp>,
) -> impl Iterator<Item = Failed> {
    let arrived = |event: &str, at: Timestamp| succeeded.get(event).is_some_and(|then| *then >= at);
    failed
        .into_iter()
        .filter(move |(event, at)| !arrived(event, *at))
        .map(|(event, at)| Failed {
            event,
            endpoint: endpoint.to_owned(),
            at,
        })
}

/// Returns the enabled endpoints: nothing is sent to the others.
async fn enabled(client: &Client) -> Result<Vec<String>> {
    let mut endpoints = client
        .webhook_endpoints()
        .list()
        .status(WebhookEndpointStatus::Enabled)
        .limit(contract::LIST_LIMIT_MAX)
        .stream();
    let mut all = Vec::new();
    while let Some(endpoint) = endpoints.next().await {
        all.push(endpoint?.id.to_string());
    }
    Ok(all)
}

/// Returns the events with an attempt of this status, and when the last of them was made.
async fn attempts(
    client: &Client,
    endpoint: &str,
    status: WebhookDeliveryStatus,
    since: Option<Timestamp>,
) -> Result<HashMap<String, Timestamp>> {
    let mut call = client
        .webhook_endpoints()
        .deliveries(endpoint)
        .status(status)
        .limit(contract::LIST_LIMIT_MAX);
    if let Some(since) = since {
        call = call.created_at(since..);
    }
    let mut deliveries = call.stream();
    let mut found = HashMap::new();
    while let Some(delivery) = deliveries.next().await {
        let WebhookDelivery {
            event, created_at, ..
        } = delivery?;
        let last = found.entry(event.to_string()).or_insert(created_at);
        *last = created_at.max(*last);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_after_its_last_failure_is_no_failure() {
        let at = |second: i64| Timestamp::from(jiff::Timestamp::from_second(second).unwrap());
        let map = |entries: &[(&str, i64)]| {
            let entries = entries.iter();
            entries
                .map(|(event, second)| ((*event).to_owned(), at(*second)))
                .collect()
        };
        let failed = map(&[("evt_a", 10), ("evt_b", 10), ("evt_c", 10), ("evt_d", 10)]);
        let succeeded = map(&[("evt_a", 11), ("evt_b", 9), ("evt_d", 10)]);
        let mut left: Vec<String> = still_failed("we_1", failed, &succeeded)
            .map(|failed| failed.event)
            .collect();
        left.sort();
        assert_eq!(left, ["evt_b", "evt_c"]);
    }
}
