//! The page on which a user lets a client act for them, or not.

use super::frame::{escape, page};
use crate::config::Config;

/// What the page of consent shows.
pub(crate) struct Consent<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    /// The client's name.
    pub(crate) client: &'a str,
    /// Where the browser goes afterwards.
    pub(crate) redirect_uri: &'a str,
    pub(crate) username: &'a str,
    pub(crate) scopes: &'a [String],
    /// The parameters of the request, which come again with the answer.
    pub(crate) carried: &'a [(&'a str, &'a str)],
}

/// What a scope lets a client do.
fn meaning(scope: &str) -> String {
    match scope {
        "user" => "see who you are and what you may do here".into(),
        "data" => "read and write, for you, the data that you may read and write".into(),
        "credentials" => "see and change your API keys".into(),
        "google_link" => "give your own Google account access to data that is kept at Google".into(),
        "google_credentials" => "get temporary Google credentials for data that is kept at Google".into(),
        "google_service_account" => "register Google service accounts for data that is kept at Google".into(),
        "ga4gh_passport_v1" => "see your GA4GH passport and its visas".into(),
        "admin" => "see and change what users may do".into(),
        other => format!("use the scope \u{201c}{other}\u{201d}"),
    }
}

pub(crate) fn consent(config: &Config, consent: &Consent<'_>) -> String {
    let hidden: String = std::iter::once(("csrf_token", consent.csrf_token))
        .chain(consent.carried.iter().copied())
        .map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    let meanings: String =
        consent.scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(&meaning(scope)))).collect();
    let wants = if meanings.is_empty() {
        "<p>It learns that you have an account here, and nothing else.</p>\n".to_owned()
    } else {
        format!("<h2 id=\"wants\">It wants to</h2>\n<ul aria-labelledby=\"wants\">\n{meanings}</ul>\n")
    };
    let site = url::Url::parse(consent.redirect_uri).ok();
    let site = site.as_ref().and_then(|url| url.host_str()).unwrap_or(consent.redirect_uri);
    let privacy = config
        .privacy_policy_url
        .as_deref()
        .filter(|url| !url.is_empty())
        .map(|url| format!("<p><a href=\"{}\" rel=\"noreferrer\">Privacy policy</a></p>\n", escape(url)));
    let client = escape(consent.client);
    let body = format!(
        "<h1>Let {client} act for you?</h1>\n<p>You are logged in to {} as <b>{}</b>.</p>\n{wants}\
         <p>Afterwards your browser goes to <b>{}</b>.</p>\n<form method=\"post\" action=\"{}\">\n{hidden}\
         <div class=\"row\"><button type=\"submit\" name=\"confirm\" value=\"no\">No, go back</button>\n\
         <button type=\"submit\" name=\"confirm\" value=\"yes\" class=\"primary\">Yes, I authorize {client}\
         </button></div>\n</form>\n{}",
        escape(&config.app_name),
        escape(consent.username),
        escape(site),
        escape(consent.action),
        privacy.unwrap_or_default(),
    );
    page(config, &format!("{} asks for consent – {}", consent.client, config.app_name), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_client_sends_is_markup() {
        let page = consent(
            &Config::default(),
            &Consent {
                action: "/user/oauth2/consent",
                csrf_token: "t",
                client: "<b>client",
                redirect_uri: "https://a.example/cb",
                username: "\"><i>",
                scopes: &["data".into(), "<script>".into()],
                carried: &[("state", "\"><script>"), ("\"x", "y")],
            },
        );
        assert!(!page.contains("<script>") && !page.contains("<i>") && !page.contains("\"\"x"), "{page}");
        assert!(page.contains("<h1>Let &lt;b&gt;client act for you?</h1>"), "{page}");
        assert!(page.contains("<b>a.example</b>"), "{page}");
        assert!(page.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;\""), "{page}");
    }
}
