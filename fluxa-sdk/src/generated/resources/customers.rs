// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `customers`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Customers.
///
/// From [`Client::customers`](crate::Client::customers).
#[derive(Clone, Debug)]
pub struct CustomersResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> CustomersResource<M> {
    /// List customers.
    ///
    /// Restricted keys need the scope `customers:read`.
    ///
    /// Operation [`customers_list`](https://docs.fluxapay.co.uk/api/customers_list): `GET /customers`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut customers = fluxa.customers().list().limit(100).stream();
    /// while let Some(customer) = customers.next().await {
    ///     println!("{}", customer?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::CustomerList, CustomersListParams, M> {
        static CUSTOMERS_LIST: Operation = Operation {
            id: "customers_list",
            method: "GET",
            path: "/customers",
            streaming: false,
        };
        let prepare = || -> Result<CustomersListParams, crate::Error> {
            Ok(CustomersListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .customers_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.email.as_deref(),
                                params.expand.as_ref(),
                                params.limit,
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Create a customer.
    ///
    /// Restricted keys need the scope `customers:write`.
    ///
    /// Operation [`customers_create`](https://docs.fluxapay.co.uk/api/customers_create): `POST /customers`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::CreateCustomer;
    ///
    /// let customer = fluxa
    ///     .customers()
    ///     .create(CreateCustomer::new("ada@example.com").name("Ada Lovelace"))
    ///     .await?;
    /// println!("{}", customer.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        &self,
        body: impl Into<crate::generated::types::CreateCustomer>,
    ) -> Call<crate::generated::types::Customer, CustomersCreateParams, M> {
        static CUSTOMERS_CREATE: Operation = Operation {
            id: "customers_create",
            method: "POST",
            path: "/customers",
            streaming: false,
        };
        let prepare = || -> Result<CustomersCreateParams, crate::Error> {
            let body = body.into();
            body.check()?;
            Ok(CustomersCreateParams {
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_CREATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .customers_create(params.expand.as_ref(), &params.body)
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a customer.
    ///
    /// Restricted keys need the scope `customers:read`.
    ///
    /// Operation [`customers_retrieve`](https://docs.fluxapay.co.uk/api/customers_retrieve): `GET /customers/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let customer = fluxa.customers().retrieve("cus_3f7a91d8c2b04a6f").await?;
    /// println!("{}", customer.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Call<crate::generated::types::Customer, CustomersRetrieveParams, M> {
        static CUSTOMERS_RETRIEVE: Operation = Operation {
            id: "customers_retrieve",
            method: "GET",
            path: "/customers/{id}",
            streaming: false,
        };
        let prepare = || -> Result<CustomersRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(CustomersRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .customers_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Update a customer.
    ///
    /// Sets the values given.
    ///
    /// Restricted keys need the scope `customers:write`.
    ///
    /// Operation [`customers_update`](https://docs.fluxapay.co.uk/api/customers_update): `PATCH /customers/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::UpdateCustomer;
    ///
    /// let customer = fluxa
    ///     .customers()
    ///     .update("cus_3f7a91d8c2b04a6f", UpdateCustomer::new().phone("+44 20 7946 0000"))
    ///     .await?;
    /// println!("{}", customer.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
        body: impl Into<crate::generated::types::UpdateCustomer>,
    ) -> Call<crate::generated::types::Customer, CustomersUpdateParams, M> {
        static CUSTOMERS_UPDATE: Operation = Operation {
            id: "customers_update",
            method: "PATCH",
            path: "/customers/{id}",
            streaming: false,
        };
        let prepare = || -> Result<CustomersUpdateParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(CustomersUpdateParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_UPDATE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .customers_update(
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

    /// Delete a customer.
    ///
    /// Deletes a customer and detaches its payment methods. Repeating it is safe.
    ///
    /// Restricted keys need the scope `customers:write`.
    ///
    /// Operation [`customers_delete`](https://docs.fluxapay.co.uk/api/customers_delete): `DELETE /customers/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let deleted_object = fluxa.customers().delete("cus_3f7a91d8c2b04a6f").await?;
    /// println!("{}", deleted_object.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Call<crate::generated::types::DeletedObject, CustomersDeleteParams, M> {
        static CUSTOMERS_DELETE: Operation = Operation {
            id: "customers_delete",
            method: "DELETE",
            path: "/customers/{id}",
            streaming: false,
        };
        let prepare = || -> Result<CustomersDeleteParams, crate::Error> {
            let id = id.into_id()?;
            Ok(CustomersDeleteParams { id })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_DELETE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(context.api().customers_delete(&params.id).await?)
                })
            },
        )
    }

    /// List a customer's payment methods.
    ///
    /// Restricted keys need the scope `payment_methods:read`.
    ///
    /// Operation [`customers_payment_methods`](https://docs.fluxapay.co.uk/api/customers_payment_methods): `GET /customers/{id}/payment_methods`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut payment_methods = fluxa
    ///     .customers()
    ///     .payment_methods("cus_3f7a91d8c2b04a6f")
    ///     .limit(100)
    ///     .stream();
    /// while let Some(payment_method) = payment_methods.next().await {
    ///     println!("{}", payment_method?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn payment_methods(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::CustomerId>,
    ) -> Call<
        crate::generated::types::PaymentMethodList,
        CustomersPaymentMethodsParams,
        M,
    > {
        static CUSTOMERS_PAYMENT_METHODS: Operation = Operation {
            id: "customers_payment_methods",
            method: "GET",
            path: "/customers/{id}/payment_methods",
            streaming: false,
        };
        let prepare = || -> Result<CustomersPaymentMethodsParams, crate::Error> {
            let id = id.into_id()?;
            Ok(CustomersPaymentMethodsParams {
                id,
                after: None,
                expand: None,
                limit: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &CUSTOMERS_PAYMENT_METHODS,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .customers_payment_methods(
                                &params.id,
                                params.after.as_deref(),
                                params.expand.as_ref(),
                                params.limit,
                            )
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Customers.
    #[must_use]
    pub fn customers(&self) -> CustomersResource {
        CustomersResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Customers.
    #[must_use]
    pub fn customers(&self) -> CustomersResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        CustomersResource { client, mode }
    }
}

/// Parameters of `customers.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct CustomersListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) email: Option<String>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
}

impl crate::expand::SupportsExpand for CustomersListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for CustomersListParams {
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

impl<M> Call<crate::generated::types::CustomerList, CustomersListParams, M> {
    /// Only those with this email address.
    #[must_use]
    pub fn email(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.map_params(|params| params.email = Some(value))
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

/// Parameters of `customers.create`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CustomersCreateParams {
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::CreateCustomer,
}

impl crate::expand::SupportsExpand for CustomersCreateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `customers.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CustomersRetrieveParams {
    pub(crate) id: crate::generated::ids::CustomerId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for CustomersRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `customers.update`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CustomersUpdateParams {
    pub(crate) id: crate::generated::ids::CustomerId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::UpdateCustomer,
}

impl crate::expand::SupportsExpand for CustomersUpdateParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `customers.delete`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CustomersDeleteParams {
    pub(crate) id: crate::generated::ids::CustomerId,
}

/// Parameters of `customers.payment_methods`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CustomersPaymentMethodsParams {
    pub(crate) id: crate::generated::ids::CustomerId,
    pub(crate) after: Option<String>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
}

impl crate::expand::SupportsExpand for CustomersPaymentMethodsParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for CustomersPaymentMethodsParams {
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
