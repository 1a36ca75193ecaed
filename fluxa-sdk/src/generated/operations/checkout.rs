// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `checkout`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List checkout sessions

Sends a `GET` request to `/checkout/sessions`

*/
    pub async fn checkout_sessions_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        customer: Option<&'a crate::generated::ids::CustomerId>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
        status: Option<&'a crate::generated::enums::CheckoutSessionStatus>,
    ) -> Result<ResponseValue<types::CheckoutSessionList>, Error<()>> {
        let url = format!("{}/checkout/sessions", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "checkout_sessions_list",
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

    /**Create a checkout session

Sends a `POST` request to `/checkout/sessions`

*/
    pub async fn checkout_sessions_create<'a>(
        &'a self,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CreateCheckoutSession,
    ) -> Result<ResponseValue<types::CheckoutSession>, Error<()>> {
        let url = format!("{}/checkout/sessions", self.baseurl,);
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
            operation_id: "checkout_sessions_create",
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

    /**Retrieve a checkout session

Sends a `GET` request to `/checkout/sessions/{id}`

*/
    pub async fn checkout_sessions_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::CheckoutSessionId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::CheckoutSession>, Error<()>> {
        let url = format!(
            "{}/checkout/sessions/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "checkout_sessions_retrieve",
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

    /**Expire a checkout session

Sends a `POST` request to `/checkout/sessions/{id}/expire`

*/
    pub async fn checkout_sessions_expire<'a>(
        &'a self,
        id: &'a crate::generated::ids::CheckoutSessionId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::CheckoutSession>, Error<()>> {
        let url = format!(
            "{}/checkout/sessions/{}/expire", self.baseurl, encode_path(& id
            .to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "checkout_sessions_expire",
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
