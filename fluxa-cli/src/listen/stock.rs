//! Owns the bytes of events that wait for their targets: how many there are, and which are let go and
//! read again from the API once their turn comes. Knows nothing of targets, order or attempts.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{CliError, Kind, Result};

/// The bytes in hand beyond which those that wait long are let go.
const TIGHT: usize = 2 * 1024 * 1024;

/// How long to wait before the API, which did not answer, is asked again.
const AGAIN: Duration = Duration::from_secs(1);

type Reading = Pin<Box<dyn Future<Output = Result<Bytes>> + Send>>;

/// Reads an event again, by its id.
pub(crate) type Recall = Arc<dyn Fn(String) -> Reading + Send + Sync>;

/// Counts the bytes in hand.
#[derive(Default)]
pub(super) struct Stock {
    total: Arc<AtomicUsize>,
}

/// The bytes of an event in hand, counted for as long as anybody holds them.
pub(super) struct InHand {
    bytes: Bytes,
    total: Arc<AtomicUsize>,
}

/// The bytes of one event: in hand, or let go.
pub(super) struct Kept {
    in_hand: Mutex<Option<Arc<InHand>>>,
    total: Arc<AtomicUsize>,
}

impl Stock {
    pub(super) fn keep(&self, bytes: Bytes) -> Kept {
        let kept = Kept {
            in_hand: Mutex::default(),
            total: Arc::clone(&self.total),
        };
        kept.put(bytes);
        kept
    }

    /// Returns how many bytes are in hand.
    pub(super) fn bytes(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// Returns whether what waits long should be let go.
    pub(super) fn is_tight(&self) -> bool {
        self.bytes() > TIGHT
    }
}

impl InHand {
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

impl Kept {
    /// Lets the bytes go, as soon as nobody sends them.
    pub(super) fn let_go(&self) {
        *self.lock() = None;
    }

    fn put(&self, bytes: Bytes) -> Arc<InHand> {
        self.total.fetch_add(bytes.len(), Ordering::Relaxed);
        let total = Arc::clone(&self.total);
        let in_hand = Arc::new(InHand { bytes, total });
        *self.lock() = Some(Arc::clone(&in_hand));
        in_hand
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<InHand>>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the bytes, read again where they were let go; an API that is away for a while is
    /// waited for, since the event is lost to its target otherwise.
    ///
    /// # Errors
    /// Why they are not to be had any more.
    pub(super) async fn bytes(
        &self,
        id: &str,
        recall: Option<&Recall>,
    ) -> Result<Arc<InHand>, String> {
        let in_hand = self.lock().clone();
        if let Some(in_hand) = in_hand {
            return Ok(in_hand);
        }
        let Some(recall) = recall else {
            return Err("its bytes are gone".to_owned());
        };
        loop {
            match recall(id.to_owned()).await {
                Ok(bytes) => return Ok(self.put(bytes)),
                Err(error) if is_passing(&error) => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(format!("it cannot be read again: {}", error.message)),
            }
        }
    }
}

/// Returns whether the API may answer the same question otherwise a moment later.
fn is_passing(error: &CliError) -> bool {
    error.kind == Kind::Network || error.api_status() == Some(429)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// An API that answers at the third question.
    fn busy() -> (Recall, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&asked);
        let recall: Recall = Arc::new(move |id| {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match number {
                    0 | 1 => Err(CliError::network("away")),
                    _ => Ok(Bytes::from(format!("{id} again"))),
                }
            })
        });
        (recall, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_let_go_is_read_again_once_however_long_the_api_is_away() {
        let stock = Stock::default();
        let kept = stock.keep(Bytes::from_static(b"0123456789"));
        let (recall, asked) = busy();
        let first = kept.bytes("evt_1", Some(&recall)).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        kept.let_go();
        // Somebody sends them still.
        assert_eq!(stock.bytes(), 10);
        drop(first);
        assert_eq!(stock.bytes(), 0);
        for _ in 0..2 {
            let again = kept.bytes("evt_1", Some(&recall)).await.unwrap();
            assert_eq!(again.bytes(), "evt_1 again");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(stock.bytes(), 11);
        drop(kept);
        assert_eq!(stock.bytes(), 0);
    }

    #[tokio::test]
    async fn what_the_api_does_not_have_any_more_is_not_asked_for_for_ever() {
        let stock = Stock::default();
        let kept = stock.keep(Bytes::from_static(b"1"));
        kept.let_go();
        let gone: Recall =
            Arc::new(|_| Box::pin(async { Err(CliError::failure("no such event")) }));
        let error = kept.bytes("evt_1", Some(&gone)).await.err().unwrap();
        assert!(error.contains("no such event"), "{error}");
    }
}
