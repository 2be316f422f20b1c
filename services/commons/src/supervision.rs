//! Threads, signals, and what happens when a background task panics.

use std::{
    io,
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex},
};

use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

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
    /// SIGTERM, SIGINT or SIGHUP.
    Signal,
    /// A background task panicked: the commons is no longer whole, and pretending otherwise would be worse.
    Panic(String),
}

/// Watches for the reasons to end. Made before any background task starts, and kept: a signal that comes while nobody
/// waits in [`Watch::end`] is noticed by the next who does.
pub(crate) struct Watch {
    panics: watch::Receiver<Option<String>>,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Watch {
    /// Notices signals, and reports panics of background tasks, from now on. Needs a runtime.
    pub(crate) fn install() -> io::Result<Self> {
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
        })
    }

    /// Returns when the program is to end.
    pub(crate) async fn end(&mut self) -> End {
        let panicked = async {
            match self.panics.wait_for(Option::is_some).await {
                Ok(place) => place.clone().unwrap_or_default(),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => End::Signal,
            _ = self.interrupt.recv() => End::Signal,
            _ = self.hangup.recv() => End::Signal,
            place = panicked => End::Panic(place),
        }
    }
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
            let mut watch = Watch::install().unwrap();
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
            let mut watch = Watch::install().unwrap();
            tokio::select! {
                _ = watch.end() => panic!("nothing has happened yet"),
                () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
            }
            let me = std::process::id().to_string();
            assert!(std::process::Command::new("kill").args(["-HUP", &me]).status().unwrap().success());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            watch.end().await
        });
        assert_eq!(end, End::Signal);
    }
}
