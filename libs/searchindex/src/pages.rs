//! Reads all documents of a query, page after page.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use search::{Hit, Pages, Query, SearchError, Sort, Source};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{
    answer::hits,
    bits::Bits,
    chosen::Chosen,
    column::broken,
    filter::{Scope, matching},
    order::{Order, Row},
    snapshot::Snapshot,
    source::Wanted,
};

/// So many rows are put into order at once: each time means to look at all documents.
const ROWS: usize = 65_536;

/// A walk through all documents of a query.
struct Walk {
    snapshot: Arc<Snapshot>,
    found: Vec<Bits>,
    sort: Vec<Sort>,
    wanted: Wanted,
    page: usize,
    /// The next rows.
    rows: std::vec::IntoIter<Row>,
    /// After what the others come.
    last: Option<Vec<Value>>,
    ended: bool,
}

/// All documents of a query, as they are in a snapshot.
pub(crate) async fn pages(
    snapshot: Arc<Snapshot>,
    query: Query,
    sort: Vec<Sort>,
    source: &Source,
    page: usize,
) -> Result<Pages, SearchError> {
    let wanted = Wanted::new(source);
    let walk = spawn_blocking(move || {
        let found = matching(&snapshot, &query, &Scope::documents())?;
        let rows = Vec::new().into_iter();
        let mut walk =
            Walk { snapshot, found, sort, wanted, page: page.clamp(1, ROWS), rows, last: None, ended: false };
        walk.fill()?;
        Ok::<_, SearchError>(walk)
    });
    let walk = walk.await.map_err(broken)??;
    Ok(stream::unfold(Some(walk), |walk| async {
        let mut walk = walk?;
        let read = spawn_blocking(move || {
            let page = walk.next();
            (page, walk)
        });
        match read.await.map_err(broken) {
            Ok((Ok(page), _)) if page.is_empty() => None,
            Ok((Ok(page), walk)) => Some((Ok(page), Some(walk))),
            Ok((Err(error), _)) | Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

impl Walk {
    fn next(&mut self) -> Result<Vec<Hit>, SearchError> {
        if self.rows.len() == 0 {
            self.fill()?;
        }
        let rows: Vec<_> = self.rows.by_ref().take(self.page).collect();
        hits(&self.snapshot, rows, &self.wanted, None)
    }

    /// Puts the next rows into order.
    fn fill(&mut self) -> Result<(), SearchError> {
        if self.ended {
            return Ok(());
        }
        let chosen = Chosen::new(&self.snapshot, Scope::documents(), self.found.clone())?;
        let order = Order::new(&chosen, &self.sort)?;
        let rows = order.rows(&chosen, self.last.as_deref(), 0, ROWS)?;
        self.ended = rows.len() < ROWS;
        self.last = rows.last().map(|row| row.position.clone());
        self.rows = rows.into_iter();
        Ok(())
    }
}
