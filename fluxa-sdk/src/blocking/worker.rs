//! The thread that drives a blocking client's calls, and waiting for it.
//!
//! A thread of its own, rather than a runtime entered by the caller: that would panic inside
//! another runtime, on waiting and on being dropped, and a connection would rest between calls,
//! so that the server's closing it went unseen.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use tokio::sync::mpsc;
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use crate::error::{Error, NetworkError, NetworkFault, Outcome, Trace};
use crate::idempotency::IdempotencyKey;
use crate::request::Operation;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The mode of a blocking [`Client`](super::Client)'s calls: they wait.
#[derive(Clone)]
pub struct Blocking(Arc<Worker>);

/// The thread ends when the last sender is gone.
struct Worker {
    jobs: mpsc::UnboundedSender<Job>,
    thread: ThreadId,
}

impl Blocking {
    /// Starts the thread.
    pub(super) fn start() -> Result<Self, Error> {
        let fault = |error: std::io::Error| {
            Error::config(format!(
                "the thread of the blocking client could not be started: {error}"
            ))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(fault)?;
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let thread = thread::Builder::new()
            .name("fluxa-blocking".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    while let Some(job) = queue.recv().await {
                        tokio::spawn(job);
                    }
                });
                // Whoever would want a name resolved is gone.
                runtime.shutdown_background();
            })
            .map_err(fault)?
            .thread()
            .id();
        Ok(Self(Arc::new(Worker { jobs, thread })))
    }

    /// Has the thread run `future`, and waits for what comes of it.
    pub(crate) fn wait<R: Send + 'static>(
        &self,
        operation: &'static Operation,
        key: Option<IdempotencyKey>,
        future: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) -> Result<R, Error> {
        if thread::current().id() == self.0.thread {
            return Err(Error::config(
                "a blocking call was made on the client's own thread, from a hook or a log \
                 subscriber, and would wait for itself; make it on another thread",
            )
            .with_operation(operation.id));
        }
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let job = async move {
            // Nobody waits any more: the caller's thread is gone, and so is its interest.
            let _ = answer.send(future.await);
        };
        // Spans and subscriber are the calling thread's.
        let job = job.in_current_span().with_current_subscriber();
        let lost = |attempts, outcome| {
            let trace = Trace {
                operation: operation.id,
                idempotency_key: key,
                attempts,
                outcome,
                reads: operation.method == "GET",
                ..Trace::default()
            };
            let fault = NetworkFault::ThreadEnded;
            Error::Network(Box::new(NetworkError::new(trace, fault, None)))
        };
        if self.0.jobs.send(Box::pin(job)).is_err() {
            return Err(lost(0, Outcome::NotSent));
        }
        match answered.recv() {
            Ok(result) => result,
            Err(_) => Err(lost(1, Outcome::Unknown)),
        }
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    use tracing::dispatcher::get_default;
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::with_default;
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    static CREATE: Operation = Operation {
        id: "refunds_create",
        method: "POST",
        path: "/refunds",
        streaming: false,
    };

    fn key() -> Option<IdempotencyKey> {
        Some(IdempotencyKey::derive("refund", "ord_8421"))
    }

    #[test]
    fn a_call_that_dies_on_the_thread_is_an_error_with_its_key_and_the_next_one_works() {
        let blocking = Blocking::start().unwrap();
        let error = blocking
            .wait::<()>(&CREATE, key(), async { panic!("on purpose") })
            .unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(error.idempotency_key(), key().as_ref());
        assert_eq!(error.operation(), "refunds_create");
        assert_eq!(blocking.wait(&CREATE, None, async { Ok(7) }).unwrap(), 7);
    }

    #[test]
    fn a_thread_that_has_ended_is_an_error_and_no_hang() {
        let (jobs, queue) = mpsc::unbounded_channel();
        drop(queue);
        let thread = thread::spawn(|| ()).thread().id();
        let blocking = Blocking(Arc::new(Worker { jobs, thread }));
        let error = blocking.wait(&CREATE, key(), async { Ok(()) }).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("thread"), "{error}");
    }

    #[test]
    fn a_call_on_the_clients_own_thread_is_refused() {
        let (told, tells) = std::sync::mpsc::channel();
        // On a thread of its own, so that waiting for itself would fail here and not hang.
        thread::spawn(move || {
            let blocking = Blocking::start().unwrap();
            let inner = blocking.clone();
            let result = blocking.wait(&CREATE, None, async move {
                inner.wait(&CREATE, None, async { Ok(()) })
            });
            told.send(result).unwrap();
        });
        let result = tells.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(matches!(result, Err(Error::Config(_))), "{result:?}");
    }

    #[test]
    fn the_thread_ends_with_the_last_clone() {
        let blocking = Blocking::start().unwrap();
        // Held by a task of the runtime, it is dropped when the runtime is.
        let (held, ended) = std::sync::mpsc::channel::<()>();
        let wait = blocking.wait(&CREATE, None, async move {
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop(held);
            });
            Ok(())
        });
        wait.unwrap();
        let clone = blocking.clone();
        drop(blocking);
        assert!(clone.wait(&CREATE, None, async { Ok(()) }).is_ok());
        assert!(ended.try_recv().is_err());
        drop(clone);
        let end = ended.recv_timeout(Duration::from_secs(30));
        assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    }

    /// A subscriber to be recognised, and nothing more.
    struct Callers;

    impl Subscriber for Callers {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            false
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_call_is_traced_by_the_calling_threads_subscriber() {
        let blocking = Blocking::start().unwrap();
        let traced = || {
            let call = async { Ok(get_default(|subscriber| subscriber.is::<Callers>())) };
            blocking.wait(&CREATE, None, call).unwrap()
        };
        assert!(with_default(Callers, traced));
        assert!(!traced());
    }
}
