//! A private server, kept running.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    Durability, Options, PostgresError, Programs,
    account::server_account,
    address::{Address, any_number},
    admin::ensure_databases,
    cluster,
    process::{Process, Setup},
};

/// The pauses before a server that has ended is started again. After as many starts in a row that have failed
/// it is given up.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// A server that has run for this long was well, and is started again without a pause.
const WELL: Duration = Duration::from_secs(60);

/// A private server. Dropping it stops the server too, without waiting for the end.
///
/// A server that ends although nobody has asked it to (killed for want of memory, stopped by a full disk) is
/// started again, at the same address, with growing pauses, however often it ends: [`Postgres::lost`] tells
/// when it does not start any more.
#[derive(Debug)]
pub struct Postgres {
    address: Address,
    /// Asks for the stop, as does its end.
    stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
    lost: watch::Receiver<Option<Arc<PostgresError>>>,
}

impl Postgres {
    /// Starts the server on `options.data`, making the cluster first when there is none, and waits until it
    /// answers.
    ///
    /// # Errors
    /// Any [`PostgresError`]; the message says what to do.
    pub async fn start(options: Options) -> Result<Self, PostgresError> {
        let programs = Programs::find_for(&options.data)?;
        let account = server_account()?;
        if let (Some(account), Some(folder)) = (account, &options.remove_afterwards) {
            // The supervisor removes it, and runs as that account too.
            std::os::unix::fs::chown(folder, Some(account.uid), Some(account.gid))
                .map_err(PostgresError::file(folder))?;
        }
        if !cluster::exists(&options.data) {
            let (programs, options) = (programs.clone(), options.clone());
            let made = tokio::task::spawn_blocking(move || cluster::create(&programs, account, &options));
            made.await.map_err(|error| PostgresError::Init(error.to_string()))??;
        }
        let data = options.data.clone();
        let removed = tokio::task::spawn_blocking(move || cluster::remove_leftovers(&data)).await;
        removed.map_err(|error| PostgresError::Init(error.to_string()))?;
        let number = options.port.unwrap_or_else(any_number);
        let address = Address::new(&options.data, number, options.password.clone());
        let address = address.map_err(PostgresError::file(&options.data))?;
        let setup = Setup { programs, account, options, address: address.clone() };
        let process = setup.start(&mut None).await?;
        let (stop, asked) = oneshot::channel();
        let (tell, lost) = watch::channel(None);
        let keeper = tokio::spawn(keep(setup, process, asked, tell));
        Ok(Self { address, stop, keeper, lost })
    }

    /// The number of its socket, or its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.number
    }

    /// A connection URL with the password in it; not for logs.
    pub fn url(&self, database: &str) -> String {
        self.address.url(database)
    }

    /// How to connect to `database`.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.address.connect_options(database)
    }

    /// Makes sure that each of `names` (identifiers of ours, never of a user) is a database.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ensure_databases(&self, names: &[&'static str]) -> Result<(), PostgresError> {
        ensure_databases(&self.connect_options("postgres"), names).await
    }

    /// Returns when the server has ended and does not start any more, and says why.
    pub async fn lost(&self) -> Arc<PostgresError> {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(why)) => why.clone(),
            // It was stopped in order.
            _ => std::future::pending().await,
        }
    }

    /// Disconnects everybody, stops the server and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.keeper.await;
    }
}

/// Keeps the server running until it is asked to stop, or it is of no use.
async fn keep(
    setup: Setup,
    mut process: Process,
    mut stop: oneshot::Receiver<()>,
    lost: watch::Sender<Option<Arc<PostgresError>>>,
) {
    // How often in a row it has ended soon after its start.
    let mut soon = 0;
    loop {
        let started = Instant::now();
        let ended = tokio::select! {
            ended = process.ended() => ended,
            _ = &mut stop => return process.stop().await,
        };
        // What of it still runs, stops when the pipe is closed.
        drop(process);
        if started.elapsed() > WELL {
            soon = 0;
        }
        let mut starting = None;
        let again = tokio::select! {
            again = start_again(&setup, &mut starting, ended, soon) => again,
            _ = &mut stop => {
                if let Some(process) = starting {
                    process.stop().await;
                }
                return;
            }
        };
        soon += 1;
        process = match again {
            Ok(again) => again,
            Err(why) => {
                lost.send_replace(Some(Arc::new(why)));
                return;
            }
        };
    }
}

/// Starts the server that has `ended`, after the pauses that come after the first `soon` ones. A server that
/// is killed again and again still serves in between; one that does not start is of no use.
async fn start_again(
    setup: &Setup,
    starting: &mut Option<Process>,
    ended: PostgresError,
    soon: usize,
) -> Result<Process, PostgresError> {
    let mut why = ended;
    if setup.options.durability == Durability::None {
        return Err(why);
    }
    for failed in 0..PAUSES.len() {
        let pause = PAUSES[(soon + failed).min(PAUSES.len() - 1)];
        tracing::error!(
            error = &why as &dyn std::error::Error,
            pause_ms = pause.as_millis(),
            "PostgreSQL does not run; it is started again"
        );
        tokio::time::sleep(pause).await;
        match setup.start(starting).await {
            Ok(process) => {
                tracing::info!("PostgreSQL runs again");
                return Ok(process);
            }
            Err(error) => why = error,
        }
    }
    Err(why)
}
