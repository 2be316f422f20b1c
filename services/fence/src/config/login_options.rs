//! What login pages offer.

use indexmap::IndexMap;
use serde::Deserialize;

use super::switch::Switch;

/// One line of a login page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LoginOption {
    /// What the button says.
    pub name: String,
    /// Which provider: a key of `OPENID_CONNECT`, or `dev`.
    pub idp: String,
    /// Explanation beside the button.
    pub desc: Option<String>,
    /// Whether it is shown less prominently.
    pub secondary: Switch,
    /// The identity providers behind this one that can be chosen here.
    pub upstream_idps: Upstreams,
    /// One such provider, in an older form.
    pub fence_idp: Option<String>,
    /// Shibboleth identity providers that can be chosen here.
    pub shib_idps: Upstreams,
}

/// Identity providers behind another one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Upstreams {
    /// These.
    These(Vec<String>),
    /// `*`, all that the other one has.
    All(String),
}

impl Default for Upstreams {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Upstreams {
    /// Whether there are none.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::These(names) if names.is_empty())
    }

    /// Their identifiers; `None` for all.
    pub(crate) fn listed(&self) -> Option<&[String]> {
        match self {
            Self::These(names) => Some(names),
            Self::All(_) => None,
        }
    }
}

/// `ENABLED_IDENTITY_PROVIDERS`: the older form of `LOGIN_OPTIONS` and `DEFAULT_LOGIN_IDP`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EnabledProviders {
    /// The default provider.
    pub default: Option<String>,
    /// Providers with what is said of them.
    pub providers: IndexMap<String, LoginOption>,
}

impl EnabledProviders {
    /// The same in the newer form.
    pub(super) fn options(&self) -> Vec<LoginOption> {
        let option =
            |(idp, option): (&String, &LoginOption)| LoginOption { idp: idp.clone(), ..option.clone() };
        self.providers.iter().map(option).collect()
    }
}
