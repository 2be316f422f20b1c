//! Threads, signals, and what happens when a background task panics.

use std::{
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex},
};

use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use crate::reload::Asked;

/// Threads of background tasks have this name; threads that serve requests have others.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// SIGTERM or SIGINT; SIGHUP, too, where it asks for no reload or the terminal is gone.
    Signal,
    /// A background task panicked: the commons is no longer whole, and pretending otherwise would be worse.
    Panic(String),
}

impl End {
    /// What the program makes of it.
    ///
    /// # Errors
    /// When a background task panicked.
    pub(crate) fn into_result(self) -> anyhow::Result<()> {
        match self {
            Self::Signal => Ok(()),
            Self::Panic(place) => {
                anyhow::bail!("a background task panicked at {place}, so everything was stopped")
            }
        }
    }
}

/// Watches for the reasons to end. Made before any background task starts, and kept: a signal that comes
/// while nobody waits in [`Watch::end`] is noticed by the next who does.
pub(crate) struct Watch {
    panics: watch::Receiver<Option<String>>,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reload: Option<Asked>,
    terminals: [bool; 3],
}

impl Watch {
    /// Notices signals, and reports panics of background tasks, from now on. Needs a runtime. With `reload`,
    /// SIGHUP asks for it, as it is usual of servers; without, it is a reason to end.
    pub(crate) fn install(reload: Option<Asked>) -> io::Result<Self> {
        let (sender, panics) = watch::channel(None);
        let sender = Arc::new(Mutex::new(sender));
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            report(info);
            let background = std::thread::current().name() == Some(THREADS);
            if let (true, Ok(sender)) = (background, sender.lock()) {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                sender.send_replace(Some(place));
            }
        }));
        Ok(Self {
            panics,
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
            let panicked = async {
                match self.panics.wait_for(Option::is_some).await {
                    Ok(place) => place.clone().unwrap_or_default(),
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.terminate.recv() => return End::Signal,
                _ = self.interrupt.recv() => return End::Signal,
                _ = self.hangup.recv() => {}
                place = panicked => return End::Panic(place),
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
    use super::*;

    /// Panics and signals concern the whole process, so these tests take turns.
    static TURN: Mutex<()> = Mutex::new(());

    #[test]
    fn a_panic_in_a_background_task_is_a_reason_to_end_and_says_where() {
        let _turn = TURN.lock();
        let runtime = runtime().unwrap();
        let end = runtime.block_on(async {
            let mut watch = Watch::install(None).unwrap();
            let task = tokio::spawn(async { panic!("a broken invariant") });
            assert!(task.await.unwrap_err().is_panic());
            watch.end().await
        });
        assert!(matches!(end, End::Panic(place) if place.contains("supervision.rs")));
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
        assert_eq!(end, End::Signal);
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
