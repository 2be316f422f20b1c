//! Limits of runs at once.

use serde_json::{Map, Value, json};

use crate::{access::MaySetLimits, problem::Problem, service::Operations};

impl Operations {
    /// All limits, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn limits(&self) -> Result<Value, Problem> {
        let limits = self.queue.limits().await?.into_iter().map(|(name, most)| (name, json!(most)));
        Ok(json!({ "limits": limits.collect::<Map<_, _>>() }))
    }

    /// Changes a limit, from the next run that is taken.
    ///
    /// # Errors
    /// 400 for none, 404 for an unknown name.
    pub(crate) async fn set_limit(&self, _: &MaySetLimits, name: &str, most: u16) -> Result<(), Problem> {
        if most == 0 {
            return Err(Problem::Invalid("most: at least 1; cancel runs that are not wanted".to_owned()));
        }
        if self.queue.set_limit(name, most).await? {
            return Ok(());
        }
        Err(Problem::NotFound("there is no such limit; GET /ops/v1/limits names those that there are"))
    }
}
