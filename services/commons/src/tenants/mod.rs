//! `commons up --tenants FILE`: several commons in one process, told apart by the host of the address.
//!
//! Each is a commons of its own in a state folder of its own, with its databases, keys, dictionary and
//! users; all they have in common are the process and the port in front. What is signed by one is nothing to
//! another.

mod file;
mod front;

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use futures_util::future::{join_all, select_all};
use indexmap::IndexMap;
use tokio::sync::Notify;
use web::{Server, Starting};

use self::front::{ByHost, Host};
use crate::{
    failure,
    output::{remark, tell},
    settings::{self, Origins},
    state::State,
    supervision::{End, Watch},
    up::{Announcements, Options, Running, UpArgs, bring_demo, gateway_threads, tell_of_earlier_starts},
};

pub(crate) use self::file::Tenant;

/// The command.
pub(crate) async fn run(file: &Path, args: UpArgs, origins: Origins) -> anyhow::Result<()> {
    let tenants = file::read(file, &args, &origins)?;
    let reload = Arc::new(Notify::new());
    let mut watch = Watch::install(Some(reload.clone()))?;
    let mut town = Town::default();
    let started = tokio::select! {
        started = town.start(tenants, &args) => started,
        end = watch.end() => end.into_result().and(Err(anyhow::Error::new(Interrupted))),
    };
    let outcome = match started {
        Ok(()) => {
            town.tell(&args)?;
            tokio::select! {
                end = town.lost() => end.into_result(),
                end = watch.end() => end.into_result(),
                () = town.pass_on(&reload) => Ok(()),
            }
        }
        Err(error) if error.is::<Interrupted>() => Ok(()),
        Err(error) => Err(error),
    };
    if !args.json {
        // That nobody reads any more must not keep them from stopping in order.
        let _ = remark("stopping");
    }
    tokio::select! {
        () = town.stop() => {}
        _ = watch.end() => eprintln!("stopping at once"),
    }
    outcome
}

/// A signal came before all tenants had started.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

/// All tenants that run, and the port in front of them.
#[derive(Default)]
struct Town {
    running: IndexMap<String, Running>,
    reloads: Vec<Arc<Notify>>,
    front: Option<Server>,
}

impl Town {
    /// Starts one after the other, and then the port.
    ///
    /// # Errors
    /// When one of them does not start; those that have started still run.
    async fn start(&mut self, tenants: Vec<Tenant>, args: &UpArgs) -> anyhow::Result<()> {
        let serving = args.front.serving(gateway_threads())?;
        let listener = web::bind(args.host, args.port)?;
        let starting = Starting::begin(&listener, &serving)?;
        let mut hosts = Vec::new();
        for Tenant { name, host, args: own, origins } in tenants {
            let told = || format!("the tenant {name}");
            let options = Options::of(&own, &origins);
            let state = State::open(&options.state).with_context(told)?;
            tell_of_earlier_starts(&own, &options, &origins, &state).with_context(told)?;
            self.reloads.push(options.reload.clone());
            let running = Running::start(options).await.with_context(told)?;
            settings::remember(&state, &origins)?;
            for warning in running.warnings() {
                failure::warn(&format!("{name}: {warning}"));
            }
            bring_demo(&running, &own).await.with_context(told)?;
            hosts.push(Host { name: host, gateway: running.gateway() });
            self.running.insert(name, running);
        }
        starting.end().await?;
        self.front = Some(Server::start_with(listener, Arc::new(ByHost(hosts)), serving)?);
        Ok(())
    }

    fn tell(&self, args: &UpArgs) -> anyhow::Result<()> {
        let announced = |(name, running): (&String, &Running)| (name.clone(), running.announcement().clone());
        let announcements: Announcements = self.running.iter().map(announced).collect();
        if args.json {
            return Ok(tell(serde_json::to_string(&announcements)?)?);
        }
        Ok(remark(format_args!("{}\n\nCtrl-C stops all of them.", announcements.table()))?)
    }

    /// Has every tenant look at its dictionary whenever the program is asked to.
    async fn pass_on(&self, reload: &Notify) {
        loop {
            reload.notified().await;
            self.reloads.iter().for_each(|tenant| tenant.notify_one());
        }
    }

    /// Returns when a part of one of them has ended, if one ever does.
    async fn lost(&self) -> End {
        let front = async {
            while self.front.as_ref().is_none_or(Server::is_running) {
                tokio::time::sleep(crate::up::LOOK_FOR_LOSSES).await;
            }
            End::Lost("the port in front of the tenants")
        };
        let tenants = self.running.values().map(|running| Box::pin(running.lost()));
        tokio::select! {
            end = front => end,
            (end, ..) = select_all(tenants) => end,
        }
    }

    async fn stop(self) {
        if let Some(front) = self.front
            && let Err(error) = front.stop().await
        {
            tracing::error!(error = %error, "the port in front of the tenants ended abnormally");
        }
        join_all(self.running.into_values().map(Running::stop)).await;
    }
}
