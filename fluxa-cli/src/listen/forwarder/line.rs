//! Owns the way to a target: whose certificate is believed, whether a proxy is in between, and where
//! the connections live. Knows nothing of what is sent.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use url::{Host, Url};

use super::{is_loopback, is_this_machine};
use crate::env;
use crate::error::{CliError, Result};
use crate::listen::courier::Courier;

/// How long finding out where a name leads may take, before a proxy is used for it.
const LOOK_UP: Duration = Duration::from_secs(1);

/// Kept connections to a target.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) client: reqwest::Client,
    pub(super) courier: Courier,
}

impl Line {
    pub(super) fn to(target: &Url, skip_verify: bool) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .http1_only()
            .connect_timeout(Duration::from_secs(5));
        if is_loopback(target) || !env::proxies().is_empty() && leads_to_loopback(target) {
            // A proxy of the environment could neither reach it nor has any business seeing it.
            builder = builder.no_proxy();
        }
        if target.scheme() == "http" {
            // No certificates needed, and loading the system's takes longer than all the rest.
            builder = builder.tls_backend_preconfigured(empty_tls()?);
        } else {
            // Refused when it is there already, which is as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
            builder = builder.tls_danger_accept_invalid_certs(skip_verify);
        }
        let client = builder
            .build()
            .map_err(|error| CliError::failure(format!("cannot make an HTTP client: {error}")))?;
        let courier = Courier::start()?;
        Ok(Self { client, courier })
    }
}

/// TLS that trusts nobody, for clients that only speak plain HTTP.
pub(crate) fn empty_tls() -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| CliError::failure(format!("cannot set up TLS: {error}")))?;
    Ok(builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// Returns whether a name stands for this machine alone, as one of the hosts file may.
fn leads_to_loopback(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else {
        return false;
    };
    let name = name.to_owned();
    let (found, addresses) = mpsc::channel();
    // On a thread of its own: behind a proxy there may be nobody to answer.
    std::thread::spawn(move || {
        let all = (name.as_str(), 0).to_socket_addrs();
        let all: Vec<IpAddr> = all.into_iter().flatten().map(|one| one.ip()).collect();
        // Nobody waits for it any more, or somebody does.
        let _ = found.send(all);
    });
    let addresses = addresses.recv_timeout(LOOK_UP).unwrap_or_default();
    !addresses.is_empty() && addresses.into_iter().all(is_this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_to_this_machine_alone_is_this_machine() {
        let leads = |url: &str| leads_to_loopback(&Url::parse(url).unwrap());
        assert!(leads("http://localhost:1/"));
        assert!(!leads("http://nobody.invalid:1/"));
        assert!(!leads("http://127.0.0.1:1/"));
    }
}
