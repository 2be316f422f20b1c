//! Which pages there are, and at which paths. Pure.

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A page; the text goes into its title.
    Page(&'static str),
    /// The page is at this path.
    Moved(String),
    Nothing,
}

/// Older names of pages, also those of the Gen3 front-end framework, and where the pages are.
const ALIASES: [(&str, &str); 7] = [
    ("/landing", "/"),
    ("/profile", "/identity"),
    ("/datadictionary", "/dd"),
    ("/files", "/explorer?tab=file"),
    ("/submission/map", "/submission/files"),
    ("/request-access", "/requests"),
    ("/workspace/request-access", "/requests"),
];

/// What is at `path`, which has no slash at its end. As in the original, letters may be large or small.
pub(crate) fn place(path: &str) -> Place {
    let lower = path.to_ascii_lowercase();
    if let Some((_, target)) = ALIASES.iter().find(|(alias, _)| *alias == lower) {
        return Place::Moved((*target).to_owned());
    }
    let parts: Vec<&str> = lower.trim_start_matches('/').split('/').collect();
    match *parts.as_slice() {
        [""] => Place::Page(""),
        ["login"] => Place::Page("Log in"),
        ["identity"] => Place::Page("Profile"),
        ["dd"] | ["dd", _] | ["dd", _, _] => Place::Page("Data dictionary"),
        ["submission"] => Place::Page("Data submission"),
        ["submission", "files"] => Place::Page("Files"),
        ["requests"] => Place::Page("Access requests"),
        ["workspace"] => Place::Page("Workspace"),
        ["about", "status"] => Place::Page("Status"),
        ["admin", "access" | "audit" | "runs" | "site" | "storage" | "users"]
        | ["admin"]
        | ["admin", "runs", _] => Place::Page("Administration"),
        ["about", "accessibility"] => Place::Page("Accessibility"),
        ["objects", _, ..] => Place::Page("Object"),
        ["explorer"] => Place::Page("Explorer"),
        ["files", _, ..] => Place::Page("File"),
        ["query"] => Place::Moved("/query".to_owned()),
        [project] | [project, "log"] if is_project_id(project) => Place::Page("Project"),
        _ => Place::Nothing,
    }
}

/// Whether a project could have this id: program and code with `-` between them.
fn is_project_id(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let halves = text.split_once('-');
    halves.is_some_and(|(program, code)| !program.is_empty() && !code.is_empty())
        && text.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_at_the_originals_paths_in_any_case() {
        let moved = |path: &str| Place::Moved(path.to_owned());
        for (path, wanted) in [
            ("/", Place::Page("")),
            ("/DD/subject", Place::Page("Data dictionary")),
            ("/Identity", Place::Page("Profile")),
            ("/files/dg.1/a", Place::Page("File")),
            ("/DEMO-airways", Place::Page("Project")),
            ("/demo-airways/log", Place::Page("Project")),
            ("/Profile", moved("/identity")),
            ("/Query", moved("/query")),
            ("/nowhere", Place::Nothing),
            ("/-x", Place::Nothing),
            ("/demo-<b>", Place::Nothing),
            ("/Files", moved("/explorer?tab=file")),
            ("/submission/Files", Place::Page("Files")),
            ("/submission/map", moved("/submission/files")),
            ("/objects", Place::Nothing),
            ("/objects/dg.1/a", Place::Page("Object")),
            ("/about/status", Place::Page("Status")),
            ("/about", Place::Nothing),
            ("/admin", Place::Page("Administration")),
            ("/Admin/runs/6d2f", Place::Page("Administration")),
            ("/admin/site", Place::Page("Administration")),
            ("/admin/users/ann", Place::Nothing),
            ("/admin/nothing", Place::Nothing),
            ("/dd/a/b/c", Place::Nothing),
        ] {
            assert_eq!(place(path), wanted, "{path}");
        }
    }
}
