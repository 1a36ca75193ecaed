//! All 29 events, each made to happen by calls of the API: with the full object as GET shows it at that
//! moment, the state before and after, and in the shape that the contract gives that event.

use crate::support::contract::check_event;
use crate::support::{Api, start};
use fluxa_mock::MockServer;
use fluxa_sdk::types::EventType;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Type, state before and state after; no state after where nothing has states.
type Row = (&'static str, Option<&'static str>, Option<&'static str>);

const EVENTS: &[Row] = &[
    ("payment.received", None, Some("PAYMENT_RECEIVED")),
    (
        "payment.captured",
        Some("PAYMENT_RECEIVED"),
        Some("CAPTURED"),
    ),
    ("payment.settling", Some("CAPTURED"), Some("SETTLING")),
    ("payment.settled", Some("SETTLING"), Some("SETTLED")),
    ("payment.failed", Some("PAYMENT_RECEIVED"), Some("FAILED")),
    ("payment.refunded", Some("SETTLED"), Some("REFUNDED")),
    ("checkout.session.created", None, Some("open")),
    ("checkout.session.completed", Some("open"), Some("complete")),
    ("checkout.session.expired", Some("open"), Some("expired")),
    ("refund.created", None, Some("pending")),
    ("refund.succeeded", Some("pending"), Some("succeeded")),
    ("refund.failed", Some("pending"), Some("failed")),
    ("dispute.created", None, Some("evidence_required")),
    ("dispute.evidence_required", None, Some("evidence_required")),
    (
        "dispute.evidence_submitted",
        Some("evidence_required"),
        Some("evidence_submitted"),
    ),
    ("dispute.won", Some("evidence_submitted"), Some("won")),
    ("dispute.lost", Some("evidence_required"), Some("lost")),
    ("customer.created", None, None),
    ("customer.updated", None, None),
    ("subscription.created", None, Some("trial")),
    ("subscription.updated", Some("trial"), Some("paused")),
    ("subscription.cancelled", Some("active"), Some("cancelled")),
    (
        "subscription.payment.succeeded",
        Some("trial"),
        Some("active"),
    ),
    (
        "subscription.payment.failed",
        Some("active"),
        Some("past_due"),
    ),
    ("payment_method.attached", None, None),
    ("payment_method.detached", None, None),
    ("settlement.completed", Some("open"), Some("completed")),
    (
        "merchant.kyb.approved",
        Some("action_required"),
        Some("approved"),
    ),
    (
        "merchant.kyb.action_required",
        Some("approved"),
        Some("action_required"),
    ),
];

struct Stage {
    server: MockServer,
    api: Api,
}

impl Stage {
    async fn post(&self, path: &str, body: Value) -> String {
        let answer = self.api.post(path, body).await.ok();
        answer.body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A payment that only calls move, moved there.
    async fn payment(&self, state: &str) -> String {
        let payment = self.api.payment("manual").await;
        if state != "PAYMENT_RECEIVED" {
            self.advance(&payment, state).await;
        }
        payment
    }

    async fn advance(&self, payment: &str, to: &str) {
        let path = format!("/v1/sandbox/payments/{payment}/advance");
        self.post(&path, json!({ "to": to })).await;
    }

    async fn refund(&self, payment: &str) -> String {
        self.post("/v1/refunds", json!({ "payment": payment }))
            .await
    }

    /// A customer with a card.
    async fn customer(&self) -> (String, String) {
        let email = json!({ "email": "a@example.com" });
        let customer = self.post("/v1/customers", email).await;
        let session = self.api.session(Some(&customer), None).await;
        self.api.pay(&session, "4242424242424242").await.ok();
        let path = format!("/v1/customers/{customer}/payment_methods");
        let method = self.api.get(&path).await.ok().ids()[0].clone();
        (customer, method)
    }

    async fn subscription(&self, is_trial: bool) -> String {
        let (customer, _) = self.customer().await;
        let mut body = json!({
            "customer": customer, "amount": 1000, "currency": "GBP", "interval": "month",
        });
        if is_trial {
            let clock = self.api.get("/v1/sandbox/clock").await.ok().body;
            let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
            let end = now + jiff::SignedDuration::from_hours(48);
            body["trial_end"] = end.to_string().into();
        }
        self.post("/v1/subscriptions", body).await
    }

    async fn kyb(&self, status: &str) {
        let body = json!({ "status": status });
        self.post("/v1/sandbox/merchant/kyb", body).await;
    }

    /// Makes an event happen; what it is about need not be named, the event itself does.
    async fn make(&self, event: &str) {
        let api = &self.api;
        let later = |hours: u64| self.server.advance(Duration::from_secs(hours * 3600));
        let subscription = async |id: &str, action: &str, body: Value| {
            self.post(&format!("/v1/subscriptions/{id}/{action}"), body)
                .await
        };
        let renew = async |id: &str, body: Value| {
            self.post(&format!("/v1/sandbox/subscriptions/{id}/renew"), body)
                .await
        };
        match event {
            "payment.received" => drop(self.payment("PAYMENT_RECEIVED").await),
            "payment.captured" => drop(self.payment("CAPTURED").await),
            "payment.settling" => drop(self.payment("SETTLING").await),
            "payment.settled" => drop(self.payment("SETTLED").await),
            "payment.failed" => {
                let session = api.session(None, None).await;
                api.pay(&session, "4000000000000002").await.ok();
            }
            "payment.refunded" => {
                let payment = self.payment("SETTLED").await;
                self.advance(&payment, "REFUNDED").await;
            }
            "checkout.session.created" => drop(api.session(None, None).await),
            "checkout.session.completed" => drop(api.payment("manual").await),
            "checkout.session.expired" => {
                api.session(None, None).await;
                later(24).await.unwrap();
            }
            "refund.created" => {
                let payment = self.payment("CAPTURED").await;
                self.refund(&payment).await;
            }
            "refund.succeeded" => {
                let payment = self.payment("CAPTURED").await;
                self.refund(&payment).await;
                self.advance(&payment, "REFUNDED").await;
            }
            "refund.failed" => {
                let payment = self.payment("CAPTURED").await;
                let refund = api
                    .call(Method::POST, "/v1/refunds")
                    .header("X-Fluxa-Sandbox-Timing", "refund=1m")
                    .json(&json!({ "payment": payment }));
                refund.send().await.ok();
                self.advance(&payment, "FAILED").await;
                later(1).await.unwrap();
            }
            "dispute.created" | "dispute.evidence_required" => {
                api.dispute(&self.payment("CAPTURED").await).await.ok();
            }
            "dispute.evidence_submitted" | "dispute.won" => {
                let dispute = api.dispute(&self.payment("SETTLED").await).await.ok().id();
                let evidence = json!({ "receipt": "Receipt 8421" });
                self.post(&format!("/v1/disputes/{dispute}/evidence"), evidence)
                    .await;
                if event == "dispute.won" {
                    api.resolve(&dispute, "won").await.ok();
                }
            }
            "dispute.lost" => {
                api.dispute(&self.payment("SETTLING").await).await.ok();
                later(14 * 24).await.unwrap();
            }
            "customer.created" => {
                self.post("/v1/customers", json!({ "email": "a@example.com" }))
                    .await;
            }
            "customer.updated" => {
                let (customer, _) = self.customer().await;
                let path = format!("/v1/customers/{customer}");
                api.patch(&path, json!({ "name": "Ada" })).await.ok();
            }
            "subscription.created" => drop(self.subscription(true).await),
            "subscription.updated" => {
                let id = self.subscription(true).await;
                subscription(&id, "pause", json!({})).await;
            }
            "subscription.cancelled" => {
                let id = self.subscription(false).await;
                subscription(&id, "cancel", json!({ "at_period_end": false })).await;
            }
            "subscription.payment.succeeded" => {
                self.subscription(true).await;
                later(48).await.unwrap();
            }
            "subscription.payment.failed" => {
                let id = self.subscription(false).await;
                renew(&id, json!({ "outcome": "decline" })).await;
            }
            "payment_method.attached" => drop(self.customer().await),
            "payment_method.detached" => {
                let (_, method) = self.customer().await;
                self.post(&format!("/v1/payment_methods/{method}/detach"), json!({}))
                    .await;
            }
            "settlement.completed" => {
                api.payment("instant").await;
                self.post("/v1/sandbox/settlements/close", json!({})).await;
            }
            "merchant.kyb.approved" => {
                self.kyb("action_required").await;
                self.kyb("approved").await;
            }
            "merchant.kyb.action_required" => self.kyb("action_required").await,
            other => panic!("nothing here makes {other} happen"),
        }
    }

    /// The object of an event as the API shows it now.
    async fn shown(&self, object: &Value) -> Value {
        let id = object["id"].as_str().unwrap();
        let folder = match object["object"].as_str().unwrap() {
            "checkout.session" => "checkout/sessions",
            "merchant" => return self.api.get("/v1/merchant").await.ok().body,
            other => &format!("{other}s"),
        };
        self.api.get(&format!("/v1/{folder}/{id}")).await.ok().body
    }
}

#[test]
fn the_table_has_every_type_of_event_and_no_other() {
    let table: BTreeSet<&str> = EVENTS.iter().map(|row| row.0).collect();
    assert_eq!(table.len(), EVENTS.len(), "a row comes twice");
    let contract: BTreeSet<&str> = EventType::KNOWN.iter().copied().collect();
    assert_eq!(table, contract);
    assert_eq!(table.len(), 29);
}

#[tokio::test]
async fn each_event_happens_with_the_full_object_and_both_states() {
    for (name, before, after) in EVENTS {
        let (server, api) = start().await;
        let stage = Stage { server, api };
        stage.make(name).await;
        let newest = format!("/v1/events?limit=1&type={name}");
        let newest = stage.api.get(&newest).await.ok().body["data"][0].clone();
        assert_eq!(newest["type"], *name, "it did not happen");
        check_event(&newest);
        let data = &newest["data"];
        assert_eq!(data["object"], stage.shown(&data["object"]).await, "{name}");
        let states = (&data["previous_state"], &data["state"]);
        assert_eq!(states, (&json!(before), &json!(after)), "{name}");
        // The instant of a move is the event's own; what has no states did not move.
        let moved = if after.is_some() {
            newest["created_at"].clone()
        } else {
            json!(null)
        };
        assert_eq!(data["transitioned_at"], moved, "{name}");
        let object = &data["object"];
        let shown = match object["object"].as_str().unwrap() {
            "payment" => &object["state"],
            "merchant" => &object["kyb_status"],
            _ => &object["status"],
        };
        if after.is_some() {
            assert_eq!(*shown, json!(after), "{name}");
        }
        let id = newest["id"].as_str().unwrap();
        let again = stage.api.get(&format!("/v1/events/{id}")).await.ok();
        assert_eq!(again.body, newest);
        stage.api.assert_invariants().await;
    }
}
