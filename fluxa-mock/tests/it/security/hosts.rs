//! Who may be asked, and by which pages.

use super::{ROUTES, raw};
use crate::support::start;
use serde_json::json;

#[tokio::test]
async fn every_route_refuses_a_host_that_is_not_its_own() {
    let (server, _api) = start().await;
    let port = server.address().port();
    for path in ROUTES {
        for headers in [
            "Host: evil.example\r\n".to_owned(),
            "Host: localhost.evil.example\r\n".to_owned(),
            "Host: localhost.\r\n".to_owned(),
            "Host: user@localhost\r\n".to_owned(),
            format!("Host: localhost:{port}@evil.example\r\n"),
            format!("Host: evil.example:{port}\r\n"),
            "Host: [[::1]]\r\n".to_owned(),
            "Host: [127.0.0.1]\r\n".to_owned(),
            "Host: 2130706433\r\n".to_owned(),
            "Host: 0.0.0.0\r\n".to_owned(),
            "Host: 127.0.0.2\r\n".to_owned(),
            "Host:\r\n".to_owned(),
            String::new(),
            "Host: localhost\r\nHost: localhost\r\n".to_owned(),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
            let (status, answer) = raw(&server, &request).await;
            assert_eq!(status, 403, "{path} {headers}: {answer}");
            assert!(answer.contains("origin_not_allowed"), "{answer}");
        }
        // HTTP/1.0 needs no Host, this server does.
        let (status, _) = raw(&server, format!("GET {path} HTTP/1.0\r\n\r\n")).await;
        assert_eq!(status, 403, "{path}");
    }
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:4010",
    ] {
        for line in [
            format!("GET /_mock/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            format!("GET /_mock/health HTTP/1.0\r\nHost: {host}\r\n\r\n"),
        ] {
            assert_eq!(raw(&server, &line).await.0, 200, "{line}");
        }
    }
}

#[tokio::test]
async fn a_whole_url_as_request_target_names_this_server_too() {
    let (server, _api) = start().await;
    for (target, status) in [
        ("http://localhost/_mock/health", 200),
        ("http://127.0.0.1:1/_mock/health", 200),
        ("http://evil.example/_mock/health", 403),
        ("http://localhost@evil.example/_mock/health", 403),
        ("http://user@localhost/_mock/health", 403),
    ] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (got, answer) = raw(&server, &request).await;
        // Some the parser refuses by itself.
        assert!(
            got == status || (status == 403 && got == 400),
            "{target}: {answer}"
        );
    }
    let tunnel = "CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(raw(&server, tunnel).await.0 >= 400);
}

#[tokio::test]
async fn every_route_refuses_pages_of_other_origins() {
    let (server, _api) = start().await;
    let port = server.address().port();
    let own = format!("http://localhost:{port}");
    for path in ROUTES {
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://localhost",
            "http://localhost:1",
            &format!("https://localhost:{port}"),
            &format!("http://127.0.0.1:{port}"),
            &format!("http://localhost:{port}.evil.example"),
            &format!("{own}/"),
            &format!("{own}, http://evil.example"),
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {origin}\r\n\
                     Content-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let (status, answer) = raw(&server, &request).await;
                assert_eq!(status, 403, "{method} {path} {origin}: {answer}");
                let allows = answer.to_ascii_lowercase().contains("access-control-allow");
                assert!(!allows, "{answer}");
            }
        }
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {own}\r\n\
             Origin: http://evil.example\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(raw(&server, &request).await.0, 403, "{path}");
    }
    let request = format!(
        "GET /_mock/health HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {own}\r\n\
         Connection: close\r\n\r\n"
    );
    assert_eq!(raw(&server, &request).await.0, 200);
}

#[tokio::test]
async fn nothing_is_changed_by_a_request_that_the_browser_calls_foreign() {
    let (server, api) = start().await;
    let customer = json!({ "email": "a@example.com" });
    let customer = api.post("/v1/customers", customer).await.ok().id();
    let send = async |method: &str, path: &str, site: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: {site}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        raw(&server, &request).await.0
    };
    for site in ["cross-site", "same-site", "anything"] {
        assert_eq!(send("POST", "/_mock/reset", site).await, 403, "{site}");
        assert_eq!(send("DELETE", "/v1/customers", site).await, 403, "{site}");
        // A link from the shop's page leads to the checkout.
        assert_eq!(send("GET", "/_mock/health", site).await, 200, "{site}");
    }
    api.get(&format!("/v1/customers/{customer}")).await.ok();
    for site in ["same-origin", "none"] {
        assert_eq!(send("POST", "/_mock/reset", site).await, 200, "{site}");
    }
}
