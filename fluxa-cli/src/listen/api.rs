//! Owns the event source's view of the API, over the SDK.

use bytes::Bytes;
use fluxa_sdk::Client;
use fluxa_sdk::types::EventType;
use futures_util::stream::StreamExt;
use serde_json::Value;

use super::source::{ByteStream, EventApi};
use crate::error::Result;

/// The most events a page can hold.
const PAGE: u32 = fluxa_sdk::contract::LIST_LIMIT_MAX;

/// The API, for one stream of events.
pub(crate) struct SdkEventApi {
    client: Client,
    /// The `types` filter, as the stream takes it.
    types: Option<String>,
}

impl SdkEventApi {
    pub(crate) fn new(client: Client, types: &[EventType]) -> Self {
        let types: Vec<&str> = types.iter().map(EventType::as_str).collect();
        Self {
            client,
            types: (!types.is_empty()).then(|| types.join(",")),
        }
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Value> {
        let mut call = self.client.raw("GET", "/events").query("limit", limit);
        if let Some(after) = after {
            call = call.query("after", after);
        }
        Ok(call.await?.into_inner())
    }
}

impl EventApi for SdkEventApi {
    async fn open(&self, after: Option<&str>) -> Result<ByteStream> {
        let mut call = self.client.events().stream().max_retries(0);
        if let Some(after) = after {
            call = call.after(after);
        }
        if let Some(types) = &self.types {
            call = call.types(types.as_str());
        }
        let stream = call.await?.into_inner().into_inner();
        Ok(stream
            .map(|chunk| chunk.map_err(|_| "the connection broke".to_owned()))
            .boxed())
    }

    async fn newest(&self) -> Result<Option<String>> {
        let page = self.page(None, 1).await?;
        Ok(page
            .pointer("/data/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    async fn all(&self) -> Result<Vec<Bytes>> {
        let mut events = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref(), PAGE).await?;
            for event in page["data"].as_array().into_iter().flatten() {
                events.push(Bytes::from(event.to_string()));
            }
            after = page["next_cursor"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }
}
