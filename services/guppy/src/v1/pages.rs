//! Documents of a download, page after page.

use futures_util::{StreamExt as _, stream::BoxStream};
use search::{Pages, SearchError, Sort, Source};
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::{access::Scope, service::Guppy};

/// Documents that are in memory at once.
const PAGE: usize = 1_000;

/// Documents, page after page.
pub(super) type RowPages = BoxStream<'static, Result<Vec<Map<String, Value>>, SearchError>>;

impl Guppy {
    /// The documents as they are now, whatever is written meanwhile.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(super) async fn pages_of(
        &self,
        scope: &Scope,
        sort: &[Sort],
        source: &Source,
    ) -> Result<RowPages, Problem> {
        let pages: Pages = self.engine.pages(scope.index(), scope.query(), sort, source, PAGE).await?;
        let rows = |page: Result<Vec<search::Hit>, SearchError>| {
            page.map(|hits| hits.into_iter().map(|hit| hit.source).collect())
        };
        Ok(pages.map(rows).boxed())
    }
}
