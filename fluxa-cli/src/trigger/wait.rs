//! Owns waiting for the event that a fixture is for: until it is there, cannot come any more, or has
//! not come in time.

use std::fmt;
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use fluxa_sdk::Client;
use fluxa_sdk::contract::prefix;
use fluxa_sdk::types::{EventType, PaymentState};
use serde_json::Value;

use super::Trouble;
use crate::error::Result;
use crate::generated::RESOURCES;

/// How many of the newest events of the type are looked at.
const LOOKED_AT: u32 = 100;

/// An event that did not come.
#[derive(Clone, Debug)]
pub(crate) struct Missed {
    pub(crate) event: String,
    /// Id of the object that it would be about.
    pub(crate) about: String,
    pub(crate) why: Why,
    /// How that object is; `None` where the key may not see it, or it has no state.
    pub(crate) standing: Option<Standing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// What would have to move does not any more.
    Over,
    /// It was waited for this long.
    Late(Duration),
}

/// How an object is.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    id: String,
    state: String,
    failure_code: Option<String>,
}

impl fmt::Display for Missed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (event, about) = (&self.event, &self.about);
        match self.why {
            Why::Over => write!(formatter, "{event} about {about} cannot come any more")?,
            Why::Late(waited) => write!(
                formatter,
                "{event} about {about} did not happen within {} s",
                waited.as_secs_f64()
            )?,
        }
        let Some(standing) = &self.standing else {
            return Ok(());
        };
        write!(formatter, ": it is {}", standing.state)?;
        match &standing.failure_code {
            Some(code) => write!(formatter, " ({code})"),
            None => Ok(()),
        }
    }
}

impl Standing {
    fn of(object: &Value) -> Option<Self> {
        let text = |name: &str| object.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            id: text("id")?,
            state: text("state").or_else(|| text("status"))?,
            failure_code: text("failure_code"),
        })
    }

    /// Whether the object cannot move to where this event would come of it.
    fn is_final(&self, event: &str) -> bool {
        let is = |prefix: &str, states: &[&str]| {
            self.id.starts_with(prefix) && states.contains(&self.state.as_str())
        };
        let (failed, refunded) = (PaymentState::Failed, PaymentState::Refunded);
        is(prefix::PAYMENT, &[failed.as_str(), refunded.as_str()])
            || is(prefix::PAYMENT, &[PaymentState::Settled.as_str()])
                && event != EventType::PaymentRefunded.as_str()
            || is(prefix::REFUND, &["succeeded", "failed"])
            || is(prefix::CHECKOUT_SESSION, &["complete", "expired"])
            || is(prefix::DISPUTE, &["won", "lost"])
            || is(prefix::SUBSCRIPTION, &["cancelled"])
    }
}

/// Waits for the event about an object; without a limit it is looked for once. Returns its id.
pub(super) async fn for_event(
    client: &Client,
    event: &str,
    about: &str,
    limit: Option<Duration>,
) -> Result<Option<String>, Trouble> {
    let mut patience = ExponentialBackoff {
        current_interval: Duration::from_millis(20),
        initial_interval: Duration::from_millis(20),
        max_interval: Duration::from_millis(500),
        max_elapsed_time: limit,
        ..ExponentialBackoff::default()
    };
    let missed = |why, standing| {
        Trouble::Missed(Missed {
            event: event.to_owned(),
            about: about.to_owned(),
            why,
            standing,
        })
    };
    loop {
        if let Some(id) = newest(client, event, about).await? {
            return Ok(Some(id));
        }
        let Some(limit) = limit else {
            return Ok(None);
        };
        // Before the events are read again: what ended an object has written its event with it.
        let standing = look(client, about).await;
        if standing
            .as_ref()
            .is_some_and(|standing| standing.is_final(event))
        {
            return match newest(client, event, about).await? {
                Some(id) => Ok(Some(id)),
                None => Err(missed(Why::Over, standing)),
            };
        }
        match patience.next_backoff() {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(missed(Why::Late(limit), standing)),
        }
    }
}

/// Looks for the event among the newest of its type.
async fn newest(client: &Client, event: &str, about: &str) -> Result<Option<String>> {
    let page = client
        .raw("GET", "/events")
        .query("type", event)
        .query("limit", LOOKED_AT)
        .await?
        .into_inner();
    let events = page["data"].as_array().into_iter().flatten();
    let is_about = |candidate: &&Value| {
        candidate.pointer("/data/object/id").and_then(Value::as_str) == Some(about)
    };
    let mut ids = events.filter(is_about).map(|event| event["id"].as_str());
    Ok(ids.next().flatten().map(str::to_owned))
}

/// Reads an object by its id. A key that may not has nothing to say, and that is no fault here.
async fn look(client: &Client, id: &str) -> Option<Standing> {
    let get = RESOURCES.into_iter().find_map(|resource| {
        let get = resource.operation("get")?;
        let of = get.identified.as_ref()?;
        id.starts_with(of.prefix).then_some(get)
    })?;
    let object = client
        .raw("GET", &get.path.replace("{id}", id))
        .await
        .ok()?;
    Standing::of(&object.into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn standing(object: Value) -> Standing {
        Standing::of(&object).unwrap()
    }

    #[test]
    fn what_moves_no_more_is_told_from_what_does() {
        for (object, event, is_final) in [
            (
                json!({ "id": "pay_1", "state": "SETTLING" }),
                "payment.settled",
                false,
            ),
            (
                json!({ "id": "pay_1", "state": "SETTLED" }),
                "payment.failed",
                true,
            ),
            (
                json!({ "id": "pay_1", "state": "SETTLED" }),
                "payment.refunded",
                false,
            ),
            (
                json!({ "id": "pay_1", "state": "FAILED" }),
                "payment.settled",
                true,
            ),
            (
                json!({ "id": "pay_1", "state": "REFUNDED" }),
                "payment.settled",
                true,
            ),
            (
                json!({ "id": "pay_1", "state": "LATER" }),
                "payment.settled",
                false,
            ),
            (
                json!({ "id": "rfd_1", "status": "pending" }),
                "refund.failed",
                false,
            ),
            (
                json!({ "id": "rfd_1", "status": "succeeded" }),
                "refund.failed",
                true,
            ),
            (
                json!({ "id": "chk_1", "status": "open" }),
                "checkout.session.expired",
                false,
            ),
            (
                json!({ "id": "chk_1", "status": "complete" }),
                "checkout.session.expired",
                true,
            ),
            (
                json!({ "id": "dsp_1", "status": "evidence_required" }),
                "dispute.won",
                false,
            ),
            (
                json!({ "id": "sub_1", "status": "past_due" }),
                "subscription.cancelled",
                false,
            ),
        ] {
            assert_eq!(
                standing(object.clone()).is_final(event),
                is_final,
                "{object}"
            );
        }
    }

    #[test]
    fn what_did_not_come_is_told_with_how_things_are() {
        let failed = json!({ "id": "pay_1", "state": "FAILED", "failure_code": "card_declined" });
        let missed = |why| Missed {
            event: "payment.settled".to_owned(),
            about: "pay_1".to_owned(),
            why,
            standing: Some(standing(failed.clone())),
        };
        assert_eq!(
            missed(Why::Over).to_string(),
            "payment.settled about pay_1 cannot come any more: it is FAILED (card_declined)"
        );
        assert_eq!(
            missed(Why::Late(Duration::from_millis(1_500))).to_string(),
            "payment.settled about pay_1 did not happen within 1.5 s: it is FAILED (card_declined)"
        );
    }
}
