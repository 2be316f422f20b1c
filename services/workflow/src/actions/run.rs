//! Following [`crate::life`]: running what waits, and clearing up after processes that have ended.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use turn::Turn;
use uuid::Uuid;

use crate::{
    error::Error,
    life::{self, State, Step},
    model::Stored,
    runner::{Attempt, Executor, Outcome, broken, now},
    service::Workflows,
    store::rows,
    task::{Checked, TaskLog},
};

/// Tasks that are looked at in one go. Those that have begun come first.
const MOST_LOOKED_AT: i64 = 1_000;
/// How often it is looked whether another process wants a task to end.
const LOOK_FOR_CANCEL: Duration = Duration::from_secs(5);

/// What one has who works on a task.
fn turn_of(id: Uuid) -> String {
    format!("task {id}")
}

/// A place among the tasks that this process runs; it is free again when this is dropped.
struct Place {
    service: Arc<Workflows>,
    id: Uuid,
    stop: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut running) = self.service.running.lock() {
            running.remove(&self.id);
        }
        self.service.wake.notify_one();
    }
}

impl Workflows {
    /// A place for a task that this process does not run; `None` when all are taken.
    fn place(self: &Arc<Self>, id: Uuid) -> Option<Place> {
        let mut running = self.running.lock().ok()?;
        if running.contains_key(&id) || running.len() >= self.config.limits.running {
            return None;
        }
        let stop = CancellationToken::new();
        running.insert(id, stop.clone());
        Some(Place { service: self.clone(), id, stop })
    }

    /// The tasks that this process runs.
    pub(crate) fn running(&self) -> Vec<Uuid> {
        self.running.lock().map(|running| running.keys().copied().collect()).unwrap_or_default()
    }

    /// Whether there is room for another task.
    fn has_room(&self) -> bool {
        self.running().len() < self.config.limits.running
    }

    /// Looks at all tasks that have not ended, and begins what there is room for.
    pub(crate) async fn look_at_all(self: &Arc<Self>, executor: &Executor) -> Result<(), Error> {
        let forgotten = rows::forget(&mut *self.pool.acquire().await?, self.config.limits.kept).await?;
        if forgotten > 0 {
            tracing::info!(forgotten, "tasks that ended long ago were forgotten");
        }
        let unfinished = rows::unfinished(&mut *self.pool.acquire().await?, MOST_LOOKED_AT).await?;
        for (id, state) in unfinished {
            // What was left behind is cleared up also when there is room for nothing else.
            if State::of(&state) == Some(State::Queued) && !self.has_room() {
                break;
            }
            if self.running().contains(&id) {
                continue;
            }
            let Some(mut turn) = Turn::take(&self.pool, &turn_of(id)).await? else { continue };
            let Some(row) = rows::find(turn.connection(), id).await? else { continue };
            match life::next(row.state(), row.attempts) {
                Step::Run => self.begin(turn, &row, executor).await?,
                step => {
                    self.clear_up(&mut turn, &row, step).await?;
                    turn.end().await;
                }
            }
        }
        Ok(())
    }

    /// What becomes of a task whose process has ended.
    async fn clear_up(&self, turn: &mut Turn, row: &Stored, step: Step) -> Result<(), Error> {
        let mut logs = row.logs();
        let mut note = |what: &str| {
            if let Some(log) = logs.last_mut().filter(|log| log.end_time.is_none()) {
                log.end_time = now();
                log.system_logs.push(what.to_owned());
            }
        };
        match step {
            Step::Nothing | Step::Run => return Ok(()),
            Step::Requeue => {
                note("the process that ran the task ended; the task waits again");
                rows::requeue(turn.connection(), row, row.attempts, &logs).await?;
                self.wake.notify_one();
            }
            Step::GiveUp => {
                note("the process that ran the task ended, and not for the first time");
                rows::end(turn.connection(), row, State::SystemError, &logs).await?;
            }
            Step::Cancel => {
                note("the task was canceled");
                rows::end(turn.connection(), row, State::Canceled, &logs).await?;
            }
        }
        tracing::info!(task = %row.id, step = ?step, "a task that nobody runs was cleared up");
        Ok(())
    }

    async fn begin(self: &Arc<Self>, mut turn: Turn, row: &Stored, executor: &Executor) -> Result<(), Error> {
        let Some(place) = self.place(row.id) else { return Ok(()) };
        if !rows::begin(turn.connection(), row.id).await? {
            return Ok(());
        }
        let Some(row) = rows::find(turn.connection(), row.id).await? else { return Ok(()) };
        let (service, executor) = (self.clone(), executor.clone());
        tokio::spawn(async move {
            let ended = service.run(&mut turn, &row, &executor, &place.stop).await;
            if let Err(error) = ended {
                // It is cleared up as if this process had ended.
                let error = &error as &dyn std::error::Error;
                tracing::error!(task = %row.id, error, "how a task ended cannot be written");
            }
            turn.end().await;
            drop(place);
        });
        Ok(())
    }

    /// Runs a task to its end, and notes how that was.
    async fn run(
        &self,
        turn: &mut Turn,
        row: &Stored,
        executor: &Executor,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let mut logs = row.logs();
        logs.push(TaskLog { start_time: now(), ..TaskLog::default() });
        let outcome = tokio::select! {
            outcome = self.attempt(turn, row, executor, &mut logs, stop) => outcome?,
            // It only tells the attempt to stop.
            never = self.watch(row.id, stop) => match never {},
        };
        if let Some(log) = logs.last_mut() {
            log.end_time = now();
        }
        if outcome == Outcome::Stopped && !rows::is_canceling(turn.connection(), row.id).await? {
            // This process is being stopped, which is not the task's fault.
            return Ok(rows::requeue(turn.connection(), row, row.attempts - 1, &logs).await?);
        }
        let state = match outcome {
            Outcome::Complete => State::Complete,
            Outcome::Failed => State::ExecutorError,
            Outcome::Broken => State::SystemError,
            Outcome::Stopped => State::Canceled,
        };
        rows::end(turn.connection(), row, state, &logs).await?;
        tracing::info!(task = %row.id, state = state.as_str(), "a task has ended");
        Ok(())
    }

    /// Tells the attempt to stop when another process wants the task to end.
    async fn watch(&self, id: Uuid, stop: &CancellationToken) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(LOOK_FOR_CANCEL).await;
            let Ok(mut connection) = self.pool.acquire().await else { continue };
            if rows::is_canceling(&mut connection, id).await.unwrap_or(false) {
                stop.cancel();
            }
        }
    }

    async fn attempt(
        &self,
        turn: &mut Turn,
        row: &Stored,
        executor: &Executor,
        logs: &mut [TaskLog],
        stop: &CancellationToken,
    ) -> Result<Outcome, Error> {
        let limits = &self.config.limits;
        let checked = Checked::of(row.task(), &self.sources(&row.user_id), limits.machine);
        let log = |logs: &mut [TaskLog], why: String| {
            logs.last_mut().map_or(Outcome::Broken, |log| broken(log, why))
        };
        let checked = match checked {
            Ok(checked) => checked,
            Err(why) => return Ok(log(logs, format!("the task cannot be run any more: {why}"))),
        };
        // Its own token: over time is not the same as stopped.
        let over = stop.child_token();
        let attempt = Attempt {
            executor,
            id: row.id,
            checked: &checked,
            fetched: &row.fetched,
            limits: limits.each,
            stop: &over,
        };
        let timer = async {
            tokio::time::sleep(limits.time).await;
            over.cancel();
            std::future::pending::<std::convert::Infallible>().await
        };
        let outcome = tokio::select! {
            outcome = self.steps(turn, row, &attempt, logs) => outcome?,
            never = timer => match never {},
        };
        executor.remove(row.id);
        if outcome == Outcome::Stopped && !stop.is_cancelled() {
            return Ok(log(logs, format!("the task took longer than {} seconds", limits.time.as_secs())));
        }
        Ok(outcome)
    }

    async fn steps(
        &self,
        turn: &mut Turn,
        row: &Stored,
        attempt: &Attempt<'_>,
        logs: &mut [TaskLog],
    ) -> Result<Outcome, Error> {
        let Some(log) = logs.last_mut() else { return Ok(Outcome::Broken) };
        let cell = match attempt.prepare(log).await {
            Ok(cell) => cell,
            Err(outcome) => return Ok(outcome),
        };
        for place in 0..attempt.checked.task.executors.len() {
            if !rows::note_running(turn.connection(), row, logs).await? {
                return Ok(Outcome::Stopped);
            }
            let Some(log) = logs.last_mut() else { return Ok(Outcome::Broken) };
            if let Err(outcome) = attempt.run(&cell, place, log).await {
                return Ok(outcome);
            }
        }
        let Some(log) = logs.last_mut() else { return Ok(Outcome::Broken) };
        Ok(attempt.keep(&cell, log).await.err().unwrap_or(Outcome::Complete))
    }
}
