//! Which library speaks TLS, what it trusts, and what it says when it refuses.

use std::error::Error as StdError;

use reqwest::ClientBuilder;

use crate::Unusable;

/// rustls with ring and the system's root certificates, configured here: reqwest's own choice would be a provider for the
/// whole process, or one that takes a C compiler and half a minute to build.
#[cfg(feature = "rustls")]
pub(crate) fn with_tls(http: ClientBuilder, root_certificates: &[u8], needed: bool) -> Result<ClientBuilder, Unusable> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls_platform_verifier::Verifier;

    let roots = CertificateDer::pem_slice_iter(root_certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Unusable::new(format!("the root certificates are not PEM: {error}")))?;
    if roots.is_empty() && !root_certificates.is_empty() {
        return Err(Unusable::new(
            "there is no certificate in the PEM of the root certificates",
        ));
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: rustls::Error| Unusable::new("TLS cannot be set up").with_source(error);
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    // Plain HTTP to loopback needs no roots, and a small container may have none.
    let mut config = match needed {
        true => {
            let verifier = Verifier::new_with_extra_roots(roots, provider).map_err(unusable)?;
            config
                .dangerous()
                .with_custom_certificate_verifier(std::sync::Arc::new(verifier))
        }
        false => config.with_root_certificates(rustls::RootCertStore::empty()),
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(http.tls_backend_preconfigured(config))
}

/// The system's own TLS and root certificates.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(crate) fn with_tls(
    http: ClientBuilder,
    root_certificates: &[u8],
    _needed: bool,
) -> Result<ClientBuilder, Unusable> {
    let unusable = |error: reqwest::Error| Unusable::new("the root certificates are not PEM").with_source(error);
    let roots = match root_certificates {
        [] => Vec::new(),
        pem => reqwest::Certificate::from_pem_bundle(pem).map_err(unusable)?,
    };
    Ok(http
        .tls_backend_native()
        .tls_danger_accept_invalid_certs(false)
        .tls_danger_accept_invalid_hostnames(false)
        .tls_certs_merge(roots))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) fn with_tls(
    http: ClientBuilder,
    _root_certificates: &[u8],
    needed: bool,
) -> Result<ClientBuilder, Unusable> {
    match needed {
        true => Err(Unusable::new(
            "vitec-connect was built without TLS: turn on `rustls` or `native-tls`",
        )),
        false => Ok(http),
    }
}

/// Whether a TLS library refused, by the type of what it says.
pub fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if error.is::<rustls::Error>() {
        return true;
    }
    #[cfg(feature = "native-tls")]
    if error.is::<native_tls::Error>() {
        return true;
    }
    // io::Error gives the source of what it wraps, not what it wraps.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|it| is_tls(it)) || error.source().is_some_and(is_tls)
}
