// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `webhook_endpoints`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Endpoints that receive events.
///
/// From [`Client::webhook_endpoints`](crate::Client::webhook_endpoints).
#[derive(Clone, Debug)]
pub struct WebhookEndpointsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> WebhookEndpointsResource<M> {
    /// List webhook endpoints.
    ///
    /// Restricted keys need the scope `webhook_endpoints:read`.
    ///
    /// Operation [`webhook_endpoints_list`](https://docs.fluxapay.co.uk/api/webhook_endpoints_list): `GET /webhook_endpoints`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut webhook_endpoints = fluxa.webhook_endpoints().list().limit(100).stream();
    /// while let Some(webhook_endpoint) = webhook_endpoints.next().await {
    ///     println!("{}", webhook_endpoint?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<
        crate::generated::types::WebhookEndpointList,
        WebhookEndpointsListParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_LIST: Operation = Operation {
            id: "webhook_endpoints_list",
            method: "GET",
            path: "/webhook_endpoints",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsListParams, crate::Error> {
            Ok(WebhookEndpointsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .webhook_endpoints_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.limit,
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create a webhook endpoint.
    ///
    /// The answer holds the signing secret, which is not shown again.
    ///
    /// Restricted keys need the scope `webhook_endpoints:write`.
    ///
    /// Operation [`webhook_endpoints_create`](https://docs.fluxapay.co.uk/api/webhook_endpoints_create): `POST /webhook_endpoints`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{CreateWebhookEndpoint, EventType};
    ///
    /// let webhook_endpoint = fluxa
    ///     .webhook_endpoints()
    ///     .create(
    ///         CreateWebhookEndpoint::new("https://shop.example.com/webhooks/fluxa")
    ///             .events([EventType::PaymentSettled, EventType::PaymentFailed]),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", webhook_endpoint.id, webhook_endpoint.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateWebhookEndpoint>,
    ) -> Call<
        crate::generated::types::WebhookEndpoint,
        WebhookEndpointsCreateParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_CREATE: Operation = Operation {
            id: "webhook_endpoints_create",
            method: "POST",
            path: "/webhook_endpoints",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(WebhookEndpointsCreateParams {
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().webhook_endpoints_create(&params.body).await?)
                })
            },
        )
    }

    /// Retrieve a webhook endpoint.
    ///
    /// Restricted keys need the scope `webhook_endpoints:read`.
    ///
    /// Operation [`webhook_endpoints_retrieve`](https://docs.fluxapay.co.uk/api/webhook_endpoints_retrieve): `GET /webhook_endpoints/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let webhook_endpoint = fluxa
    ///     .webhook_endpoints()
    ///     .retrieve("we_a1b2c3d4e5f60718")
    ///     .await?;
    /// println!("{} {:?}", webhook_endpoint.id, webhook_endpoint.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
    ) -> Call<
        crate::generated::types::WebhookEndpoint,
        WebhookEndpointsRetrieveParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_RETRIEVE: Operation = Operation {
            id: "webhook_endpoints_retrieve",
            method: "GET",
            path: "/webhook_endpoints/{id}",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(WebhookEndpointsRetrieveParams {
                id,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().webhook_endpoints_retrieve(&params.id).await?)
                })
            },
        )
    }

    /// Update a webhook endpoint.
    ///
    /// Sets the values given.
    ///
    /// Restricted keys need the scope `webhook_endpoints:write`.
    ///
    /// Operation [`webhook_endpoints_update`](https://docs.fluxapay.co.uk/api/webhook_endpoints_update): `PATCH /webhook_endpoints/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{UpdateWebhookEndpoint, WebhookEndpointStatus};
    ///
    /// let webhook_endpoint = fluxa
    ///     .webhook_endpoints()
    ///     .update(
    ///         "we_a1b2c3d4e5f60718",
    ///         UpdateWebhookEndpoint::new().status(WebhookEndpointStatus::Disabled),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", webhook_endpoint.id, webhook_endpoint.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
        body: impl Into<crate::generated::types::UpdateWebhookEndpoint>,
    ) -> Call<
        crate::generated::types::WebhookEndpoint,
        WebhookEndpointsUpdateParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_UPDATE: Operation = Operation {
            id: "webhook_endpoints_update",
            method: "PATCH",
            path: "/webhook_endpoints/{id}",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsUpdateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(WebhookEndpointsUpdateParams {
                id,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_UPDATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .webhook_endpoints_update(&params.id, &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Delete a webhook endpoint.
    ///
    /// Repeating it is safe.
    ///
    /// Restricted keys need the scope `webhook_endpoints:write`.
    ///
    /// Operation [`webhook_endpoints_delete`](https://docs.fluxapay.co.uk/api/webhook_endpoints_delete): `DELETE /webhook_endpoints/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let deleted_object = fluxa.webhook_endpoints().delete("we_a1b2c3d4e5f60718").await?;
    /// println!("{}", deleted_object.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
    ) -> Call<crate::generated::types::DeletedObject, WebhookEndpointsDeleteParams, M> {
        static WEBHOOK_ENDPOINTS_DELETE: Operation = Operation {
            id: "webhook_endpoints_delete",
            method: "DELETE",
            path: "/webhook_endpoints/{id}",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsDeleteParams, crate::Error> {
            let id = id.into_id()?;
            Ok(WebhookEndpointsDeleteParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_DELETE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().webhook_endpoints_delete(&params.id).await?)
                })
            },
        )
    }

    /// List an endpoint's deliveries.
    ///
    /// Restricted keys need the scope `webhook_endpoints:read`.
    ///
    /// Operation [`webhook_endpoints_deliveries`](https://docs.fluxapay.co.uk/api/webhook_endpoints_deliveries): `GET /webhook_endpoints/{id}/deliveries`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut webhook_deliveries = fluxa
    ///     .webhook_endpoints()
    ///     .deliveries("we_a1b2c3d4e5f60718")
    ///     .limit(100)
    ///     .stream();
    /// while let Some(webhook_delivery) = webhook_deliveries.next().await {
    ///     println!("{}", webhook_delivery?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn deliveries(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
    ) -> Call<
        crate::generated::types::WebhookDeliveryList,
        WebhookEndpointsDeliveriesParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_DELIVERIES: Operation = Operation {
            id: "webhook_endpoints_deliveries",
            method: "GET",
            path: "/webhook_endpoints/{id}/deliveries",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsDeliveriesParams, crate::Error> {
            let id = id.into_id()?;
            Ok(WebhookEndpointsDeliveriesParams {
                id,
                after: None,
                created_at_gt: None,
                created_at_gte: None,
                created_at_lt: None,
                created_at_lte: None,
                event: None,
                limit: None,
                status: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_DELIVERIES,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .webhook_endpoints_deliveries(
                                &params.id,
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.event.as_ref(),
                                params.limit,
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Rotate a signing secret.
    ///
    /// Makes a new secret. Until the grace period is over, deliveries are signed with both.
    ///
    /// Restricted keys need the scope `webhook_endpoints:write`.
    ///
    /// Operation [`webhook_endpoints_rotate_secret`](https://docs.fluxapay.co.uk/api/webhook_endpoints_rotate_secret): `POST /webhook_endpoints/{id}/rotate_secret`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::RotateSecret;
    ///
    /// let webhook_endpoint = fluxa
    ///     .webhook_endpoints()
    ///     .rotate_secret("we_a1b2c3d4e5f60718", RotateSecret::new().grace_seconds(86400))
    ///     .await?;
    /// println!("{} {:?}", webhook_endpoint.id, webhook_endpoint.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotate_secret(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::WebhookEndpointId>,
        body: impl Into<crate::generated::types::RotateSecret>,
    ) -> Call<
        crate::generated::types::WebhookEndpoint,
        WebhookEndpointsRotateSecretParams,
        M,
    > {
        static WEBHOOK_ENDPOINTS_ROTATE_SECRET: Operation = Operation {
            id: "webhook_endpoints_rotate_secret",
            method: "POST",
            path: "/webhook_endpoints/{id}/rotate_secret",
            streaming: false,
        };
        let prepare = || -> Result<WebhookEndpointsRotateSecretParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(WebhookEndpointsRotateSecretParams {
                id,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &WEBHOOK_ENDPOINTS_ROTATE_SECRET,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .webhook_endpoints_rotate_secret(&params.id, &params.body)
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Endpoints that receive events.
    #[must_use]
    pub fn webhook_endpoints(&self) -> WebhookEndpointsResource {
        WebhookEndpointsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Endpoints that receive events.
    #[must_use]
    pub fn webhook_endpoints(
        &self,
    ) -> WebhookEndpointsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        WebhookEndpointsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `webhook_endpoints.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct WebhookEndpointsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<crate::generated::enums::WebhookEndpointStatus>,
}

impl crate::pagination::Paginated for WebhookEndpointsListParams {
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
> Call<crate::generated::types::WebhookEndpointList, WebhookEndpointsListParams, M> {
    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::WebhookEndpointStatus>,
    ) -> Self {
        let value: crate::generated::enums::WebhookEndpointStatus = value.into();
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

/// Parameters of `webhook_endpoints.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsCreateParams {
    pub(crate) body: crate::generated::types::CreateWebhookEndpoint,
}

/// Parameters of `webhook_endpoints.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsRetrieveParams {
    pub(crate) id: crate::generated::ids::WebhookEndpointId,
}

/// Parameters of `webhook_endpoints.update`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsUpdateParams {
    pub(crate) id: crate::generated::ids::WebhookEndpointId,
    pub(crate) body: crate::generated::types::UpdateWebhookEndpoint,
}

/// Parameters of `webhook_endpoints.delete`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsDeleteParams {
    pub(crate) id: crate::generated::ids::WebhookEndpointId,
}

/// Parameters of `webhook_endpoints.deliveries`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsDeliveriesParams {
    pub(crate) id: crate::generated::ids::WebhookEndpointId,
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) event: Option<crate::generated::ids::EventId>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<crate::generated::enums::WebhookDeliveryStatus>,
}

impl crate::pagination::Paginated for WebhookEndpointsDeliveriesParams {
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
> Call<
    crate::generated::types::WebhookDeliveryList,
    WebhookEndpointsDeliveriesParams,
    M,
> {
    /// Only those of this event.
    #[must_use]
    pub fn event(
        self,
        value: impl crate::id::IntoId<crate::generated::ids::EventId>,
    ) -> Self {
        let value = value.into_id();
        self.try_map_params(|params| {
            params.event = Some(value?);
            Ok(())
        })
    }

    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::WebhookDeliveryStatus>,
    ) -> Self {
        let value: crate::generated::enums::WebhookDeliveryStatus = value.into();
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

/// Parameters of `webhook_endpoints.rotate_secret`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpointsRotateSecretParams {
    pub(crate) id: crate::generated::ids::WebhookEndpointId,
    pub(crate) body: crate::generated::types::RotateSecret,
}
