// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `refunds`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List refunds

Sends a `GET` request to `/refunds`

*/
    pub async fn refunds_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
        payment: Option<&'a crate::generated::ids::PaymentId>,
        status: Option<&'a crate::generated::enums::RefundStatus>,
    ) -> Result<ResponseValue<types::RefundList>, Error<()>> {
        let url = format!("{}/refunds", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("payment", &payment))
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "refunds_list",
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

    /**Create a refund

Sends a `POST` request to `/refunds`

*/
    pub async fn refunds_create<'a>(
        &'a self,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CreateRefund,
    ) -> Result<ResponseValue<types::Refund>, Error<()>> {
        let url = format!("{}/refunds", self.baseurl,);
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
            operation_id: "refunds_create",
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

    /**Retrieve a refund

Sends a `GET` request to `/refunds/{id}`

*/
    pub async fn refunds_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::RefundId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::Refund>, Error<()>> {
        let url = format!("{}/refunds/{}", self.baseurl, encode_path(& id.to_string()),);
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
            operation_id: "refunds_retrieve",
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
