//! 3-D Secure challenges on the checkout page: passed, failed, left behind, and overtaken.

use super::{CHALLENGE, CHALLENGE_FAILS, DONE, SUCCESS, Visitor, states, status, waiting};
use crate::support::start;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_challenge_holds_the_payment_until_the_cardholder_answers() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    for (number, answer, state, result) in [
        (CHALLENGE, "complete", "CAPTURED", "authenticated"),
        (CHALLENGE, "fail", "FAILED", "failed"),
        (CHALLENGE_FAILS, "complete", "FAILED", "failed"),
        (CHALLENGE_FAILS, "fail", "FAILED", "failed"),
    ] {
        let session = api.session(None, None).await;
        let challenge = format!("/pay/{session}/challenge");
        visitor.pay(&session, number).await.leads_to(&challenge);
        let payment = waiting(&api, &session).await;
        let path = format!("/v1/payments/{payment}");
        assert_eq!(
            api.get(&path).await.body["three_d_secure"],
            Value::Null,
            "{number}"
        );
        let page = visitor.get(&challenge).await;
        page.shows("Test Bank").shows(&number[12..]);
        assert!(!page.text.contains(number), "the number is shown");
        // Answered twice, the first counts.
        let after = visitor.answer(&session, &payment, answer).await;
        let opposite = if answer == "fail" { "complete" } else { "fail" };
        let again = visitor.answer(&session, &payment, opposite).await;
        assert_eq!(after.location, again.location);
        let paid = api.get(&path).await.ok().body;
        assert_eq!(
            (&paid["state"], &paid["three_d_secure"]["result"]),
            (&json!(state), &json!(result))
        );
        let types = api.event_types(&payment).await;
        if state == "FAILED" {
            assert_eq!(paid["failure_code"], "three_d_secure_failed");
            assert_eq!(status(&api, &session).await, "open");
            assert_eq!(types, ["payment.received", "payment.failed"]);
            let page = visitor.get(after.location.as_deref().unwrap()).await;
            page.shows("three_d_secure_failed");
            visitor.pay(&session, SUCCESS).await.leads_to(DONE);
        } else {
            after.leads_to(DONE);
            assert_eq!(types, ["payment.received", "payment.captured"]);
        }
        assert_eq!(status(&api, &session).await, "complete");
        visitor
            .get(&challenge)
            .await
            .leads_to(&format!("/pay/{session}"));
    }
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_passed_challenge_follows_the_timing_of_its_session() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    for (timing, state) in [("manual", "PAYMENT_RECEIVED"), ("instant", "SETTLED")] {
        let session = api.session(None, Some(timing)).await;
        visitor.pay(&session, CHALLENGE).await;
        let payment = waiting(&api, &session).await;
        let after = visitor.answer(&session, &payment, "complete").await;
        after.leads_to(DONE);
        let paid = api.get(&format!("/v1/payments/{payment}")).await.ok().body;
        assert_eq!(paid["state"], state);
        assert_eq!(
            paid["three_d_secure"]["result"], "authenticated",
            "{timing}"
        );
        assert_eq!(status(&api, &session).await, "complete");
    }
}

#[tokio::test]
async fn an_abandoned_challenge_fails_when_another_card_is_tried_or_the_session_ends() {
    let (server, api) = start().await;
    let visitor = Visitor::new(&api);
    for way in ["page", "challenge", "api", "expire", "time"] {
        let session = api.session(None, None).await;
        visitor.pay(&session, CHALLENGE).await;
        let payment = waiting(&api, &session).await;
        let expected: &[&str] = match way {
            "page" => {
                let page = visitor.get(&format!("/pay/{session}")).await;
                page.shows("Confirm it");
                visitor.pay(&session, SUCCESS).await.leads_to(DONE);
                &["FAILED", "CAPTURED"]
            }
            "challenge" => {
                visitor.pay(&session, CHALLENGE).await;
                // The first challenge's page is still open in another tab.
                visitor.answer(&session, &payment, "complete").await;
                let second = waiting(&api, &session).await;
                visitor
                    .answer(&session, &second, "complete")
                    .await
                    .leads_to(DONE);
                &["FAILED", "CAPTURED"]
            }
            "api" => {
                api.pay(&session, SUCCESS).await.ok();
                &["FAILED", "CAPTURED"]
            }
            "expire" => {
                let path = format!("/v1/checkout/sessions/{session}/expire");
                api.post(&path, json!({})).await.ok();
                &["FAILED"]
            }
            _ => {
                server.advance(Duration::from_secs(86_400)).await.unwrap();
                &["FAILED"]
            }
        };
        assert_eq!(
            states(&api, &session).await[..expected.len()],
            *expected,
            "{way}"
        );
        let failed = api.get(&format!("/v1/payments/{payment}")).await.body;
        assert_eq!(failed["failure_code"], "three_d_secure_failed", "{way}");
        assert_eq!(failed["three_d_secure"]["result"], "failed", "{way}");
        if expected.len() == 1 {
            assert_eq!(status(&api, &session).await, "expired", "{way}");
            let late = visitor.answer(&session, &payment, "complete").await;
            late.leads_to(&format!("/pay/{session}"));
            let page = visitor.get(&format!("/pay/{session}")).await;
            page.shows("This checkout has expired");
        }
    }
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_payment_moved_past_its_challenge_by_the_sandbox_takes_its_session_along() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    for (to, after) in [
        ("CAPTURED", "complete"),
        ("SETTLED", "complete"),
        ("FAILED", "open"),
    ] {
        let session = api.session(None, None).await;
        visitor.pay(&session, CHALLENGE).await;
        let payment = waiting(&api, &session).await;
        let path = format!("/v1/sandbox/payments/{payment}/advance");
        api.post(&path, json!({ "to": to })).await.ok();
        assert_eq!(status(&api, &session).await, after, "{to}");
        // What the cardholder does now charges nothing twice.
        visitor.answer(&session, &payment, "complete").await;
        visitor
            .pay_as(&session, "late", SUCCESS)
            .await
            .leads_to(DONE);
        let captured = states(&api, &session).await;
        let held = captured.iter().filter(|state| *state != "FAILED").count();
        assert_eq!(held, 1, "{to}: {captured:?}");
    }
    api.assert_invariants().await;
}
