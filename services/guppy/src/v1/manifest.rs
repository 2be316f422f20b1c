//! `POST /v1/manifest`: the files of a cohort, for gen3-client: the join of two indices that the portal does
//! by long lists of identifiers.

use authz::Subject;
use futures_util::StreamExt as _;
use search::{Query, Scalar, SearchError, Source};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    asked::{Asked, LeafField, Word, index, leaf},
    body::read,
    pages::RowPages,
    problem::Problem,
};
use crate::{service::Guppy, tickets::Kind};

/// Identifiers that one cohort may have.
const MOST: usize = 1_000_000;

/// What is asked for: the words of `manifestMapping` in the portal's configuration.
#[derive(Debug, Deserialize)]
pub(super) struct ManifestRequest {
    #[serde(flatten)]
    asked: Asked,
    /// The type of the files.
    #[serde(rename = "resourceIndexType")]
    files: String,
    /// Their field with the GUID.
    #[serde(rename = "resourceIdField", default = "object_id")]
    guid: String,
    /// Their field that refers to the cohort.
    #[serde(rename = "referenceIdFieldInResourceIndex")]
    reference: String,
    /// The field of the cohort that it refers to.
    #[serde(rename = "referenceIdFieldInDataIndex")]
    own: String,
}

fn object_id() -> String {
    "object_id".to_owned()
}

impl Guppy {
    /// A ticket for a manifest.
    ///
    /// # Errors
    /// When it cannot be asked, or not by this caller.
    pub(crate) async fn manifest(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        let request: ManifestRequest = read(body)?;
        drop(self.entries(subject, &request).await?);
        self.ticket(subject, Kind::Manifest, body).await
    }

    /// The entries of a manifest, page after page.
    pub(super) async fn entries(
        &self,
        subject: &Subject,
        request: &ManifestRequest,
    ) -> Result<RowPages, Problem> {
        let served = self.served();
        let files = index(&served, &request.files)?;
        let reference = leaf(files, "referenceIdFieldInResourceIndex", &request.reference)?;
        let guid = leaf(files, "resourceIdField", &request.guid)?;
        if reference.nested.is_some() || guid.nested.is_some() {
            return Err(Problem::invalid(
                "resourceIdField, referenceIdFieldInResourceIndex: not of nested objects",
            ));
        }
        let values = self.references(subject, request).await?;
        if !files.exists || values.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let query = Query::and([
            Query::OneOf { field: reference.path.to_owned(), values: values.into() },
            Query::Exists(guid.path.to_owned()),
        ]);
        let accessible = self.rights(subject, files).await;
        // A manifest has what the caller may read; files of others are no reason to refuse it.
        let scope = self.downloaded(files, &accessible, query, Word::Accessible).await?;
        let others =
            ["md5sum", "file_name", "file_size"].into_iter().filter(|name| files.find(name).is_some());
        let wanted = [guid.path, reference.path].into_iter().chain(others).map(str::to_owned).collect();
        let pages = self.pages_of(&scope, &[], &Source::Fields(wanted)).await?;
        let (guid, reference) = (guid.path.to_owned(), reference.path.to_owned());
        let entries = move |page: Result<Vec<Map<String, Value>>, SearchError>| {
            page.map(|rows| rows.into_iter().map(|row| entry(row, &guid, &reference)).collect())
        };
        Ok(pages.map(entries).boxed())
    }

    /// What identifies the documents of the cohort.
    async fn references(&self, subject: &Subject, request: &ManifestRequest) -> Result<Vec<Scalar>, Problem> {
        let served = self.served();
        let cohort = index(&served, &request.asked.doc_type)?;
        let LeafField { path, nested, .. } = leaf(cohort, "referenceIdFieldInDataIndex", &request.own)?;
        if nested.is_some() {
            return Err(Problem::invalid("referenceIdFieldInDataIndex: not of nested objects"));
        }
        let accessible = self.rights(subject, cohort).await;
        let known = self.known_filter(subject, &served, cohort, &request.asked.filter).await?;
        let query = known.reader(self, cohort).read(&known.filter)?;
        let scope = self.downloaded(cohort, &accessible, query, request.asked.accessibility).await?;
        if !cohort.exists {
            return Ok(Vec::new());
        }
        let mut pages = self.pages_of(&scope, &[], &Source::Fields(vec![path.to_owned()])).await?;
        let mut values = Vec::new();
        while let Some(page) = pages.next().await {
            for row in page? {
                let value = row.get(path).cloned().unwrap_or_default();
                let several = if let Value::Array(several) = value { several } else { vec![value] };
                values.extend(several.into_iter().filter_map(|value| match value {
                    Value::String(text) => Some(Scalar::Text(text)),
                    Value::Number(number) => Some(Scalar::Number(number)),
                    _ => None,
                }));
            }
            if values.len() > MOST {
                let told = format!("the cohort has more than {MOST} identifiers; filter more");
                return Err(Problem::invalid(told));
            }
        }
        Ok(values)
    }
}

/// An entry as gen3-client reads it. The reference has the name that it has in the index.
fn entry(mut row: Map<String, Value>, guid: &str, reference: &str) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("object_id".to_owned(), row.remove(guid).unwrap_or_default());
    let of = row.remove(reference).unwrap_or_default();
    entry.insert(reference.to_owned(), if of.is_array() { of } else { json!([of]) });
    for name in ["md5sum", "file_name", "file_size"] {
        if let Some(value) = row.remove(name) {
            entry.insert(name.to_owned(), value);
        }
    }
    entry
}
