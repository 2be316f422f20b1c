//! Transaction logs. They are read one by one, because with its documents a log may be as large as a
//! submission.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::{
    executor::{Executor, Halt},
    room::Room,
    rows,
};
use crate::{
    assemble::{Commas, show_log, write_selected},
    error::Error,
    ir::{LogQuery, LogScan},
};

impl Executor<'_> {
    /// Writes all logs, or those that touched one node.
    pub(super) async fn log_list(&mut self, scan: &LogScan, node: Option<&str>) -> Result<(), Error> {
        let statement = self.planner.logs(scan, node.map(|id| vec![id.to_owned()]));
        let Self { connection, out, budget, .. } = self;
        let mut rows = statement.query_if_short().fetch(&mut **connection);
        out.text().push(b'[');
        let mut commas = Commas::default();
        while let Some(row) = rows.try_next().await? {
            let before = out.written();
            commas.before_item(out.text());
            write_selected(&show_log(row.try_get(2)?), Some(&scan.fields), out.text());
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
        let mut rows = statement.query_if_short().fetch(&mut **connection);
        while let Some(row) = rows.try_next().await? {
            let parent = rows::parent(row.try_get(0)?);
            let Some(list) = lists.get_mut(parent) else { continue };
            let before = list.len();
            if before > 1 {
                list.push(b',');
            }
            write_selected(&show_log(row.try_get(2)?), Some(&scan.fields), list);
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
        let row =
            self.planner.log_counts(query, None).query_if_short().fetch_one(&mut *self.connection).await?;
        Ok(row.try_get(1)?)
    }
}
