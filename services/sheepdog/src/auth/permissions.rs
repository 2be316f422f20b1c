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

/// Permissions that ask for all the methods of `P`, and so contain it.
pub trait Contains<P: Permission>: Permission {}

macro_rules! contained {
    ($($wide:ident: $($narrow:ident)+;)*) => {
        $($(impl Contains<$narrow> for $wide {})+)*

        #[cfg(test)]
        const CONTAINED: &[(&[&str], &[&str])] = &[$($(($wide::METHODS, $narrow::METHODS)),+),*];
    };
}

contained! {
    CommitDryRun: Create Update Delete ChangeState;
    HandleFiles: Read;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_has_all_the_methods_of_those_that_it_contains() {
        for (wide, narrow) in CONTAINED {
            assert!(narrow.iter().all(|method| wide.contains(method)), "{wide:?} and {narrow:?}");
        }
    }
}
