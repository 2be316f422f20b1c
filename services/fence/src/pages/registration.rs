//! The page on which users say who they are.

use super::frame::{escape, page};
use crate::config::Config;

/// What the page of registration shows.
pub(crate) struct Registration<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) username: &'a str,
    /// The user's address, if it is known and not asked for.
    pub(crate) email: Option<&'a str>,
}

pub(crate) fn registration(config: &Config, registration: &Registration<'_>) -> String {
    let field = |name: &str, label: &str, kind: &str, complete: &str| {
        format!(
            "<p><label for=\"{name}\">{label}</label>\n<input id=\"{name}\" name=\"{name}\" type=\"{kind}\" \
             required maxlength=\"255\" autocomplete=\"{complete}\"></p>\n"
        )
    };
    let email = match registration.email {
        Some(known) => format!("<p>Your address is <b>{}</b>.</p>\n", escape(known)),
        None => field("email", "E-mail address", "email", "email"),
    };
    let body = format!(
        "<h1>Register with {}</h1>\n<p>You are logging in as <b>{}</b>. Please say who you are; this commons \
         asks everybody once.</p>\n<form method=\"post\" action=\"{}\">\n\
         <input type=\"hidden\" name=\"csrf_token\" value=\"{}\">\n{}{}{}{email}\
         <p><button type=\"submit\" class=\"primary\">Register</button></p>\n</form>\n",
        escape(&config.app_name),
        escape(registration.username),
        escape(registration.action),
        escape(registration.csrf_token),
        field("firstname", "First name", "text", "given-name"),
        field("lastname", "Last name", "text", "family-name"),
        field("organization", "Organization", "text", "organization"),
    );
    page(config, &format!("Register – {}", config.app_name), &body)
}
