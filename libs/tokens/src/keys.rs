//! Signing keys on disk, as fence lays them out, and their public form (RFC 7517).
//!
//! A keys folder holds one folder for each pair, with `jwt_private_key.pem` and `jwt_public_key.pem`. Folders
//! whose names are dates come first, newest first; the first pair signs and all pairs are published and
//! accepted.

use std::{fs, io, path::Path, path::PathBuf};

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
    /// Signing failed.
    #[error("cannot sign the token")]
    Sign(#[source] jsonwebtoken::errors::Error),
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
    encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Builds a pair from PEM (a PKCS#1 or PKCS#8 private key, an SPKI public key).
    pub fn from_pem(name: &str, private_pem: &str, public_pem: &str) -> Result<Self, String> {
        let encoding = EncodingKey::from_rsa_pem(private_pem.as_bytes()).map_err(|e| e.to_string())?;
        let decoding = DecodingKey::from_rsa_pem(public_pem.as_bytes()).map_err(|e| e.to_string())?;
        let kid = format!("fence_key_{name}");
        let (n, e) = rsa_components(&encoding)?;
        let jwk = Jwk {
            kty: "RSA".into(),
            n,
            e,
            use_: Some("sig".into()),
            key_ops: vec!["verify".into()],
            alg: Some("RS256".into()),
            kid: Some(kid.clone()),
        };
        Ok(Self { kid, public_pem: public_pem.to_owned(), jwk, encoding, decoding })
    }

    /// Signs `claims` with RS256.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(KeyError::Sign)
    }
}

/// All key pairs of a commons; the first signs. Never empty.
#[derive(Debug)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
}

impl SigningKeys {
    /// Reads every pair below `folder`. A missing public half is made from the private one.
    ///
    /// # Errors
    /// When the folder cannot be read, a key is malformed, or there is no pair.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| KeyError::File { path, source }
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(file_error(folder))? {
            let entry = entry.map_err(file_error(folder))?;
            if entry.path().join("jwt_private_key.pem").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        sort_newest_first(&mut names);
        let mut keys = Vec::new();
        for name in names {
            let private_path = folder.join(&name).join("jwt_private_key.pem");
            let public_path = folder.join(&name).join("jwt_public_key.pem");
            let private = fs::read_to_string(&private_path).map_err(file_error(&private_path))?;
            let malformed = |reason| KeyError::Malformed { path: private_path.clone(), reason };
            let public = match fs::read_to_string(&public_path) {
                Ok(public) => public,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let public = public_half(&private).map_err(malformed)?;
                    // A folder that is mounted read-only, as a secret is, serves as well.
                    if let Err(error) = fs::write(&public_path, &public) {
                        tracing::debug!(error = %error, "the public half of a key is kept in memory only");
                    }
                    public
                }
                Err(error) => return Err(file_error(&public_path)(error)),
            };
            let key = SigningKey::from_pem(&name, &private, &public).map_err(malformed)?;
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyError::Empty(folder.to_owned()));
        }
        Ok(Self { keys })
    }

    /// Makes a fresh 2048-bit pair in `folder/<name>` (private key readable by its owner only).
    pub fn generate(folder: &Path, name: &str) -> Result<(), KeyError> {
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| KeyError::File { path, source }
        };
        let pair = folder.join(name);
        fs::create_dir_all(&pair).map_err(file_error(&pair))?;
        let (private, public) =
            fresh_pair().map_err(|reason| KeyError::Malformed { path: pair.clone(), reason })?;
        let private_path = pair.join("jwt_private_key.pem");
        files::write_private(&private_path, &private).map_err(file_error(&private_path))?;
        let public_path = pair.join("jwt_public_key.pem");
        fs::write(&public_path, public).map_err(file_error(&public_path))
    }

    /// A set with one fresh pair named `name`, for tests and throw-away commons.
    pub fn ephemeral(name: &str) -> Result<Self, KeyError> {
        let malformed = |reason| KeyError::Malformed { path: PathBuf::from(name), reason };
        let (private, public) = fresh_pair().map_err(malformed)?;
        let key = SigningKey::from_pem(name, &private, &public).map_err(malformed)?;
        Ok(Self { keys: vec![key] })
    }

    /// The pair that signs.
    pub fn signing(&self) -> &SigningKey {
        self.keys.first().expect("a SigningKeys is never empty, its constructors see to it")
    }

    /// All pairs, the signing one first.
    pub fn all(&self) -> &[SigningKey] {
        &self.keys
    }

    /// What `/.well-known/jwks` answers.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.keys.iter().map(|key| key.jwk.clone()).collect() }
    }
}

/// Puts names that are dates first, the newest before the others; then the other names alphabetically, as
/// fence does.
fn sort_newest_first(names: &mut [String]) {
    let parse = |name: &str| {
        chrono::DateTime::parse_from_rfc3339(name).ok().map(|date| date.timestamp()).or_else(|| {
            chrono::NaiveDate::parse_from_str(name, "%Y-%m-%d")
                .ok()
                .and_then(|date| date.and_hms_opt(0, 0, 0))
                .map(|date| date.and_utc().timestamp())
        })
    };
    names.sort_by(|a, b| match (parse(a), parse(b)) {
        (Some(x), Some(y)) => y.cmp(&x),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    });
}

/// A new 2048-bit pair as (PKCS#8 PEM, SPKI PEM).
fn fresh_pair() -> Result<(String, String), String> {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
        rsa::{KeyPair, KeySize},
        signature::KeyPair as _,
    };
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|e| e.to_string())?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|e| e.to_string())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| e.to_string())?;
    Ok((pem_text("PRIVATE KEY", private.as_ref()), pem_text("PUBLIC KEY", public.as_ref())))
}

/// The SPKI PEM of a private key (PKCS#1, as `openssl genrsa -traditional` makes it, or PKCS#8).
fn public_half(private_pem: &str) -> Result<String, String> {
    use aws_lc_rs::{
        encoding::{AsDer, PublicKeyX509Der},
        rsa::KeyPair,
        signature::KeyPair as _,
    };
    let parsed = pem::parse(private_pem).map_err(|e| e.to_string())?;
    let pair = match parsed.tag() {
        "RSA PRIVATE KEY" => KeyPair::from_der(parsed.contents()),
        _ => KeyPair::from_pkcs8(parsed.contents()),
    };
    let pair = pair.map_err(|e| e.to_string())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| e.to_string())?;
    Ok(pem_text("PUBLIC KEY", public.as_ref()))
}

/// PEM with line feeds alone, byte for byte what openssl writes.
fn pem_text(tag: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, der), config)
}

/// Modulus and exponent, base64url, of the private key's public half.
fn rsa_components(key: &EncodingKey) -> Result<(String, String), String> {
    use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk};
    let jwk = LibraryJwk::from_encoding_key(key, Algorithm::RS256).map_err(|e| e.to_string())?;
    match jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => Ok((rsa.n, rsa.e)),
        _ => Err("not an RSA key".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_dated_folder_signs() {
        let mut names = ["b", "2018-05-01T21:29:02Z", "a", "2026-01-01T00:00:00Z"].map(String::from);
        sort_newest_first(&mut names);
        assert_eq!(names, ["2026-01-01T00:00:00Z", "2018-05-01T21:29:02Z", "a", "b"]);
    }

    #[test]
    fn a_missing_public_half_is_made_from_the_private_one() {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "first").unwrap();
        let public = folder.path().join("first/jwt_public_key.pem");
        let original = fs::read_to_string(&public).unwrap();
        fs::remove_file(&public).unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        assert_eq!(keys.signing().public_pem, original);
        assert_eq!(fs::read_to_string(&public).unwrap(), original);
    }

    #[test]
    fn generated_pairs_are_read_back_and_keep_their_private_half_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "first").unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        assert_eq!(keys.signing().kid, "fence_key_first");
        assert_eq!(keys.jwks().keys[0].e, "AQAB");
        let mode =
            fs::metadata(folder.path().join("first/jwt_private_key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
