// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `settlements`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Settlement batches.
///
/// From [`Client::settlements`](crate::Client::settlements).
#[derive(Clone, Debug)]
pub struct SettlementsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> SettlementsResource<M> {
    /// List settlements.
    ///
    /// Restricted keys need the scope `settlements:read`.
    ///
    /// Operation [`settlements_list`](https://docs.fluxapay.co.uk/api/settlements_list): `GET /settlements`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut settlements = fluxa.settlements().list().limit(100).stream();
    /// while let Some(settlement) = settlements.next().await {
    ///     println!("{}", settlement?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::SettlementList, SettlementsListParams, M> {
        static SETTLEMENTS_LIST: Operation = Operation {
            id: "settlements_list",
            method: "GET",
            path: "/settlements",
            streaming: false,
        };
        let prepare = || -> Result<SettlementsListParams, crate::Error> {
            Ok(SettlementsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SETTLEMENTS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .settlements_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.limit,
                                params.settled_at_gt.as_ref(),
                                params.settled_at_gte.as_ref(),
                                params.settled_at_lt.as_ref(),
                                params.settled_at_lte.as_ref(),
                                params.settlement_reference.as_deref(),
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a settlement.
    ///
    /// Restricted keys need the scope `settlements:read`.
    ///
    /// Operation [`settlements_retrieve`](https://docs.fluxapay.co.uk/api/settlements_retrieve): `GET /settlements/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let settlement = fluxa.settlements().retrieve("stl_6d5c4b3a29180f7e").await?;
    /// println!("{} {:?}", settlement.id, settlement.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SettlementId>,
    ) -> Call<crate::generated::types::Settlement, SettlementsRetrieveParams, M> {
        static SETTLEMENTS_RETRIEVE: Operation = Operation {
            id: "settlements_retrieve",
            method: "GET",
            path: "/settlements/{id}",
            streaming: false,
        };
        let prepare = || -> Result<SettlementsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(SettlementsRetrieveParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SETTLEMENTS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().settlements_retrieve(&params.id).await?)
                })
            },
        )
    }
}

impl Client {
    /// Settlement batches.
    #[must_use]
    pub fn settlements(&self) -> SettlementsResource {
        SettlementsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Settlement batches.
    #[must_use]
    pub fn settlements(&self) -> SettlementsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        SettlementsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `settlements.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct SettlementsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) limit: Option<i64>,
    pub(crate) settled_at_gt: Option<crate::time::Timestamp>,
    pub(crate) settled_at_gte: Option<crate::time::Timestamp>,
    pub(crate) settled_at_lt: Option<crate::time::Timestamp>,
    pub(crate) settled_at_lte: Option<crate::time::Timestamp>,
    pub(crate) settlement_reference: Option<String>,
    pub(crate) status: Option<crate::generated::enums::SettlementStatus>,
}

impl crate::pagination::Paginated for SettlementsListParams {
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

impl<M> Call<crate::generated::types::SettlementList, SettlementsListParams, M> {
    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::SettlementStatus>,
    ) -> Self {
        let value: crate::generated::enums::SettlementStatus = value.into();
        self.map_params(|params| params.status = Some(value))
    }

    /// Only the one with this reference.
    #[must_use]
    pub fn settlement_reference(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.map_params(|params| params.settlement_reference = Some(value))
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

    /// Bounds on the time of settlement, as `settled_at[gte]=…`.
    #[must_use]
    pub fn settled_at(self, range: impl Into<crate::time::TimeRange>) -> Self {
        let range = range.into();
        self.map_params(|params| {
            params.settled_at_gte = range.gte;
            params.settled_at_gt = range.gt;
            params.settled_at_lte = range.lte;
            params.settled_at_lt = range.lt;
        })
    }
}

/// Parameters of `settlements.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SettlementsRetrieveParams {
    pub(crate) id: crate::generated::ids::SettlementId,
}
