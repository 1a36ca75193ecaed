//! Owns the making of ids and secrets. Ids are a hash of (seed, start of the process, counter): the
//! same for the same seed, and never repeated on one database however often the process is killed,
//! because every start takes a new number and writes it down first.

use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// Source of ids of one sandbox.
pub(crate) struct Ids {
    seed: [u8; 32],
    start: AtomicU64,
    counter: AtomicU64,
}

impl Ids {
    /// A source for the `start`-th start of the sandbox seeded with `seed`.
    pub(crate) fn new(seed: [u8; 32], start: u64) -> Self {
        Self {
            seed,
            start: AtomicU64::new(start),
            counter: AtomicU64::new(0),
        }
    }

    /// A source for data that is made up: apart from every sandbox's own.
    pub(crate) fn for_seed_data(seed: u64) -> Self {
        let hash = Sha256::new()
            .chain_update(b"seed data")
            .chain_update(seed.to_be_bytes());
        Self::new(hash.finalize().into(), 0)
    }

    /// A new id: `prefix` followed by 16 lower-case hexadecimal digits.
    pub(crate) fn next(&self, prefix: &str) -> String {
        format!("{prefix}{}", hex::encode(&self.block()[..8]))
    }

    /// Goes on as after another start, later than this one and than `other`: what follows differs from
    /// all that either gave out. Returns its number, to be written down.
    pub(crate) fn start_after(&self, other: u64) -> u64 {
        let next = self.start.load(Ordering::Relaxed).max(other) + 1;
        self.start.store(next, Ordering::Relaxed);
        next
    }

    fn block(&self) -> [u8; 32] {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.start.load(Ordering::Relaxed).to_be_bytes());
        hash.update(counter.to_be_bytes());
        hash.finalize().into()
    }
}

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a source of randomness");
    bytes
}

/// `length` random characters of base 62.
pub(crate) fn random_base62(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random_bytes::<64>() {
            // 248 is the largest multiple of 62 in a byte: no character is likelier than another.
            if byte < 248 && text.len() < length {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
    }
    text
}

/// SHA-256 of a secret, in hexadecimal: the only form in which API keys are kept.
pub(crate) fn hash_secret(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
