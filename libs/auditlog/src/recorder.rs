//! Passing events on without making requests wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{
        Notify,
        mpsc::{Receiver, Sender, channel},
    },
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{AuditError, AuditLog, Event};

/// Events that may wait; some megabytes.
const WAITING: usize = 10_000;
/// How long is waited.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Between attempts to write; there are no more attempts than these and the first.
    pauses: [Duration; 4],
    /// Between two writes. What comes meanwhile is written together, because each write costs a commit; a
    /// process that dies without stopping loses it.
    gathering: Duration,
    /// At the end, for what has not been written yet.
    end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            pauses: [1, 5, 20, 60].map(Duration::from_secs),
            gathering: Duration::from_millis(100),
            end: Duration::from_secs(5),
        }
    }
}

/// Takes events. Clones belong to the same recording.
#[derive(Debug, Clone)]
pub struct Recorder {
    sender: Sender<Event>,
    lost: Arc<AtomicU64>,
}

/// What writes the events of a [`Recorder`] down, until it is stopped.
#[derive(Debug)]
pub struct Recording {
    task: JoinHandle<()>,
    stop: Arc<Notify>,
    patience: Patience,
}

impl Recorder {
    /// Begins to write events to `log`.
    pub fn start(log: Arc<dyn AuditLog>) -> (Self, Recording) {
        Self::with(log, Patience::default())
    }

    fn with(log: Arc<dyn AuditLog>, patience: Patience) -> (Self, Recording) {
        let (sender, receiver) = channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(pass_on(receiver, log, (lost.clone(), stop.clone()), patience));
        (Self { sender, lost }, Recording { task, stop, patience })
    }

    /// Takes `event`. When the log has been out of reach for so long that too many wait already, it is lost,
    /// and the service's log says how many were.
    pub fn note(&self, event: Event) {
        if self.sender.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Recording {
    /// Writes down what waits, for a few seconds at most, and takes nothing more.
    pub async fn stop(mut self) {
        self.stop.notify_one();
        if timeout(self.patience.end, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("audit records that were not written yet are lost");
        }
    }
}

async fn pass_on(
    mut receiver: Receiver<Event>,
    log: Arc<dyn AuditLog>,
    (lost, stop): (Arc<AtomicU64>, Arc<Notify>),
    patience: Patience,
) {
    let mut events = Vec::new();
    loop {
        let taken = tokio::select! {
            taken = receiver.recv_many(&mut events, log.at_once()) => taken,
            () = stop.notified() => {
                receiver.close();
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        write(&*log, &events, patience).await;
        let has_gathered = taken < log.at_once() && log.at_once() > 1;
        events.clear();
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(records.lost = lost, "audit records were lost: too many waited");
        }
        if has_gathered && timeout(patience.gathering, stop.notified()).await.is_ok() {
            receiver.close();
        }
    }
}

/// Writes `events`, again and again while the log is out of reach.
async fn write(log: &dyn AuditLog, events: &[Event], patience: Patience) {
    let mut pauses = patience.pauses.iter();
    loop {
        let Err(error) = log.record(events).await else { return };
        let pause = if matches!(error, AuditError::Unavailable(_)) { pauses.next() } else { None };
        tell(&error, pause.is_some(), events.len());
        let Some(pause) = pause else { return };
        sleep(*pause).await;
    }
}

fn tell(error: &AuditError, again: bool, records: usize) {
    let error = error as &dyn std::error::Error;
    if again {
        tracing::warn!(error, "audit records wait for their service");
    } else {
        tracing::error!(error, records.lost = records, "audit records are lost");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::{Login, PresignedUrl};

    /// Fails so many times before it takes events.
    #[derive(Default)]
    struct Slow {
        failures: Mutex<usize>,
        taken: Mutex<Vec<Event>>,
        /// How many came at a time.
        writes: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl AuditLog for Slow {
        async fn record(&self, events: &[Event]) -> Result<(), AuditError> {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(AuditError::Unavailable("down".into()));
            }
            self.writes.lock().unwrap().push(events.len());
            self.taken.lock().unwrap().extend_from_slice(events);
            Ok(())
        }
    }

    const SHORT: Patience =
        Patience { pauses: [MILLISECOND; 4], gathering: MILLISECOND, end: Duration::from_millis(200) };
    const MILLISECOND: Duration = Duration::from_millis(1);

    fn login(name: usize) -> Event {
        Event::Login(Login { username: name.to_string(), ..Login::default() })
    }

    #[tokio::test]
    async fn every_event_arrives_in_order_even_if_the_log_is_away_for_a_while() {
        let log = Arc::new(Slow { failures: Mutex::new(3), ..Slow::default() });
        let (recorder, recording) = Recorder::with(log.clone(), SHORT);
        let url = Event::PresignedUrl(PresignedUrl::default());
        let events: Vec<Event> = (0..1_200).map(login).chain([url]).collect();
        events.iter().for_each(|event| recorder.note(event.clone()));
        while log.taken.lock().unwrap().len() < events.len() {
            sleep(Duration::from_millis(1)).await;
        }
        recorder.note(login(7));
        recording.stop().await;
        assert_eq!(*log.taken.lock().unwrap(), [events, vec![login(7)]].concat());
    }

    #[tokio::test]
    async fn a_lone_event_is_written_at_once_and_those_after_it_together_and_stopping_waits_for_nobody() {
        let log = Arc::new(Slow::default());
        let patience = Patience { gathering: Duration::from_secs(60), ..SHORT };
        let (recorder, recording) = Recorder::with(log.clone(), patience);
        recorder.note(login(0));
        while log.taken.lock().unwrap().is_empty() {
            sleep(MILLISECOND).await;
        }
        for name in 1..=400 {
            recorder.note(login(name));
            tokio::task::yield_now().await;
        }
        assert_eq!(*log.writes.lock().unwrap(), [1]);
        recording.stop().await;
        assert_eq!(*log.writes.lock().unwrap(), [1, 400]);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_log_that_is_away() {
        let log = Arc::new(Slow { failures: Mutex::new(usize::MAX), ..Slow::default() });
        let (recorder, recording) =
            Recorder::with(log.clone(), Patience { end: SHORT.end, ..Patience::default() });
        for name in 0..WAITING + 7 {
            recorder.note(login(name));
        }
        assert_eq!(recorder.lost.load(Ordering::Relaxed), 7);
        recording.stop().await;
        assert!(log.taken.lock().unwrap().is_empty());
    }
}
