//! A run that a worker holds, until it ends.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use sqlx::PgPool;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    figures::Figures,
    kind::{Failed, Kind, Policy},
    model::Run,
    rules::{self, Next},
    store::{
        claims::{self, End},
        logs,
    },
    text,
    work::Work,
};

/// Largest result, in bytes of JSON.
const LARGEST_RESULT: usize = 256 << 10;
/// How often an end is written again that the database did not take.
const ENDINGS: u32 = 5;

/// A run and the claim by which it is held.
pub(crate) struct Claimed {
    pub(crate) pool: PgPool,
    pub(crate) claim: Uuid,
    pub(crate) run: Run,
    pub(crate) lease: Duration,
    pub(crate) beat: Duration,
    pub(crate) figures: Figures,
}

/// Why a run is not done any more although it has not ended by itself.
enum Broken {
    /// Somebody wants it to end.
    Canceled,
    /// Another worker may have it.
    Lost,
    /// This worker stops.
    Stopped,
}

impl Claimed {
    /// Does the run, and writes down its end.
    pub(crate) async fn carry_out(self, kind: Arc<dyn Kind>, stop: watch::Receiver<bool>) {
        let work = Arc::new(Work::new(self.run.clone()));
        work.log(format!("attempt {} of {}", self.run.attempt, self.run.attempts));
        let policy = kind.policy();
        let mut task = tokio::spawn({
            let work = work.clone();
            async move { kind.run(&work).await }
        });
        let held = self.hold(&work, &mut task, stop).await;
        if held.is_err() {
            task.abort();
            // It ends at its next pause.
            let _ = tokio::time::timeout(self.lease, &mut task).await;
        }
        work.close();
        match held {
            Ok(Ok(result)) => self.succeeded(&work, &result).await,
            Ok(Err(failed)) => self.failed(&work, &failed, &policy).await,
            Err(Broken::Canceled) => {
                work.log("canceled");
                self.end(&work, &End::Canceled).await;
            }
            Err(Broken::Stopped) => {
                work.log("the worker stops; the run goes back into the queue");
                self.end(&work, &End::Released).await;
            }
            // Nothing may be written any more.
            Err(Broken::Lost) => {
                let id = self.run.id;
                tracing::warn!(run.id = %id, "an operation was given up: its lease could not be renewed");
            }
        }
    }

    async fn failed(&self, work: &Work, failed: &Failed, policy: &Policy) {
        let told = text::bounded(&failed.to_string(), text::LONGEST_ERROR);
        work.log(&told);
        match rules::after(failed, self.run.attempt, policy) {
            Next::Never => {
                let (id, kind) = (self.run.id, &self.run.kind);
                tracing::error!(run.id = %id, run.kind = kind, error = told, "an operation failed");
                self.end(work, &End::Failed(&told)).await;
            }
            Next::Later(pause) => {
                work.log(format!("it goes on in {} seconds", pause.as_secs()));
                self.end(work, &End::Later(pause)).await;
            }
            Next::Again(pause) => {
                work.log(format!("it is tried again in {} seconds", pause.as_secs()));
                self.end(work, &End::Again(&told, pause)).await;
            }
        }
    }

    async fn succeeded(&self, work: &Work, result: &Value) {
        let size = result.to_string().len();
        if size <= LARGEST_RESULT {
            return self.end(work, &End::Succeeded(result)).await;
        }
        let told = format!("its result has {size} bytes; at most {LARGEST_RESULT} are kept");
        self.end(work, &End::Failed(&told)).await;
    }

    /// Renews the lease and writes down what is told, until the run has ended or must end.
    async fn hold(
        &self,
        work: &Work,
        task: &mut JoinHandle<Result<Value, Failed>>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Result<Value, Failed>, Broken> {
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                done = &mut *task => return Ok(done.unwrap_or_else(|_| {
                    let told = "it panicked; the log of the process says where";
                    Err(Failed::ForGood(told.to_owned()))
                })),
                () = sleep(self.beat) => {}
                // Without its other end nobody could stop it.
                _ = stop.wait_for(|stop| *stop) => return Err(Broken::Stopped),
            }
            let asked = Instant::now();
            match self.renew(work).await {
                Ok(Some(false)) => renewed = asked,
                Ok(Some(true)) => return Err(Broken::Canceled),
                Ok(None) => return Err(Broken::Lost),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the lease of an operation was not renewed"
                    );
                }
            }
            // Another beat might come too late.
            if renewed.elapsed() + self.beat * 2 > self.lease {
                return Err(Broken::Lost);
            }
        }
    }

    async fn renew(&self, work: &Work) -> Result<Option<bool>, sqlx::Error> {
        let told = work.take();
        let within = self.lease / 3;
        let renewed = tokio::time::timeout(within, async {
            let mut connection = self.pool.acquire().await?;
            let (claim, id, progress) = (self.claim, self.run.id, told.progress.as_ref());
            let renewed = claims::renew(&mut connection, claim, id, self.lease, progress).await?;
            logs::insert(&mut connection, claim, id, &told.lines).await?;
            Ok(renewed)
        });
        renewed.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Writes down the end, again and again while the lease may still be ours.
    async fn end(&self, work: &Work, end: &End<'_>) {
        let lines = work.take().lines;
        let pause = self.lease / (ENDINGS + 1);
        for _ in 0..ENDINGS {
            match self.try_end(&lines, end).await {
                Ok(true) => {
                    if let Some(state) = end.state() {
                        self.figures.ended(&self.run.kind, state);
                    }
                    return;
                }
                Ok(false) => {
                    let id = self.run.id;
                    tracing::warn!(run.id = %id, "the end of an operation does not count: it is another's");
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the end of an operation could not be written down"
                    );
                    sleep(pause).await;
                }
            }
        }
    }

    async fn try_end(&self, lines: &[String], end: &End<'_>) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        logs::insert(&mut transaction, self.claim, self.run.id, lines).await?;
        let ended = claims::end(&mut transaction, self.claim, self.run.id, end).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}
