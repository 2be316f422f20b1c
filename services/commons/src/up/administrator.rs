//! The user.yaml of a commons on one machine: the operator's file with the user `admin` added. Pure.
//!
//! What the file says about `admin`, the role, the policy or a resource of the same name is kept: the
//! operator decides. Everything else of the built-in file is added, so that there is always somebody with
//! every right.

use useryaml::{Resource, UserYaml};

/// Who has every right.
pub(super) const ADMINISTRATOR: &str = "admin";

/// The policy with every right that the administrator has.
pub(super) const POLICY: &str = "commons_administrator";

/// What is added.
pub(crate) const BUILT_IN: &str = include_str!("administrator.yaml");

/// `file` with the administrator added.
pub(crate) fn with_administrator(mut file: UserYaml) -> UserYaml {
    let added = UserYaml::parse(BUILT_IN).expect("the built-in user.yaml has no problems: a test reads it");
    add_resources(&mut file.authz.resources, added.authz.resources);
    add_missing(&mut file.authz.roles, added.authz.roles, |role| &role.id);
    add_missing(&mut file.authz.policies, added.authz.policies, |policy| &policy.id);
    for (name, user) in added.users {
        if file.user_like(&name).is_none() {
            file.users.insert(name, user);
        }
    }
    file
}

/// Adds the items of `more` whose key the list lacks.
fn add_missing<T>(list: &mut Vec<T>, more: Vec<T>, key: impl Fn(&T) -> &str) {
    for item in more {
        if !list.iter().any(|known| key(known) == key(&item)) {
            list.push(item);
        }
    }
}

/// Adds the resources that the tree lacks; those of the same name are merged.
fn add_resources(tree: &mut Vec<Resource>, more: Vec<Resource>) {
    for resource in more {
        match tree.iter_mut().find(|known| known.name == resource.name) {
            Some(known) => add_resources(&mut known.subresources, resource.subresources),
            None => tree.push(resource),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(given: &str) -> UserYaml {
        with_administrator(UserYaml::parse(given).unwrap())
    }

    #[test]
    fn the_file_keeps_what_it_says_and_gets_the_administrator() {
        let given = "
authz:
  resources:
    - {name: programs, subresources: [{name: P}]}
    - {name: services, subresources: [{name: sheepdog, description: ours}]}
  roles: [{id: reader, permissions: [{id: r, action: {service: peregrine, method: read}}]}]
users:
  ada: {policies: []}
";
        let merged = merged(given);
        let resources = &merged.authz.resources;
        let names: Vec<&str> = resources.iter().map(|resource| resource.name.as_str()).collect();
        assert_eq!(names[..3], ["programs", "services", "data_file"]);
        assert_eq!(resources[0].subresources[0].name, "P");
        let sheepdog = &resources[1].subresources[0];
        assert_eq!(
            (sheepdog.description.as_deref(), sheepdog.subresources[0].name.as_str()),
            (Some("ours"), "submission")
        );
        assert_eq!(merged.authz.roles[1].id, "commons_administrator");
        assert_eq!(merged.users["admin"].policies, ["commons_administrator"]);
        assert!(merged.users.contains_key("ada"));
    }

    #[test]
    fn an_administrator_in_the_file_stays_as_the_file_has_it() {
        assert!(merged("users: {admin: {policies: []}}").users["admin"].policies.is_empty());
        assert_eq!(merged("users: {Admin: {policies: []}}").users.keys().collect::<Vec<_>>(), ["Admin"]);
    }

    #[test]
    fn a_file_without_users_and_the_old_section_name_are_fine() {
        assert!(merged("users: {}").users["admin"].admin);
        assert_eq!(merged("rbac: {roles: null}").authz.roles[0].id, "commons_administrator");
    }

    #[test]
    fn what_only_a_yaml_1_1_reader_takes_for_a_string_stays_one() {
        assert!(merged("users: {1e3: {policies: []}}").users.contains_key("1e3"));
    }
}
