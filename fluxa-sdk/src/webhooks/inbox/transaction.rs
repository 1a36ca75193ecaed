//! A delivery through the inbox in one transaction of PostgreSQL: effect and mark together.

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;

use tokio::time::Instant;
use tokio_postgres::{IsolationLevel, Transaction};

use super::connection::{Connection, bounded};
use super::fate::{Fate, Number};
use super::process::{Ran, log, warn_of_a_late_mark};
use super::{Inbox, Lease, PostgresStore, Processed, StoreError};
use crate::webhooks::VerifiedEvent;

/// What the handler of [`Inbox::process_in_transaction`] returns: `Box::pin(async move { … })`.
pub type TransactionFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// How the handler and its transaction ended, as far as their connection told.
enum End<T, E> {
    /// Effect and mark are committed.
    Done(T),
    /// The handler failed, and the transaction is rolled back.
    Failed(E),
    /// The handler failed, and so did the question whether the transaction was still the same.
    FailedPerhapsEnded(E),
    /// The handler ended the transaction itself.
    Ended(Result<T, E>),
    /// The mark failed, and the commit was not asked for.
    NotMarked {
        value: T,
        error: StoreError,
    },
    /// The commit was asked for, and failed or was not answered.
    NotConfirmed {
        value: T,
        error: StoreError,
    },
    /// The mark was refused, and the transaction is rolled back.
    LeaseLost,
    /// The handler was dropped because its lease was lost.
    Stopped,
    Panicked(Box<dyn Any + Send>),
}

struct Transacted<T, E> {
    number: Number,
    end: End<T, E>,
    /// Whether nothing is under way on the connection.
    is_idle: bool,
}

impl Inbox<PostgresStore> {
    /// Runs the handler in a transaction that also marks the event: what it writes with the
    /// transaction it is given takes effect **exactly once**.
    ///
    /// ```no_run
    /// # use fluxa_sdk::webhooks::VerifiedEvent;
    /// # use fluxa_sdk::webhooks::inbox::{Inbox, PostgresStore};
    /// # async fn example(inbox: Inbox<PostgresStore>, event: VerifiedEvent) {
    /// let processed = inbox
    ///     .process_in_transaction(&event, |transaction| {
    ///         Box::pin(async move {
    ///             let paid = "UPDATE orders SET paid = true WHERE id = $1";
    ///             transaction.execute(paid, &[&8421_i64]).await?;
    ///             Ok::<_, tokio_postgres::Error>(())
    ///         })
    ///     })
    ///     .await;
    /// # let _ = processed;
    /// # }
    /// ```
    ///
    /// The claim is made before the transaction, so other workers see it and do not wait. When the
    /// handler fails, panics, is dropped or loses its lease, the transaction is rolled back. Its
    /// isolation is read committed.
    ///
    /// Begin and commit are the inbox's. A handler whose SQL ends the transaction (`COMMIT`,
    /// `ROLLBACK`, `PREPARE TRANSACTION`) is found out by the transaction's number: the answer is
    /// [`Processed::TransactionEnded`], never 200, and the event is not marked. To undo a part of the
    /// work, use [`Transaction::savepoint`]; to undo all of it, return an error.
    ///
    /// When the commit's answer is lost, the inbox asks the database what became of it. So the
    /// outcome is [`Processed::NotMarked`] only when that cannot be asked either.
    ///
    /// The rest is as with [`Inbox::process`]. The pool needs a connection for each handler that
    /// runs and a spare one for extending leases.
    pub async fn process_in_transaction<T, E, H>(
        &self,
        event: &VerifiedEvent,
        handler: H,
    ) -> Processed<T, E>
    where
        H: for<'a> FnOnce(&'a mut Transaction<'_>) -> TransactionFuture<'a, T, E>,
    {
        let claimed_at = Instant::now();
        let lease = match self.claim(event).await {
            Ok(lease) => lease,
            Err(processed) => return processed.traced(event.id(), None),
        };
        let processed = self.process_leased(&lease, claimed_at, handler).await;
        processed.traced(event.id(), Some(&lease))
    }

    async fn process_leased<T, E, H>(
        &self,
        lease: &Lease,
        claimed_at: Instant,
        handler: H,
    ) -> Processed<T, E>
    where
        H: for<'a> FnOnce(&'a mut Transaction<'_>) -> TransactionFuture<'a, T, E>,
    {
        let mut connection = match self.store().connection(self.store().deadline()).await {
            Ok(connection) => connection,
            Err(error) => {
                self.give_back(lease).await;
                return Processed::StoreFailed(error);
            }
        };
        let ran = self.run(lease, claimed_at, &mut connection, handler).await;
        // Before anything else is asked, which needs a connection: this may be the pool's only one.
        match &ran {
            Ok(ran) if ran.is_idle => connection.keep(),
            _ => drop(connection),
        }
        match ran {
            Ok(ran) => self.conclude(lease, ran.number, ran.end).await,
            Err(error) => {
                self.give_back(lease).await;
                Processed::StoreFailed(error)
            }
        }
    }

    /// Begins, runs the handler and ends the transaction.
    async fn run<T, E, H>(
        &self,
        lease: &Lease,
        claimed_at: Instant,
        connection: &mut Connection,
        handler: H,
    ) -> Result<Transacted<T, E>, StoreError>
    where
        H: for<'a> FnOnce(&'a mut Transaction<'_>) -> TransactionFuture<'a, T, E>,
    {
        let (mut transaction, number) = self.begin(connection).await?;
        let work = async { handler(&mut transaction).await };
        let (end, is_idle) = match self.while_leased(lease, claimed_at, work).await {
            Ran::Finished(Ok(value)) => {
                let marked = self
                    .mark_and_commit(lease, transaction, number, value)
                    .await;
                if matches!(marked.0, End::LeaseLost) {
                    warn_of_a_late_mark(lease, claimed_at.elapsed());
                }
                marked
            }
            Ran::Finished(Err(error)) => {
                let what = "the transaction could not be rolled back";
                let is_still = bounded(self.store().deadline(), what, async {
                    let is_still = number.is_still(&transaction).await;
                    is_still.map_err(|error| StoreError::new(what, error))
                });
                let is_still = is_still.await;
                let is_idle = self.roll_back(transaction).await;
                match is_still {
                    Ok(true) => (End::Failed(error), is_idle),
                    Ok(false) => (End::Ended(Err(error)), false),
                    // As after a statement that failed: then no other can be run.
                    Err(_) => (End::FailedPerhapsEnded(error), is_idle),
                }
            }
            // Closing the connection rolls back, whatever the handler left under way on it.
            Ran::Panicked(payload) => (End::Panicked(payload), false),
            Ran::LeaseLost => (End::Stopped, false),
        };
        Ok(Transacted {
            number,
            end,
            is_idle,
        })
    }

    /// The lease is not extended here: the mark locks the row, and an extension would wait for it
    /// only to find the event done.
    async fn mark_and_commit<T, E>(
        &self,
        lease: &Lease,
        transaction: Transaction<'_>,
        number: Number,
        value: T,
    ) -> (End<T, E>, bool) {
        match self.store().mark_in(&transaction, number, lease).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => return (End::LeaseLost, self.roll_back(transaction).await),
            // Closed, not committed: what the handler began anew has no mark.
            Ok(None) => return (End::Ended(Ok(value)), false),
            Err(error) => return (End::NotMarked { value, error }, false),
        }
        let what = "the transaction's commit was not confirmed";
        let commit = async {
            let committed = transaction.commit().await;
            committed.map_err(|error| StoreError::new(what, error))
        };
        match bounded(self.store().deadline(), what, commit).await {
            Ok(()) => (End::Done(value), true),
            Err(error) => (End::NotConfirmed { value, error }, false),
        }
    }

    /// Says what became of the delivery, after asking what became of the transaction where that is
    /// in doubt, and gives the event back where nothing took effect.
    async fn conclude<T, E>(
        &self,
        lease: &Lease,
        number: Number,
        end: End<T, E>,
    ) -> Processed<T, E> {
        match end {
            End::Done(value) => Processed::Done(value),
            End::Failed(error) => {
                self.give_back(lease).await;
                Processed::Failed(error)
            }
            End::FailedPerhapsEnded(error) => match self.fate(lease, number).await {
                fate @ (Fate::Committed | Fate::Prepared) => ended(fate, Err(error)),
                _ => {
                    self.give_back(lease).await;
                    Processed::Failed(error)
                }
            },
            // Not given back: what the handler did without a transaction may stand.
            End::Ended(result) => ended(self.fate(lease, number).await, result),
            // Commit was not asked for, so only the handler itself can have committed.
            End::NotMarked { value, error } => match self.fate(lease, number).await {
                fate @ (Fate::Committed | Fate::Prepared) => ended(fate, Ok(value)),
                Fate::Unknown => Processed::RolledBack { value, error },
                Fate::RolledBack | Fate::InProgress => {
                    self.give_back(lease).await;
                    Processed::RolledBack { value, error }
                }
            },
            End::NotConfirmed { value, error } => match self.fate(lease, number).await {
                Fate::Committed => Processed::Done(value),
                Fate::RolledBack => {
                    self.give_back(lease).await;
                    let what =
                        "the database refused to commit the transaction: nothing of it stands";
                    let error = StoreError::new(what, error);
                    Processed::RolledBack { value, error }
                }
                Fate::InProgress | Fate::Prepared | Fate::Unknown => {
                    Processed::NotMarked { value, error }
                }
            },
            End::LeaseLost => Processed::LeaseLost,
            End::Stopped => {
                self.warn_if_it_stands(lease, number).await;
                Processed::LeaseLost
            }
            End::Panicked(payload) => {
                if !self.warn_if_it_stands(lease, number).await {
                    self.give_back(lease).await;
                }
                resume_unwind(payload)
            }
        }
    }

    async fn fate(&self, lease: &Lease, number: Number) -> Fate {
        match self.store().fate(number).await {
            Ok(fate) => fate,
            Err(error) => {
                log(
                    "what became of an event's transaction is not known",
                    lease,
                    &error,
                );
                Fate::Unknown
            }
        }
    }

    /// For handlers that did not get to return: whether one had committed before.
    async fn warn_if_it_stands(&self, lease: &Lease, number: Number) -> bool {
        let fate = self.fate(lease, number).await;
        let stands = matches!(fate, Fate::Committed | Fate::Prepared);
        if stands {
            let (event_id, fence) = (lease.event_id(), lease.fence());
            tracing::error!(event_id, fence, "{}", fate.told());
        }
        stands
    }

    async fn begin<'c>(
        &self,
        connection: &'c mut Connection,
    ) -> Result<(Transaction<'c>, Number), StoreError> {
        let what = "the transaction could not be begun";
        bounded(self.store().deadline(), what, async {
            let failed = |error| StoreError::new(what, error);
            let begin = connection.client_mut().build_transaction();
            let begin = begin.isolation_level(IsolationLevel::ReadCommitted).start();
            let transaction = begin.await.map_err(failed)?;
            let number = Number::of(&transaction).await.map_err(failed)?;
            Ok((transaction, number))
        })
        .await
    }

    /// Returns whether the rollback was confirmed. Where it was not, closing the connection does it.
    async fn roll_back(&self, transaction: Transaction<'_>) -> bool {
        let what = "the transaction could not be rolled back";
        let rollback = async {
            let rolled_back = transaction.rollback().await;
            rolled_back.map_err(|error| StoreError::new(what, error))
        };
        bounded(self.store().deadline(), what, rollback)
            .await
            .is_ok()
    }
}

fn ended<T, E>(fate: Fate, result: Result<T, E>) -> Processed<T, E> {
    let error = StoreError::new(fate.told(), format!("the transaction's fate: {fate:?}"));
    Processed::TransactionEnded { result, error }
}
