//! Pages that only tell something: failures, and the privacy policy.

use actix_web::http::StatusCode;

use super::frame::{escape, page};
use crate::config::Config;

/// What a browser sees of a failed request.
pub(crate) fn error(config: &Config, status: StatusCode, message: &str, id: &str) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    let contact = config
        .support_email_for_errors
        .as_deref()
        .map(|address| format!("<p>If this goes on, write to {}.</p>\n", escape(address)));
    let body = format!(
        "<h1>{} {reason}</h1>\n<p>{}</p>\n<p>Error identifier: <code>{}</code></p>\n{}",
        status.as_u16(),
        escape(message),
        escape(id),
        contact.unwrap_or_default()
    );
    page(config, &format!("{} – {}", status.as_u16(), config.app_name), &body)
}

/// The privacy policy, as it is written.
pub(crate) fn privacy_policy(config: &Config, text: &str) -> String {
    let body = format!("<pre class=\"text\">{}</pre>\n", escape(text));
    page(config, &format!("Privacy policy – {}", config.app_name), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_text_and_never_markup() {
        let page = error(&Config::default(), StatusCode::NOT_FOUND, "no <i>", "1");
        assert!(page.contains("<h1>404 Not Found</h1>\n<p>no &lt;i&gt;</p>"), "{page}");
    }
}
