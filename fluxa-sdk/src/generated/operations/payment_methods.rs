// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `payment_methods`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**Retrieve a payment method

Sends a `GET` request to `/payment_methods/{id}`

*/
    pub async fn payment_methods_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentMethodId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::PaymentMethod>, Error<()>> {
        let url = format!(
            "{}/payment_methods/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "payment_methods_retrieve",
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

    /**Attach a payment method

Sends a `POST` request to `/payment_methods/{id}/attach`

*/
    pub async fn payment_methods_attach<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentMethodId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::AttachPaymentMethod,
    ) -> Result<ResponseValue<types::PaymentMethod>, Error<()>> {
        let url = format!(
            "{}/payment_methods/{}/attach", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "payment_methods_attach",
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

    /**Detach a payment method

Sends a `POST` request to `/payment_methods/{id}/detach`

*/
    pub async fn payment_methods_detach<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentMethodId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
    ) -> Result<ResponseValue<types::PaymentMethod>, Error<()>> {
        let url = format!(
            "{}/payment_methods/{}/detach", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "payment_methods_detach",
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
