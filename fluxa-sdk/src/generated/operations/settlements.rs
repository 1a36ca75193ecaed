// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `settlements`.
#![allow(unused_imports)]
use progenitor_client::{
    ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
    ResponseValue, encode_path,
};
use crate::generated::client::Client;
use crate::generated::types;
impl Client {
    /**List settlements

Sends a `GET` request to `/settlements`

*/
    pub async fn settlements_list<'a>(
        &'a self,
        after: Option<&'a str>,
        created_at_gt: Option<&'a crate::time::Timestamp>,
        created_at_gte: Option<&'a crate::time::Timestamp>,
        created_at_lt: Option<&'a crate::time::Timestamp>,
        created_at_lte: Option<&'a crate::time::Timestamp>,
        limit: Option<i64>,
        settled_at_gt: Option<&'a crate::time::Timestamp>,
        settled_at_gte: Option<&'a crate::time::Timestamp>,
        settled_at_lt: Option<&'a crate::time::Timestamp>,
        settled_at_lte: Option<&'a crate::time::Timestamp>,
        settlement_reference: Option<&'a str>,
        status: Option<&'a crate::generated::enums::SettlementStatus>,
    ) -> Result<ResponseValue<types::SettlementList>, Error<()>> {
        let url = format!("{}/settlements", self.baseurl,);
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
            .query(&progenitor_client::QueryParam::new("status", &status))
            .build()?;
        let info = OperationInfo {
            operation_id: "settlements_list",
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

    /**Retrieve a settlement

Sends a `GET` request to `/settlements/{id}`

*/
    pub async fn settlements_retrieve<'a>(
        &'a self,
        id: &'a crate::generated::ids::SettlementId,
    ) -> Result<ResponseValue<types::Settlement>, Error<()>> {
        let url = format!(
            "{}/settlements/{}", self.baseurl, encode_path(& id.to_string()),
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
            operation_id: "settlements_retrieve",
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
