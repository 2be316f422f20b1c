//! `commons up`: a whole commons in one process, with a private PostgreSQL and object store.

mod administrator;
mod announcement;
mod ground;
mod identity;
mod options;
mod ports;
mod running;
mod services;

use anyhow::Context as _;

pub use announcement::Announcement;
pub(crate) use identity::{load as load_users, preview as preview_users, read_user_yaml, write_key_file};
pub use options::{Options, UpArgs};
pub use running::Running;

use crate::{demo, output::tell, supervision::Watch};

/// The command.
pub(crate) async fn run(args: UpArgs) -> anyhow::Result<()> {
    let options = Options::from_args(&args);
    let mut watch = Watch::install(Some(options.reload.clone()))?;
    if !args.json {
        tell(format_args!("Starting a commons in {}", options.state.display()))?;
    }
    // A signal during the start must end it too, and stop the database on the way.
    let running = tokio::select! {
        running = Running::start(options) => running?,
        end = watch.end() => return end.into_result(),
    };
    let outcome = tokio::select! {
        done = be_of_use(&running, &args) => done,
        end = watch.end() => end.into_result(),
    };
    if !args.json {
        // That nobody reads any more must not keep the commons from stopping in order.
        let _ = tell("stopping");
    }
    tokio::select! {
        () = running.stop() => {}
        // Dropping what still runs closes it without waiting; PostgreSQL stops in order even then.
        _ = watch.end() => eprintln!("stopping at once"),
    }
    outcome
}

/// Loads what is to be loaded, tells that everything is ready, and never returns but with an error.
async fn be_of_use(running: &Running, args: &UpArgs) -> anyhow::Result<()> {
    let announcement = running.announcement();
    if args.demo {
        let loaded = demo::load(&announcement.url, &announcement.api_key_file, !args.json).await;
        let summary = loaded.context("the demonstration study cannot be loaded")?;
        if !args.json {
            let state = if summary.was_there { "was there already" } else { "is loaded" };
            tell(format_args!(
                "The demonstration study {} {state}: {} records, {} files\n",
                summary.project_id, summary.records, summary.files
            ))?;
        }
    }
    if args.json {
        tell(serde_json::to_string(announcement)?)?;
    } else {
        tell(announcement.table(!args.no_development_login))?;
    }
    std::future::pending().await
}
