//! What the benches share: sample bodies, a server on loopback, a count of allocations.
//!
//! Owns nothing of what is measured.

pub mod allocations;
pub mod interleaved;
pub mod server;
pub mod tunnel;

/// An event of 1024 bytes: `payment.settled`.
pub const EVENT: &str = include_str!("../data/payment_settled.json");
/// The payment in that event.
pub const PAYMENT: &str = include_str!("../data/payment.json");
/// Stripe's nearest: `charge.succeeded`, of 1024 bytes.
pub const STRIPE_EVENT: &str = include_str!("../data/charge_succeeded.json");
/// The charge in that event.
pub const STRIPE_CHARGE: &str = include_str!("../data/charge.json");

/// The secret that both sides sign with.
pub const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
/// The key of the calls.
pub const KEY: &str = "sk_test_mock0000000000000000000000000000";

/// The middle of `samples`, sorted on the way.
pub fn quantile<T: Ord + Copy + Default>(samples: &mut [T], part: f64) -> T {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    samples
        .get((last as f64 * part).round() as usize)
        .copied()
        .unwrap_or_default()
}
