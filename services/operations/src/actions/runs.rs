//! Runs: starting, listing, ending and repeating them.

use serde_json::{Map, Value, json};
use workqueue::{Readers, Run, State};

use crate::{
    access::{MayEnd, MaySee, MayStart, Visible},
    asked::{Page, token},
    manifest::INGEST,
    problem::Problem,
    service::{Looked, Operations},
};

impl Operations {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Problem> {
        Ok(database::promptly(self.queue.ping()).await?)
    }

    /// Queues a run.
    ///
    /// # Errors
    /// When it cannot be done so, or too many wait; and for a kind whose runs say what they may touch, which
    /// nobody says of a run of their own.
    pub(crate) async fn start(&self, permit: &MayStart, params: Map<String, Value>) -> Result<Run, Problem> {
        if permit.kind() == INGEST {
            let told = format!("{INGEST}: send the manifest to /ops/v1/manifests, which makes the run");
            return Err(Problem::Invalid(told));
        }
        Ok(self.queue.submit(permit.kind(), params, Some(permit.caller().name())).await?)
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn list(&self, page: &Page) -> Result<Value, Problem> {
        let mut runs = self.queue.list(&page.filter, page.place, page.size + 1).await?;
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let has_more = runs.len() > size;
        runs.truncate(size);
        let next = runs.last().filter(|_| has_more).map(token);
        Ok(json!({ "runs": runs, "next": next }))
    }

    /// Ends a run, and returns it as it is then.
    ///
    /// # Errors
    /// 409 when it has ended before.
    pub(crate) async fn cancel(&self, permit: &MayEnd) -> Result<Run, Problem> {
        let id = permit.run().id;
        self.queue.cancel(id).await?;
        self.queue.find(id).await?.ok_or(Problem::NotFound("there is no such run"))
    }

    /// Queues a run like one that has ended.
    ///
    /// # Errors
    /// 409 when it has not ended.
    pub(crate) async fn retry(&self, permit: &MaySee, start: &MayStart) -> Result<Run, Problem> {
        Ok(self.queue.retry(permit.run(), Some(start.caller().name())).await?)
    }

    /// What can be done, with the number of runs in each state where that may be seen.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn kinds(&self, visible: &Visible) -> Result<Value, Problem> {
        let counts = self.queue.counts().await?;
        let kinds = self.queue.kinds().iter().map(|kind| {
            let of_kind = counts.iter().filter(|(name, ..)| name == kind.name());
            let states = of_kind.map(|(_, state, count)| (state.as_str().to_owned(), json!(count)));
            let policy = kind.policy();
            json!({
                "kind": kind.name(),
                "purpose": kind.purpose(),
                "parameters": kind.parameters(),
                "attempts": policy.attempts,
                "at_once": policy.at_once,
                "own_runs": policy.readers == Readers::AskerToo,
                "runs": visible.has(kind.name()).then(|| states.collect::<Map<_, _>>()),
            })
        });
        let seen = self.queue.schedules().await?.into_iter().filter(|schedule| visible.has(&schedule.name));
        let schedules: Vec<_> = seen.collect();
        Ok(json!({ "kinds": kinds.collect::<Vec<_>>(), "schedules": schedules }))
    }

    /// Whether each service can serve. What one waits for is told to those who may know.
    pub(crate) async fn look(&self, tells_why: bool) -> Value {
        let looked = self.health.look().await;
        let is_ready = looked.iter().all(|looked| looked.ready.is_ok());
        let told = |looked: Looked| match looked.ready {
            Ok(()) => json!({ "service": looked.service, "ready": true }),
            Err(why) if tells_why => json!({ "service": looked.service, "ready": false, "why": why }),
            Err(_) => json!({ "service": looked.service, "ready": false }),
        };
        json!({ "ready": is_ready, "services": looked.into_iter().map(told).collect::<Vec<_>>() })
    }

    /// Where a run stands now.
    pub(super) async fn state(&self, permit: &MaySee) -> Result<State, sqlx::Error> {
        let run = self.queue.find(permit.run().id).await?;
        Ok(run.map_or(State::Canceled, |run| run.state))
    }
}
