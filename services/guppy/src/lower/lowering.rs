//! Goes through what a query selects.

use graphql::{Schema, Selected};
use serde_json::Value;

use super::{
    counting::Counting,
    failure::Failure,
    plan::{Part, Place, Rows, subs_of},
    rows,
    searches::Searches,
    subs::Subs,
};
use crate::{
    access::{Accessibility, Accessible, Readable},
    config::Config,
    filter::Reader,
    schema::{Catalog, IndexModel, Meaning},
};

/// Bytes of an answer about the schema.
const MOST_BYTES: usize = 32 << 20;
/// Lists of rows in a request.
const MOST_LISTS: usize = 100;
/// Characters of an expression by which names are chosen.
const LONGEST_EXPRESSION: usize = 1_000;
const NO_FILTER: Value = Value::Null;

/// Makes the plan of a query.
pub(crate) struct Lowering<'q> {
    pub(crate) config: &'q Config,
    pub(crate) catalog: &'q Catalog,
    pub(crate) schema: &'q Schema<Meaning>,
    pub(crate) accessible: &'q Accessible,
    pub(crate) searches: Searches,
    lists: usize,
}

impl<'q> Lowering<'q> {
    pub(crate) fn new(
        config: &'q Config,
        catalog: &'q Catalog,
        schema: &'q Schema<Meaning>,
        accessible: &'q Accessible,
    ) -> Self {
        Self { config, catalog, schema, accessible, searches: Searches::default(), lists: 0 }
    }

    /// The shape of the answer; what it needs is in the searches afterwards.
    pub(crate) fn places(&mut self, selected: &'q [Selected<'q, Meaning>]) -> Vec<Place<'q>> {
        let place = |selection: &'q Selected<'q, Meaning>| {
            let part = self.part(selection).unwrap_or_else(Part::Failed);
            Place { key: &selection.key, at: selection.at, part }
        };
        selected.iter().map(place).collect()
    }

    fn part(&mut self, selection: &'q Selected<'q, Meaning>) -> Result<Part<'q>, Failure> {
        let Some(meaning) = selection.field.meaning else { return self.meta(selection) };
        Ok(match meaning {
            Meaning::Aggregations | Meaning::Mappings => Part::Object(self.places(subs_of(selection))),
            Meaning::Rows(place) => self.rows(&self.catalog.indices[place], selection)?,
            Meaning::AggregationsOf(place) => self.aggregations(&self.catalog.indices[place], selection),
            Meaning::MappingOf(place) => Part::Names(names(&self.catalog.indices[place], selection)?),
            _ => Part::Null,
        })
    }

    fn meta(&self, selection: &'q Selected<'q, Meaning>) -> Result<Part<'q>, Failure> {
        if selection.field.name == "__typename" {
            return Ok(Part::Text(selection.parent));
        }
        let mut json = String::new();
        graphql::introspect(self.schema, selection, MOST_BYTES, &mut json)
            .map_err(|error| Failure::Input(error.0))?;
        Ok(Part::Json(json))
    }

    fn reader(&self, index: &'q IndexModel) -> Reader<'q> {
        Reader::new(index, &self.config.missing, &self.config.analyzed)
    }

    fn rows(
        &mut self,
        index: &'q IndexModel,
        selection: &'q Selected<'q, Meaning>,
    ) -> Result<Part<'q>, Failure> {
        let selected = subs_of(selection);
        let query = self.reader(index).read(filter(selection))?;
        let page = rows::page(index, selection, selected, &self.config.analyzed);
        if !index.exists {
            return page.map(|_| Part::Json("[]".to_owned()));
        }
        self.lists += 1;
        if self.lists > MOST_LISTS {
            return Err(Failure::Input(format!("The query has more than {MOST_LISTS} lists of rows")));
        }
        let readable = Readable::new(index, self.config, self.accessible);
        let permitted = readable.rows(query, accessibility(selection));
        let forbidden = permitted.forbidden.map(|scope| self.searches.total(&scope));
        let page = page.map(|page| self.searches.rows(permitted.shown, page));
        Ok(Part::Rows(Rows { page, forbidden, fields: &index.fields, selected }))
    }

    fn aggregations(&mut self, index: &'q IndexModel, selection: &'q Selected<'q, Meaning>) -> Part<'q> {
        let (filter, accessibility) = (filter(selection), accessibility(selection));
        let readable = Readable::new(index, self.config, self.accessible);
        let reader = self.reader(index);
        let counts = reader.read(filter).map_err(Failure::from);
        let counts = counts.and_then(|query| Ok(readable.counts(query, accessibility)?));
        let counting = Counting {
            index,
            readable,
            reader,
            missing: &self.config.missing,
            filter,
            accessibility,
            filter_self: selection.args.get("filterSelf").and_then(Value::as_bool).unwrap_or(false),
            subs: Subs::read(selection.args.get("nestedAggFields"), index),
            counts,
        };
        Part::Object(counting.parts(subs_of(selection), &mut self.searches))
    }
}

fn filter<'q>(selection: &'q Selected<'q, Meaning>) -> &'q Value {
    selection.args.get("filter").unwrap_or(&NO_FILTER)
}

fn accessibility(selection: &Selected<'_, Meaning>) -> Accessibility {
    Accessibility::of(selection.args.get("accessibility").and_then(Value::as_str))
}

/// The names of the fields of an index, or those that an expression finds.
fn names(index: &IndexModel, selection: &Selected<'_, Meaning>) -> Result<Vec<String>, Failure> {
    let leaves = index.leaves().into_iter();
    let Some(expression) = selection.args.get("searchInput").and_then(Value::as_str) else {
        return Ok(leaves.map(str::to_owned).collect());
    };
    if expression.len() > LONGEST_EXPRESSION {
        return Err(Failure::Input(format!("searchInput has more than {LONGEST_EXPRESSION} characters")));
    }
    let wrong = |error: fancy_regex::Error| {
        Failure::Odd(format!("Invalid regular expression: /{expression}/: {error}"))
    };
    let wanted = fancy_regex::Regex::new(expression).map_err(wrong)?;
    let mut names = Vec::new();
    for leaf in leaves {
        if wanted.is_match(leaf).map_err(wrong)? {
            names.push(leaf.to_owned());
        }
    }
    Ok(names)
}
