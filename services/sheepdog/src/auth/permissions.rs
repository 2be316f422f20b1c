//! What callers may be permitted to do.

use authz::Permission;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($method:literal)+;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Permission for $name {
            const SERVICE: &'static str = "sheepdog";
            const METHODS: &'static [&'static str] = &[$($method),+];
        }
    )* };
}

permissions! {
    /// Reading records.
    Read: "read";
    /// Making nodes (`POST`).
    Create: "create";
    /// Making and changing nodes (`PUT`).
    Update: "create" "update";
    /// Deleting nodes, and properties of nodes.
    Delete: "delete";
    /// Changing the state of a project.
    ChangeState: "release";
    /// Doing a dry run again for real, whatever it did.
    CommitDryRun: "create" "update" "delete" "release" "review" "submit";
    /// Closing a dry run.
    CloseDryRun: "update";
    /// Handling the files of a project.
    HandleFiles: "create" "update" "delete" "download" "read";
    /// Making, changing and deleting programs.
    ManagePrograms: "*";
    /// Making, changing and deleting projects.
    ManageProjects: "*";
}

/// A permission that is given on a resource of sheepdog's own.
pub trait Administration: Permission {
    /// The resource.
    const RESOURCE: &'static str;
    /// What those without it are told.
    const REFUSAL: &'static str;
}

impl Administration for ManagePrograms {
    const RESOURCE: &'static str = "/services/sheepdog/submission/program";
    const REFUSAL: &'static str = "Unauthorized: User must be Sheepdog program admin";
}

impl Administration for ManageProjects {
    const RESOURCE: &'static str = "/services/sheepdog/submission/project";
    const REFUSAL: &'static str = "Unauthorized: User must be Sheepdog project admin";
}

/// Whether a permission with the methods `all` contains one with the methods `wanted`.
pub(super) const fn contains_all(all: &[&str], wanted: &[&str]) -> bool {
    let mut number = 0;
    while number < wanted.len() {
        if !contains(all, wanted[number]) {
            return false;
        }
        number += 1;
    }
    true
}

const fn contains(all: &[&str], wanted: &str) -> bool {
    let mut number = 0;
    while number < all.len() {
        if same(all[number].as_bytes(), wanted.as_bytes()) {
            return true;
        }
        number += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut number = 0;
    while number < a.len() && number < b.len() && a[number] == b[number] {
        number += 1;
    }
    number == a.len() && number == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_contains_those_whose_methods_it_has() {
        assert!(contains_all(CommitDryRun::METHODS, Update::METHODS));
        assert!(!contains_all(Update::METHODS, Delete::METHODS));
        assert!(!contains_all(&["creat", "created"], Create::METHODS));
    }
}
