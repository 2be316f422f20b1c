//! Numbers that no field of their kind can hold. Servers refuse a whole question for one of them; what it
//! means is clear.

use search::{Aggregation, Kind, Mapping, Query, Range, Scalar, Search};
use serde_json::Number;

/// The same search without numbers outside of what the fields of `mapping` hold.
pub(crate) fn fit(search: &Search, mapping: &Mapping) -> Search {
    let mut search = search.clone();
    search.query = fit_query(&search.query, mapping);
    search.aggregations.values_mut().for_each(|aggregation| fit_aggregation(aggregation, mapping));
    search
}

fn fit_aggregation(aggregation: &mut Aggregation, mapping: &Mapping) {
    let then = match aggregation {
        Aggregation::Filtered { query, then } => {
            *query = fit_query(query, mapping);
            then
        }
        Aggregation::Values { then, .. }
        | Aggregation::Top { then, .. }
        | Aggregation::Histogram { then, .. }
        | Aggregation::Missing { then, .. }
        | Aggregation::Nested { then, .. } => then,
        Aggregation::Stats(_) | Aggregation::Count(_) | Aggregation::Distinct { .. } => return,
    };
    then.values_mut().for_each(|aggregation| fit_aggregation(aggregation, mapping));
}

/// The same query without such numbers.
fn fit_query(query: &Query, mapping: &Mapping) -> Query {
    let several = |queries: &[Query]| queries.iter().map(|query| fit_query(query, mapping)).collect();
    match query {
        Query::And(queries) => Query::And(several(queries)),
        Query::Or(queries) => Query::Or(several(queries)),
        Query::Not(inner) => fit_query(inner, mapping).negated(),
        Query::Nested { path, query } => {
            Query::Nested { path: path.clone(), query: Box::new(fit_query(query, mapping)) }
        }
        Query::OneOf { field, values } => match limits(field, mapping) {
            None => query.clone(),
            Some((least, greatest)) => {
                let holds = |value: &&Scalar| match value {
                    Scalar::Number(number) => !below(number, least) && !above(number, greatest),
                    _ => true,
                };
                Query::OneOf { field: field.clone(), values: values.iter().filter(holds).cloned().collect() }
            }
        },
        Query::Within { field, range } => match limits(field, mapping) {
            None => query.clone(),
            Some(limits) => fit_range(field, range, limits),
        },
        Query::All | Query::None | Query::Exists(_) | Query::Text { .. } | Query::Ids(_) => query.clone(),
    }
}

fn fit_range(field: &str, range: &Range, (least, greatest): (i64, i64)) -> Query {
    let never = [&range.gt, &range.gte].into_iter().flatten().any(|limit| above(limit, greatest))
        || [&range.lt, &range.lte].into_iter().flatten().any(|limit| below(limit, least));
    if never {
        return Query::None;
    }
    let lower = |limit: &Option<Number>| limit.clone().filter(|limit| !below(limit, least));
    let upper = |limit: &Option<Number>| limit.clone().filter(|limit| !above(limit, greatest));
    let range =
        Range { gt: lower(&range.gt), gte: lower(&range.gte), lt: upper(&range.lt), lte: upper(&range.lte) };
    Query::Within { field: field.to_owned(), range }
}

fn limits(field: &str, mapping: &Mapping) -> Option<(i64, i64)> {
    let Kind::Integer(kind) = &mapping.find(field)?.0.kind else { return None };
    Some(match kind.as_str() {
        "byte" => (i8::MIN.into(), i8::MAX.into()),
        "short" => (i16::MIN.into(), i16::MAX.into()),
        "integer" => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    })
}

fn above(number: &Number, greatest: i64) -> bool {
    match number.as_i128() {
        Some(number) => number > i128::from(greatest),
        // The greatest `long` as a float is one more than it.
        None => number.as_f64().is_some_and(|number| number >= greatest as f64 + 1.0),
    }
}

fn below(number: &Number, least: i64) -> bool {
    match number.as_i128() {
        Some(number) => number < i128::from(least),
        None => number.as_f64().is_some_and(|number| number < least as f64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_beyond_the_field_is_none_or_never_holds() {
        let mapping = json!({"properties": {"n": {"type": "integer"}, "d": {"type": "double"}}});
        let mapping = Mapping::read(&mapping).unwrap();
        let number = |number: f64| Number::from_f64(number);
        let within = |field: &str, gte, lt| Query::Within {
            field: field.to_owned(),
            range: Range { gte, lt, ..Range::default() },
        };
        let fitted = |query| fit_query(&query, &mapping);
        assert_eq!(fitted(within("n", number(-3e9), number(3e9))), within("n", None, None));
        assert_eq!(fitted(within("n", number(3e9), None)), Query::None);
        assert_eq!(fitted(within("n", None, number(-3e9))), Query::None);
        assert_eq!(fitted(within("n", number(1.0), number(2.0))), within("n", number(1.0), number(2.0)));
        assert_eq!(fitted(within("d", number(1e30), None)), within("d", number(1e30), None));
        let values = [1i64, 3_000_000_000].map(|value| Scalar::Number(value.into())).into();
        let kept = Query::equals("n", Scalar::Number(1.into()));
        assert_eq!(fitted(Query::OneOf { field: "n".into(), values }), kept);
    }
}
