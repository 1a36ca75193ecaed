//! The inspector's page of accounts, and switching from one to another.

use super::{attributes, open};
use crate::support::{Api, start};
use fluxa_mock::MockServer;
use serde_json::json;

const PAGE: &str = "/_mock/ui/accounts";

fn key(number: usize) -> String {
    format!("sk_test_{number:032}")
}

/// A server with so many accounts beside the primary one, each with a customer named by its number.
async fn with_accounts(count: usize) -> (MockServer, Vec<String>) {
    let server = MockServer::builder().auto_accounts(true).start().await;
    let server = server.unwrap();
    let api = Api::new(&server);
    let mut labels = Vec::new();
    for number in 0..count {
        let own = api.with_key(key(number));
        let body = json!({ "email": format!("c{number}@example.com") });
        own.post("/v1/customers", body).await.ok();
        let account = server.account(&key(number)).await.unwrap();
        labels.push(account.label().to_owned());
    }
    (server, labels)
}

#[tokio::test]
async fn accounts_are_listed_and_each_leads_to_its_own_pages() {
    let (server, labels) = with_accounts(2).await;
    let page = open(&server, PAGE).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("primary"));
    for (number, label) in labels.iter().enumerate() {
        let to = format!("/_mock/?account={label}");
        assert!(attributes(&page.text, "href").contains(&to), "{label}");
        let own = format!("/_mock/ui/customers?account={label}");
        let own = open(&server, &own).await.text;
        assert!(own.contains(&format!("c{number}@example.com")), "{label}");
        assert!(!own.contains(&format!("c{}@example.com", 1 - number)));
        // Every page says whose it is and leads back to the list, which keeps the account.
        let back = format!("{PAGE}?account={label}");
        assert!(attributes(&own, "href").contains(&back), "{own}");
        let listed = open(&server, &back).await.text;
        let row = listed.split(&format!("id=\"a-{label}\"")).nth(1).unwrap();
        let row = row.split("</tr>").next().unwrap();
        assert!(row.contains("shown"), "{row}");
        assert!(attributes(&listed, "href").contains(&"/_mock/".to_owned()));
    }
    let last4 = &key(1)[36..];
    let found = open(&server, &format!("{PAGE}?q={last4}")).await.text;
    assert!(found.contains(&labels[1]) && !found.contains(&labels[0]));
    let missing = open(&server, "/_mock/?account=nobody").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn pages_of_accounts_show_each_once() {
    let (server, mut labels) = with_accounts(120).await;
    let mut seen = Vec::new();
    let mut path = PAGE.to_owned();
    loop {
        let page = open(&server, &path).await.text;
        let rows = attributes(&page, "id").into_iter();
        let ids: Vec<_> = rows.filter(|id| id.starts_with("a-")).collect();
        assert!(ids.len() <= 50, "{}", ids.len());
        seen.extend(ids);
        let next = attributes(&page, "href").into_iter();
        match next.rev().find(|to| to.contains("after=")) {
            Some(next) => path = next,
            None => break,
        }
    }
    let primary = seen.remove(0);
    assert_eq!(primary, format!("a-{}", server.label()));
    labels.sort();
    let expected: Vec<_> = labels.iter().map(|label| format!("a-{label}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_server_of_one_account_says_how_to_have_more() {
    let (server, _api) = start().await;
    let page = open(&server, PAGE).await.text;
    assert!(page.contains("--auto-accounts"), "{page}");
}
