// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `disputes`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List disputes

Sends a `GET` request to `/disputes`

*/
    pub async fn disputes_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        limit: Option<i64>,
        payment: Option<&'a crate::generated::ids::PaymentId>,
        status: Option<&'a crate::generated::enums::DisputeStatus>,
    ) -> Result<ResponseValue<types::DisputeList>, Error<()>> {
        let url = format!("{}/disputes", self.baseurl,);
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
            operation_id: "disputes_list",
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

    /**Retrieve a dispute

Sends a `GET` request to `/disputes/{id}`

*/
    pub async fn disputes_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::DisputeId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::Dispute>, Error<()>> {
        let url = format!(
            "{}/disputes/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "disputes_retrieve",
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

    /**Accept a dispute

Sends a `POST` request to `/disputes/{id}/accept`

*/
    pub async fn disputes_accept<'a>(
        &'a self,
        id: &'a crate::generated::ids::DisputeId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::Dispute>, Error<()>> {
        let url = format!(
            "{}/disputes/{}/accept", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "disputes_accept",
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

    /**Submit evidence

Sends a `POST` request to `/disputes/{id}/evidence`

*/
    pub async fn disputes_submit_evidence<'a>(
        &'a self,
        id: &'a crate::generated::ids::DisputeId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::DisputeEvidence,
    ) -> Result<ResponseValue<types::Dispute>, Error<()>> {
        let url = format!(
            "{}/disputes/{}/evidence", self.baseurl, encode_path(& id.to_string()),
        );
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
            operation_id: "disputes_submit_evidence",
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
