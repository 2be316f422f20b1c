//! What is wrong with a user.yaml.

/// One problem of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, for example `authz.policies[3].role_ids[0]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, with the value that matters.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(path: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), remedy: remedy.into() }
    }

    /// Speaks of the section `authz` by the name that it has in the file.
    pub(crate) fn name_section(&mut self, section: &str) {
        if let Some(rest) = self.path.strip_prefix("authz.") {
            self.path = format!("{section}.{rest}");
        }
        self.remedy = self.remedy.replace("`authz.", &format!("`{section}."));
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}
