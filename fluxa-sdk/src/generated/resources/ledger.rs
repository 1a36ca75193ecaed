// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `ledger`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// The double-entry ledger.
///
/// From [`Client::ledger`](crate::Client::ledger).
#[derive(Clone, Debug)]
pub struct LedgerResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> LedgerResource<M> {
    /// Retrieve the ledger's balances.
    ///
    /// Restricted keys need the scope `ledger:read`.
    ///
    /// Operation [`ledger_balances`](https://docs.fluxapay.co.uk/api/ledger_balances): `GET /ledger/balances`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let ledger_balances = fluxa.ledger().balances().await?;
    /// println!("{ledger_balances:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn balances(
        &self,
    ) -> Call<crate::generated::types::LedgerBalances, LedgerBalancesParams, M> {
        static LEDGER_BALANCES: Operation = Operation {
            id: "ledger_balances",
            method: "GET",
            path: "/ledger/balances",
            streaming: false,
        };
        let prepare = || -> Result<LedgerBalancesParams, crate::Error> {
            Ok(LedgerBalancesParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &LEDGER_BALANCES,
            prepare(),
            |context, _| {
                Box::pin(async move { Ok(context.api().ledger_balances().await?) })
            },
        )
    }

    /// List ledger entries.
    ///
    /// Restricted keys need the scope `ledger:read`.
    ///
    /// Operation [`ledger_entries`](https://docs.fluxapay.co.uk/api/ledger_entries): `GET /ledger/entries`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut ledger_entries = fluxa.ledger().entries().limit(100).stream();
    /// while let Some(ledger_entry) = ledger_entries.next().await {
    ///     println!("{}", ledger_entry?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn entries(
        &self,
    ) -> Call<crate::generated::types::LedgerEntryList, LedgerEntriesParams, M> {
        static LEDGER_ENTRIES: Operation = Operation {
            id: "ledger_entries",
            method: "GET",
            path: "/ledger/entries",
            streaming: false,
        };
        let prepare = || -> Result<LedgerEntriesParams, crate::Error> {
            Ok(LedgerEntriesParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &LEDGER_ENTRIES,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .ledger_entries(
                                params.account.as_ref(),
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.limit,
                                params.payment.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// The double-entry ledger.
    #[must_use]
    pub fn ledger(&self) -> LedgerResource {
        LedgerResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// The double-entry ledger.
    #[must_use]
    pub fn ledger(&self) -> LedgerResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        LedgerResource { client, mode }
    }
}

/// Parameters of `ledger.balances`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct LedgerBalancesParams {}
/// Parameters of `ledger.entries`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct LedgerEntriesParams {
    pub(crate) account: Option<crate::generated::enums::LedgerAccount>,
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) limit: Option<i64>,
    pub(crate) payment: Option<crate::generated::ids::PaymentId>,
}

impl crate::pagination::Paginated for LedgerEntriesParams {
    fn set_limit(&mut self, limit: u32) {
        self.limit = Some(i64::from(limit));
    }

    fn set_after(&mut self, after: String) {
        self.after = Some(after);
    }

    fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

impl<M> Call<crate::generated::types::LedgerEntryList, LedgerEntriesParams, M> {
    /// Only those of this payment.
    #[must_use]
    pub fn payment(
        self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Self {
        let value = value.into_id();
        self.try_map_params(|params| {
            params.payment = Some(value?);
            Ok(())
        })
    }

    /// Only those of this account.
    #[must_use]
    pub fn account(
        self,
        value: impl Into<crate::generated::enums::LedgerAccount>,
    ) -> Self {
        let value: crate::generated::enums::LedgerAccount = value.into();
        self.map_params(|params| params.account = Some(value))
    }

    /// Bounds on the time of creation, as `created_at[gte]=…`.
    #[must_use]
    pub fn created_at(self, range: impl Into<crate::time::TimeRange>) -> Self {
        let range = range.into();
        self.map_params(|params| {
            params.created_at_gte = range.gte;
            params.created_at_gt = range.gt;
            params.created_at_lte = range.lte;
            params.created_at_lt = range.lt;
        })
    }
}
