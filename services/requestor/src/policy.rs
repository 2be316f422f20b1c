//! Names of policies, and paths below paths. Pure.

use std::collections::HashSet;

use policystore::SimpleRole;

/// The roles of a policy that is made for a request without roles: reading and downloading.
pub(crate) const READING: [SimpleRole; 3] = [
    SimpleRole { id: "peregrine_reader", permission: "reader", service: "peregrine", method: "read" },
    SimpleRole { id: "guppy_reader", permission: "reader", service: "guppy", method: "read" },
    SimpleRole {
        id: "fence_storage_reader",
        permission: "storage_reader",
        service: "fence",
        method: "read-storage",
    },
];

/// The name of the policy that is made for these resources and roles: `/a/b` and `/c` with `r` are
/// `a.b_c_r`, and without roles `a.b_c_accessor`.
pub(crate) fn name(resource_paths: &[String], role_ids: &[String]) -> String {
    // What stands before the first slash is dropped.
    let path = |path: &String| path.split('/').skip(1).collect::<Vec<_>>().join(".");
    let mut parts: Vec<String> = resource_paths.iter().map(path).collect();
    if role_ids.is_empty() {
        parts.push("accessor".to_owned());
    }
    parts.extend(role_ids.iter().map(|role| role.replace('/', "")));
    parts.join("_")
}

/// Resources, each of which stands for all below it.
#[derive(Debug, Default)]
pub(crate) struct Covered(HashSet<String>);

impl Covered {
    pub(crate) fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        Self(paths.into_iter().map(|path| path.trim_end_matches('/').to_owned()).collect())
    }

    /// Whether `path` or one above it is among them.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| self.0.contains(&path[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_get_the_originals_names() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let paths = texts(&["/study/123456", "other_path/study/7890", "/another_resource"]);
        let roles = texts(&["study_registrant", "/other-resource-user", "/study-user"]);
        assert_eq!(
            name(&paths, &roles),
            "study.123456_study.7890_another_resource_study_registrant_other-resource-user_study-user"
        );
        assert_eq!(name(&texts(&["/a/b"]), &[]), "a.b_accessor");
    }

    #[test]
    fn a_resource_covers_itself_and_what_is_below_it() {
        let covered = Covered::of(["/a/b", "/c/"]);
        for (path, expected) in
            [("/a/b", true), ("/a/b/c", true), ("/a/bc", false), ("/a", false), ("/c", true), ("/c/d/", true)]
        {
            assert_eq!(covered.has(path), expected, "{path}");
        }
        assert!(Covered::of(["/"]).has("/a") && !Covered::default().has("/a"));
    }
}
