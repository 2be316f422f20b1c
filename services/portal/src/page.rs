//! The HTML around GraphiQL, and what a browser may do on the page.

use crate::assets::public_name;

/// A page with the policy under which the browser shows it.
pub(crate) struct Page {
    pub(crate) html: String,
    /// Value of `Content-Security-Policy`.
    pub(crate) policy: String,
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
