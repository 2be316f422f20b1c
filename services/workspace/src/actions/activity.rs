//! When a workspace was used last, as its notebook server says it to us.

use std::time::Duration;

use chrono::{DateTime, Utc};
use executor::Executor;
use serde::Deserialize;

use crate::{model::Stored, secrets, service::Workspaces};

/// A program that does not say it within this time does not say it.
const LONGEST: Duration = Duration::from_secs(2);
/// An answer of this kind is no longer than that.
const LARGEST: usize = 64 << 10;

#[derive(Deserialize)]
struct Said {
    last_activity: DateTime<Utc>,
}

impl Workspaces {
    /// When the workspace of `row` was used last; `None` for a program that does not say it. It is asked in
    /// the name of the service, so that asking does not depend on who wants to know.
    pub(crate) async fn last_use(&self, executor: &dyn Executor, row: &Stored) -> Option<DateTime<Utc>> {
        let reach = executor.reach(&row.workspace()?).await.ok()?;
        let base = row.container.rewrite.trim_end_matches('/');
        let url = relay::address(&reach.base, &format!("{base}/api/status"))?;
        let secret = secrets::of_launch(&self.config.secret, row.id);
        let request =
            reach.client.get(url).timeout(LONGEST).header("Authorization", format!("token {secret}"));
        let mut answer = request.send().await.ok().filter(|answer| answer.status().is_success())?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.ok()? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return None;
            }
        }
        serde_json::from_slice::<Said>(&body).ok().map(|said| said.last_activity)
    }
}
