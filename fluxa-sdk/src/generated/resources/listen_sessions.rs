// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `listen_sessions`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Forwarding of events to a terminal.
///
/// From [`Client::listen_sessions`](crate::Client::listen_sessions).
#[derive(Clone, Debug)]
pub struct ListenSessionsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> ListenSessionsResource<M> {
    /// Create a listen session.
    ///
    /// The signing secret stays the same for one API key.
    ///
    /// Restricted keys need the scope `listen_sessions:write`.
    ///
    /// Operation [`listen_sessions_create`](https://docs.fluxapay.co.uk/api/listen_sessions_create): `POST /listen_sessions`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::{CreateListenSession, EventType};
    ///
    /// let listen_session = fluxa
    ///     .listen_sessions()
    ///     .create(CreateListenSession::new().events([EventType::PaymentSettled]))
    ///     .await?;
    /// println!("{}", listen_session.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateListenSession>,
    ) -> Call<crate::generated::types::ListenSession, ListenSessionsCreateParams, M> {
        static LISTEN_SESSIONS_CREATE: Operation = Operation {
            id: "listen_sessions_create",
            method: "POST",
            path: "/listen_sessions",
            streaming: false,
        };
        let prepare = || -> Result<ListenSessionsCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(ListenSessionsCreateParams { body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &LISTEN_SESSIONS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().listen_sessions_create(&params.body).await?)
                })
            },
        )
    }

    /// Record a local delivery.
    ///
    /// Reports what the local endpoint answered.
    ///
    /// Restricted keys need the scope `listen_sessions:write`.
    ///
    /// Operation [`listen_sessions_record_delivery`](https://docs.fluxapay.co.uk/api/listen_sessions_record_delivery): `POST /listen_sessions/{id}/deliveries`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::RecordListenDelivery;
    ///
    /// let webhook_delivery = fluxa
    ///     .listen_sessions()
    ///     .record_delivery(
    ///         "lst_d4e5f6a7b8c9d0e1",
    ///         RecordListenDelivery::new("evt_9e8d7c6b5a493827", 12)
    ///             .attempt(1)
    ///             .response_status(200),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", webhook_delivery.id, webhook_delivery.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn record_delivery(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::ListenSessionId>,
        body: impl Into<crate::generated::types::RecordListenDelivery>,
    ) -> Call<
        crate::generated::types::WebhookDelivery,
        ListenSessionsRecordDeliveryParams,
        M,
    > {
        static LISTEN_SESSIONS_RECORD_DELIVERY: Operation = Operation {
            id: "listen_sessions_record_delivery",
            method: "POST",
            path: "/listen_sessions/{id}/deliveries",
            streaming: false,
        };
        let prepare = || -> Result<ListenSessionsRecordDeliveryParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(ListenSessionsRecordDeliveryParams {
                id,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &LISTEN_SESSIONS_RECORD_DELIVERY,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .listen_sessions_record_delivery(&params.id, &params.body)
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Forwarding of events to a terminal.
    #[must_use]
    pub fn listen_sessions(&self) -> ListenSessionsResource {
        ListenSessionsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Forwarding of events to a terminal.
    #[must_use]
    pub fn listen_sessions(&self) -> ListenSessionsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        ListenSessionsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `listen_sessions.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenSessionsCreateParams {
    pub(crate) body: crate::generated::types::CreateListenSession,
}

/// Parameters of `listen_sessions.record_delivery`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenSessionsRecordDeliveryParams {
    pub(crate) id: crate::generated::ids::ListenSessionId,
    pub(crate) body: crate::generated::types::RecordListenDelivery,
}
