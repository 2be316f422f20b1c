//! All documents of a filter, as one JSON array.

use actix_web::web::Bytes;
use authz::Subject;
use futures_util::{Stream, StreamExt as _, stream};
use search::{Hit, Pages, SearchError, Source};
use serde_json::Value;

use crate::{
    access::{Accessibility, Readable},
    answer::write_document,
    error::Error,
    filter::Reader,
    lower::{Failure, sorting},
    schema::IndexModel,
    service::Guppy,
};

/// Documents that are in memory at once.
const PAGE: usize = 1_000;
/// Fields of a document that a request names.
const MOST_FIELDS: usize = 10_000;

/// What is to be downloaded.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Order {
    #[serde(rename = "type")]
    doc_type: Option<Value>,
    filter: Option<Value>,
    sort: Option<Value>,
    fields: Option<Value>,
    accessibility: Option<Value>,
}

impl Guppy {
    /// The documents, in pieces. What cannot be answered at all is seen before the first.
    pub(crate) async fn download(
        &self,
        subject: &Subject,
        order: &Order,
    ) -> Result<impl Stream<Item = Result<Bytes, SearchError>> + use<>, Error> {
        let served = self.served();
        let name = match &order.doc_type {
            Some(Value::String(name)) => name.clone(),
            None => "undefined".to_owned(),
            Some(other) => other.to_string(),
        };
        let index = served.catalog.indices.iter().find(|index| index.doc_type == name);
        let index = index.ok_or(Error::UnknownType(name))?;
        let reader = Reader::new(index, &self.config.missing, &self.config.analyzed);
        let filter = order.filter.as_ref().unwrap_or(&Value::Null);
        let query = reader.read(filter).map_err(|error| Error::Download(Failure::Filter(error)))?;
        let accessibility = Accessibility::of(order.accessibility.as_ref().and_then(Value::as_str));
        let accessible = self.known.of(&*self.authz, subject).await;
        let rows = Readable::new(index, &self.config, &accessible).download(query, accessibility);
        if let Some(forbidden) = rows.forbidden.filter(|_| index.exists) {
            let nothing = search::Search::counting(forbidden.query().clone(), Default::default());
            if self.engine.search(forbidden.index(), &nothing).await?.total > 0 {
                return Err(Error::OutOfScope);
            }
        }
        let source = source(index, order.fields.as_ref())?;
        let sort = sorting(index, order.sort.as_ref()).map_err(Error::Download)?;
        let pages = if index.exists {
            self.engine.pages(rows.shown.index(), rows.shown.query(), &sort, &source, PAGE).await?
        } else {
            stream::empty().boxed()
        };
        // A page may be asked for after the last.
        let mut pages = pages.fuse().boxed();
        let first = pages.next().await.transpose()?;
        Ok(pieces(first.unwrap_or_default(), pages))
    }
}

/// What comes of each document.
fn source(index: &IndexModel, fields: Option<&Value>) -> Result<Source, Error> {
    let named: &[Value] = match fields {
        None | Some(Value::Null) => &[],
        Some(Value::Array(fields)) => fields,
        Some(other) => return Err(Error::UnknownFields(other.to_string())),
    };
    let leaves = index.leaves();
    if named.is_empty() || !index.exists {
        return Ok(Source::Fields(leaves.into_iter().map(str::to_owned).collect()));
    }
    let is_known = |field: &Value| field.as_str().is_some_and(|field| leaves.contains(&field));
    let unknown: Vec<String> =
        named.iter().take(MOST_FIELDS).filter(|field| !is_known(field)).map(Value::to_string).collect();
    if !unknown.is_empty() || named.len() > MOST_FIELDS {
        return Err(Error::UnknownFields(unknown.join(", ")));
    }
    Ok(Source::Fields(named.iter().filter_map(|field| field.as_str().map(str::to_owned)).collect()))
}

/// Where the array has come to.
enum Stage {
    Begin(Vec<Hit>, Pages),
    Middle(Pages, bool),
    End,
}

/// The array, a piece for each page.
fn pieces(first: Vec<Hit>, pages: Pages) -> impl Stream<Item = Result<Bytes, SearchError>> {
    stream::unfold(Stage::Begin(first, pages), |stage| async move {
        match stage {
            Stage::Begin(hits, pages) => {
                let mut json = vec![b'['];
                write_page(&hits, false, &mut json);
                Some((Ok(Bytes::from(json)), Stage::Middle(pages, !hits.is_empty())))
            }
            Stage::Middle(mut pages, has_some) => match pages.next().await {
                Some(Ok(hits)) => {
                    let mut json = Vec::new();
                    write_page(&hits, has_some, &mut json);
                    let has_some = has_some || !hits.is_empty();
                    Some((Ok(Bytes::from(json)), Stage::Middle(pages, has_some)))
                }
                Some(Err(error)) => {
                    let told = &error as &dyn std::error::Error;
                    tracing::error!(error = told, "a download breaks off");
                    Some((Err(error), Stage::End))
                }
                None => Some((Ok(Bytes::from_static(b"]")), Stage::End)),
            },
            Stage::End => None,
        }
    })
}

fn write_page(hits: &[Hit], has_some: bool, json: &mut Vec<u8>) {
    for (position, hit) in hits.iter().enumerate() {
        if has_some || position > 0 {
            json.push(b',');
        }
        write_document(&hit.source, json);
    }
}
