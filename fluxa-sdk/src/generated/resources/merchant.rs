// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `merchant`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// The account.
///
/// From [`Client::merchant`](crate::Client::merchant).
#[derive(Clone, Debug)]
pub struct MerchantResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> MerchantResource<M> {
    /// Retrieve the merchant.
    ///
    /// Restricted keys need the scope `merchant:read`.
    ///
    /// Operation [`merchant_retrieve`](https://docs.fluxapay.co.uk/api/merchant_retrieve): `GET /merchant`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let merchant = fluxa.merchant().retrieve().await?;
    /// println!("{}", merchant.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
    ) -> Call<crate::generated::types::Merchant, MerchantRetrieveParams, M> {
        static MERCHANT_RETRIEVE: Operation = Operation {
            id: "merchant_retrieve",
            method: "GET",
            path: "/merchant",
            streaming: false,
        };
        let prepare = || -> Result<MerchantRetrieveParams, crate::Error> {
            Ok(MerchantRetrieveParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &MERCHANT_RETRIEVE,
            prepare(),
            |context, _| {
                Box::pin(async move { Ok(context.api().merchant_retrieve().await?) })
            },
        )
    }
}

impl Client {
    /// The account.
    #[must_use]
    pub fn merchant(&self) -> MerchantResource {
        MerchantResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// The account.
    #[must_use]
    pub fn merchant(&self) -> MerchantResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        MerchantResource { client, mode }
    }
}

/// Parameters of `merchant.retrieve`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct MerchantRetrieveParams {}
