//! Containers on one machine: what docker/compose.yaml takes from outside.

use super::{
    answers::Answers,
    logins, names,
    plan::{Kind, Place, Plan, filled, origin, without_git},
};

const VARIABLES: &str = ".env";
const OVERRIDE: &str = "compose.override.yaml";

/// # Errors
/// When users are where no container reaches them.
pub(super) fn plan(answers: &Answers, place: &Place<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    plan.file(VARIABLES, Kind::Variables, variables(answers, place));
    let mut files = format!("--env-file {} -f docker/compose.yaml", place.path(VARIABLES));
    if let Some(text) = logins::file(answers) {
        plan.file(logins::FILE, Kind::Logins, text);
        plan.file(OVERRIDE, Kind::Override, with_logins(answers, place)?);
        files.push_str(&format!(" -f {}", place.path(OVERRIDE)));
        plan.step("say who the commons is at the login provider", logins::asking());
    }
    let compose = format!("docker compose {files}");
    plan.step("build and start it, in a clone of the repository", {
        format!("{compose} up --build --detach --wait")
    });
    if let Some(users) = &answers.users {
        let (source, input) = without_git(users)?;
        let source = names::quoted(&source);
        let command = format!("{compose} exec -T commons commons user sync {source}{input}");
        plan.step("load users and rights", command);
    }
    if answers.keeps_passwords() {
        let command = format!("{compose} exec commons commons user invite admin");
        plan.step("make the link by which the administrator sets a password", command);
    }
    Ok(plan)
}

/// Passwords are made once: a database does not follow a file that is written anew.
fn variables(answers: &Answers, place: &Place<'_>) -> String {
    let known = |name: &str| {
        let line = place.variables.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::to_owned).filter(|value| !value.is_empty()).unwrap_or_else(|| (place.secret)())
    };
    let here = names::is_this_machine(&answers.host);
    let (public, store) = if here {
        (format!("http://{}:8080", answers.host), "http://localhost:7070".to_owned())
    } else {
        (answers.public_url(), format!("https://files.{}", answers.host))
    };
    let (database, key) = (known("POSTGRES_PASSWORD"), known("STORE_SECRET_KEY"));
    let values = [
        ("ORIGIN", origin(answers)),
        ("PUBLIC_URL", public),
        ("STORE_URL", store),
        ("POSTGRES_PASSWORD", database),
        ("STORE_SECRET_KEY", key),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    filled(include_str!("templates/compose.env"), &values)
}

/// The file of identity providers, and the variables that it names, for the container.
fn with_logins(answers: &Answers, place: &Place<'_>) -> anyhow::Result<String> {
    // compose counts relative paths from its first file.
    let file = serde_json::to_string(&std::path::absolute(place.folder.join(logins::FILE))?)?;
    let template = include_str!("templates/compose.override.yaml");
    Ok(filled(template, &[("ORIGIN", &origin(answers)), ("FILE", &file)]))
}
