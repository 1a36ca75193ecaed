//! Restricted keys on every operation of the contract: exactly the scope that it names admits, all the
//! others together do not, and write does not include read.

use crate::support::contract::operations;
use crate::support::{Api, start};
use reqwest::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// An id that fits a path and that nothing has.
fn fill(path: &str) -> String {
    const PREFIXES: [(&str, &str); 13] = [
        ("/checkout/sessions/", "chk_"),
        ("/payments/", "pay_"),
        ("/refunds/", "rfd_"),
        ("/customers/", "cus_"),
        ("/payment_methods/", "pm_"),
        ("/subscriptions/", "sub_"),
        ("/disputes/", "dsp_"),
        ("/settlements/", "stl_"),
        ("/events/", "evt_"),
        ("/webhook_endpoints/", "we_"),
        ("/listen_sessions/", "lst_"),
        ("/api_keys/", "key_"),
        ("/request_logs/", "req_"),
    ];
    let filled = PREFIXES.iter().find_map(|(folder, prefix)| {
        let template = format!("{folder}{{id}}");
        let id = format!("{folder}{prefix}00000000000000ff");
        path.contains(&template)
            .then(|| path.replace(&template, &id))
    });
    let filled = filled.unwrap_or_else(|| path.to_owned());
    assert!(!filled.contains('{'), "no id for {path}");
    // A stream would not end: from an unknown cursor it does not begin.
    match filled.as_str() {
        "/events/stream" => format!("{filled}?after=evt_00000000000000ff"),
        _ => filled,
    }
}

async fn restricted(api: &Api, scopes: &BTreeSet<String>) -> Api {
    let body = json!({ "kind": "restricted", "name": "test", "scopes": scopes });
    let issued = api.post("/v1/api_keys", body).await.ok();
    api.with_key(issued.body["secret"].as_str().unwrap())
}

#[tokio::test]
async fn each_operation_is_admitted_by_its_scope_and_by_no_other() {
    let (_server, api) = start().await;
    let all: BTreeSet<String> = operations()
        .filter_map(|operation| operation.scope)
        .flat_map(|scope| {
            let (resource, _) = scope.split_once(':').unwrap();
            [format!("{resource}:read"), format!("{resource}:write")]
        })
        .collect();
    let mut keys: BTreeMap<String, (Api, Api)> = BTreeMap::new();
    for scope in &all {
        let mut others = all.clone();
        others.remove(scope);
        let only = restricted(&api, &BTreeSet::from([scope.clone()])).await;
        keys.insert(scope.clone(), (only, restricted(&api, &others).await));
    }
    let (mut scoped, mut public) = (0, 0);
    for operation in operations() {
        let path = format!("/v1{}", fill(&operation.path));
        let method: Method = operation.method.parse().unwrap();
        let what = format!("{method} {path}");
        let Some(scope) = operation.scope else {
            public += 1;
            api.with_key("").call(method, &path).send().await.ok();
            continue;
        };
        scoped += 1;
        // Reading is what GET does, and nothing else.
        assert_eq!(scope.ends_with(":read"), method == Method::GET, "{what}");
        let (only, others) = &keys[&scope];
        let admitted = only.call(method.clone(), &path).send().await;
        assert!(
            !matches!(admitted.status, 401 | 403),
            "{what} with {scope}: {}",
            admitted.text
        );
        let refused = others.call(method, &path).send().await;
        assert_eq!(
            refused.status, 403,
            "{what} without {scope}: {}",
            refused.text
        );
        let refused = refused.refused(403, "insufficient_scope");
        assert!(refused.text.contains(&scope), "{what}: {}", refused.text);
    }
    assert_eq!((scoped, public), (68, 1));
}
