//! Makes the schema: names, order and descriptions are those of guppy 0.20.

use std::collections::HashSet;

use graphql::{Dialect, FieldDef, Input, Inputs, Schema, SchemaError, TypeDef, TypeRef};
use indexmap::IndexMap;

use super::{
    catalog::{Catalog, Fields, IndexModel, Leaf, Scalar, Shape, Values},
    meaning::{
        Meaning,
        Part::{self, Avg, Count, Field, Key, Max, Min, MissingFields, Sum, Terms, TermsFields},
    },
};
use crate::config::Tier;

type Def = FieldDef<Meaning>;
/// The fields of types, by the names of the types.
type Types = IndexMap<String, Vec<Def>>;

const JSON: &str = "The `JSON` scalar type represents JSON values as specified by \
                    [ECMA-404](http://www.ecma-international.org/publications/files/ECMA-ST/ECMA-404.pdf).";
const ACCESSIBILITY: &str = "Only used when it's regular level data commons, if set, returns aggregation \
                             data within given accessibility";
const BOUNDS: &str = "Lower and higher bounds for this bucket";
/// The types that are there whatever the indices hold.
const TAKEN: [&str; 21] = [
    "JSON",
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
    "MatchedItem",
    "Query",
    "Accessibility",
    "Format",
    "Aggregation",
    "Mapping",
    "HistogramForString",
    "RegularAccessHistogramForString",
    "HistogramForNumber",
    "RegularAccessHistogramForNumber",
    "BucketsForNestedStringAgg",
    "BucketsForNestedMissingFields",
    "BucketsForNestedTermsFields",
    "BucketsForString",
    "BucketsForNestedNumberAgg",
];

/// The schema of these indices.
///
/// # Errors
/// The name of a document type is that of another type.
pub(crate) fn build(catalog: &Catalog) -> Result<Schema<Meaning>, SchemaError> {
    let indices = &catalog.indices;
    let mut taken: HashSet<String> = TAKEN.map(str::to_owned).into();
    for index in indices {
        taken.insert(capital(&index.doc_type));
        taken.insert(format!("{}Aggregation", capital(&index.doc_type)));
    }
    let mut types = vec![
        TypeDef::json("JSON").described(JSON),
        TypeDef::object(
            "MatchedItem",
            vec![
                FieldDef::new("field", string(), Meaning::MatchedField),
                FieldDef::new("highlights", TypeRef::list("String"), Meaning::MatchedHighlights),
            ],
            vec![],
        ),
        TypeDef::object("Query", query(indices), vec![]),
        TypeDef::words("Accessibility", &["all", "accessible", "unaccessible"]),
        TypeDef::words("Format", &["json", "tsv", "csv"]),
    ];
    let (mut rows, mut counts) = (Types::new(), Types::new());
    for index in indices {
        let name = capital(&index.doc_type);
        let mut columns = columns(&index.fields, &taken);
        columns.push(FieldDef::new("_matched", TypeRef::list("MatchedItem"), Meaning::Matched));
        rows.insert(name, columns);
        nested_rows(&index.fields, &taken, &mut rows);
    }
    for index in indices {
        let mut facets = vec![FieldDef::new("_totalCount", int(), Meaning::Total)];
        facets.extend(facets_of(index, &index.fields, &taken, Nested::Last));
        counts.insert(format!("{}Aggregation", capital(&index.doc_type)), facets);
    }
    for index in indices {
        nested_counts(index, &index.fields, &taken, &mut counts);
    }
    types.extend(objects(rows));
    types.push(TypeDef::object("Aggregation", aggregation(indices), vec![]));
    types.extend(objects(counts));
    types.extend(["", "RegularAccess"].map(|prefix| histogram(prefix, "String")));
    types.extend(["", "RegularAccess"].map(|prefix| histogram(prefix, "Number")));
    types.extend(buckets());
    let mapping = |(place, index): (usize, &IndexModel)| {
        FieldDef::new(&index.doc_type, TypeRef::list("String"), Meaning::MappingOf(place))
            .with_args(inputs(vec![("searchInput", Input::new(string()))]))
    };
    types.push(TypeDef::object("Mapping", indices.iter().enumerate().map(mapping).collect(), vec![]));
    // A type without a field would be none.
    types.retain(|def| !def.is_empty());
    Schema::in_dialect(Dialect::Js16, "Query", types)
}

fn string() -> TypeRef {
    TypeRef::named("String")
}

fn int() -> TypeRef {
    TypeRef::named("Int")
}

fn json() -> Input {
    Input::new(TypeRef::named("JSON"))
}

fn inputs(list: Vec<(&str, Input)>) -> Inputs {
    Inputs::new(list.into_iter().map(|(name, input)| (name.to_owned(), input)).collect())
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn objects(types: Types) -> impl Iterator<Item = TypeDef<Meaning>> {
    types.into_iter().map(|(name, fields)| TypeDef::object(&name, fields, vec![]))
}

fn query(indices: &[IndexModel]) -> Vec<Def> {
    let args = inputs(vec![
        ("offset", Input::new(int())),
        ("first", Input::new(int())),
        ("filter", json()),
        ("sort", json()),
        ("accessibility", Input::new(TypeRef::named("Accessibility")).or("all")),
        ("format", Input::new(TypeRef::named("Format")).or("json")),
    ]);
    let rows = |(place, index): (usize, &IndexModel)| {
        FieldDef::new(&index.doc_type, TypeRef::list(&capital(&index.doc_type)), Meaning::Rows(place))
            .with_args(args.clone())
    };
    let mut fields: Vec<Def> = indices.iter().enumerate().map(rows).collect();
    if indices.is_empty() {
        // A query needs a field; without indices there is nothing to ask for.
        fields.push(FieldDef::new("_none", string(), Meaning::Column));
    } else {
        let aggregation = TypeRef::named("Aggregation");
        fields.push(FieldDef::new("_aggregation", aggregation, Meaning::Aggregations));
        fields.push(FieldDef::new("_mapping", TypeRef::named("Mapping"), Meaning::Mappings));
    }
    fields
}

fn aggregation(indices: &[IndexModel]) -> Vec<Def> {
    let accessibility = Input::new(TypeRef::named("Accessibility")).or("all").described(ACCESSIBILITY);
    let args = inputs(vec![
        ("filter", json()),
        ("filterSelf", Input::new(TypeRef::named("Boolean")).or(true)),
        ("nestedAggFields", json()),
        ("accessibility", accessibility),
    ]);
    let counts = |(place, index): (usize, &IndexModel)| {
        let ty = TypeRef::named(&format!("{}Aggregation", capital(&index.doc_type)));
        FieldDef::new(&index.doc_type, ty, Meaning::AggregationsOf(place)).with_args(args.clone())
    };
    indices.iter().enumerate().map(counts).collect()
}

/// Nested objects that can have a type: it is named like the field.
fn nested_fields<'f>(
    fields: &'f Fields,
    taken: &HashSet<String>,
) -> impl Iterator<Item = (&'f String, &'f Fields)> {
    fields.iter().filter_map(|(name, field)| match &field.shape {
        Shape::Nested(inner) if !taken.contains(name) => Some((name, inner)),
        _ => None,
    })
}

fn columns(fields: &Fields, taken: &HashSet<String>) -> Vec<Def> {
    let column = |(name, field): (&String, &super::catalog::Field)| {
        let ty = match &field.shape {
            Shape::Leaf(leaf) => scalar(*leaf),
            Shape::Nested(_) if taken.contains(name) => return None,
            Shape::Nested(_) => name,
        };
        let ty = match field.values {
            Values::One => TypeRef::named(ty),
            Values::Many => TypeRef::list(ty),
        };
        Some(FieldDef::new(name, ty, Meaning::Column))
    };
    fields.iter().filter_map(column).collect()
}

fn scalar(leaf: Leaf) -> &'static str {
    match leaf.scalar() {
        Scalar::String => "String",
        Scalar::Int => "Int",
        Scalar::Float => "Float",
    }
}

/// Adds what a type lacks: nested objects of one name share it.
fn merge(types: &mut Types, name: String, fields: Vec<Def>) {
    let known = types.entry(name).or_default();
    for field in fields {
        if known.iter().all(|other| other.name != field.name) {
            known.push(field);
        }
    }
}

/// The types of nested objects, level by level.
fn nested_rows(fields: &Fields, taken: &HashSet<String>, types: &mut Types) {
    let mut level: Vec<(&String, &Fields)> = nested_fields(fields, taken).collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for (name, fields) in level {
            merge(types, name.clone(), columns(fields, taken));
            next.extend(nested_fields(fields, taken));
        }
        level = next;
    }
}

/// Where nested objects stand among the fields that are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nested {
    Last,
    InOrder,
}

fn facets_of(index: &IndexModel, fields: &Fields, taken: &HashSet<String>, nested: Nested) -> Vec<Def> {
    let prefix = if index.own_tier == Some(Tier::Regular) { "RegularAccess" } else { "" };
    let facet = |(name, field): (&String, &super::catalog::Field)| {
        let ty = match &field.shape {
            Shape::Leaf(leaf) if leaf.is_number() => format!("{prefix}HistogramForNumber"),
            Shape::Leaf(_) => format!("{prefix}HistogramForString"),
            Shape::Nested(_) if taken.contains(name) => return None,
            Shape::Nested(_) => format!("NestedHistogramFor{}", capital(name)),
        };
        let is_nested = matches!(field.shape, Shape::Nested(_));
        Some((is_nested, FieldDef::new(name, TypeRef::named(&ty), Meaning::Facet)))
    };
    let mut facets: Vec<(bool, Def)> = fields.iter().filter_map(facet).collect();
    if nested == Nested::Last {
        facets.sort_by_key(|(is_nested, _)| *is_nested);
    }
    facets.into_iter().map(|(_, facet)| facet).collect()
}

fn nested_counts(index: &IndexModel, fields: &Fields, taken: &HashSet<String>, types: &mut Types) {
    let mut level: Vec<(&String, &Fields)> = nested_fields(fields, taken).collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for (name, fields) in level {
            let facets = facets_of(index, fields, taken, Nested::InOrder);
            merge(types, format!("NestedHistogramFor{}", capital(name)), facets);
            next.extend(nested_fields(fields, taken));
        }
        level = next;
    }
}

fn histogram(prefix: &str, of: &str) -> TypeDef<Meaning> {
    let threshold = inputs(vec![("precision_threshold", Input::new(int()).or(3000))]);
    let bins = inputs(
        ["rangeStart", "rangeEnd", "rangeStep", "binCount"].map(|name| (name, Input::new(int()))).into(),
    );
    let texts = || TypeRef::list("BucketsForNestedStringAgg");
    let histogram = if of == "Number" {
        FieldDef::new("histogram", TypeRef::list("BucketsForNestedNumberAgg"), Meaning::NumberHistogram)
            .with_args(bins)
    } else {
        FieldDef::new("histogram", texts(), Meaning::TextHistogram)
    };
    let fields = vec![
        FieldDef::new("_totalCount", int(), Meaning::FieldTotal),
        FieldDef::new("_cardinalityCount", int(), Meaning::Cardinality).with_args(threshold),
        histogram,
        FieldDef::new("asTextHistogram", texts(), Meaning::TextHistogram),
    ];
    TypeDef::object(&format!("{prefix}HistogramFor{of}"), fields, vec![])
}

fn buckets() -> Vec<TypeDef<Meaning>> {
    let part = |name: &str, ty: TypeRef, part: Part| FieldDef::new(name, ty, Meaning::Part(part));
    let float = || TypeRef::named("Float");
    let subs = || {
        [
            part("missingFields", TypeRef::list("BucketsForNestedMissingFields"), MissingFields),
            part("termsFields", TypeRef::list("BucketsForNestedTermsFields"), TermsFields),
        ]
    };
    let text = vec![part("key", string(), Key), part("count", int(), Count)];
    let number = vec![
        part("key", TypeRef::list("Float"), Key).described(BOUNDS),
        part("min", float(), Min),
        part("max", float(), Max),
        part("avg", float(), Avg),
        part("sum", float(), Sum),
        part("count", int(), Count),
    ];
    let missing = vec![part("field", string(), Field), part("count", int(), Count)];
    let mut terms = missing.clone();
    terms.push(part("terms", TypeRef::list("BucketsForString"), Terms));
    let with_subs = |fields: Vec<Def>| fields.into_iter().chain(subs()).collect();
    [
        ("BucketsForNestedStringAgg", with_subs(text.clone())),
        ("BucketsForNestedMissingFields", missing),
        ("BucketsForNestedTermsFields", terms),
        ("BucketsForString", text),
        ("BucketsForNestedNumberAgg", with_subs(number)),
    ]
    .map(|(name, fields)| TypeDef::object(name, fields, vec![]))
    .into()
}
