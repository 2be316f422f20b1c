//! The virtual environment of the notebooks, and folders of their users.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use crate::settings::Settings;

/// What a notebook server needs, and what reads the commons in it.
const PACKAGES: [&str; 2] = ["jupyterlab", "gen3"];
/// It reads the commons.
const WELCOME: &str = include_str!("welcome.ipynb");
/// Installing takes a minute over a usual line.
const LONGEST: Duration = Duration::from_secs(1_200);
/// The last lines of what an installer said.
const SAID: usize = 2_000;

/// Whether there is one, or one could be made.
pub(crate) fn possible(settings: &Settings) -> Result<(), String> {
    match &settings.environment {
        Some(environment) if !server(environment).is_file() => Err(format!(
            "{} has no JupyterLab; install it there with `{}/bin/pip install {}`",
            environment.display(),
            environment.display(),
            PACKAGES.join(" ")
        )),
        _ => Ok(()),
    }
}

fn server(environment: &Path) -> PathBuf {
    environment.join("bin").join("jupyter-lab")
}

/// The environment. What is half made is made anew.
///
/// # Errors
/// With the remedy.
pub(crate) async fn find_or_make(settings: &Settings) -> Result<PathBuf, String> {
    if let Some(environment) = &settings.environment {
        possible(settings)?;
        return Ok(environment.clone());
    }
    let environment = settings.folder.join("environment");
    let made = environment.join("made");
    if made.is_file() {
        return Ok(environment);
    }
    tracing::info!(folder = %environment.display(), "JupyterLab is being installed for workspaces");
    private_folder(&settings.folder).map_err(|error| format!("{}: {error}", settings.folder.display()))?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).await.map_err(|why| {
        format!("no virtual environment could be made; install python3-venv (Debian, Ubuntu): {why}")
    })?;
    let mut pip = Command::new(environment.join("bin").join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-input"]).args(PACKAGES);
    run(&mut pip).await.map_err(|why| {
        format!(
            "JupyterLab could not be installed; name an environment that has it by --notebook-environment: \
             {why}"
        )
    })?;
    fs::write(&made, "").map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(environment)
}

async fn run(command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = tokio::time::timeout(LONGEST, command.output()).await;
    let output = ended.map_err(|_| "it came to no end".to_owned())?.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    let from = said.char_indices().rev().nth(SAID).map_or(0, |(at, _)| at);
    Err(said[from..].to_owned())
}

/// Makes the home of a user; a new one has a notebook to begin with.
pub(crate) fn make_home(home: &Path) -> io::Result<()> {
    if home.is_dir() {
        return Ok(());
    }
    private_folder(home)?;
    fs::write(home.join("welcome.ipynb"), WELCOME)
}

/// Makes a folder for this account alone.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
