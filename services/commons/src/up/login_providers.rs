//! Identity providers of a commons on one machine: `--login-providers FILE`.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::documents;

/// What of fence's configuration is about logins through others. Other keys are refused: they would change
/// nothing.
const KEYS: [&str; 6] = [
    PROVIDERS,
    "LOGIN_OPTIONS",
    "DEFAULT_LOGIN_IDP",
    "HIDE_IDPS",
    "LOGIN_REDIRECT_WHITELIST",
    "ALLOW_NEW_USER_ON_LOGIN",
];
const PROVIDERS: &str = "OPENID_CONNECT";
/// What of a provider may be named by a variable.
const BY_VARIABLE: [&str; 2] = ["client_id", "client_secret"];

/// Whether a commons at the address `public_url` could start with the providers of a file.
///
/// # Errors
/// What is wrong with it, or which variable is missing.
pub(crate) fn check(
    file: &Path,
    public_url: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let base_url = format!("{}/user", public_url.trim_end_matches('/'));
    let mut config = fence::Config { base_url, ..fence::Config::default() };
    add(&mut config, documents::yaml(file)?, variable)
}

/// Adds the providers of a document to a configuration. `variable` knows the variables of the environment:
/// `client_id: '${NAME}'` and the secret with it are taken from there, so that the file has neither.
///
/// # Errors
/// What is wrong with the document, or which variable is missing.
pub(super) fn add(
    config: &mut fence::Config,
    mut document: Value,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let keys = document.as_object().map(serde_json::Map::keys);
    if let Some(unknown) = keys.into_iter().flatten().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("{unknown} is not about logins through others; it may have {}", KEYS.join(", "));
    }
    fill_in(&mut document, variable)?;
    let more = fence::Config::from_document(&document)?;
    config.openid_connect = more.openid_connect;
    config.login_options = more.login_options;
    config.default_login_idp = more.default_login_idp;
    config.hide_idps = more.hide_idps;
    config.login_redirect_whitelist = more.login_redirect_whitelist;
    config.allow_new_user_on_login = more.allow_new_user_on_login;
    config.can_start()?;
    Ok(())
}

/// Puts the values of variables in the places of `${NAME}`.
fn fill_in(document: &mut Value, variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let Some(Value::Object(providers)) = document.get_mut(PROVIDERS) else { return Ok(()) };
    for (idp, provider) in providers {
        for key in BY_VARIABLE {
            let Some(Value::String(text)) = provider.get_mut(key) else { continue };
            let named = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            if let Some(name) = named {
                let value = variable(name).filter(|value| !value.is_empty());
                *text = value.with_context(|| {
                    format!("{PROVIDERS}.{idp}.{key} is the variable {name}, which is not set; export it")
                })?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn added(document: Value) -> Result<fence::Config, String> {
        let mut config =
            fence::Config { base_url: "https://c.example/user".into(), ..fence::Config::default() };
        let variable = |name: &str| (name == "KNOWN").then(|| "from the environment".to_owned());
        add(&mut config, document, &variable).map_err(|error| format!("{error:#}"))?;
        Ok(config)
    }

    #[test]
    fn providers_are_taken_with_what_variables_say_of_them() {
        let config = added(json!({
            "OPENID_CONNECT": {
                "lab": {"client_id": "${KNOWN}", "client_secret": "${KNOWN}", "scope": "${X}"},
            },
            "LOGIN_OPTIONS": [{"name": "Our lab", "idp": "lab"}],
            "ALLOW_NEW_USER_ON_LOGIN": false,
        }))
        .unwrap();
        let lab = &config.openid_connect["lab"];
        assert_eq!((lab.client_id.as_str(), lab.scope.as_str()), ("from the environment", "${X}"));
        assert!(!config.allow_new_user_on_login && config.login_options.len() == 1);
        assert!(added(Value::Null).unwrap().openid_connect.is_empty());
    }

    #[test]
    fn what_is_not_about_logins_and_what_is_not_known_is_refused() {
        let provider = |provider: Value| json!({ "OPENID_CONNECT": { "lab": provider } });
        for (wrong, told) in [
            (json!({"BASE_URL": "x"}), "BASE_URL is not about logins"),
            (
                provider(json!({"client_secret": "${OTHER}"})),
                "OPENID_CONNECT.lab.client_secret is the variable",
            ),
            (provider(json!({"client_id": "a", "mock": true})), "mock"),
            (json!({"DEFAULT_LOGIN_IDP": "lab"}), "lab"),
            (json!({"OPENID_CONNECT": []}), "sequence"),
            (json!([]), "mapping"),
        ] {
            let refused = added(wrong.clone()).unwrap_err();
            assert!(refused.contains(told), "{wrong}: {refused}");
        }
    }
}
