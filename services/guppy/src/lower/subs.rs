//! `nestedAggFields`: what is counted within each bucket.

use search::{Aggregation, Aggregations};
use serde_json::Value;

use super::failure::Failure;
use crate::schema::{IndexModel, Leaf, Shape};

/// Values of a field within a bucket.
const MOST_TERMS: usize = 10_000;
/// Fields that are counted within buckets.
const MOST_FIELDS: usize = 100;

/// What is counted within each bucket, by field. `None` is not the same as nothing: it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subs {
    pub(crate) terms: Option<Vec<String>>,
    pub(crate) missing: Option<Vec<String>>,
}

impl Subs {
    /// Reads `{"termsFields": [...], "missingFields": [...]}`.
    pub(crate) fn read(value: Option<&Value>, index: &IndexModel) -> Result<Self, Failure> {
        let refused = || Failure::Input("Invalid nestedAggFields argument".to_owned());
        let fields = match value {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(refused()),
        };
        let list = |key: &str| match fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(names)) if names.len() <= MOST_FIELDS => {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(refused));
                names.collect::<Result<Vec<_>, _>>().map(Some)
            }
            Some(_) => Err(refused()),
        };
        let subs = Self { terms: list("termsFields")?, missing: list("missingFields")? };
        for name in subs.terms.iter().flatten() {
            if let Some(Shape::Leaf(Leaf::Shown(kind))) = index.find(name).map(|field| &field.shape) {
                return Err(Failure::Input(format!("ES type {kind} not supported.")));
            }
        }
        Ok(subs)
    }

    /// Whether nothing is counted within buckets.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_none() && self.missing.is_none()
    }

    /// The names of the parts.
    pub(crate) fn names(&self) -> Vec<String> {
        let terms = (0..self.terms.as_ref().map_or(0, Vec::len)).map(terms_name);
        terms.chain((0..self.missing.as_ref().map_or(0, Vec::len)).map(missing_name)).collect()
    }

    /// What has to be counted.
    pub(crate) fn aggregations(&self) -> Aggregations {
        let terms = self.terms.iter().flatten().enumerate().map(|(place, field)| {
            let (field, size) = (field.clone(), MOST_TERMS);
            let top = Aggregation::Top { field, size, skip: 0, containing: None, then: Aggregations::new() };
            (terms_name(place), top)
        });
        let missing = self.missing.iter().flatten().enumerate().map(|(place, field)| {
            (missing_name(place), Aggregation::Missing { field: field.clone(), then: Aggregations::new() })
        });
        terms.chain(missing).collect()
    }
}

/// The part with the values of the field at this place.
pub(crate) fn terms_name(place: usize) -> String {
    format!("terms{place}")
}

/// The part with how many lack the field at this place.
pub(crate) fn missing_name(place: usize) -> String {
    format!("missing{place}")
}
