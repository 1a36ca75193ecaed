//! Owns the making of ids and secrets. Ids follow from (seed, start of the process, counter): the
//! same for the same seed, and never repeated on one database however often the process is killed,
//! because every start takes a new number and writes it down first.

use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where in an id the number of the start is, and below it the counter: a million starts, and 2³⁶ ids in each.
const START_SHIFT: u32 = 44;
const COUNTER_SHIFT: u32 = 8;

/// Where in a place the number of the start is: 2²³ starts, and 2⁴⁰ places in each.
const PLACE_SHIFT: u32 = 40;

/// Source of ids of one sandbox.
pub(crate) struct Ids {
    seed: [u8; 32],
    /// Where the numbers of this seed begin.
    base: u64,
    start: AtomicU64,
    counter: AtomicU64,
    places: AtomicU64,
}

impl Ids {
    /// A source for the `start`-th start of the sandbox seeded with `seed`.
    pub(crate) fn new(seed: [u8; 32], start: u64) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(seed)[..8]);
        Self {
            seed,
            base: u64::from_be_bytes(first),
            start: AtomicU64::new(start),
            counter: AtomicU64::new(0),
            places: AtomicU64::new(0),
        }
    }

    /// A source for data that is made up: apart from every sandbox's own.
    pub(crate) fn for_seed_data(seed: u64) -> Self {
        let hash = Sha256::new()
            .chain_update(b"seed data")
            .chain_update(seed.to_be_bytes());
        Self::new(hash.finalize().into(), 0)
    }

    /// A new id: `prefix` followed by 16 lower-case hexadecimal digits, which rise: what is made one after
    /// the other stands side by side in every index, so that adding to one touches its last page alone.
    pub(crate) fn next(&self, prefix: &str) -> String {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        let start = self.start.load(Ordering::Relaxed);
        let number = self
            .base
            .wrapping_add(start << START_SHIFT)
            .wrapping_add(counter << COUNTER_SHIFT)
            .wrapping_add(u64::from(self.noise(start, counter)));
        format!("{prefix}{number:016x}")
    }

    /// A place in a queue, after all that were given out before.
    pub(crate) fn next_place(&self) -> i64 {
        let counter = self.places.fetch_add(1, Ordering::Relaxed);
        let start = self.start.load(Ordering::Relaxed);
        i64::try_from((start << PLACE_SHIFT) + counter).unwrap_or(i64::MAX)
    }

    /// The last place that was given out, in this start or one before: none that follows is below it.
    pub(crate) fn last_place(&self) -> i64 {
        let counter = self.places.load(Ordering::Relaxed);
        let start = self.start.load(Ordering::Relaxed);
        i64::try_from((start << PLACE_SHIFT) + counter).map_or(i64::MAX, |next| next - 1)
    }

    /// Goes on as after another start, later than this one and than `other`: what follows differs from
    /// all that either gave out. Returns its number, to be written down.
    pub(crate) fn start_after(&self, other: u64) -> u64 {
        let next = self.start.load(Ordering::Relaxed).max(other) + 1;
        self.start.store(next, Ordering::Relaxed);
        next
    }

    /// The last digits: neighbours are not to be mistaken for each other.
    fn noise(&self, start: u64, counter: u64) -> u8 {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(start.to_be_bytes());
        hash.update(counter.to_be_bytes());
        hash.finalize()[0]
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

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn places_rise_over_every_start() {
        let ids = Ids::new([7; 32], 1);
        let mut last = ids.next_place();
        let mut rises = |place: i64| {
            assert!(place > last, "{place} after {last}");
            last = place;
        };
        rises(ids.next_place());
        ids.start_after(5);
        rises(ids.next_place());
        // Another process, which wrote the number of its start down first.
        rises(Ids::new([7; 32], 7).next_place());
        rises(Ids::new([7; 32], (1 << 20) - 1).next_place());
    }
}
