//! `__schema`, `__type` and `__typename`.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    schema::{Field, Input, Inputs, Kind, Scalar, Schema, TypeDef, TypeRef},
    select::{Selected, Sub},
};

/// Holds the fields that every query root has without listing them.
pub(crate) const META: &str = "__Meta";
const CONDITION: &str = "__Condition";
pub(crate) const CONDITION_LOCATIONS: [&str; 3] = ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"];
const TYPE_KINDS: [&str; 8] =
    ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"];
const LOCATIONS: [&str; 18] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// The query that clients send to read a whole schema (that of graphql-core).
pub const INTROSPECTION_QUERY: &str = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } \
    subscriptionType { name } types { ...FullType } directives { name description locations args { ...InputValue } } } } \
    fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description \
    args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } \
    interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// `if: Boolean!`.
pub(crate) fn condition_type() -> TypeRef {
    TypeRef::required("Boolean")
}

/// The arguments of `@include` and `@skip`.
pub(crate) fn condition_inputs<M>(schema: &Schema<M>) -> &Inputs {
    match &schema.def(CONDITION).kind {
        Kind::InputObject(inputs) => inputs,
        _ => unreachable!("invariant: types() makes it an input object"),
    }
}

fn is_hidden(name: &str) -> bool {
    name == META || name == CONDITION
}

fn inputs(list: &[(&str, TypeRef, Option<Value>)]) -> Inputs {
    let input = |(name, ty, default): &(&str, TypeRef, Option<Value>)| {
        ((*name).to_owned(), Input { ty: ty.clone(), description: None, default: default.clone() })
    };
    Inputs::new(list.iter().map(input).collect())
}

/// The scalars and the types of introspection.
pub(crate) fn types<M>() -> Vec<TypeDef<M>> {
    let scalars = [
        ("ID", Scalar::Id),
        ("Boolean", Scalar::Boolean),
        ("String", Scalar::String),
        ("Int", Scalar::Int),
        ("Float", Scalar::Float),
    ];
    let mut types: Vec<TypeDef<M>> =
        scalars.into_iter().map(|(name, scalar)| TypeDef::new(name, Kind::Scalar(scalar))).collect();
    let words = |list: &[&str]| Kind::Enum(list.iter().map(|word| (*word).to_owned()).collect());
    types.push(object(
        "__Schema",
        &[
            "types:[__Type!]!",
            "queryType:__Type!",
            "mutationType:__Type",
            "subscriptionType:__Type",
            "directives:[__Directive!]!",
        ],
    ));
    types.push(object(
        "__Type",
        &[
            "kind:__TypeKind!",
            "name:String",
            "description:String",
            "fields:[__Field!]",
            "interfaces:[__Type!]",
            "possibleTypes:[__Type!]",
            "enumValues:[__EnumValue!]",
            "inputFields:[__InputValue!]",
            "ofType:__Type",
        ],
    ));
    types.push(TypeDef::new("__TypeKind", words(&TYPE_KINDS)));
    types.push(object(
        "__Field",
        &[
            "name:String!",
            "description:String",
            "args:[__InputValue!]!",
            "type:__Type!",
            "isDeprecated:Boolean!",
            "deprecationReason:String",
        ],
    ));
    types.push(object(
        "__InputValue",
        &["name:String!", "description:String", "type:__Type!", "defaultValue:String"],
    ));
    types.push(object(
        "__EnumValue",
        &["name:String!", "description:String", "isDeprecated:Boolean!", "deprecationReason:String"],
    ));
    types.push(object(
        "__Directive",
        &[
            "name:String!",
            "description:String",
            "locations:[__DirectiveLocation!]!",
            "args:[__InputValue!]!",
            "onOperation:Boolean!",
            "onFragment:Boolean!",
            "onField:Boolean!",
        ],
    ));
    types.push(TypeDef::new("__DirectiveLocation", words(&LOCATIONS)));
    let condition = inputs(&[("if", condition_type(), None)]);
    types.push(TypeDef::input(CONDITION, condition));
    let mut meta = object(META, &["__schema:__Schema!", "__type:__Type", "__typename:String!"]);
    if let Kind::Object { fields, .. } = &mut meta.kind
        && let Some(field) = fields.get_mut("__type")
    {
        field.args = inputs(&[("name", TypeRef::required("String"), None)]);
    }
    types.push(meta);
    types
}

/// An object of introspection; fields as `name:type`.
fn object<M>(name: &str, fields: &[&str]) -> TypeDef<M> {
    let deprecated = inputs(&[("includeDeprecated", TypeRef::named("Boolean"), Some(json!(false)))]);
    let field = |spec: &&str| {
        let (name, ty) = spec.split_once(':').expect("invariant: the list above is written so");
        let args =
            if matches!(name, "fields" | "enumValues") { deprecated.clone() } else { Inputs::default() };
        let field =
            Field { name: name.to_owned(), description: None, args, ty: written_type(ty), meaning: None };
        (name.to_owned(), field)
    };
    let fields: IndexMap<String, Field<M>> = fields.iter().map(field).collect();
    TypeDef::new(name, Kind::Object { fields, interfaces: Vec::new() })
}

fn written_type(text: &str) -> TypeRef {
    if let Some(inner) = text.strip_suffix('!') {
        return TypeRef::NonNull(Box::new(written_type(inner)));
    }
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(item) => TypeRef::List(Box::new(written_type(item))),
        None => TypeRef::named(text),
    }
}

/// The value of a selected `__schema` or `__type` field.
pub fn introspect<M>(schema: &Schema<M>, selected: &Selected<'_, M>) -> Value {
    let Sub::Object(fields) = &selected.sub else { return Value::Null };
    match selected.field.name.as_str() {
        "__schema" => answer(fields, |field| schema_field(schema, field)),
        "__type" => {
            let name = selected.args.get("name").and_then(Value::as_str).unwrap_or_default();
            let found = schema.get(name).filter(|def| !is_hidden(&def.name));
            found.map_or(Value::Null, |def| type_value(schema, &TypeRef::named(&def.name), fields))
        }
        _ => Value::Null,
    }
}

fn answer<'f, 's, M>(
    fields: &'f [Selected<'s, M>],
    mut value: impl FnMut(&'f Selected<'s, M>) -> Value,
) -> Value {
    let mut object = Map::with_capacity(fields.len());
    for field in fields {
        let value = if field.field.name == "__typename" { Value::from(field.parent) } else { value(field) };
        object.insert(field.key.clone(), value);
    }
    Value::Object(object)
}

fn subs<'f, 's, M>(field: &'f Selected<'s, M>) -> &'f [Selected<'s, M>] {
    match &field.sub {
        Sub::Object(fields) => fields,
        _ => &[],
    }
}

fn schema_field<M>(schema: &Schema<M>, field: &Selected<'_, M>) -> Value {
    let named = |name: &str| type_value(schema, &TypeRef::named(name), subs(field));
    match field.field.name.as_str() {
        "types" => schema.types().filter(|def| !is_hidden(&def.name)).map(|def| named(&def.name)).collect(),
        "queryType" => named(&schema.query().name),
        "directives" => {
            ["include", "skip"].into_iter().map(|name| directive_value(schema, name, subs(field))).collect()
        }
        _ => Value::Null,
    }
}

fn directive_value<M>(schema: &Schema<M>, name: &str, fields: &[Selected<'_, M>]) -> Value {
    answer(fields, |field| match field.field.name.as_str() {
        "name" => json!(name),
        "description" => {
            json!(format!(
                "Directs the executor to {name} this field or fragment only when the `if` argument is true."
            ))
        }
        "locations" => json!(CONDITION_LOCATIONS),
        "args" => inputs_value(schema, condition_inputs(schema), subs(field)),
        "onOperation" => json!(false),
        _ => json!(true),
    })
}

fn type_value<M>(schema: &Schema<M>, ty: &TypeRef, fields: &[Selected<'_, M>]) -> Value {
    let def = match ty {
        TypeRef::Named(name) => Some(schema.def(name)),
        TypeRef::List(_) | TypeRef::NonNull(_) => None,
    };
    answer(fields, |field| match (field.field.name.as_str(), ty, def) {
        ("kind", TypeRef::List(_), _) => json!("LIST"),
        ("kind", TypeRef::NonNull(_), _) => json!("NON_NULL"),
        ("ofType", TypeRef::List(inner) | TypeRef::NonNull(inner), _) => {
            type_value(schema, inner, subs(field))
        }
        (name, _, Some(def)) => named_type_field(schema, def, name, subs(field)),
        _ => Value::Null,
    })
}

fn named_type_field<M>(schema: &Schema<M>, def: &TypeDef<M>, name: &str, subs: &[Selected<'_, M>]) -> Value {
    match (name, &def.kind) {
        ("kind", Kind::Scalar(_)) => json!("SCALAR"),
        ("kind", Kind::Enum(_)) => json!("ENUM"),
        ("kind", Kind::Object { .. }) => json!("OBJECT"),
        ("kind", Kind::Interface { .. }) => json!("INTERFACE"),
        ("kind", Kind::InputObject(_)) => json!("INPUT_OBJECT"),
        ("name", _) => json!(def.name),
        ("description", _) => json!(def.description),
        ("fields", Kind::Object { fields, .. } | Kind::Interface { fields }) => {
            fields.values().map(|field| field_value(schema, field, subs)).collect()
        }
        ("interfaces", Kind::Object { interfaces, .. }) => {
            interfaces.iter().map(|name| type_value(schema, &TypeRef::named(name), subs)).collect()
        }
        ("possibleTypes", Kind::Interface { .. }) => {
            let possible = schema.possible_types(def);
            possible.into_iter().map(|def| type_value(schema, &TypeRef::named(&def.name), subs)).collect()
        }
        ("enumValues", Kind::Enum(values)) => values.iter().map(|value| enum_value(value, subs)).collect(),
        ("inputFields", Kind::InputObject(inputs)) => inputs_value(schema, inputs, subs),
        _ => Value::Null,
    }
}

fn field_value<M>(schema: &Schema<M>, def: &Field<M>, fields: &[Selected<'_, M>]) -> Value {
    answer(fields, |field| match field.field.name.as_str() {
        "name" => json!(def.name),
        "description" => json!(def.description),
        "args" => inputs_value(schema, &def.args, subs(field)),
        "type" => type_value(schema, &def.ty, subs(field)),
        "isDeprecated" => json!(false),
        _ => Value::Null,
    })
}

fn enum_value<M>(name: &str, fields: &[Selected<'_, M>]) -> Value {
    answer(fields, |field| match field.field.name.as_str() {
        "name" => json!(name),
        "isDeprecated" => json!(false),
        _ => Value::Null,
    })
}

fn inputs_value<M>(schema: &Schema<M>, inputs: &Inputs, fields: &[Selected<'_, M>]) -> Value {
    let input = |(name, input): (&String, &Input)| {
        answer(fields, |field| match field.field.name.as_str() {
            "name" => json!(name),
            "description" => json!(input.description),
            "type" => type_value(schema, &input.ty, subs(field)),
            "defaultValue" => input.default.as_ref().map_or(Value::Null, |value| json!(value.to_string())),
            _ => Value::Null,
        })
    };
    inputs.iter().map(input).collect()
}
