//! `POST /v1/crosstab`: how often the values of two fields meet.

use std::collections::HashMap;

use authz::Subject;
use search::{Aggregate, Aggregation, Aggregations, Bucket, Scalar};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, LeafField, index, leaf},
    body::read,
    figures::{Figures, Over, Questions},
    keys::key,
    problem::Problem,
    secrecy::{guarded, is_small},
};
use crate::{access::Readable, service::Guppy};

/// Values of a field that are shown if it is not said how many, and most of them.
const TOP: usize = 10;
const MOST_TOP: usize = 100;

#[derive(Debug, Deserialize)]
struct CrosstabRequest {
    #[serde(flatten)]
    asked: Asked,
    rows: String,
    columns: String,
    /// How many of the most frequent values of each.
    top: Option<usize>,
}

/// A value of the rows, and one of the columns.
type Cell<'f> = (&'f Option<Scalar>, &'f Option<Scalar>);

impl Guppy {
    /// The table. A cell that would tell of a small group is -1.
    ///
    /// # Errors
    /// [`Problem::SmallGroup`] when nothing may be told of all documents together.
    pub(crate) async fn crosstab(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        let request: CrosstabRequest = read(body)?;
        let served = self.served();
        let index = index(&served, &request.asked.doc_type)?;
        let (rows, columns) =
            (leaf(index, "rows", &request.rows)?, leaf(index, "columns", &request.columns)?);
        if rows.nested.is_some() || columns.nested.is_some() {
            return Err(Problem::invalid("rows, columns: not of nested objects"));
        }
        let top = request.top.unwrap_or(TOP);
        if !(1..=MOST_TOP).contains(&top) {
            return Err(Problem::invalid(format!("top: from 1 to {MOST_TOP}")));
        }
        let accessible = self.rights(subject, index).await;
        let known = self.known_filter(subject, &served, index, &request.asked.filter).await?;
        let query = known.reader(self, index).read(&known.filter)?;
        let readable = Readable::new(index, &self.config, &accessible);
        let counts = readable.counts(query, request.asked.accessibility.into())?;
        let as_of = self.as_of(&index.name).await;
        if !index.exists {
            return Ok(
                json!({ "type": index.doc_type, "as_of": as_of, "rows": [], "columns": [], "counts": [] }),
            );
        }
        let mut questions = Questions::default();
        let open = questions.over(&counts.counted);
        questions.ask(open, None, "cells".to_owned(), shown(rows, columns, top));
        questions.ask(open, None, "columns".to_owned(), most(columns, top, Aggregations::new()));
        let hidden = counts.hidden.as_ref().map(|(scope, limit)| (questions.over(scope), *limit));
        if let Some((over, _)) = hidden {
            questions.ask(over, None, "cells".to_owned(), every(rows, columns));
        }
        let figures = questions.answer(&*self.engine).await?;
        if hidden.is_some_and(|(over, limit)| is_small(figures.total(over), limit)) {
            return Err(Problem::SmallGroup(request.asked.doc_type));
        }
        let secret: HashMap<Cell<'_>, u64> =
            hidden.map(|(over, _)| cells(&figures, over)).unwrap_or_default();
        let limit = hidden.map_or(0, |(_, limit)| limit);
        let all = cells(&figures, open);
        let (rows, columns) = (keys(&figures, open, "cells"), keys(&figures, open, "columns"));
        let count = |cell: Cell<'_>| {
            let of_secret = secret.get(&cell).map(|count| (*count, limit));
            guarded(all.get(&cell).copied().unwrap_or_default(), of_secret)
        };
        let line =
            |row: &&Option<Scalar>| columns.iter().map(|column| count((row, column))).collect::<Vec<_>>();
        Ok(json!({
            "type": index.doc_type,
            "as_of": as_of,
            "rows": rows.iter().map(|value| key(value.as_ref())).collect::<Vec<_>>(),
            "columns": columns.iter().map(|value| key(value.as_ref())).collect::<Vec<_>>(),
            "counts": rows.iter().map(line).collect::<Vec<_>>(),
        }))
    }
}

fn most(field: LeafField<'_>, size: usize, then: Aggregations) -> Aggregation {
    Aggregation::Top { field: field.path.to_owned(), size, skip: 0, containing: None, then }
}

fn values(field: LeafField<'_>, then: Aggregations) -> Aggregation {
    Aggregation::Values { field: field.path.to_owned(), missing: false, descending: false, then }
}

fn within(aggregation: Aggregation) -> Aggregations {
    Aggregations::from([("columns".to_owned(), aggregation)])
}

/// The most frequent values of the rows, each with all of the columns: those that are shown are not the most
/// frequent of each row.
fn shown(rows: LeafField<'_>, columns: LeafField<'_>, top: usize) -> Aggregation {
    most(rows, top, within(values(columns, Aggregations::new())))
}

fn every(rows: LeafField<'_>, columns: LeafField<'_>) -> Aggregation {
    values(rows, within(values(columns, Aggregations::new())))
}

fn buckets(aggregate: Option<&Aggregate>) -> &[Bucket] {
    match aggregate {
        Some(Aggregate::Values(buckets) | Aggregate::Top { buckets, .. }) => buckets,
        _ => &[],
    }
}

fn cells(figures: &Figures, over: Over) -> HashMap<Cell<'_>, u64> {
    let mut cells = HashMap::new();
    for row in buckets(figures.get(over, false, "cells")) {
        for column in buckets(row.then.get("columns")) {
            cells.insert((&row.key, &column.key), column.count);
        }
    }
    cells
}

fn keys<'f>(figures: &'f Figures, over: Over, name: &str) -> Vec<&'f Option<Scalar>> {
    buckets(figures.get(over, false, name)).iter().map(|bucket| &bucket.key).collect()
}
