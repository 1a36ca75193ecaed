//! The inspector's pages of requests: what was sent and answered, what that caused, and repeats.

use super::{attributes, open};
use crate::support::{Api, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_request_is_reached_from_what_it_caused_and_shows_both_bodies() {
    let (server, api) = start().await;
    let hook = json!({ "url": "http://127.0.0.1:9/" });
    let made = api.post("/v1/webhook_endpoints", hook).await.ok();
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    let session = api.session(None, Some("instant")).await;
    let paid = api.pay(&session, "4242424242424242").await.ok();
    let request = paid.headers["x-fluxa-request-id"].clone();
    let link = format!("/_mock/ui/requests/{request}");

    let payment = open(&server, &format!("/_mock/ui/payments/{}", paid.id())).await;
    assert!(attributes(&payment.text, "href").contains(&link));
    let event = api.get("/v1/events?type=payment.captured").await.ok().ids()[0].clone();
    let of_event = open(&server, &format!("/_mock/ui/events/{event}")).await;
    assert!(attributes(&of_event.text, "href").contains(&link));

    let page = open(&server, &link).await.text;
    let (_, rest) = page.split_once("Parameters sent").unwrap();
    let (sent, rest) = rest.split_once("<h2>Answer</h2>").unwrap();
    let (answer, caused) = rest.split_once("Events that it caused").unwrap();
    assert!(sent.contains("last4") && sent.contains("4242"), "{sent}");
    assert!(answer.contains("SETTLED"), "{answer}");
    assert!(caused.contains("payment.captured"), "{caused}");
    assert!(attributes(&page, "href").contains(&format!("/_mock/ui/events/{event}")));
    for hidden in ["4242424242424242", "\"123\""] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    let made = &made.headers["x-fluxa-request-id"];
    let page = open(&server, &format!("/_mock/ui/requests/{made}"))
        .await
        .text;
    assert!(page.contains("whsec_") || page.contains("secret"), "{page}");
    assert!(!page.contains(&secret), "{page}");
}

#[tokio::test]
async fn a_replay_is_told_from_the_request_that_was_carried_out() {
    let (server, api) = start().await;
    let customer = json!({ "email": "a@example.com" });
    for _ in 0..2 {
        let call = api.call(Method::POST, "/v1/customers").json(&customer);
        call.key("order-77").send().await.ok();
    }
    let seen = server.received();
    let replayed: Vec<bool> = seen.iter().map(|one| one.idempotent_replayed).collect();
    assert_eq!(replayed, [false, true]);
    let list = open(&server, "/_mock/ui/requests?q=order-77").await.text;
    assert_eq!(list.matches(">replayed<").count(), 1, "{list}");
    for (request, answer) in [(&seen[0], ">no<"), (&seen[1], "nothing was carried out")] {
        let path = format!("/_mock/ui/requests/{}", request.request_id);
        let page = open(&server, &path).await.text;
        assert!(page.contains(answer), "{answer}: {page}");
        assert!(page.contains("Requests with this Idempotency-Key"));
        let other = format!("id=\"{}\"", seen[1].request_id);
        assert!(page.contains(&other), "{page}");
    }
}

#[tokio::test]
async fn requests_are_searched_and_paged_like_the_other_lists() {
    let (server, api) = start().await;
    for number in 0..60 {
        api.get(&format!("/v1/customers/cus_{number:016x}")).await;
    }
    api.post("/v1/refunds", json!({ "payment": "pay_0000000000000000" }))
        .await
        .refused(400, "resource_missing");
    let mut shown = 0;
    let mut path = "/_mock/ui/requests?state=GET".to_owned();
    loop {
        let page = open(&server, &path).await.text;
        shown += page.matches("/v1/customers/cus_").count();
        let links = page.split("rel=\"next\"").next().unwrap().to_owned();
        if links.len() == page.len() {
            break;
        }
        path = attributes(&links, "href").pop().unwrap();
    }
    assert_eq!(shown, 60);
    let found = open(&server, "/_mock/ui/requests?q=/v1/refunds").await.text;
    assert!(found.contains("resource_missing"), "{found}");
    assert!(!found.contains("/v1/customers/cus_"));
}

#[tokio::test]
async fn a_request_whose_bodies_are_forgotten_says_so_and_a_cardholders_is_shown() {
    let server = MockServer::start().await.unwrap();
    let api = Api::new(&server);
    let session = api.session(None, None).await;
    let asked = server.received().remove(0).request_id;
    server.clear_received();
    let page = open(&server, &format!("/_mock/ui/requests/{asked}"))
        .await
        .text;
    assert!(page.contains("no longer remembered"), "{page}");
    let form = format!("/pay/{session}");
    open(&server, &form).await;
    let seen = server.received().remove(0);
    let page = open(&server, &format!("/_mock/ui/requests/{}", seen.request_id)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&form), "{}", page.text);
}
