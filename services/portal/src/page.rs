//! The HTML of pages, and what a browser may do on them.

use rand::RngExt as _;
use serde_json::Value;

use crate::assets::public_name;

/// Where `index.html` wants what the server knows.
const HEAD: &str = "<!--head-->";

/// A page with the policy under which the browser shows it.
pub(crate) struct Page {
    pub(crate) html: String,
    /// Value of `Content-Security-Policy`.
    pub(crate) policy: String,
}

/// A number that nobody can guess, used once.
pub(crate) fn nonce() -> String {
    let nonce: [u8; 16] = rand::rng().random();
    nonce.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a page of the portal says of itself before its script runs.
pub(crate) struct Head<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    /// What the page begins with; [`crate::boot`] makes it.
    pub(crate) boot: &'a Value,
    /// Declarations of the operator's colours.
    pub(crate) theme: &'a str,
    /// Whether the operator has a style sheet too.
    pub(crate) has_own_styles: bool,
    /// Origins that the operator lets pages ask.
    pub(crate) origins: &'a [String],
}

/// A page of the portal, made of the document `index`. `nonce` must be new for each answer: the one style
/// element here has it, and those that controls of the page make.
pub(crate) fn portal(nonce: &str, index: &str, head: &Head<'_>) -> Page {
    let origins: String = head.origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; connect-src 'self'{origins}; worker-src 'self'; frame-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    );
    let (title, description) = (escaped(head.title), escaped(head.description));
    // In a script element nothing but its end tag has a meaning.
    let boot = head.boot.to_string().replace('<', "\\u003c");
    let own = if head.has_own_styles {
        "<link rel=\"stylesheet\" href=\"/src/css/themeoverrides.css\">\n"
    } else {
        ""
    };
    let lines = format!(
        "<meta name=\"description\" content=\"{description}\">\n\
         <meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:description\" content=\"{description}\">\n\
         <meta property=\"csp-nonce\" nonce=\"{nonce}\">\n\
         <style nonce=\"{nonce}\">{theme}</style>\n{own}\
         <script type=\"application/json\" id=\"boot\">{boot}</script>",
        theme = head.theme,
    );
    let html = index.replacen(HEAD, &lines, 1);
    let html = html.replacen("<title>Gen3 Data Commons</title>", &format!("<title>{title}</title>"), 1);
    Page { html, policy }
}

/// Text as HTML shows it, also in an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The query page. `nonce` must be new for each answer: it lets the page's script put style elements into the
/// page, which its dialogs do.
pub(crate) fn query(nonce: &str) -> Page {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="style-nonce" content="{nonce}">
<title>Query</title>
<link rel="icon" href="data:,">
<link rel="license" href="/query/assets/{licenses}">
<link rel="stylesheet" href="/query/assets/{css}">
<script src="/query/assets/{js}" defer></script>
</head>
<body>
<div id="query">
<p>The query page is starting. It needs JavaScript;
queries can also be posted to <code>/api/v0/submission/graphql</code>.</p>
</div>
</body>
</html>
"#,
        licenses = public_name("LICENSES.txt"),
        css = public_name("graphiql.css"),
        js = public_name("graphiql.js"),
    );
    Page { html, policy }
}
