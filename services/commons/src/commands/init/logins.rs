//! How users log in elsewhere, in the words of fence-config.yaml.

use super::{answers::Answers, choices::Integration};

/// The variables that say who the commons is at its provider.
pub(super) const VARIABLES: [&str; 2] = ["LOGIN_CLIENT_ID", "LOGIN_CLIENT_SECRET"];

/// Name, name for people, and settings of the provider.
fn provider(answers: &Answers) -> Option<(&'static str, &'static str, String)> {
    match answers.integration {
        Integration::Standalone => None,
        Integration::Github => {
            let settings = "    # CILogon knows people by their accounts at GitHub, ORCID, Google and \
                            thousands of institutions.\n    # user.yaml names them by the identifier that it \
                            gives them, such as http://cilogon.org/serverA/users/1234,\n    # which a user sees \
                            in the profile after a login. `user_id_field: email` would want addresses that \
                            are verified.\n    scope: 'openid email profile'\n";
            Some(("cilogon", "GitHub, by way of CILogon", settings.to_owned()))
        }
        Integration::Enterprise => {
            let issuer = answers.issuer.as_deref().unwrap_or_default();
            let settings = format!(
                "    name: 'Our institution'\n    discovery_url: \
                 '{issuer}/.well-known/openid-configuration'\n    scope: 'openid email profile'\n    # The \
                 claim that names users, as user.yaml does. It must not be what users can change.\n    \
                 user_id_field: 'preferred_username'\n    # Groups of the provider become groups of user.yaml \
                 with these lines:\n    # is_authz_groups_sync_enabled: true\n    # group_claim_field: \
                 'groups'\n"
            );
            Some(("institution", "Our institution", settings))
        }
    }
}

/// The address that the provider may send browsers back to.
pub(super) fn callback(answers: &Answers) -> Option<String> {
    let (idp, ..) = provider(answers)?;
    Some(format!("{}/user/login/{idp}/login", answers.public_url()))
}

/// The lines about logins, without those that are not about them.
pub(super) fn section(answers: &Answers) -> Option<String> {
    let (idp, name, settings) = provider(answers)?;
    let [id, secret] = VARIABLES;
    let callback = callback(answers)?;
    Some(format!(
        "OPENID_CONNECT:\n  {idp}:\n    # Register the commons there as a confidential client that returns \
         to\n    # {callback}\n    # What it is given is in these variables, and never in this file.\n    \
         client_id: '${{{id}}}'\n    client_secret: '${{{secret}}}'\n{settings}LOGIN_OPTIONS:\n  - name: \
         '{name}'\n    idp: {idp}\n"
    ))
}

/// A whole file for `--login-providers`.
pub(super) fn file(answers: &Answers) -> Option<String> {
    let section = section(answers)?;
    Some(format!(
        "# How users log in, for `commons up --login-providers`. All keys: docs/identity-providers.md\n{section}"
    ))
}

/// A command that asks for both variables without showing the secret.
pub(super) fn asking() -> String {
    let [id, secret] = VARIABLES;
    format!(
        "printf 'client id: ' && read -r {id} && printf 'client secret: ' && read -rs {secret} && export {id} \
         {secret}"
    )
}
