//! Which tokens a DRS client should bring for the bytes of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::guid::Guid;

/// A kind of authorisation (DRS 1.5 `supported_types`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupportedType {
    /// An OAuth 2 access token.
    #[default]
    BearerAuth,
    /// A GA4GH passport.
    PassportAuth,
    /// Nothing is needed.
    None,
}

/// What `DRS_AUTHORIZATION_METADATA` says about one resource path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PathAuthorization {
    /// Issuers of access tokens.
    #[serde(default)]
    pub bearer_auth_issuers: Vec<String>,
    /// Issuers of passports.
    #[serde(default)]
    pub passport_auth_issuers: Vec<String>,
    /// Which one to name first.
    #[serde(default)]
    pub preferred_type: Option<SupportedType>,
}

/// Issuers by resource path, and those of all other paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// Resource path to what is known of it.
    pub by_path: BTreeMap<String, PathAuthorization>,
    /// Issuer of access tokens for other paths.
    pub default_bearer_issuer: Option<String>,
    /// Issuer of passports for other paths.
    pub default_passport_issuer: Option<String>,
    /// Which kind to name first when nothing else is said.
    pub default_preferred: SupportedType,
}

/// The answer to `OPTIONS /objects/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Authorizations {
    pub(crate) bearer_auth_issuers: BTreeSet<String>,
    pub(crate) drs_object_id: Guid,
    pub(crate) passport_auth_issuers: BTreeSet<String>,
    pub(crate) supported_types: Vec<SupportedType>,
}

impl AuthorizationPolicy {
    /// What the object `did` with these resource paths needs.
    pub(crate) fn of(&self, did: &Guid, authz: &[String]) -> Authorizations {
        let mut answer = Authorizations {
            bearer_auth_issuers: BTreeSet::new(),
            drs_object_id: did.clone(),
            passport_auth_issuers: BTreeSet::new(),
            supported_types: Vec::new(),
        };
        if authz.iter().any(|path| path.contains("/open")) {
            answer.supported_types.push(SupportedType::None);
            return answer;
        }
        let mut preferred = None;
        for path in authz {
            match self.by_path.get(path) {
                Some(known) => {
                    answer.bearer_auth_issuers.extend(known.bearer_auth_issuers.iter().cloned());
                    answer.passport_auth_issuers.extend(known.passport_auth_issuers.iter().cloned());
                    preferred = preferred.or(known.preferred_type);
                }
                None => {
                    answer.bearer_auth_issuers.extend(self.default_bearer_issuer.clone());
                    answer.passport_auth_issuers.extend(self.default_passport_issuer.clone());
                }
            }
        }
        if !answer.bearer_auth_issuers.is_empty() {
            answer.supported_types.push(SupportedType::BearerAuth);
        }
        if !answer.passport_auth_issuers.is_empty() {
            answer.supported_types.push(SupportedType::PassportAuth);
        }
        if preferred.unwrap_or(self.default_preferred) == SupportedType::PassportAuth {
            answer.supported_types.reverse();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> AuthorizationPolicy {
        let known = PathAuthorization {
            bearer_auth_issuers: vec!["b2".into(), "b1".into(), "b1".into()],
            passport_auth_issuers: vec!["p1".into()],
            preferred_type: Some(SupportedType::PassportAuth),
        };
        AuthorizationPolicy {
            by_path: [("/known".to_owned(), known)].into(),
            default_bearer_issuer: Some("default".into()),
            default_passport_issuer: None,
            default_preferred: SupportedType::BearerAuth,
        }
    }

    fn of(authz: &[&str]) -> (Vec<String>, Vec<String>, Vec<SupportedType>) {
        let authz: Vec<String> = authz.iter().map(|path| (*path).to_owned()).collect();
        let answer = policy().of(&Guid::default(), &authz);
        (
            answer.bearer_auth_issuers.into_iter().collect(),
            answer.passport_auth_issuers.into_iter().collect(),
            answer.supported_types,
        )
    }

    #[test]
    fn issuers_are_the_union_over_the_paths() {
        use SupportedType::{BearerAuth, PassportAuth};
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            of(&["/known", "/else"]),
            (texts(&["b1", "b2", "default"]), texts(&["p1"]), vec![PassportAuth, BearerAuth])
        );
        assert_eq!(of(&["/else"]), (texts(&["default"]), vec![], vec![BearerAuth]));
        assert_eq!(of(&[]), (vec![], vec![], vec![]));
        assert_eq!(of(&["/known", "/open"]), (vec![], vec![], vec![SupportedType::None]));
    }
}
