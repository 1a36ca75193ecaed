// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `payment_methods`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Stored payment methods.
///
/// From [`Client::payment_methods`](crate::Client::payment_methods).
#[derive(Clone, Debug)]
pub struct PaymentMethodsResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> PaymentMethodsResource<M> {
    /// Retrieve a payment method.
    ///
    /// Restricted keys need the scope `payment_methods:read`.
    ///
    /// Operation [`payment_methods_retrieve`](https://docs.fluxapay.co.uk/api/payment_methods_retrieve): `GET /payment_methods/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let payment_method = fluxa.payment_methods().retrieve("pm_4e5f60718293a4b5").await?;
    /// println!("{}", payment_method.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Call<crate::generated::types::PaymentMethod, PaymentMethodsRetrieveParams, M> {
        static PAYMENT_METHODS_RETRIEVE: Operation = Operation {
            id: "payment_methods_retrieve",
            method: "GET",
            path: "/payment_methods/{id}",
            streaming: false,
        };
        let prepare = || -> Result<PaymentMethodsRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(PaymentMethodsRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENT_METHODS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payment_methods_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Attach a payment method.
    ///
    /// Stores it on a customer.
    ///
    /// Restricted keys need the scope `payment_methods:write`.
    ///
    /// Operation [`payment_methods_attach`](https://docs.fluxapay.co.uk/api/payment_methods_attach): `POST /payment_methods/{id}/attach`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::AttachPaymentMethod;
    ///
    /// let payment_method = fluxa
    ///     .payment_methods()
    ///     .attach("pm_4e5f60718293a4b5", AttachPaymentMethod::new("cus_3f7a91d8c2b04a6f"))
    ///     .await?;
    /// println!("{}", payment_method.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn attach(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
        body: impl Into<crate::generated::types::AttachPaymentMethod>,
    ) -> Call<crate::generated::types::PaymentMethod, PaymentMethodsAttachParams, M> {
        static PAYMENT_METHODS_ATTACH: Operation = Operation {
            id: "payment_methods_attach",
            method: "POST",
            path: "/payment_methods/{id}/attach",
            streaming: false,
        };
        let prepare = || -> Result<PaymentMethodsAttachParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(PaymentMethodsAttachParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENT_METHODS_ATTACH,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payment_methods_attach(
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

    /// Detach a payment method.
    ///
    /// Removes it from its customer.
    ///
    /// Restricted keys need the scope `payment_methods:write`.
    ///
    /// Operation [`payment_methods_detach`](https://docs.fluxapay.co.uk/api/payment_methods_detach): `POST /payment_methods/{id}/detach`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let payment_method = fluxa.payment_methods().detach("pm_4e5f60718293a4b5").await?;
    /// println!("{}", payment_method.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn detach(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::PaymentMethodId>,
    ) -> Call<crate::generated::types::PaymentMethod, PaymentMethodsDetachParams, M> {
        static PAYMENT_METHODS_DETACH: Operation = Operation {
            id: "payment_methods_detach",
            method: "POST",
            path: "/payment_methods/{id}/detach",
            streaming: false,
        };
        let prepare = || -> Result<PaymentMethodsDetachParams, crate::Error> {
            let id = id.into_id()?;
            Ok(PaymentMethodsDetachParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &PAYMENT_METHODS_DETACH,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .payment_methods_detach(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Stored payment methods.
    #[must_use]
    pub fn payment_methods(&self) -> PaymentMethodsResource {
        PaymentMethodsResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Stored payment methods.
    #[must_use]
    pub fn payment_methods(&self) -> PaymentMethodsResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        PaymentMethodsResource {
            client,
            mode,
        }
    }
}

/// Parameters of `payment_methods.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentMethodsRetrieveParams {
    pub(crate) id: crate::generated::ids::PaymentMethodId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for PaymentMethodsRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `payment_methods.attach`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentMethodsAttachParams {
    pub(crate) id: crate::generated::ids::PaymentMethodId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::AttachPaymentMethod,
}

impl crate::expand::SupportsExpand for PaymentMethodsAttachParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `payment_methods.detach`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaymentMethodsDetachParams {
    pub(crate) id: crate::generated::ids::PaymentMethodId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for PaymentMethodsDetachParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
