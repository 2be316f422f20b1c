//! Conditions on one field.

use search::{Query, Range, Scalar};
use serde_json::{Number, Value};

use super::{error::FilterError, sets::number};
use crate::{config::Missing, schema::Leaf};

/// Conditions in a filter.
const MOST_CONDITIONS: usize = 10_000;
/// Values in a filter.
const MOST_VALUES: usize = 1_000_000;

/// What a filter may still have.
pub(super) struct Budget {
    conditions: usize,
    values: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { conditions: MOST_CONDITIONS, values: MOST_VALUES }
    }
}

impl Budget {
    pub(super) fn condition(&mut self) -> Result<(), FilterError> {
        let left = self.conditions.checked_sub(1);
        self.conditions = left.ok_or(FilterError::Conditions(MOST_CONDITIONS))?;
        Ok(())
    }

    pub(super) fn values(&mut self, count: usize) -> Result<(), FilterError> {
        self.values = self.values.checked_sub(count).ok_or(FilterError::Values(MOST_VALUES))?;
        Ok(())
    }
}

/// An operator with its field and value.
pub(super) struct Condition<'v> {
    pub(super) operator: &'v str,
    /// The whole path of the field.
    pub(super) path: &'v str,
    /// Its name as it is written.
    pub(super) name: &'v str,
    pub(super) value: &'v Value,
    pub(super) missing: &'v Missing,
}

/// Two spellings are known of each word: all small, or all capital.
fn is(operator: &str, words: &[&str]) -> bool {
    words.iter().any(|word| operator == *word || operator == word.to_uppercase())
}

impl Condition<'_> {
    pub(super) fn read(&self, leaf: Leaf, budget: &mut Budget) -> Result<Query, FilterError> {
        match leaf {
            Leaf::Keyword | Leaf::Boolean => self.text(leaf, budget),
            Leaf::Integer | Leaf::Long | Leaf::Float => self.number(budget),
            Leaf::Shown(kind) => Err(FilterError::Kind(kind.to_owned())),
        }
    }

    fn text(&self, leaf: Leaf, budget: &mut Budget) -> Result<Query, FilterError> {
        let operator = self.operator;
        if is(operator, &["=", "eq", "in", "contains_any"]) {
            return self.any_or_missing(|value| self.text_value(leaf, value), budget);
        }
        if is(operator, &["!=", "excludes_any", "exclude", "excludeifany"]) {
            return Ok(self.one_of(self.texts(leaf, budget)?).negated());
        }
        let each = |values: Vec<Scalar>| {
            Query::And(values.into_iter().map(|value| Query::equals(self.path, value)).collect())
        };
        if is(operator, &["contains_all"]) {
            return Ok(each(self.texts(leaf, budget)?));
        }
        if is(operator, &["excludes_all"]) {
            return Ok(each(self.texts(leaf, budget)?).negated());
        }
        Err(FilterError::Operation(operator.to_owned()))
    }

    fn number(&self, budget: &mut Budget) -> Result<Query, FilterError> {
        let operator = self.operator;
        if is(operator, &["=", "eq", "in"]) {
            return self.any_or_missing(|value| Ok(Some(self.number_value(value)?.into())), budget);
        }
        if operator == "!=" {
            let values = self.listed(budget)?;
            let others = values.into_iter().map(|value| Ok(self.other_than(self.number_value(value)?)));
            return Ok(Query::and(others.collect::<Result<Vec<_>, _>>()?));
        }
        let limit = |range: Range| Ok(Query::Within { field: self.path.to_owned(), range });
        let of = || self.number_value(self.value).map(Some);
        if is(operator, &[">", "gt"]) {
            return limit(Range { gt: of()?, ..Range::default() });
        }
        if is(operator, &[">=", "gte"]) {
            return limit(Range { gte: of()?, ..Range::default() });
        }
        if is(operator, &["<", "lt"]) {
            return limit(Range { lt: of()?, ..Range::default() });
        }
        if is(operator, &["<=", "lte"]) {
            return limit(Range { lte: of()?, ..Range::default() });
        }
        if is(operator, &["exclude", "excludeifany"]) {
            let values = self.listed(budget)?;
            let numbers = values.into_iter().map(|value| self.number_value(value).map(Scalar::from));
            return Ok(self.one_of(numbers.collect::<Result<_, _>>()?).negated());
        }
        Err(FilterError::Numeric { operation: operator.to_owned(), field: self.name.to_owned() })
    }

    /// The value, or those of a list.
    fn listed(&self, budget: &mut Budget) -> Result<Vec<&Value>, FilterError> {
        let values: Vec<&Value> = match self.value {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        budget.values(values.len())?;
        Ok(values)
    }

    fn texts(&self, leaf: Leaf, budget: &mut Budget) -> Result<Vec<Scalar>, FilterError> {
        let values = self.listed(budget)?;
        let texts = values.into_iter().filter_map(|value| self.text_value(leaf, value).transpose());
        texts.collect()
    }

    /// One of the values, among which the word for documents without the field may be.
    fn any_or_missing(
        &self,
        read: impl Fn(&Value) -> Result<Option<Scalar>, FilterError>,
        budget: &mut Budget,
    ) -> Result<Query, FilterError> {
        let (mut values, mut with_missing) = (Vec::new(), false);
        for value in self.listed(budget)? {
            if self.missing.shown && value.as_str() == Some(self.missing.alias.as_str()) {
                with_missing = true;
            } else {
                values.extend(read(value)?);
            }
        }
        let absent = || Query::Exists(self.path.to_owned()).negated();
        Ok(match (with_missing, values.is_empty()) {
            (false, _) => self.one_of(values),
            (true, true) => absent(),
            (true, false) => Query::Or(vec![absent(), self.one_of(values)]),
        })
    }

    fn one_of(&self, values: Vec<Scalar>) -> Query {
        Query::OneOf { field: self.path.to_owned(), values: values.into() }
    }

    /// Some value of the field is another one.
    fn other_than(&self, value: Number) -> Query {
        let within = |range| Query::Within { field: self.path.to_owned(), range };
        let above = Range { gt: Some(value.clone()), ..Range::default() };
        let below = Range { lt: Some(value), ..Range::default() };
        Query::Or(vec![within(above), within(below)])
    }

    /// A value of a text; `None` for one that no value of the field can be.
    fn text_value(&self, leaf: Leaf, value: &Value) -> Result<Option<Scalar>, FilterError> {
        let text = text_of(value).ok_or_else(|| self.refused(value))?;
        Ok(match (leaf, text.as_str()) {
            (Leaf::Boolean, "true") => Some(Scalar::Boolean(true)),
            (Leaf::Boolean, "false") => Some(Scalar::Boolean(false)),
            (Leaf::Boolean, _) => None,
            _ => Some(text.into()),
        })
    }

    fn number_value(&self, value: &Value) -> Result<Number, FilterError> {
        let read = match value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => number(text),
            _ => None,
        };
        read.ok_or_else(|| self.refused(value))
    }

    fn refused(&self, value: &Value) -> FilterError {
        const SHOWN: usize = 100;
        let value = value.to_string().chars().take(SHOWN).collect();
        FilterError::Value { field: self.name.to_owned(), value }
    }
}

/// A text, or a number or boolean as JavaScript writes it.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number_text(number)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number as JavaScript writes it: whole ones have no fraction.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// "True" as a value of the field.
pub(crate) fn true_value(leaf: Leaf) -> Scalar {
    match leaf {
        Leaf::Boolean => Scalar::Boolean(true),
        _ => Scalar::Text("true".to_owned()),
    }
}
