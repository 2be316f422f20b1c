//! All documents of a query, as they were when it began: a point in time where the server has one, else a
//! scroll.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use search::{Hit, Information, Pages, Query, SearchError, Sort, Source};
use serde_json::{Value, json};

use crate::{
    answer::{self, unexpected},
    client::{Client, Repeat, Request},
    lower,
};

/// How long a server keeps what was opened while nobody asks.
const KEPT: &str = "5m";
/// The most hits that servers give at once.
const WINDOW: usize = 10_000;
/// How many hits are asked for beyond a page, in case several shards have the last one's place.
const SPARE: usize = 8;

/// What is asked.
pub(crate) struct Asked<'a> {
    pub(crate) index: String,
    /// The same, as it stands in a path.
    pub(crate) name: String,
    pub(crate) query: &'a Query,
    pub(crate) sort: &'a [Sort],
    pub(crate) source: &'a Source,
    pub(crate) page: usize,
}

/// How a server remembers what documents there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `_pit` of Elasticsearch 7.12 and later; it has an order of its own for ties.
    Elastic,
    /// `_search/point_in_time` of OpenSearch 2.4 and later.
    Open,
    Scroll,
}

fn way(information: &Information) -> Way {
    let mut numbers = information.version.split(['.', '-']).map(|part| part.parse().unwrap_or(0u32));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match information.kind.as_str() {
        "opensearch" if version >= (2, 4) => Way::Open,
        "elasticsearch" if version >= (7, 12) => Way::Elastic,
        _ => Way::Scroll,
    }
}

/// What a server keeps for us until it is closed, which happens when this goes, whatever happens before.
#[derive(Debug)]
struct Opened {
    client: Arc<Client>,
    way: Way,
    id: String,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (path, body) = match self.way {
            Way::Elastic => ("_pit", json!({"id": self.id})),
            Way::Open => ("_search/point_in_time", json!({"pit_id": [self.id]})),
            Way::Scroll => ("_search/scroll", json!({"scroll_id": [self.id]})),
        };
        let request = Request::json(Method::DELETE, path.to_owned(), &body, Repeat::Harmless);
        let client = self.client.clone();
        runtime.spawn(async move {
            if let Err(error) = client.send(&request).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what a search engine keeps for a query stays open until it expires");
            }
        });
    }
}

/// Where a walk through the documents is.
struct Walk {
    opened: Opened,
    /// What is asked for each page, without where it begins.
    body: Value,
    index: String,
    size: usize,
    source: Source,
    /// How many values of the order we asked for.
    places: usize,
    /// The last hit's place, and the ids of the hits that had it.
    last: Option<(Vec<Value>, Vec<String>)>,
    /// The first page of a scroll comes with it.
    ready: Option<Value>,
    done: bool,
}

/// The documents of a query.
pub(crate) async fn open(
    client: Arc<Client>,
    information: &Information,
    asked: &Asked<'_>,
) -> Result<Pages, SearchError> {
    let walk = match way(information) {
        Way::Scroll => scroll(client, asked).await?,
        way => match at_point(client.clone(), way, asked).await {
            // A distribution without it.
            Err(SearchError::Refused(_) | SearchError::Failed(_)) => scroll(client, asked).await?,
            walk => walk?,
        },
    };
    let next = |mut walk: Walk| async move {
        while !walk.done {
            let page = walk.page().await?;
            if !page.is_empty() {
                return Ok(Some((page, walk)));
            }
        }
        Ok::<_, SearchError>(None)
    };
    Ok(stream::try_unfold(walk, next).boxed())
}

fn body(asked: &Asked<'_>, tie: &str, size: usize) -> (Value, usize) {
    let mut sort = lower::order(asked.sort);
    sort.push(json!({tie: "asc"}));
    let places = sort.len();
    let query = lower::query(asked.query);
    let source = lower::source(asked.source);
    (json!({"size": size, "query": query, "_source": source, "sort": sort}), places)
}

async fn scroll(client: Arc<Client>, asked: &Asked<'_>) -> Result<Walk, SearchError> {
    let tie = if asked.sort.is_empty() { "_doc" } else { lower::WRITTEN };
    let size = asked.page.clamp(1, WINDOW);
    let (body, places) = body(asked, tie, size);
    let path = format!("{}/_search?scroll={KEPT}&allow_partial_search_results=false", asked.name);
    let request = Request::json(Method::POST, path, &body, Repeat::Harmless);
    let said = client.send(&request).await?.read(&asked.index)?;
    let id = said["_scroll_id"].as_str().ok_or_else(|| unexpected("scroll"))?.to_owned();
    let opened = Opened { client, way: Way::Scroll, id };
    let walk = Walk::new(opened, asked, size, places);
    Ok(Walk { ready: Some(said), ..walk })
}

async fn at_point(client: Arc<Client>, way: Way, asked: &Asked<'_>) -> Result<Walk, SearchError> {
    let (path, tie) = match (way, asked.sort.is_empty()) {
        (Way::Elastic, _) => (format!("{}/_pit?keep_alive={KEPT}", asked.name), "_shard_doc"),
        (_, true) => (format!("{}/_search/point_in_time?keep_alive={KEPT}", asked.name), "_doc"),
        (_, false) => (format!("{}/_search/point_in_time?keep_alive={KEPT}", asked.name), lower::WRITTEN),
    };
    let request = Request { method: Method::POST, repeat: Repeat::OnlyUnseen, ..Request::get(path) };
    let said = client.send(&request).await?.read(&asked.index)?;
    let id = said["pit_id"].as_str().or_else(|| said["id"].as_str());
    let id = id.ok_or_else(|| unexpected("point in time"))?.to_owned();
    let opened = Opened { client, way, id };
    let size = asked.page.clamp(1, WINDOW - SPARE - 1);
    let (mut body, places) = body(asked, tie, size);
    body["track_total_hits"] = false.into();
    Ok(Walk { body, ..Walk::new(opened, asked, size, places) })
}

impl Walk {
    fn new(opened: Opened, asked: &Asked<'_>, size: usize, places: usize) -> Self {
        let source = asked.source.clone();
        let index = asked.index.clone();
        Self { opened, body: Value::Null, index, size, source, places, last: None, ready: None, done: false }
    }

    async fn page(&mut self) -> Result<Vec<Hit>, SearchError> {
        let page = match self.opened.way {
            Way::Scroll => self.scrolled().await,
            Way::Elastic | Way::Open => self.at_point().await,
        };
        // After an error there is nothing more to come.
        self.done |= page.is_err();
        page
    }

    async fn scrolled(&mut self) -> Result<Vec<Hit>, SearchError> {
        let mut said = match self.ready.take() {
            Some(said) => said,
            None => {
                let body = json!({"scroll": KEPT, "scroll_id": self.opened.id});
                // Asked twice, the second answer would be the page after the next.
                let path = "_search/scroll".to_owned();
                let request = Request::json(Method::POST, path, &body, Repeat::OnlyUnseen);
                self.opened.client.send(&request).await?.read(&self.index)?
            }
        };
        complete(&said)?;
        if let Some(id) = said["_scroll_id"].as_str() {
            self.opened.id = id.to_owned();
        }
        let hits = answer::hits(&mut said, &self.source, None)?;
        self.done = hits.is_empty();
        Ok(hits)
    }

    async fn at_point(&mut self) -> Result<Vec<Hit>, SearchError> {
        let own_ties = self.opened.way == Way::Elastic;
        let mut size = self.size;
        let mut body = self.body.clone();
        body["pit"] = json!({"id": self.opened.id, "keep_alive": KEPT});
        if let Some((place, seen)) = &self.last {
            let mut after = place.clone();
            if let (false, Some(number)) = (own_ties, after.last().and_then(Value::as_i64)) {
                // Numbers are each shard's own: those with the same one are asked for again, and left out.
                after.pop();
                after.push((number - 1).into());
                size += seen.len() + SPARE;
            }
            body["search_after"] = after.into();
        }
        size = size.min(WINDOW);
        body["size"] = size.into();
        let path = "_search?allow_partial_search_results=false".to_owned();
        let request = Request::json(Method::POST, path, &body, Repeat::Harmless);
        let mut said = self.opened.client.send(&request).await?.read(&self.index)?;
        complete(&said)?;
        // A server may give another id with each answer.
        if let Some(id) = said["pit_id"].as_str() {
            self.opened.id = id.to_owned();
        }
        let mut hits = answer::hits(&mut said, &self.source, None)?;
        self.done = hits.len() < size;
        if let (false, Some((place, seen))) = (own_ties, &self.last) {
            hits.retain(|hit| {
                hit.position.get(..self.places) != place.get(..self.places) || !seen.contains(&hit.id)
            });
        }
        self.remember(&hits);
        Ok(hits)
    }

    fn remember(&mut self, hits: &[Hit]) {
        let Some(last) = hits.last() else {
            self.done = true;
            return;
        };
        let place = last.position.clone();
        let same = hits.iter().rev().take_while(|hit| hit.position == place);
        let mut seen: Vec<_> = same.map(|hit| hit.id.clone()).collect();
        if let Some((before, ids)) = self.last.take().filter(|(before, _)| *before == place) {
            drop(before);
            seen.extend(ids);
        }
        self.last = Some((place, seen));
    }
}

fn complete(said: &Value) -> Result<(), SearchError> {
    if said["timed_out"] == json!(true) || said["_shards"]["failed"].as_u64().unwrap_or(0) > 0 {
        return Err(SearchError::Unavailable("some shards gave no answer".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_way() {
        let way = |kind: &str, version: &str| {
            way(&Information { kind: kind.to_owned(), version: version.to_owned() })
        };
        assert_eq!(way("elasticsearch", "7.10.2"), Way::Scroll);
        assert_eq!(way("elasticsearch", "7.17.0"), Way::Elastic);
        assert_eq!(way("elasticsearch", "9.0.0-SNAPSHOT"), Way::Elastic);
        assert_eq!(way("opensearch", "1.3.13"), Way::Scroll);
        assert_eq!(way("opensearch", "2.19.1"), Way::Open);
        assert_eq!(way("opensearch", "3.8.0"), Way::Open);
    }
}
