//! Transaction logs. With its documents a log may be as large as a submission: they are read one by one.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::{Executor, Halt, Room, rows};
use crate::{
    assemble::{project, show_log},
    error::Error,
    ir::{LogQuery, LogScan},
};

impl Executor<'_> {
    /// Writes the logs of everything, or those that touched one node.
    pub(super) async fn log_list(&mut self, scan: &LogScan, node: Option<&str>) -> Result<(), Error> {
        let statement = self.planner.logs(scan, node.map(|id| vec![id.to_owned()]));
        let Self { connection, out, budget, .. } = self;
        let mut rows = statement.query_once().fetch(&mut **connection);
        out.text().push(b'[');
        let mut is_first = true;
        while let Some(row) = rows.try_next().await? {
            let before = out.written();
            if !std::mem::take(&mut is_first) {
                out.text().push(b',');
            }
            project(&show_log(row.try_get(2)?), Some(&scan.fields), out.text());
            budget.spend(1, out.written() - before)?;
            out.pass_on().await?;
        }
        out.text().push(b']');
        Ok(())
    }

    /// The logs that touched each of these nodes, as JSON lists.
    pub(super) async fn logs_of(
        &mut self,
        scan: &LogScan,
        ids: &[String],
        room: &mut Room,
    ) -> Result<Vec<String>, Halt> {
        let statement = self.planner.logs(scan, Some(ids.to_vec()));
        let Self { connection, budget, .. } = self;
        let mut lists = vec![Vec::from(b"["); ids.len()];
        let mut rows = statement.query_once().fetch(&mut **connection);
        while let Some(row) = rows.try_next().await.map_err(Error::from)? {
            let parent = rows::parent(row.try_get(0).map_err(Error::from)?);
            let Some(list) = lists.get_mut(parent) else { continue };
            let before = list.len();
            if before > 1 {
                list.push(b',');
            }
            project(&show_log(row.try_get(2).map_err(Error::from)?), Some(&scan.fields), list);
            let size = list.len() - before;
            budget.spend(1, size)?;
            room.take(size)?;
        }
        let text = |mut list: Vec<u8>| {
            list.push(b']');
            String::from_utf8_lossy(&list).into_owned()
        };
        Ok(lists.into_iter().map(text).collect())
    }

    /// How many logs there are.
    pub(super) async fn log_count(&mut self, query: &LogQuery) -> Result<i64, Error> {
        let row = self.planner.log_counts(query, None).query_once().fetch_one(&mut *self.connection).await?;
        Ok(row.try_get(1)?)
    }
}
