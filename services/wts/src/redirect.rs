//! Where a user may be sent after a login: to paths of the commons alone. Pure.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

/// It stands in a cookie, encrypted; browsers keep cookies of up to 4096 bytes.
const LONGEST: usize = 1_500;
/// What may not stand in a header. `%` stays: the path may be encoded already.
const UNSENDABLE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// The path, as a `Location` that no browser takes for another site; none for anything else.
///
/// Browsers read `\` as `/` and leave out tabs and line feeds, so that `/\host` and `/<tab>/host` lead to
/// another site as `//host` does.
pub(crate) fn relative(text: &str) -> Option<String> {
    let is_odd = |letter: char| letter == '\\' || letter.is_control();
    if !text.starts_with('/') || text.starts_with("//") || text.contains(is_odd) || text.len() > LONGEST {
        return None;
    }
    let encoded = utf8_percent_encode(text, UNSENDABLE).to_string();
    let here = Url::parse("https://here.invalid/").ok()?;
    let there = here.join(&encoded).ok()?;
    (there.origin() == here.origin()).then_some(encoded).filter(|encoded| encoded.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_as_they_are() {
        for path in ["/", "/workspace", "/a/b?c=d&e=/f#g", "/a//b", "/%2F%2Fexample.org", "/a:b@c"] {
            assert_eq!(relative(path).as_deref(), Some(path));
        }
        assert_eq!(relative("/ä b").as_deref(), Some("/%C3%A4%20b"));
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for text in [
            "",
            "workspace",
            "//example.org",
            "///example.org",
            "/\\example.org",
            "\\/example.org",
            "\\\\example.org",
            "/\t/example.org",
            "/\n/example.org",
            "/\r\nLocation: https://example.org",
            "\t//example.org",
            " //example.org",
            "https://example.org",
            "https:/example.org",
            "javascript:alert(1)",
            "/a\\b",
            "/\u{0}",
            "/\u{85}/example.org",
        ] {
            assert_eq!(relative(text), None, "{text:?}");
        }
        assert_eq!(relative(&format!("/{}", "a".repeat(LONGEST))), None);
        assert_eq!(relative(&format!("/{}", "ä".repeat(600))), None);
    }
}
