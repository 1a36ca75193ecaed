//! A delivery through the inbox in one transaction of PostgreSQL: effect and mark together.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;

use tokio::time::Instant;
use tokio_postgres::{IsolationLevel, Transaction};

use super::connection::{Connection, bounded};
use super::process::Ran;
use super::{Claim, EventStore, Inbox, Lease, PostgresStore, Processed, StoreError};
use crate::webhooks::VerifiedEvent;

/// What the handler of [`Inbox::process_in_transaction`] returns: `Box::pin(async move { … })`.
pub type TransactionFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

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
    /// isolation is read committed. Commit is the inbox's: the handler cannot end the transaction,
    /// and must not with SQL of its own.
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
        let lease = match self.store().claim(event.id(), self.lease).await {
            Ok(Claim::New(lease)) => lease,
            Ok(Claim::Done) => return Processed::Duplicate,
            Ok(Claim::InFlight { remaining }) => return Processed::InFlight { remaining },
            Err(error) => return Processed::StoreFailed(error),
        };
        let mut connection = match self.store().connection(self.store().deadline()).await {
            Ok(connection) => connection,
            Err(error) => {
                self.give_back(&lease).await;
                return Processed::StoreFailed(error);
            }
        };
        let (ran, is_idle) = self.run(&lease, claimed_at, &mut connection, handler).await;
        // Before giving the event back, which needs a connection: this may be the pool's only one.
        if is_idle {
            connection.keep();
        } else {
            drop(connection);
        }
        match ran {
            Ran::Finished(processed) => {
                if matches!(processed, Processed::Failed(_) | Processed::StoreFailed(_)) {
                    self.give_back(&lease).await;
                }
                processed
            }
            Ran::Panicked(payload) => {
                self.give_back(&lease).await;
                resume_unwind(payload)
            }
            Ran::LeaseLost => Processed::LeaseLost,
        }
    }

    /// Runs the handler and ends the transaction; also returns whether nothing is under way on it.
    async fn run<T, E, H>(
        &self,
        lease: &Lease,
        claimed_at: Instant,
        connection: &mut Connection,
        handler: H,
    ) -> (Ran<Processed<T, E>>, bool)
    where
        H: for<'a> FnOnce(&'a mut Transaction<'_>) -> TransactionFuture<'a, T, E>,
    {
        let mut transaction = match self.begin(connection).await {
            Ok(transaction) => transaction,
            Err(error) => return (Ran::Finished(Processed::StoreFailed(error)), false),
        };
        let work = async { handler(&mut transaction).await };
        match self.while_leased(lease, claimed_at, work).await {
            Ran::Finished(Ok(value)) => {
                let (processed, is_idle) = self.mark_and_commit(lease, transaction, value).await;
                (Ran::Finished(processed), is_idle)
            }
            Ran::Finished(Err(error)) => {
                let is_idle = self.roll_back(transaction).await;
                (Ran::Finished(Processed::Failed(error)), is_idle)
            }
            // Closing the connection rolls back, whatever the handler left under way on it.
            Ran::Panicked(payload) => (Ran::Panicked(payload), false),
            Ran::LeaseLost => (Ran::LeaseLost, false),
        }
    }

    /// The lease is not extended here: the mark locks the row, and an extension would wait for it
    /// only to find the event done.
    async fn mark_and_commit<T, E>(
        &self,
        lease: &Lease,
        transaction: Transaction<'_>,
        value: T,
    ) -> (Processed<T, E>, bool) {
        match self.store().done_in(&transaction, lease).await {
            Ok(true) => {}
            Ok(false) => return (Processed::LeaseLost, self.roll_back(transaction).await),
            Err(error) => return (Processed::NotMarked { value, error }, false),
        }
        let what = "the transaction's commit was not confirmed";
        let commit = async {
            let committed = transaction.commit().await;
            committed.map_err(|error| StoreError::new(what, error))
        };
        match bounded(self.store().deadline(), what, commit).await {
            Ok(()) => (Processed::Done(value), true),
            Err(error) => (Processed::NotMarked { value, error }, false),
        }
    }

    async fn begin<'c>(
        &self,
        connection: &'c mut Connection,
    ) -> Result<Transaction<'c>, StoreError> {
        let what = "the transaction could not be begun";
        bounded(self.store().deadline(), what, async {
            let begin = connection.client_mut().build_transaction();
            let begin = begin.isolation_level(IsolationLevel::ReadCommitted).start();
            begin.await.map_err(|error| StoreError::new(what, error))
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
