//! Owns what protects a server that other machines reach: its own key, in place of those that everybody
//! knows, and the names that it answers to. Which requests that lets in is the business of `http`.

use crate::accounts::is_whole_test_key;
use crate::config::Config;
use crate::domain::api_key::well_known;
use crate::ids::random_base62;
use fluxa_sdk::contract;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq;

/// The key of a server that other machines reach: its only API key at first, and what `/_mock/*` asks for.
#[derive(Clone)]
pub struct ControlKey(String);

impl ControlKey {
    /// A new one, from the operating system's randomness.
    #[must_use]
    pub fn random() -> Self {
        let prefix = contract::SECRET_KEY_PREFIX;
        Self(format!(
            "{prefix}{}{}",
            contract::TEST_KEY_INFIX,
            random_base62(32)
        ))
    }

    /// A key of one's own: `sk_test_` and 32 letters or digits, as clients of the API expect keys to be.
    ///
    /// # Errors
    /// `InvalidInput` for any other form, and for the well-known key, which is no secret.
    pub fn new(text: impl Into<String>) -> io::Result<Self> {
        let text = text.into();
        let reason = match (is_whole_test_key(&text), text == well_known("secret")) {
            (true, false) => return Ok(Self(text)),
            (true, true) => "the well-known key is no secret",
            (false, _) => "a control key is sk_test_ and 32 letters or digits",
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
    }

    /// The key itself, to be handed to whoever may use the server.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody's text is this key; takes as long whatever is wrong with it.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for ControlKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ControlKey(redacted)")
    }
}

/// A name that a server answers to, at one port or at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName {
    name: String,
    port: Option<u16>,
}

impl HostName {
    /// Reads `name`, `name:port` or an address.
    fn parse(text: &str) -> Option<Self> {
        let (name, port) = split_port(text)?;
        let host = url::Host::parse(name).ok()?;
        // What a URL would write otherwise, a Host header never says; and a star would be taken for any.
        let is_plain = host.to_string() == name.to_ascii_lowercase() && !name.contains('*');
        is_plain.then(|| Self {
            name: name.to_ascii_lowercase(),
            port,
        })
    }

    /// Whether a Host header means this name.
    pub(crate) fn is(&self, name: &str, port: Option<u16>) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.port.is_none_or(|own| Some(own) == port)
    }
}

/// A Host header's name and port.
pub(crate) fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    match host.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, port)) if !port.contains(']') => Some((name, Some(port.parse().ok()?))),
        _ => Some((host, None)),
    }
}

/// Checks that a server may listen there as it is configured, and reads the names it is to answer to.
///
/// # Errors
/// `PermissionDenied` for an address that other machines reach, without being told so; `InvalidInput` for
/// what does not go together.
pub(crate) fn check(address: SocketAddr, config: &Config) -> io::Result<Vec<HostName>> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
    if config.exposed.is_none() {
        if !address.ip().to_canonical().is_loopback() {
            let message = format!(
                "other machines reach {address}: expose the server explicitly, with a key of its own"
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        if !config.own_hosts.is_empty() {
            let message = "names are declared of a server that is exposed; this one is not";
            return Err(invalid(message.to_owned()));
        }
        return Ok(Vec::new());
    }
    if config.auto_accounts {
        let message = "an exposed server opens no accounts for keys that it does not know: anybody has \
                       such a key";
        return Err(invalid(message.to_owned()));
    }
    let names = config.own_hosts.iter().map(|text| {
        let name = HostName::parse(text);
        name.ok_or_else(|| invalid(format!("{text:?} is no name of a host, nor name:port")))
    });
    names.collect()
}

/// Where the server says that it is: its first declared name, else its address.
pub(crate) fn public_authority(address: SocketAddr, hosts: &[HostName]) -> String {
    match hosts.first() {
        Some(HostName { name, port }) => format!("{name}:{}", port.unwrap_or(address.port())),
        // Only this machine can be meant by it.
        None if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        None => address.to_string(),
    }
}

/// The address that a Host header names, if it names one.
pub(crate) fn literal(name: &str) -> Option<IpAddr> {
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse().map(IpAddr::V6).ok(),
        None => name.parse().map(IpAddr::V4).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ControlKey, HostName, public_authority, split_port};

    #[test]
    fn a_control_key_is_a_whole_test_key_that_not_everybody_knows() {
        let key = ControlKey::random();
        assert!(key.is(key.as_str()) && !key.is("") && !key.is(&key.as_str()[1..]));
        assert!(ControlKey::new(key.as_str()).is_ok());
        assert!(!format!("{key:?}").contains(&key.as_str()[8..]));
        for other in [
            "",
            "secret",
            "sk_test_mock0000000000000000000000000000",
            "sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(ControlKey::new(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_name_may_be_told_with_its_port() {
        let name = |text| HostName::parse(text).unwrap();
        assert!(name("Mock.Internal").is("mock.internal", Some(1)));
        assert!(name("mock:80").is("mock", Some(80)) && !name("mock:80").is("mock", None));
        assert!(name("[::1]:80").is("[::1]", Some(80)));
        for bad in [
            "",
            "http://mock",
            "mock:",
            "mock:99999",
            "a b",
            "mock/x",
            "*",
            "0x7f.1",
        ] {
            assert_eq!(HostName::parse(bad), None, "{bad}");
        }
        assert_eq!(split_port("[::1]"), Some(("[::1]", None)));
        let address = "0.0.0.0:4010".parse().unwrap();
        assert_eq!(public_authority(address, &[name("mock")]), "mock:4010");
        assert_eq!(public_authority(address, &[]), "127.0.0.1:4010");
    }
}
