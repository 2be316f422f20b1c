//! The user.yaml of a commons on one machine: the operator's file with the user `admin` added. Pure.
//!
//! What the file says about `admin`, the role, the policy or a resource of the same name is kept: the
//! operator decides. Everything else of the built-in file is added, so that there is always somebody with
//! every right.

use serde_yaml_ng::{Mapping, Value};

/// What is added.
const BUILT_IN: &str = include_str!("administrator.yaml");

/// `given` with the administrator added. Without `given`, the built-in file alone.
///
/// # Errors
/// When `given` is not a YAML mapping.
pub(crate) fn with_administrator(given: Option<&str>) -> Result<String, serde_yaml_ng::Error> {
    let Some(given) = given else { return Ok(BUILT_IN.to_owned()) };
    let mut file: Mapping = serde_yaml_ng::from_str::<Option<Mapping>>(given)?.unwrap_or_default();
    let added: Mapping = serde_yaml_ng::from_str(BUILT_IN)?;
    // `rbac` is the old name of the section.
    let section = if file.contains_key("rbac") && !file.contains_key("authz") { "rbac" } else { "authz" };
    let authz = entry(&mut file, section);
    for (list, key) in [("resources", "name"), ("roles", "id"), ("policies", "id")] {
        let more = added.get("authz").and_then(|authz| authz.get(list));
        add_items(authz, list, key, more);
    }
    let users = entry(&mut file, "users");
    for (name, user) in added.get("users").and_then(Value::as_mapping).into_iter().flatten() {
        if !users.contains_key(name) {
            users.insert(name.clone(), user.clone());
        }
    }
    serde_yaml_ng::to_string(&file)
}

/// The mapping at `key`, made if there is none.
fn entry<'m>(mapping: &'m mut Mapping, key: &str) -> &'m mut Mapping {
    let value = mapping.entry(key.into()).or_insert(Value::Null);
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    value.as_mapping_mut().expect("made a mapping in the line before")
}

/// Adds the items of `more` that the list lacks, compared by their `key`. Resources of the same name are
/// merged.
fn add_items(parent: &mut Mapping, list: &str, key: &str, more: Option<&Value>) {
    let Some(more) = more.and_then(Value::as_sequence) else { return };
    let value = parent.entry(list.into()).or_insert(Value::Null);
    if !value.is_sequence() {
        *value = Value::Sequence(Vec::new());
    }
    let items = value.as_sequence_mut().expect("made a sequence in the line before");
    for item in more {
        let known = items.iter_mut().find(|known| known.get(key) == item.get(key));
        match known.map(|known| known.as_mapping_mut()) {
            None => items.push(item.clone()),
            Some(Some(known)) => add_items(known, "subresources", key, item.get("subresources")),
            Some(None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(given: &str) -> Value {
        serde_yaml_ng::from_str(&with_administrator(Some(given)).unwrap()).unwrap()
    }

    #[test]
    fn the_file_keeps_what_it_says_and_gets_the_administrator() {
        let given = "
authz:
  resources:
    - {name: programs, subresources: [{name: P}]}
    - {name: services, subresources: [{name: sheepdog, description: ours}]}
  roles: [{id: reader, permissions: []}]
users:
  ada: {policies: []}
";
        let merged = merged(given);
        let names: Vec<_> =
            merged["authz"]["resources"].as_sequence().unwrap().iter().map(|r| r["name"].clone()).collect();
        assert_eq!(names[..3], ["programs", "services", "data_file"]);
        assert_eq!(merged["authz"]["resources"][0]["subresources"][0]["name"], "P");
        let sheepdog = &merged["authz"]["resources"][1]["subresources"][0];
        assert_eq!(
            (&sheepdog["description"], &sheepdog["subresources"][0]["name"]),
            (&"ours".into(), &"submission".into())
        );
        assert_eq!(merged["authz"]["roles"][1]["id"], "commons_administrator");
        assert_eq!(merged["users"]["admin"]["policies"][0], "commons_administrator");
        assert!(merged["users"].get("ada").is_some());
    }

    #[test]
    fn an_administrator_in_the_file_stays_as_the_file_has_it() {
        let merged = merged("users: {admin: {policies: []}}");
        assert_eq!(merged["users"]["admin"]["policies"].as_sequence().map(Vec::len), Some(0));
    }

    #[test]
    fn an_empty_file_and_the_old_section_name_are_fine() {
        assert_eq!(merged("")["users"]["admin"]["admin"], true);
        assert_eq!(merged("rbac: {roles: null}")["rbac"]["roles"][0]["id"], "commons_administrator");
    }
}
