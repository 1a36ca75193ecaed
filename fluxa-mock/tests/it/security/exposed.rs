//! A server that other machines reach: who gets in, and under which names.

use super::{raw, raw_at};
use crate::support::{Api, start};
use fluxa_mock::{Config, ControlKey, MockServer};
use std::net::SocketAddr;

/// An exposed server, its address and its key.
struct Exposed {
    server: MockServer,
    key: String,
}

impl Exposed {
    async fn start(change: impl FnOnce(Config) -> Config) -> Self {
        let key = ControlKey::random();
        let own = key.clone();
        let server = MockServer::builder()
            .configure(|config| change(config.expose(own)))
            .start()
            .await
            .unwrap();
        Self {
            server,
            key: key.as_str().to_owned(),
        }
    }

    /// The status of a GET with these header lines, and the whole answer.
    async fn get(&self, path: &str, headers: &str) -> (u16, String) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}Connection: close\r\n\r\n",
            self.server.address()
        );
        raw(&self.server, request).await
    }
}

/// One path of each kind that the control plane and its pages have.
const CONTROL: [&str; 14] = [
    "/_mock",
    "/_mock/",
    "/_mock/health",
    "/_mock/accounts",
    "/_mock/requests",
    "/_mock/invariants",
    "/_mock/clock",
    "/_mock/faults",
    "/_mock/snapshots",
    "/_mock/snapshots/x",
    "/_mock/ui/payments",
    "/_mock/live",
    "/_mock/embed?session=chk_0123456789abcdef",
    "/_mock/nonsense",
];

#[tokio::test]
async fn an_exposed_control_plane_asks_for_the_key_of_the_server() {
    let exposed = Exposed::start(|config| config).await;
    let known = format!("Authorization: Bearer sk_test_mock{}\r\n", "0".repeat(28));
    let other = format!(
        "Authorization: Bearer {}\r\n",
        ControlKey::random().as_str()
    );
    let own = format!("Authorization: Bearer {}\r\n", exposed.key);
    for path in CONTROL {
        for without in [
            "",
            &known,
            &other,
            "Cookie: fluxa_mock=x\r\n",
            &format!("{other}{own}"),
        ] {
            let (status, answer) = exposed.get(path, without).await;
            assert_eq!(status, 401, "{path} {without} {answer}");
        }
        // A stream does not end.
        if path != "/_mock/live" {
            let (status, answer) = exposed.get(path, &own).await;
            assert!(status != 401 && status != 403, "{path} {answer}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                exposed.server.address()
            );
            assert_eq!(
                raw(&exposed.server, request).await.0,
                401,
                "{method} {path}"
            );
        }
    }
    let api = Api::new(&exposed.server);
    api.call(reqwest::Method::POST, "/_mock/reset")
        .send()
        .await
        .ok();
    // The page is the cardholder's, its style sheet with it.
    assert_eq!(exposed.get("/_mock/assets/style.css", "").await.0, 200);
    let session = api.session(None, None).await;
    assert_eq!(exposed.get(&format!("/pay/{session}"), "").await.0, 200);
}

#[tokio::test]
async fn the_keys_that_everybody_knows_open_nothing_on_an_exposed_server() {
    let exposed = Exposed::start(|config| config).await;
    let api = Api::new(&exposed.server);
    assert_eq!(api.key, exposed.key);
    api.payment("instant").await;
    for kind in ["sk", "rk", "pk"] {
        let known = api.with_key(format!("{kind}_test_mock{}", "0".repeat(28)));
        for path in ["/v1/payments", "/v1/events/stream", "/v1/nonsense"] {
            known.get(path).await.refused(401, "key_invalid");
        }
    }
    // A key that was made with the server's own is one of the API, and no more.
    let made = serde_json::json!({ "kind": "secret", "name": "x" });
    let made = api.post("/v1/api_keys", made).await.ok();
    let made = api.with_key(made.body["secret"].as_str().unwrap());
    made.get("/v1/payments").await.ok();
    made.get("/_mock/accounts")
        .await
        .refused(401, "control_key_required");
    // Nor is it told.
    for path in ["/_mock/", "/_mock/ui/keys"] {
        let page = api
            .call(reqwest::Method::GET, path)
            .header("Accept", "text/html");
        let page = page.send().await.ok().text;
        assert!(
            !page.contains(&exposed.key) && !page.contains("sk_test_mock"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_browser_hands_the_key_over_once() {
    let exposed = Exposed::start(|config| config).await;
    let (status, page) = exposed
        .get("/_mock/ui/payments", "Accept: text/html\r\n")
        .await;
    assert!(
        status == 401 && page.contains("action=\"/_mock/sign-in\""),
        "{page}"
    );
    let sign_in = async |key: &str| {
        let form = format!("key={key}");
        let address = exposed.server.address();
        let request = format!(
            "POST /_mock/sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
            form.len()
        );
        raw(&exposed.server, request).await
    };
    for wrong in ["", "x", "sk_test_mock0000000000000000000000000000"] {
        let (status, answer) = sign_in(wrong).await;
        assert!(status == 401 && !answer.contains("set-cookie"), "{answer}");
    }
    let (status, answer) = sign_in(&exposed.key).await;
    assert_eq!(status, 303, "{answer}");
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains(&exposed.key), "{cookie}");
    let cookie = format!("Cookie: a=b; {}\r\n", cookie.split(';').next().unwrap());
    for path in ["/_mock/", "/_mock/ui/payments", "/_mock/clock"] {
        assert_eq!(exposed.get(path, &cookie).await.0, 200, "{path}");
    }
    // It signs in to the control plane, not to the API.
    assert_eq!(exposed.get("/v1/payments", &cookie).await.0, 401);
}

#[tokio::test]
async fn an_exposed_server_answers_to_its_address_and_to_declared_names_only() {
    // Not one machine's loopback: every address that it has.
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Config::new()
        .expose(ControlKey::random())
        .allow_host("mock.internal")
        .allow_host(format!("other.internal:{port}"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(fluxa_mock::serve(listener, config, async {
        drop(stopped.await);
    }));
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        // From this machine itself.
        (format!("localhost:{port}"), 200),
        ("mock.internal".to_owned(), 200),
        (format!("MOCK.internal:{port}"), 200),
        ("mock.internal:1".to_owned(), 200),
        (format!("other.internal:{port}"), 200),
        ("other.internal:1".to_owned(), 403),
        ("other.internal".to_owned(), 403),
        ("evil.example".to_owned(), 403),
        ("mock.internal.evil.example".to_owned(), 403),
        ("10.0.0.1".to_owned(), 403),
    ] {
        let request =
            format!("GET /v1/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (got, answer) = raw_at(at, request).await;
        assert_eq!(got, status, "{host}: {answer}");
    }
    drop(stop);
    serving.await.unwrap().unwrap();
}

/// From another machine: an address of this one that is not loopback, where there is one.
#[tokio::test]
async fn from_another_machine_localhost_is_no_name_of_the_server() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // No packet is sent: the system only says from where it would be.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let address = probe
        .connect("192.0.2.1:9")
        .and_then(|()| probe.local_addr());
    let Some(address) = address
        .ok()
        .map(|address| address.ip())
        .filter(|ip| !ip.is_loopback())
    else {
        // Not by a macro: those are heard of failed tests only.
        let said = b"SKIPPED: this machine has no address but loopback\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        return;
    };
    let config = Config::new().expose(ControlKey::random());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(fluxa_mock::serve(listener, config, async {
        drop(stopped.await);
    }));
    for (host, status) in [
        ("localhost", 403),
        ("127.0.0.1", 403),
        (&*address.to_string(), 200),
    ] {
        let request =
            format!("GET /v1/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (got, answer) = raw_at(SocketAddr::from((address, port)), request).await;
        assert_eq!(got, status, "{host}: {answer}");
    }
    drop(stop);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_at_the_start() {
    let refused = async |config: Config| {
        let builder = MockServer::builder().configure(|_| config);
        builder.start().await.map(drop).unwrap_err().kind()
    };
    let own = ControlKey::random;
    let invalid = std::io::ErrorKind::InvalidInput;
    assert_eq!(
        refused(Config::new().expose(own()).auto_accounts(true)).await,
        invalid
    );
    assert_eq!(
        refused(Config::new().expose(own()).allow_host("http://x")).await,
        invalid
    );
    assert_eq!(refused(Config::new().allow_host("x")).await, invalid);
    // On loopback nothing has changed.
    let (server, api) = start().await;
    api.with_key("").get("/_mock/health").await.ok();
    drop(server);
}
