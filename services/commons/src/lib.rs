//! The program `commons`: command line, configuration, supervision. What a service does is in its own crate.

#![expect(clippy::print_stderr, reason = "a command line program talks to its user")]

pub mod cli;
mod commands;
mod databases;
mod demo;
mod dictionaries;
mod documents;
mod explorer;
mod failure;
mod figures;
mod front;
mod http_client;
mod index_options;
mod log;
mod operations;
mod output;
mod pages;
mod problems;
mod queries;
mod reload;
mod serve;
mod settings;
mod state;
mod style;
mod supervision;
mod tenants;
pub mod up;
mod version;
mod workflows;
mod workspaces;

use std::{ffi::OsString, process::ExitCode};

use cli::Command;

pub use failure::Failure;
use settings::{Origins, Refusal, Settings};
pub use version::{COMMIT, VERSION};

/// The original's program for clients, tokens and users.
const FENCE_CREATE: &str = "fence-create";
/// The exit status of a wrong usage.
const WRONG_USAGE: u8 = 2;

/// Runs the command of a command line and returns the program's exit status.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = by_name(arguments);
    match settings::read(&arguments) {
        Ok(settings) => run_command(settings),
        Err(refusal) => refuse(&refusal),
    }
}

/// A link of the name `fence-create` is that program: run-books and jobs call it so.
fn by_name(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let name = arguments.first().map(std::path::Path::new).and_then(|path| path.file_name());
    if name.is_some_and(|name| name == FENCE_CREATE) {
        arguments.insert(1, FENCE_CREATE.into());
    }
    arguments
}

fn run_command(Settings { cli, origins }: Settings) -> ExitCode {
    install_crypto();
    let _log = log::install(&cli);
    web::raise_descriptor_limit();
    output::be_quiet(cli.quiet);
    let runtime = match supervision::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            failure::tell(&format!("cannot start threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let loudness = cli.loudness();
    let result = runtime.block_on(dispatch(cli.command, origins, &loudness));
    // Tasks that are still busy, for instance with a client that does not go away, must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            failure::tell_of(&error);
            failure::exit_code(&error)
        }
    }
}

/// Says what is wrong with the command line or the settings; the help is such a refusal, too.
fn refuse(refusal: &Refusal) -> ExitCode {
    match refusal {
        Refusal::CommandLine(error, note) => {
            // Nobody is left to whom a closed pipe could be told.
            let _ = error.print();
            if let Some(note) = note {
                eprintln!("{note}");
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USAGE))
        }
        Refusal::Settings(told) => {
            failure::tell(told);
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// One commons, or several.
async fn start(mut args: up::UpArgs, origins: Origins) -> anyhow::Result<()> {
    up::prepare(&mut args);
    match args.tenants.take() {
        Some(file) => tenants::run(&file, args, origins).await,
        None => up::run(args, origins).await,
    }
}

async fn dispatch(command: Command, origins: Origins, loudness: &[&str]) -> anyhow::Result<()> {
    match command {
        Command::Init(args) => commands::init::run(&args),
        Command::Up(args) if args.detach && !commands::detach::is_background() => commands::detach::up(&args),
        Command::Up(args) => start(*args, origins).await,
        Command::Status(args) => commands::status::run(args).await,
        Command::Stop(args) => commands::life::stop(args).await,
        Command::Restart(args) => commands::life::restart(args, origins.file.as_deref(), loudness).await,
        Command::Open(args) => commands::life::open(&args),
        Command::Logs(args) => commands::logs::run(args).await,
        Command::Doctor(args) => commands::doctor::run(args, origins.file.as_deref()).await,
        Command::Upgrade(command) => commands::upgrade::run(command, origins.file.as_deref()).await,
        Command::Config(args) => commands::config::run(args, origins.file.as_deref()),
        Command::Serve(service) => serve::run(*service, &origins).await,
        Command::Migrate(args) => commands::migrate::run(args).await,
        Command::User(command) => commands::user::run(command).await,
        Command::Client(command) => commands::client::run(command).await,
        Command::Keys(command) => commands::keys::run(command),
        Command::FenceCreate(command) => commands::fence_create::run(command).await,
        Command::Authz(command) => commands::authz::run(command).await,
        Command::Database(command) => commands::database::run(command).await,
        Command::Dictionary(command) => commands::dictionary::run(command).await,
        Command::Index(command) => commands::index::run(command).await,
        Command::Objects(command) => commands::objects::run(command).await,
        Command::Op(command) => commands::op::run(command).await,
        Command::Archive(command) => commands::archive::archive(command).await,
        Command::Retrieve(command) => commands::archive::retrieve(command).await,
        Command::Backup(command) => commands::backup::run(command).await,
        Command::Restore(args) => commands::restore::run(args).await,
        Command::Size(args) => commands::size::run(&args),
        Command::Snapshot(command) => commands::snapshot::run(command).await,
        Command::Etl(command) => commands::etl::run(command).await,
        Command::Export(command) => commands::pfb::export(command).await,
        Command::Import(command) => commands::pfb::import(command).await,
        Command::Metadata(command) => commands::metadata::run(command).await,
        Command::Search(command) => commands::search::run(command).await,
        Command::Helm(command) => commands::helm::run(command),
        Command::Download(args) => commands::transfer::download(args).await,
        Command::Upload(args) => commands::transfer::upload(args).await,
        Command::Version { json } => commands::version(json),
        Command::Completions { shell } => commands::completions(shell),
        Command::Healthcheck { url, timeout } => commands::healthcheck(url, timeout).await,
    }
}

/// Chooses the cryptography of TLS and token signatures for the whole process. A second call does nothing.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
