//! `commons init`: the steps that it names are taken, what it writes is accepted, and what is wrong refused.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use testing::own_server;

/// The folder of the built program, which steps call by its name.
fn with_program() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_commons")).parent().unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

fn init(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.arg("init").args(arguments).current_dir(folder).env_remove("RUST_LOG").stdin(Stdio::null());
    command.output().unwrap()
}

/// What `commons init … --json` says.
fn written(folder: &Path, arguments: &[&str]) -> Value {
    let output = init(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn commands(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().map(|step| step["command"].as_str().unwrap().to_owned()).collect()
}

/// Takes a step as a user's shell would.
fn step(folder: &Path, command: &str) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-c", command]).current_dir(folder).env("PATH", with_program()).env_remove("RUST_LOG");
    let output = shell.env("BROWSER", "true").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command}: {said}");
    said
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// Stops the commons of a test, also of one that has failed.
struct Stopping(PathBuf);

impl Drop for Stopping {
    fn drop(&mut self) {
        let mut stop = Command::new(env!("CARGO_BIN_EXE_commons"));
        let _ = stop.args(["stop", "--state"]).arg(&self.0).output();
    }
}

const USERS: &str = "users: {ada@example.org: {}}\n";

#[test]
fn the_steps_of_the_laptop_lead_to_a_commons_with_its_users() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _stopping = Stopping(here.join(".commons"));
    fs::create_dir(here.join("checkout")).unwrap();
    fs::write(here.join("checkout/user.yaml"), USERS).unwrap();
    let port = free_port();
    let plan = written(here, &["--yes", "--port", &port, "--users", "checkout"]);
    let commands = commands(&plan);
    assert!((1..=5).contains(&commands.len()), "{commands:?}");
    for command in &commands {
        step(here, command);
    }
    let asked = format!("commons healthcheck http://localhost:{port}/readyz && commons user list");
    let asked = step(here, &asked);
    assert!(asked.contains("ada@example.org"), "{asked}");
    let config = step(here, "commons config");
    assert!(config.contains(&port) && config.contains("commons.toml"), "{config}");
}

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// systemd is not asked here; what its unit says is done: its settings, its variables, its command.
fn as_the_unit(folder: &Path) -> Ending {
    let unit =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/debian/commons.service"));
    let unit = unit.unwrap();
    let of = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_owned();
    let system = folder.join("etc").display().to_string();
    let moved = |text: String| text.trim_start_matches('-').replace("/etc/commons", &system);
    let (settings, variables) = (moved(of("Environment=")), moved(of("EnvironmentFile=")));
    let command = of("ExecStart=/usr/bin/");
    let line = format!("set -a; . {variables}; export {settings}; exec {command} --json");
    let mut shell = Command::new("bash");
    shell.args(["-c", &line]).current_dir(folder).env("PATH", with_program()).env_remove("RUST_LOG");
    Ending(shell.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
}

#[test]
fn the_steps_of_the_linux_machine_lead_to_a_commons_that_offers_the_login_of_the_institution() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("etc")).unwrap();
    let (port, state) = (free_port(), here.join("state").display().to_string());
    let arguments = [
        "out",
        "--path",
        "linux-vm",
        "--yes",
        "--hostname",
        "commons.example.org",
        "--port",
        &port,
        "--state",
        &state,
        "--integration",
        "enterprise",
        "--issuer",
        "https://login.example.org/realms/lab",
    ];
    let plan = written(here, &arguments);
    assert_eq!(plan["login_callback"], "https://commons.example.org/user/login/institution/login");
    let commands = commands(&plan);
    assert!((1..=5).contains(&commands.len()), "{commands:?}");
    let mut running = None;
    for command in &commands {
        // What needs root is done in a folder of the test.
        let command = command.replace("/etc/commons", &here.join("etc").display().to_string());
        let command = command.replace("sudo -u commons ", "").replace("sudo ", "");
        if command.contains("systemctl enable --now commons") {
            running = Some(as_the_unit(here));
            let ready = format!("commons healthcheck http://127.0.0.1:{port}/readyz");
            let asked =
                format!("for i in $(seq 300); do {ready} 2>/dev/null && exit; sleep 0.2; done; {ready}");
            step(here, &asked);
        } else {
            let said = step(here, &format!("{{ {command}; }} <<<$'the-client\\nthe-secret'"));
            if command.contains("invite") {
                assert!(said.contains("https://commons.example.org/"), "{said}");
            }
        }
    }
    let logins = step(here, &format!("curl --silent --fail http://127.0.0.1:{port}/user/login"));
    assert!(logins.contains("institution") && logins.contains("Our institution"), "{logins}");
    let secrets = here.join("etc/commons.env");
    assert_eq!(fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(secrets).unwrap().contains("LOGIN_CLIENT_SECRET=the-secret"));
    let public = fs::read_to_string(here.join("etc/login-providers.yaml")).unwrap();
    assert!(!public.contains("the-secret"), "{public}");
    drop(running);
}

#[test]
fn what_is_written_is_accepted_and_never_replaced_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let port = free_port();
    let plan = written(here, &["--yes", "--dry-run", "--port", &port]);
    assert_eq!(plan["written"], false);
    assert!(plan["files"][0]["text"].as_str().unwrap().contains(&port));
    assert_eq!(fs::read_dir(here).unwrap().count(), 0, "a dry run writes nothing");

    written(here, &["--yes", "--port", &port]);
    let doctor = step(here, "commons doctor");
    assert!(!doctor.contains("error "), "{doctor}");
    let again = init(here, &["--yes", "--port", &port]);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(step(here, "commons completions bash").contains("managed-kubernetes"));
    assert!(again.status.code() == Some(3) && told.contains("--force"), "{told}");
    let other = free_port();
    written(here, &["--yes", "--force", "--port", &other]);
    assert!(fs::read_to_string(here.join("commons.toml")).unwrap().contains(&other));

    // A password that a database has is kept; what is printed has none.
    let compose = &["c", "--path", "compose", "--yes"];
    let printed = written(here, compose);
    let passwords = || fs::read_to_string(here.join("c/.env")).unwrap();
    let before = passwords();
    assert!(!before.contains("change-me"), "{before}");
    assert_eq!(printed["files"][0]["text"], Value::Null);
    written(here, &[&compose[..], &["--force"]].concat());
    assert_eq!(passwords(), before);
    assert_eq!(fs::metadata(here.join("c/.env")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn wrong_answers_are_refused_with_the_remedy_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (address.port().to_string(), taken)).unwrap();
    fs::write(here.join("wrong.yaml"), "users:\n  ada: {policies: [nope]}\n").unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--yes", "--hostname", "https://commons.example.org/x"], 2, "the name alone"),
        (&["--yes", "--port", &taken.0], 3, "--port"),
        (&["--yes", "--users", "wrong.yaml"], 4, "line 2"),
        (&["--yes", "--path", "the-moon"], 2, "managed-kubernetes"),
        (&["--path", "linux-vm", "--integration", "standalone"], 3, "--hostname"),
        (&[], 3, "laptop with --yes"),
        (&["--path", "adopt", "--yes"], 3, "--values"),
    ];
    for (arguments, status, told) in cases {
        let output = init(here, &[&["out"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
        assert!(!here.join("out").exists(), "{arguments:?} has written something");
    }
}

#[test]
fn values_of_gen3_helm_are_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands/helm/gen3/fixture.yaml");
    let plan = written(folder.path(), &["move", "--path", "adopt", "--values", values]);
    assert!(commands(&plan).len() <= 5 && plan["values"]["publicUrl"].is_string(), "{plan}");
    assert!(
        folder.path().join("move/values.yaml").is_file() && folder.path().join("move/apply.sh").is_file()
    );
}

/// In the place of kubectl: Secrets are folders.
const KUBECTL: &str = r#"#!/bin/bash
case "$1 $2" in
"get secret") test -d "$SECRETS/$3" ;;
"create secret")
    name=$4; mkdir -p "$SECRETS/$name"
    for option; do case $option in
        --from-literal=*) pair=${option#*=}; printf %s "${pair#*=}" >"$SECRETS/$name/${pair%%=*}" ;;
        --from-file=*) cp -r "$(d=${option#*=}; [ -d "$d" ] && echo "$d/." || echo "$d")" "$SECRETS/$name/" ;;
    esac; done ;;
*) exit 1 ;;
esac
"#;

#[tokio::test]
async fn the_script_of_the_cluster_makes_databases_and_secrets_once() {
    let server = own_server().await;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let arguments = [
        "--path",
        "managed-kubernetes",
        "--yes",
        "--hostname",
        "commons.example.org",
        "--image",
        "registry.example.org/commons",
        "--integration",
        "enterprise",
        "--issuer",
        "https://login.example.org",
    ];
    written(here, &arguments);
    fs::create_dir(here.join("bin")).unwrap();
    fs::write(here.join("bin/kubectl"), KUBECTL).unwrap();
    fs::set_permissions(here.join("bin/kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
    let to = server.connect_options("postgres");
    let socket = to.get_socket().unwrap().display().to_string();
    let (port, user) = (to.get_port().to_string(), to.get_username().to_owned());
    let server_variables =
        [("PGHOST", socket), ("PGPORT", port), ("PGUSER", user), ("PGPASSWORD", "test".into())];
    let run = || {
        let mut script = Command::new(here.join("secrets.sh"));
        script.arg("commons").current_dir(here).env("SECRETS", here.join("secrets"));
        script.env("PATH", format!("{}:{}", here.join("bin").display(), std::env::var("PATH").unwrap()));
        script
            .envs(server_variables.clone())
            .envs([("LOGIN_CLIENT_ID", "a&b"), ("LOGIN_CLIENT_SECRET", "c\\1$d")]);
        let output = script.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run();
    let secret = |name: &str| fs::read_to_string(here.join("secrets").join(name)).unwrap();
    let fence = secret("commons-fence-config/fence-config.yaml");
    assert!(fence.contains("client_id: 'a&b'\n    client_secret: 'c\\1$d'\n"), "{fence}");
    let url = secret("commons-databases/library");
    assert!(url.starts_with("postgresql://library:") && url.ends_with("/library"), "{url}");
    assert_eq!(fs::read_dir(here.join("secrets/commons-databases")).unwrap().count(), 8);
    assert!(
        secret("commons-indexd-login/password").len() == 48 && !secret("commons-users/user.yaml").is_empty()
    );
    run();
    assert_eq!(secret("commons-databases/library"), url, "a second run changes no password");
}
