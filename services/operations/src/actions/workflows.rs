//! Workflows, as argo-wrapper has them: runs of all kinds.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    access::{MayEnd, MaySee, MayUseWorkflows},
    argo,
    problem::Problem,
    service::Operations,
};

/// Workflows of a list: the newest.
const MOST: u32 = 100;

impl Operations {
    /// Queues what a body asks for, and returns its name.
    ///
    /// # Errors
    /// 400 for a body that is none, 403 for who may not start it, 404 for an unknown kind.
    pub(crate) async fn submit_workflow(
        &self,
        permit: MayUseWorkflows,
        body: Map<String, Value>,
    ) -> Result<String, Problem> {
        let (kind, params) = argo::asked(body)?;
        let start = self.may_start(permit.caller().clone(), &kind).await?;
        Ok(argo::name(&self.start(&start, params).await?))
    }

    /// A workflow that the caller may see.
    ///
    /// # Errors
    /// 404, 403.
    pub(crate) async fn workflow(&self, permit: &MayUseWorkflows, name: &str) -> Result<MaySee, Problem> {
        self.may_see(permit.caller(), self.id_of(name).await?).await
    }

    /// A workflow that the caller may end.
    ///
    /// # Errors
    /// 404, 403.
    pub(crate) async fn workflow_end(&self, permit: &MayUseWorkflows, name: &str) -> Result<MayEnd, Problem> {
        self.may_end(permit.caller(), self.id_of(name).await?).await
    }

    /// The id in a name, if the run of it has the name.
    async fn id_of(&self, name: &str) -> Result<Uuid, Problem> {
        let run = self.queue.find(argo::id(name)?).await?.filter(|run| argo::name(run) == name);
        run.map(|run| run.id).ok_or(Problem::NotFound("there is no such workflow"))
    }

    /// Queues a run like one that has ended, and returns the name of the new one.
    ///
    /// # Errors
    /// 403, and 409 for one that has not ended.
    pub(crate) async fn retry_workflow(
        &self,
        permit: MayUseWorkflows,
        name: &str,
    ) -> Result<String, Problem> {
        let seen = self.workflow(&permit, name).await?;
        let start = self.may_repeat(permit.caller().clone(), &seen).await?;
        Ok(argo::name(&self.retry(&seen, &start).await?))
    }

    /// The newest that the caller has asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn workflows(&self, permit: &MayUseWorkflows) -> Result<Vec<Value>, Problem> {
        let mut filter = self.visible(permit.caller()).await?.filter();
        filter.requested_by = Some(permit.caller().name().to_owned());
        Ok(self.queue.list(&filter, None, MOST).await?.iter().map(argo::listed).collect())
    }
}
