//! What a user is told of their workspace.

use executor::{Executor, Seen};

use crate::{
    access::Holder,
    error::Error,
    life::{self, Status},
    model::{Choice, Shown, Stored},
    service::Workspaces,
    store::rows,
};

/// The word for what runs workspaces where nothing does.
const NOTHING: &str = "None";

impl Workspaces {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        Ok(rows::ping(&mut *self.pool.acquire().await?).await?)
    }

    /// The containers that the user may launch.
    pub(crate) async fn choices(&self, holder: &Holder) -> Result<Vec<Choice<'_>>, Error> {
        let mut choices = Vec::new();
        for container in &self.config.hatchery.containers {
            if self.may_launch(holder, container).await?.is_some() {
                choices.push(Choice::from(container));
            }
        }
        Ok(choices)
    }

    /// The container of this id.
    ///
    /// # Errors
    /// 400 alike for one that is not known and one that the user may not launch.
    pub(crate) async fn choice(&self, holder: &Holder, id: &str) -> Result<Choice<'_>, Error> {
        let unknown = || Error::BadRequest(format!("Invalid 'id' parameter '{id}'"));
        let container = self.config.hatchery.container(id).ok_or_else(unknown)?;
        let may = self.may_launch(holder, container).await?;
        may.map(|_| Choice::from(container)).ok_or_else(unknown)
    }

    /// The user's workspace, and whether it runs.
    pub(crate) async fn status(&self, holder: &Holder) -> Result<(Status, Shown), Error> {
        let kind = self.executor.as_ref().map_or(NOTHING, |executor| executor.kind());
        let row = rows::find(&mut *self.pool.acquire().await?, holder).await?;
        let (Some(row), Some(executor)) = (row, &self.executor) else {
            return Ok((Status::NotFound, Shown::new(Status::NotFound, &Seen::Absent, kind)));
        };
        let seen = self.seen(executor.as_ref(), &row).await?;
        let status = life::status(Some(row.phase()), &seen);
        let shown = Shown::new(status, &seen, kind);
        let (Status::Running, Some(limit)) = (status, row.container.idle) else {
            return Ok((status, shown));
        };
        let last = self.last_use(executor.as_ref(), &row).await.or(row.used);
        Ok((status, shown.used(limit, last.map_or(-1, |last| last.timestamp_millis()))))
    }

    pub(crate) async fn seen(&self, executor: &dyn Executor, row: &Stored) -> Result<Seen, Error> {
        match row.workspace() {
            Some(workspace) => Ok(executor.observe(&workspace).await?),
            None => Ok(Seen::Absent),
        }
    }

    /// What the user's workspace costs by the configured prices.
    pub(crate) async fn costs(&self, holder: &Holder) -> Result<Option<Stored>, Error> {
        Ok(rows::find(&mut *self.pool.acquire().await?, holder).await?)
    }
}
