//! Owns the thread on which a target's connections live.
//!
//! A connection can keep its thread busy for as long as the other side likes: an endless row of
//! `103 Early Hints` is read without a pause and never is an answer. Nothing but that target may
//! stand still for it: no time limit, no Ctrl-C, no other target; and that target not for long. Knows
//! nothing of HTTP.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::{CliError, Result};

/// How often who waits looks whether the thread does anything but one thing.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How long the thread may do one thing alone.
const PATIENCE: Duration = Duration::from_millis(500);

/// A thread with a runtime, until it is retired or dropped.
#[derive(Debug)]
pub(super) struct Courier {
    handle: Handle,
    alive: Mutex<Option<oneshot::Sender<()>>>,
    retired: AtomicBool,
    look: Mutex<Option<Look>>,
}

/// A question to the thread whether it still does other things.
#[derive(Debug)]
struct Look {
    since: Instant,
    answered: Arc<AtomicBool>,
}

impl Courier {
    pub(super) fn start() -> Result<Self> {
        let failed = |error: std::io::Error| {
            CliError::failure(format!("cannot start the thread of a target: {error}"))
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            // After each connection all others get their turn.
            .event_interval(1)
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("target".to_owned())
            .spawn(move || {
                // An error is how the sender's end is told.
                let _ = runtime.block_on(gone);
            })
            .map_err(failed)?;
        Ok(Self {
            handle,
            alive: Mutex::new(Some(alive)),
            retired: AtomicBool::new(false),
            look: Mutex::default(),
        })
    }

    /// Runs a future where it is; what it opens and starts lives on the courier's thread. Returns
    /// `None` when that thread is kept busy by one thing, or was.
    pub(super) async fn carry<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut carried = pin!(poll_fn(|context| {
            // What has timers must not be touched any more once their thread has ended.
            if self.retired.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            let _there = self.handle.enter();
            future.as_mut().poll(context).map(Some)
        }));
        loop {
            match tokio::time::timeout(BETWEEN_LOOKS, &mut carried).await {
                Ok(result) => return result,
                Err(_) if self.is_busy() => return None,
                Err(_) => {}
            }
        }
    }

    /// Ends the thread, and with it all that is under way there.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns whether the thread has done one thing alone for long.
    fn is_busy(&self) -> bool {
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = &*look
            && !look.answered.load(Ordering::Relaxed)
        {
            return look.since.elapsed() > PATIENCE;
        }
        let answered = Arc::new(AtomicBool::new(false));
        let answer = Arc::clone(&answered);
        self.handle
            .spawn(async move { answer.store(true, Ordering::Relaxed) });
        let since = Instant::now();
        *look = Some(Look { since, answered });
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_never_pauses_on_the_couriers_thread_stops_nobody_else() {
        let courier = Courier::start().unwrap();
        let (go_on, waiting) = mpsc::channel::<()>();
        let (told, blocked) = mpsc::channel();
        let block = async {
            tokio::spawn(async move { told.send(waiting.recv().is_ok()) });
        };
        assert!(courier.carry(block).await.is_some());
        // A time limit on this thread is kept, and without one it is given up all the same.
        let asked = || courier.carry(async { tokio::spawn(async {}).await });
        let limit = Duration::from_millis(10);
        assert!(tokio::time::timeout(limit, asked()).await.is_err());
        assert!(asked().await.is_none());
        courier.retire();
        assert!(asked().await.is_none());
        go_on.send(()).unwrap();
        assert!(blocked.recv().unwrap());
    }

    #[tokio::test]
    async fn a_long_wait_alone_is_no_reason_to_give_up() {
        let courier = Courier::start().unwrap();
        let waited = courier.carry(tokio::time::sleep(2 * PATIENCE));
        assert!(waited.await.is_some());
    }
}
