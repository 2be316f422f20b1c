//! Reads filters.

use search::Query;
use serde_json::{Map, Value};

use super::{
    error::FilterError,
    leaf::{self, Budget},
    sets::{self, Sets},
    words,
};
use crate::{
    config::Missing,
    schema::{Fields, IndexModel, Leaf, Shape},
};

/// Levels within levels.
const DEEPEST: usize = 60;
/// The operator that asks whether a document has a value; the original has a word for it, which may be a
/// value, too.
const MISSING: &str = "missing";

/// Reads filters of an index.
pub(crate) struct Reader<'i> {
    index: &'i IndexModel,
    missing: &'i Missing,
    /// The sub-field in which words are found.
    analyzed: &'i str,
    /// The sets that filters name; `None` where the grammar is that of the original.
    sets: Option<&'i Sets>,
}

/// Where in the documents a condition is: outside of nested objects, or in those of a path.
#[derive(Clone, Copy)]
struct Scope<'i, 'v> {
    fields: &'i Fields,
    within: Option<&'v str>,
}

/// How far reading has come.
struct State<'s> {
    budget: Budget,
    /// Conditions on the field of this path are left out.
    without: Option<&'s str>,
}

impl<'i> Reader<'i> {
    pub(crate) fn new(index: &'i IndexModel, missing: &'i Missing, analyzed: &'i str) -> Self {
        Self { index, missing, analyzed, sets: None }
    }

    /// One that also knows `text`, `missing`, and `in_set` for these sets.
    pub(crate) fn with_sets(self, sets: &'i Sets) -> Self {
        Self { sets: Some(sets), ..self }
    }

    /// What a filter means.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(&self, filter: &Value) -> Result<Query, FilterError> {
        self.read_without(filter, None)
    }

    /// What a filter means without its conditions on the field of a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read_without(&self, filter: &Value, without: Option<&str>) -> Result<Query, FilterError> {
        let scope = Scope { fields: &self.index.fields, within: None };
        let mut state = State { budget: Budget::default(), without };
        Ok(self.filter(filter, scope, DEEPEST, &mut state)?.unwrap_or(Query::All))
    }

    /// `None` for what is no condition.
    fn filter(
        &self,
        filter: &Value,
        scope: Scope<'i, '_>,
        depth: usize,
        state: &mut State<'_>,
    ) -> Result<Option<Query>, FilterError> {
        let depth = depth.checked_sub(1).ok_or(FilterError::Deep(DEEPEST))?;
        let filter = match filter {
            Value::Null => return Ok(None),
            Value::Object(filter) => filter,
            _ => return Err(FilterError::Syntax),
        };
        // Within nested objects the path stands beside the operator.
        let Some((operator, value)) = filter.iter().find(|(key, _)| *key != "path" || scope.within.is_none())
        else {
            return Ok(None);
        };
        state.budget.condition()?;
        match operator.to_lowercase().as_str() {
            "and" => Ok(self.all_of(value, scope, depth, state)?.map(Query::And)),
            "or" => Ok(self.all_of(value, scope, depth, state)?.map(Query::Or)),
            "nested" => self.nested(value, scope, depth, state),
            "search" if scope.within.is_some() => Err(FilterError::NestedSearch),
            "search" => words::read(value, self.analyzed).map(Some),
            "text" if self.sets.is_some() && scope.within.is_some() => Err(FilterError::NestedSearch),
            "text" if self.sets.is_some() => words::everywhere(value, self.index).map(Some),
            _ => self.condition(operator, value, scope, state),
        }
    }

    /// The conditions of a list; `None` if there are none.
    fn all_of(
        &self,
        list: &Value,
        scope: Scope<'i, '_>,
        depth: usize,
        state: &mut State<'_>,
    ) -> Result<Option<Vec<Query>>, FilterError> {
        let list = list.as_array().ok_or(FilterError::Syntax)?;
        let mut queries = Vec::new();
        for filter in list {
            queries.extend(self.filter(filter, scope, depth, state)?);
        }
        Ok((!queries.is_empty()).then_some(queries))
    }

    fn nested(
        &self,
        value: &Value,
        scope: Scope<'i, '_>,
        depth: usize,
        state: &mut State<'_>,
    ) -> Result<Option<Query>, FilterError> {
        let nested = value.as_object().ok_or(FilterError::Syntax)?;
        let path = nested.get("path").and_then(Value::as_str).ok_or(FilterError::Syntax)?;
        let fields = self.objects(path)?;
        let lies_within = |outer: &str| path == outer || path.starts_with(&format!("{outer}."));
        if scope.within.is_some_and(|outer| !lies_within(outer)) {
            return Err(FilterError::NoField(path.to_owned()));
        }
        let inner = Scope { fields, within: Some(path) };
        let query = self.filter(value, inner, depth, state)?;
        Ok(query.map(|query| Query::Nested { path: path.to_owned(), query: Box::new(query) }))
    }

    /// The fields of the nested objects at a whole path.
    fn objects(&self, path: &str) -> Result<&'i Fields, FilterError> {
        let mut fields = &self.index.fields;
        for part in path.split('.') {
            let field = fields.get(part).ok_or_else(|| FilterError::NoField(part.to_owned()))?;
            match &field.shape {
                Shape::Nested(inner) => fields = inner,
                Shape::Leaf(_) => return Err(FilterError::Syntax),
            }
        }
        Ok(fields)
    }

    fn condition(
        &self,
        operator: &str,
        value: &Value,
        scope: Scope<'i, '_>,
        state: &mut State<'_>,
    ) -> Result<Option<Query>, FilterError> {
        let first = value.as_object().and_then(|fields: &Map<String, Value>| fields.iter().next());
        let (name, value) = first.ok_or(FilterError::Syntax)?;
        let field = scope.fields.get(name).ok_or(FilterError::Syntax)?;
        let Shape::Leaf(kind) = field.shape else { return Err(FilterError::Kind("nested".to_owned())) };
        if state.without == Some(field.path.as_str()) {
            return Ok(None);
        }
        if self.sets.is_some() && operator.eq_ignore_ascii_case(MISSING) {
            let is_missing = value.as_bool().ok_or(FilterError::Syntax)?;
            let exists = Query::Exists(field.path.clone());
            return Ok(Some(if is_missing { exists.negated() } else { exists }));
        }
        if let Some(sets) = self.sets.filter(|_| operator.eq_ignore_ascii_case(sets::OPERATOR)) {
            if let Leaf::Shown(name) = kind {
                return Err(FilterError::Kind(name.to_owned()));
            }
            let id = value.as_str().ok_or(FilterError::Syntax)?;
            let members = sets.get(id).ok_or_else(|| FilterError::NoSet(id.to_owned()))?;
            state.budget.values(members.len())?;
            return Ok(Some(sets::members_of(&field.path, kind, members)));
        }
        let condition = leaf::Condition { operator, path: &field.path, name, value, missing: self.missing };
        condition.read(kind, &mut state.budget).map(Some)
    }
}
