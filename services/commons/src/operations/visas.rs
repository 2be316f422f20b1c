//! The operation `visa-update`.

use std::sync::Arc;

use async_trait::async_trait;
use fence::Fence;
use serde_json::{Map, Value, json};
use workqueue::{Failed, Kind, Work};

use super::{
    aside::{aside, unwanted},
    params::only,
};

/// Asks other issuers again what they say of whose data users may read: visas of RAS, and groups.
pub(crate) struct VisaUpdate(pub(crate) Arc<Fence>);

#[async_trait]
impl Kind for VisaUpdate {
    fn name(&self) -> &'static str {
        "visa-update"
    }

    fn purpose(&self) -> &'static str {
        "Ask providers again for the visas and groups of everybody who has logged in there lately"
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &[])
    }

    /// Users are updated one by one, so that a run that is begun again asks for some of them twice, and ends
    /// the same.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        work.progress(0, None, "asking providers");
        let fence = self.0.clone();
        let updates = aside(move || async move { fence.update_visas().await }).await;
        let updates = updates.map_err(Failed::for_good)?.ok_or_else(unwanted)?.map_err(Failed::passing)?;
        let (updated, ended, failed) = (updates.updated, updates.ended, updates.failed);
        work.log(format!(
            "{updated} users updated, {ended} not vouched for any more, {failed} left as they were"
        ));
        if failed > 0 {
            return Err(Failed::Passing(format!(
                "the visas or groups of {failed} users could not be updated"
            )));
        }
        Ok(json!({ "updated": updated, "ended": ended }))
    }
}
