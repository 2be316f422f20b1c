//! What users are told of tasks.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use storage::{Access, Location};

use crate::{
    access::{MayRead, User, Visible},
    error::Error,
    model::Stored,
    service::Workflows,
    store::rows,
    task::{Filter, Page, View, shown},
};

/// How long an output's address can be used.
const SIGNED_FOR: Duration = Duration::from_secs(3_600);

impl Workflows {
    /// The service-info of the standard, with where the user's outputs go.
    pub(crate) fn service_info(&self, user: &User) -> Value {
        let url = &self.config.public_url;
        let host = url.host_str().unwrap_or_default();
        let reversed: Vec<&str> = host.split('.').rev().collect();
        let storage: Vec<String> = self.sources(user.id()).folder().into_iter().collect();
        json!({
            "id": format!("{}.tes", reversed.join(".")),
            "name": "Tasks of the data commons",
            "type": { "group": "org.ga4gh", "artifact": "tes", "version": "1.1.0" },
            "organization": { "name": host, "url": url },
            "version": self.config.version,
            "storage": storage,
            "tesResources_backend_parameters": [],
        })
    }

    /// A page of tasks.
    pub(crate) async fn list(
        &self,
        visible: &Visible,
        filter: &Filter,
        page: Page,
        view: View,
    ) -> Result<Value, Error> {
        // One more tells whether there is another page, unless it ends for its size.
        let asked = Page { size: page.size + 1, ..page };
        let mut rows = rows::list(&mut *self.pool.acquire().await?, visible, filter, asked).await?;
        let size = usize::try_from(page.size).unwrap_or_default();
        let is_last = rows.len() <= size && !self.has_more(visible, filter, &rows).await?;
        rows.truncate(size);
        let tasks: Vec<Value> = rows.iter().map(|row| shown_row(row, view)).collect();
        let mut listed = json!({ "tasks": tasks });
        if let Some(last) = rows.last().filter(|_| !is_last) {
            listed["next_page_token"] = Page::token((last.created, last.id)).into();
        }
        Ok(listed)
    }

    /// Whether there is anything after what was found.
    async fn has_more(&self, visible: &Visible, filter: &Filter, rows: &[Stored]) -> Result<bool, Error> {
        let Some(last) = rows.last() else { return Ok(false) };
        let next = Page { size: 1, after: Some((last.created, last.id)) };
        Ok(!rows::list(&mut *self.pool.acquire().await?, visible, filter, next).await?.is_empty())
    }

    /// A task.
    pub(crate) fn shown(&self, may: &MayRead, view: View) -> Value {
        shown_row(may.task(), view)
    }

    /// The address of a file that was kept, by its place in the log of the last attempt.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn output_url(&self, may: &MayRead, number: usize) -> Result<String, Error> {
        let logs = may.task().logs();
        let kept = logs.last().and_then(|log| log.outputs.get(number)).ok_or(Error::NotFound)?;
        let location = Location::from_s3_url(&kept.url).ok_or(Error::NotFound)??;
        let executor = self.executor.as_ref().ok_or(Error::NotFound)?;
        let url = executor.outside.presign(&location, Access::Get, SIGNED_FOR, &[]).await?;
        Ok(url.into())
    }
}

fn shown_row(row: &Stored, view: View) -> Value {
    let (id, state) = (row.id.to_string(), row.state().as_str());
    if view == View::Minimal {
        return shown(view, &id, state, "", &crate::task::Task::default(), &[]);
    }
    let created = row.created.to_rfc3339_opts(SecondsFormat::Micros, true);
    shown(view, &id, state, &created, &row.task(), &row.logs())
}
