//! The base URL: what is checked of it, and its parts.

use std::net::IpAddr;

use reqwest::Url;

use crate::error::Error;

/// A checked base URL.
#[derive(Debug)]
pub(crate) struct BaseUrl {
    /// The whole, without a slash at its end.
    pub(crate) text: String,
    /// Scheme, host, and port unless it is the scheme's own.
    pub(crate) origin: String,
    /// Host, and port unless it is the scheme's own.
    pub(crate) authority: String,
    /// The host; an IPv6 address without brackets.
    pub(crate) host: String,
    /// The port, the scheme's own when none is written.
    pub(crate) port: u16,
    pub(super) https: bool,
    pub(crate) loopback: bool,
}

impl BaseUrl {
    /// Returns the URL after checking that it keeps the key from being sent in the clear.
    ///
    /// # Errors
    /// [`Error::Config`] naming what is wrong with it, without the URL: it may carry a password.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text)
            .map_err(|error| Error::config(format!("the base URL is not a URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config(
                "the base URL carries a user name or password; remove it",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::config(
                "the base URL has a query or a fragment; remove it",
            ));
        }
        let loopback = url.host_str().is_some_and(is_loopback);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => {
                return Err(Error::config(
                    "the base URL is plain http, which would send the key in the clear; use https \
                     (plain http is for loopback hosts only)",
                ));
            }
            _ => return Err(Error::config("the base URL is not https")),
        }
        let origin = url.origin().ascii_serialization();
        let authority = origin.split("://").nth(1).unwrap_or_default().to_owned();
        let host = url.host_str().unwrap_or_default();
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            https: url.scheme() == "https",
            loopback,
            authority,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            origin,
        })
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_hosts_only() {
        for good in [
            "https://api.fluxapay.co.uk/v1",
            "http://127.0.0.1:4010/v1/",
            "http://127.8.9.1",
            "http://[::1]:4010/v1",
            "http://localhost/v1",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.fluxapay.co.uk/v1",
            "http://127.0.0.1.evil.test/v1",
            "http://localhost.evil.test/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "https://user:hush@api.fluxapay.co.uk",
            "https://api.fluxapay.co.uk/v1?a=b",
            "api.fluxapay.co.uk",
            "",
        ] {
            let error = BaseUrl::parse(bad).unwrap_err();
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let url = BaseUrl::parse("http://127.0.0.1:1/v1//").unwrap();
        assert_eq!(url.text, "http://127.0.0.1:1/v1");
    }

    #[test]
    fn the_parts_are_those_of_telemetry() {
        for (url, origin, host, port) in [
            ("https://api.test/v1", "https://api.test", "api.test", 443),
            (
                "https://API.test:8443",
                "https://api.test:8443",
                "api.test",
                8443,
            ),
            ("http://[::1]:4010/v1", "http://[::1]:4010", "::1", 4010),
        ] {
            let parsed = BaseUrl::parse(url).unwrap();
            assert_eq!(
                (&*parsed.origin, &*parsed.host, parsed.port),
                (origin, host, port)
            );
        }
    }
}
