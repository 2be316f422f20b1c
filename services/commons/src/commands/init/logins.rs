//! How users log in elsewhere, in the words of fence-config.yaml.

use super::{answers::Answers, choices::Integration, plan::filled};

/// The variables that say who the commons is at its provider.
pub(super) const VARIABLES: [&str; 2] = ["LOGIN_CLIENT_ID", "LOGIN_CLIENT_SECRET"];
/// The name of the file for `--login-providers`.
pub(super) const FILE: &str = "login-providers.yaml";

/// The name of the provider, and what is said of it.
fn provider(answers: &Answers) -> Option<(&'static str, &'static str)> {
    match answers.integration {
        Integration::Standalone => None,
        Integration::Github => Some(("cilogon", include_str!("templates/github.yaml"))),
        Integration::Enterprise => Some(("institution", include_str!("templates/enterprise.yaml"))),
    }
}

/// The address that the provider may send browsers back to.
pub(super) fn callback(answers: &Answers) -> Option<String> {
    let (idp, _) = provider(answers)?;
    Some(format!("{}/user/login/{idp}/login", answers.public_url()))
}

/// The lines of fence's configuration about logins.
pub(super) fn section(answers: &Answers) -> Option<String> {
    let (_, template) = provider(answers)?;
    let (callback, issuer) = (callback(answers)?, answers.issuer.as_deref().unwrap_or_default());
    Some(filled(template, &[("CALLBACK", &callback), ("ISSUER", issuer)]))
}

/// A whole file for `--login-providers`.
pub(super) fn file(answers: &Answers) -> Option<String> {
    let section = section(answers)?;
    let head = "# How users log in, for `commons up --login-providers`. All keys: docs/identity-providers.md";
    Some(format!("{head}\n{section}"))
}

/// A command that asks for both variables without showing the secret.
pub(super) fn asking() -> String {
    let [id, secret] = VARIABLES;
    format!(
        "printf 'client id: ' && read -r {id} && printf 'client secret: ' && read -rs {secret} && \
         export {id} {secret}"
    )
}
