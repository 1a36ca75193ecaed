//! A burst against the sandbox with Fluxa's own limit: 100 a second, 200 at once.

use fluxa_mock::{MockServer, RateLimit};
use fluxa_sdk::Client;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paced_burst_meets_no_429_and_an_unpaced_one_does() {
    for paced in [true, false] {
        let limit = RateLimit::default();
        let mock = MockServer::builder()
            .rate_limit(limit)
            .start()
            .await
            .unwrap();
        let mut builder = Client::builder(mock.secret_key()).base_url(mock.base_url());
        if paced {
            builder = builder.pace_requests();
        }
        let fluxa = builder.build().unwrap();
        let calls: Vec<_> = (0..350)
            .map(|_| tokio::spawn(fluxa.raw("GET", "/payments").max_retries(0).into_future()))
            .collect();
        let mut refused = 0;
        for call in calls {
            if let Err(error) = call.await.unwrap() {
                assert!(
                    error.as_api().is_some_and(|api| api.is_rate_limited()),
                    "{error}"
                );
                refused += 1;
            }
        }
        assert_eq!(refused == 0, paced, "{refused} refused");
    }
}
