//! `commons up` on a laptop, and as a unit of systemd: commons.toml.

use super::{
    answers::{Answers, Users},
    logins, names,
    plan::{File, Kind, Place, Plan, filled, origin},
};

/// The name of the settings file, which `commons` finds in its current folder.
const SETTINGS: &str = "commons.toml";
/// Where the unit of the package looks.
const SYSTEM_FOLDER: &str = "/etc/commons";
/// Variables of the unit, which its owner alone reads.
const SYSTEM_VARIABLES: &str = "/etc/commons/commons.env";

/// For oneself: the development login lets the administrator in.
pub(super) fn laptop(answers: &Answers, place: &Place<'_>) -> Plan {
    let mut plan = Plan::default();
    let state = answers.state.as_deref().unwrap_or(".commons");
    let logins = include_str!("templates/laptop-logins.toml");
    plan.file(SETTINGS, Kind::Settings, settings(answers, state, logins, Reading::ByPath));
    plan.files.extend(login_file(answers));
    let commons = match place.path(SETTINGS) {
        here if here == SETTINGS => "commons".to_owned(),
        elsewhere => format!("commons --settings {elsewhere}"),
    };
    if answers.has_provider() {
        plan.step("say who the commons is at the login provider", logins::asking());
    }
    plan.step("look for what would keep it from working", format!("{commons} doctor"));
    plan.step("start it", format!("{commons} up --detach"));
    if let Some(sync) = sync(answers, &commons, Reading::ByPath) {
        plan.step("load users and rights", sync);
    }
    plan.step("open it", format!("{commons} open"));
    plan
}

/// For others: behind a proxy with https.
pub(super) fn linux_vm(answers: &Answers, place: &Place<'_>) -> Plan {
    let mut plan = Plan::default();
    let state = answers.state.as_deref().unwrap_or("/var/lib/commons/state");
    let passwords = if answers.keeps_passwords() {
        "# Users log in by passwords that the commons keeps; `commons user invite NAME` prints the link by \
         which one is set.\nlocal-accounts = true\n"
    } else {
        "# Passwords that the commons keeps, beside the logins elsewhere.\n# local-accounts = true\n"
    };
    let logins = format!("# There is no login without a password.\nno-development-login = true\n{passwords}");
    plan.file(SETTINGS, Kind::Settings, settings(answers, state, &logins, Reading::ByInput));
    plan.files.extend(login_file(answers));
    if answers.has_provider() {
        let [id, secret] = logins::VARIABLES;
        let asking = logins::asking();
        let written = format!(
            "{asking} && printf '{id}=%s\\n{secret}=%s\\n' \"${id}\" \"${secret}\" | sudo install -m 600 \
             /dev/stdin {SYSTEM_VARIABLES}"
        );
        plan.step("say who the commons is at the login provider", written);
    }
    if place.folder != std::path::Path::new(SYSTEM_FOLDER) {
        let files: Vec<String> = plan.files.iter().map(|file| place.path(file.name)).collect();
        let command = format!("sudo install -m 644 {} {SYSTEM_FOLDER}/", files.join(" "));
        plan.step("put the settings where the unit of the package looks", command);
    }
    plan.step("start it, now and with the machine", "sudo systemctl enable --now commons");
    let as_commons = format!("sudo -u commons commons --settings {SYSTEM_FOLDER}/{SETTINGS}");
    if let Some(sync) = sync(answers, &as_commons, Reading::ByInput) {
        plan.step("load users and rights", sync);
    }
    if answers.keeps_passwords() {
        plan.step("make the link by which the administrator sets a password", {
            format!("{as_commons} user invite admin")
        });
    }
    plan
}

/// Where the file with users is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Where it is, by a start or by the command.
    ByPath,
    /// What the caller reads is handed over: the account of the unit may not read the caller's folders.
    ByInput,
}

/// The command that loads users, where a start does not do it by itself.
fn sync(answers: &Answers, commons: &str, reading: Reading) -> Option<String> {
    let (source, input) = match (&answers.users, &answers.dbgap) {
        (Some(Users::Elsewhere(source)), _) => (format!(" {}", names::quoted(source)), String::new()),
        (Some(Users::Here(file)), dbgap) => {
            let file = names::quoted(&file.to_string_lossy());
            match reading {
                Reading::ByInput => (" /dev/stdin".to_owned(), format!(" <{file}")),
                Reading::ByPath if dbgap.is_some() => (format!(" {file}"), String::new()),
                Reading::ByPath => return None,
            }
        }
        (None, Some(_)) => (String::new(), String::new()),
        (None, None) => return None,
    };
    let dbgap = answers
        .dbgap
        .as_ref()
        .map_or_else(String::new, |folder| format!(" --dbgap {}", names::quoted(&folder.to_string_lossy())));
    Some(format!("{commons} user sync{source}{dbgap}{input}"))
}

fn login_file(answers: &Answers) -> Option<File> {
    let text = logins::file(answers)?;
    Some(File { name: logins::FILE, text, kind: Kind::Logins })
}

fn settings(answers: &Answers, state: &str, logins: &str, reading: Reading) -> String {
    let users = match (&answers.users, &answers.dbgap) {
        (Some(Users::Here(file)), None) if reading == Reading::ByPath => {
            format!("user-yaml = {}", quoted(&file.to_string_lossy()))
        }
        (None, None) => "# user-yaml = \"user.yaml\"".to_owned(),
        // A start without them would take away what they grant.
        (_, Some(_)) => {
            "# They are loaded by `commons user sync`, together with the access files of dbGaP.".to_owned()
        }
        (Some(_), None) => "# They are loaded by `commons user sync`.".to_owned(),
    };
    let mut logins = logins.trim_end().to_owned();
    if answers.has_provider() {
        logins.push_str(&format!("\n# Where users log in.\nlogin-providers = {}", quoted(logins::FILE)));
    }
    let values = [
        ("ORIGIN", origin(answers)),
        ("STATE", quoted(state)),
        ("PORT", answers.port.to_string()),
        ("PUBLIC_URL", quoted(&answers.public_url())),
        ("LOGINS", logins),
        ("USERS", users),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    filled(include_str!("templates/commons.toml"), &values)
}

/// A basic string of TOML, which JSON writes in the same way.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
