//! What is written, and what comes after it.

use std::path::Path;

use serde::Serialize;

use super::{
    answers::{Answers, Users},
    names,
};

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What a file is, which says how it is checked and who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Settings of `commons up`.
    Settings,
    /// Identity providers for `commons up`.
    Logins,
    /// Values of the chart.
    Values,
    /// fence's configuration.
    Fence,
    /// Users and rights.
    Users,
    /// What compose adds to its file.
    Override,
    /// Variables with passwords.
    Variables,
    /// Something to run.
    Script,
}

impl Kind {
    /// The permissions of the file.
    pub(super) fn mode(self) -> u32 {
        match self {
            Self::Variables => 0o600,
            Self::Script => 0o755,
            Self::Settings | Self::Logins | Self::Values | Self::Fence | Self::Users | Self::Override => {
                0o644
            }
        }
    }
}

/// Something that its reader does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) what: &'static str,
    pub(super) command: String,
}

impl Step {
    pub(super) fn new(what: &'static str, command: impl Into<String>) -> Self {
        Self { what, command: command.into() }
    }
}

/// Files and steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) files: Vec<File>,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    pub(super) fn file(&mut self, name: &'static str, kind: Kind, text: impl Into<String>) {
        self.files.push(File { name, text: text.into(), kind });
    }

    pub(super) fn step(&mut self, what: &'static str, command: impl Into<String>) {
        self.steps.push(Step::new(what, command));
    }
}

/// What is known beside the answers.
pub(super) struct Place<'a> {
    /// The folder of the files, as the user names it.
    pub(super) folder: &'a Path,
    /// What the file `.env` in it says so far.
    pub(super) variables: &'a str,
    /// A new secret.
    pub(super) secret: &'a dyn Fn() -> String,
    /// The day, as `2026-01-31`.
    pub(super) today: &'a str,
}

impl Place<'_> {
    /// A file of the folder as a word of a shell command.
    pub(super) fn path(&self, name: &str) -> String {
        let path = if self.folder == Path::new(".") { name.into() } else { self.folder.join(name) };
        names::quoted(&path.to_string_lossy())
    }
}

/// How a first line says where a file is from.
pub(super) fn origin(answers: &Answers) -> String {
    format!("`commons init --path {} --integration {}`", answers.path.name(), answers.integration.name())
}

/// What `commons user sync` takes where there is no git, and what it reads: a file of this machine comes by
/// standard input.
pub(super) fn without_git(users: &Users) -> anyhow::Result<(String, String)> {
    match users {
        Users::Here(file) => {
            Ok(("/dev/stdin".to_owned(), format!(" <{}", names::quoted(&file.to_string_lossy()))))
        }
        Users::Elsewhere(source) if source.starts_with("git+") => {
            let address = names::raw_address(source).ok_or_else(|| {
                let told = format!(
                    "--users {source}: there is no git in a container; give the https address of the file, \
                     or a checkout"
                );
                crate::failure::Failure::Prerequisite(told)
            })?;
            Ok((address, String::new()))
        }
        Users::Elsewhere(source) => Ok((source.clone(), String::new())),
    }
}

/// A template with values in the places of `@NAME@`. What a value has in it is not looked at again.
pub(super) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('@') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let named = after.split_once('@');
        let value = named.and_then(|(name, _)| values.iter().find(|(known, _)| *known == name));
        match (named, value) {
            (Some((_, behind)), Some((_, value))) => {
                text.push_str(value);
                rest = behind;
            }
            _ => {
                text.push('@');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn values_take_the_places_of_their_names_and_other_signs_stay() {
        let values = [("A", "@B@"), ("B", "b")];
        assert_eq!(filled("@A@ @B@ x@y @C@ @", &values), "@B@ b x@y @C@ @");
    }
}
