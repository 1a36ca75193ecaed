// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `subscriptions`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Recurring charges.
///
/// From [`Client::subscriptions`](crate::Client::subscriptions).
#[derive(Clone, Debug)]
pub struct SubscriptionsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> SubscriptionsResource<M> {
    /// List subscriptions.
    ///
    /// Restricted keys need the scope `subscriptions:read`.
    ///
    /// Operation [`subscriptions_list`](https://docs.fluxapay.co.uk/api/subscriptions_list): `GET /subscriptions`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut subscriptions = fluxa.subscriptions().list().limit(100).stream();
    /// while let Some(subscription) = subscriptions.next().await {
    ///     println!("{}", subscription?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::SubscriptionList, SubscriptionsListParams, M> {
        static SUBSCRIPTIONS_LIST: Operation = Operation {
            id: "subscriptions_list",
            method: "GET",
            path: "/subscriptions",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsListParams, crate::Error> {
            Ok(SubscriptionsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.customer.as_ref(),
                                params.expand.as_ref(),
                                params.limit,
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create a subscription.
    ///
    /// Starts a recurring charge; the first charge is made at once unless there is a trial.
    ///
    /// Restricted keys need the scope `subscriptions:write`.
    ///
    /// Operation [`subscriptions_create`](https://docs.fluxapay.co.uk/api/subscriptions_create): `POST /subscriptions`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::Money;
    /// use fluxa_sdk::types::{CreateSubscription, SubscriptionInterval};
    ///
    /// let subscription = fluxa
    ///     .subscriptions()
    ///     .create(
    ///         CreateSubscription::new(
    ///             "cus_3f7a91d8c2b04a6f",
    ///             Money::gbp(999),
    ///             SubscriptionInterval::Month,
    ///         ),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateSubscription>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsCreateParams, M> {
        static SUBSCRIPTIONS_CREATE: Operation = Operation {
            id: "subscriptions_create",
            method: "POST",
            path: "/subscriptions",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(SubscriptionsCreateParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_create(params.expand.as_ref(), &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a subscription.
    ///
    /// Restricted keys need the scope `subscriptions:read`.
    ///
    /// Operation [`subscriptions_retrieve`](https://docs.fluxapay.co.uk/api/subscriptions_retrieve): `GET /subscriptions/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let subscription = fluxa.subscriptions().retrieve("sub_7a1b9c2d3e4f5061").await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsRetrieveParams, M> {
        static SUBSCRIPTIONS_RETRIEVE: Operation = Operation {
            id: "subscriptions_retrieve",
            method: "GET",
            path: "/subscriptions/{id}",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(SubscriptionsRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Update a subscription.
    ///
    /// Sets the values given; a change of amount or quantity is prorated unless told otherwise.
    ///
    /// Restricted keys need the scope `subscriptions:write`.
    ///
    /// Operation [`subscriptions_update`](https://docs.fluxapay.co.uk/api/subscriptions_update): `PATCH /subscriptions/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{ProrationBehaviour, UpdateSubscription};
    ///
    /// let subscription = fluxa
    ///     .subscriptions()
    ///     .update(
    ///         "sub_7a1b9c2d3e4f5061",
    ///         UpdateSubscription::new()
    ///             .proration_behaviour(ProrationBehaviour::Prorate)
    ///             .quantity(3),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
        body: impl Into<crate::generated::types::UpdateSubscription>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsUpdateParams, M> {
        static SUBSCRIPTIONS_UPDATE: Operation = Operation {
            id: "subscriptions_update",
            method: "PATCH",
            path: "/subscriptions/{id}",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsUpdateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SubscriptionsUpdateParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_UPDATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_update(
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

    /// Cancel a subscription.
    ///
    /// At once, or at the end of the paid period.
    ///
    /// Restricted keys need the scope `subscriptions:write`.
    ///
    /// Operation [`subscriptions_cancel`](https://docs.fluxapay.co.uk/api/subscriptions_cancel): `POST /subscriptions/{id}/cancel`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::CancelSubscription;
    ///
    /// let subscription = fluxa
    ///     .subscriptions()
    ///     .cancel("sub_7a1b9c2d3e4f5061", CancelSubscription::new().at_period_end(true))
    ///     .await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
        body: impl Into<crate::generated::types::CancelSubscription>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsCancelParams, M> {
        static SUBSCRIPTIONS_CANCEL: Operation = Operation {
            id: "subscriptions_cancel",
            method: "POST",
            path: "/subscriptions/{id}/cancel",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsCancelParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(SubscriptionsCancelParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_CANCEL,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_cancel(
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

    /// Pause a subscription.
    ///
    /// No charges until resumed.
    ///
    /// Restricted keys need the scope `subscriptions:write`.
    ///
    /// Operation [`subscriptions_pause`](https://docs.fluxapay.co.uk/api/subscriptions_pause): `POST /subscriptions/{id}/pause`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let subscription = fluxa.subscriptions().pause("sub_7a1b9c2d3e4f5061").await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsPauseParams, M> {
        static SUBSCRIPTIONS_PAUSE: Operation = Operation {
            id: "subscriptions_pause",
            method: "POST",
            path: "/subscriptions/{id}/pause",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsPauseParams, crate::Error> {
            let id = id.into_id()?;
            Ok(SubscriptionsPauseParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_PAUSE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_pause(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Resume a subscription.
    ///
    /// Restricted keys need the scope `subscriptions:write`.
    ///
    /// Operation [`subscriptions_resume`](https://docs.fluxapay.co.uk/api/subscriptions_resume): `POST /subscriptions/{id}/resume`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let subscription = fluxa.subscriptions().resume("sub_7a1b9c2d3e4f5061").await?;
    /// println!("{} {:?}", subscription.id, subscription.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::SubscriptionId>,
    ) -> Call<crate::generated::types::Subscription, SubscriptionsResumeParams, M> {
        static SUBSCRIPTIONS_RESUME: Operation = Operation {
            id: "subscriptions_resume",
            method: "POST",
            path: "/subscriptions/{id}/resume",
            streaming: false,
        };
        let prepare = || -> Result<SubscriptionsResumeParams, crate::Error> {
            let id = id.into_id()?;
            Ok(SubscriptionsResumeParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &SUBSCRIPTIONS_RESUME,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .subscriptions_resume(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Recurring charges.
    #[must_use]
    pub fn subscriptions(&self) -> SubscriptionsResource {
        SubscriptionsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Recurring charges.
    #[must_use]
    pub fn subscriptions(&self) -> SubscriptionsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        SubscriptionsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `subscriptions.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct SubscriptionsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) customer: Option<crate::generated::ids::CustomerId>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<crate::generated::enums::SubscriptionStatus>,
}

impl crate::expand::SupportsExpand for SubscriptionsListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for SubscriptionsListParams {
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

impl<M> Call<crate::generated::types::SubscriptionList, SubscriptionsListParams, M> {
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

    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::SubscriptionStatus>,
    ) -> Self {
        let value: crate::generated::enums::SubscriptionStatus = value.into();
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

/// Parameters of `subscriptions.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsCreateParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreateSubscription,
}

impl crate::expand::SupportsExpand for SubscriptionsCreateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `subscriptions.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsRetrieveParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for SubscriptionsRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `subscriptions.update`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsUpdateParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::UpdateSubscription,
}

impl crate::expand::SupportsExpand for SubscriptionsUpdateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `subscriptions.cancel`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsCancelParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CancelSubscription,
}

impl crate::expand::SupportsExpand for SubscriptionsCancelParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `subscriptions.pause`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsPauseParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for SubscriptionsPauseParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `subscriptions.resume`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionsResumeParams {
    pub(crate) id: crate::generated::ids::SubscriptionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for SubscriptionsResumeParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
