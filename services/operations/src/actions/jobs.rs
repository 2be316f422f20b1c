//! Jobs, as sower has them: runs of a few kinds, each user's own.

use workqueue::{Filter, State};

use crate::{
    access::{Caller, MaySee},
    manifest::INGEST,
    problem::Problem,
    service::Operations,
    sower::{Job, Order},
};

/// Jobs of a list: the newest.
const MOST: u32 = 100;

impl Operations {
    /// Queues the job that is asked for.
    ///
    /// # Errors
    /// 400 for an action that there is not, 403.
    pub(crate) async fn dispatch(&self, caller: Caller, order: Order) -> Result<Job, Problem> {
        let kind = self.config.actions.get(&order.action).ok_or_else(|| {
            let known: Vec<&str> = self.config.actions.keys().map(String::as_str).collect();
            let told = format!("there is no action {:?}; there are: {}", order.action, known.join(", "));
            Problem::Invalid(told)
        })?;
        let permit = self.may_dispatch(caller, kind).await?;
        let run = if permit.kind() == INGEST {
            self.ingest_of_job(permit, order.action, order.input).await?
        } else {
            self.start(&permit, order.params()?).await?
        };
        Ok(Job::of(&run))
    }

    /// The caller's newest jobs.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn jobs(&self, caller: &Caller) -> Result<Vec<Job>, Problem> {
        self.may_have_jobs(caller).await?;
        let filter = Filter {
            own: Some(caller.name().to_owned()),
            own_kinds: self.config.actions.values().cloned().collect(),
            requested_by: Some(caller.name().to_owned()),
            ..Filter::default()
        };
        let runs = self.queue.list(&filter, None, MOST).await?;
        Ok(runs.iter().map(Job::of).collect())
    }

    /// What came of a job: a line for its user.
    ///
    /// # Errors
    /// When no URL can be signed.
    pub(crate) async fn output(&self, job: &MaySee) -> Result<String, Problem> {
        let run = job.run();
        match (run.state, &run.result) {
            (State::Succeeded, Some(result)) => Ok(self.outputs.output(result).await?),
            (State::Failed, _) => Ok(run.error.clone().unwrap_or_default()),
            _ => Ok(String::new()),
        }
    }
}
