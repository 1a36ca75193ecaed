// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `sandbox`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**Pay a checkout session with a test card

Sends a `POST` request to `/sandbox/checkout/sessions/{id}/complete`

*/
    pub async fn sandbox_complete_checkout_session<'a>(
        &'a self,
        id: &'a crate::generated::ids::CheckoutSessionId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CompleteCheckoutSession,
    ) -> Result<ResponseValue<types::Payment>, Error<()>> {
        let url = format!(
            "{}/sandbox/checkout/sessions/{}/complete", self.baseurl, encode_path(& id
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
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "sandbox_complete_checkout_session",
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

    /**Retrieve the clock

Sends a `GET` request to `/sandbox/clock`

*/
    pub async fn sandbox_clock<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::SandboxClock>, Error<()>> {
        let url = format!("{}/sandbox/clock", self.baseurl,);
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
            operation_id: "sandbox_clock",
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

    /**Advance the clock

Sends a `POST` request to `/sandbox/clock/advance`

*/
    pub async fn sandbox_advance_clock<'a>(
        &'a self,
        body: &'a types::AdvanceClock,
    ) -> Result<ResponseValue<types::SandboxClock>, Error<()>> {
        let url = format!("{}/sandbox/clock/advance", self.baseurl,);
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
            operation_id: "sandbox_advance_clock",
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

    /**Raise a dispute

Sends a `POST` request to `/sandbox/disputes`

*/
    pub async fn sandbox_create_dispute<'a>(
        &'a self,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::CreateSandboxDispute,
    ) -> Result<ResponseValue<types::Dispute>, Error<()>> {
        let url = format!("{}/sandbox/disputes", self.baseurl,);
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
            operation_id: "sandbox_create_dispute",
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

    /**Resolve a dispute

Sends a `POST` request to `/sandbox/disputes/{id}/resolve`

*/
    pub async fn sandbox_resolve_dispute<'a>(
        &'a self,
        id: &'a crate::generated::ids::DisputeId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::ResolveDispute,
    ) -> Result<ResponseValue<types::Dispute>, Error<()>> {
        let url = format!(
            "{}/sandbox/disputes/{}/resolve", self.baseurl, encode_path(& id
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
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "sandbox_resolve_dispute",
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

    /**Set the onboarding status

Sends a `POST` request to `/sandbox/merchant/kyb`

*/
    pub async fn sandbox_set_kyb_status<'a>(
        &'a self,
        body: &'a types::SetKybStatus,
    ) -> Result<ResponseValue<types::Merchant>, Error<()>> {
        let url = format!("{}/sandbox/merchant/kyb", self.baseurl,);
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
            operation_id: "sandbox_set_kyb_status",
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

    /**Advance a payment

Sends a `POST` request to `/sandbox/payments/{id}/advance`

*/
    pub async fn sandbox_advance_payment<'a>(
        &'a self,
        id: &'a crate::generated::ids::PaymentId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::AdvancePayment,
    ) -> Result<ResponseValue<types::Payment>, Error<()>> {
        let url = format!(
            "{}/sandbox/payments/{}/advance", self.baseurl, encode_path(& id
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
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "sandbox_advance_payment",
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

    /**Close open settlements

Sends a `POST` request to `/sandbox/settlements/close`

*/
    pub async fn sandbox_close_settlements<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::SettlementList>, Error<()>> {
        let url = format!("{}/sandbox/settlements/close", self.baseurl,);
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .build()?;
        let info = OperationInfo {
            operation_id: "sandbox_close_settlements",
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

    /**Renew a subscription

Sends a `POST` request to `/sandbox/subscriptions/{id}/renew`

*/
    pub async fn sandbox_renew_subscription<'a>(
        &'a self,
        id: &'a crate::generated::ids::SubscriptionId,
        expand: Option<&'a ::std::vec::Vec<::std::string::String>>,
        body: &'a types::RenewSubscription,
    ) -> Result<ResponseValue<types::Subscription>, Error<()>> {
        let url = format!(
            "{}/sandbox/subscriptions/{}/renew", self.baseurl, encode_path(& id
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
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "sandbox_renew_subscription",
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
