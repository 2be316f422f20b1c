//! Reading user.yaml files.

use useryaml::UserYaml;

const GOOD: &str = "
authz:
  anonymous_policies: [open]
  all_users_policies:
  groups:
  - {name: readers, policies: [read-a], users: [ada]}
  resources:
  - name: open
  - name: programs
    description: all data
    subresources:
    - name: A
      subresources: [{name: projects, subresources: [{name: one-1}]}]
  policies:
  - {id: open, role_ids: [guppy], resource_paths: [/open]}
  - {id: read-a, description: reads, role_ids: [reader], resource_paths: [/programs/A/projects/one-1]}
  roles:
  - {id: guppy, permissions: [{id: g, action: {service: guppy, method: read}}]}
  - {id: reader, permissions: [{id: r, action: {service: '*', method: read}}]}
  user_project_to_resource: {phs1: /programs/A}
clients:
  wts: {policies: [read-a]}
users:
  ada:
    admin: yes
    phone_number: 5551234
    tags: {team: 7, lead: yes, name: Ada}
    projects:
    - {auth_id: phs1, privilege: [read, read-storage]}
    - {auth_id: other, resource: /open, privilege: [read]}
  Bob@example.org:
cloud_providers: {}
";

fn problems(text: &str) -> Vec<String> {
    let problems = UserYaml::parse(text).expect_err("the file has problems");
    problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

#[test]
fn a_whole_file_is_read() {
    let file = UserYaml::parse(GOOD).unwrap();
    let paths: Vec<String> = file.authz.resource_paths().into_iter().collect();
    assert_eq!(
        paths,
        ["/open", "/programs", "/programs/A", "/programs/A/projects", "/programs/A/projects/one-1"]
    );
    let ada = &file.users["ada"];
    assert!(ada.admin);
    assert_eq!(ada.phone_number.as_deref(), Some("5551234"));
    let tags: Vec<(&str, &str)> =
        ada.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("team", "7"), ("lead", "yes"), ("name", "Ada")]);
    let resources: Vec<Option<&str>> =
        ada.projects.iter().map(|project| file.authz.resource_of(project)).collect();
    assert_eq!(resources, [Some("/programs/A"), Some("/open")]);
    assert_eq!(file.users.keys().collect::<Vec<_>>(), ["ada", "Bob@example.org"]);
    assert_eq!(file.warnings, []);
}

#[test]
fn json_and_the_old_section_name_will_do() {
    let file = UserYaml::parse(r#"{"rbac": {"resources": [{"name": "open"}]}, "users": {}}"#).unwrap();
    assert_eq!(file.authz.resources[0].name, "open");
}

#[test]
fn a_file_that_says_nothing_is_refused_and_one_that_says_nobody_is_not() {
    for empty in ["", "\n\n", "# users come later\n", "---\n", "null", "~", "{}"] {
        let problems = UserYaml::parse(empty).unwrap_err();
        assert!(problems[0].to_string().contains("says nothing"), "{empty:?}: {problems:?}");
    }
    for nobody in ["users: {}", "users:", "authz: {}"] {
        assert_eq!(UserYaml::parse(nobody).unwrap(), UserYaml::default(), "{nobody:?}");
    }
}

#[test]
fn keys_that_nobody_reads_are_warned_about() {
    let file = UserYaml::parse("users: {ada: {polices: []}}").unwrap();
    let warned: Vec<&str> = file.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warned, ["users.ada.polices"]);
}

/// The forms that the starter file of compose-services has.
#[test]
fn an_empty_mapping_for_a_list_and_public_reading_on_every_service_are_warned_about() {
    let text = "
authz:
  anonymous_policies: [open_reader]
  groups: [{name: submitters, policies: [], users: {}}]
  resources: [{name: open}]
  roles: [{id: reader, permissions: [{id: r, action: {service: '*', method: read}}]}]
  policies: [{id: open_reader, role_ids: [reader], resource_paths: [/open]}]
users: {}
";
    let file = UserYaml::parse(text).unwrap();
    assert!(file.authz.groups[0].users.is_empty());
    let warned: Vec<&str> = file.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warned, ["authz.groups[0].users", "authz.anonymous_policies[0]"]);
    let writes = text.replace("method: read", "method: create");
    let problems = UserYaml::parse(&writes).unwrap_err();
    assert!(
        problems[0].message.contains("gives everybody the role `reader` on every service"),
        "{problems:?}"
    );
}

#[test]
fn every_problem_of_form_is_reported_with_its_place() {
    let text = "
authz:
  anonymous_policies: open
  roles: [{permissions: [{id: x}]}]
  resources: [{name: 5, subresources: {a: b}}, {}]
users:
  12: {}
  a.b: {admin: perhaps, projects: [{auth_id: x}]}
";
    assert_eq!(
        problems(text),
        [
            "authz.anonymous_policies: is a text, but a list is wanted",
            "authz.resources[0].name: is a number, but a text is wanted",
            "authz.resources[0].subresources: is a mapping, but a list is wanted",
            "authz.resources[1]: `name` is missing",
            "authz.roles[0]: `id` is missing",
            "authz.roles[0].permissions[0]: `action` is missing",
            "users: a key is a number, but a text is wanted",
            "users['a.b'].admin: is a text, but true or false is wanted",
            "users['a.b'].projects[0]: `privilege` is missing",
        ]
    );
}

#[test]
fn every_problem_of_sense_is_reported_with_its_place() {
    let text = "
authz:
  anonymous_policies: [wide, nowhere]
  groups:
  - {name: g, users: [ada, ada, eve], policies: [nope]}
  - {name: g}
  - {name: anonymous}
  resources:
  - {name: a b}
  - {name: programs, subresources: [{name: A-1}]}
  policies:
  - {id: wide, role_ids: [any, gone], resource_paths: [programs, /gone]}
  - {id: wide, role_ids: [], resource_paths: [/programs]}
  roles:
  - {id: any, permissions: [{id: x, action: {service: '*', method: dance}}]}
  - {id: empty}
  user_project_to_resource: {phs1: /gone}
clients:
  wts: {policies: [nope]}
users:
  ada: {policies: [nope], projects: [{auth_id: x, privilege: [read]}, {auth_id: phs1, privilege: [sing]}]}
";
    assert_eq!(
        problems(text),
        [
            "authz.resources[0]: the resource name `a b` holds a space or a slash",
            "authz.resources[1].subresources[0]: the program name `A-1` holds `-`",
            "authz.roles[0].permissions[0].action.method: the method `dance` is unknown",
            "authz.roles[1]: the role `empty` has no permissions",
            "authz.policies[1]: the policy `wide` stands here a second time",
            "authz.policies[0].role_ids[1]: the role `gone` does not exist",
            "authz.policies[0].resource_paths[0]: the resource path `programs` does not start with `/`",
            "authz.policies[0].resource_paths[1]: the resource `/gone` does not exist",
            "authz.policies[1]: the policy `wide` has no role_ids",
            "authz.groups[1]: the group `g` stands here a second time",
            "authz.groups[0].policies[0]: the policy `nope` does not exist",
            "authz.groups[0].users[1]: the user `ada` stands here a second time",
            "authz.groups[0].users[2]: the user `eve` does not exist",
            "authz.groups[2]: the group `anonymous` is built in",
            "authz.anonymous_policies[1]: the policy `nowhere` does not exist",
            "authz.anonymous_policies[0]: the policy `wide` gives everybody the role `any` on every service",
            "authz.user_project_to_resource.phs1: the resource `/gone` does not exist",
            "users.ada.policies[0]: the policy `nope` does not exist",
            "users.ada.projects[0]: the project `x` leads to no resource",
            "users.ada.projects[1].privilege[0]: the method `sing` is unknown",
            "users.ada.projects[1]: the resource `/gone` does not exist",
            "clients.wts.policies[0]: the policy `nope` does not exist",
        ]
    );
}

#[test]
fn problems_name_the_section_as_the_file_does() {
    let problem = &UserYaml::parse("rbac: {anonymous_policies: [nope]}").unwrap_err()[0];
    assert_eq!(
        problem.to_string(),
        "line 1, column 29: rbac.anonymous_policies[0]: the policy `nope` does not exist; \
         add it to `rbac.policies` or correct the name"
    );
}

#[test]
fn users_whose_names_look_alike_are_refused_with_both_lines() {
    for (one, other) in
        [("ada", "ADA"), ("jos\u{e9}", "Jose\u{301}"), ("ada", "\u{ff41}da"), ("ada", "a\u{200b}da")]
    {
        let problems =
            UserYaml::parse(&format!("users:\n  \"{one}\": {{}}\n  \"{other}\": {{}}\n")).unwrap_err();
        let told = format!("the user `{other}` looks like `{one}` in line 2");
        assert_eq!((problems.len(), &problems[0].message), (1, &told));
        assert_eq!(problems[0].position.unwrap().line, 3);
    }
    let problems = UserYaml::parse("users: {'ada ': {}, ada: {}}").unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let told =
        ["the user name `ada ` begins or ends with a blank", "the user `ada` looks like `ada ` in line 1"];
    assert_eq!(messages, told);
}

#[test]
fn what_is_no_yaml_is_refused_with_the_line() {
    let problem = &UserYaml::parse("users:\n  ada: {\n").unwrap_err()[0];
    assert!(problem.to_string().contains("line 3"), "{problem}");
    let problem = &UserYaml::parse("users: {ada: {}, ada: {}}").unwrap_err()[0];
    assert_eq!(
        problem.to_string(),
        "line 1, column 18: the key `ada` stands here a second time, the first time in line 1; \
         merge the two or remove one"
    );
    assert!(UserYaml::parse("- a\n- b").is_err());
}

/// Positions of the problems, and of the warnings if there are none.
fn positions(text: &str) -> Vec<(usize, usize)> {
    let problems = UserYaml::parse(text).map_or_else(|problems| problems, |file| file.warnings);
    problems.iter().filter_map(|problem| Some((problem.position?.line, problem.position?.column))).collect()
}

#[test]
fn every_problem_is_reported_with_its_line_and_column() {
    let form = "authz:
  anonymous_policies: open
  resources:
  - name: 5
  - {name: programs, subresources: [{}]}
users:
  12:
  ada:
  ada: {admin: perhaps}
";
    assert_eq!(positions(form), [(9, 3), (2, 3), (4, 5), (5, 37), (7, 3), (9, 9)]);
    let sense = "authz:
  all_users_policies:
  - nowhere
  roles:
  - id: empty
users:
  ada@example.org:
    projects:
    - {auth_id: x, privilege: [read, sing]}
";
    assert_eq!(positions(sense), [(5, 5), (3, 5), (9, 38), (9, 7)]);
    assert_eq!(positions("users:\n  ada: {polices: []}\n  bob: {on: 1}\n"), [(2, 9), (3, 9)]);
    assert_eq!(positions("users:\n  ada: {polices: []}\n  ADA: {on: 1}\n"), [(3, 3)]);
    assert_eq!(positions("users:\n  ada: {admin: !x 1, tags: {? [a] : b}}\n"), [(2, 16), (2, 31), (2, 9)]);
    let too_large = format!("# {}", "x".repeat(64 << 20));
    assert_eq!(UserYaml::parse(&too_large).unwrap_err()[0].position, None);
}

#[test]
fn what_only_yaml_1_1_takes_for_something_else_is_a_name() {
    let text = "authz: {resources: [{name: on}, {name: 007}, {name: 1_0}]}
users: {no: {admin: on, phone_number: 0123, tags: {a: off, b: 'off', c: 1:30}}, eve: {admin: 'yes'}}";
    let file = UserYaml::parse(text).unwrap();
    let names: Vec<&str> = file.authz.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["on", "007", "1_0"]);
    let user = &file.users["no"];
    assert!(user.admin && file.users["eve"].admin);
    assert_eq!(user.phone_number.as_deref(), Some("0123"));
    assert_eq!(user.tags.values().collect::<Vec<_>>(), ["off", "off", "1:30"]);
    assert_eq!(problems("users: {0x1F: {}, true: {}}").len(), 2);
}

#[test]
fn anchors_and_merges_are_followed() {
    let text = "
authz:
  resources: [{name: a}]
  policies:
  - &read {id: read, role_ids: [reader], resource_paths: [/a]}
  - {<<: *read, id: other}
  roles: [{id: reader, permissions: [{id: r, action: {service: s, method: read}}]}]
";
    let file = UserYaml::parse(text).unwrap();
    assert_eq!(file.authz.policies[1].id, "other");
    assert_eq!(file.authz.policies[1].role_ids, file.authz.policies[0].role_ids);
}

#[test]
fn hostile_files_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    assert!(problems(&bomb)[0].contains("more than 10000000 values"));
    let deep = format!("authz: {{resources: {}", "[{subresources: ".repeat(10_000));
    assert_eq!(problems(&deep).len(), 1);
    assert_eq!(problems("users: {ada: !custom {}, eve: 5}").len(), 2);
}

proptest::proptest! {
    #[test]
    fn any_file_is_read_or_refused_with_reasons_at_lines_that_there_are(
        text in "(authz|users|rbac|policies|name|ada|admin|: |: \n  |- |\n|\n  |\\[|\\]|\\{|\\}|, |yes|5|~|\
                 <<|&x |\\*x){0,40}",
    ) {
        let problems = UserYaml::parse(&text).map_or_else(|problems| problems, |file| file.warnings);
        for problem in problems {
            // Only a file that says nothing has a problem without a place.
            let line = problem.position.map_or(1, |position| position.line);
            proptest::prop_assert!((1..=text.lines().count() + 2).contains(&line), "{}", problem);
        }
    }
}

#[test]
fn the_example_of_the_guide_is_fine() {
    let guide = include_str!("../../../../docs/users-and-access.md");
    let example = guide.split("```yaml\n").find(|block| block.starts_with("authz:")).unwrap();
    let example = example.split("```").next().unwrap();
    let file = UserYaml::parse(example).unwrap();
    assert_eq!((file.users.len(), file.warnings), (2, vec![]));
}
