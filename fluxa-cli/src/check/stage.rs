//! Owns one scenario on its way: its sandbox, its server, the events that come, its steps one after
//! the other, and ending all of it whatever happened.

use std::sync::Arc;
use std::time::Duration;

use fluxa_sdk::SecretText;
use fluxa_sdk::types::CreateListenSession;
use futures_util::stream;
use serde_json::{Map, Value, json};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::expect::Found;
use super::log::Log;
use super::outcome::{Failure, Outcome, Verdict};
use super::plan::{DIRECTORY, PORT, Plan, Scenario, ServerSpec};
use super::sandbox::Sandbox;
use super::server::{Ground, Output, Readiness, Server};
use super::steps;
use crate::config::Settings;
use crate::connection;
use crate::env;
use crate::error::{CliError, Kind, Result};
use crate::listen::api::SdkEventApi;
use crate::listen::filter::Filter;
use crate::listen::forwarder::{Manner, empty_tls};
use crate::listen::report::short;
use crate::listen::signer::Signer;
use crate::listen::targets::Targets;
use crate::listen::{Limits, ListenEvent, Pipeline, Session, Stop, source};
use crate::trigger::fill;

/// How long a server has to answer one event.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Deliveries under way at once.
const CONCURRENCY: usize = 8;

/// How long what was begun may take to start up, beside what the server is given.
const START_WITHIN: Duration = Duration::from_secs(20);

/// How scenarios are run.
pub(super) struct Manners<'a> {
    /// The sandbox of the settings is used; otherwise each scenario has its own.
    pub(super) settings: Option<&'a Settings>,
    pub(super) seed: Option<u64>,
    pub(super) http: reqwest::Client,
    /// Becomes true when all is to end.
    pub(super) stop: watch::Receiver<bool>,
}

/// Makes the client for the merchant's server and the sandbox's control: this machine alone.
pub(super) fn http_client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_backend_preconfigured(empty_tls()?)
        .build()
        .map_err(|error| CliError::failure(format!("cannot make an HTTP client: {error}")))
}

/// What the steps of a scenario share.
pub(super) struct Stage<'a> {
    pub(super) sandbox: Sandbox,
    pub(super) http: &'a reqwest::Client,
    pub(super) log: Log,
    /// The newest event before the scenario.
    pub(super) before: Option<String>,
    pub(super) found: Found,
    /// What `${…}` stands for.
    pub(super) scope: Map<String, Value>,
    /// Whether events are forwarded.
    pub(super) forwards: bool,
    pub(super) deadline: Instant,
    pub(super) within: Duration,
}

/// The forwarding of events.
struct Forwarding {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// Runs a scenario, and cleans up behind it.
pub(super) async fn run(plan: &Plan, scenario: &Scenario, manners: &Manners<'_>) -> Outcome {
    let started = Instant::now();
    let mut stop = manners.stop.clone();
    let (log, output) = (Log::new(), Output::default());
    let mut parts = Parts::default();
    let setting_up = set_up(plan, scenario, manners, &log, &output, &mut parts);
    let stage = tokio::select! {
        stage = setting_up => stage.map_err(|error| Failure::of(error, "the scenario starts")),
        _ = stop.wait_for(|stop| *stop) => Err(stopped()),
    };
    let verdict = match stage {
        Err(failure) => Err(failure),
        Ok(mut stage) => {
            let verdict = tokio::select! {
                verdict = steps::run(&mut stage, &scenario.steps) => verdict,
                how = server_ended(&mut parts.server) => {
                    let got = format!("it ended: {how}");
                    Err(Failure::new(Kind::Unmet, "the server runs on", got))
                }
                _ = stop.wait_for(|stop| *stop) => Err(stopped()),
            };
            parts.sandbox = Some(stage.sandbox);
            verdict
        }
    };
    parts.end().await;
    Outcome {
        verdict: match verdict {
            Ok(()) => Verdict::Held,
            Err(failure) if failure.kind == Kind::Interrupted => Verdict::Skipped,
            Err(failure) => Verdict::Failed(Box::new(failure)),
        },
        duration: started.elapsed(),
        events: log.by_type(),
        server_output: output.lines(),
    }
}

fn stopped() -> Failure {
    Failure::of(CliError::interrupted(), "")
}

async fn server_ended(server: &mut Option<Server>) -> String {
    match server {
        Some(server) => server.ended().await,
        None => std::future::pending().await,
    }
}

/// What is to be ended.
#[derive(Default)]
struct Parts {
    sandbox: Option<Sandbox>,
    server: Option<Server>,
    forwarding: Option<Forwarding>,
    /// Kept until nobody uses it any more.
    ground: Option<Ground>,
}

impl Parts {
    async fn end(self) {
        if let Some(forwarding) = self.forwarding {
            // An error means that it has ended by itself.
            let _ = forwarding.stop.send(());
            let _ = forwarding.running.await;
        }
        if let Some(server) = self.server {
            server.end().await;
        }
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
        drop(self.ground);
    }
}

async fn set_up<'a>(
    plan: &Plan,
    scenario: &Scenario,
    manners: &'a Manners<'_>,
    log: &Log,
    output: &Output,
    parts: &mut Parts,
) -> Result<Stage<'a>> {
    let sandbox = match manners.settings {
        None => Sandbox::own(scenario.pace, manners.seed).await?,
        Some(settings) => Sandbox::of_settings(settings)?,
    };
    let reach = |error: CliError| match manners.settings {
        Some(settings) => connection::with_reach_hint(settings)(error),
        None => error,
    };
    let session = sandbox.client.listen_sessions();
    let session = session.create(CreateListenSession::new()).await;
    let session = session.map_err(|error| reach(error.into()))?.into_inner();
    let before = sandbox.newest_event().await?;
    let mut scope = Map::new();
    let mut forward_to = None;
    if let Some(spec) = &plan.server {
        let ground = parts.ground.insert(Ground::new().await?);
        scope.insert(PORT.to_owned(), json!(ground.port));
        let directory = ground.directory.path().display().to_string();
        scope.insert(DIRECTORY.to_owned(), json!(directory));
        if let Some(text) = &spec.forward_to {
            forward_to = Some(fill(text, &scope)?);
        }
        if !spec.command.is_empty() {
            let fluxa = [
                (env::API_BASE, sandbox.base_url.as_str()),
                (env::SECRET_KEY, sandbox.secret_key.as_str()),
                (env::WEBHOOK_SECRET, session.secret.expose()),
            ];
            start_server(
                spec,
                &scope,
                &fluxa,
                forward_to.as_deref(),
                manners,
                output,
                parts,
            )
            .await?;
        }
    }
    let forwards = forward_to.is_some();
    let pipeline = Reading {
        sandbox: &sandbox,
        start: Sandbox::after(before.as_deref()),
        forward_to,
        secret: session.secret.clone(),
        retries: plan.server.as_ref().map_or(0, |server| server.retry),
    };
    let ready = async {
        parts.forwarding = Some(pipeline.begin(log).await?);
        sandbox.settled().await;
        Ok(())
    };
    match tokio::time::timeout(START_WITHIN, ready).await {
        Ok(outcome) => outcome.map_err(reach)?,
        Err(_) => {
            return Err(CliError::network(
                "events do not arrive: the stream is silent",
            ));
        }
    }
    Ok(Stage {
        sandbox,
        http: &manners.http,
        log: log.clone(),
        before,
        found: Found::default(),
        scope,
        forwards,
        deadline: Instant::now() + scenario.within,
        within: scenario.within,
    })
}

/// Starts the server, and waits until it is ready.
async fn start_server(
    spec: &ServerSpec,
    scope: &Map<String, Value>,
    fluxa: &[(&str, &str)],
    forward_to: Option<&str>,
    manners: &Manners<'_>,
    output: &Output,
    parts: &mut Parts,
) -> Result<()> {
    let words = spec.command.iter().map(|word| fill(word, scope));
    let words = words.collect::<Result<Vec<_>>>()?;
    let own = fluxa
        .iter()
        .map(|(name, value)| Ok(((*name).to_owned(), (*value).to_owned())));
    let theirs = spec
        .env
        .iter()
        .map(|(name, value)| Ok((name.clone(), fill(value, scope)?)));
    let variables = own.chain(theirs).collect::<Result<Vec<_>>>()?;
    let directory = fill(&spec.directory.display().to_string(), scope)?;
    let directory = std::path::Path::new(&directory);
    let ready = match (&spec.ready, forward_to) {
        (Some(ready), _) => Some(Readiness::parse(&fill(ready, scope)?, directory)?),
        (None, Some(target)) => {
            let url = crate::listen::forwarder::parse_target(target)?;
            let port = url.port_or_known_default().unwrap_or(80);
            let host = url.host_str().unwrap_or("localhost");
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Some(Readiness::Port(host.to_owned(), port))
        }
        (None, None) => None,
    };
    let server = Server::start(&words, directory, &variables, output)?;
    let server = parts.server.insert(server);
    match ready {
        Some(ready) => server.ready(&ready, spec.ready_within, &manners.http).await,
        None => Ok(()),
    }
}

/// What events are read and forwarded with.
struct Reading<'a> {
    sandbox: &'a Sandbox,
    start: source::Start,
    forward_to: Option<String>,
    secret: SecretText,
    retries: u32,
}

impl Reading<'_> {
    /// Begins, and returns once events arrive.
    async fn begin(self, log: &Log) -> Result<Forwarding> {
        let base = &self.sandbox.base_url;
        let manner = Manner {
            timeout: ANSWER_WITHIN,
            ..Manner::default()
        };
        let plain: Vec<String> = self.forward_to.into_iter().collect();
        let targets = Targets::parse(&plain, &[], &manner)?;
        let pipeline = Pipeline {
            api: SdkEventApi::new(self.sandbox.client.clone(), &[], base),
            start: self.start,
            bookmark: None,
            patience: source::patience(connection::is_local(base)),
            filter: Filter::default(),
            signer: Signer::new(self.secret),
            // What the server answered is told here; calls that report it would meet the faults.
            acknowledger: None,
            concurrency: CONCURRENCY,
            retries: self.retries,
            limits: Limits::default(),
            session: Session::default(),
            ready: ListenEvent::Ready {
                session: String::new(),
                forward_to: targets.first().to_owned(),
                targets: targets.info(),
                api_base: base.clone(),
                // A live key is refused before.
                livemode: false,
                events: Vec::new(),
            },
            targets,
        };
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (log, ended) = (log.clone(), Arc::new(log.clone()));
        let mut ready = Some(ready);
        let running = tokio::spawn(async move {
            let until = async {
                drop(stopped.await);
                Ok(Stop::Interrupted)
            };
            let ran = pipeline.run(stream::once(until), |event| {
                if let (ListenEvent::Ready { .. }, Some(ready)) = (&event, ready.take()) {
                    let _ = ready.send(());
                }
                log.record(event);
                Ok(())
            });
            if let Err(error) = ran.await {
                ended.end(&error);
            }
        });
        let forwarding = Forwarding { stop, running };
        if is_ready.await.is_err() {
            let _ = forwarding.running.await;
            return Err(CliError::network("the events cannot be read"));
        }
        Ok(forwarding)
    }
}

/// Says how long something may take.
pub(super) fn limit(within: Duration) -> String {
    match within.as_secs() {
        seconds if within.subsec_millis() == 0 && seconds < 120 => format!("{seconds} s"),
        _ => short(within),
    }
}
