//! `__schema`, `__type` and `__typename`.

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    Error,
    schema::{Field, Input, Inputs, Kind, Scalar, Schema, TypeDef, TypeRef},
    select::{Selected, Sub},
};

/// Holds the fields that every query root has without listing them.
pub(crate) const META: &str = "__Meta";
const CONDITION: &str = "__Condition";
/// Begins the names of types that hold what later versions of GraphQL added to types of introspection.
const LATER: &str = "__Later";
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
    name == META || name == CONDITION || name.starts_with(LATER)
}

/// The type that holds what later versions of GraphQL added to `name`.
pub(crate) fn later(name: &str) -> Option<String> {
    name.starts_with("__").then(|| format!("{LATER}{name}"))
}

fn inputs(list: &[(&str, TypeRef, Option<Value>)]) -> Inputs {
    let input = |(name, ty, default): &(&str, TypeRef, Option<Value>)| {
        ((*name).to_owned(), Input { ty: ty.clone(), description: None, default: default.clone() })
    };
    Inputs::new(list.iter().map(input).collect())
}

const SCALARS: [(&str, Scalar); 5] = [
    ("ID", Scalar::Id),
    ("Boolean", Scalar::Boolean),
    ("String", Scalar::String),
    ("Int", Scalar::Int),
    ("Float", Scalar::Float),
];

/// Object types of introspection with their fields, written as `name:type`.
const OBJECTS: [(&str, &[&str]); 7] = [
    (
        "__Schema",
        &[
            "types:[__Type!]!",
            "queryType:__Type!",
            "mutationType:__Type",
            "subscriptionType:__Type",
            "directives:[__Directive!]!",
        ],
    ),
    (
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
    ),
    (
        "__Field",
        &[
            "name:String!",
            "description:String",
            "args:[__InputValue!]!",
            "type:__Type!",
            "isDeprecated:Boolean!",
            "deprecationReason:String",
        ],
    ),
    ("__InputValue", &["name:String!", "description:String", "type:__Type!", "defaultValue:String"]),
    (
        "__EnumValue",
        &["name:String!", "description:String", "isDeprecated:Boolean!", "deprecationReason:String"],
    ),
    (
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
    ),
    (META, &["__schema:__Schema!", "__type:__Type", "__typename:String!"]),
];

/// Fields and arguments that clients of today ask for. They are answered and not listed: the introspection lists what
/// that of the original does.
const LATER_OBJECTS: [(&str, &[&str]); 5] = [
    ("__Later__Schema", &["description:String"]),
    (
        "__Later__Type",
        &["specifiedByURL:String", "specifiedByUrl:String", "isOneOf:Boolean", "inputFields:[__InputValue!]"],
    ),
    ("__Later__Field", &["args:[__InputValue!]!"]),
    ("__Later__InputValue", &["isDeprecated:Boolean!", "deprecationReason:String"]),
    ("__Later__Directive", &["isRepeatable:Boolean!", "args:[__InputValue!]!"]),
];

/// The scalars and the types of introspection.
pub(crate) fn types<M>() -> Vec<TypeDef<M>> {
    let words = |list: &[&str]| Kind::Enum(list.iter().map(|word| (*word).to_owned()).collect());
    let mut types: Vec<TypeDef<M>> =
        SCALARS.into_iter().map(|(name, scalar)| TypeDef::new(name, Kind::Scalar(scalar))).collect();
    types.extend(OBJECTS.iter().chain(&LATER_OBJECTS).map(|(name, fields)| object(name, fields)));
    types.push(TypeDef::new("__TypeKind", words(&TYPE_KINDS)));
    types.push(TypeDef::new("__DirectiveLocation", words(&LOCATIONS)));
    types.push(TypeDef::input(CONDITION, inputs(&[("if", condition_type(), None)])));
    types
}

/// An object of introspection; fields as `name:type`.
fn object<M>(name: &str, fields: &[&str]) -> TypeDef<M> {
    let deprecated = inputs(&[("includeDeprecated", TypeRef::named("Boolean"), Some(json!(false)))]);
    let named = inputs(&[("name", TypeRef::required("String"), None)]);
    let is_later = name.starts_with(LATER);
    let field = |spec: &&str| {
        let (name, ty) = spec.split_once(':').expect("invariant: the lists above are written so");
        let args = match name {
            "fields" | "enumValues" => deprecated.clone(),
            "args" | "inputFields" if is_later => deprecated.clone(),
            "__type" => named.clone(),
            _ => Inputs::default(),
        };
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

/// Writes the value of a selected `__schema` or `__type` field as JSON. It is written straight away: the
/// introspection of a large schema has millions of values.
///
/// # Errors
/// More than `most` bytes: types lead to fields and fields to types, so that a short query can ask for more
/// than any machine holds.
pub fn introspect<M>(
    schema: &Schema<M>,
    selected: &Selected<'_, M>,
    most: usize,
    out: &mut String,
) -> Result<(), Error> {
    let fields = subs(selected);
    let most_in_all = out.len().saturating_add(most);
    let mut writer = Writer { json: std::mem::take(out), most: most_in_all };
    match selected.field.name.as_str() {
        "__schema" => object_value(fields, &mut writer, |field, out| schema_field(schema, field, out)),
        "__type" => {
            let name = selected.args.get("name").and_then(Value::as_str).unwrap_or_default();
            match schema.get(name).filter(|def| !is_hidden(&def.name)) {
                Some(def) => type_value(schema, &TypeRef::named(&def.name), fields, &mut writer),
                None => writer.push_str("null"),
            }
        }
        _ => writer.push_str("null"),
    }
    let is_whole = !writer.is_full();
    *out = writer.json;
    match is_whole {
        true => Ok(()),
        false => Err(Error(format!("The introspection has more than {most} bytes."))),
    }
}

/// JSON up to a length; beyond it lists and objects are left out, for the result to be thrown away.
struct Writer {
    json: String,
    most: usize,
}

impl Writer {
    fn is_full(&self) -> bool {
        self.json.len() > self.most
    }

    fn push(&mut self, c: char) {
        self.json.push(c);
    }

    fn push_str(&mut self, text: &str) {
        self.json.push_str(text);
    }
}

/// `{"key":value,...}`
fn object_value<'f, 's, M>(
    fields: &'f [Selected<'s, M>],
    out: &mut Writer,
    mut value: impl FnMut(&'f Selected<'s, M>, &mut Writer),
) {
    out.push('{');
    for (position, field) in fields.iter().enumerate() {
        if out.is_full() {
            return;
        }
        out.push_str(if position == 0 { "" } else { "," });
        text(&field.key, out);
        out.push(':');
        match field.field.name.as_str() {
            "__typename" => text(field.parent, out),
            _ => value(field, out),
        }
    }
    out.push('}');
}

/// `[value,...]`
fn list_value<T>(items: impl Iterator<Item = T>, out: &mut Writer, mut value: impl FnMut(T, &mut Writer)) {
    out.push('[');
    for (position, item) in items.enumerate() {
        if out.is_full() {
            return;
        }
        out.push_str(if position == 0 { "" } else { "," });
        value(item, out);
    }
    out.push(']');
}

/// A JSON string.
fn text(value: &str, out: &mut Writer) {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-.,:".contains(&b));
    match plain {
        true => out.json.extend(["\"", value, "\""]),
        false => out.push_str(&Value::from(value).to_string()),
    }
}

fn optional_text(value: Option<&str>, out: &mut Writer) {
    match value {
        Some(value) => text(value, out),
        None => out.push_str("null"),
    }
}

fn subs<'f, 's, M>(field: &'f Selected<'s, M>) -> &'f [Selected<'s, M>] {
    match &field.sub {
        Sub::Object(fields) => fields,
        _ => &[],
    }
}

fn schema_field<M>(schema: &Schema<M>, field: &Selected<'_, M>, out: &mut Writer) {
    let named = |name: &str, out: &mut Writer| type_value(schema, &TypeRef::named(name), subs(field), out);
    match field.field.name.as_str() {
        "types" => {
            let shown = schema.types().filter(|def| !is_hidden(&def.name));
            list_value(shown, out, |def, out| named(&def.name, out));
        }
        "queryType" => named(&schema.query().name, out),
        "directives" => {
            let directives = ["include", "skip"].into_iter();
            list_value(directives, out, |name, out| directive_value(schema, name, subs(field), out));
        }
        _ => out.push_str("null"),
    }
}

fn directive_value<M>(schema: &Schema<M>, name: &str, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(name, out),
        "description" => text(
            &format!(
                "Directs the executor to {name} this field or fragment only when the `if` argument is true."
            ),
            out,
        ),
        "locations" => list_value(CONDITION_LOCATIONS.into_iter(), out, text),
        "args" => inputs_value(schema, condition_inputs(schema), subs(field), out),
        "onOperation" | "isRepeatable" => out.push_str("false"),
        _ => out.push_str("true"),
    });
}

fn type_value<M>(schema: &Schema<M>, ty: &TypeRef, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match (field.field.name.as_str(), ty) {
        ("kind", TypeRef::List(_)) => text("LIST", out),
        ("kind", TypeRef::NonNull(_)) => text("NON_NULL", out),
        ("ofType", TypeRef::List(inner) | TypeRef::NonNull(inner)) => {
            type_value(schema, inner, subs(field), out)
        }
        (name, TypeRef::Named(ty)) => named_type_field(schema, schema.def(ty), name, subs(field), out),
        _ => out.push_str("null"),
    });
}

fn named_type_field<M>(
    schema: &Schema<M>,
    def: &TypeDef<M>,
    name: &str,
    subs: &[Selected<'_, M>],
    out: &mut Writer,
) {
    let named = |name: &str, out: &mut Writer| type_value(schema, &TypeRef::named(name), subs, out);
    match (name, &def.kind) {
        ("kind", kind) => text(kind_name(kind), out),
        ("name", _) => text(&def.name, out),
        ("description", _) => optional_text(def.description.as_deref(), out),
        ("fields", Kind::Object { fields, .. } | Kind::Interface { fields }) => {
            list_value(fields.values(), out, |field, out| field_value(schema, field, subs, out));
        }
        ("interfaces", Kind::Object { interfaces, .. }) => {
            list_value(interfaces.iter(), out, |name, out| named(name, out));
        }
        ("possibleTypes", Kind::Interface { .. }) => {
            list_value(schema.possible_types(def).into_iter(), out, |def, out| named(&def.name, out));
        }
        ("enumValues", Kind::Enum(values)) => {
            list_value(values.iter(), out, |value, out| enum_value(value, subs, out));
        }
        ("inputFields", Kind::InputObject(inputs)) => inputs_value(schema, inputs, subs, out),
        _ => out.push_str("null"),
    }
}

fn kind_name<M>(kind: &Kind<M>) -> &'static str {
    match kind {
        Kind::Scalar(_) => "SCALAR",
        Kind::Enum(_) => "ENUM",
        Kind::Object { .. } => "OBJECT",
        Kind::Interface { .. } => "INTERFACE",
        Kind::InputObject(_) => "INPUT_OBJECT",
    }
}

fn field_value<M>(schema: &Schema<M>, def: &Field<M>, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(&def.name, out),
        "description" => optional_text(def.description.as_deref(), out),
        "args" => inputs_value(schema, &def.args, subs(field), out),
        "type" => type_value(schema, &def.ty, subs(field), out),
        "isDeprecated" => out.push_str("false"),
        _ => out.push_str("null"),
    });
}

fn enum_value<M>(name: &str, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(name, out),
        "isDeprecated" => out.push_str("false"),
        _ => out.push_str("null"),
    });
}

fn inputs_value<M>(schema: &Schema<M>, inputs: &Inputs, fields: &[Selected<'_, M>], out: &mut Writer) {
    list_value(inputs.iter(), out, |(name, input), out| {
        object_value(fields, out, |field, out| match field.field.name.as_str() {
            "name" => text(name, out),
            "description" => optional_text(input.description.as_deref(), out),
            "type" => type_value(schema, &input.ty, subs(field), out),
            "defaultValue" => optional_text(input.default.as_ref().map(Value::to_string).as_deref(), out),
            "isDeprecated" => out.push_str("false"),
            _ => out.push_str("null"),
        });
    });
}
