//! Names of programs and codes of projects: those that can be used in addresses and in the paths of rights.

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
    check("project code", code, &PROJECT_ROUTES)
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
        "ERROR: Invalid {what} {}: it {why}. A {what} has letters, digits, \"_\", \".\"{hyphen}, {LONGEST} bytes at \
         most, and begins with a letter, a digit or \"_\".",
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
        for code in ["BLGSP", "x-y", "71", "getschema"] {
            assert_eq!(check_project(code), Ok(()), "{code}");
        }
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
        for code in ["export", "Bulk", "transactions", "_dry_run"] {
            assert!(check_project(code).is_err(), "{code}");
        }
    }
}
