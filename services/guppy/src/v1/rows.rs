//! `POST /v1/rows`: pages of documents, at any depth at the same price.

use authz::Subject;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use search::{Hit, Search, Source};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, index},
    body::read,
    problem::Problem,
};
use crate::{lower::sorting, schema::IndexModel, service::Guppy};

/// Rows of a page that names no size.
const SIZE: u64 = 20;
/// Most rows of a page.
const MOST: u64 = 10_000;
/// Longest place in an order.
const LONGEST_AFTER: usize = 64 << 10;

/// What is asked for.
#[derive(Debug, Deserialize)]
struct RowsRequest {
    #[serde(flatten)]
    asked: Asked,
    /// Whole paths; all fields if it is not said.
    fields: Option<Vec<String>>,
    /// As in the graph.
    sort: Option<Value>,
    /// `next` of the page before.
    after: Option<String>,
    size: Option<u64>,
    /// Whether the words of `text` and `search` are marked.
    #[serde(default)]
    highlight: bool,
}

impl Guppy {
    /// A page.
    ///
    /// # Errors
    /// When something cannot be asked, or not by this caller.
    pub(crate) async fn rows(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        let request: RowsRequest = read(body)?;
        let served = self.served();
        let index = index(&served, &request.asked.doc_type)?;
        let size = request.size.unwrap_or(SIZE);
        if size > MOST {
            return Err(Problem::invalid(format!("size: a page has at most {MOST} rows")));
        }
        let source = source(index, request.fields.as_deref())?;
        let sort = order(index, request.sort.as_ref())?;
        let after = request.after.as_deref().map(position).transpose()?;
        let accessible = self.rights(subject, index).await;
        let known = self.known_filter(subject, &served, index, &request.asked.filter).await?;
        let query = known.reader(self, index).read(&known.filter)?;
        let scope = self.shown(index, &accessible, query, request.asked.accessibility).await?;
        let as_of = self.as_of(&index.name).await;
        if !index.exists {
            return Ok(
                json!({ "type": index.doc_type, "as_of": as_of, "total": 0, "rows": [], "next": null }),
            );
        }
        let highlight = request.highlight.then(|| self.config.analyzed.clone());
        let search = Search { size, sort, source, after, highlight, ..Search::new(scope.query().clone()) };
        let found = self.engine.search(scope.index(), &search).await?;
        let is_full = found.hits.len() as u64 == size;
        let next = found.hits.last().filter(|_| is_full).map(|hit| token(&hit.position));
        let marks: Vec<Value> = found.hits.iter().map(marked).collect();
        let rows: Vec<Value> = found.hits.into_iter().map(|hit| Value::Object(hit.source)).collect();
        let mut answer = json!({
            "type": index.doc_type, "as_of": as_of, "total": found.total, "rows": rows, "next": next,
        });
        if request.highlight {
            answer["highlights"] = marks.into();
        }
        Ok(answer)
    }
}

/// Field → fragments as HTML, in which words that were looked for are `<em>`, and nothing else is markup.
fn marked(hit: &Hit) -> Value {
    let html = |fragment: &String| {
        let text = fragment.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.replace("&lt;em&gt;", "<em>").replace("&lt;/em&gt;", "</em>")
    };
    let fields = hit.highlights.iter().map(|(field, fragments)| {
        (field.clone(), Value::from(fragments.iter().map(html).collect::<Vec<_>>()))
    });
    Value::Object(fields.collect())
}

/// What comes of each document.
///
/// # Errors
/// When a field is not there.
pub(super) fn source(index: &IndexModel, fields: Option<&[String]>) -> Result<Source, Problem> {
    let Some(fields) = fields else {
        return Ok(Source::Fields(index.leaves().into_iter().map(str::to_owned).collect()));
    };
    for (place, field) in fields.iter().enumerate() {
        if index.find(field).is_none() {
            let told = format!("fields[{place}]: {} has no field {field:?}", index.doc_type);
            return Err(Problem::invalid(told));
        }
    }
    Ok(if fields.is_empty() { Source::None } else { Source::Fields(fields.to_vec()) })
}

/// # Errors
/// When documents cannot be sorted so.
pub(super) fn order(index: &IndexModel, sort: Option<&Value>) -> Result<Vec<search::Sort>, Problem> {
    sorting(index, sort)
        .map_err(|_| Problem::invalid("sort: it is a list of objects with one field and \"asc\" or \"desc\""))
}

fn token(position: &[Value]) -> String {
    URL_SAFE_NO_PAD.encode(Value::from(position.to_vec()).to_string())
}

fn position(token: &str) -> Result<Vec<Value>, Problem> {
    let read = || {
        let text = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| token.len() <= LONGEST_AFTER)?;
        match serde_json::from_slice(&text).ok()? {
            Value::Array(position) => Some(position),
            _ => None,
        }
    };
    read().ok_or_else(|| Problem::invalid("after: it is not the \"next\" of a page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_an_order_comes_back_and_others_are_refused() {
        let place = vec![json!("a"), json!(1.5), Value::Null];
        assert_eq!(position(&token(&place)).unwrap(), place);
        for bad in ["", "!", "e30", &"a".repeat(LONGEST_AFTER + 1)] {
            assert!(position(bad).is_err(), "{bad:.20}");
        }
    }
}
