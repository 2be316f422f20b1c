//! Reads all documents of a query, page after page.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use search::{Hit, Pages, Query, SearchError, Sort, Source};
use serde_json::Value;

use crate::{
    answer::hits,
    bits::Bits,
    chosen::Chosen,
    filter::{Scope, matching},
    order::{Order, Row},
    snapshot::Snapshot,
    source::Wanted,
    view::{Patience, Turns, View},
};

/// So many rows are put into order at once: each time means to look at all documents.
const ROWS: usize = 65_536;

/// A walk through all documents of a query.
struct Walk {
    snapshot: Arc<Snapshot>,
    turns: Turns,
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
    turns: Turns,
    snapshot: Arc<Snapshot>,
    query: Query,
    sort: Vec<Sort>,
    source: &Source,
    page: usize,
) -> Result<Pages, SearchError> {
    let wanted = Wanted::new(source);
    let own = turns.clone();
    let walk = turns.take(move |patience| {
        let view = View::new(Arc::clone(&snapshot), Arc::clone(patience));
        let found = matching(&view, &query, &Scope::documents())?;
        let (rows, page) = (Vec::new().into_iter(), page.clamp(1, ROWS));
        let mut walk =
            Walk { snapshot, turns: own, found, sort, wanted, page, rows, last: None, ended: false };
        walk.fill(&view)?;
        Ok::<_, SearchError>(walk)
    });
    let walk = walk.await??;
    Ok(stream::unfold(Some(walk), |walk| async {
        let mut walk = walk?;
        let turns = walk.turns.clone();
        let read = turns.take(move |patience| {
            let page = walk.next(patience);
            (page, walk)
        });
        match read.await {
            Ok((Ok(page), _)) if page.is_empty() => None,
            Ok((Ok(page), walk)) => Some((Ok(page), Some(walk))),
            Ok((Err(error), _)) | Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

impl Walk {
    fn next(&mut self, patience: &Arc<Patience>) -> Result<Vec<Hit>, SearchError> {
        let view = View::new(Arc::clone(&self.snapshot), Arc::clone(patience));
        if self.rows.len() == 0 {
            self.fill(&view)?;
        }
        let rows: Vec<_> = self.rows.by_ref().take(self.page).collect();
        hits(&view, rows, &self.wanted, None)
    }

    /// Puts the next rows into order.
    fn fill(&mut self, view: &View) -> Result<(), SearchError> {
        if self.ended {
            return Ok(());
        }
        let chosen = Chosen::new(view, Scope::documents(), self.found.clone())?;
        let order = Order::new(&chosen, &self.sort)?;
        let rows = order.rows(&chosen, self.last.as_deref(), 0, ROWS)?;
        self.ended = rows.len() < ROWS;
        self.last = rows.last().map(|row| row.position.clone());
        self.rows = rows.into_iter();
        Ok(())
    }
}
