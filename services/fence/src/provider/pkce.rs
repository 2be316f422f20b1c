//! Proof Key for Code Exchange (RFC 7636): whoever redeems a code must be who asked for it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{parameters::Parameters, refusal::Refusal};

/// The only method that proves something: `plain` sends the proof itself past everybody who listens.
pub(crate) const S256: &str = "S256";
/// Length of a SHA-256 in base64url.
const CHALLENGE: usize = 43;

/// The challenge of a request for a code.
///
/// # Errors
/// `invalid_request` for another method than `S256`, and for what cannot be a challenge. No challenge at all
/// is fine: clients of this service never had to send one.
pub(crate) fn challenge(parameters: &Parameters) -> Result<Option<String>, Refusal> {
    let method = parameters.filled("code_challenge_method");
    let Some(challenge) = parameters.filled("code_challenge") else {
        return match method {
            None => Ok(None),
            Some(_) => Err(Refusal::invalid_request("Missing 'code_challenge'")),
        };
    };
    if method != Some(S256) {
        return Err(Refusal::invalid_request("Unsupported 'code_challenge_method': it must be S256"));
    }
    if challenge.len() != CHALLENGE
        || !challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    {
        return Err(Refusal::invalid_request("Invalid 'code_challenge'"));
    }
    Ok(Some(challenge.to_owned()))
}

/// Checks the proof that comes with a code.
///
/// # Errors
/// `invalid_grant` unless challenge and verifier fit, or there is neither. A verifier without a challenge is
/// refused too: somebody may have taken the challenge out of the request (RFC 9700 §2.1.1).
pub(crate) fn check(
    challenge: Option<&str>,
    method: Option<&str>,
    verifier: Option<&str>,
) -> Result<(), Refusal> {
    match (challenge.filter(|challenge| !challenge.is_empty()), verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => {
            Err(Refusal::invalid_grant("There was no 'code_challenge' for this 'code_verifier'."))
        }
        (Some(_), None) => Err(Refusal::invalid_grant("Missing 'code_verifier'")),
        (Some(challenge), Some(verifier)) => {
            let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let fits = bool::from(made.as_bytes().ct_eq(challenge.as_bytes()));
            let long_enough = (43..=128).contains(&verifier.len());
            if fits && long_enough && method == Some(S256) {
                Ok(())
            } else {
                Err(Refusal::invalid_grant("Code challenge failed."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Params;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const HASH: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn asked(query: &str) -> Result<Option<String>, Refusal> {
        challenge(&Parameters::new(&Params::parse(query), Vec::new()).unwrap())
    }

    #[test]
    fn a_challenge_is_a_hash_or_absent() {
        assert_eq!(asked(""), Ok(None));
        assert_eq!(
            asked(&format!("code_challenge={HASH}&code_challenge_method=S256")),
            Ok(Some(HASH.into()))
        );
        for refused in [
            format!("code_challenge={HASH}"),
            format!("code_challenge={HASH}&code_challenge_method=plain"),
            format!("code_challenge={HASH}x&code_challenge_method=S256"),
            "code_challenge=short&code_challenge_method=S256".into(),
            "code_challenge_method=S256".into(),
        ] {
            assert!(asked(&refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_code_with_a_challenge_wants_its_verifier_and_one_without_wants_none() {
        let hash = Some(HASH);
        assert_eq!(check(hash, Some(S256), Some(VERIFIER)), Ok(()));
        assert_eq!(check(None, None, None), Ok(()));
        for (challenge, method, verifier) in [
            (hash, Some(S256), None),
            (hash, Some(S256), Some(HASH)),
            (hash, Some(S256), Some("")),
            (Some(VERIFIER), Some("plain"), Some(VERIFIER)),
            (hash, None, Some(VERIFIER)),
            (None, None, Some(VERIFIER)),
        ] {
            assert!(check(challenge, method, verifier).is_err(), "{challenge:?} {method:?} {verifier:?}");
        }
    }
}
