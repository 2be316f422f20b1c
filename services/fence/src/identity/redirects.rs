//! Where a login or logout may send the browser.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;
use web::is_loopback;

use crate::config::site;

/// The sites of the redirect addresses in the `client_metadata` of OAuth clients.
pub(crate) fn client_sites(metadata: &[String]) -> BTreeSet<String> {
    let mut sites = BTreeSet::new();
    for text in metadata {
        let Ok(metadata) = serde_json::from_str::<Value>(text) else { continue };
        let addresses = metadata.get("redirect_uris").and_then(Value::as_array).into_iter().flatten();
        let parsed = addresses.filter_map(Value::as_str).filter_map(|address| Url::parse(address).ok());
        sites.extend(parsed.filter_map(|url| site(&url)));
    }
    sites
}

/// Whether a browser may be sent to `target`: a path of our own host, or an http address of a known site.
///
/// Stricter than the original, which takes `//host` for a path. Browsers also take `/\host` for `//host`, and
/// drop tabs, line feeds and outer spaces before they look, so those are refused as well.
pub(crate) fn is_allowed(target: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let is_odd = |c: char| c.is_control() || c == '\\';
    if target.is_empty() || target.trim() != target || target.chars().any(is_odd) {
        return false;
    }
    match Url::parse(target) {
        Err(url::ParseError::RelativeUrlWithoutBase) => is_own_path(target),
        Ok(url) => {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && site(&url).is_some_and(|site| is_known(&site))
        }
        Err(_) => false,
    }
}

/// Whether a browser that reads `target` on one of our pages stays on our host.
fn is_own_path(target: &str) -> bool {
    let Ok(here) = Url::parse("https://own.invalid/user/login/x") else { return false };
    let there = here.join(target);
    !target.starts_with("//") && there.is_ok_and(|there| there.origin() == here.origin())
}

/// `target` as a header can carry it: what is not ASCII is encoded, as browsers do it.
pub(crate) fn location(target: &str) -> String {
    let mut written = String::with_capacity(target.len());
    for c in target.chars() {
        if c.is_ascii_graphic() {
            written.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                written.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    written
}

/// The path of `target`, if it is an address of the very host that the request was made to, and that is a
/// loopback address. A commons is announced by one of its names; whoever opens it by another one, or by a
/// port that is mapped to its own, returns to where they were.
pub(crate) fn path_on(host: &Url, target: &str) -> Option<String> {
    let url = Url::parse(target).ok()?;
    let is_plain =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if !is_plain || !is_loopback(host) || site(&url) != site(host) {
        return None;
    }
    let path = url.as_str().get(url.origin().ascii_serialization().len()..)?.to_owned();
    is_allowed(&path, |_| false).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(target: &str) -> bool {
        is_allowed(target, |site| ["portal.example:3000", "allowed.example"].contains(&site))
    }

    #[test]
    fn own_paths_and_known_sites_are_allowed() {
        for target in [
            "/",
            "/x?y=//z",
            "x",
            "x/y?z=https://evil.example",
            "?x",
            "/é",
            "https://allowed.example/a?b=c",
            "http://portal.example:3000/",
            "https://allowed.example:443/",
        ] {
            assert!(allowed(target), "{target}");
        }
    }

    #[test]
    fn other_sites_are_refused_however_they_are_written() {
        for target in [
            "",
            " /x",
            "//evil.example/",
            "//",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "http://portal.example:3001/",
            "https://allowed.example@evil.example/",
            "https://u@allowed.example/",
            "https://x.allowed.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://allowed.example/",
            "https:evil.example",
            "https:/evil.example",
            "http:\\\\allowed.example",
        ] {
            assert!(!allowed(target), "{target}");
        }
    }

    /// Forms in which somebody might write another site so that it looks like one of ours.
    fn forms(number: usize) -> impl Iterator<Item = String> {
        const PIECES: [&str; 40] = [
            "/",
            "//",
            "\\",
            "/\\",
            ":",
            "@",
            "?",
            "#",
            ".",
            "..",
            ";",
            "%",
            "%2f",
            "%2F%2F",
            "%5c",
            "%09",
            "%00",
            "\t",
            "\n",
            "\r",
            " ",
            "\u{0}",
            "\u{a0}",
            "\u{2028}",
            "\u{ff0f}",
            "\u{3002}",
            "http:",
            "https:",
            "HTTPS:",
            "javascript:",
            "data:",
            "ftp:",
            "evil.example",
            "allowed.example",
            "portal.example:3000",
            "own.example",
            "user",
            "[::1]",
            "0x7f.1",
            "x",
        ];
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        (0..number).map(move |_| (0..=random(7)).map(|_| PIECES[random(PIECES.len())]).collect())
    }

    #[test]
    fn no_form_of_an_address_leaves_the_known_sites() {
        let here = Url::parse("https://own.example/user/login/google").unwrap();
        let known = ["own.example", "portal.example:3000", "allowed.example"];
        let (mut passed, mut seen) = (0, 0);
        for target in forms(10_000) {
            seen += 1;
            if !allowed(&target) {
                continue;
            }
            passed += 1;
            // As a browser reads the header, and as one reads it that takes every backslash for a slash.
            for written in [location(&target), location(&target).replace('\\', "/")] {
                let there = here.join(&written).unwrap();
                assert!(matches!(there.scheme(), "http" | "https"), "{target:?} leads to {there}");
                let site = site(&there).unwrap();
                assert!(known.contains(&site.as_str()), "{target:?} leads to {there}");
            }
        }
        assert!(seen == 10_000 && passed > 300, "the generator makes good ones too: {passed}");
    }

    #[test]
    fn an_address_of_the_host_that_was_asked_is_a_path_there() {
        let path = |host: &str, target: &str| path_on(&Url::parse(host).unwrap(), target);
        let here = "http://127.0.0.1:8080/";
        assert_eq!(path(here, "http://127.0.0.1:8080/query?a=b#c").as_deref(), Some("/query?a=b#c"));
        assert_eq!(path(here, "http://127.0.0.1:8080").as_deref(), Some("/"));
        for other in [
            "http://localhost:8080/",
            "http://127.0.0.1/",
            "http://127.0.0.1:8080//evil.example/",
            "http://u@127.0.0.1:8080/",
            "ftp://127.0.0.1:8080/",
            "/query",
            "",
        ] {
            assert_eq!(path(here, other), None, "{other}");
        }
        assert_eq!(path("http://evil.example/", "http://evil.example/x"), None, "only loopback");
    }

    #[test]
    fn registered_clients_are_known_sites() {
        let metadata = [
            r#"{"redirect_uris": ["https://a.example/cb", "http://b.example:80/"]}"#.to_owned(),
            "broken".into(),
        ];
        assert_eq!(client_sites(&metadata).into_iter().collect::<Vec<_>>(), ["a.example", "b.example"]);
    }
}
