//! What has been answered, by options or by somebody at a terminal.

use std::{
    io::{BufRead, IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{
    args::InitArgs,
    choices::{Integration, Preset, StartingPoint},
    names,
};
use crate::failure::Failure;

/// How often the same question is asked.
const PATIENCE: usize = 5;

/// Everything that is written depends on this alone.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) path: StartingPoint,
    pub(super) integration: Integration,
    /// The name by which users reach the commons.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) users: Option<Users>,
    /// A folder of access files of dbGaP.
    pub(super) dbgap: Option<PathBuf>,
    /// The issuer of the institution.
    pub(super) issuer: Option<String>,
    /// The repository of the image.
    pub(super) image: String,
    pub(super) preset: Preset,
    /// The namespace of the cluster.
    pub(super) namespace: String,
    /// The state folder, where another than that of the path is wanted.
    pub(super) state: Option<String>,
}

/// Where user.yaml is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Users {
    /// A file of this machine, as an absolute path.
    Here(PathBuf),
    /// An address or a repository.
    Elsewhere(String),
}

impl Answers {
    /// The address by which users reach the commons.
    pub(super) fn public_url(&self) -> String {
        if names::is_this_machine(&self.host) && self.path.preset().is_none() {
            format!("http://{}:{}", self.host, self.port)
        } else {
            format!("https://{}", self.host)
        }
    }

    /// Whether the commons keeps passwords: where nobody else says who users are, and where nobody has rights
    /// yet but the administrator, who must get in somehow.
    pub(super) fn keeps_passwords(&self) -> bool {
        self.integration == Integration::Standalone || self.users.is_none()
    }

    /// Whether users log in elsewhere.
    pub(super) fn has_provider(&self) -> bool {
        self.integration != Integration::Standalone
    }
}

/// Somebody who is asked, or nobody.
pub(super) enum Asked<'a> {
    /// Questions are written to the second and answers read from the first.
    Somebody(&'a mut dyn BufRead, &'a mut dyn Write),
    /// Defaults are taken.
    NobodyForDefaults,
    /// What is not given is missing. Its options, each with what it would be for.
    Nobody(Vec<String>),
}

impl Asked<'_> {
    /// The value of an option: what is given, an answer, or the default. `None` while it is missing.
    fn value<T>(
        &mut self,
        given: Option<T>,
        option: &str,
        question: &str,
        default: Option<&str>,
        read: &dyn Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<Option<T>> {
        if given.is_some() {
            return Ok(given);
        }
        match self {
            Self::Somebody(answers, questions) => {
                ask(*answers, *questions, question, default, read).map(Some)
            }
            Self::NobodyForDefaults => match default {
                Some(default) => read(default).map(Some).map_err(anyhow::Error::msg),
                None => Err(missing(&[format!("{option} ({question})")])),
            },
            Self::Nobody(missing) => {
                let default = default.map_or_else(String::new, |default| format!("; {default} with --yes"));
                missing.push(format!("{option} ({question}{default})"));
                Ok(None)
            }
        }
    }
}

fn missing(options: &[String]) -> anyhow::Error {
    Failure::Prerequisite(format!("what is missing cannot be asked here; give {}", options.join(", "))).into()
}

fn ask<T>(
    answers: &mut dyn BufRead,
    questions: &mut dyn Write,
    question: &str,
    default: Option<&str>,
    read: &dyn Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    for _ in 0..PATIENCE {
        let shown = default.map_or_else(String::new, |default| format!(" [{default}]"));
        write!(questions, "{question}{shown}: ")?;
        questions.flush()?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            writeln!(questions)?;
            return Err(Failure::Prerequisite("the answers have ended; nothing is written".to_owned()).into());
        }
        let text = line.trim();
        match read(if text.is_empty() { default.unwrap_or_default() } else { text }) {
            Ok(value) => return Ok(value),
            Err(refused) => writeln!(questions, "  {refused}")?,
        }
    }
    Err(Failure::Prerequisite(format!("no answer to {question:?} could be used; nothing is written")).into())
}

/// A word of an enumeration, by its name.
fn word<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, true).map_err(|_| {
        let names = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        format!("it is one of {}", names.join(", "))
    })
}

/// Asks for what options do not say.
///
/// # Errors
/// When something is missing, or does not fit together.
pub(super) fn gather(args: &InitArgs) -> anyhow::Result<Answers> {
    let stdin = std::io::stdin();
    if args.yes {
        gather_from(args, &mut Asked::NobodyForDefaults)
    } else if stdin.is_terminal() && std::io::stderr().is_terminal() {
        gather_from(args, &mut Asked::Somebody(&mut stdin.lock(), &mut std::io::stderr()))
    } else {
        gather_from(args, &mut Asked::Nobody(Vec::new()))
    }
}

pub(super) fn gather_from(args: &InitArgs, asked: &mut Asked<'_>) -> anyhow::Result<Answers> {
    let question = "Where is it to run: laptop, linux-vm, compose, k3s, managed-kubernetes, openshift, adopt";
    let path = asked.value(args.path, "--path", question, Some("laptop"), &word)?;
    if path == Some(StartingPoint::Adopt) {
        let told =
            "call `commons init --path adopt --values FILE`; `helm get values RELEASE` prints the file";
        return Err(Failure::Prerequisite(told.to_owned()).into());
    }
    let question = "What is it joined to: standalone, github, enterprise";
    let integration = asked.value(args.integration, "--integration", question, Some("standalone"), &word)?;
    // Of what nobody has said, the defaults decide what else would be asked.
    let path_is = path.unwrap_or(StartingPoint::Laptop);
    let integration_is = integration.unwrap_or(Integration::Standalone);
    let host = host(args, asked, path_is)?;
    let port = match path_is {
        StartingPoint::Laptop | StartingPoint::LinuxVm => {
            let read = |text: &str| text.parse().map_err(|_| "it is a port, like 8080".to_owned());
            asked.value(args.port, "--port", "Port", Some("8080"), &read)?
        }
        _ => Some(args.port.unwrap_or(8080)),
    };
    let issuer = if integration_is == Integration::Enterprise {
        let question = "Issuer of the OpenID provider, like https://login.example.org/realms/lab";
        asked.value(args.issuer.clone(), "--issuer", question, None, &names::issuer)?
    } else {
        args.issuer.clone()
    };
    let users = users(args, asked, integration_is)?;
    let preset = args.preset.or(path_is.preset());
    let image = image(args, asked, path_is, preset)?;
    if let Asked::Nobody(options) = asked
        && !options.is_empty()
    {
        return Err(missing(options));
    }
    let answers = Answers {
        path: path_is,
        integration: integration_is,
        host: host.unwrap_or_default(),
        port: port.unwrap_or_default(),
        users: users.as_deref().map(located).transpose()?,
        dbgap: args.dbgap.clone(),
        issuer,
        image: image.unwrap_or_default(),
        preset: preset.unwrap_or(Preset::Minimum),
        namespace: args.namespace.clone().unwrap_or_else(|| "commons".to_owned()),
        state: args.state.clone(),
    };
    fit(&answers, args)?;
    Ok(answers)
}

fn host(args: &InitArgs, asked: &mut Asked<'_>, path: StartingPoint) -> anyhow::Result<Option<String>> {
    let given = args.hostname.clone();
    match path {
        // Nobody else reaches it, so there is nothing to ask.
        StartingPoint::Laptop => Ok(Some(given.unwrap_or_else(|| "localhost".to_owned()))),
        _ => {
            let question = "Name by which users reach it, like commons.example.org";
            let default = path.is_here().then_some("localhost");
            asked.value(given, "--hostname", question, default, &names::host)
        }
    }
}

/// The source as it was given; empty for none.
fn users(args: &InitArgs, asked: &mut Asked<'_>, integration: Integration) -> anyhow::Result<Option<String>> {
    if integration != Integration::Github {
        return Ok(args.users.clone());
    }
    let question = "Repository with user.yaml, as OWNER/REPOSITORY, or another source of it";
    asked.value(args.users.clone(), "--users", question, None, &names::users)
}

fn image(
    args: &InitArgs,
    asked: &mut Asked<'_>,
    path: StartingPoint,
    preset: Option<Preset>,
) -> anyhow::Result<Option<String>> {
    if path.preset().is_none() {
        return Ok(args.image.clone().or_else(|| Some(String::new())));
    }
    let own = if preset == Some(Preset::Minimum) { "commons-together" } else { "commons" };
    // A small cluster is given the image; others take it from a registry, which only its owner knows.
    let default = (path == StartingPoint::K3s).then_some(own);
    let question = "Where the image is pushed to, like registry.example.org/commons";
    asked.value(args.image.clone(), "--image", question, default, &names::image)
}

/// What a source is: something of this machine, a repository of GitHub, or an address.
fn located(source: &str) -> anyhow::Result<Users> {
    if source.contains("://") {
        return Ok(Users::Elsewhere(source.to_owned()));
    }
    let here = Path::new(source);
    let file = if here.is_dir() { here.join("user.yaml") } else { here.to_owned() };
    if file.is_file() {
        return Ok(Users::Here(std::path::absolute(file)?));
    }
    names::github_repository(source).map(Users::Elsewhere).ok_or_else(|| {
        let told = format!("--users {source}: there is no such file, and no user.yaml in such a folder");
        Failure::Prerequisite(told).into()
    })
}

/// What does not go together.
fn fit(answers: &Answers, args: &InitArgs) -> anyhow::Result<()> {
    let path = answers.path;
    let refused = if path == StartingPoint::Laptop && !names::is_this_machine(&answers.host) {
        Some(format!("--hostname {}: a laptop serves itself only; take --path linux-vm", answers.host))
    } else if path.preset().is_some() && names::is_this_machine(&answers.host) {
        let told =
            "--hostname localhost: users reach a cluster by a name of its own, like commons.example.org";
        Some(told.to_owned())
    } else if answers.preset != Preset::Minimum && path.preset().is_none() {
        Some(format!("--preset is about the chart, which --path {} does not take", path.name()))
    } else if answers.issuer.is_some() && answers.integration != Integration::Enterprise {
        Some("--issuer is about an institution: add --integration enterprise".to_owned())
    } else if answers.state.is_some() && !matches!(path, StartingPoint::Laptop | StartingPoint::LinuxVm) {
        Some(format!("--state: where --path {} keeps everything is a volume", path.name()))
    } else if !args.values.is_empty() {
        Some("--values are those of gen3-helm: add --path adopt".to_owned())
    } else {
        dbgap_refused(answers)
    };
    refused.map_or(Ok(()), |told| Err(Failure::Prerequisite(told).into()))
}

fn dbgap_refused(answers: &Answers) -> Option<String> {
    let folder = answers.dbgap.as_ref()?;
    if !folder.exists() {
        return Some(format!("--dbgap {}: there is no such file or folder", folder.display()));
    }
    let is_up = matches!(answers.path, StartingPoint::Laptop | StartingPoint::LinuxVm);
    (!is_up).then(|| {
        "--dbgap is for the paths laptop and linux-vm; elsewhere `commons user sync --dbgap` is run where \
         the access files are, with the URLs of the databases"
            .to_owned()
    })
}
