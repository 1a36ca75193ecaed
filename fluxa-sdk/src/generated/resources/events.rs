// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `events`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Events and the event stream.
///
/// From [`Client::events`](crate::Client::events).
#[derive(Clone, Debug)]
pub struct EventsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> EventsResource<M> {
    /// List events.
    ///
    /// Restricted keys need the scope `events:read`.
    ///
    /// Operation [`events_list`](https://docs.fluxapay.co.uk/api/events_list): `GET /events`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut events = fluxa.events().list().limit(100).stream();
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> Call<crate::generated::types::EventList, EventsListParams, M> {
        static EVENTS_LIST: Operation = Operation {
            id: "events_list",
            method: "GET",
            path: "/events",
            streaming: false,
        };
        let prepare = || -> Result<EventsListParams, crate::Error> {
            Ok(EventsListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &EVENTS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .events_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.limit,
                                params.type_.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Stream events.
    ///
    /// Server-sent events as they happen. Each has the event's id as `id`, its type as `event` and the event as `data`; a comment is sent every 15 seconds. `Last-Event-ID` or `after` resumes after that event with nothing lost or repeated.
    ///
    /// Restricted keys need the scope `events:read`.
    ///
    /// Operation [`events_stream`](https://docs.fluxapay.co.uk/api/events_stream): `GET /events/stream`.
    ///
    /// ```no_run
    /// # async fn print(_: fluxa_sdk::ByteStream) {}
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let bytes: fluxa_sdk::ByteStream = fluxa.events().stream().await?.into_inner();
    /// print(bytes).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(&self) -> Call<progenitor_client::ByteStream, EventsStreamParams, M> {
        static EVENTS_STREAM: Operation = Operation {
            id: "events_stream",
            method: "GET",
            path: "/events/stream",
            streaming: true,
        };
        let prepare = || -> Result<EventsStreamParams, crate::Error> {
            Ok(EventsStreamParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &EVENTS_STREAM,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .events_stream(
                                params.after.as_deref(),
                                params.types.as_deref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve an event.
    ///
    /// Restricted keys need the scope `events:read`.
    ///
    /// Operation [`events_retrieve`](https://docs.fluxapay.co.uk/api/events_retrieve): `GET /events/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let event = fluxa.events().retrieve("evt_9e8d7c6b5a493827").await?;
    /// println!("{}", event.id());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::EventId>,
    ) -> Call<crate::generated::events::Event, EventsRetrieveParams, M> {
        static EVENTS_RETRIEVE: Operation = Operation {
            id: "events_retrieve",
            method: "GET",
            path: "/events/{id}",
            streaming: false,
        };
        let prepare = || -> Result<EventsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(EventsRetrieveParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &EVENTS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().events_retrieve(&params.id).await?)
                })
            },
        )
    }

    /// Resend an event.
    ///
    /// Sends an event to an endpoint again, at once, with the same event id. The answer is the new attempt, which may still be pending.
    ///
    /// Restricted keys need the scope `events:write`.
    ///
    /// Operation [`events_resend`](https://docs.fluxapay.co.uk/api/events_resend): `POST /events/{id}/resend`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::ResendEvent;
    ///
    /// let webhook_delivery = fluxa
    ///     .events()
    ///     .resend("evt_9e8d7c6b5a493827", ResendEvent::new("we_a1b2c3d4e5f60718"))
    ///     .await?;
    /// println!("{} {:?}", webhook_delivery.id, webhook_delivery.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resend(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::EventId>,
        body: impl Into<crate::generated::types::ResendEvent>,
    ) -> Call<crate::generated::types::WebhookDelivery, EventsResendParams, M> {
        static EVENTS_RESEND: Operation = Operation {
            id: "events_resend",
            method: "POST",
            path: "/events/{id}/resend",
            streaming: false,
        };
        let prepare = || -> Result<EventsResendParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(EventsResendParams { id, body })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &EVENTS_RESEND,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().events_resend(&params.id, &params.body).await?)
                })
            },
        )
    }
}

impl Client {
    /// Events and the event stream.
    #[must_use]
    pub fn events(&self) -> EventsResource {
        EventsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Events and the event stream.
    #[must_use]
    pub fn events(&self) -> EventsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        EventsResource { client, mode }
    }
}

/// Parameters of `events.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct EventsListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) limit: Option<i64>,
    pub(crate) type_: Option<crate::generated::events::EventType>,
}

impl crate::pagination::Paginated for EventsListParams {
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

impl<M> Call<crate::generated::types::EventList, EventsListParams, M> {
    /// Only those of this type.
    #[must_use]
    pub fn type_(self, value: impl Into<crate::generated::events::EventType>) -> Self {
        let value: crate::generated::events::EventType = value.into();
        self.map_params(|params| params.type_ = Some(value))
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

/// Parameters of `events.stream`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct EventsStreamParams {
    pub(crate) after: Option<String>,
    pub(crate) types: Option<String>,
}

impl<M> Call<progenitor_client::ByteStream, EventsStreamParams, M> {
    /// Id of the event to resume after; the newest one when absent.
    #[must_use]
    pub fn after(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.map_params(|params| params.after = Some(value))
    }

    /// Types wanted, separated by commas; all when absent.
    #[must_use]
    pub fn types(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.map_params(|params| params.types = Some(value))
    }
}

/// Parameters of `events.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventsRetrieveParams {
    pub(crate) id: crate::generated::ids::EventId,
}

/// Parameters of `events.resend`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventsResendParams {
    pub(crate) id: crate::generated::ids::EventId,
    pub(crate) body: crate::generated::types::ResendEvent,
}
