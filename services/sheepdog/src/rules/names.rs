//! Names of programs and codes of projects: those that can be used in addresses and in the paths of rights.

use std::collections::BTreeMap;

use crate::model::project::ProjectPath;

/// Longest name, in bytes.
const LONGEST: usize = 120;
/// Words of routes. A program of such a name could not be reached.
const PROGRAM_ROUTES: [&str; 7] =
    ["_dictionary", "template", "graphql", "getschema", "validation", "admin", "datasets"];
/// Words of routes below a project.
const PROJECT_ROUTES: [&str; 17] = [
    "_dictionary",
    "_dry_run",
    "admin",
    "bulk",
    "entities",
    "export",
    "files",
    "graphql",
    "manifest",
    "open",
    "release",
    "review",
    "submit",
    "template",
    "transactions",
    "upload_manifest",
    "xml",
];

/// Refuses a name that a new program cannot have, and says which it can.
pub(crate) fn check_program(name: &str) -> Result<(), String> {
    check("program name", name, &PROGRAM_ROUTES)?;
    if name.contains('-') {
        let why =
            "holds a hyphen: the names of programs and projects are joined by one, and must be told apart";
        return Err(refused("program name", name, why));
    }
    Ok(())
}

/// Refuses a code that a new project cannot have, and says which it can.
pub(crate) fn check_project(code: &str) -> Result<(), String> {
    // Addresses tell `OPEN` from `open`.
    let routes: Vec<&str> = PROJECT_ROUTES.into_iter().filter(|route| *route == code).collect();
    check("project code", code, &routes)
}

/// What is wrong with the names in a commons that older versions, or the original, have filled: names that
/// cannot be used, and those that are taken for one another.
pub(crate) fn problems(programs: &[String], projects: &[ProjectPath]) -> Vec<String> {
    // A hyphen or a word below projects is unwise, but can be used as long as nobody else has the same id.
    let unusable = programs.iter().filter_map(|name| check("program name", name, &PROGRAM_ROUTES).err());
    let codes = projects.iter().map(|path| &path.code);
    let unusable = unusable.chain(codes.filter_map(|code| check("project code", code, &[]).err()));
    let mut problems: Vec<String> =
        unusable.map(|text| text.trim_start_matches("ERROR: ").to_owned()).collect();
    let named = |path: &ProjectPath| format!("{} of {}", path.code, path.program);
    let ids = projects.iter().map(|path| (path.project_id().to_lowercase(), named(path)));
    for (id, names) in groups(ids) {
        problems.push(format!("These projects share the project id {id}, and so their records: {names}"));
    }
    let codes = projects.iter().map(|path| (path.code.to_lowercase(), named(path)));
    for (_, names) in groups(codes) {
        problems.push(format!(
            "Links to these projects are ambiguous, for their codes differ in case only: {names}"
        ));
    }
    for (_, names) in groups(programs.iter().map(|name| (name.to_lowercase(), name.clone()))) {
        problems.push(format!("The names of these programs differ in case only: {names}"));
    }
    problems
}

/// Names that have a key in common, as far as there are several.
fn groups(names: impl Iterator<Item = (String, String)>) -> impl Iterator<Item = (String, String)> {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    names.for_each(|(key, name)| by_key.entry(key).or_default().push(name));
    by_key.into_iter().filter(|(_, names)| names.len() > 1).map(|(key, names)| (key, names.join(", ")))
}

fn check(what: &str, name: &str, routes: &[&str]) -> Result<(), String> {
    let is_fit = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let why = if name.len() > LONGEST {
        "is too long"
    } else if !name.chars().all(is_fit) {
        "holds other characters"
    } else if name.starts_with(['.', '-']) {
        "does not begin with a letter or digit"
    } else if routes.iter().any(|route| route.eq_ignore_ascii_case(name)) {
        "is a word of the addresses"
    } else {
        return Ok(());
    };
    Err(refused(what, name, why))
}

fn refused(what: &str, name: &str, why: &str) -> String {
    let shown: String = name.chars().take(LONGEST).collect();
    let hyphen = if what.starts_with("project") { ", \"-\"" } else { "" };
    format!(
        "ERROR: Invalid {what} {}: it {why}. A {what} has letters, digits, \"_\", \".\"{hyphen}, {LONGEST} \
         bytes at most, and begins with a letter, a digit or \"_\".",
        python::repr_text(&shown)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_used_are_taken() {
        for name in ["CGCI", "P10", "a_b", "v1.0", "Étude", "_x", "export"] {
            assert_eq!(check_program(name), Ok(()), "{name}");
        }
        for code in ["BLGSP", "x-y", "71", "getschema", "OPEN"] {
            assert_eq!(check_project(code), Ok(()), "{code}");
        }
    }

    #[test]
    fn names_that_are_taken_for_one_another_are_told() {
        let path = |program: &str, code: &str| ProjectPath { program: program.into(), code: code.into() };
        let programs = ["A", "A-x", "template"].map(str::to_owned);
        let projects = [path("A", "x-y"), path("A-x", "y"), path("A", "Y"), path("A", "fine")];
        let problems = problems(&programs, &projects);
        let expected = [
            "Invalid program name 'template'",
            "These projects share the project id a-x-y, and so their records: x-y of A, y of A-x",
            "Links to these projects are ambiguous, for their codes differ in case only: y of A-x, Y of A",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        assert!(
            problems.iter().zip(expected).all(|(problem, expected)| problem.starts_with(expected)),
            "{problems:?}"
        );
    }

    #[test]
    fn names_that_nobody_could_use_are_refused() {
        let long = "x".repeat(LONGEST + 1);
        for name in [
            "a b",
            "a/b",
            "",
            " ",
            ".",
            "..",
            "a\\b",
            "a%2fb",
            "a?b",
            "a#b",
            "a\tb",
            "-a",
            "a:b",
            "a\u{200b}b",
            &long,
        ] {
            if !name.is_empty() {
                assert!(check_program(name).is_err() && check_project(name).is_err(), "{name}");
            }
        }
        for name in ["A-x", "graphql", "GraphQL", "template", "_dictionary", "admin"] {
            let message = check_program(name).unwrap_err();
            assert!(message.starts_with("ERROR: Invalid program name '"), "{message}");
        }
        for code in ["export", "bulk", "transactions", "_dry_run"] {
            assert!(check_project(code).is_err(), "{code}");
        }
    }
}
