//! Reading records.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    access::MayRead,
    error::Error,
    query::Query,
    service::Audit,
    store::read::{self, Page},
};

/// What was found.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Found {
    /// How many records or groups there are.
    Count(i64),
    /// Records, or groups with their counts.
    Rows(Vec<Box<RawValue>>),
}

impl Audit {
    /// What `query` asks for, and the second from which on the next page begins.
    pub(crate) async fn find(&self, permit: &MayRead, query: &Query) -> Result<(Found, Option<i64>), Error> {
        let mut connection = self.pool.acquire().await?;
        if query.count {
            return Ok((Found::Count(read::count(&mut connection, permit, query).await?), None));
        }
        let most = i64::from(self.config.most_rows);
        if !query.groups.is_empty() {
            let groups = read::groups(&mut connection, permit, query, most + 1).await?;
            return Ok((Found::Rows(self.bounded(groups)?), None));
        }
        let size = i64::from(self.config.page_size);
        let Page { rows, next } = read::page(&mut connection, permit, query, size, most + 1).await?;
        Ok((Found::Rows(self.bounded(rows)?), next))
    }

    /// An answer is whole or refused, and never cut.
    fn bounded(&self, rows: Vec<Box<RawValue>>) -> Result<Vec<Box<RawValue>>, Error> {
        let most = self.config.most_rows as usize;
        if rows.len() <= most {
            return Ok(rows);
        }
        Err(Error::bad(format!("the answer has more than {most} entries; ask for less time or fewer fields")))
    }
}
