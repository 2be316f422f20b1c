//! What all pages have in common.

use crate::config::Config;

/// What a page may do: nothing but look as it does, and only as a page of its own. `image` is where its image
/// comes from, if it has one.
pub(crate) fn policy(image: Option<&str>) -> String {
    let image = image.map(|source| format!(" img-src {source};")).unwrap_or_default();
    format!("default-src 'none'; style-src 'unsafe-inline';{image} base-uri 'none'; frame-ancestors 'none'")
}

const STYLE: &str = include_str!("style.css");

/// `text` for HTML text and for attribute values in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A whole page: the commons' name and image, and what it is about.
pub(super) fn page(config: &Config, title: &str, body: &str) -> String {
    let title = escape(title);
    let name = escape(&config.app_name);
    let logo = config.logo_url.as_deref().map(str::trim).filter(|address| !address.is_empty());
    // The name stands beside it, so that it says nothing itself.
    let logo = logo.map(|address| format!("<img src=\"{}\" alt=\"\">\n", escape(address)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n{}<span>{name}</span>\n</header>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        logo.unwrap_or_default(),
    )
}
