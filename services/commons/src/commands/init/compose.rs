//! Containers on one machine: what docker/compose.yaml takes from outside.

use super::{
    answers::Answers,
    logins,
    machine::LOGINS,
    names,
    plan::{Kind, Place, Plan, origin, without_git},
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
        plan.file(LOGINS, Kind::Logins, text);
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
    let store = if names::is_this_machine(&answers.host) {
        "# STORE_URL=http://localhost:7070\n".to_owned()
    } else {
        format!("# STORE_URL=https://files.{}\n", answers.host)
    };
    format!(
        "# Variables of docker/compose.yaml, written by {}.\n# Who reads this file has all of the commons. \
         Passwords were made for it alone; databases and store keep them.\n\n# Where users reach it: https \
         through a proxy on this machine that leads to port 8080, or this machine alone.\nPUBLIC_URL={}\n# \
         Where users reach the store of S3 (port 7070).\n{store}POSTGRES_PASSWORD={}\nSTORE_ACCESS_KEY=commons\n\
         STORE_SECRET_KEY={}\n",
        origin(answers),
        if names::is_this_machine(&answers.host) {
            format!("http://{}:8080", answers.host)
        } else {
            answers.public_url()
        },
        known("POSTGRES_PASSWORD"),
        known("STORE_SECRET_KEY"),
    )
}

/// The file of identity providers, and the variables that it names, for the container.
fn with_logins(answers: &Answers, place: &Place<'_>) -> anyhow::Result<String> {
    // compose counts relative paths from its first file.
    let file = serde_json::to_string(&std::path::absolute(place.folder.join(LOGINS))?)?;
    let [id, secret] = logins::VARIABLES;
    Ok(format!(
        "# Beside docker/compose.yaml, written by {}: where users log in.\nservices:\n  commons:\n    \
         environment:\n      COMMONS_LOGIN_PROVIDERS: /etc/commons/{LOGINS}\n      # From the shell that calls \
         docker compose.\n      {id}: ${{{id}:?}}\n      {secret}: ${{{secret}:?}}\n    configs:\n      - \
         source: login-providers\n        target: /etc/commons/{LOGINS}\nconfigs:\n  login-providers:\n    \
         file: {file}\n",
        origin(answers)
    ))
}
