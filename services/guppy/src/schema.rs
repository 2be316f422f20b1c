//! The GraphQL schema of absent indices. Pure.

use async_graphql::{
    Value,
    dynamic::{
        Enum, Field, FieldFuture, FieldValue, InputValue, Object, Scalar, Schema, SchemaError, TypeRef,
    },
};

use crate::config::Index;

/// A query has at most this many levels of selections, introspection included: the usual introspection query
/// has 13.
const DEPTH: usize = 20;
/// Fields that every document written by the ETL has, whatever its mapping.
const ALWAYS_PRESENT: [&str; 2] = ["auth_resource_path", "project_id"];

/// Builds the schema.
pub(crate) fn build(indices: &[Index]) -> Result<Schema, SchemaError> {
    let mut builder = Schema::build("Query", None, None)
        .register(Scalar::new("JSON"))
        .register(Enum::new("Accessibility").items(["all", "accessible", "unaccessible"]))
        .register(Enum::new("Format").items(["json", "tsv", "csv"]));
    let mut query = Object::new("Query");
    let mut aggregation = Object::new("Aggregation");
    let mut mapping = Object::new("Mapping");
    for index in indices {
        let rows = type_name(&index.doc_type);
        let counts = format!("{rows}Aggregation");
        query = query.field(rows_field(&index.doc_type, &rows));
        aggregation = aggregation.field(counts_field(&index.doc_type, &counts));
        mapping = mapping.field(mapping_field(&index.doc_type));
        builder = builder.register(row_object(&rows)).register(counts_object(&counts));
    }
    if indices.is_empty() {
        // A GraphQL type needs a field; without indices there is nothing to ask for.
        query = query.field(nothing("_none", TypeRef::named(TypeRef::STRING)));
    } else {
        query = query.field(namespace("_aggregation", "Aggregation")).field(namespace("_mapping", "Mapping"));
        builder = builder.register(aggregation).register(mapping);
    }
    builder.register(query).limit_depth(DEPTH).finish()
}

fn type_name(doc_type: &str) -> String {
    let mut letters = doc_type.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn nothing(name: &str, ty: TypeRef) -> Field {
    Field::new(name, ty, |_| FieldFuture::new(async { Ok(None::<Value>) }))
}

fn empty_list(name: &str, ty: TypeRef) -> Field {
    Field::new(name, ty, |_| {
        FieldFuture::new(async { Ok(Some(FieldValue::list(Vec::<FieldValue<'_>>::new()))) })
    })
}

fn namespace(name: &str, ty: &str) -> Field {
    Field::new(name, TypeRef::named(ty), |_| FieldFuture::new(async { Ok(Some(FieldValue::owned_any(()))) }))
}

fn rows_field(doc_type: &str, rows: &str) -> Field {
    empty_list(doc_type, TypeRef::named_list(rows))
        .argument(InputValue::new("offset", TypeRef::named(TypeRef::INT)))
        .argument(InputValue::new("first", TypeRef::named(TypeRef::INT)))
        .argument(InputValue::new("filter", TypeRef::named("JSON")))
        .argument(InputValue::new("sort", TypeRef::named("JSON")))
        .argument(InputValue::new("accessibility", TypeRef::named("Accessibility")))
        .argument(InputValue::new("format", TypeRef::named("Format")))
}

fn counts_field(doc_type: &str, counts: &str) -> Field {
    namespace(doc_type, counts)
        .argument(InputValue::new("filter", TypeRef::named("JSON")))
        .argument(InputValue::new("filterSelf", TypeRef::named(TypeRef::BOOLEAN)))
        .argument(InputValue::new("accessibility", TypeRef::named("Accessibility")))
}

fn mapping_field(doc_type: &str) -> Field {
    empty_list(doc_type, TypeRef::named_list(TypeRef::STRING))
        .argument(InputValue::new("searchInput", TypeRef::named(TypeRef::STRING)))
}

fn row_object(name: &str) -> Object {
    let field = |object: Object, field: &str| object.field(nothing(field, TypeRef::named(TypeRef::STRING)));
    ALWAYS_PRESENT.into_iter().fold(Object::new(name), field)
}

fn counts_object(name: &str) -> Object {
    let total = Field::new("_totalCount", TypeRef::named(TypeRef::INT), |_| {
        FieldFuture::new(async { Ok(Some(Value::from(0))) })
    });
    Object::new(name).field(total)
}
