//! The archive: what a run would do, and what came of it.

use std::sync::Arc;

use actix_web::web::Bytes;
use archive::{ARCHIVE, Archive, Planned, Row, Task, Unplanned};
use futures_util::{Stream, stream};
use serde_json::{Map, Value, json};

use crate::{
    access::{MayRead, MaySee, MayStart},
    asked::ReportPage,
    problem::Problem,
    service::Operations,
};

/// Files of a report that are read in one statement.
const ROWS: u32 = 1_000;
const COLUMNS: [&str; 10] =
    ["guid", "size", "expected", "actual", "source", "target", "state", "note", "time", "number"];

impl Operations {
    pub(super) fn known_archive(&self) -> Result<&Arc<Archive>, Problem> {
        self.archive.as_ref().ok_or_else(|| Problem::UnknownKind(ARCHIVE.to_owned()))
    }

    /// The tiers, and what they have.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn archive_state(&self, _: &MayRead) -> Result<Value, Problem> {
        let archive = self.known_archive()?;
        Ok(json!({ "tiers": archive.described(), "copies": archive.totals().await? }))
    }

    /// What a run would do.
    ///
    /// # Errors
    /// When there can be no such run.
    pub(crate) async fn plan(
        &self,
        permit: &MayStart,
        task: Task,
        params: &Map<String, Value>,
    ) -> Result<Planned, Problem> {
        self.known_archive()?;
        Ok(self.plan_files(permit, task, params).await?)
    }

    /// What a run would do, where there is an archive.
    pub(super) async fn plan_files(
        &self,
        permit: &MayStart,
        task: Task,
        params: &Map<String, Value>,
    ) -> Result<Planned, Unplanned> {
        let archive = self.known_archive().map_err(|none| Unplanned::Invalid(none.to_string()))?;
        archive.plan(task, params, permit.caller().name()).await
    }

    /// A page of what came of each file of a run.
    ///
    /// # Errors
    /// 404 where there is no archive.
    pub(crate) async fn report_page(&self, permit: &MaySee, page: &ReportPage) -> Result<Value, Problem> {
        let rows = self.known_archive()?.report(permit.run().id, page.after, page.size).await?;
        let next = rows.last().filter(|_| rows.len() == page.size as usize).map(|row| row.number);
        Ok(json!({ "files": rows, "next": next.map(|next| next.to_string()) }))
    }

    /// What came of each file of a run, as a table.
    ///
    /// # Errors
    /// 404 where there is no archive.
    pub(crate) fn report_text(
        self: Arc<Self>,
        permit: MaySee,
        after: i64,
    ) -> Result<impl Stream<Item = Result<Bytes, sqlx::Error>> + use<>, Problem> {
        let archive = self.known_archive()?.clone();
        let heading = format!("{}\n", COLUMNS.join("\t"));
        Ok(stream::try_unfold(
            (archive, permit, heading, Some(after)),
            |(archive, permit, mut text, after)| async move {
                let Some(after) = after else { return Ok(None) };
                let rows = archive.report(permit.run().id, after, ROWS).await?;
                text.extend(rows.iter().map(line));
                let next = rows.last().filter(|_| rows.len() == ROWS as usize).map(|row| row.number);
                Ok(Some((Bytes::from(text), (archive, permit, String::new(), next))))
            },
        ))
    }
}

/// A file as a line of the table. What would end a field or a line is a space.
fn line(row: &Row) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        row.guid.clone(),
        row.size.map(|size| size.to_string()).unwrap_or_default(),
        text(&row.expected),
        text(&row.actual),
        text(&row.source),
        text(&row.target),
        row.state.clone(),
        text(&row.note),
        row.told.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        row.number.to_string(),
    ];
    format!("{}\n", fields.map(|field| field.replace(['\t', '\n', '\r'], " ")).join("\t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_field_for_each_column() {
        let row = Row {
            number: 1,
            guid: "g".into(),
            size: Some(3),
            expected: None,
            actual: Some("ab".into()),
            source: None,
            target: None,
            state: "failed".into(),
            note: Some("a\tb\nc".into()),
            told: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let line = line(&row);
        assert_eq!(line, "g\t3\t\tab\t\t\tfailed\ta b c\t2026-01-01T00:00:00.000Z\t1\n");
        assert_eq!(line.split('\t').count(), COLUMNS.len());
    }
}
