// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `refunds`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Full and partial refunds.
///
/// From [`Client::refunds`](crate::Client::refunds).
#[derive(Clone, Debug)]
pub struct RefundsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> RefundsResource<M> {
    /// List refunds.
    ///
    /// Restricted keys need the scope `refunds:read`.
    ///
    /// Operation [`refunds_list`](https://docs.fluxapay.co.uk/api/refunds_list): `GET /refunds`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut refunds = fluxa.refunds().list().limit(100).stream();
    /// while let Some(refund) = refunds.next().await {
    ///     println!("{}", refund?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::RefundList, RefundsListParams, M> {
        static REFUNDS_LIST: Operation = Operation {
            id: "refunds_list",
            method: "GET",
            path: "/refunds",
            streaming: false,
        };
        let prepare = || -> Result<RefundsListParams, crate::Error> {
            Ok(RefundsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &REFUNDS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .refunds_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.expand.as_ref(),
                                params.limit,
                                params.payment.as_ref(),
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create a refund.
    ///
    /// Refunds a payment in full or in part.
    ///
    /// Restricted keys need the scope `refunds:write`.
    ///
    /// Operation [`refunds_create`](https://docs.fluxapay.co.uk/api/refunds_create): `POST /refunds`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::CreateRefund;
    ///
    /// let refund = fluxa
    ///     .refunds()
    ///     .create(
    ///         CreateRefund::new("pay_5f8b2c1e2a4b4d8c")
    ///             .amount(1000)
    ///             .reason("requested_by_customer"),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", refund.id, refund.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateRefund>,
    ) -> Call<crate::generated::types::Refund, RefundsCreateParams, M> {
        static REFUNDS_CREATE: Operation = Operation {
            id: "refunds_create",
            method: "POST",
            path: "/refunds",
            streaming: false,
        };
        let prepare = || -> Result<RefundsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(RefundsCreateParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &REFUNDS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .refunds_create(params.expand.as_ref(), &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a refund.
    ///
    /// Restricted keys need the scope `refunds:read`.
    ///
    /// Operation [`refunds_retrieve`](https://docs.fluxapay.co.uk/api/refunds_retrieve): `GET /refunds/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let refund = fluxa.refunds().retrieve("rfd_1c2d3e4f5a6b7c8d").await?;
    /// println!("{} {:?}", refund.id, refund.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::RefundId>,
    ) -> Call<crate::generated::types::Refund, RefundsRetrieveParams, M> {
        static REFUNDS_RETRIEVE: Operation = Operation {
            id: "refunds_retrieve",
            method: "GET",
            path: "/refunds/{id}",
            streaming: false,
        };
        let prepare = || -> Result<RefundsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(RefundsRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &REFUNDS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .refunds_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Full and partial refunds.
    #[must_use]
    pub fn refunds(&self) -> RefundsResource {
        RefundsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Full and partial refunds.
    #[must_use]
    pub fn refunds(&self) -> RefundsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        RefundsResource { client, mode }
    }
}

/// Parameters of `refunds.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct RefundsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
    pub(crate) payment: Option<crate::generated::ids::PaymentId>,
    pub(crate) status: Option<crate::generated::enums::RefundStatus>,
}

impl crate::expand::SupportsExpand for RefundsListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for RefundsListParams {
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

impl<M> Call<crate::generated::types::RefundList, RefundsListParams, M> {
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

    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::RefundStatus>,
    ) -> Self {
        let value: crate::generated::enums::RefundStatus = value.into();
        self.map_params(|params| params.status = Some(value))
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

/// Parameters of `refunds.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefundsCreateParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreateRefund,
}

impl crate::expand::SupportsExpand for RefundsCreateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `refunds.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefundsRetrieveParams {
    pub(crate) id: crate::generated::ids::RefundId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for RefundsRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
