//! What is counted of an index.

use graphql::{Selected, Sub};
use search::{Aggregation, Aggregations};
use serde_json::Value;

use super::{
    failure::Failure,
    numbers::{Numbers, Range, Stage, with_value},
    parts::{FIGURE, Guarded, VALUES, WITH},
    plan::{Part, Place, Texts, subs_of},
    searches::Searches,
    subs::Subs,
};
use crate::{
    access::{Accessibility, Counts, Readable},
    config::Missing,
    filter::Reader,
    schema::{Field, Fields, IndexModel, Leaf, Meaning, Shape},
};

/// Aggregations of a request.
const MOST: usize = 2_000;
/// Up to this many different values engines count exactly at most.
const MOST_PRECISE: i64 = 40_000;

/// Makes what is counted of an index.
pub(super) struct Counting<'q> {
    pub(super) index: &'q IndexModel,
    pub(super) readable: Readable<'q>,
    pub(super) reader: Reader<'q>,
    pub(super) missing: &'q Missing,
    pub(super) filter: &'q Value,
    pub(super) accessibility: Accessibility,
    /// Whether a filter on a field holds for the counts by this field, too.
    pub(super) filter_self: bool,
    pub(super) subs: Result<Subs, Failure>,
    /// The documents, if no field has its own.
    pub(super) counts: Result<Counts, Failure>,
}

/// A field that is counted.
#[derive(Clone, Copy)]
struct Facet<'q> {
    field: &'q Field,
    leaf: Leaf,
    nested: Option<&'q str>,
}

impl<'q> Counting<'q> {
    /// What is asked for of an index.
    pub(super) fn parts(
        &self,
        selected: &'q [Selected<'q, Meaning>],
        searches: &mut Searches,
    ) -> Vec<Place<'q>> {
        self.facets(&self.index.fields, None, selected, searches)
    }

    fn facets(
        &self,
        fields: &'q Fields,
        nested: Option<&'q str>,
        selected: &'q [Selected<'q, Meaning>],
        searches: &mut Searches,
    ) -> Vec<Place<'q>> {
        let part = |selection: &'q Selected<'q, Meaning>| {
            let part = match selection.field.meaning {
                Some(Meaning::Total) => self.total(searches),
                Some(_) => self.facet(fields.get(&selection.field.name), nested, selection, searches),
                None => Part::Text(selection.parent),
            };
            Place { key: &selection.key, at: selection.at, part }
        };
        selected.iter().map(part).collect()
    }

    fn facet(
        &self,
        field: Option<&'q Field>,
        nested: Option<&'q str>,
        selection: &'q Selected<'q, Meaning>,
        searches: &mut Searches,
    ) -> Part<'q> {
        // Objects of one name in two indices share a type, so it may have what this one lacks.
        let (Some(field), Sub::Object(selected)) = (field, &selection.sub) else { return Part::Null };
        let leaf = match &field.shape {
            Shape::Leaf(leaf) => *leaf,
            Shape::Nested(fields) => {
                return Part::Object(self.facets(fields, Some(&field.path), selected, searches));
            }
        };
        let facet = Facet { field, leaf, nested };
        let place = |selection: &'q Selected<'q, Meaning>| {
            let part = if searches.aggregations() >= MOST {
                Err(Failure::Input(format!("The query counts more than {MOST} times")))
            } else {
                self.figure(facet, selection, searches)
            };
            Place { key: &selection.key, at: selection.at, part: part.unwrap_or_else(Part::Failed) }
        };
        Part::Object(selected.iter().map(place).collect())
    }

    fn figure(
        &self,
        facet: Facet<'q>,
        selection: &'q Selected<'q, Meaning>,
        searches: &mut Searches,
    ) -> Result<Part<'q>, Failure> {
        let path = || facet.field.path.clone();
        let Some(meaning) = selection.field.meaning else { return Ok(Part::Text(selection.parent)) };
        if let Leaf::Shown(kind) = facet.leaf {
            return Err(Failure::Input(format!("ES type {kind} not supported.")));
        }
        if !self.index.exists {
            let nothing = if matches!(selection.sub, Sub::Leaf) { "0" } else { "[]" };
            return self.counts_for(facet).map(|_| Part::Json(nothing.to_owned()));
        }
        match meaning {
            Meaning::FieldTotal => self.single(facet, Aggregation::Count(path()), searches),
            Meaning::Cardinality => {
                let precision = match selection.args.get("precision_threshold").and_then(Value::as_i64) {
                    None => 3_000,
                    Some(number) if number >= 0 => number.min(MOST_PRECISE),
                    Some(number) => {
                        return Err(Failure::Input(format!("Invalid precision_threshold {number}")));
                    }
                };
                let precision = precision.unsigned_abs();
                self.single(facet, Aggregation::Distinct { field: path(), precision }, searches)
            }
            Meaning::TextHistogram => self.texts(facet, selection, searches),
            Meaning::NumberHistogram => self.numbers(facet, selection, searches),
            _ => Ok(Part::Null),
        }
    }

    fn total(&self, searches: &mut Searches) -> Part<'q> {
        match &self.counts {
            Err(failure) => Part::Failed(failure.clone()),
            Ok(_) if !self.index.exists => Part::Json("0".to_owned()),
            Ok(counts) => {
                let hidden = counts.hidden.as_ref().map(|(scope, limit)| (searches.total(scope), *limit));
                Part::Total(Guarded { open: searches.total(&counts.counted), hidden })
            }
        }
    }

    /// A figure over all values of a field.
    fn single(
        &self,
        facet: Facet<'q>,
        aggregation: Aggregation,
        searches: &mut Searches,
    ) -> Result<Part<'q>, Failure> {
        let counts = self.counts.as_ref().map_err(Failure::clone)?;
        let hidden = counts.hidden.as_ref().map(|(scope, limit)| {
            let parts = Aggregations::from([(WITH.to_owned(), with_value(&facet.field.path))]);
            (searches.count(scope, facet.nested, parts), *limit)
        });
        let parts = Aggregations::from([(FIGURE.to_owned(), aggregation)]);
        let open = searches.count(&counts.counted, facet.nested, parts);
        Ok(Part::Figure(Guarded { open, hidden }))
    }

    /// The documents over which a field is counted by value.
    fn counts_for(&self, facet: Facet<'q>) -> Result<Counts, Failure> {
        if self.filter_self {
            return self.counts.clone();
        }
        let query = self.reader.read_without(self.filter, Some(&facet.field.path))?;
        Ok(self.readable.counts(query, self.accessibility)?)
    }

    fn texts(
        &self,
        facet: Facet<'q>,
        selection: &'q Selected<'q, Meaning>,
        searches: &mut Searches,
    ) -> Result<Part<'q>, Failure> {
        let (counts, subs) = (self.counts_for(facet)?, self.subs.clone()?);
        let with_missing = self.missing.shown && !facet.leaf.is_number() && subs.is_empty();
        let values = Aggregation::Values {
            field: facet.field.path.clone(),
            missing: with_missing,
            descending: with_missing,
            then: subs.aggregations(),
        };
        let parts = Aggregations::from([(VALUES.to_owned(), values)]);
        let hidden = counts
            .hidden
            .as_ref()
            .map(|(scope, limit)| (searches.count(scope, facet.nested, parts.clone()), *limit));
        let open = searches.count(&counts.counted, facet.nested, parts);
        let counted = Guarded { open, hidden };
        Ok(Part::Texts(Texts { counted, subs, selected: subs_of(selection) }))
    }

    fn numbers(
        &self,
        facet: Facet<'q>,
        selection: &'q Selected<'q, Meaning>,
        searches: &mut Searches,
    ) -> Result<Part<'q>, Failure> {
        let range = Range::read(selection)?;
        if !facet.leaf.is_number() {
            return Err(Failure::Input(format!("The field \"{}\" is not a number", facet.field.path)));
        }
        let (mut counts, subs) = (self.counts_for(facet)?, self.subs.clone()?);
        let path = facet.field.path.as_str();
        let condition = range.condition(path, facet.nested);
        counts.counted = counts.counted.and(condition.clone());
        counts.hidden = counts.hidden.map(|(scope, limit)| (scope.and(condition), limit));
        let selected = subs_of(selection);
        let (nested, stage) = (facet.nested, Stage::Empty);
        let numbers = Numbers { path, nested, counts, range, subs, selected, stage };
        Ok(Part::Numbers(Box::new(numbers.begin(searches))))
    }
}
