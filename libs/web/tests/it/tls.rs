//! TLS with a certificate of our own.

use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use web::{Tls, TlsError};

use crate::server::Subject;

/// Writes a certificate for `localhost` and its key; returns the certificate.
fn make(folder: &Path) -> String {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.pem()
}

fn read(folder: &Path) -> Result<Tls, TlsError> {
    Tls::read(&folder.join("cert.pem"), &folder.join("key.pem"))
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_is_served() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let trusted = reqwest::Certificate::from_pem(make(folder.path()).as_bytes()).unwrap();
    let subject = Subject::start_with(|_| (), Some(read(folder.path()).unwrap()));
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let url = format!("https://localhost:{}/", subject.address.port());
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "here"));
    // Programs of this machine need not trust the certificate.
    let plain = client.get(url.replace("https", "http")).send().await.unwrap();
    assert_eq!(plain.text().await.unwrap(), "here");
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    subject.stop().await;
}

#[test]
fn files_that_cannot_be_used_are_refused_with_the_reason() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(read(folder.path()), Err(TlsError::Pem { .. })));
    make(folder.path());
    assert!(read(folder.path()).is_ok());
    let key = std::fs::read(folder.path().join("key.pem")).unwrap();
    make(folder.path());
    std::fs::write(folder.path().join("key.pem"), key).unwrap();
    assert!(matches!(read(folder.path()), Err(TlsError::Pair(_))));
    std::fs::write(folder.path().join("cert.pem"), "").unwrap();
    assert!(matches!(read(folder.path()), Err(TlsError::Empty(_))));
}
