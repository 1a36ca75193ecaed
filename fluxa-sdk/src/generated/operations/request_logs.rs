// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `request_logs`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List request logs

Sends a `GET` request to `/request_logs`

*/
    pub async fn request_logs_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        key: Option<&'a crate::generated::ids::ApiKeyId>,
        limit: Option<i64>,
        status: Option<i64>,
    ) -> Result<ResponseValue<types::RequestLogList>, Error<()>> {
        let url = format!("{}/request_logs", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("key", &key))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "request_logs_list",
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

    /**Retrieve a request log

Sends a `GET` request to `/request_logs/{id}`

*/
    pub async fn request_logs_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::RequestLogId,
    ) -> Result<ResponseValue<types::RequestLog>, Error<()>> {
        let url = format!(
            "{}/request_logs/{}", self.baseurl, encode_path(& id.to_string()),
        );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .build()?;
        let info = OperationInfo {
            operation_id: "request_logs_retrieve",
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
