//! Conditions across indices: `{"in_index": {"type": "file", "filter": …, "field": "case_id", "as": "id"}}`
//! holds for documents whose `id` is the `case_id` of a file of the filter.

use std::{future::Future, pin::Pin};

use authz::Subject;
use search::{Aggregate, Aggregation, Scalar, Search};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    asked::{LeafField, Word, index, leaf},
    problem::Problem,
};
use crate::{
    access::Scope,
    filter::Sets,
    schema::IndexModel,
    service::{Guppy, Served},
};

const OPERATOR: &str = "in_index";
/// Values that one condition may have.
const MOST_VALUES: usize = 1_000_000;
/// Conditions of this kind in a filter.
const MOST: usize = 10;
/// Levels within levels.
const DEEPEST: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    #[serde(rename = "type")]
    doc_type: String,
    #[serde(default)]
    filter: Value,
    /// The field of the other index.
    field: String,
    /// The field of this one.
    #[serde(rename = "as")]
    own: String,
}

/// Who asks about which index.
#[derive(Clone, Copy)]
struct Joining<'a> {
    subject: &'a Subject,
    served: &'a Served,
    index: &'a IndexModel,
    sets: &'a Sets,
}

type Joined<'a> = Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send + 'a>>;

impl Guppy {
    /// The filter with values in the place of conditions across indices. Only documents of the other index
    /// count whose rows the caller may read. `sets` are those that the filter names.
    ///
    /// # Errors
    /// When such a condition cannot be asked.
    pub(super) async fn joined(
        &self,
        subject: &Subject,
        served: &Served,
        index: &IndexModel,
        (filter, sets): (&Value, &Sets),
    ) -> Result<Value, Problem> {
        let mut left = MOST;
        self.replaced(Joining { subject, served, index, sets }, filter, DEEPEST, &mut left).await
    }

    fn replaced<'a>(
        &'a self,
        joining: Joining<'a>,
        filter: &'a Value,
        depth: usize,
        left: &'a mut usize,
    ) -> Joined<'a> {
        Box::pin(async move {
            let Some(deeper) = depth.checked_sub(1) else {
                return Err(Problem::invalid(format!(
                    "filter: it is nested too deeply, more than {DEEPEST} levels"
                )));
            };
            let Value::Object(members) = filter else { return Ok(filter.clone()) };
            let Some((operator, value)) = members.iter().next() else { return Ok(filter.clone()) };
            if operator == OPERATOR {
                *left = left.checked_sub(1).ok_or_else(|| {
                    Problem::invalid(format!("filter: more than {MOST} conditions {OPERATOR}"))
                })?;
                return self.values(joining, value).await;
            }
            let (true, Value::Array(items)) =
                (matches!(operator.to_lowercase().as_str(), "and" | "or"), value)
            else {
                return Ok(filter.clone());
            };
            let mut replaced = Vec::with_capacity(items.len());
            for item in items {
                replaced.push(self.replaced(joining, item, deeper, left).await?);
            }
            Ok(Value::Object(Map::from_iter([(operator.clone(), Value::Array(replaced))])))
        })
    }

    /// `{"in": {field: values}}`.
    async fn values(&self, joining: Joining<'_>, value: &Value) -> Result<Value, Problem> {
        let join: Join = serde_json::from_value(value.clone())
            .map_err(|error| Problem::invalid(format!("filter: {OPERATOR}: {error}")))?;
        let place = format!("filter: {OPERATOR}");
        let other = index(joining.served, &join.doc_type)?;
        let (field, to) = (leaf(other, &place, &join.field)?, leaf(joining.index, &place, &join.own)?);
        if to.nested.is_some() {
            return Err(Problem::invalid(format!("{place}: {:?} is in nested objects", join.own)));
        }
        let accessible = self.rights(joining.subject, other).await;
        let query = self.reader(other).with_sets(joining.sets).read(&join.filter)?;
        let scope = self.shown(other, &accessible, query, Word::Accessible).await?;
        let values = if other.exists { self.distinct(&scope, &place, field).await? } else { Vec::new() };
        let value = |key: Scalar| match key {
            Scalar::Text(text) => Value::String(text),
            Scalar::Number(number) => Value::Number(number),
            Scalar::Boolean(flag) => Value::Bool(flag),
        };
        let values: Vec<Value> = values.into_iter().map(value).collect();
        Ok(json!({ "in": { to.path: values } }))
    }

    /// The different values of a field that documents have. `place` is where in the request it is named.
    ///
    /// # Errors
    /// When there are more than a million.
    pub(super) async fn distinct(
        &self,
        scope: &Scope,
        place: &str,
        field: LeafField<'_>,
    ) -> Result<Vec<Scalar>, Problem> {
        let values = Aggregation::Values {
            field: field.path.to_owned(),
            missing: false,
            descending: false,
            then: Default::default(),
        };
        let aggregation = match field.nested {
            None => values,
            Some(path) => {
                Aggregation::Nested { path: path.to_owned(), then: [("values".to_owned(), values)].into() }
            }
        };
        let search = Search::counting(scope.query().clone(), [("values".to_owned(), aggregation)].into());
        let found = self.engine.search(scope.index(), &search).await?;
        let mut found = found.aggregates.into_values().next();
        if let Some(Aggregate::Within { then, .. }) = found {
            found = then.into_values().next();
        }
        let Some(Aggregate::Values(buckets)) = found else { return Ok(Vec::new()) };
        if buckets.len() > MOST_VALUES {
            let told = format!("{place}: {:?} has more than {MOST_VALUES} values; filter more", field.path);
            return Err(Problem::invalid(told));
        }
        Ok(buckets.into_iter().filter_map(|bucket| bucket.key).collect())
    }
}
