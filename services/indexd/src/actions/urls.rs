//! Urls of records.

use crate::{
    Error, Indexd,
    document::UrlDocument,
    guid::Guid,
    store::urls::{Pattern, UrlFilter},
};

impl Indexd {
    /// A page of urls of the records that fit.
    pub(crate) async fn urls(
        &self,
        filter: &UrlFilter,
        start: i64,
        limit: i64,
    ) -> Result<Vec<UrlDocument>, Error> {
        let layout = self.layout().await?;
        layout.list(&mut *self.pool.acquire().await?, filter, start, limit).await
    }

    /// A page of records by their comma-joined urls: `(did, urls)`.
    pub(crate) async fn urls_by_pattern(
        &self,
        include: Option<&str>,
        exclude: Option<&str>,
        pattern: &Pattern,
    ) -> Result<Vec<(Guid, Vec<String>)>, Error> {
        let layout = self.layout().await?;
        layout.by_pattern(&mut *self.pool.acquire().await?, include, exclude, pattern).await
    }

    /// A page of urls whose metadata has `key` = `value`: `(did, url, rev)`.
    pub(crate) async fn urls_by_metadata(
        &self,
        key: &str,
        value: &str,
        url: Option<&str>,
        pattern: &Pattern,
    ) -> Result<Vec<(Guid, String, Option<String>)>, Error> {
        let layout = self.layout().await?;
        layout.by_metadata(&mut *self.pool.acquire().await?, (key, value), url, pattern).await
    }
}
