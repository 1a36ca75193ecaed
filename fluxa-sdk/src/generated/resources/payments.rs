// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `payments`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Payments and their history.
///
/// From [`Client::payments`](crate::Client::payments).
#[derive(Clone, Debug)]
pub struct PaymentsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> PaymentsResource<M> {
    /// List payments.
    ///
    /// Restricted keys need the scope `payments:read`.
    ///
    /// Operation [`payments_list`](https://docs.fluxapay.co.uk/api/payments_list): `GET /payments`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut payments = fluxa.payments().list().limit(100).stream();
    /// while let Some(payment) = payments.next().await {
    ///     println!("{}", payment?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::PaymentList, PaymentsListParams, M> {
        static PAYMENTS_LIST: Operation = Operation {
            id: "payments_list",
            method: "GET",
            path: "/payments",
            streaming: false,
        };
        let prepare = || -> Result<PaymentsListParams, crate::Error> {
            Ok(PaymentsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENTS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payments_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.customer.as_ref(),
                                params.expand.as_ref(),
                                params.limit,
                                params.settled_at_gt.as_ref(),
                                params.settled_at_gte.as_ref(),
                                params.settled_at_lt.as_ref(),
                                params.settled_at_lte.as_ref(),
                                params.settlement_reference.as_deref(),
                                params.state.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create a payment.
    ///
    /// Charges the named payment method, or the customer's default. A charge that the issuer declines is an answer and no error: a payment whose `state` is `FAILED`, with its `failure_code`. So read `state` before anything is shipped, and give the next try an idempotency key of its own: the same key is answered with the same failed payment.
    ///
    /// Restricted keys need the scope `payments:write`.
    ///
    /// Operation [`payments_create`](https://docs.fluxapay.co.uk/api/payments_create): `POST /payments`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::Money;
    /// use fluxa_sdk::types::CreatePayment;
    ///
    /// let payment = fluxa
    ///     .payments()
    ///     .create(
    ///         CreatePayment::new(Money::gbp(4999))
    ///             .customer("cus_3f7a91d8c2b04a6f")
    ///             .metadata("campaign", "spring-2026")
    ///             .metadata("fulfilment_centre", "london-01")
    ///             .metadata("order_id", "ord_8421"),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", payment.id, payment.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreatePayment>,
    ) -> Call<crate::generated::types::Payment, PaymentsCreateParams, M> {
        static PAYMENTS_CREATE: Operation = Operation {
            id: "payments_create",
            method: "POST",
            path: "/payments",
            streaming: false,
        };
        let prepare = || -> Result<PaymentsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(PaymentsCreateParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENTS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payments_create(params.expand.as_ref(), &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a payment.
    ///
    /// Restricted keys need the scope `payments:read`.
    ///
    /// Operation [`payments_retrieve`](https://docs.fluxapay.co.uk/api/payments_retrieve): `GET /payments/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let payment = fluxa.payments().retrieve("pay_5f8b2c1e2a4b4d8c").await?;
    /// println!("{} {:?}", payment.id, payment.state);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Call<crate::generated::types::Payment, PaymentsRetrieveParams, M> {
        static PAYMENTS_RETRIEVE: Operation = Operation {
            id: "payments_retrieve",
            method: "GET",
            path: "/payments/{id}",
            streaming: false,
        };
        let prepare = || -> Result<PaymentsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(PaymentsRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENTS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payments_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Update a payment.
    ///
    /// Replaces the metadata.
    ///
    /// Restricted keys need the scope `payments:write`.
    ///
    /// Operation [`payments_update`](https://docs.fluxapay.co.uk/api/payments_update): `PATCH /payments/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::UpdatePayment;
    ///
    /// let payment = fluxa
    ///     .payments()
    ///     .update(
    ///         "pay_5f8b2c1e2a4b4d8c",
    ///         UpdatePayment::new().metadata("order_id", "ord_8421"),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", payment.id, payment.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
        body: impl Into<crate::generated::types::UpdatePayment>,
    ) -> Call<crate::generated::types::Payment, PaymentsUpdateParams, M> {
        static PAYMENTS_UPDATE: Operation = Operation {
            id: "payments_update",
            method: "PATCH",
            path: "/payments/{id}",
            streaming: false,
        };
        let prepare = || -> Result<PaymentsUpdateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(PaymentsUpdateParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENTS_UPDATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payments_update(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// List the moves of a payment.
    ///
    /// Append-only history, newest first; as CSV with `Accept: text/csv`, oldest first and whole.
    ///
    /// Restricted keys need the scope `payments:read`.
    ///
    /// The CSV is what [`csv`](crate::Call::csv) asks for.
    ///
    /// Operation [`payments_history`](https://docs.fluxapay.co.uk/api/payments_history): `GET /payments/{id}/history`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut payment_history_entries = fluxa
    ///     .payments()
    ///     .history("pay_5f8b2c1e2a4b4d8c")
    ///     .limit(100)
    ///     .stream();
    /// while let Some(payment_history_entry) = payment_history_entries.next().await {
    ///     println!("{payment_history_entry:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn history(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Call<
        crate::generated::types::PaymentHistoryEntryList,
        PaymentsHistoryParams,
        M,
    > {
        static PAYMENTS_HISTORY: Operation = Operation {
            id: "payments_history",
            method: "GET",
            path: "/payments/{id}/history",
            streaming: false,
        };
        let prepare = || -> Result<PaymentsHistoryParams, crate::Error> {
            let id = id.into_id()?;
            Ok(PaymentsHistoryParams {
                id,
                after: None,
                limit: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENTS_HISTORY,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payments_history(
                                &params.id,
                                params.after.as_deref(),
                                params.limit,
                            )
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Payments and their history.
    #[must_use]
    pub fn payments(&self) -> PaymentsResource {
        PaymentsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Payments and their history.
    #[must_use]
    pub fn payments(&self) -> PaymentsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        PaymentsResource { client, mode }
    }
}

/// Parameters of `payments.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct PaymentsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) customer: Option<crate::generated::ids::CustomerId>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
    pub(crate) settled_at_gt: Option<crate::time::Timestamp>,
    pub(crate) settled_at_gte: Option<crate::time::Timestamp>,
    pub(crate) settled_at_lt: Option<crate::time::Timestamp>,
    pub(crate) settled_at_lte: Option<crate::time::Timestamp>,
    pub(crate) settlement_reference: Option<String>,
    pub(crate) state: Option<crate::generated::enums::PaymentState>,
}

impl crate::expand::SupportsExpand for PaymentsListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for PaymentsListParams {
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

impl<M> Call<crate::generated::types::PaymentList, PaymentsListParams, M> {
    /// Only those in this state.
    #[must_use]
    pub fn state(self, value: impl Into<crate::generated::enums::PaymentState>) -> Self {
        let value: crate::generated::enums::PaymentState = value.into();
        self.map_params(|params| params.state = Some(value))
    }

    /// Only those of this customer.
    #[must_use]
    pub fn customer(
        self,
        value: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Self {
        let value = value.into_id();
        self.try_map_params(|params| {
            params.customer = Some(value?);
            Ok(())
        })
    }

    /// Only those settled under this reference.
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

/// Parameters of `payments.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentsCreateParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreatePayment,
}

impl crate::expand::SupportsExpand for PaymentsCreateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `payments.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentsRetrieveParams {
    pub(crate) id: crate::generated::ids::PaymentId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for PaymentsRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `payments.update`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentsUpdateParams {
    pub(crate) id: crate::generated::ids::PaymentId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::UpdatePayment,
}

impl crate::expand::SupportsExpand for PaymentsUpdateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `payments.history`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentsHistoryParams {
    pub(crate) id: crate::generated::ids::PaymentId,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<i64>,
}

impl crate::pagination::Paginated for PaymentsHistoryParams {
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
