//! Owns the sandbox that a scenario runs in: one of its own, or that of the settings. What only the
//! bundled one can do is asked of it here.

use std::sync::Arc;
use std::time::Duration;

use fluxa_mock::MockServer;
use fluxa_sdk::Client;
use serde_json::Value;
use tokio::sync::Notify;

use crate::config::Settings;
use crate::connection;
use crate::error::{CliError, Result};
use crate::listen::source::{Since, Start};
use crate::when::When;

/// Longer than any sandbox lives.
const EVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The sandbox of a scenario.
pub(super) struct Sandbox {
    pub(super) client: Client,
    pub(super) base_url: String,
    pub(super) secret_key: String,
    own: Option<Own>,
}

struct Own {
    server: MockServer,
    /// Told when the list of events has been read, which is what the reading of events begins with.
    listed: Arc<Notify>,
}

impl Sandbox {
    /// Starts one, in memory, on a free port.
    pub(super) async fn own(pace: Option<f64>, seed: Option<u64>) -> Result<Self> {
        let failed = |error| CliError::failure(format!("cannot start the sandbox: {error}"));
        let listed = Arc::new(Notify::new());
        let told = Arc::clone(&listed);
        let mut builder = MockServer::builder()
            .pace(pace.unwrap_or(1.0))
            .configure(|config| {
                config.on_request(move |request| {
                    let is_list = request.path.starts_with("/v1/events?");
                    if is_list && !request.path.contains("created_at") {
                        told.notify_one();
                    }
                })
            });
        if let Some(seed) = seed {
            builder = builder.seed(seed);
        }
        let server = builder.start().await.map_err(failed)?;
        let (base_url, secret_key) = (server.base_url(), server.secret_key());
        let client = Client::builder(&secret_key)
            .base_url(&base_url)
            // A fault is meant to be seen, not to be got over.
            .max_retries(0)
            .app_info("fluxa-cli", env!("CARGO_PKG_VERSION"), None)
            .build()?;
        Ok(Self {
            client,
            base_url,
            secret_key,
            own: Some(Own { server, listed }),
        })
    }

    /// Takes that of the settings.
    pub(super) fn of_settings(settings: &Settings) -> Result<Self> {
        let client = connection::client(settings)?;
        let key = settings.required_key()?;
        Ok(Self {
            client,
            base_url: settings.api_base.clone(),
            secret_key: key.to_string(),
            own: None,
        })
    }

    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Returns where the reading of events starts that are newer than this one.
    pub(super) fn after(event: Option<&str>) -> Start {
        Start::Since(match event {
            Some(event) => Since::Event(event.to_owned()),
            // There is none: all that come are new.
            None => Since::Time(When::Ago(EVER)),
        })
    }

    /// Returns the id of the newest event that has happened.
    pub(super) async fn newest_event(&self) -> Result<Option<String>> {
        let event = match &self.own {
            // Not through the API, so that a fault which was set for others does not hit this.
            Some(own) => own.server.events().await?.pop(),
            None => {
                let page = self.client.raw("GET", "/events").query("limit", 1).await?;
                page.into_inner().pointer("/data/0").cloned()
            }
        };
        let id = event.as_ref().and_then(|event| event["id"].as_str());
        Ok(id.map(str::to_owned))
    }

    /// Waits until events are read without asking the API for more than the stream brings: a fault
    /// that a step sets from here on hits nothing of ours.
    pub(super) async fn settled(&self) {
        if let Some(own) = &self.own {
            own.listed.notified().await;
        }
    }

    /// Lets time pass; returns when all that was due has happened.
    pub(super) async fn advance(&self, by: Duration) -> Result<()> {
        let own = self.ours()?;
        own.server
            .advance(by)
            .await
            .map_err(|error| CliError::unmet(error.to_string()))
    }

    /// Returns how long it takes until something that is on its way happens; `None` when nothing does
    /// by itself, or nobody knows.
    pub(super) async fn next_due(&self) -> Result<Option<Duration>> {
        match &self.own {
            Some(own) => Ok(own.server.next_due().await?),
            None => Ok(None),
        }
    }

    /// Sets a fault.
    pub(super) async fn fault(&self, http: &reqwest::Client, fault: &Value) -> Result<()> {
        let url = format!("{}/_mock/faults", self.ours()?.server.url());
        let asked = http.post(url).json(fault).send().await;
        let answer = asked.map_err(|error| CliError::failure(error.to_string()))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let body: Value = answer.json().await.unwrap_or_default();
        let said = body["error"]["message"].as_str();
        Err(CliError::unmet(said.unwrap_or("the sandbox refused it")))
    }

    /// Returns a sentence for each thing that is not as it must be in the sandbox's own books.
    pub(super) async fn breaches(&self, http: &reqwest::Client) -> Result<Vec<String>> {
        let url = format!("{}/_mock/invariants", self.ours()?.server.url());
        let failed = |error: reqwest::Error| CliError::failure(error.to_string());
        let answer = http.get(url).send().await.map_err(failed)?;
        let body: Value = answer.json().await.map_err(failed)?;
        let breaches = body["breaches"].as_array().into_iter().flatten();
        Ok(breaches
            .map(|breach| match breach.as_str() {
                Some(text) => text.to_owned(),
                None => breach.to_string(),
            })
            .collect())
    }

    fn ours(&self) -> Result<&Own> {
        let error = || CliError::usage("only the bundled sandbox does that");
        self.own.as_ref().ok_or_else(error)
    }

    pub(super) async fn shutdown(self) {
        if let Some(own) = self.own {
            own.server.shutdown().await;
        }
    }
}
