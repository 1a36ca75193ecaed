// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `api_keys`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// API keys.
///
/// From [`Client::api_keys`](crate::Client::api_keys).
#[derive(Clone, Debug)]
pub struct ApiKeysResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> ApiKeysResource<M> {
    /// List API keys.
    ///
    /// Restricted keys need the scope `api_keys:read`.
    ///
    /// Operation [`api_keys_list`](https://docs.fluxapay.co.uk/api/api_keys_list): `GET /api_keys`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut api_keys = fluxa.api_keys().list().limit(100).stream();
    /// while let Some(api_key) = api_keys.next().await {
    ///     println!("{}", api_key?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::ApiKeyList, ApiKeysListParams, M> {
        static API_KEYS_LIST: Operation = Operation {
            id: "api_keys_list",
            method: "GET",
            path: "/api_keys",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysListParams, crate::Error> {
            Ok(ApiKeysListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .api_keys_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.kind.as_ref(),
                                params.limit,
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create an API key.
    ///
    /// The answer holds the key, which is not shown again.
    ///
    /// Restricted keys need the scope `api_keys:write`.
    ///
    /// Operation [`api_keys_create`](https://docs.fluxapay.co.uk/api/api_keys_create): `POST /api_keys`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{ApiKeyKind, CreateApiKey};
    ///
    /// let api_key = fluxa
    ///     .api_keys()
    ///     .create(
    ///         CreateApiKey::new(ApiKeyKind::Restricted, "refund service")
    ///             .scopes(["payments:read", "refunds:write"]),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", api_key.id, api_key.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateApiKey>,
    ) -> Call<crate::generated::types::ApiKey, ApiKeysCreateParams, M> {
        static API_KEYS_CREATE: Operation = Operation {
            id: "api_keys_create",
            method: "POST",
            path: "/api_keys",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(ApiKeysCreateParams { body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().api_keys_create(&params.body).await?)
                })
            },
        )
    }

    /// Retrieve an API key.
    ///
    /// Restricted keys need the scope `api_keys:read`.
    ///
    /// Operation [`api_keys_retrieve`](https://docs.fluxapay.co.uk/api/api_keys_retrieve): `GET /api_keys/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let api_key = fluxa.api_keys().retrieve("key_b7c8d9e0f1a2b3c4").await?;
    /// println!("{} {:?}", api_key.id, api_key.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
    ) -> Call<crate::generated::types::ApiKey, ApiKeysRetrieveParams, M> {
        static API_KEYS_RETRIEVE: Operation = Operation {
            id: "api_keys_retrieve",
            method: "GET",
            path: "/api_keys/{id}",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(ApiKeysRetrieveParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().api_keys_retrieve(&params.id).await?)
                })
            },
        )
    }

    /// Update an API key.
    ///
    /// Sets the values given.
    ///
    /// Restricted keys need the scope `api_keys:write`.
    ///
    /// Operation [`api_keys_update`](https://docs.fluxapay.co.uk/api/api_keys_update): `PATCH /api_keys/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::UpdateApiKey;
    ///
    /// let api_key = fluxa
    ///     .api_keys()
    ///     .update("key_b7c8d9e0f1a2b3c4", UpdateApiKey::new().name("refunds, London"))
    ///     .await?;
    /// println!("{} {:?}", api_key.id, api_key.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
        body: impl Into<crate::generated::types::UpdateApiKey>,
    ) -> Call<crate::generated::types::ApiKey, ApiKeysUpdateParams, M> {
        static API_KEYS_UPDATE: Operation = Operation {
            id: "api_keys_update",
            method: "PATCH",
            path: "/api_keys/{id}",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysUpdateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(ApiKeysUpdateParams { id, body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_UPDATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().api_keys_update(&params.id, &params.body).await?)
                })
            },
        )
    }

    /// List an API key's requests.
    ///
    /// Those of the last 30 days.
    ///
    /// Restricted keys need the scope `api_keys:read`.
    ///
    /// Operation [`api_keys_requests`](https://docs.fluxapay.co.uk/api/api_keys_requests): `GET /api_keys/{id}/requests`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut request_logs = fluxa
    ///     .api_keys()
    ///     .requests("key_b7c8d9e0f1a2b3c4")
    ///     .limit(100)
    ///     .stream();
    /// while let Some(request_log) = request_logs.next().await {
    ///     println!("{}", request_log?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
    ) -> Call<crate::generated::types::RequestLogList, ApiKeysRequestsParams, M> {
        static API_KEYS_REQUESTS: Operation = Operation {
            id: "api_keys_requests",
            method: "GET",
            path: "/api_keys/{id}/requests",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysRequestsParams, crate::Error> {
            let id = id.into_id()?;
            Ok(ApiKeysRequestsParams {
                id,
                after: None,
                created_at_gt: None,
                created_at_gte: None,
                created_at_lt: None,
                created_at_lte: None,
                limit: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_REQUESTS,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .api_keys_requests(
                                &params.id,
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.limit,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Revoke an API key.
    ///
    /// At once. Its requests of the last 30 days stay visible.
    ///
    /// Restricted keys need the scope `api_keys:write`.
    ///
    /// Operation [`api_keys_revoke`](https://docs.fluxapay.co.uk/api/api_keys_revoke): `POST /api_keys/{id}/revoke`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let api_key = fluxa.api_keys().revoke("key_b7c8d9e0f1a2b3c4").await?;
    /// println!("{} {:?}", api_key.id, api_key.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
    ) -> Call<crate::generated::types::ApiKey, ApiKeysRevokeParams, M> {
        static API_KEYS_REVOKE: Operation = Operation {
            id: "api_keys_revoke",
            method: "POST",
            path: "/api_keys/{id}/revoke",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysRevokeParams, crate::Error> {
            let id = id.into_id()?;
            Ok(ApiKeysRevokeParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_REVOKE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().api_keys_revoke(&params.id).await?)
                })
            },
        )
    }

    /// Rotate an API key.
    ///
    /// Makes a new key of the same kind and rights, which the answer holds; the old one works until the grace period is over.
    ///
    /// Restricted keys need the scope `api_keys:write`.
    ///
    /// Operation [`api_keys_rotate`](https://docs.fluxapay.co.uk/api/api_keys_rotate): `POST /api_keys/{id}/rotate`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::RotateSecret;
    ///
    /// let api_key = fluxa
    ///     .api_keys()
    ///     .rotate("key_b7c8d9e0f1a2b3c4", RotateSecret::new().grace_seconds(86400))
    ///     .await?;
    /// println!("{} {:?}", api_key.id, api_key.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotate(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
        body: impl Into<crate::generated::types::RotateSecret>,
    ) -> Call<crate::generated::types::ApiKey, ApiKeysRotateParams, M> {
        static API_KEYS_ROTATE: Operation = Operation {
            id: "api_keys_rotate",
            method: "POST",
            path: "/api_keys/{id}/rotate",
            streaming: false,
        };
        let prepare = || -> Result<ApiKeysRotateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(ApiKeysRotateParams { id, body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &API_KEYS_ROTATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().api_keys_rotate(&params.id, &params.body).await?)
                })
            },
        )
    }
}

impl Client {
    /// API keys.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeysResource {
        ApiKeysResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// API keys.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeysResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        ApiKeysResource { client, mode }
    }
}

/// Parameters of `api_keys.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct ApiKeysListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) kind: Option<crate::generated::enums::ApiKeyKind>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<crate::generated::enums::ApiKeyStatus>,
}

impl crate::pagination::Paginated for ApiKeysListParams {
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

impl<M> Call<crate::generated::types::ApiKeyList, ApiKeysListParams, M> {
    /// Only those of this kind.
    #[must_use]
    pub fn kind(self, value: impl Into<crate::generated::enums::ApiKeyKind>) -> Self {
        let value: crate::generated::enums::ApiKeyKind = value.into();
        self.map_params(|params| params.kind = Some(value))
    }

    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::ApiKeyStatus>,
    ) -> Self {
        let value: crate::generated::enums::ApiKeyStatus = value.into();
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

/// Parameters of `api_keys.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysCreateParams {
    pub(crate) body: crate::generated::types::CreateApiKey,
}

/// Parameters of `api_keys.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysRetrieveParams {
    pub(crate) id: crate::generated::ids::ApiKeyId,
}

/// Parameters of `api_keys.update`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysUpdateParams {
    pub(crate) id: crate::generated::ids::ApiKeyId,
    pub(crate) body: crate::generated::types::UpdateApiKey,
}

/// Parameters of `api_keys.requests`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysRequestsParams {
    pub(crate) id: crate::generated::ids::ApiKeyId,
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) limit: Option<i64>,
}

impl crate::pagination::Paginated for ApiKeysRequestsParams {
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

impl<M> Call<crate::generated::types::RequestLogList, ApiKeysRequestsParams, M> {
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

/// Parameters of `api_keys.revoke`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysRevokeParams {
    pub(crate) id: crate::generated::ids::ApiKeyId,
}

/// Parameters of `api_keys.rotate`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeysRotateParams {
    pub(crate) id: crate::generated::ids::ApiKeyId,
    pub(crate) body: crate::generated::types::RotateSecret,
}
