//! TLS to the database: a certificate is always checked, with the server's name.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, ErrorKind};

/// By the certificates in a file, or else by the operating system.
pub(super) fn connector(place: &str, roots: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Error::new(ErrorKind::Database, format!("{place}: TLS cannot be set up")).with_source(error)
        })?;
    let builder = match roots {
        Some(path) => builder.with_root_certificates(read(path)?),
        None => builder.with_platform_verifier().map_err(|error| {
            let what = "this system has no certificates to check the database's with: install ca-certificates, or name \
                        its root in the URL with sslrootcert=PATH";
            Error::new(ErrorKind::NotFound, format!("{place}: {what}")).with_source(error)
        })?,
    };
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

fn read(path: &Path) -> Result<RootCertStore, Error> {
    let failed = |what: &str| Error::new(ErrorKind::NotFound, format!("sslrootcert {}: {what}", path.display()));
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| failed("it cannot be read").with_source(error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed("it is not PEM").with_source(error))?;
        roots
            .add(certificate)
            .map_err(|error| failed("it has a certificate that is none").with_source(error))?;
    }
    match roots.is_empty() {
        true => Err(failed("there is no certificate in it")),
        false => Ok(roots),
    }
}
