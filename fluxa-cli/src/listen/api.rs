//! Owns the event source's view of the API, over the SDK.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluxa_sdk::Client;
use fluxa_sdk::types::EventType;
use futures_util::stream::StreamExt;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::net::TcpStream;

use super::history::{Listed, Page};
use super::source::{ByteStream, EventApi};
use super::stock::Recall;
use crate::connection;
use crate::error::{CliError, Result};
use crate::when::When;

/// The most events a page can hold.
const PAGE: u32 = fluxa_sdk::contract::LIST_LIMIT_MAX;

/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";

/// How often to look whether a server on this machine is back.
const LOOK: Duration = Duration::from_millis(4);

/// The API, for one stream of events.
pub(crate) struct SdkEventApi {
    client: Client,
    /// The `types` filter, as the stream takes it.
    types: Vec<EventType>,
    /// Where the API is, when that is on this machine.
    local: Option<(String, u16)>,
}

impl SdkEventApi {
    pub(crate) fn new(client: Client, types: &[EventType], base_url: &str) -> Self {
        Self {
            client,
            types: types.to_vec(),
            local: connection::local_address(base_url),
        }
    }

    async fn list(&self, parameters: &[(&str, &str)]) -> Result<Page> {
        let mut call = self.client.raw("GET", "/events");
        for (name, value) in parameters {
            call = call.query(name, *value);
        }
        let page = call.await?.into_inner();
        let events = page["data"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let listed = |event: &Value| Listed {
            id: text(&event["id"]),
            event_type: text(&event["type"]),
            body: Bytes::from(event.to_string()),
        };
        Ok(Page {
            events: events.map(listed).collect(),
            next: page["next_cursor"].as_str().map(str::to_owned),
        })
    }

    async fn first(&self, parameters: &[(&str, &str)]) -> Result<Option<String>> {
        let page = self.list(&[&[("limit", "1")], parameters].concat()).await?;
        Ok(page.events.into_iter().next().map(|event| event.id))
    }

    /// Returns the newest event of all, or of each type that the stream is asked for.
    pub(crate) async fn newest_brought(&self) -> Result<Vec<String>> {
        if self.types.is_empty() {
            return Ok(self.first(&[]).await?.into_iter().collect());
        }
        let each = self.types.iter().map(|wanted| {
            let of_type = [("type", wanted.as_str())];
            async move { self.first(&of_type).await }
        });
        let found = futures_util::future::try_join_all(each).await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// Returns how an event is read again.
pub(crate) fn recall(client: Client) -> Recall {
    Arc::new(move |id| {
        let call = client.raw("GET", &format!("/events/{id}"));
        Box::pin(async move { Ok(Bytes::from(call.await?.into_inner().to_string())) })
    })
}

impl EventApi for SdkEventApi {
    async fn open(&self, after: Option<&str>) -> Result<ByteStream> {
        let mut call = self.client.events().stream().max_retries(0);
        if let Some(after) = after {
            call = call.after(after);
        }
        if !self.types.is_empty() {
            let types: Vec<&str> = self.types.iter().map(EventType::as_str).collect();
            call = call.types(types.join(","));
        }
        let answer = call.await?;
        let media_type = answer.headers().get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        // A page to log in at, for one: it would never bring an event.
        if !media_type.is_some_and(is_events) {
            let media_type = media_type.unwrap_or("no content type");
            let message = format!("the answer is no stream of events: {media_type}");
            return Err(CliError::network(message));
        }
        let stream = answer.into_inner().into_inner();
        Ok(stream
            .map(|chunk| chunk.map_err(|_| "the connection broke".to_owned()))
            .boxed())
    }

    async fn newest(&self) -> Result<Option<String>> {
        self.first(&[]).await
    }

    async fn lists(&self) -> bool {
        let call = self.client.raw("GET", "/events").query("limit", "1");
        call.max_retries(0).await.is_ok()
    }

    fn brings(&self, event: &Listed) -> bool {
        let is = |wanted: &EventType| wanted.as_str() == event.event_type;
        self.types.is_empty() || self.types.iter().any(is)
    }

    async fn last_before(&self, when: When) -> Result<Option<String>> {
        let time = format!("{:.3}", when.moment(&self.client).await?);
        self.first(&[("created_at[lt]", &time)]).await
    }

    async fn page(&self, after: Option<&str>) -> Result<Page> {
        let limit = PAGE.to_string();
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(after.map(|after| ("after", after)));
        self.list(&parameters).await
    }

    async fn returned(&self) {
        let Some((host, port)) = &self.local else {
            return std::future::pending().await;
        };
        let mut was_gone = false;
        loop {
            match TcpStream::connect((host.as_str(), *port)).await {
                Ok(_) if was_gone => return,
                // It was never gone: what is wrong with it, connecting does not tell.
                Ok(_) => return std::future::pending().await,
                Err(_) => was_gone = true,
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Returns whether a content type is that of server-sent events, whatever its parameters.
fn is_events(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(EVENTS)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::Html;
    use axum::routing::get;

    use super::*;
    use crate::commands::mock;

    #[tokio::test]
    async fn a_page_in_place_of_the_stream_is_no_stream() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let page = get(async || Html("<html>log in</html>"));
        let router = Router::new().route("/v1/events/stream", page);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder(mock::well_known_key()).base_url(&base_url);
        let api = SdkEventApi::new(client.build().unwrap(), &[], &base_url);
        let error = api.open(None).await.err().unwrap();
        assert!(error.message.contains("text/html"), "{error}");
    }

    #[test]
    fn the_type_of_a_stream_may_have_parameters_and_any_case() {
        for (content_type, expected) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/html; charset=utf-8", false),
            ("text/event-streams", false),
            ("", false),
        ] {
            assert_eq!(is_events(content_type), expected, "{content_type}");
        }
    }
}
