//! The tables: every row of what is retried, and of what it came to.

use super::Observation::{Connect, Interrupted, Status, Timeout, Tls, TooLarge, Unsendable};
use super::*;

const TRANSIENT: Verdict = Verdict::Retry(14);
const THROTTLED: Verdict = Verdict::Retry(5);
const IN_USE: Option<&str> = Some("idempotency_key_in_use");
const CODE: Option<&str> = Some("amount_too_small");
const REUSED: Option<&str> = Some("idempotency_key_reused");

#[test]
fn every_row_of_the_table_holds() {
    // observation, verdict when repeatable, verdict for a POST without a key
    let table = [
        (Connect, TRANSIENT, TRANSIENT),
        (Interrupted, TRANSIENT, Verdict::Stop),
        (Timeout, TRANSIENT, Verdict::Stop),
        (Tls, Verdict::Stop, Verdict::Stop),
        (Unsendable, Verdict::Stop, Verdict::Stop),
        (TooLarge, Verdict::Stop, Verdict::Stop),
        (Status(301, None), Verdict::Stop, Verdict::Stop),
        (Status(400, None), Verdict::Stop, Verdict::Stop),
        (Status(401, None), Verdict::Stop, Verdict::Stop),
        (Status(404, None), Verdict::Stop, Verdict::Stop),
        (Status(408, None), TRANSIENT, Verdict::Stop),
        (Status(409, None), Verdict::Stop, Verdict::Stop),
        (Status(409, REUSED), Verdict::Stop, Verdict::Stop),
        (Status(409, IN_USE), THROTTLED, THROTTLED),
        (Status(400, IN_USE), Verdict::Stop, Verdict::Stop),
        (Status(429, None), THROTTLED, THROTTLED),
        (Status(500, None), TRANSIENT, Verdict::Stop),
        (Status(501, None), Verdict::Stop, Verdict::Stop),
        (Status(502, None), TRANSIENT, Verdict::Stop),
        (Status(503, None), TRANSIENT, Verdict::Stop),
        (Status(504, None), TRANSIENT, Verdict::Stop),
        (Status(505, None), Verdict::Stop, Verdict::Stop),
        (Status(599, None), TRANSIENT, Verdict::Stop),
    ];
    for (observation, repeatable, bare_post) in table {
        assert_eq!(
            classify(&Method::POST, true, observation),
            repeatable,
            "{observation:?}"
        );
        assert_eq!(
            classify(&Method::POST, false, observation),
            bare_post,
            "{observation:?}"
        );
        for method in [Method::GET, Method::HEAD, Method::PATCH, Method::DELETE] {
            assert_eq!(
                classify(&method, false, observation),
                repeatable,
                "{observation:?}"
            );
        }
        assert_eq!(
            classify(&Method::PUT, false, observation),
            bare_post,
            "{observation:?}"
        );
    }
}

#[test]
fn the_outcome_is_unknown_whenever_the_server_may_have_acted() {
    use Outcome::{NotSent, Rejected, Unknown};
    // observation, alone, after an unknown attempt with a key, and without one
    let mut table = vec![
        (Connect, NotSent, Unknown, Unknown),
        (Tls, NotSent, Unknown, Unknown),
        (Unsendable, NotSent, Unknown, Unknown),
        (Interrupted, Unknown, Unknown, Unknown),
        (Timeout, Unknown, Unknown, Unknown),
        (TooLarge, Unknown, Unknown, Unknown),
        (Status(302, None), Unknown, Unknown, Unknown),
        (Status(400, CODE), Rejected, Rejected, Unknown),
        (Status(401, CODE), Rejected, Unknown, Unknown),
        (Status(403, CODE), Rejected, Unknown, Unknown),
        (Status(404, CODE), Rejected, Rejected, Unknown),
        (Status(408, CODE), Unknown, Unknown, Unknown),
        (Status(409, CODE), Rejected, Rejected, Unknown),
        (Status(409, REUSED), Rejected, Rejected, Unknown),
        (Status(409, IN_USE), Unknown, Unknown, Unknown),
        (Status(422, CODE), Rejected, Rejected, Unknown),
        (Status(429, CODE), Rejected, Unknown, Unknown),
        (Status(500, CODE), Unknown, Unknown, Unknown),
        (Status(500, None), Unknown, Unknown, Unknown),
        (Status(501, None), Unknown, Unknown, Unknown),
    ];
    // Without the API's own code nobody knows who refused, and when.
    table.extend((400..=499).map(|status| (Status(status, None), Unknown, Unknown, Unknown)));
    for (observation, alone, keyed, bare) in table {
        assert_eq!(outcome(false, true, observation), alone, "{observation:?}");
        assert_eq!(outcome(false, false, observation), alone, "{observation:?}");
        assert_eq!(outcome(true, true, observation), keyed, "{observation:?}");
        assert_eq!(outcome(true, false, observation), bare, "{observation:?}");
    }
}

const FAR: Duration = Duration::from_secs(90);

fn seconds(value: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(value))
}

#[test]
fn waits_double_to_eight_seconds_and_are_half_random() {
    for (retry, low, high) in [
        (1, 0.25, 0.5),
        (2, 0.5, 1.0),
        (3, 1.0, 2.0),
        (4, 2.0, 4.0),
        (5, 4.0, 8.0),
        (60, 4.0, 8.0),
    ] {
        assert_eq!(
            delay(retry, BASE_DELAY, None, FAR, [0.0; 2]),
            seconds(low),
            "{retry}"
        );
        assert_eq!(
            delay(retry, BASE_DELAY, None, FAR, [1.0; 2]),
            seconds(high),
            "{retry}"
        );
    }
}

#[test]
fn retry_after_is_a_floor_with_a_tenth_on_top() {
    let wait = |after: f64, random| delay(1, BASE_DELAY, seconds(after), FAR, [random; 2]);
    assert_eq!(wait(10.0, 0.0), seconds(10.0));
    assert_eq!(wait(10.0, 1.0), seconds(11.0));
    assert_eq!(
        wait(0.0, 1.0),
        seconds(0.5),
        "never shorter than without it"
    );
    assert_eq!(wait(60.0, 0.0), seconds(60.0));
    assert_eq!(wait(60.001, 0.0), None);
}

#[test]
fn a_wait_past_the_deadline_is_not_begun() {
    let remaining = Duration::from_secs(1);
    assert_eq!(
        delay(1, BASE_DELAY, seconds(2.0), remaining, [0.0; 2]),
        None
    );
    assert_eq!(delay(3, BASE_DELAY, None, remaining, [0.0; 2]), None);
    assert_eq!(
        delay(1, BASE_DELAY, None, remaining, [0.0; 2]),
        seconds(0.25)
    );
}

#[test]
fn a_quota_lasts_for_35_transient_retries_and_refills_ten_a_second() {
    let mut quota = Quota::new(Duration::ZERO);
    let taken = (0..100)
        .filter(|_| quota.take(TRANSIENT_COST, Duration::ZERO))
        .count();
    assert_eq!(taken, 35);
    assert!(
        !quota.take(TRANSIENT_COST, Duration::from_millis(300)),
        "10 left, 3 more"
    );
    assert!(quota.take(TRANSIENT_COST, Duration::from_millis(400)));
    assert!(quota.take(5, Duration::from_millis(900)));
}

#[test]
fn successes_give_back_and_never_overfill() {
    let mut quota = Quota::new(Duration::ZERO);
    while quota.take(TRANSIENT_COST, Duration::ZERO) {}
    (0..4).for_each(|_| quota.succeed(0));
    assert!(
        quota.take(TRANSIENT_COST, Duration::ZERO),
        "10 + 4 first-try successes"
    );
    quota.succeed(28);
    assert!(quota.take(28, Duration::ZERO));
    (0..1000).for_each(|_| quota.succeed(100));
    assert!(quota.take(500, Duration::ZERO));
    assert!(!quota.take(1, Duration::ZERO));
}
