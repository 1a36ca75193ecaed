//! Whatever crashes and whenever, an order is charged once.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fluxa_mock::MockServer;
use fluxa_sdk::Client;
use fluxa_sdk::types::{CreateCheckoutSession, CreateCustomer, Payment, TestCard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Fixture {
    mock: MockServer,
    fluxa: Client,
    customer: String,
    directory: tempfile::TempDir,
}

impl Fixture {
    /// Starts a sandbox that has a customer with a stored card.
    async fn start() -> Self {
        let mock = MockServer::start().await.unwrap();
        let fluxa = Client::builder(mock.secret_key())
            .base_url(mock.base_url())
            .build()
            .unwrap();
        let customer = CreateCustomer::new("ada@shop.test");
        let customer = fluxa.customers().create(customer).await.unwrap();
        let session = CreateCheckoutSession::new(
            fluxa_sdk::Money::gbp(100),
            "https://shop.test/done",
            "https://shop.test/cart",
        )
        .customer(&customer.id);
        let session = fluxa.checkout().sessions().create(session).await.unwrap();
        let sandbox = fluxa.sandbox();
        let visa = TestCard::visa();
        sandbox
            .complete_checkout_session(&session.id, visa)
            .await
            .unwrap();
        Self {
            mock,
            fluxa,
            customer: customer.id.to_string(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, base_url: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crash-safe"));
        command
            .arg(self.directory.path())
            .args(arguments)
            .env("FLUXA_SECRET_KEY", self.mock.secret_key())
            .env("FLUXA_API_BASE", base_url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let base_url = self.mock.base_url();
        self.command(&base_url, arguments).output().unwrap()
    }

    async fn payments_of(&self, order: &str) -> Vec<Payment> {
        let payments = self.fluxa.payments().list().collect_up_to(100).await;
        let mut payments = payments.unwrap();
        payments.retain(|payment| {
            payment
                .metadata
                .get("order_id")
                .is_some_and(|id| id == order)
        });
        payments
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_either_side_of_the_call_charges_once() {
    let fixture = Fixture::start().await;
    let customer = fixture.customer.as_str();
    for (order, crash, charged) in [("ord_1", "before-call", 0), ("ord_2", "after-call", 1)] {
        let crashed = fixture.run(&["charge", order, "1999", customer, "--crash", crash]);
        assert!(!crashed.status.success());
        assert_eq!(fixture.payments_of(order).await.len(), charged, "{crash}");

        let again = fixture.run(&["charge", order, "1999", customer]);
        assert!(again.status.success(), "{}", text(&again));
        let payments = fixture.payments_of(order).await;
        assert_eq!(payments.len(), 1, "{crash}");
        assert!(
            text(&again).contains(payments[0].id.as_str()),
            "{}",
            text(&again)
        );
        assert_eq!(text(&again).contains("before the crash"), charged == 1);

        // What is settled is only reported.
        let third = fixture.run(&["charge", order, "1999", customer]);
        assert!(
            text(&third).contains(payments[0].id.as_str()),
            "{}",
            text(&third)
        );
        assert_eq!(fixture.payments_of(order).await.len(), 1);
    }
}

/// Takes one request to the sandbox and keeps its answer: the moment between effect and answer.
async fn answer_is_held_back(proxy: &TcpListener, sandbox: &str) -> TcpStream {
    let (mut caller, _) = proxy.accept().await.unwrap();
    let mut server = TcpStream::connect(sandbox).await.unwrap();
    let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let length = caller.read(&mut request).await.unwrap();
    server.write_all(&request[..length]).await.unwrap();
    assert_ne!(server.read(&mut answer).await.unwrap(), 0);
    caller
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_the_answer_is_on_its_way_charges_once() {
    let fixture = Fixture::start().await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = format!("http://{}/v1", proxy.local_addr().unwrap());
    let sandbox = fixture.mock.base_url();
    let sandbox = sandbox
        .trim_start_matches("http://")
        .trim_end_matches("/v1");

    let arguments = ["charge", "ord_3", "1999", fixture.customer.as_str()];
    let mut child = fixture.command(&through, &arguments).spawn().unwrap();
    let held = answer_is_held_back(&proxy, sandbox).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while fixture.payments_of("ord_3").await.is_empty() {
        assert!(Instant::now() < deadline, "no payment was made");
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(held);

    let recovered = fixture.run(&["recover"]);
    assert!(recovered.status.success(), "{}", text(&recovered));
    assert!(
        text(&recovered).contains("before the crash"),
        "{}",
        text(&recovered)
    );
    assert_eq!(fixture.payments_of("ord_3").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_older_than_its_key_is_looked_for_first() {
    let fixture = Fixture::start().await;
    let customer = fixture.customer.as_str();
    fixture.run(&["charge", "ord_4", "1999", customer, "--crash", "after-call"]);
    make_older(&fixture.directory.path().join("ord_4.json"));
    // Fluxa has forgotten the key by then.
    fixture
        .mock
        .advance(Duration::from_secs(25 * 60 * 60))
        .await
        .unwrap();

    let recovered = fixture.run(&["recover"]);
    assert!(recovered.status.success(), "{}", text(&recovered));
    assert_eq!(fixture.payments_of("ord_4").await.len(), 1);
}

fn make_older(path: &Path) {
    let mut intent: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let day_before = a_day_before(intent["opened_at"].as_str().unwrap());
    intent["opened_at"] = day_before.into();
    std::fs::write(path, intent.to_string()).unwrap();
}

fn a_day_before(opened_at: &str) -> String {
    let opened_at: fluxa_sdk::Timestamp = opened_at.parse().unwrap();
    let earlier = *opened_at - Duration::from_secs(25 * 60 * 60);
    fluxa_sdk::Timestamp::from(earlier).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_final_and_a_missing_server_is_not() {
    let fixture = Fixture::start().await;
    let nobody = "cus_00000000000000ff";
    let refused = fixture.run(&["charge", "ord_5", "1999", nobody]);
    assert!(text(&refused).contains("refused"), "{}", text(&refused));

    let customer = fixture.customer.as_str();
    let closed = "http://127.0.0.1:1/v1";
    let mut charge = fixture.command(closed, &["charge", "ord_6", "1999", customer]);
    let output = charge.output().unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output).contains("nothing was sent"),
        "{}",
        text(&output)
    );
    let recovered = fixture.run(&["recover"]);
    assert!(recovered.status.success(), "{}", text(&recovered));
    assert_eq!(fixture.payments_of("ord_6").await.len(), 1);
}
