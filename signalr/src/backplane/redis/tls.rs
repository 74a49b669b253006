//! TLS below a connection to Redis.

use super::RedisError;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Trusts these certificates, or those of the operating system.
    pub(super) fn new(roots: Option<&[u8]>) -> Result<Self, RedisError> {
        let failed = |text: String| RedisError::Tls(text);
        let provider = CryptoProvider::get_default().ok_or_else(|| {
            failed(
                "the application has to choose how to encrypt: call `install_default` of a rustls CryptoProvider"
                    .to_owned(),
            )
        })?;
        let mut store = RootCertStore::empty();
        if let Some(pem) = roots {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let added = certificate
                    .map_err(|error| error.to_string())
                    .and_then(|certificate| store.add(certificate).map_err(|error| error.to_string()));
                added.map_err(|error| failed(format!("a root certificate cannot be read: {error}")))?;
            }
        } else {
            // Some of an operating system may not be valid, which is no matter.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if store.is_empty() {
            return Err(failed("there are no root certificates".to_owned()));
        }
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Tls(TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}
