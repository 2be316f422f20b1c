//! A service that was built.

use std::{convert::Infallible, sync::Arc};

use auditlog::Recording;
use fence::{Fence, Housekeeping, upload_indexing::UploadIndexing};
use web::Service;
use workqueue::Worker;
use workspace::Keeper;

use super::waiting::until;
use crate::reload::Reload;

/// A service, how it gets another dictionary if it has one, and what runs beside it.
pub(crate) struct Built {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) reload: Option<Reload>,
    pub(crate) beside: Beside,
}

/// What runs beside a service until that has stopped.
#[derive(Default)]
pub(crate) struct Beside {
    /// What writes down who logged in and who got which file.
    pub(crate) recording: Option<Recording>,
    /// What clears away.
    pub(crate) housekeeping: Option<Housekeeping>,
    /// What fills the records of uploads.
    pub(crate) upload_indexing: Option<UploadIndexing>,
    /// A fence whose arborist has to hear which users are not active.
    pub(crate) telling: Option<Arc<Fence>>,
    /// What does operations.
    pub(crate) worker: Option<Worker>,
    /// What looks after workspaces.
    pub(crate) keeper: Option<Keeper>,
}

impl Beside {
    /// Works until the service is stopped.
    pub(crate) async fn work(&self) -> Infallible {
        if let Some(fence) = &self.telling {
            let what = "arborist to hear which users are not active";
            until(what, async || fence.tell_deactivated().await).await;
        }
        std::future::pending().await
    }

    /// What does not run any more although it should.
    pub(crate) fn lost(&self) -> Option<&'static str> {
        let indexing = self.upload_indexing.as_ref();
        if self.worker.as_ref().is_some_and(|worker| !worker.is_running()) {
            return Some("the worker of operations");
        }
        if self.keeper.as_ref().is_some_and(|keeper| !keeper.is_running()) {
            return Some("what looks after workspaces");
        }
        indexing.is_some_and(|indexing| !indexing.is_running()).then_some("the indexing of uploads")
    }

    /// Brings it to its end; what waits to be written down is written.
    pub(crate) async fn stop(self) {
        if let Some(worker) = self.worker {
            worker.stop().await;
        }
        if let Some(keeper) = self.keeper {
            keeper.stop().await;
        }
        if let Some(indexing) = self.upload_indexing {
            indexing.stop().await;
        }
        if let Some(recording) = self.recording {
            recording.stop().await;
        }
        if let Some(housekeeping) = self.housekeeping {
            housekeeping.stop().await;
        }
    }
}
