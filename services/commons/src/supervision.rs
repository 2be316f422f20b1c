//! Threads, signals, and what a panic does.
//!
//! A panic costs what it happened in and nothing else: a request its answer, a connection itself, a look
//! through a bucket that look. `web::init_telemetry` has it logged as an error wherever it happens, so that
//! it is mended. What ends the program is not a panic but the loss of a part that runs as long as the commons
//! does (a server, the indexing of uploads, the watch over the dictionary): without it the commons is no
//! longer whole, and a service manager should start it again. Whoever holds such parts tells of it with
//! [`End::Lost`].

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use postgres::PostgresError;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::reload::Asked;

/// The name of the threads of background tasks.
const THREADS: &str = "commons";

/// The runtime of background tasks. Requests are served by the web server's own threads.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 4));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name(THREADS)
        .enable_all()
        .build()
}

/// Why the program ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// SIGTERM or SIGINT; SIGHUP, too, where it asks for no reload or the terminal is gone.
    Signal,
    /// This part ended on its own: the commons is no longer whole, and pretending otherwise would be worse.
    Lost(&'static str),
    /// Our own PostgreSQL has ended and does not start any more.
    Database(Arc<PostgresError>),
}

impl End {
    /// What the program makes of it.
    ///
    /// # Errors
    /// When a part was lost.
    pub(crate) fn into_result(self) -> anyhow::Result<()> {
        match self {
            Self::Signal => Ok(()),
            Self::Lost(part) => anyhow::bail!("{part} ended unexpectedly, so everything was stopped"),
            Self::Database(why) => {
                anyhow::bail!("{why}; it cannot be started again, so everything was stopped")
            }
        }
    }
}

/// Watches for the reasons to end. Made before any background task starts, and kept: a signal that comes
/// while nobody waits in [`Watch::end`] is noticed by the next who does.
pub(crate) struct Watch {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reload: Option<Asked>,
    terminals: [bool; 3],
}

impl Watch {
    /// Notices signals from now on. Needs a runtime. With `reload`, SIGHUP asks for it, as
    /// it is usual of servers; without, it is a reason to end.
    pub(crate) fn install(reload: Option<Asked>) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            reload,
            terminals: terminals(),
        })
    }

    /// Returns when the program is to end.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return End::Signal,
                _ = self.interrupt.recv() => return End::Signal,
                _ = self.hangup.recv() => {}
            }
            // Who closes the terminal wants the commons to end, not a new dictionary.
            let terminal_is_gone = self.terminals != terminals();
            match &self.reload {
                Some(reload) if !terminal_is_gone => reload.notify_one(),
                _ => return End::Signal,
            }
        }
    }
}

/// Which of the standard streams are terminals that are still there.
fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Panics and signals concern the whole process, so these tests take turns.
    static TURN: Mutex<()> = Mutex::new(());

    #[test]
    fn a_panic_costs_its_task_and_ends_nothing() {
        let _turn = TURN.lock();
        let runtime = runtime().unwrap();
        runtime.block_on(async {
            let mut watch = Watch::install(None).unwrap();
            let task = tokio::spawn(async { panic!("a broken invariant") });
            assert!(task.await.unwrap_err().is_panic());
            tokio::select! {
                end = watch.end() => panic!("{end:?}"),
                () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
            }
        });
    }

    #[test]
    fn a_lost_part_is_named_when_the_program_ends() {
        assert!(End::Signal.into_result().is_ok());
        let told = End::Lost("the indexing of uploads").into_result().unwrap_err().to_string();
        assert_eq!(told, "the indexing of uploads ended unexpectedly, so everything was stopped");
    }

    #[test]
    fn a_signal_between_two_waits_is_not_lost() {
        let _turn = TURN.lock();
        let runtime = runtime().unwrap();
        let end = runtime.block_on(async {
            let mut watch = Watch::install(None).unwrap();
            tokio::select! {
                _ = watch.end() => panic!("nothing has happened yet"),
                () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
            }
            hang_up().await;
            watch.end().await
        });
        assert!(matches!(end, End::Signal));
    }

    async fn hang_up() {
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::HUP).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    #[test]
    fn where_a_reload_is_possible_hanging_up_asks_for_it_and_nothing_ends() {
        let _turn = TURN.lock();
        let runtime = runtime().unwrap();
        runtime.block_on(async {
            let asked = Asked::default();
            let mut watch = Watch::install(Some(asked.clone())).unwrap();
            hang_up().await;
            tokio::select! {
                end = watch.end() => panic!("{end:?}"),
                () = asked.notified() => {}
            }
        });
    }
}
