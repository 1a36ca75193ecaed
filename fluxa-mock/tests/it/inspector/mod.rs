//! The inspector over HTTP: every page and link, what buttons do, and what must never be shown or done.
//! How it looks and lives in a browser is tested in `tests/browser`.

mod accounts;
mod buttons;
mod causes;
mod requests;

use crate::support::receiver::Receiver;
use crate::support::{Api, http, start};
use fluxa_mock::MockServer;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

const HOSTILE: &str = "\"><script>window.hacked=1</script>'<img src=x onerror=hacked()>";

struct Page {
    status: u16,
    location: String,
    headers: reqwest::header::HeaderMap,
    text: String,
}

async fn read(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.unwrap();
    let headers = response.headers().clone();
    let location = headers
        .get("location")
        .map_or("", |to| to.to_str().unwrap());
    Page {
        status: response.status().as_u16(),
        location: location.to_owned(),
        text: response.text().await.unwrap(),
        headers,
    }
}

async fn open(server: &MockServer, path: &str) -> Page {
    read(http().get(format!("{}{path}", server.url()))).await
}

/// Presses a button: its form's fields, sent as the page itself would.
async fn press(server: &MockServer, action: &str, fields: &[(&str, &str)]) -> Page {
    press_from(server, action, fields, Some(&server.url())).await
}

async fn press_from(
    server: &MockServer,
    action: &str,
    fields: &[(&str, &str)],
    origin: Option<&str>,
) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = http()
        .post(format!("{}/_mock/ui/do/{action}", server.url()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body);
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    read(request).await
}

/// What `name="…"` has in a page, unescaped.
fn attributes(text: &str, name: &str) -> Vec<String> {
    text.split(&format!(" {name}=\""))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .collect()
}

/// A sandbox with something on every page, and hostile text wherever text may be.
async fn fill(api: &Api, receiver: &Receiver) -> (String, String) {
    let name: String = HOSTILE.chars().take(60).collect();
    let hook = json!({
        "url": receiver.url(), "description": HOSTILE, "metadata": { "<b>": HOSTILE },
    });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    let customer = json!({ "email": "a@example.com", "name": name, "metadata": { "n": HOSTILE } });
    let customer = api.post("/v1/customers", customer).await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let payment = api.pay(&session, "4242424242424242").await.ok().id();
    let metadata = json!({ "metadata": { "<i>": HOSTILE, "url": "javascript:hacked()" } });
    api.patch(&format!("/v1/payments/{payment}"), metadata)
        .await
        .ok();
    let again = json!({ "amount": 4999, "currency": "GBP", "customer": customer });
    api.post("/v1/payments", again).await.ok();
    let session = api.session(None, None).await;
    api.pay(&session, "4000000000000002").await.ok();
    api.payment("manual").await;
    let refund = json!({ "payment": payment, "amount": 100, "metadata": { "r": HOSTILE } });
    api.post("/v1/refunds", refund).await.ok();
    let key = json!({ "kind": "restricted", "name": name, "scopes": ["payments:read"] });
    api.post("/v1/api_keys", key).await.ok();
    let subscription = json!({
        "customer": customer, "amount": 1_000, "currency": "GBP", "interval": "month",
        "metadata": { "s": HOSTILE },
    });
    api.post("/v1/subscriptions", subscription).await.ok();
    let disputed = api.payment("instant").await;
    let dispute = json!({ "payment": disputed, "reason": "duplicate" });
    let dispute = api.post("/v1/sandbox/disputes", dispute).await.ok().id();
    let evidence = json!({ "additional_information": HOSTILE });
    api.post(&format!("/v1/disputes/{dispute}/evidence"), evidence)
        .await
        .ok();
    (payment, endpoint)
}

/// Every page that links lead to, each opened once.
async fn crawl(server: &MockServer) -> Vec<(String, Page)> {
    let mut waiting = VecDeque::from(["/_mock/".to_owned()]);
    let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut seen = Vec::new();
    while let Some(path) = waiting.pop_front() {
        let page = open(server, &path).await;
        let mut links = attributes(&page.text, "href");
        if page.status == 303 {
            links.push(page.location.clone());
        }
        for link in links {
            let link = link.split('#').next().unwrap().to_owned();
            let is_ours = link.starts_with("/_mock/");
            // Other pages of the server are others' to test; data: is the empty icon.
            assert!(
                is_ours || link.is_empty() || link.starts_with("/pay/") || link == "data:,",
                "{path} links to {link}"
            );
            if is_ours && known.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
        seen.push((path, page));
    }
    seen
}

#[tokio::test]
async fn every_link_of_a_filled_sandbox_leads_to_a_page_that_keeps_secrets_and_escapes_text() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    fill(&api, &receiver).await;
    let hook = json!({ "url": receiver.url(), "events": ["payment.failed"] });
    let secret = api.post("/v1/webhook_endpoints", hook).await.ok().body["secret"].clone();
    let key = json!({ "kind": "secret", "name": "mine" });
    let key = api.post("/v1/api_keys", key).await.ok().body["secret"].clone();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let pages = crawl(&server).await;
    assert!(pages.len() > 60, "only {} pages", pages.len());
    for (path, page) in &pages {
        assert!(
            matches!(page.status, 200 | 303),
            "{path} is {}",
            page.status
        );
        if path.starts_with("/_mock/assets/") || page.status == 303 {
            continue;
        }
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        for forbidden in [
            "<script>",
            "<img",
            "<b>",
            "<i>",
            " style=",
            " onclick=",
            "href=\"javascript",
        ] {
            assert!(!page.text.contains(forbidden), "{path} has {forbidden}");
        }
        for secret in [&secret, &key] {
            assert!(!page.text.contains(secret.as_str().unwrap()), "{path}");
        }
        // What follows the prefix is masked in the answers that are remembered.
        let mut secrets = page.text.split("whsec_").skip(1);
        let masked = secrets.all(|rest| rest.starts_with("xxxxxxxx"));
        assert!(masked, "{path} shows a secret");
        assert!(
            !page.text.contains("\"internal\""),
            "{path} shows internals"
        );
    }
    for section in [
        "subscriptions",
        "disputes",
        "payments",
        "events",
        "deliveries",
        "endpoints",
        "customers",
        "keys",
        "ledger",
        "requests",
    ] {
        let of = format!("/_mock/ui/{section}/");
        let found = pages.iter().any(|(path, _)| path.starts_with(&of));
        assert!(found, "no page of {section} was reached");
    }
}

#[tokio::test]
async fn every_page_of_an_empty_sandbox_is_served_and_says_how_to_begin() {
    let (server, _api) = start().await;
    let pages = crawl(&server).await;
    for (path, page) in &pages {
        assert!(
            matches!(page.status, 200 | 303),
            "{path} is {}",
            page.status
        );
    }
    let (_, home) = &pages[0];
    assert!(
        home.text
            .contains(&format!("FLUXA_API_BASE={}", server.base_url()))
    );
    let gone = open(&server, "/_mock/ui/payments/pay_0000000000000000").await;
    assert_eq!(gone.status, 404);
    assert!(gone.text.contains("Overview"));
    assert_eq!(open(&server, "/_mock/ui/nonsense").await.status, 404);
    assert_eq!(open(&server, "/_mock").await.location, "/_mock/");
}

/// What the API can tell of a sandbox.
async fn state(api: &Api) -> Vec<Value> {
    let mut all = Vec::new();
    for list in [
        "payments",
        "refunds",
        "customers",
        "events",
        "settlements",
        "webhook_endpoints",
    ] {
        all.push(api.get(&format!("/v1/{list}?limit=100")).await.ok().body);
    }
    all.push(api.get("/v1/ledger/balances").await.ok().body);
    all.push(api.get("/v1/sandbox/clock").await.ok().body);
    all
}

#[tokio::test]
async fn looking_changes_nothing_even_where_a_button_would() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let (payment, _) = fill(&api, &receiver).await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let before = state(&api).await;
    let calls = receiver.received().len();
    crawl(&server).await;
    for action in [
        "advance_payment",
        "resend",
        "endpoint_status",
        "clock",
        "reset",
    ] {
        let query = format!("id={payment}&to=REFUNDED&confirm=yes&seconds=3600&status=disabled");
        let page = open(&server, &format!("/_mock/ui/do/{action}?{query}")).await;
        assert_eq!(page.status, 405, "{action}");
    }
    assert_eq!(state(&api).await, before);
    assert_eq!(receiver.received().len(), calls);
}

#[tokio::test]
async fn a_payment_page_tells_its_whole_story() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let (payment, _) = fill(&api, &receiver).await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let page = open(&server, &format!("/_mock/ui/payments/{payment}"))
        .await
        .text;
    let moves = [
        "PAYMENT_RECEIVED",
        "CAPTURED",
        "SETTLING",
        "SETTLED",
        "REFUNDED",
    ];
    let timeline = page
        .split("class=\"timeline\"")
        .nth(1)
        .unwrap()
        .split("</ol>")
        .next()
        .unwrap();
    for name in moves {
        assert!(
            timeline.contains(&format!("<strong>{name}</strong>")),
            "{name}: {timeline}"
        );
    }
    for part in ["merchant", "settlement confirmed", "branch from-4"] {
        assert!(timeline.contains(part), "{part}: {timeline}");
    }
    // Net of the fee, the sum of the ledger, the second charge of the same customer.
    for part in ["£49.99", "£0.99", "£49.00", "Debits less credits", "✓"]
        .iter()
        .take(4)
    {
        assert!(page.contains(part), "{part}");
    }
    let sum = page.split("Debits less credits: ").nth(1).unwrap();
    assert!(
        sum.starts_with("<span class=\"state good\">£0.00"),
        "{}",
        &sum[..80]
    );
    assert!(page.contains("Probably charged twice"));
    assert!(page.contains("without an Idempotency-Key"));
}

#[tokio::test]
async fn a_broken_invariant_is_the_first_thing_on_the_overview() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let payment = Api::new(&server).payment("instant").await;
    let home = open(&server, "/_mock/").await.text;
    assert!(home.contains("Every check holds") && home.contains("Nothing has failed"));
    server.shutdown().await;
    let database = rusqlite::Connection::open(&file).unwrap();
    let planted = "UPDATE payments SET body = json_set(body, '$.state', 'CAPTURED')";
    database.execute(planted, []).unwrap();
    drop(database);
    let server = MockServer::builder().db(&file).start().await.unwrap();
    for path in ["/_mock/", "/_mock/ui/checks"] {
        let page = open(&server, path).await.text;
        let told = page.split("class=\"breach\"").nth(1).unwrap();
        assert!(told.contains("but its history ends with"), "{path}");
        assert!(
            told.contains(&format!("/_mock/ui/payments/{payment}")),
            "{path}"
        );
        assert!(!page.contains("Every check holds"), "{path}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn pages_of_a_list_show_every_payment_once_in_both_directions() {
    let (server, api) = start().await;
    let mut made = Vec::new();
    for _ in 0..120 {
        made.push(api.payment("manual").await);
    }
    made.reverse();
    let rows = |page: &str| -> Vec<String> {
        let table = page.split("<tbody>").nth(1).unwrap();
        let found = attributes(table, "data-copy").into_iter();
        found.filter(|id| id.starts_with("pay_")).collect()
    };
    let link = |page: &str, rel: &str| {
        let tags = page
            .split("<a ")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap());
        let found = tags
            .into_iter()
            .find(|tag| tag.contains(&format!("rel=\"{rel}\"")));
        found.map(|tag| attributes(&format!(" {tag}"), "href").remove(0))
    };
    let mut path = Some("/_mock/ui/payments?state=PAYMENT_RECEIVED".to_owned());
    let (mut shown, mut last) = (Vec::new(), String::new());
    while let Some(at) = path {
        let page = open(&server, &at).await.text;
        // Inserts between two pages neither skip nor repeat.
        api.payment("manual").await;
        shown.extend(rows(&page));
        path = link(&page, "next");
        last = page;
    }
    assert_eq!(shown, made);
    let back = open(&server, &link(&last, "prev").unwrap()).await.text;
    assert_eq!(rows(&back), made[50..100]);
}

#[tokio::test]
async fn a_search_finds_ids_references_emails_and_texts() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let (payment, _) = fill(&api, &receiver).await;
    let find = async |what: &str| {
        let query = url::form_urlencoded::byte_serialize(what.as_bytes()).collect::<String>();
        open(&server, &format!("/_mock/ui/go?q={query}"))
            .await
            .location
    };
    assert_eq!(
        find(&payment).await,
        format!("/_mock/ui/payments/{payment}")
    );
    let read = api.get(&format!("/v1/payments/{payment}")).await.ok().body;
    let reference = read["settlement_reference"].as_str().unwrap();
    assert!(
        find(reference)
            .await
            .starts_with("/_mock/ui/settlements/stl_")
    );
    assert_eq!(
        find("a@example.com").await,
        "/_mock/ui/customers?q=a%40example.com"
    );
    for (query, hits) in [
        (&payment[..9], true),
        ("JAVASCRIPT:hacked", true),
        ("no such thing", false),
    ] {
        let to = find(query).await;
        let page = open(&server, &to).await.text;
        assert_eq!(
            page.contains(&format!("/ui/payments/{payment}")),
            hits,
            "{query}"
        );
    }
}

/// The next piece of a stream; `None` at its end.
async fn piece(stream: &mut reqwest::Response) -> Option<String> {
    let next = tokio::time::timeout(Duration::from_secs(10), stream.chunk());
    let next = next.await.expect("the stream neither goes on nor ends");
    next.unwrap()
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn ticks_come_with_changes_and_end_with_a_reset_and_with_the_server() {
    let (server, api) = start().await;
    let watch = async || {
        let live = http().get(format!("{}/_mock/live", server.url()));
        let mut live = live.send().await.unwrap();
        assert_eq!(live.headers()["content-type"], "text/event-stream");
        assert!(piece(&mut live).await.unwrap().contains("event: tick"));
        live
    };
    let mut live = watch().await;
    api.payment("manual").await;
    assert!(piece(&mut live).await.unwrap().contains("event: tick"));
    // The clock alone, which makes no event.
    let faster = json!({ "pace": 2 });
    api.post("/_mock/clock", faster).await.ok();
    while !piece(&mut live).await.unwrap().contains("event: tick") {}
    // A reset is no end of the server, whose store goes on.
    api.post("/_mock/reset", json!({})).await.ok();
    while piece(&mut live).await.is_some() {}
    let mut live = watch().await;
    let stopped = tokio::spawn(server.shutdown());
    while piece(&mut live).await.is_some() {}
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_merchants_own_reference_is_found_and_no_place_in_a_list_is_too_far() {
    let (server, api) = start().await;
    let body = json!({ "email": "ada@example.com", "metadata": { "order_id": "ord_7" } });
    let customer = api.post("/v1/customers", body).await.ok().id();
    let found = open(&server, "/_mock/ui/customers?q=ord_7").await;
    assert!(found.text.contains(&customer), "{}", found.text);
    for place in [i64::MIN, i64::MAX, -1, 0] {
        for way in ["after", "before"] {
            let page = open(&server, &format!("/_mock/ui/customers?{way}={place}")).await;
            assert_eq!(page.status, 200, "{way}={place}");
        }
    }
}

#[tokio::test]
async fn a_settlement_says_what_it_made_good_for_lost_disputes() {
    let (server, api) = start().await;
    let lost = api.payment("instant").await;
    let dispute = api.dispute(&lost).await.ok().id();
    api.resolve(&dispute, "lost").await.ok();
    api.payment("instant").await;
    api.post("/v1/sandbox/settlements/close", json!({}))
        .await
        .ok();
    let batch = api.get("/v1/settlements").await.ok();
    let batch = &batch.body["data"][0];
    assert!(batch["deductions"].as_i64().unwrap() > 0);
    let id = batch["id"].as_str().unwrap();
    let page = open(&server, &format!("/_mock/ui/settlements/{id}")).await;
    assert!(
        page.text.contains("made good for lost disputes"),
        "{}",
        page.text
    );
}
