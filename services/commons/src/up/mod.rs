//! `commons up`: a whole commons in one process, with a private PostgreSQL and object store.

mod administrator;
mod announcement;
mod buckets;
mod documents;
mod ground;
mod identity;
mod loading;
mod login_providers;
mod memory;
mod operating;
mod options;
mod pools;
mod ports;
mod running;
mod services;
mod small;
mod wts;

pub(crate) use administrator::{BUILT_IN as ADMINISTRATOR_YAML, with_administrator};
pub use announcement::{Announcement, Announcements};
pub(crate) use ground::public_url;
pub(crate) use identity::write_key_file;
pub(crate) use loading::{Changes, Loading, load as load_users};
pub(crate) use login_providers::check as check_login_providers;
pub use options::{Options, UpArgs};
pub use running::Running;
pub(crate) use running::{LOOK_FOR_LOSSES, gateway_threads};

use rustix::fs::Mode;

use crate::{
    commands::detach,
    demo, failure,
    output::{remark, tell},
    settings::{self, Origins},
    state::State,
    supervision::Watch,
};

/// What comes before anything is started, be it one commons or several.
pub(crate) fn prepare(args: &mut UpArgs) {
    // What is made from now on, by whatever part, is for its owner only.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // In the background one line of JSON tells the process that waits.
    args.json |= detach::is_background();
    if detach::is_background() {
        detach::leave_terminal();
    }
}

/// The command.
pub(crate) async fn run(args: UpArgs, origins: Origins) -> anyhow::Result<()> {
    let options = Options::of(&args, &origins);
    let mut watch = Watch::install(Some(options.reload.clone()))?;
    let state = State::open(&options.state)?;
    tell_of_earlier_starts(&args, &options, &origins, &state)?;
    // A signal during the start must end it too, and stop the database on the way.
    let running = tokio::select! {
        running = Running::start(options) => running?,
        end = watch.end() => return end.into_result(),
    };
    settings::remember(&state, &origins)?;
    for warning in running.warnings() {
        failure::warn(warning);
    }
    let outcome = tokio::select! {
        done = be_of_use(&running, &args) => done,
        end = running.lost() => end.into_result(),
        end = watch.end() => end.into_result(),
    };
    if !args.json {
        // That nobody reads any more must not keep the commons from stopping in order.
        let _ = remark("stopping");
    }
    tokio::select! {
        () = running.stop() => {}
        // Dropping what still runs closes it without waiting; PostgreSQL stops in order even then.
        _ = watch.end() => eprintln!("stopping at once"),
    }
    outcome
}

/// Says where the commons is, and what the folder has of earlier starts.
pub(crate) fn tell_of_earlier_starts(
    args: &UpArgs,
    options: &Options,
    origins: &Origins,
    state: &State,
) -> anyhow::Result<()> {
    if !args.json {
        remark(format_args!("Starting a commons in {}", state.folder().display()))?;
        if let Some(file) = &origins.file {
            remark(format_args!("Settings of {}", file.display()))?;
        }
        if let Some(taken_up) = memory::taken_up(origins) {
            remark(taken_up)?;
        }
    }
    // A file that cannot be read is a reason to stop for those who need what is in it.
    if let Ok(Some(last)) = state.last_run() {
        for sentence in memory::out_of_sight(&last, options) {
            failure::warn(&sentence);
        }
    }
    Ok(())
}

/// Loads what is to be loaded, tells that everything is ready, and never returns but with an error.
async fn be_of_use(running: &Running, args: &UpArgs) -> anyhow::Result<()> {
    let announcement = running.announcement();
    bring_demo(running, args).await?;
    if args.json {
        tell(serde_json::to_string(announcement)?)?;
    } else {
        remark(format_args!("{} Ctrl-C stops everything.", announcement.table()))?;
    }
    std::future::pending().await
}

/// Loads the demonstration, if it is wanted, and fills the explorer with it.
///
/// # Errors
/// When nobody reads what is told.
pub(crate) async fn bring_demo(running: &Running, args: &UpArgs) -> anyhow::Result<()> {
    if !args.demo {
        return Ok(());
    }
    load_demo(running, args).await?;
    if let Err(error) = running.fill_explorer().await {
        failure::warn(&format!("the explorer is not filled yet: {}", failure::message(&error)));
    }
    Ok(())
}

/// A study that cannot be loaded is no reason to stop: the commons is of use without it.
async fn load_demo(running: &Running, args: &UpArgs) -> anyhow::Result<()> {
    let announcement = running.announcement();
    let (local, public) = (running.local_url(), announcement.url.as_str());
    match demo::load(local, public, &announcement.api_key_file, !args.json).await {
        Ok(summary) if !args.json => {
            let state = if summary.was_there { "was there already" } else { "is loaded" };
            remark(format_args!(
                "The demonstration study {} {state}: {} records, {} files\n",
                summary.project_id, summary.records, summary.files
            ))?;
        }
        Ok(_) => {}
        Err(error) => failure::warn(&format!(
            "the demonstration study could not be loaded: {}; the next start with --demo goes on with it",
            failure::message(&error)
        )),
    }
    Ok(())
}
