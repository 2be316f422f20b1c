//! Legacy access: methods on projects that a user.yaml gives to users without naming a policy.

use useryaml::UserYaml;

/// A method on a resource, for which usersync makes a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LegacyRight<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a str,
}

impl LegacyRight<'_> {
    /// Returns the policy's name: `programs.A-read` for reading `/programs/A`.
    pub(super) fn policy(&self) -> String {
        let parts: Vec<&str> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        format!("{}-{}", parts.join("."), self.method)
    }
}

/// Returns users and their legacy rights, without those on projects that have no resource.
pub(super) fn rights(file: &UserYaml) -> impl Iterator<Item = (&str, LegacyRight<'_>)> {
    file.users.iter().flat_map(|(name, user)| {
        let resolved =
            user.projects.iter().filter_map(|project| Some((project, file.authz.resource_of(project)?)));
        resolved.flat_map(move |(project, path)| {
            project.privilege.iter().map(move |method| (name.as_str(), LegacyRight { path, method }))
        })
    })
}
