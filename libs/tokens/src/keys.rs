//! A pair of signing keys and its public form (RFC 7517).

use std::{error::Error, io, path::PathBuf, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::Claims;

/// Why keys could not be read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The folder or a file in it could not be read or written.
    #[error("cannot use the key file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file has no RSA key in PEM form.
    #[error("{path} holds no usable RSA key: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// The folder holds no pair at all.
    #[error("{0} holds no key pair: make one with `openssl genrsa`, in <folder>/<date>/jwt_private_key.pem")]
    Empty(PathBuf),
    /// There is no such pair.
    #[error("there is no key pair {0}")]
    Unknown(String),
    /// The pair signs now, so it cannot go.
    #[error("{0} is the key that signs now; rotate first, so that another one does")]
    Signs(String),
    /// Signing failed.
    #[error("cannot sign the token")]
    Sign(#[source] Box<dyn Error + Send + Sync>),
}

/// One key as published at `/.well-known/jwks` (RFC 7517 §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Key type, always `RSA` for keys that we use.
    pub kty: String,
    /// Modulus, base64url.
    #[serde(default)]
    pub n: String,
    /// Exponent, base64url.
    #[serde(default)]
    pub e: String,
    /// `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// `["verify"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_ops: Vec<String>,
    /// `RS256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Key identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

/// A published key set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// All keys, the signing one first.
    pub keys: Vec<Jwk>,
}

/// A key pair that can sign.
pub struct SigningKey {
    /// `fence_key_<folder name>`.
    pub kid: String,
    /// The public half as PEM, for `/jwt/keys`.
    pub public_pem: String,
    /// The public half as a JWK.
    pub jwk: Jwk,
    /// The beginning of every token that it signs, with the point.
    header: String,
    /// Read once: reading a private key checks its primes, which takes longer than signing.
    pair: KeyPair,
    pub(crate) decoding: Arc<DecodingKey>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Builds a pair from PEM (a PKCS#1 or PKCS#8 private key, an SPKI public key).
    pub fn from_pem(name: &str, private_pem: &str, public_pem: &str) -> Result<Self, String> {
        let pair = key_pair(private_pem)?;
        let decoding = DecodingKey::from_rsa_pem(public_pem.as_bytes()).map_err(|e| e.to_string())?;
        let kid = format!("fence_key_{name}");
        let (n, e) = rsa_components(private_pem)?;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::RS256) };
        let header = serde_json::to_vec(&header).map_err(|e| e.to_string())?;
        let header = format!("{}.", URL_SAFE_NO_PAD.encode(header));
        let jwk = Jwk {
            kty: "RSA".into(),
            n,
            e,
            use_: Some("sig".into()),
            key_ops: vec!["verify".into()],
            alg: Some("RS256".into()),
            kid: Some(kid.clone()),
        };
        let public_pem = public_pem.to_owned();
        Ok(Self { kid, public_pem, jwk, header, pair, decoding: Arc::new(decoding) })
    }

    /// Signs `claims` with RS256, as a JWS in compact form (RFC 7515 §7.1).
    ///
    /// # Errors
    /// When the library fails, which it does for want of memory only.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|error| KeyError::Sign(error.into()))?;
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let mut token = self.header.clone();
        token.reserve((claims.len() + signature.len()) * 4 / 3 + 5);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signed =
            self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature);
        signed.map_err(|error| KeyError::Sign(error.into()))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A new 2048-bit pair as (PKCS#8 PEM, SPKI PEM).
pub(crate) fn fresh_pair() -> Result<(String, String), String> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|e| e.to_string())?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|e| e.to_string())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| e.to_string())?;
    Ok((pem_text("PRIVATE KEY", private.as_ref()), pem_text("PUBLIC KEY", public.as_ref())))
}

/// The SPKI PEM of a private key (PKCS#1, as `openssl genrsa -traditional` makes it, or PKCS#8).
pub(crate) fn public_half(private_pem: &str) -> Result<String, String> {
    let pair = key_pair(private_pem)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| e.to_string())?;
    Ok(pem_text("PUBLIC KEY", public.as_ref()))
}

/// The pair of a private key in PEM form (PKCS#1 or PKCS#8).
fn key_pair(private_pem: &str) -> Result<KeyPair, String> {
    let parsed = pem::parse(private_pem).map_err(|e| e.to_string())?;
    let pair = match parsed.tag() {
        "RSA PRIVATE KEY" => KeyPair::from_der(parsed.contents()),
        _ => KeyPair::from_pkcs8(parsed.contents()),
    };
    pair.map_err(|e| e.to_string())
}

/// PEM with line feeds alone, byte for byte what openssl writes.
fn pem_text(tag: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, der), config)
}

/// Modulus and exponent, base64url, of a private key's public half.
fn rsa_components(private_pem: &str) -> Result<(String, String), String> {
    use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk};
    let key = EncodingKey::from_rsa_pem(private_pem.as_bytes()).map_err(|e| e.to_string())?;
    let jwk = LibraryJwk::from_encoding_key(&key, Algorithm::RS256).map_err(|e| e.to_string())?;
    match jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => Ok((rsa.n, rsa.e)),
        _ => Err("not an RSA key".into()),
    }
}
