//! What the operator's files mean. Pure.

use serde_json::Value;

use super::theme;

/// The name of a commons that has not been given one.
const TITLE: &str = "Gen3 Data Commons";
/// What search engines show of it.
const DESCRIPTION: &str = "Find, understand and use the research data of this commons.";
/// Origins that a policy names at most.
const MOST_ORIGINS: usize = 50;

/// Everything at one time.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(super) gitops: Value,
    pub(super) colours: Value,
    /// The logo's file name.
    pub(crate) logo: Option<String>,
    pub(crate) has_own_styles: bool,
    /// Declarations for the pages' style.
    pub(crate) theme: String,
    /// Origins that pages may ask (`connectSrcCSPWhitelist`).
    pub(crate) origins: Vec<String>,
    /// What the operator should look at.
    pub(super) warnings: Vec<String>,
}

impl Settings {
    pub(super) fn new(gitops: Value, colours: Value) -> Self {
        let mut warnings = Vec::new();
        let asked = [&gitops["theme"]["accent"], &colours["primary"]["DEFAULT"], &colours["primary"]];
        let accent = asked.into_iter().find_map(Value::as_str);
        let theme = match accent.map(|text| (text, theme::Colour::read(text))) {
            None => String::new(),
            Some((_, Some(colour))) => {
                let accents = theme::Accents::of(colour);
                warnings.extend(accents.warning());
                accents.css()
            }
            Some((text, None)) => {
                warnings.push(format!("the colour {text} is not like #1a2b3c"));
                String::new()
            }
        };
        let listed = gitops["connectSrcCSPWhitelist"].as_array().into_iter().flatten();
        let (origins, others): (Vec<_>, Vec<_>) = listed
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .take(MOST_ORIGINS)
            .partition(|o| is_origin(o));
        warnings.extend(others.iter().map(|other| format!("connectSrcCSPWhitelist: {other} is no origin")));
        Self { gitops, colours, theme, origins, warnings, ..Self::default() }
    }

    /// The name of the commons.
    pub(crate) fn title(&self) -> &str {
        self.gitops["components"]["appName"].as_str().unwrap_or(TITLE)
    }

    /// What search engines show.
    pub(crate) fn description(&self) -> &str {
        let components = &self.gitops["components"];
        let own = components["metaDescription"].as_str();
        own.or_else(|| components["index"]["introduction"]["text"].as_str()).unwrap_or(DESCRIPTION)
    }

    /// A part of `gitops.json`.
    pub(crate) fn part(&self, name: &str) -> &Value {
        &self.gitops[name]
    }
}

/// Whether a policy may name it: scheme and host, and nothing that could end the directive.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || ".-:*".contains(letter);
    host.is_some_and(|host| !host.is_empty() && host.chars().all(is_letter))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn origins_that_would_widen_the_policy_are_left_out_and_told() {
        let listed = ["https://api.example.org", "https://a.example; script-src *", "'unsafe-inline'"];
        let settings = Settings::new(json!({ "connectSrcCSPWhitelist": listed }), Value::Null);
        assert_eq!(settings.origins, ["https://api.example.org"]);
        assert_eq!(settings.warnings.len(), 2);
    }

    #[test]
    fn the_colour_is_the_gitops_own_or_the_frameworks() {
        let framework = json!({ "primary": { "DEFAULT": "#005ea2" } });
        assert!(Settings::new(Value::Null, framework.clone()).theme.contains("--accent-light:#005ea2"));
        let own = Settings::new(json!({ "theme": { "accent": "#0b6b3a" } }), framework);
        assert!(own.theme.contains("--accent-light:#0b6b3a") && own.warnings.is_empty());
        let odd = Settings::new(json!({ "theme": { "accent": "red}" } }), Value::Null);
        assert_eq!((odd.theme.as_str(), odd.warnings.len()), ("", 1));
    }
}
