//! One notebook server, from its start to its end.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use executor::Launch;
use hatchery::PROXY;
use reqwest::Client;
use tempfile::TempDir;
use tokio::{
    process::{Child, ChildStdin, Command},
    sync::Mutex as AsyncMutex,
};
use uuid::Uuid;

const SUPERVISOR: &str = include_str!("supervisor.sh");
/// A server that does not say within this time whether it answers does not.
const PROBE: Duration = Duration::from_secs(2);
/// How long its end may take: the supervisor kills it before.
const LONGEST_END: Duration = Duration::from_secs(10);
/// A larger file of what it says is begun anew.
const LARGEST_LOG: u64 = 4 << 20;

/// Where it runs.
pub(crate) struct Place {
    pub(crate) environment: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) hidden: PathBuf,
    /// Whether it is kept from seeing what is hidden.
    pub(crate) walls: bool,
}

/// A notebook server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) user: String,
    pub(crate) id: Uuid,
    client: Client,
    child: AsyncMutex<Child>,
    /// Closing it ends the server.
    pipe: Mutex<Option<ChildStdin>>,
    answers: AtomicBool,
    /// The folder of its socket; the supervisor removes it, too, if we are killed.
    _folder: TempDir,
}

impl Process {
    pub(crate) fn start(launch: &Launch<'_>, place: &Place) -> io::Result<Self> {
        let workspace = launch.workspace;
        // Only this account can enter it. A socket's path must be short, which that of a state folder may not
        // be.
        let folder = tempfile::Builder::new().prefix("commons-notebook-").tempdir()?;
        let (socket, key) = (folder.path().join("s"), folder.path().join("credentials.json"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key)?;
        file.write_all(launch.credentials.as_bytes())?;
        let log = log(&place.home)?;
        let mut command = notebook(launch, place, &socket);
        command.env("JUPYTER_RUNTIME_DIR", folder.path()).env("RUN", folder.path()).env("GEN3_API_KEY", &key);
        command.current_dir(&place.home).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        // A Ctrl-C at the terminal is for us, and we end it.
        command.process_group(0);
        let mut child = command.spawn()?;
        let client = Client::builder()
            .unix_socket(socket)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            user: workspace.names.user().to_owned(),
            id: workspace.id,
            client,
            pipe: Mutex::new(child.stdin.take()),
            child: AsyncMutex::new(child),
            answers: AtomicBool::new(false),
            _folder: folder,
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether it has been asked to end.
    pub(crate) fn is_leaving(&self) -> bool {
        self.pipe.lock().is_ok_and(|pipe| pipe.is_none())
    }

    pub(crate) fn has_ended(&self) -> bool {
        // While somebody waits for its end it has not ended.
        self.child.try_lock().is_ok_and(|mut child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Whether it answers; once it has, it does until it ends.
    pub(crate) async fn answers(&self) -> bool {
        if self.answers.load(Ordering::Relaxed) {
            return true;
        }
        let asked = self.client.get(format!("http://localhost{PROXY}api")).timeout(PROBE).send().await;
        let answers = asked.is_ok_and(|answer| answer.status().is_success());
        self.answers.store(answers, Ordering::Relaxed);
        answers
    }

    /// Asks it to end.
    pub(crate) fn begin_to_stop(&self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            drop(pipe.take());
        }
    }

    /// Asks it to end, and waits for that.
    pub(crate) async fn stop(&self) {
        self.begin_to_stop();
        let mut child = self.child.lock().await;
        if tokio::time::timeout(LONGEST_END, child.wait()).await.is_err() {
            tracing::error!(user = %self.id, "a notebook server does not end");
        }
    }
}

/// Where a notebook server says what it does. A large file begins anew.
fn log(home: &Path) -> io::Result<File> {
    let path = home.join(".notebook.log");
    let is_large = path.metadata().is_ok_and(|file| file.len() > LARGEST_LOG);
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(!is_large).truncate(is_large).mode(0o600).open(path)
}

/// The notebook server that answers on `socket`, with nothing of our own environment.
fn notebook(launch: &Launch<'_>, place: &Place, socket: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SUPERVISOR, "notebook-supervisor"]);
    command.arg(place.environment.join("bin").join("jupyter-lab"));
    command.arg(format!("--ServerApp.sock={}", socket.display()));
    command.arg(format!("--ServerApp.base_url={PROXY}"));
    command.arg(format!("--ServerApp.root_dir={}", place.home.display()));
    // Who reaches the socket is this program, for whoever it has let pass.
    command.args(["--no-browser", "--ServerApp.allow_remote_access=True", "--ServerApp.quit_button=False"]);
    command.args(["--KernelManager.transport=ipc"]);
    if place.walls || rustix::process::geteuid().is_root() {
        command.arg("--allow-root");
    }
    if let Some(limit) = launch.container.idle_limit() {
        command.arg(format!("--ServerApp.shutdown_no_activity_timeout={}", limit / 1_000));
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", place.environment.join("bin").display());
    command.env_clear().env("PATH", path).env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
    command.envs(&launch.container.env).envs(launch.env.iter().cloned());
    command
        .env("HOME", &place.home)
        .env("VIRTUAL_ENV", &place.environment)
        .env("JUPYTER_TOKEN", &launch.secret)
        .env("HOME_FOLDER", &place.home)
        .env("HIDDEN", &place.hidden)
        .env("TOOLS", &place.environment)
        .env("WALLS", if place.walls { "yes" } else { "no" });
    command
}
