//! What is read from the environment, each time in a process of its own.

use std::process::Command;

use fluxa_sdk::Client;
use fluxa_sdk::webhooks::Verifier;

use crate::server::{Server, ok};

/// Set for the processes that the tests below start; without it a child is nothing.
const CHILD: &str = "FLUXA_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn child() {
    if !is_child() {
        return;
    }
    match Client::from_env() {
        Ok(client) => println!("client: {client:?}"),
        Err(error) => println!("client: {error}"),
    }
    match Verifier::from_env() {
        Ok(verifier) => println!("verifier: {verifier:?}"),
        Err(error) => println!("verifier: {error}"),
    }
}

#[tokio::test]
async fn child_that_calls() {
    if !is_child() {
        return;
    }
    println!(
        "status: {:?}",
        Client::from_env().unwrap().raw("GET", "/status").await
    );
}

fn run(variables: &[(&str, &str)]) -> String {
    run_child("environment::child", variables)
}

fn run_child(child: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_missing_variable_is_named() {
    let text = run(&[("FLUXA_SECRET_KEY", "")]);
    assert!(
        text.contains("client: the environment variable FLUXA_SECRET_KEY is not set"),
        "{text}"
    );
    assert!(
        text.contains("verifier: the environment variable FLUXA_WEBHOOK_SECRET"),
        "{text}"
    );
}

#[test]
fn key_base_url_and_webhook_secret_are_taken() {
    let text = run(&[
        ("FLUXA_SECRET_KEY", crate::KEY),
        ("FLUXA_API_BASE", "http://127.0.0.1:4010/v1/"),
        ("FLUXA_WEBHOOK_SECRET", "whsec_0123456789abcdef"),
    ]);
    assert!(text.contains("\"http://127.0.0.1:4010/v1\""), "{text}");
    assert!(
        text.contains("sk_test_…c5d6") && text.contains("whsec_…cdef"),
        "{text}"
    );
    assert!(
        !text.contains(crate::KEY) && !text.contains("0123456789abcdef"),
        "{text}"
    );
}

#[test]
fn a_publishable_key_and_a_plain_base_url_are_refused() {
    let text = run(&[("FLUXA_SECRET_KEY", "pk_test_a1b2c3d4")]);
    assert!(
        text.contains("publishable") && !text.contains("a1b2c3d4"),
        "{text}"
    );
    let base = ("FLUXA_API_BASE", "http://api.fluxapay.co.uk/v1");
    let text = run(&[("FLUXA_SECRET_KEY", crate::KEY), base]);
    assert!(text.contains("plain http"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loopback_never_goes_through_a_proxy_of_the_environment() {
    let server = Server::start([ok("{}")]).await;
    let proxy = Server::start([ok("{}")]).await;
    let (base_url, proxy_url) = (server.base_url(), proxy.base_url());
    let text = tokio::task::spawn_blocking(move || {
        let proxied = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, &*proxy_url));
        let mut variables = vec![
            ("FLUXA_SECRET_KEY", crate::KEY),
            ("FLUXA_API_BASE", &base_url),
        ];
        variables.extend(proxied);
        run_child("environment::child_that_calls", &variables)
    });
    let text = text.await.unwrap();
    assert!(text.contains("status: Ok"), "{text}");
    assert_eq!((server.requests().len(), proxy.requests().len()), (1, 0));
}
