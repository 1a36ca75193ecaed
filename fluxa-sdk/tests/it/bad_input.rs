//! Bad input is refused before anything is sent, with a message that says what to do.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::IntoFuture;

use fluxa_sdk::types::{
    CompleteCheckoutSession, CreateCheckoutSession, CreateCustomer, CreatePayment, CreateRefund,
    CreateSubscription, CreateWebhookEndpoint, PaymentId, SubscriptionInterval, TestCard,
    UpdateCustomer, UpdatePayment, UpdateSubscription,
};
use fluxa_sdk::{ApiKey, Client, Currency, Error, IdempotencyKey, Money, Outcome, WebhookSecret};

use crate::server::Server;

/// What `call` is refused with; the server of the test sees whether anything came.
async fn refusal<T: Debug>(
    call: impl IntoFuture<Output = Result<T, Error>>,
    what: &str,
    word: &str,
) {
    let error = call.await.map(|_| ()).expect_err(what);
    refused(&error, what, word);
}

fn refused(error: &Error, what: &str, word: &str) {
    assert!(matches!(error, Error::Config(_)), "{what}: {error:?}");
    assert_eq!(
        (error.outcome(), error.attempts()),
        (Outcome::NotSent, 0),
        "{what}"
    );
    let text = error.to_string();
    assert!(text.contains(word), "{what}: {text:?} lacks {word:?}");
    assert!(!text.chars().any(char::is_control), "{what}: {text:?}");
}

fn session(money: Money) -> CreateCheckoutSession {
    CreateCheckoutSession::new(money, "https://shop.test/done", "https://shop.test/cart")
}

#[test]
fn a_key_that_is_none_builds_no_client() {
    for (key, word) in [
        ("", "empty"),
        (" ", "space"),
        ("sk_test_0123\n", "trailing newline"),
        ("\tsk_test_0123", "trailing newline"),
        ("sk_test_01\u{0}23", "control character"),
        ("sk_test_01\r\nX-Evil: 1", "control character"),
        ("sk_test_0\u{301}123", "non-ASCII"),
        ("sk_test_０１２３", "non-ASCII"),
        ("pk_test_0123456789", "publishable"),
        ("pk_live_0123456789", "publishable"),
        ("whsec_0123456789", "not an API key"),
        ("sk_0123456789", "`test_` or `live_`"),
        ("SK_TEST_0123456789", "not an API key"),
        ("Bearer sk_test_0123", "space"),
        ("cus_0123456789abcdef", "not an API key"),
    ] {
        let error = Client::new(key).expect_err(key);
        refused(&error, key, word);
        let builder = Client::builder(key).build().expect_err(key);
        refused(&builder, key, word);
        assert!(
            !format!("{error} {error:?}").contains("0123"),
            "{key:?} is repeated"
        );
        assert!(ApiKey::new(key).is_err());
    }
    for good in [
        "sk_test_0123",
        "sk_live_0123",
        "rk_test_0123",
        "rk_live_0123",
    ] {
        assert!(Client::new(good).is_ok(), "{good}");
    }
}

#[test]
fn a_webhook_secret_that_is_none_is_refused() {
    for (secret, word) in [
        ("", "empty"),
        ("whsec_a\n", "newline"),
        ("whsec_a b", "space"),
    ] {
        refused(&WebhookSecret::new(secret).unwrap_err(), secret, word);
    }
}

#[test]
fn a_base_url_that_would_show_the_key_builds_no_client() {
    for (url, word) in [
        ("http://api.fluxapay.co.uk/v1", "use https"),
        ("HTTP://api.fluxapay.co.uk/v1", "use https"),
        ("http://10.0.0.1/v1", "use https"),
        ("http://localhost.evil.test/v1", "use https"),
        ("http://127.0.0.1@evil.test/v1", "user name"),
        ("ftp://api.fluxapay.co.uk", "not https"),
        ("file:///etc/passwd", "not https"),
        ("javascript:alert(1)", "not https"),
        ("api.fluxapay.co.uk/v1", "not a URL"),
        ("//api.fluxapay.co.uk", "not a URL"),
        ("", "not a URL"),
        ("https://", "not a URL"),
        ("https://user:hush@api.fluxapay.co.uk", "password"),
        ("https://api.fluxapay.co.uk/v1?key=hush", "query"),
        ("https://api.fluxapay.co.uk/v1#hush", "fragment"),
    ] {
        let error = Client::builder(crate::KEY)
            .base_url(url)
            .build()
            .expect_err(url);
        refused(&error, url, word);
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn what_would_break_a_header_builds_no_client() {
    let builder = || Client::builder(crate::KEY);
    let version = builder().api_version("2026-05-19\r\nX-Evil: 1").build();
    refused(&version.unwrap_err(), "version", "the API version");
    let app = builder().app_info("shop\r\nX-Evil: 1", "1", None).build();
    refused(&app.unwrap_err(), "app info", "the app info");
    let proxy = builder().proxy("socks5://user:hush@proxy").build();
    refused(&proxy.unwrap_err(), "proxy", "proxy");
}

#[tokio::test]
async fn an_id_that_is_not_the_resources_own_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for (id, word) in [
        ("", "empty"),
        ("cus_0123456789abcdef", "a customer"),
        ("rfd_0123456789abcdef", "a refund"),
        ("PAY_0123456789abcdef", "starts with `pay_`"),
        (" pay_0123456789abcdef", "starts with `pay_`"),
        ("sk_test_0123456789abcdef", "starts with `pay_`"),
        ("pay_", "nothing follows"),
        ("pay_../customers", "letters and digits"),
        ("pay_..", "letters and digits"),
        ("../customers", "starts with `pay_`"),
        ("pay_0123%2f..%2fcustomers", "letters and digits"),
        ("pay_0123/history", "letters and digits"),
        ("pay_0123\\history", "letters and digits"),
        ("pay_0123?expand=customer", "letters and digits"),
        ("pay_0123#x", "letters and digits"),
        ("pay_0123\r\nX-Evil: 1", "letters and digits"),
        ("pay_0123\u{0}", "letters and digits"),
        ("pay_０１２３", "letters and digits"),
        ("pay_é", "letters and digits"),
    ] {
        refusal(client.payments().retrieve(id), id, word).await;
        refusal(client.payments().history(id), id, word).await;
        refusal(client.payments().update(id, UpdatePayment::new()), id, word).await;
        refusal(client.refunds().create(CreateRefund::new(id)), id, word).await;
    }
    let long = format!("pay_{}", "0".repeat(65));
    refusal(client.payments().retrieve(&long), "long", "more than 64").await;
    // One that came from a response is checked too, and so are those of filters and bodies.
    let lenient: PaymentId = serde_json::from_str("\"pay_a/../b\"").unwrap();
    refusal(
        client.payments().retrieve(&lenient),
        "lenient",
        "letters and digits",
    )
    .await;
    let payment = "pay_0123456789abcdef";
    refusal(
        client.payments().list().customer(payment),
        "filter",
        "a customer id",
    )
    .await;
    let charge = CreatePayment::new(Money::gbp(100));
    let by_customer = charge.clone().customer(payment);
    refusal(
        client.payments().create(by_customer),
        "customer",
        "a customer id",
    )
    .await;
    let by_method = charge.payment_method(payment);
    refusal(
        client.payments().create(by_method),
        "method",
        "payment method id",
    )
    .await;
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn metadata_over_the_limits_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let many: Vec<(String, String)> = (0..51)
        .map(|n| (format!("key{n}"), n.to_string()))
        .collect();
    let emoji = "🦀";
    for (what, pairs, word) in [
        ("51 keys", many.clone(), "51 keys; 50 is the most"),
        ("an empty key", vec![(String::new(), "v".into())], "1 to 40"),
        (
            "41 characters",
            vec![("k".repeat(41), "v".into())],
            "41 characters",
        ),
        (
            "41 scalar values",
            vec![(emoji.repeat(41), "v".into())],
            "41 characters",
        ),
        (
            "501 characters",
            vec![("k".into(), "v".repeat(501))],
            "501 characters",
        ),
        (
            "501 scalar values",
            vec![("k".into(), emoji.repeat(501))],
            "501 characters",
        ),
    ] {
        let of_session = pairs
            .iter()
            .fold(session(Money::gbp(1999)), |body, (key, value)| {
                body.metadata(key, value)
            });
        refusal(client.checkout().sessions().create(of_session), what, word).await;
        let of_update = pairs
            .iter()
            .fold(UpdatePayment::new(), |body, (key, value)| {
                body.metadata(key, value)
            });
        let update = client.payments().update("pay_0123456789abcdef", of_update);
        refusal(update, what, word).await;
        let of_customer = pairs.iter().fold(
            CreateCustomer::new("ada@example.com"),
            |body, (key, value)| body.metadata(key, value),
        );
        refusal(client.customers().create(of_customer), what, word).await;
    }
    assert_eq!(server.requests().len(), 0);
    // What is just within them is sent.
    let within: BTreeMap<String, String> = many.into_iter().take(49).collect();
    let body = within
        .iter()
        .fold(session(Money::gbp(1999)), |body, (key, value)| {
            body.metadata(key, value)
        });
    let body = body.metadata(emoji.repeat(40), emoji.repeat(500));
    let answer = client.checkout().sessions().create(body).await.unwrap_err();
    assert_eq!(answer.outcome(), Outcome::Rejected, "{answer}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_amount_that_cannot_be_charged_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for minor in [i64::MIN, -1999, -1, 0, 29, 100_000_000, i64::MAX] {
        let (what, word) = (minor.to_string(), "30 to 99999999");
        let create = client
            .checkout()
            .sessions()
            .create(session(Money::gbp(minor)));
        refusal(create, &what, word).await;
        let charge = CreatePayment::new(Money::gbp(minor));
        refusal(client.payments().create(charge), &what, word).await;
        let (customer, month) = ("cus_0123456789abcdef", SubscriptionInterval::Month);
        let start = CreateSubscription::new(customer, Money::gbp(minor), month);
        refusal(client.subscriptions().create(start), &what, word).await;
        let change = UpdateSubscription::new().amount(minor);
        let change = client
            .subscriptions()
            .update("sub_0123456789abcdef", change);
        refusal(change, &what, word).await;
    }
    for minor in [i64::MIN, -1, 0, 100_000_000, i64::MAX] {
        let refund = CreateRefund::new("pay_0123456789abcdef").amount(minor);
        refusal(client.refunds().create(refund), "refund", "1 to 99999999").await;
    }
    for quantity in [0, 1_000_001, i64::MAX] {
        let change = UpdateSubscription::new().quantity(quantity);
        let change = client
            .subscriptions()
            .update("sub_0123456789abcdef", change);
        refusal(change, "quantity", "1 to 1000000").await;
    }
    for (quantity, count, word) in [
        (0, 1, "quantity"),
        (-1, 1, "quantity"),
        (1_000_001, 1, "quantity"),
        (i64::MAX, 1, "quantity"),
        (1, 366, "1 to 365"),
    ] {
        let (customer, month) = ("cus_0123456789abcdef", SubscriptionInterval::Month);
        let start = CreateSubscription::new(customer, Money::gbp(1999), month);
        let start = start.quantity(quantity).interval_count(count);
        refusal(client.subscriptions().create(start), "subscription", word).await;
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_currency_that_is_none_is_not_sent() {
    for bad in ["", "GB", "GBPP", "G1P", "£££", "gb\n", "gb\u{0}"] {
        refused(&Currency::parse(bad).unwrap_err(), bad, "three letters");
    }
    // One that came from a response is checked when it is sent.
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let lenient: Currency = serde_json::from_str("\"XBTC\"").unwrap();
    let create = client
        .checkout()
        .sessions()
        .create(session(Money::new(1999, lenient)));
    refusal(create, "lenient", "three letters").await;
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn an_expand_path_that_cannot_be_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for (path, word) in [
        ("customer.default_payment_method.customer.more", "4 levels"),
        ("", "empty segment"),
        (".", "empty segment"),
        ("customer.", "empty segment"),
        ("customer..x", "empty segment"),
        ("customer,settlement", "lower-case"),
        ("customer&state=SETTLED", "lower-case"),
        ("customer[]", "lower-case"),
        ("Customer", "lower-case"),
        ("customer\r\nX-Evil: 1", "lower-case"),
        ("cüstomer", "lower-case"),
    ] {
        let retrieve = client.payments().retrieve("pay_0123456789abcdef");
        refusal(retrieve.expand(["customer", path]), path, word).await;
        refusal(client.payments().list().expand([path]), path, word).await;
        let mut stream = client.payments().list().expand([path]).stream();
        refused(&stream.next().await.unwrap().unwrap_err(), path, word);
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_page_of_none_or_of_too_many_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for limit in [0, 101, u32::MAX] {
        refusal(client.payments().list().limit(limit), "limit", "1 to 100").await;
        let mut stream = client.payments().list().limit(limit).stream();
        refused(
            &stream.next().await.unwrap().unwrap_err(),
            "limit",
            "1 to 100",
        );
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn an_idempotency_key_that_is_none_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let long = "k".repeat(256);
    for (key, word) in [
        ("", "1 to 255"),
        (long.as_str(), "256"),
        ("order 8421", "IdempotencyKey::derive"),
        ("order\r\nX-Evil: 1", "IdempotencyKey::derive"),
        ("order\u{0}", "IdempotencyKey::derive"),
        ("bestellung-ü", "IdempotencyKey::derive"),
    ] {
        refused(&IdempotencyKey::new(key).unwrap_err(), key, word);
        let create = client
            .checkout()
            .sessions()
            .create(session(Money::gbp(1999)));
        refusal(create.idempotency_key(key), key, word).await;
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn headers_and_paths_cannot_be_smuggled_in() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let call = || client.raw("GET", "/status");
    for (name, value, word) in [
        ("X-Shop", "a\r\nX-Evil: 1", "the header `X-Shop`"),
        ("X-Shop", "a\u{0}", "the header `X-Shop`"),
        ("X-Shop\r\nX-Evil", "1", "header name"),
        ("", "1", "header name"),
        ("X Shop", "1", "header name"),
        ("authorization", "Bearer sk_test_x", "the SDK's to set"),
        ("Idempotency-Key", "k", "the SDK's to set"),
        ("Host", "evil.test", "the SDK's to set"),
        ("content-length", "0", "the SDK's to set"),
    ] {
        refusal(call().header(name, value), name, word).await;
    }
    refusal(
        call().api_version("2026\r\nX-Evil: 1"),
        "version",
        "character",
    )
    .await;
    refusal(
        call().sandbox_timing("instant\r\nX-Evil: 1"),
        "timing",
        "a sandbox timing is",
    )
    .await;
    for path in [
        "",
        "payments",
        "//evil.test",
        "/../admin",
        "/a%2f..%2fb",
        "/a?b=c",
        "/a\r\nb",
    ] {
        refusal(client.raw("GET", path), path, "stays below the base URL").await;
    }
    refusal(
        client.raw("CONNECT", "/status"),
        "method",
        "GET, HEAD, POST",
    )
    .await;
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_raw_path_that_a_server_could_read_otherwise_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for path in [
        "/%5c..%5cadmin",
        "/a/%252e%252e/b",
        "/a/%2e%2e/b",
        "/a%00b",
        "/a%0d%0ab",
        "/a//b",
        "/a/",
        "/a%3fb",
        "/a%zz",
        "/a%2",
    ] {
        refusal(client.raw("GET", path), path, "no empty segments").await;
    }
    assert_eq!(server.requests().len(), 0);
    client.raw("GET", "/tags/caf%C3%A9").await.unwrap_err();
    let line = server.requests()[0].request_line().to_owned();
    assert_eq!(line, "GET /v1/tags/caf%C3%A9 HTTP/1.1");
}

#[tokio::test]
async fn an_email_that_is_none_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for email in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@b@example.com",
        "ada@example.com\n",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada @example.com",
    ] {
        let create = client.customers().create(CreateCustomer::new(email));
        refusal(create, email, "`email` is not an email").await;
        let update = UpdateCustomer::new().email(email);
        let update = client.customers().update("cus_0123456789abcdef", update);
        refusal(update, email, "`email` is not an email").await;
    }
    assert_eq!(server.requests().len(), 0);
    let foreign = CreateCustomer::new("jörg+shop@müller.example");
    let answer = client.customers().create(foreign).await.unwrap_err();
    assert_eq!(answer.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn a_cursor_that_is_none_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for cursor in ["", "a\n", "a b", "\u{0}"] {
        let list = client.payments().list().after(cursor);
        refusal(list.clone(), cursor, "a cursor is not empty").await;
        let error = list.stream().next().await.unwrap().unwrap_err();
        refused(&error, cursor, "a cursor is not empty");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn metadata_that_no_store_keeps_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for (key, value, word) in [
        ("a\nb", "v", "metadata key has a control"),
        ("a\u{0}", "v", "metadata key has a control"),
        ("a\u{7f}", "v", "metadata key has a control"),
        ("note", "a\u{0}b", "\"note\" has a NUL"),
    ] {
        let body = UpdatePayment::new().metadata(key, value);
        let update = client.payments().update("pay_0123456789abcdef", body);
        refusal(update, key, word).await;
    }
    assert_eq!(server.requests().len(), 0);
    let lines = UpdatePayment::new().metadata("note", "first line\nsecond\tline");
    let update = client.payments().update("pay_0123456789abcdef", lines);
    assert_eq!(update.await.unwrap_err().outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn a_sandbox_timing_outside_its_grammar_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let call = || {
        client
            .refunds()
            .create(CreateRefund::new("pay_0123456789abcdef"))
    };
    for bad in [
        "",
        "soon",
        "5",
        "s",
        "5 s",
        "-5s",
        "1.5s",
        "5d",
        "Instant",
        "instant,manual",
        "settling=",
        "settling=5",
        "settling",
        "captured=5s",
        "settling=5s;settled=5s",
        "settling=5s,",
    ] {
        refusal(call().sandbox_timing(bad), bad, "a sandbox timing is").await;
    }
    assert_eq!(server.requests().len(), 0);
    let good = [
        "instant",
        "manual",
        "500ms",
        "5s",
        "2m",
        "1h",
        "settling=1h,settled=1h",
        "refund=0s",
    ];
    for good in good {
        let answer = call().sandbox_timing(good).await.unwrap_err();
        assert_eq!(answer.outcome(), Outcome::Rejected, "{good}");
    }
    assert_eq!(server.requests().len(), good.len());
}

#[tokio::test]
async fn a_live_key_reaches_nothing_of_the_sandbox() {
    let server = Server::start([]).await;
    for key in ["sk_live_0123", "rk_live_0123"] {
        let client = Client::builder(key).base_url(server.base_url());
        let client = client.build().unwrap();
        let refund = CreateRefund::new("pay_0123456789abcdef");
        let timed = client.refunds().create(refund).sandbox_timing("instant");
        refusal(timed, key, "needs a test key").await;
        for path in [
            "/sandbox/clock",
            "/sandbox",
            "/%73andbox/clock",
            "/Sandbox/clock",
        ] {
            refusal(client.raw("POST", path), path, "needs a test key").await;
        }
        let card = TestCard::new("4242424242424242", 12, 2030, "123");
        let pay = CompleteCheckoutSession::new(card);
        let pay = client
            .sandbox()
            .complete_checkout_session("chk_0123456789abcdef", pay);
        refusal(pay, key, "needs a test key").await;
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_url_that_a_browser_should_not_follow_is_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    for url in [
        "",
        "done",
        "/done",
        "//shop.test/done",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.test/",
        "https://",
        "https:// shop.test",
        "https://shop.test/a\r\nb",
        " https://shop.test/",
        "java\nscript:alert(1)",
    ] {
        let sessions = client.checkout().sessions();
        let good = "https://shop.test/";
        let done = CreateCheckoutSession::new(Money::gbp(1999), url, good);
        refusal(sessions.create(done), url, "`success_url`").await;
        let cancel = CreateCheckoutSession::new(Money::gbp(1999), good, url);
        refusal(sessions.create(cancel), url, "`cancel_url`").await;
        let endpoint = CreateWebhookEndpoint::new(url);
        refusal(client.webhook_endpoints().create(endpoint), url, "is https").await;
    }
    let plain = CreateWebhookEndpoint::new("http://shop.test/webhooks");
    refusal(
        client.webhook_endpoints().create(plain),
        "plain",
        "is https",
    )
    .await;
    assert_eq!(server.requests().len(), 0);
    // A browser may be sent to plain http, as on a developer's machine; so may webhooks to loopback.
    let local =
        CreateCheckoutSession::new(Money::gbp(1999), "http://localhost/a", "http://x.test/");
    let answer = client
        .checkout()
        .sessions()
        .create(local)
        .await
        .unwrap_err();
    assert_eq!(answer.outcome(), Outcome::Rejected);
    let local = CreateWebhookEndpoint::new("http://127.0.0.1:3000/webhooks");
    let answer = client.webhook_endpoints().create(local).await.unwrap_err();
    assert_eq!(answer.outcome(), Outcome::Rejected);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn texts_and_cards_over_their_limits_are_not_sent() {
    let server = Server::start([]).await;
    let client = crate::client(&server.base_url());
    let reason = CreateRefund::new("pay_0123456789abcdef").reason("r".repeat(501));
    refusal(
        client.refunds().create(reason),
        "reason",
        "`reason` has 501",
    )
    .await;
    for month in [0, 13, -1] {
        let card = TestCard::new("4242424242424242", month, 2030, "123");
        let session = "chk_0123456789abcdef";
        let pay = CompleteCheckoutSession::new(card);
        let pay = client.sandbox().complete_checkout_session(session, pay);
        refusal(pay, "month", "1 to 12").await;
    }
    assert_eq!(server.requests().len(), 0);
}
