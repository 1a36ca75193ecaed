// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `webhook_endpoints`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List webhook endpoints

Sends a `GET` request to `/webhook_endpoints`

*/
    pub async fn webhook_endpoints_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        limit: Option<i64>,
        status: Option<&'a crate::generated::enums::WebhookEndpointStatus>,
    ) -> Result<ResponseValue<types::WebhookEndpointList>, Error<()>> {
        let url = format!("{}/webhook_endpoints", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "webhook_endpoints_list",
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

    /**Create a webhook endpoint

Sends a `POST` request to `/webhook_endpoints`

*/
    pub async fn webhook_endpoints_create<'a>(
        &'a self,
        body: &'a types::CreateWebhookEndpoint,
    ) -> Result<ResponseValue<types::WebhookEndpoint>, Error<()>> {
        let url = format!("{}/webhook_endpoints", self.baseurl,);
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
            operation_id: "webhook_endpoints_create",
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

    /**Retrieve a webhook endpoint

Sends a `GET` request to `/webhook_endpoints/{id}`

*/
    pub async fn webhook_endpoints_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::WebhookEndpointId,
    ) -> Result<ResponseValue<types::WebhookEndpoint>, Error<()>> {
        let url = format!(
            "{}/webhook_endpoints/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "webhook_endpoints_retrieve",
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

    /**Delete a webhook endpoint

Sends a `DELETE` request to `/webhook_endpoints/{id}`

*/
    pub async fn webhook_endpoints_delete<'a>(
        &'a self,
        id: &'a crate::generated::ids::WebhookEndpointId,
    ) -> Result<ResponseValue<types::DeletedObject>, Error<()>> {
        let url = format!(
            "{}/webhook_endpoints/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "webhook_endpoints_delete",
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

    /**Update a webhook endpoint

Sends a `PATCH` request to `/webhook_endpoints/{id}`

*/
    pub async fn webhook_endpoints_update<'a>(
        &'a self,
        id: &'a crate::generated::ids::WebhookEndpointId,
        body: &'a types::UpdateWebhookEndpoint,
    ) -> Result<ResponseValue<types::WebhookEndpoint>, Error<()>> {
        let url = format!(
            "{}/webhook_endpoints/{}", self.baseurl, encode_path(& id.to_string()),
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
            .build()?;
        let info = OperationInfo {
            operation_id: "webhook_endpoints_update",
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

    /**List an endpoint's deliveries

Sends a `GET` request to `/webhook_endpoints/{id}/deliveries`

*/
    pub async fn webhook_endpoints_deliveries<'a>(
        &'a self,
        id: &'a crate::generated::ids::WebhookEndpointId,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        event: Option<&'a crate::generated::ids::EventId>,
        limit: Option<i64>,
        status: Option<&'a crate::generated::enums::WebhookDeliveryStatus>,
    ) -> Result<ResponseValue<types::WebhookDeliveryList>, Error<()>> {
        let url = format!(
            "{}/webhook_endpoints/{}/deliveries", self.baseurl, encode_path(& id
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
            .query(&progenitor_client::QueryParam::new("created_at[gt]", &created_at_gt))
            .query(
                &progenitor_client::QueryParam::new("created_at[gte]", &created_at_gte),
            )
            .query(&progenitor_client::QueryParam::new("created_at[lt]", &created_at_lt))
            .query(
                &progenitor_client::QueryParam::new("created_at[lte]", &created_at_lte),
            )
            .query(&progenitor_client::QueryParam::new("event", &event))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "webhook_endpoints_deliveries",
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

    /**Rotate a signing secret

Sends a `POST` request to `/webhook_endpoints/{id}/rotate_secret`

*/
    pub async fn webhook_endpoints_rotate_secret<'a>(
        &'a self,
        id: &'a crate::generated::ids::WebhookEndpointId,
        body: &'a types::RotateSecret,
    ) -> Result<ResponseValue<types::WebhookEndpoint>, Error<()>> {
        let url = format!(
            "{}/webhook_endpoints/{}/rotate_secret", self.baseurl, encode_path(& id
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
            operation_id: "webhook_endpoints_rotate_secret",
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
