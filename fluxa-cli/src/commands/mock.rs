//! `fluxa mock`: the sandbox server on this machine.

mod environment;
mod requests;

use std::net::SocketAddr;
use std::time::Duration;

use fluxa_mock::{Config, ControlKey, DEFAULT_ADDRESS, MockServer, RateLimit, SeedPlan};
use fluxa_sdk::contract;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Context;
use crate::cli::MockArguments;
use crate::env;
use crate::error::{CliError, Result};
use crate::private_file;
use crate::signals::{Stop, interrupted};
use crate::ui::{Line, Tone};
use requests::Requests;

/// How long the server may take until it answers; opening a large file and making up a merchant are the slow parts.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the secret key that every mock accepts. It opens nothing but a sandbox on this machine.
pub(crate) fn well_known_key() -> String {
    format!(
        "{}{}mock{:028}",
        contract::SECRET_KEY_PREFIX,
        contract::TEST_KEY_INFIX,
        0
    )
}

pub(crate) async fn run(context: &Context, arguments: MockArguments) -> Result<()> {
    let addr = match arguments.addr {
        Some(addr) => addr,
        // Side by side with whatever else runs here.
        None if !arguments.command.is_empty() => SocketAddr::from(([127, 0, 0, 1], 0)),
        None => DEFAULT_ADDRESS,
    };
    let own = match arguments.expose {
        true => Some(control_key()?),
        false => None,
    };
    if own.is_none() {
        only_this_machine(addr)?;
    }
    if let Some(form) = arguments.print_env {
        return environment::print(context, addr, form);
    }
    let mut config = Config::new();
    if let Some(own) = &own {
        config = config.expose(own.clone());
    }
    for host in &arguments.allow_host {
        config = config.allow_host(host);
    }
    for host in &arguments.allow_webhook_host {
        config = config.allow_webhook_host(host);
    }
    if let Some(text) = &arguments.pace {
        config = config.pace(pace(text)?);
    }
    if let Some(limit) = &arguments.rate_limit {
        config = config.rate_limit(rate_limit(limit)?);
    }
    if let Some(file) = &arguments.db {
        config = config.db(file);
    }
    if let Some(customers) = arguments.seed_data {
        config = config.seed_data(SeedPlan::new().customers(customers));
    }
    config = config.auto_accounts(arguments.auto_accounts);
    if let Some(most) = arguments.max_accounts {
        config = config.max_accounts(most);
    }
    if let Some(file) = &arguments.record {
        config = config.record(file);
    }
    let mut lines = None;
    // With a command of one's own the terminal is its.
    let quiet = arguments.quiet || !arguments.command.is_empty();
    if !quiet && !context.ui.is_json() {
        let (printing, requests) = Requests::print(config, context.settings.verbose > 0)?;
        (config, lines) = (printing, Some(requests));
    }
    for file in arguments.env_file.iter().chain(&arguments.ready_file) {
        private_file::check_announcement(file)?;
    }
    // Before anybody is told that it runs, and may ask it to stop.
    let stop = interrupted();
    let server = start(addr, config).await?;
    let base_url = base_url(server.address, arguments.allow_host.first());
    let key = own.map_or_else(well_known_key, |own| own.as_str().to_owned());
    if arguments.command.is_empty() {
        announce(context, &server, &base_url, &key, &arguments)?;
    }
    if let Some(path) = &arguments.env_file {
        let (base, secret) = (env::API_BASE, env::SECRET_KEY);
        private_file::announce(path, &format!("{base}={base_url}\n{secret}={key}\n"))?;
    }
    if let Some(path) = &arguments.ready_file {
        private_file::announce(path, &format!("{base_url}\n"))?;
    }
    let mut server = server;
    if !arguments.command.is_empty() {
        let status = tokio::select! {
            status = environment::exec(&arguments.command, &base_url) => status,
            ended = &mut server.serving => return Err(why(server.address, ended)),
        };
        server.stop().await?;
        return match status? {
            0 => Ok(()),
            status => Err(CliError::command(status)),
        };
    }
    tokio::select! {
        stop = stop => {
            server.stop().await?;
            if let Some(lines) = lines {
                lines.finish();
            }
            match stop {
                Stop::Interrupted => Err(CliError::interrupted()),
                Stop::Terminated => Ok(()),
            }
        }
        ended = &mut server.serving => Err(why(server.address, ended)),
    }
}

/// A server running beside whatever else this process does.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn stop(&mut self) -> Result<()> {
        self.stop.take();
        match (&mut self.serving).await {
            Ok(Ok(())) => Ok(()),
            ended => Err(why(self.address, ended)),
        }
    }
}

/// Binds, serves, and returns once the server answers.
async fn start(address: SocketAddr, config: Config) -> Result<Server> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let failed = CliError::failure(format!("cannot listen on {address}: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => failed.hint(other_port_hint(address)),
            _ => failed.hint("`fluxa mock --addr 127.0.0.1:0` takes a free port"),
        }
    })?;
    let address = listener.local_addr()?;
    let key = config.control_key().map(|own| own.as_str().to_owned());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(fluxa_mock::serve(listener, config, async {
        drop(stopped.await)
    }));
    let mut server = Server {
        address,
        stop: Some(stop),
        serving,
    };
    let answers = async {
        while !is_healthy(address, key.as_deref()).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = &mut server.serving => return Err(why(address, ended)),
        healthy = tokio::time::timeout(PATIENCE, answers) => healthy
            .map_err(|_| CliError::failure(format!("the mock on {address} does not answer")))?,
    }
    Ok(server)
}

/// Offers another port, and says how the other commands find it. `--mock` stands for the key, which
/// no error shows.
fn other_port_hint(taken: SocketAddr) -> String {
    let mut other = taken;
    other.set_port(taken.port().checked_add(1).unwrap_or(taken.port() - 1));
    format!(
        "another `fluxa mock` may run there; for a second one run `fluxa mock --addr {other}`, and \
         give the other commands `--mock --api-base http://{other}/v1` (--mock stands for its key)"
    )
}

/// Starts a server on the mock's own address for as long as the answer is kept, unless one answers
/// there already.
pub(crate) async fn start_if_absent(context: &Context) -> Result<Option<Server>> {
    if context.settings.api_base != contract::MOCK_BASE_URL
        || is_healthy(DEFAULT_ADDRESS, None).await
    {
        return Ok(None);
    }
    let server = start(DEFAULT_ADDRESS, Config::new()).await?;
    context
        .ui
        .note(&Line::new().push(Tone::Good, "mock").text(format!(
            "   started on {DEFAULT_ADDRESS}; make events with `fluxa trigger … --mock`"
        )));
    Ok(Some(server))
}

/// Starts a sandbox of the demo's own, on a free port, with its clock running fast.
pub(crate) async fn start_for_demo(pace: f64) -> Result<MockServer> {
    MockServer::builder()
        .pace(pace)
        .start()
        .await
        .map_err(|error| CliError::failure(format!("cannot start the sandbox: {error}")))
}

/// Returns whether a mock answers at the address; `key`: that of an exposed one.
async fn is_healthy(address: SocketAddr, key: Option<&str>) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let authorization = key.map_or(String::new(), |key| {
            format!("{}: {}{key}\r\n", contract::AUTHORIZATION, contract::BEARER)
        });
        let request = format!(
            "GET /_mock/health HTTP/1.1\r\nHost: {address}\r\n{authorization}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        Ok::<_, std::io::Error>(&status == b"HTTP/1.1 200")
    };
    matches!(
        tokio::time::timeout(Duration::from_secs(2), ask).await,
        Ok(Ok(true))
    )
}

fn why(
    address: SocketAddr,
    ended: std::result::Result<std::io::Result<()>, tokio::task::JoinError>,
) -> CliError {
    let reason = match ended {
        Ok(Ok(())) => "it stopped".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    CliError::failure(format!("the mock on {address}: {reason}"))
}

/// Returns where clients find the server: by the first name that it answers to.
fn base_url(address: SocketAddr, name: Option<&String>) -> String {
    let port = address.port();
    let authority = match name {
        Some(name) if name.contains(':') => name.clone(),
        Some(name) => format!("{name}:{port}"),
        None if address.ip().is_unspecified() => format!("127.0.0.1:{port}"),
        None => address.to_string(),
    };
    format!("http://{authority}/v1")
}

/// Returns the key of an exposed server: the one that the environment gives, or a new one.
fn control_key() -> Result<ControlKey> {
    let Some(given) = env::text(env::MOCK_KEY) else {
        return Ok(ControlKey::random());
    };
    ControlKey::new(given).map_err(|error| {
        CliError::usage(format!("{}: {error}", env::MOCK_KEY))
            .hint(format!("unset {} to have one made", env::MOCK_KEY))
    })
}

fn announce(
    context: &Context,
    server: &Server,
    base_url: &str,
    key: &str,
    arguments: &MockArguments,
) -> Result<()> {
    let db = arguments.db.as_deref();
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "type": "ready", "base_url": base_url, "secret_key": key, "db": db,
        }));
    }
    let kept = match db {
        Some(file) => format!("kept in {}", file.display()),
        None => "in memory: gone when it stops".to_owned(),
    };
    // At the default address one flag says it all; elsewhere the environment has to.
    let is_usual = base_url == contract::MOCK_BASE_URL && !arguments.expose;
    // This binary speaks plain HTTP to this machine only.
    let here = self::base_url(server.address, None);
    let commands = match is_usual {
        true => [
            "fluxa listen --mock --forward-to 3000".to_owned(),
            "fluxa trigger payment.settled --mock".to_owned(),
        ],
        false => [
            format!("export {}={here} {}={key}", env::API_BASE, env::SECRET_KEY),
            "fluxa trigger payment.settled".to_owned(),
        ],
    };
    for line in [
        Line::new()
            .push(Tone::Good, "mock")
            .text("  ")
            .bold(base_url)
            .dim(format!("  {kept}")),
        Line::new().text("key   ").text(key),
        Line::new().text("look  ").text(format!(
            "{}/_mock/",
            base_url.strip_suffix("/v1").unwrap_or(base_url)
        )),
        Line::new().text("next  ").push(Tone::Accent, &commands[0]),
        Line::new().text("      ").push(Tone::Accent, &commands[1]),
    ] {
        context.ui.note(&line);
    }
    if arguments.expose {
        context
            .ui
            .note(&Line::new().push(Tone::Warn, "open  ").text(
                "other machines reach it over plain HTTP; who has the key may do everything here",
            ));
    }
    Ok(())
}

/// Refuses an address that other machines reach: the sandbox's key is known to everyone.
fn only_this_machine(address: SocketAddr) -> Result<()> {
    match address.ip().is_loopback() {
        true => Ok(()),
        false => Err(CliError::usage(format!(
            "--addr {address}: the sandbox serves this machine only"
        ))
        .hint(format!(
            "use 127.0.0.1:{}; another machine reaches it by an SSH tunnel (`ssh -L`), or by --expose, \
             which gives the sandbox a key of its own",
            address.port()
        ))),
    }
}

fn pace(text: &str) -> Result<f64> {
    match text {
        "frozen" => Ok(0.0),
        _ => text
            .parse::<f64>()
            .ok()
            .filter(|pace| *pace == 0.0 || (0.001..=100_000.0).contains(pace))
            .ok_or_else(|| {
                CliError::usage(format!(
                    "--pace `{text}` is neither a factor from 0.001 to 100000 nor `frozen`"
                ))
                .hint("60 makes a minute of the sandbox a second")
            }),
    }
}

fn rate_limit(text: &str) -> Result<Option<RateLimit>> {
    if text == "off" {
        return Ok(None);
    }
    let wrong = || {
        CliError::usage(format!(
            "--rate-limit `{text}` is neither `off` nor N/BURST"
        ))
        .hint("for example 100/200: 100 requests a second, 200 at once")
    };
    let (per_second, burst) = text.split_once('/').ok_or_else(wrong)?;
    let read = |number: &str| number.parse::<u32>().ok().filter(|number| *number > 0);
    match (read(per_second), read(burst)) {
        (Some(per_second), Some(burst)) => Ok(Some(RateLimit { per_second, burst })),
        _ => Err(wrong()),
    }
}
