// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `status`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Health of the platform.
///
/// From [`Client::status`](crate::Client::status).
#[derive(Clone, Debug)]
pub struct StatusResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> StatusResource<M> {
    /// Retrieve the platform's status.
    ///
    /// No key needed.
    ///
    /// Operation [`status_retrieve`](https://docs.fluxapay.co.uk/api/status_retrieve): `GET /status`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let status = fluxa.status().retrieve().await?;
    /// println!("{status:?}");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
    ) -> Call<crate::generated::types::Status, StatusRetrieveParams, M> {
        static STATUS_RETRIEVE: Operation = Operation {
            id: "status_retrieve",
            method: "GET",
            path: "/status",
            streaming: false,
        };
        let prepare = || -> Result<StatusRetrieveParams, crate::Error> {
            Ok(StatusRetrieveParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &STATUS_RETRIEVE,
            prepare(),
            |context, _| {
                Box::pin(async move { Ok(context.api().status_retrieve().await?) })
            },
        )
    }
}

impl Client {
    /// Health of the platform.
    #[must_use]
    pub fn status(&self) -> StatusResource {
        StatusResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Health of the platform.
    #[must_use]
    pub fn status(&self) -> StatusResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        StatusResource { client, mode }
    }
}

/// Parameters of `status.retrieve`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct StatusRetrieveParams {}
