//! TLS: version 1.3 only, rustls with ring, the platform's trusted roots.
//!
//! The provider is handed over explicitly: a process-wide default would be the merchant's to set.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;

/// Returns the TLS configuration. Without `https` no roots are read, since none are needed.
pub(super) fn config(https: bool, extra_roots: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| Error::config(format!("TLS 1.3 is not available: {error}")))?;
    let mut config = if https {
        let roots = parse(extra_roots)?;
        let verifier = verifier(roots, provider)
            .map_err(|error| Error::config(format!("no trusted roots could be loaded: {error}")))?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()
    } else {
        builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(not(target_os = "android"))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, rustls::Error> {
    rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
}

#[cfg(target_os = "android")]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, rustls::Error> {
    if !roots.is_empty() {
        return Err(rustls::Error::General(
            "extra roots are not supported on Android".into(),
        ));
    }
    rustls_platform_verifier::Verifier::new(provider)
}

fn parse(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut roots = Vec::new();
    for pem in pems {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.push(certificate.map_err(|_| Error::config("a root certificate is not PEM"))?);
        }
        if roots.len() == before {
            return Err(Error::config(
                "a root certificate's PEM has no certificate in it",
            ));
        }
    }
    Ok(roots)
}
