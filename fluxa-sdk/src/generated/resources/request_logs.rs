// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `request_logs`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Requests made to the API.
///
/// From [`Client::request_logs`](crate::Client::request_logs).
#[derive(Clone, Debug)]
pub struct RequestLogsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> RequestLogsResource<M> {
    /// List request logs.
    ///
    /// Restricted keys need the scope `request_logs:read`.
    ///
    /// Operation [`request_logs_list`](https://docs.fluxapay.co.uk/api/request_logs_list): `GET /request_logs`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut request_logs = fluxa.request_logs().list().limit(100).stream();
    /// while let Some(request_log) = request_logs.next().await {
    ///     println!("{}", request_log?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::RequestLogList, RequestLogsListParams, M> {
        static REQUEST_LOGS_LIST: Operation = Operation {
            id: "request_logs_list",
            method: "GET",
            path: "/request_logs",
            streaming: false,
        };
        let prepare = || -> Result<RequestLogsListParams, crate::Error> {
            Ok(RequestLogsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &REQUEST_LOGS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .request_logs_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.key.as_ref(),
                                params.limit,
                                params.status,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a request log.
    ///
    /// Restricted keys need the scope `request_logs:read`.
    ///
    /// Operation [`request_logs_retrieve`](https://docs.fluxapay.co.uk/api/request_logs_retrieve): `GET /request_logs/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let request_log = fluxa.request_logs().retrieve("req_5f8b2c1e2a4b4d8c").await?;
    /// println!("{} {:?}", request_log.id, request_log.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::RequestLogId>,
    ) -> Call<crate::generated::types::RequestLog, RequestLogsRetrieveParams, M> {
        static REQUEST_LOGS_RETRIEVE: Operation = Operation {
            id: "request_logs_retrieve",
            method: "GET",
            path: "/request_logs/{id}",
            streaming: false,
        };
        let prepare = || -> Result<RequestLogsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(RequestLogsRetrieveParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &REQUEST_LOGS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().request_logs_retrieve(&params.id).await?)
                })
            },
        )
    }
}

impl Client {
    /// Requests made to the API.
    #[must_use]
    pub fn request_logs(&self) -> RequestLogsResource {
        RequestLogsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Requests made to the API.
    #[must_use]
    pub fn request_logs(&self) -> RequestLogsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        RequestLogsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `request_logs.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct RequestLogsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) key: Option<crate::generated::ids::ApiKeyId>,
    pub(crate) limit: Option<i64>,
    pub(crate) status: Option<i64>,
}

impl crate::pagination::Paginated for RequestLogsListParams {
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

impl<M> Call<crate::generated::types::RequestLogList, RequestLogsListParams, M> {
    /// Only those made with this key.
    #[must_use]
    pub fn key(
        self,
        value: impl crate::id::IntoId<crate::generated::ids::ApiKeyId>,
    ) -> Self {
        let value = value.into_id();
        self.try_map_params(|params| {
            params.key = Some(value?);
            Ok(())
        })
    }

    /// Only those answered with this HTTP status.
    #[must_use]
    pub fn status(self, value: i64) -> Self {
        let value: i64 = value;
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

/// Parameters of `request_logs.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestLogsRetrieveParams {
    pub(crate) id: crate::generated::ids::RequestLogId,
}
