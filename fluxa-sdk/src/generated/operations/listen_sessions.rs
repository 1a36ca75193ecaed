// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `listen_sessions`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**Create a listen session

Sends a `POST` request to `/listen_sessions`

*/
    pub async fn listen_sessions_create<'a>(
        &'a self,
        body: &'a types::CreateListenSession,
    ) -> Result<ResponseValue<types::ListenSession>, Error<()>> {
        let url = format!("{}/listen_sessions", self.baseurl,);
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .build()?;
        let info = OperationInfo {
            operation_id: "listen_sessions_create",
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

    /**Record a local delivery

Sends a `POST` request to `/listen_sessions/{id}/deliveries`

*/
    pub async fn listen_sessions_record_delivery<'a>(
        &'a self,
        id: &'a crate::generated::ids::ListenSessionId,
        body: &'a types::RecordListenDelivery,
    ) -> Result<ResponseValue<types::WebhookDelivery>, Error<()>> {
        let url = format!(
            "{}/listen_sessions/{}/deliveries", self.baseurl, encode_path(& id
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
            .json(&body)
            .build()?;
        let info = OperationInfo {
            operation_id: "listen_sessions_record_delivery",
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
