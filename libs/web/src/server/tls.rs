//! TLS with a certificate from two files, which is read again when the files change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read, or has no PEM block of the right kind.
    #[error("{file} cannot be read as PEM")]
    Pem {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: pem::Error,
    },
    /// The file has no certificate.
    #[error("{0} has no certificate")]
    Empty(PathBuf),
    /// The key does not belong to the certificate, or is of an unknown kind.
    #[error("the certificate and the key cannot be used together")]
    Pair(#[source] rustls::Error),
    /// The process has chosen no cryptography.
    #[error("no cryptography is installed")]
    NoProvider,
}

/// A certificate chain and its key, in two PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let pair = Arc::new(read(certificate, key)?);
        let current = Arc::new(Current(ArcSwap::new(pair)));
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone() as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Takes changed files for the connections after them, for ever. What cannot be used is logged, and the
    /// files before it stay in use.
    pub(super) async fn follow(self) {
        let mut known = self.changed();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = self.changed();
            if now == known {
                continue;
            }
            known = now;
            self.read_again();
        }
    }

    fn read_again(&self) {
        match read(&self.certificate, &self.key) {
            Ok(pair) => {
                self.current.0.store(Arc::new(pair));
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the changed certificate cannot be used, the one before stays"
            ),
        }
    }

    fn changed(&self) -> [Option<SystemTime>; 2] {
        let changed = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified()).ok();
        [changed(&self.certificate), changed(&self.key)]
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let pem = |file: &Path| {
        let file = file.to_owned();
        move |source| TlsError::Pem { file, source }
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(pem(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let provider = CryptoProvider::get_default().ok_or(TlsError::NoProvider)?;
    let pair = CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)?;
    pair.keys_match().map_err(TlsError::Pair)?;
    Ok(pair)
}

/// The error of a handshake that does not come to its end in time.
pub(super) fn no_handshake() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client does not finish its TLS handshake")
}
