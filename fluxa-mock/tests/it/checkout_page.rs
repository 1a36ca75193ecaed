//! The checkout page as a browser without JavaScript meets it. What only a browser can show is in
//! `tests/browser`.

mod challenges;

use crate::support::{Api, http, logs, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};

const SUCCESS: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const CHALLENGE: &str = "4000000000003220";
const CHALLENGE_FAILS: &str = "4000000000003238";
/// Where `Api::session` sends the cardholder.
const DONE: &str = "https://example.com/done";

/// A page as it came.
struct Page {
    status: u16,
    location: Option<String>,
    policy: String,
    text: String,
}

impl Page {
    #[track_caller]
    fn shows(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "no {text:?} in {}", self.text);
        self
    }

    #[track_caller]
    fn leads_to(&self, address: &str) {
        assert_eq!(
            (self.status, self.location.as_deref()),
            (303, Some(address)),
            "{}",
            self.text
        );
    }

    /// The value of a hidden field.
    #[track_caller]
    fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&start).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// A visitor.
#[derive(Clone)]
struct Visitor {
    origin: String,
    http: reqwest::Client,
}

impl Visitor {
    fn new(api: &Api) -> Self {
        Self {
            origin: api.url.clone(),
            http: http(),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Page {
            status: response.status().as_u16(),
            location: header("location"),
            policy: header("content-security-policy").unwrap_or_default(),
            text: response.text().await.unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Page {
        self.send(self.http.get(format!("{}{path}", self.origin)))
            .await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.http.post(format!("{}{path}", self.origin));
        let request = request
            .header("Origin", &self.origin)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        self.send(request).await
    }

    async fn pay_as(&self, session: &str, form: &str, number: &str) -> Page {
        let fields = [
            ("form", form),
            ("number", number),
            ("expiry", "12 / 34"),
            ("cvc", "123"),
        ];
        self.post(&format!("/pay/{session}"), &fields).await
    }

    /// Opens the page and pays on it.
    async fn pay(&self, session: &str, number: &str) -> Page {
        let form = self.get(&format!("/pay/{session}")).await.hidden("form");
        self.pay_as(session, &form, number).await
    }

    async fn answer(&self, session: &str, payment: &str, result: &str) -> Page {
        let fields = [("payment", payment), ("result", result)];
        self.post(&format!("/pay/{session}/challenge"), &fields)
            .await
    }
}

/// The payments of a session, oldest first.
async fn attempts(api: &Api, session: &str) -> Vec<Value> {
    let list = api.get("/v1/payments?limit=100").await.ok();
    let data = list.body["data"].as_array().unwrap().iter().rev();
    data.filter(|payment| payment["checkout_session"] == session)
        .cloned()
        .collect()
}

async fn states(api: &Api, session: &str) -> Vec<String> {
    let text = |payment: &Value| payment["state"].as_str().unwrap().to_owned();
    attempts(api, session).await.iter().map(text).collect()
}

async fn status(api: &Api, session: &str) -> String {
    let session = api.get(&format!("/v1/checkout/sessions/{session}")).await;
    session.ok().body["status"].as_str().unwrap().to_owned()
}

async fn waiting(api: &Api, session: &str) -> String {
    let last = attempts(api, session).await.pop().unwrap();
    assert_eq!(last["state"], "PAYMENT_RECEIVED");
    last["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn paying_on_the_page_does_what_completing_by_the_api_does() {
    let (_server, api) = start().await;
    let email = json!({ "email": "ada@example.com" });
    let customer = api.post("/v1/customers", email).await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let visitor = Visitor::new(&api);
    let page = visitor.get(&format!("/pay/{session}")).await;
    assert_eq!(page.status, 200);
    page.shows("£49.99").shows("ada@example.com");
    visitor
        .pay(&session, "4242 4242 4242 4242")
        .await
        .leads_to(DONE);
    let paid = attempts(&api, &session).await;
    assert_eq!((paid.len(), &paid[0]["state"]), (1, &json!("SETTLED")));
    assert_eq!(paid[0]["customer"], customer);
    assert_eq!(paid[0]["payment_method"]["card"]["exp_year"], 2034);
    assert_eq!(status(&api, &session).await, "complete");
    let methods = format!("/v1/customers/{customer}/payment_methods");
    assert_eq!(api.get(&methods).await.ids().len(), 1);
    // The cardholder's doing is no request of the merchant's.
    let events = api.get("/v1/events?type=payment.received").await.ok();
    assert_eq!(events.body["data"][0]["request"], Value::Null);
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_card_whose_settlement_is_returned_at_once_was_paid_all_the_same() {
    let (_server, api) = start().await;
    let session = api.session(None, Some("instant")).await;
    let visitor = Visitor::new(&api);
    visitor
        .pay(&session, "4000000000001976")
        .await
        .leads_to(DONE);
    assert_eq!(states(&api, &session).await, ["FAILED"]);
    assert_eq!(status(&api, &session).await, "complete");
}

#[tokio::test]
async fn a_form_sent_twice_with_one_card_makes_one_payment_and_with_another_card_a_second() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    let session = api.session(None, None).await;
    let first = visitor.pay_as(&session, "one", DECLINED).await;
    let payment = attempts(&api, &session).await[0]["id"].clone();
    let told = format!("/pay/{session}?declined={}", payment.as_str().unwrap());
    first.leads_to(&told);
    let again = visitor.pay_as(&session, "one", DECLINED).await;
    again.leads_to(&told);
    assert_eq!(states(&api, &session).await, ["FAILED"]);
    let page = visitor.get(&told).await;
    page.shows("Your card was declined").shows("card_declined");
    assert!(!page.text.contains("value=\"4000"));
    // Meant as another attempt: another form, or another card in the same.
    visitor.pay_as(&session, "two", DECLINED).await;
    visitor.pay_as(&session, "two", CHALLENGE).await;
    visitor.pay_as(&session, "two", CHALLENGE).await;
    let expected = ["FAILED", "FAILED", "PAYMENT_RECEIVED"];
    assert_eq!(states(&api, &session).await, expected);
    visitor
        .pay_as(&session, "two", SUCCESS)
        .await
        .leads_to(DONE);
    visitor
        .pay_as(&session, "two", SUCCESS)
        .await
        .leads_to(DONE);
    let expected = ["FAILED", "FAILED", "FAILED", "CAPTURED"];
    assert_eq!(states(&api, &session).await, expected);
    api.assert_invariants().await;
}

#[tokio::test]
async fn many_tabs_that_pay_at_once_charge_once() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    let session = api.session(None, None).await;
    let mut tabs = tokio::task::JoinSet::new();
    for tab in 0..24 {
        let (visitor, session) = (visitor.clone(), session.clone());
        let form = format!("tab-{}", tab % 8);
        tabs.spawn(async move { visitor.pay_as(&session, &form, SUCCESS).await });
    }
    for page in tabs.join_all().await {
        page.leads_to(DONE);
    }
    assert_eq!(states(&api, &session).await, ["CAPTURED"]);
    api.assert_invariants().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field_and_nothing_is_charged_nor_shown_again() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    let session = api.session(None, None).await;
    let path = format!("/pay/{session}");
    let fields = [
        ("form", "f"),
        ("number", "4111111111111111"),
        ("expiry", "01/20"),
        ("cvc", "98x"),
        ("name", "\"><script>alert(1)</script>"),
    ];
    let page = visitor.post(&path, &fields).await;
    assert_eq!(page.status, 422);
    for field in ["number", "expiry", "cvc"] {
        page.shows(&format!("<a href=\"#{field}\">"));
        page.shows(&format!("id=\"{field}-fault\">"));
    }
    assert_eq!(page.text.matches("aria-invalid=\"true\"").count(), 3);
    page.shows("&lt;script&gt;");
    assert!(!page.text.contains("<script>alert"));
    assert!(!page.text.contains("4111111111111111") && !page.text.contains("98x"));
    // Nothing at all, and what no browser sends.
    assert_eq!(visitor.post(&path, &[]).await.status, 422);
    let long = "4".repeat(20_000);
    assert_eq!(visitor.post(&path, &[("number", &long)]).await.status, 400);
    let request = visitor.http.post(format!("{}{path}", visitor.origin));
    let bytes = request.body(&b"number=%FF%00&expiry=\xff&&&=&%"[..]);
    assert_eq!(visitor.send(bytes).await.status, 422);
    assert!(attempts(&api, &session).await.is_empty());
    assert_eq!(status(&api, &session).await, "open");
}

#[tokio::test]
async fn an_unknown_session_is_a_page_that_says_so() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    for id in [
        "chk_0000000000000000",
        "pay_0000000000000000",
        "x",
        "%00",
        "%3Cb%3E",
    ] {
        for path in [format!("/pay/{id}"), format!("/pay/{id}/challenge")] {
            let page = visitor.get(&path).await;
            assert_eq!(page.status, 404, "{path}");
            page.shows("There is no such checkout");
            let page = visitor
                .post(&path, &[("number", SUCCESS), ("result", "fail")])
                .await;
            assert_eq!(page.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_cannot_pay() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    let session = api.session(None, None).await;
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "file://",
    ] {
        for page in ["", "/challenge"] {
            let request = visitor
                .http
                .post(format!("{}/pay/{session}{page}", visitor.origin))
                .header("Origin", origin)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("number={SUCCESS}&expiry=12/34&cvc=123"));
            assert_eq!(visitor.send(request).await.status, 403, "{origin}");
        }
    }
    assert!(attempts(&api, &session).await.is_empty());
}

#[tokio::test]
async fn only_addresses_of_the_web_become_links_and_redirects() {
    let (_server, api) = start().await;
    let open = async |success: &str, cancel: &str| {
        let body = json!({
            "amount": 4999, "currency": "GBP", "success_url": success, "cancel_url": cancel,
        });
        api.post("/v1/checkout/sessions", body).await
    };
    for hostile in [
        "javascript:alert(1)",
        "JAVASCRIPT://example.com/%0aalert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://example.com/x",
        "//example.com",
        "/done",
        "",
    ] {
        open(hostile, DONE).await.refused(400, "parameter_invalid");
        open(DONE, hostile).await.refused(400, "parameter_invalid");
    }
    // Written so as to break out of a header or an attribute, and what is no URI by RFC 3986.
    for odd in [
        "https://example.com/a\"b",
        "https://example.com/<c>",
        "https://example.com/\r\nSet-Cookie:x=1",
        "https://example.com/a b",
        "https://example.com/\u{e9}",
        "https://example.com/%zz",
        "https://example.com/[x]",
        "https://example.com/#a#b",
        "https:\\\\example.com",
    ] {
        open(odd, DONE).await.refused(400, "parameter_invalid");
    }
    // What is one comes out as it went in, escaped where it is shown.
    let address = "https://example.com/a?x='&y=1%22%3Cb%3E&z=;/@:#end";
    let session = open(address, address).await.ok().id();
    let visitor = Visitor::new(&api);
    let page = visitor.get(&format!("/pay/{session}")).await;
    page.shows("&amp;y=1%22%3Cb%3E&amp;z=;/@:#end\"");
    let after = visitor.pay(&session, SUCCESS).await;
    after.leads_to("https://example.com/a?x=%27&y=1%22%3Cb%3E&z=;/@:#end");
    // A host may hold what separates directives of a policy.
    let body = json!({
        "amount": 4999, "currency": "GBP", "ui_mode": "embedded",
        "success_url": "http://a;sandbox/", "cancel_url": "http://b,script-src/",
    });
    let session = api.post("/v1/checkout/sessions", body).await.ok().id();
    let page = visitor.get(&format!("/pay/{session}")).await;
    assert!(
        page.policy.ends_with("frame-ancestors 'self'"),
        "{}",
        page.policy
    );
}

#[tokio::test]
async fn only_the_merchants_own_sites_may_frame_an_embedded_session_and_nobody_a_hosted_one() {
    let (_server, api) = start().await;
    let visitor = Visitor::new(&api);
    let hosted = api.session(None, None).await;
    let body = json!({
        "amount": 4999, "currency": "GBP", "ui_mode": "embedded",
        "success_url": "https://shop.example/done?x=1", "cancel_url": "http://localhost:3000/",
    });
    let embedded = api.post("/v1/checkout/sessions", body).await.ok().id();
    for (session, ancestors) in [
        (&hosted, "'none'"),
        (
            &embedded,
            "'self' https://shop.example http://localhost:3000",
        ),
    ] {
        visitor.pay(session, CHALLENGE).await;
        let mut pages = vec![
            visitor.get(&format!("/pay/{session}")).await,
            visitor.get(&format!("/pay/{session}/challenge")).await,
            visitor.post(&format!("/pay/{session}"), &[]).await,
        ];
        visitor.pay(session, SUCCESS).await;
        pages.push(visitor.get(&format!("/pay/{session}")).await);
        for page in pages {
            let directive = format!("frame-ancestors {ancestors}");
            assert!(page.policy.ends_with(&directive), "{}", page.policy);
            assert!(page.policy.contains("default-src 'none'") && !page.policy.contains("unsafe"));
            assert!(!page.text.contains("style=") && !page.text.contains("onclick"));
        }
    }
    // The end of an embedded session stays in its frame.
    let page = visitor.get(&format!("/pay/{embedded}")).await;
    page.shows("data-message=\"fluxa.checkout.complete\"")
        .shows("data-target=\"https://shop.example\"")
        .shows("target=\"_top\"");
    let again = visitor.pay_as(&embedded, "x", SUCCESS).await;
    again.leads_to(&format!("/pay/{embedded}"));
    let demonstration = visitor
        .get(&format!("/_mock/embed?session={embedded}"))
        .await;
    demonstration.shows(&format!("src=\"/pay/{embedded}\""));
    let refused = visitor.get(&format!("/_mock/embed?session={hosted}")).await;
    refused.shows("ui_mode=embedded");
    let unknown = visitor.get("/_mock/embed?session=%3Cb%3E").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn the_account_named_in_the_address_is_kept_from_page_to_page() {
    let server = MockServer::builder()
        .configure(|config| config.auto_accounts(true))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server).with_key(format!("sk_test_{}", "a1".repeat(16)));
    let visitor = Visitor::new(&api);
    let session = api.session(None, None).await;
    let url = api.get(&format!("/v1/checkout/sessions/{session}")).await;
    let url = url.ok().body["url"].as_str().unwrap().to_owned();
    let (_, account) = url.split_once('?').unwrap();
    let path = format!("/pay/{session}?{account}");
    visitor
        .get(&path)
        .await
        .shows(&format!("action=\"/pay/{session}?{account}\""));
    let fields = [
        ("form", "f"),
        ("number", CHALLENGE),
        ("expiry", "1234"),
        ("cvc", "123"),
    ];
    let after = visitor.post(&path, &fields).await;
    let challenge = format!("/pay/{session}/challenge?{account}");
    after.leads_to(&challenge);
    let page = visitor.get(&challenge).await;
    page.shows(&format!("action=\"/pay/{session}/challenge?{account}\""));
    let payment = page.hidden("payment");
    let answer = [("payment", payment.as_str()), ("result", "fail")];
    let after = visitor.post(&challenge, &answer).await;
    after.leads_to(&format!("/pay/{session}?{account}&declined={payment}"));
}

#[tokio::test]
async fn no_card_number_comes_into_the_database_or_the_logs() {
    logs::keep();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let server = fluxa_mock::MockServer::builder()
        .db(&file)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let visitor = Visitor::new(&api);
    let numbers = [
        SUCCESS,
        "5555555555554444",
        DECLINED,
        CHALLENGE,
        CHALLENGE_FAILS,
    ];
    for (place, number) in numbers.iter().enumerate() {
        let session = api.session(None, None).await;
        visitor.pay(&session, number).await;
        let spaced = spaced(number, " ");
        visitor.pay_as(&session, "again", &spaced).await;
        let session = api.session(None, None).await;
        let body = json!({
            "card": { "number": spaced, "exp_month": 12, "exp_year": 2099, "cvc": "123" }
        });
        let path = format!("/v1/sandbox/checkout/sessions/{session}/complete");
        let call = api.call(Method::POST, &path).key(&format!("key-{place}"));
        call.json(&body).send().await;
        // Refused for something else, and refused for the number.
        visitor
            .post(&format!("/pay/{session}"), &[("number", number)])
            .await;
        let wrong = json!({ "card": { "number": format!("{number}0"), "cvc": "123" } });
        let call = api.call(Method::POST, &path).key(&format!("bad-{place}"));
        call.json(&wrong).send().await;
    }
    let mut kept = Vec::new();
    for suffix in ["", "-wal"] {
        kept.extend(std::fs::read(format!("{}{suffix}", file.display())).unwrap_or_default());
    }
    assert!(
        find(&kept, "\"last4\":\"4242\""),
        "this test looks in the wrong place"
    );
    tracing::trace!("the log is kept");
    let logged = logs::text();
    assert!(logged.contains("the log is kept"));
    kept.extend(logged.bytes());
    for number in numbers {
        for separator in ["", " ", "-", "+", "%20"] {
            let text = spaced(number, separator);
            assert!(!find(&kept, &text), "{text} is in the database or the logs");
        }
    }
    for name in ["cvc", "csc"] {
        assert!(!find(&kept, &format!("\"{name}\"")) && !find(&kept, &format!("{name}=")));
    }
}

fn spaced(number: &str, separator: &str) -> String {
    let groups: Vec<&str> = (0..4)
        .map(|place| &number[place * 4..place * 4 + 4])
        .collect();
    groups.join(separator)
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
