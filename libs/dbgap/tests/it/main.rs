//! Access files and user.yaml together.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use dbgap::{Access, FileError, Settings, StudyProjects};
use serde_json::{Value, json};
use useryaml::UserYaml;

const HEAD: &str = "user name, login, authority, role, email, phone, status, phsid, permission set, created, \
                    updated, expires, downloader for\n";
const FILE: &str = "sync/authentication_file_phs000178.csv";

fn settings(value: Value) -> Settings {
    serde_json::from_value(value).unwrap()
}

fn row(login: &str, study: &str) -> String {
    format!("\"Doe, {login}\",{login},eRA,PI,{login}@x.org,1,active,{study},set,2017,2017,2018,The PI\n")
}

/// The projects of each user: `auth_id path methods`.
fn access(file: &UserYaml) -> BTreeMap<String, Vec<String>> {
    let of = |user: &useryaml::User| {
        let told = user.projects.iter().map(|project| {
            let path = file.authz.resource_of(project).unwrap_or("nowhere");
            format!("{} {path} {}", project.auth_id, project.privilege.join("+"))
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        told
    };
    file.users.iter().map(|(name, user)| (name.clone(), of(user))).collect()
}

fn merged(rows: &[(&str, &str)], how: Value, file: &str) -> UserYaml {
    let text: String = rows.iter().map(|(login, study)| row(login, study)).collect();
    let mut access = Access::default();
    access.add(FILE, &format!("{HEAD}{text}"), &settings(how), &StudyProjects::new()).unwrap();
    assert_eq!(access.warnings, [""; 0]);
    let mut file = UserYaml::parse(file).unwrap();
    access.merge(&mut file);
    file
}

const NOBODY: &str = "authz: {resources: [{name: programs}]}\n";

#[test]
fn a_row_gives_a_person_the_study_with_its_consent() {
    let file = merged(&[("ADA", "phs000178.v1.p1.c2"), ("ada", "phs000179.v1.p1.c1")], json!({}), NOBODY);
    let expected = [
        "phs000178.c2 /programs/phs000178.c2 read+read-storage",
        "phs000179.c1 /programs/phs000179.c1 read+read-storage",
    ];
    assert_eq!(access(&file)["ADA"], expected);
    let ada = &file.users["ADA"];
    assert_eq!((ada.email.as_deref(), ada.display_name.as_deref()), (Some("ada@x.org"), Some("Doe, ada")));
    assert_eq!((ada.tags["dbgap_role"].as_str(), ada.tags["pi"].as_str()), ("PI", "The PI"));
    let paths = file.authz.resource_paths();
    assert!(
        paths.contains("/programs/phs000178.c2") && paths.contains("/programs/phs000179.c1"),
        "{paths:?}"
    );

    let file = merged(&[("ada", "phs000178.v1.p1.c2")], json!({"parse_consent_code": false}), NOBODY);
    assert_eq!(access(&file)["ada"], ["phs000178 /programs/phs000178 read+read-storage"]);
}

#[test]
fn the_user_yaml_wins_in_details_and_access_is_the_union() {
    let file = "
authz:
  resources: [{name: programs, subresources: [{name: mine}]}]
  user_project_to_resource: {phs000178.c1: /programs/mine}
users:
  ada:
    email: own@x.org
    projects: [{auth_id: phs000178.c1, privilege: [write]}]
";
    let file = merged(&[("Ada", "phs000178.v1.p1.c1")], json!({}), file);
    assert_eq!(access(&file)["ada"], ["phs000178.c1 /programs/mine write+read+read-storage"]);
    let ada = &file.users["ada"];
    assert_eq!((ada.email.as_deref(), ada.phone_number.as_deref()), (Some("own@x.org"), Some("1")));
    assert_eq!(file.users.len(), 1);
}

#[test]
fn children_and_exchange_areas_and_all_consents_follow() {
    let how = json!({
        "parent_to_child_studies_mapping": {"phs000178": ["phs000571"]},
        "enable_common_exchange_area_access": true,
        "study_common_exchange_areas": {"phs000178": "area"},
        "study_to_resource_namespaces":
            {"_default": ["/"], "area": ["/dbgap/"], "phs000571.c2": ["/a/", "/b"]},
    });
    let rows = [("ada", "phs000178.v1.p1.c999"), ("bob", "phs000178.v1.p1.c2")];
    let file = merged(&rows, how, NOBODY);
    let both = "read+read-storage";
    let bob = [
        format!("phs000178.c2 /programs/phs000178.c2 {both}"),
        format!("phs000571.c2 /a/programs/phs000571.c2 {both}"),
        format!("phs000571.c2 /b/programs/phs000571.c2 {both}"),
    ];
    let found = access(&file);
    assert_eq!(found["bob"], bob);
    let ada = &found["ada"];
    assert!(bob.iter().all(|project| ada.contains(project)), "all consents of the study: {ada:?}");
    assert!(ada.contains(&format!("area /dbgap/programs/area {both}")), "{ada:?}");
    assert!(ada.contains(&format!("phs000178.c999 /programs/phs000178.c999 {both}")), "{ada:?}");
}

#[test]
fn a_study_may_be_mapped_to_projects() {
    let projects: StudyProjects =
        serde_json::from_value(json!({"phs000178.c1": [{"auth_id": "one"}, {"auth_id": "two"}]})).unwrap();
    let mut access_of = Access::default();
    let text = format!("{HEAD}{}", row("ada", "phs000178.v1.p1.c1"));
    access_of.add(FILE, &text, &Settings::default(), &projects).unwrap();
    let mut file = UserYaml::default();
    access_of.merge(&mut file);
    let expected = ["one /programs/one read+read-storage", "two /programs/two read+read-storage"];
    assert_eq!(access(&file)["ada"], expected);
}

#[test]
fn what_is_left_out_is_told_and_what_is_no_table_is_refused() {
    let mut access = Access::default();
    let none = StudyProjects::new();
    let default = Settings::default();
    let text = format!("{HEAD}{}{}", row("ada", "open1"), row("", "phs000178.c1"));
    access.add(FILE, &text, &default, &none).unwrap();
    access.add("notes.csv", &text, &default, &none).unwrap();
    access.add("authentication_file_phs000178.csv", "", &default, &none).unwrap();
    assert_eq!(access.warnings.len(), 3, "{:?}", access.warnings);
    assert!(access.warnings[0].contains("line 2: left out, because `open1` is no study"));
    let refused = access.add(FILE, "<html>502 Bad Gateway</html>", &default, &none).unwrap_err();
    assert!(matches!(refused, FileError::Csv { .. }), "a broken download takes nobody's access: {refused}");

    let other = settings(json!({
        "allow_non_dbGaP_whitelist": true, "allowed_whitelist_patterns": ["own_\\d+.csv"],
        "additional_allowed_project_id_patterns": ["^sampleid\\d+"],
    }));
    let mut access = Access::default();
    access.add("own_1.csv", "login,project_id\nada,sampleid1\n", &other, &none).unwrap();
    assert_eq!(access.warnings, [""; 0]);
}
