//! Where webhooks may go.

use super::quick;
use crate::support::start;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn no_spelling_of_a_private_address_is_a_webhook_url() {
    let (_server, api) = start().await;
    let create = |url: &str| api.post("/v1/webhook_endpoints", json!({ "url": url }));
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "10.1",
        "012.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "１０.０.０.１",
        "10。0。0。1",
        "%31%30.0.0.1",
        "[::]",
        "[::10.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::ffff:0.0.0.0]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::1]",
        "[2002:0a00:0001::1]",
        "[2001:0:0a00:1::1]",
        "[fe80::1]",
        "[febf::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fdff::1]",
        "[ff02::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "1.2.3.4.5",
        "256.0.0.1",
        "exa mple.com",
        "",
    ] {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}/hook");
            let refused = create(&url).await;
            assert_eq!(refused.status, 400, "{url}: {}", refused.text);
        }
    }
    for url in [
        "http://shop.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost./",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "https://user@shop.example/",
        "https://:secret@shop.example/",
        "https://shop.example:65536/",
        "https://shop.example:x/",
        "https:///",
        "https:///shop.example/",
        "https:/shop.example/",
        "https:shop.example",
        "https:\\\\shop.example/",
        "https://shop.example\\@127.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "https://shop.example/\u{0}",
        "https://xn--/",
    ] {
        let refused = create(url).await;
        assert_eq!(refused.status, 400, "{url}: {}", refused.text);
    }
    // As it is stored, so it is read again: one parser, and what it made of the text.
    for (url, stored) in [
        ("http://127.1:9/hook", "http://127.0.0.1:9/hook"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]:9/", "http://[::1]:9/"),
        ("http://hooks.localhost:9/", "http://hooks.localhost:9/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ] {
        assert_eq!(create(url).await.ok().body["url"], stored, "{url}");
    }
}

#[tokio::test]
async fn deliveries_go_nowhere_but_to_loopback_and_follow_no_redirect() {
    // A receiver that sends its callers on to another listener, which must stay unvisited.
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/stolen", other.local_addr().unwrap());
    let redirecting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hook", redirecting.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = redirecting.accept().await {
            let mut head = [0; 4096];
            drop(stream.read(&mut head).await);
            let answer = format!(
                "HTTP/1.1 307 X\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    let (server, api) = quick(|config| config.allow_webhook_host("[64:ff9b::7f00:1]")).await;
    let create = |url: &str| api.post("/v1/webhook_endpoints", json!({ "url": url }));
    let redirected = create(&hook).await.ok().id();
    // A name that is not allowed, whatever it resolves to, and one that says it is local.
    let named = create("https://localhost.evil.invalid/").await.ok().id();
    let dotted = create("https://localhost./").await.ok().id();
    // On the list it may be named; another spelling of the like may not.
    create("https://[64:ff9b::7f00:1]/").await.ok();
    create("https://[64:ff9b::7f00:2]/")
        .await
        .refused(400, "webhook_url_not_allowed");
    api.session(None, None).await;
    server.advance(Duration::ZERO).await.unwrap();
    let first = async |id: &str| {
        let path = format!("/v1/webhook_endpoints/{id}/deliveries");
        api.get(&path).await.ok().body["data"][0].clone()
    };
    assert_eq!(first(&redirected).await["response_status"], 307);
    for id in [named, dotted] {
        let row = first(&id).await;
        assert_eq!(row["response_status"], json!(null), "{row}");
        let error = row["error"].as_str().unwrap();
        assert!(
            error.contains("neither loopback nor on the allow-list"),
            "{row}"
        );
    }
    let unvisited = tokio::time::timeout(Duration::ZERO, other.accept()).await;
    assert!(unvisited.is_err(), "the redirect was followed");
}
