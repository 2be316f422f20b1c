//! The files that `commons up` is given.

use std::{fs, path::Path};

use useryaml::UserYaml;

use super::finding::Finding;
use crate::{dictionaries, failure, up};

/// The dictionary at `source`, or the built-in one.
pub(super) async fn dictionary(source: Option<&str>) -> Finding {
    const WHAT: &str = "dictionary";
    let source = source.filter(|source| *source != dictionaries::BUILT_IN);
    let shown = source.unwrap_or(dictionaries::BUILT_IN);
    match dictionaries::read(source).await {
        Ok(dictionary) if dictionary.warnings.is_empty() => {
            Finding::ok(WHAT, format!("{shown}: {} node types", dictionary.nodes.len()))
        }
        Ok(dictionary) => {
            let plural = if dictionary.warnings.len() == 1 { "" } else { "s" };
            let said = format!("{shown} has {} warning{plural}", dictionary.warnings.len());
            Finding::warning(WHAT, said, format!("`commons dictionary check {shown}` lists them"))
        }
        Err(error) => Finding::error(
            WHAT,
            failure::message(&error),
            format!("`commons dictionary check {shown}` lists everything that is wrong with it"),
        ),
    }
}

/// The file with identity providers. `variable` knows the variables that it names.
pub(super) fn login_providers(
    file: &Path,
    public_url: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Finding {
    const WHAT: &str = "logins";
    match up::check_login_providers(file, public_url, variable) {
        Ok(()) => Finding::ok(WHAT, format!("{} can be used", file.display())),
        Err(error) => {
            let said = format!("{}: {}", file.display(), failure::message(&error));
            Finding::error(WHAT, said, "look at --login-providers; docs/identity-providers.md has its keys")
        }
    }
}

/// The file with users and rights.
pub(super) fn user_yaml(file: &Path) -> Finding {
    const WHAT: &str = "user.yaml";
    const TOLD: usize = 10;
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            let said = format!("{} cannot be read: {error}", file.display());
            return Finding::error(WHAT, said, "look at --user-yaml");
        }
    };
    match UserYaml::parse(&text) {
        Ok(users) => Finding::ok(WHAT, format!("{}: {} users", file.display(), users.users.len())),
        Err(problems) => {
            let mut lines: Vec<String> = problems.iter().take(TOLD).map(ToString::to_string).collect();
            if let Some(more @ 1..) = problems.len().checked_sub(TOLD) {
                lines.push(format!("and {more} more"));
            }
            Finding::told(WHAT, format!("{} cannot be used:\n{}", file.display(), lines.join("\n")))
        }
    }
}
