//! Jobs of SciCat's archiver: over datasets, each of which is a run of the archive.
//!
//! Whoever wants a dataset that a run is archiving or bringing back already gets that run. Nothing is begun
//! with any dataset of a job unless all of it may be done and there is room for it.

use std::collections::HashMap;

use archive::Unplanned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    access::{Caller, MayGiveUp, MaySeeJob, MayStart},
    model::{ArchiverJob, JobDataset},
    problem::Problem,
    scicat::{IN_PROGRESS, JobPage, Order, UNSUCCESSFUL},
    scicat_told,
    service::Operations,
    store::archiver as store,
};

/// A job of this id is another one.
const OTHER: Problem = Problem::Conflict("there is a job of this id, and it is not this one");

impl Operations {
    /// Begins a job, and returns it. One that was begun before, by the same user with the same body, is
    /// returned as it is.
    ///
    /// # Errors
    /// 400 for datasets that there are not, 403 for files of which one may not be touched, 409 for the id of
    /// another job, 429, and 507 when there is no room.
    pub(crate) async fn order_job(&self, caller: Caller, order: &Order) -> Result<Value, Problem> {
        self.known_archive()?;
        let permit = self.may_start(caller, order.task.kind()).await?;
        if let Some(id) = order.id
            && let Some(known) = self.job(id).await?
        {
            return self.same_job(&permit, order, known).await;
        }
        let mut all = Vec::with_capacity(order.datasets.len());
        let (mut needed, mut room) = (0_u64, None);
        for dataset in &order.datasets {
            let named = |error| of_dataset(&dataset.pid, error);
            let selector =
                self.known_archive()?.dataset(&dataset.pid, &dataset.files).await.map_err(named)?;
            let planned = self.plan_files(&permit, order.task, &order.run(&selector)).await.map_err(named)?;
            needed = needed.saturating_add(planned.to_write);
            room = planned.tier.zip(planned.free).or(room);
            all.push(planned.params);
        }
        if let Some((tier, free)) = room.filter(|(_, free)| *free < needed) {
            return Err(Unplanned::NoRoom { tier, free, needed }.into());
        }
        let runs = self.queue.submit_all(permit.kind(), all, Some(permit.caller().name())).await?;
        let (id, runs) =
            (order.id.unwrap_or_else(Uuid::new_v4), runs.iter().map(|run| run.id).collect::<Vec<_>>());
        let mut transaction = self.pool.begin().await?;
        store::forget(&mut transaction).await?;
        let is_new = store::add(&mut transaction, id, permit.caller().name(), order, &runs).await?;
        transaction.commit().await?;
        let job = self.job(id).await?.ok_or(OTHER)?;
        if is_new { Ok(self.told(&job, false).await?) } else { self.same_job(&permit, order, job).await }
    }

    /// The job of this id, for who asks for it again.
    async fn same_job(&self, permit: &MayStart, order: &Order, known: ArchiverJob) -> Result<Value, Problem> {
        let datasets = self.datasets_of(&[known.id]).await?;
        let datasets: Vec<(&str, &[String])> =
            datasets.iter().map(|of| (of.pid.as_str(), of.files.as_slice())).collect();
        let asked: Vec<(&str, &[String])> =
            order.datasets.iter().map(|of| (of.pid.as_str(), of.files.as_slice())).collect();
        let is_same = known.requested_by == permit.caller().name()
            && known.kind == permit.kind()
            && known.params.0 == order.params
            && datasets == asked;
        if is_same { self.told(&known, false).await } else { Err(OTHER) }
    }

    /// A page of jobs, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn list_jobs(&self, page: &JobPage) -> Result<Value, Problem> {
        let mut connection = self.pool.acquire().await?;
        let jobs = store::list(&mut connection, &page.filter, page.after, page.size.into()).await?;
        drop(connection);
        Ok(json!(self.told_all(&jobs).await?.into_iter().map(|(told, _)| told).collect::<Vec<_>>()))
    }

    /// A job with what became of its files, so many of them.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn told_job(&self, permit: &MaySeeJob) -> Result<Value, Problem> {
        self.told(permit.job(), true).await
    }

    /// Brings a job to a state: one that is in progress can be given up. It is over then, unsuccessfully, and
    /// its runs end for which nobody else waits.
    ///
    /// # Errors
    /// 409 when it is in another state than the one that is wanted, and cannot come to it.
    pub(crate) async fn set_job(&self, permit: &MayGiveUp, wanted: &str) -> Result<Value, Problem> {
        let job = permit.job();
        if wanted != job.status {
            if (job.status.as_str(), wanted) != (IN_PROGRESS, UNSUCCESSFUL) {
                let told = "a job has the state of its runs; one that is in progress can be given up \
                            (finishedUnsuccessful)";
                return Err(Problem::Conflict(told));
            }
            if !store::give_up(&mut *self.pool.acquire().await?, job.id).await? {
                return Err(Problem::Conflict("the job has ended meanwhile"));
            }
        }
        if wanted == UNSUCCESSFUL {
            // Also when it was given up before, and this was broken off.
            self.end_unwanted(job.id).await?;
        }
        let job = self.job(job.id).await?.ok_or(Problem::NotFound("there is no such job"))?;
        self.told(&job, false).await
    }

    async fn end_unwanted(&self, job: Uuid) -> Result<(), Problem> {
        let runs = store::unwanted(&mut *self.pool.acquire().await?, job).await?;
        for run in runs {
            match self.queue.cancel(run).await {
                // It has ended meanwhile.
                Ok(_) | Err(workqueue::CancelError::Over) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(crate) async fn job(&self, id: Uuid) -> Result<Option<ArchiverJob>, sqlx::Error> {
        store::find(&mut *self.pool.acquire().await?, id).await
    }

    async fn datasets_of(&self, jobs: &[Uuid]) -> Result<Vec<JobDataset>, sqlx::Error> {
        store::datasets(&mut *self.pool.acquire().await?, jobs).await
    }

    async fn told(&self, job: &ArchiverJob, with_files: bool) -> Result<Value, Problem> {
        let told = self.told_all(std::slice::from_ref(job)).await?.pop();
        let (mut told, datasets) = told.ok_or(Problem::NotFound("there is no such job"))?;
        if with_files {
            let (mut files, mut has_all) = (Vec::new(), true);
            for dataset in &datasets {
                // One more says whether there are more.
                let left = scicat_told::MOST_FILES + 1 - files.len();
                let rows =
                    self.known_archive()?.report(dataset.run, 0, u32::try_from(left).unwrap_or(0)).await?;
                files.extend(rows.iter().map(|row| scicat_told::file(job, dataset, row)));
                if files.len() > scicat_told::MOST_FILES {
                    files.truncate(scicat_told::MOST_FILES);
                    has_all = false;
                    break;
                }
            }
            told["jobResultObject"]["result"] = json!(files);
            told["jobResultObject"]["hasAllFiles"] = json!(has_all);
        }
        Ok(told)
    }

    /// These jobs as they are told, each with its datasets.
    async fn told_all(&self, jobs: &[ArchiverJob]) -> Result<Vec<(Value, Vec<JobDataset>)>, Problem> {
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.id).collect();
        let mut datasets: HashMap<Uuid, Vec<JobDataset>> = HashMap::new();
        for dataset in self.datasets_of(&ids).await? {
            datasets.entry(dataset.job).or_default().push(dataset);
        }
        let runs: Vec<Uuid> = datasets.values().flatten().map(|dataset| dataset.run).collect();
        let counts = self.known_archive()?.counts_of(&runs).await?;
        let none = Vec::new();
        let told = jobs.iter().map(|job| {
            let datasets = datasets.remove(&job.id).unwrap_or_default();
            let counted: Vec<_> = datasets
                .iter()
                .map(|dataset| (dataset, counts.get(&dataset.run).unwrap_or(&none).as_slice()))
                .collect();
            let told = scicat_told::job(job, &counted);
            drop(counted);
            (told, datasets)
        });
        Ok(told.collect())
    }
}

/// Why a dataset cannot be worked on, with its name.
fn of_dataset(pid: &str, error: Unplanned) -> Problem {
    let named = |told: String| format!("the dataset {pid:?}: {told}");
    match error {
        Unplanned::Invalid(told) => Unplanned::Invalid(named(told)),
        Unplanned::Forbidden(told) => Unplanned::Forbidden(named(told)),
        other => other,
    }
    .into()
}
