// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `checkout`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Hosted and embedded checkout sessions.
///
/// From [`Client::checkout`](crate::Client::checkout).
#[derive(Clone, Debug)]
pub struct CheckoutResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> CheckoutResource<M> {
    /// The resource `checkout.sessions`.
    #[must_use]
    pub fn sessions(&self) -> CheckoutSessionsResource<M> {
        CheckoutSessionsResource {
            client: self.client.clone(),
            mode: self.mode.clone(),
        }
    }
}

impl Client {
    /// Hosted and embedded checkout sessions.
    #[must_use]
    pub fn checkout(&self) -> CheckoutResource {
        CheckoutResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Hosted and embedded checkout sessions.
    #[must_use]
    pub fn checkout(&self) -> CheckoutResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        CheckoutResource { client, mode }
    }
}

/// Hosted and embedded checkout sessions.
///
/// From [`Client::checkout`](crate::Client::checkout).
#[derive(Clone, Debug)]
pub struct CheckoutSessionsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> CheckoutSessionsResource<M> {
    /// List checkout sessions.
    ///
    /// Restricted keys need the scope `checkout:read`.
    ///
    /// Operation [`checkout_sessions_list`](https://docs.fluxapay.co.uk/api/checkout_sessions_list): `GET /checkout/sessions`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut checkout_sessions = fluxa.checkout().sessions().list().limit(100).stream();
    /// while let Some(checkout_session) = checkout_sessions.next().await {
    ///     println!("{}", checkout_session?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<
        crate::generated::types::CheckoutSessionList,
        CheckoutSessionsListParams,
        M,
    > {
        static CHECKOUT_SESSIONS_LIST: Operation = Operation {
            id: "checkout_sessions_list",
            method: "GET",
            path: "/checkout/sessions",
            streaming: false,
        };
        let prepare = || -> Result<CheckoutSessionsListParams, crate::Error> {
            Ok(CheckoutSessionsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CHECKOUT_SESSIONS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .checkout_sessions_list(
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

    /// Create a checkout session.
    ///
    /// Opens a page on which a cardholder pays. Send the cardholder to `url`.
    ///
    /// Restricted keys need the scope `checkout:write`.
    ///
    /// Operation [`checkout_sessions_create`](https://docs.fluxapay.co.uk/api/checkout_sessions_create): `POST /checkout/sessions`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::Money;
    /// use fluxa_sdk::types::CreateCheckoutSession;
    ///
    /// let checkout_session = fluxa
    ///     .checkout()
    ///     .sessions()
    ///     .create(
    ///         CreateCheckoutSession::new(
    ///             Money::gbp(1999),
    ///             "https://example.com/done",
    ///             "https://example.com/cancel",
    ///         ),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", checkout_session.id, checkout_session.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateCheckoutSession>,
    ) -> Call<
        crate::generated::types::CheckoutSession,
        CheckoutSessionsCreateParams,
        M,
    > {
        static CHECKOUT_SESSIONS_CREATE: Operation = Operation {
            id: "checkout_sessions_create",
            method: "POST",
            path: "/checkout/sessions",
            streaming: false,
        };
        let prepare = || -> Result<CheckoutSessionsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(CheckoutSessionsCreateParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CHECKOUT_SESSIONS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .checkout_sessions_create(
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a checkout session.
    ///
    /// Restricted keys need the scope `checkout:read`.
    ///
    /// Operation [`checkout_sessions_retrieve`](https://docs.fluxapay.co.uk/api/checkout_sessions_retrieve): `GET /checkout/sessions/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let checkout_session = fluxa
    ///     .checkout()
    ///     .sessions()
    ///     .retrieve("chk_8c9b2a14e0f74e90")
    ///     .await?;
    /// println!("{} {:?}", checkout_session.id, checkout_session.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CheckoutSessionId>,
    ) -> Call<
        crate::generated::types::CheckoutSession,
        CheckoutSessionsRetrieveParams,
        M,
    > {
        static CHECKOUT_SESSIONS_RETRIEVE: Operation = Operation {
            id: "checkout_sessions_retrieve",
            method: "GET",
            path: "/checkout/sessions/{id}",
            streaming: false,
        };
        let prepare = || -> Result<CheckoutSessionsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(CheckoutSessionsRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CHECKOUT_SESSIONS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .checkout_sessions_retrieve(
                                &params.id,
                                params.expand.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Expire a checkout session.
    ///
    /// Ends an open session: it can no longer be paid.
    ///
    /// Restricted keys need the scope `checkout:write`.
    ///
    /// Operation [`checkout_sessions_expire`](https://docs.fluxapay.co.uk/api/checkout_sessions_expire): `POST /checkout/sessions/{id}/expire`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let checkout_session = fluxa
    ///     .checkout()
    ///     .sessions()
    ///     .expire("chk_8c9b2a14e0f74e90")
    ///     .await?;
    /// println!("{} {:?}", checkout_session.id, checkout_session.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn expire(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CheckoutSessionId>,
    ) -> Call<
        crate::generated::types::CheckoutSession,
        CheckoutSessionsExpireParams,
        M,
    > {
        static CHECKOUT_SESSIONS_EXPIRE: Operation = Operation {
            id: "checkout_sessions_expire",
            method: "POST",
            path: "/checkout/sessions/{id}/expire",
            streaming: false,
        };
        let prepare = || -> Result<CheckoutSessionsExpireParams, crate::Error> {
            let id = id.into_id()?;
            Ok(CheckoutSessionsExpireParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CHECKOUT_SESSIONS_EXPIRE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .checkout_sessions_expire(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }
}

/// Parameters of `checkout.sessions.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct CheckoutSessionsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) customer: Option<crate::generated::ids::CustomerId>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<crate::generated::enums::CheckoutSessionStatus>,
}

impl crate::expand::SupportsExpand for CheckoutSessionsListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for CheckoutSessionsListParams {
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

impl<
    M,
> Call<crate::generated::types::CheckoutSessionList, CheckoutSessionsListParams, M> {
    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::CheckoutSessionStatus>,
    ) -> Self {
        let value: crate::generated::enums::CheckoutSessionStatus = value.into();
        self.map_params(|params| params.status = Some(value))
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

/// Parameters of `checkout.sessions.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckoutSessionsCreateParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreateCheckoutSession,
}

impl crate::expand::SupportsExpand for CheckoutSessionsCreateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `checkout.sessions.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckoutSessionsRetrieveParams {
    pub(crate) id: crate::generated::ids::CheckoutSessionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for CheckoutSessionsRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `checkout.sessions.expire`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckoutSessionsExpireParams {
    pub(crate) id: crate::generated::ids::CheckoutSessionId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for CheckoutSessionsExpireParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
