//! A response that is lost after the effect: the SDK repeats the request with its key, and there is one
//! payment.

use fluxa_mock::{Method, MockServer};
use fluxa_sdk::types::{CreateCheckoutSession, CreateCustomer, CreatePayment, TestCard};
use fluxa_sdk::{Client, Money};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_response_is_repeated_with_the_same_key_and_charges_once() {
    let mock = MockServer::start().await.unwrap();
    let builder = Client::builder(mock.secret_key()).base_url(mock.base_url());
    let fluxa = builder.build().unwrap();
    let customer = CreateCustomer::new("ada@shop.example");
    let customer = fluxa.customers().create(customer).await.unwrap();
    let shop = "https://shop.example";
    let session = CreateCheckoutSession::new(Money::gbp(100), shop, shop).customer(&customer.id);
    let session = fluxa.checkout().sessions().create(session).await.unwrap();
    let visa = TestCard::visa();
    let pay = fluxa.sandbox().complete_checkout_session(&session.id, visa);
    pay.await.unwrap();

    let lost = mock
        .lose_next_response(Method::Post, "/v1/payments")
        .unwrap();
    let charge = CreatePayment::new(Money::gbp(4999)).customer(&customer.id);
    let payment = fluxa.payments().create(charge).await.unwrap();
    assert_eq!(lost.hits(), 1);
    assert_eq!(payment.attempts(), 2);
    assert!(payment.idempotent_replayed());
    let charged = fluxa.payments().list().collect_up_to(100).await.unwrap();
    let charged = charged.iter().filter(|one| one.amount == 4999).count();
    assert_eq!(charged, 1, "the customer was charged once");
    assert!(mock.invariants().await.unwrap().is_empty());
}
