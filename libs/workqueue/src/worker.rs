//! Workers: they take runs, and queue what is due.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    claimed::Claimed,
    model::{Run, State},
    queue::Queue,
    schedule::Schedule,
    store::{claims, logs},
};

/// Between two looks at ended runs that are old enough to be forgotten.
const FORGET: Duration = Duration::from_secs(3_600);
/// Between two looks at how many runs wait.
const MEASURE: Duration = Duration::from_secs(15);
/// After the database has failed.
const RECOVER: Duration = Duration::from_secs(5);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name, in the table.
    pub name: String,
    /// Runs that it does at once.
    pub slots: usize,
    /// A run is taken up by another worker when nothing was heard of this one for so long.
    pub lease: Duration,
    /// How often it renews its leases and writes down progress.
    pub beat: Duration,
    /// How often it looks for something to do; what is asked for in this process is found at once.
    pub look: Duration,
    /// Names of limits, with the number of runs that there may be at once in all processes.
    pub limits: Vec<(String, u16)>,
    /// As `limits`, for those that nobody has set so far: what is changed at run time stays.
    pub usual_limits: Vec<(String, u16)>,
    /// What it queues by itself.
    pub schedules: Vec<Schedule>,
    /// Days for which runs are kept that have ended.
    pub keep_days: u16,
}

impl Default for Settings {
    /// Two runs at once; a lost worker is noticed after thirty seconds; runs are kept for ninety days.
    fn default() -> Self {
        Self {
            name: format!("{}-{}", std::process::id(), &Uuid::new_v4().simple().to_string()[..8]),
            slots: 2,
            lease: Duration::from_secs(30),
            beat: Duration::from_secs(2),
            look: Duration::from_secs(1),
            limits: Vec::new(),
            usual_limits: Vec::new(),
            schedules: Vec::new(),
            keep_days: 90,
        }
    }
}

/// A worker, until it is stopped.
#[derive(Debug)]
pub struct Worker {
    tasks: JoinSet<()>,
    handles: Vec<AbortHandle>,
    stop: watch::Sender<bool>,
}

impl Worker {
    /// Begins to work on what is queued.
    pub fn start(queue: &Queue, settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (mut tasks, mut handles) = (JoinSet::new(), Vec::new());
        // Nothing is taken before the limits are known.
        let (prepared, ready) = watch::channel(false);
        for _ in 0..settings.slots {
            let (queue, settings, stopped) = (queue.clone(), settings.clone(), stopped.clone());
            let mut ready = ready.clone();
            handles.push(tasks.spawn(async move {
                if ready.wait_for(|ready| *ready).await.is_ok() {
                    work(queue, settings, stopped).await;
                }
            }));
        }
        handles.push(tasks.spawn(keep(queue.clone(), settings, stopped, prepared)));
        Self { tasks, handles, stop }
    }

    /// Whether all of it still runs.
    pub fn is_running(&self) -> bool {
        self.handles.iter().all(|task| !task.is_finished())
    }

    /// Gives back what it is doing, as if it had not been begun, and ends.
    pub async fn stop(mut self) {
        // Without receivers all have ended.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Takes a run, does it, and takes the next.
async fn work(queue: Queue, settings: Settings, stop: watch::Receiver<bool>) {
    let kinds = queue.kinds().names();
    while !*stop.borrow() {
        let mut stopped = stop.clone();
        let claimed = match take(&queue, &settings, &kinds).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => {
                tokio::select! {
                    () = queue.news(settings.look) => {}
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
                continue;
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "operations cannot be taken from the queue"
                );
                tokio::select! {
                    () = sleep(RECOVER) => {}
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
                continue;
            }
        };
        // Others of this process may find more.
        queue.tell();
        if let Some(kind) = queue.kinds().get(&claimed.run.kind).cloned() {
            claimed.carry_out(kind, stop.clone()).await;
        }
    }
}

async fn take(queue: &Queue, settings: &Settings, kinds: &[String]) -> Result<Option<Claimed>, sqlx::Error> {
    let claim = Uuid::new_v4();
    let mut transaction = queue.pool().begin().await?;
    claims::lock(&mut transaction).await?;
    let back = claims::give_back(&mut transaction).await?;
    let ids: Vec<Uuid> = back.iter().map(|(id, _)| *id).collect();
    if !ids.is_empty() {
        logs::note(&mut transaction, &ids, "the worker of this attempt was lost").await?;
    }
    let run: Option<Run> =
        claims::take(&mut transaction, kinds, claim, &settings.name, settings.lease).await?;
    transaction.commit().await?;
    for (id, state) in back {
        let again = state == State::Queued.as_str();
        tracing::warn!(run.id = %id, run.again = again, "the worker of an operation was lost");
    }
    let claimed = |run| Claimed {
        pool: queue.pool().clone(),
        claim,
        run,
        lease: settings.lease,
        beat: settings.beat,
        figures: queue.figures.clone(),
    };
    Ok(run.map(claimed))
}

/// Queues what is due, and forgets what is old.
async fn keep(
    queue: Queue,
    settings: Settings,
    mut stop: watch::Receiver<bool>,
    prepared: watch::Sender<bool>,
) {
    let (mut forgotten, mut measured) = (None::<Instant>, None::<Instant>);
    loop {
        let kept = async {
            if !*prepared.borrow() {
                queue.prepare(&settings.limits, &settings.usual_limits, &settings.schedules).await?;
                prepared.send_replace(true);
            }
            queue.tick(&settings.schedules).await?;
            if forgotten.is_none_or(|last| last.elapsed() > FORGET) {
                queue.forget(settings.keep_days).await?;
                forgotten = Some(Instant::now());
            }
            if measured.is_none_or(|last| last.elapsed() > MEASURE) {
                queue.measure().await?;
                measured = Some(Instant::now());
            }
            Ok::<_, sqlx::Error>(())
        };
        let kept = tokio::select! {
            kept = kept => kept,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let pause = match kept {
            Ok(()) => settings.look,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "schedules of operations cannot be looked at"
                );
                RECOVER
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
