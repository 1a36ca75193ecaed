// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `payments`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List payments

Sends a `GET` request to `/payments`

*/
    pub async fn payments_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        customer: Option<&'a crate::generated::ids::CustomerId>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
        settled_at_gt: Option<&'a crate::time::Timestamp>,
        settled_at_gte: Option<&'a crate::time::Timestamp>,
        settled_at_lt: Option<&'a crate::time::Timestamp>,
        settled_at_lte: Option<&'a crate::time::Timestamp>,
        settlement_reference: Option<&'a str>,
        state: Option<&'a crate::generated::enums::PaymentState>,
    ) -> Result<ResponseValue<types::PaymentList>, Error<()>> {
        let url = format!("{}/payments", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("customer", &customer))
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("settled_at[gt]", &settled_at_gt))
            .query(
                &progenitor_client::QueryParam::new("settled_at[gte]", &settled_at_gte),
            )
            .query(&progenitor_client::QueryParam::new("settled_at[lt]", &settled_at_lt))
            .query(
                &progenitor_client::QueryParam::new("settled_at[lte]", &settled_at_lte),
            )
            .query(
                &progenitor_client::QueryParam::new(
                    "settlement_reference",
                    &settlement_reference,
                ),
            )
            .query(&progenitor_client::QueryParam::new("state", &state))
            .build()?;
        let info = OperationInfo {
            operation_id: "payments_list",
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

    /**Create a payment

Sends a `POST` request to `/payments`

*/
    pub async fn payments_create<'a>(
        &'a self,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CreatePayment,
    ) -> Result<ResponseValue<types::Payment>, Error<()>> {
        let url = format!("{}/payments", self.baseurl,);
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
            operation_id: "payments_create",
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

    /**Retrieve a payment

Sends a `GET` request to `/payments/{id}`

*/
    pub async fn payments_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::Payment>, Error<()>> {
        let url = format!(
            "{}/payments/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "payments_retrieve",
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

    /**Update a payment

Sends a `PATCH` request to `/payments/{id}`

*/
    pub async fn payments_update<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::UpdatePayment,
    ) -> Result<ResponseValue<types::Payment>, Error<()>> {
        let url = format!(
            "{}/payments/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "payments_update",
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

    /**List the moves of a payment

Sends a `GET` request to `/payments/{id}/history`

*/
    pub async fn payments_history<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentId,
        after: Option<&'a str>,
        limit: Option<i64>,
    ) -> Result<ResponseValue<types::PaymentHistoryEntryList>, Error<()>> {
        let url = format!(
            "{}/payments/{}/history", self.baseurl, encode_path(& id.to_string()),
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
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .build()?;
        let info = OperationInfo {
            operation_id: "payments_history",
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
