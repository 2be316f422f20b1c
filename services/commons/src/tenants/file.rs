//! The file that names the tenants:
//!
//! ```toml
//! [tenant.heart]                               # options of `commons up`, without the two hyphens
//! public-url = "https://heart.example.org"     # its host tells it from the others
//! dictionary = "heart/dictionary"              # relative paths count from the folder of this file
//!
//! [tenant.lung]
//! public-url = "https://lung.example.org"
//! state = "/srv/lung"                          # default: its name, in the folder of --state
//! ```

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use toml::Table;
use url::Url;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
    settings::{self, Origins, Source},
    up::UpArgs,
};

/// Largest file that is read, in bytes.
const LIMIT: u64 = 1024 * 1024;
/// So many commons in one process.
const MOST: usize = 64;
/// Options that are about the process, which the tenants share.
const OF_ALL: [&str; 11] = [
    "port",
    "host",
    "tls",
    "max-connections",
    "max-connections-per-address",
    "trusted-proxy",
    "json",
    "detach",
    "tenants",
    "forget",
    "state",
];

/// A commons among others.
pub(crate) struct Tenant {
    pub(crate) name: String,
    /// The host by which it is reached, in small letters.
    pub(crate) host: String,
    pub(crate) args: UpArgs,
    pub(crate) origins: Origins,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    tenant: indexmap::IndexMap<String, Table>,
}

/// The tenants of `file`.
///
/// # Errors
/// When the file cannot be read or used; when two tenants would have something in common; when the command
/// line has options that belong into the file.
pub(super) fn read(file: &Path, args: &UpArgs, origins: &Origins) -> anyhow::Result<Vec<Tenant>> {
    refuse_options_of_one(origins)?;
    let told = || format!("cannot read {}", file.display());
    if fs::metadata(file).with_context(told)?.len() > LIMIT {
        bail!("{} is larger than {LIMIT} bytes", file.display());
    }
    let content = fs::read_to_string(file).with_context(told)?;
    let refused = |why: String| Failure::Prerequisite(format!("{}: {why}", file.display()));
    let content: Content = toml::from_str(&content).map_err(|error| refused(error.to_string()))?;
    if content.tenant.is_empty() || content.tenant.len() > MOST {
        return Err(refused(format!("there have to be 1 to {MOST} sections [tenant.NAME]")).into());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut tenants = Vec::new();
    for (name, options) in content.tenant {
        let tenant = tenant(&name, options, folder, args, origins);
        tenants.push(tenant.map_err(|why| refused(format!("[tenant.{name}] {why}")))?);
    }
    apart(&tenants).map_err(refused)?;
    Ok(tenants)
}

/// What the command line says counts for the process; of which tenant else would it be?
fn refuse_options_of_one(origins: &Origins) -> anyhow::Result<()> {
    let given = |option: &&settings::Effective| option.source == Source::CommandLine;
    let mut of_one = origins.options.iter().filter(given).map(|option| option.name.as_str());
    match of_one.find(|name| !OF_ALL.contains(name)) {
        Some(name) => Err(Failure::Prerequisite(format!(
            "--{name} is about one commons: with --tenants it belongs into its section of that file, or for \
             all of them into [up] of a settings file"
        ))
        .into()),
        None => Ok(()),
    }
}

fn tenant(
    name: &str,
    mut options: Table,
    folder: &Path,
    args: &UpArgs,
    origins: &Origins,
) -> Result<Tenant, String> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || name.len() > 63 || !name.chars().all(is_plain) {
        return Err("a name has small letters, digits and hyphens, at most 63".to_owned());
    }
    let state = match options.remove("state") {
        Some(toml::Value::String(own)) => folder.join(own),
        Some(_) => return Err("`state` must be a text".to_owned()),
        None => args.state.folder.join(name),
    };
    if let Some(key) = options.keys().find(|key| OF_ALL.contains(&key.as_str())) {
        return Err(format!("`{key}` is about the process, so it belongs on the command line"));
    }
    let mut line: Vec<OsString> = vec!["commons".into(), "up".into(), "--state".into(), state.into()];
    if let Some(file) = &origins.file {
        line.extend(["--settings".into(), file.into()]);
    }
    line.extend(args.forget.then(|| "--forget".into()));
    line.extend(settings::up_arguments(options, folder)?.into_iter().map(OsString::from));
    let read = settings::read(&line).map_err(|refusal| refusal.to_string())?;
    let Cli { command: Command::Up(own), .. } = read.cli else {
        return Err("it has no options of `commons up`".to_owned());
    };
    let own = as_one_of_many(*own, args);
    let host = host(own.public_url.as_ref())?;
    Ok(Tenant { name: name.to_owned(), host, args: own, origins: read.origins })
}

/// The options of a tenant, with those of the process: it listens for this machine only, and the port in
/// front is everybody's.
fn as_one_of_many(own: UpArgs, process: &UpArgs) -> UpArgs {
    let mut front = own.front;
    front.tls.clear();
    front.trusted_proxies.clone_from(&process.front.trusted_proxies);
    UpArgs {
        front,
        host: std::net::Ipv4Addr::LOCALHOST.into(),
        port: 0,
        json: process.json,
        detach: false,
        tenants: None,
        ..own
    }
}

fn host(public_url: Option<&Url>) -> Result<String, String> {
    let host = public_url.and_then(Url::host_str);
    let host = host.ok_or("`public-url` is missing; its host tells this commons from the others")?;
    Ok(host.trim_end_matches('.').to_ascii_lowercase())
}

/// Nothing of one may be another's.
fn apart(tenants: &[Tenant]) -> Result<(), String> {
    for (at, one) in tenants.iter().enumerate() {
        for other in tenants.iter().take(at) {
            let both = format!("[tenant.{}] and [tenant.{}]", other.name, one.name);
            if one.host == other.host {
                return Err(format!("{both} have the same host in `public-url`, {}", one.host));
            }
            let (mine, theirs) = (plain(&one.args.state.folder), plain(&other.args.state.folder));
            if mine.starts_with(&theirs) || theirs.starts_with(&mine) {
                return Err(format!("{both} have one state folder, or one in the other: {}", mine.display()));
            }
            if server(&one.args).is_some_and(|mine| server(&other.args).as_ref() == Some(&mine)) {
                return Err(format!(
                    "{both} have databases of the same names on one server (`database-url`); leave it out, \
                     and each has a server of its own"
                ));
            }
        }
    }
    Ok(())
}

/// Without `.` and `..`, whether the folder is there or not.
fn plain(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut plain = PathBuf::new();
    for part in folder.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// The given PostgreSQL: host and port.
fn server(args: &UpArgs) -> Option<(String, u16)> {
    let given = args.database_url.as_deref().filter(|url| *url != crate::databases::PRIVATE)?;
    let url = Url::parse(given).ok()?;
    Some((url.host_str().unwrap_or_default().to_owned(), url.port().unwrap_or(5432)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Tenant>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tenants.toml");
        fs::write(&file, text).unwrap();
        let state = folder.path().join("states");
        let line: Vec<OsString> =
            vec!["commons".into(), "up".into(), "--state".into(), state.into(), "--tenants".into()];
        let line: Vec<OsString> = line.into_iter().chain([file.clone().into()]).collect();
        let settings::Settings { cli, origins } = settings::read(&line).map_err(|error| error.to_string())?;
        let Command::Up(args) = cli.command else { panic!("not up") };
        read(&file, &args, &origins).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn tenants_have_a_host_a_folder_and_options_each() {
        let tenants = read_text(
            "[tenant.heart]\npublic-url = \"https://Heart.example.org\"\ndemo = true\n\
             no-development-login = true\ndictionary = \"dictionary\"\n\
             [tenant.lung]\npublic-url = \"https://lung.example.org\"\nstate = \"elsewhere\"\n",
        )
        .unwrap();
        let [heart, lung] = &tenants[..] else { panic!("{}", tenants.len()) };
        assert_eq!((heart.name.as_str(), heart.host.as_str()), ("heart", "heart.example.org"));
        assert!(heart.args.demo && heart.args.no_development_login && !lung.args.demo);
        assert!(heart.args.state.folder.ends_with("states/heart"));
        assert!(lung.args.state.folder.ends_with("elsewhere"));
        assert!(heart.args.dictionary.as_deref().is_some_and(|folder| folder.ends_with("/dictionary")));
        assert_eq!((heart.args.port, heart.args.host.to_string().as_str()), (0, "127.0.0.1"));
    }

    #[test]
    fn what_two_tenants_would_share_and_what_is_no_option_is_refused() {
        let a = "[tenant.a]\npublic-url = \"https://a.org\"\n";
        for (text, part) in [
            ("", "1 to 64 sections"),
            ("[tenants.a]\n", "unknown field"),
            ("[tenant.a]\n", "`public-url` is missing"),
            ("[tenant.A]\npublic-url = \"https://a.org\"\n", "small letters"),
            (&format!("{a}port = 1\n"), "`port` is about the process"),
            (&format!("{a}colour = 1\n"), "has no option `colour`"),
            (&format!("{a}[tenant.b]\npublic-url = \"https://A.org:81\"\n"), "the same host"),
            (
                &format!("{a}[tenant.b]\npublic-url = \"https://b.org\"\nstate = \"states/a/x\"\n"),
                "state folder",
            ),
            (
                &format!(
                    "{a}database-url = \"postgresql://db/\"\n[tenant.b]\npublic-url = \"https://b.org\"\n\
                     database-url = \"postgresql://u:p@db:5432/\"\n"
                ),
                "on one server",
            ),
        ] {
            let refused = read_text(text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
