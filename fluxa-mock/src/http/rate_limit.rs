//! Owns the rate limit: a token bucket per key, on real time.

use crate::clock::real_millis;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Requests a second with one key, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Sustained requests a second.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Default for RateLimit {
    /// Fluxa's own: 100 a second, bursts of 200.
    fn default() -> Self {
        Self {
            per_second: 100,
            burst: 200,
        }
    }
}

/// The state of a key's bucket, as the headers tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Unix second when the bucket is full again.
    pub(crate) reset: i64,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// The buckets of every key.
pub(crate) struct RateLimiter {
    limit: Option<RateLimit>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl RateLimiter {
    /// A limiter; `None` lets everything through.
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes a token of `key`; with `Err`, how many seconds until there is one.
    pub(crate) fn take(&self, key: &str) -> (Allowance, Result<(), u64>) {
        let Some(limit) = self.limit else {
            return (self.full(), Ok(()));
        };
        let (rate, burst) = (
            f64::from(limit.per_second.max(1)),
            f64::from(limit.burst.max(1)),
        );
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let bucket = buckets.entry(key.to_owned()).or_insert_with(|| Bucket {
            tokens: burst,
            at: now,
        });
        bucket.tokens = (bucket.tokens + (now - bucket.at).as_secs_f64() * rate).min(burst);
        bucket.at = now;
        let outcome = if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Ok(())
        } else {
            Err(((1.0 - bucket.tokens) / rate).ceil().max(1.0) as u64)
        };
        (allowance(limit, bucket.tokens), outcome)
    }

    /// The allowance of `key` as it is, without taking a token.
    pub(crate) fn peek(&self, key: &str) -> Allowance {
        let Some(limit) = self.limit else {
            return self.full();
        };
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get(key) else {
            return self.full();
        };
        let gained = bucket.at.elapsed().as_secs_f64() * f64::from(limit.per_second.max(1));
        let tokens = (bucket.tokens + gained).min(f64::from(limit.burst.max(1)));
        allowance(limit, tokens)
    }

    /// The allowance of a key that has used nothing.
    pub(crate) fn full(&self) -> Allowance {
        let limit = self.limit.unwrap_or_default();
        Allowance {
            limit: limit.per_second,
            remaining: limit.burst,
            reset: real_millis() / 1000,
        }
    }
}

fn allowance(limit: RateLimit, tokens: f64) -> Allowance {
    let missing = f64::from(limit.burst.max(1)) - tokens;
    let missing_ms = missing / f64::from(limit.per_second.max(1)) * 1000.0;
    Allowance {
        limit: limit.per_second,
        remaining: tokens as u32,
        reset: (real_millis() + missing_ms as i64 + 999) / 1000,
    }
}
