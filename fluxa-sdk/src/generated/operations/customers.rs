// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `customers`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List customers

Sends a `GET` request to `/customers`

*/
    pub async fn customers_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        email: Option<&'a str>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
    ) -> Result<ResponseValue<types::CustomerList>, Error<()>> {
        let url = format!("{}/customers", self.baseurl,);
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("after", &after))
            .query(&progenitor_client::QueryParam::new("created_at[gt]", &created_at_gt))
            .query(
                &progenitor_client::QueryParam::new("created_at[gte]", &created_at_gte),
            )
            .query(&progenitor_client::QueryParam::new("created_at[lt]", &created_at_lt))
            .query(
                &progenitor_client::QueryParam::new("created_at[lte]", &created_at_lte),
            )
            .query(&progenitor_client::QueryParam::new("email", &email))
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_list",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }

    /**Create a customer

Sends a `POST` request to `/customers`

*/
    pub async fn customers_create<'a>(
        &'a self,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CreateCustomer,
    ) -> Result<ResponseValue<types::Customer>, Error<()>> {
        let url = format!("{}/customers", self.baseurl,);
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_create",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }

    /**Retrieve a customer

Sends a `GET` request to `/customers/{id}`

*/
    pub async fn customers_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::CustomerId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::Customer>, Error<()>> {
        let url = format!(
            "{}/customers/{}", self.baseurl, encode_path(& id.to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_retrieve",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }

    /**Delete a customer

Sends a `DELETE` request to `/customers/{id}`

*/
    pub async fn customers_delete<'a>(
        &'a self,
        id: &'a crate::generated::ids::CustomerId,
    ) -> Result<ResponseValue<types::DeletedObject>, Error<()>> {
        let url = format!(
            "{}/customers/{}", self.baseurl, encode_path(& id.to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .delete(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_delete",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }

    /**Update a customer

Sends a `PATCH` request to `/customers/{id}`

*/
    pub async fn customers_update<'a>(
        &'a self,
        id: &'a crate::generated::ids::CustomerId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::UpdateCustomer,
    ) -> Result<ResponseValue<types::Customer>, Error<()>> {
        let url = format!(
            "{}/customers/{}", self.baseurl, encode_path(& id.to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .patch(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_update",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }

    /**List a customer's payment methods

Sends a `GET` request to `/customers/{id}/payment_methods`

*/
    pub async fn customers_payment_methods<'a>(
        &'a self,
        id: &'a crate::generated::ids::CustomerId,
        after: Option<&'a str>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
    ) -> Result<ResponseValue<types::PaymentMethodList>, Error<()>> {
        let url = format!(
            "{}/customers/{}/payment_methods", self.baseurl, encode_path(& id
            .to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("after", &after))
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .build()?;
        let info = OperationInfo {
            operation_id: "customers_payment_methods",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
}
