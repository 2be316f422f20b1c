//! Answers to `__schema` and `__type`.

use serde_json::Value;

use crate::{
    builtin::{CONDITION_LOCATIONS, is_hidden},
    descriptions,
    dialect::Dialect,
    error::Error,
    schema::Schema,
    select::{Selected, Sub},
    types::{FieldDef, Inputs, Kind, TypeDef, TypeRef},
};

/// The query that clients send to read a whole schema (that of graphql-core).
pub const INTROSPECTION_QUERY: &str = "query IntrospectionQuery { __schema { queryType { name } \
    mutationType { name } subscriptionType { name } types { ...FullType } \
    directives { name description locations args { ...InputValue } } } } \
    fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description \
    args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// Writes the value of a selected `__schema` or `__type` field as JSON, without building it first: the
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
    if is_whole { Ok(()) } else { Err(Error(format!("The introspection has more than {most} bytes."))) }
}

/// JSON up to a length. Beyond it lists and objects are left out, because the result is thrown away.
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
    if plain {
        out.json.extend(["\"", value, "\""]);
    } else {
        out.push_str(&Value::from(value).to_string());
    }
}

/// A JSON string, or null.
fn optional(value: Option<&str>, out: &mut Writer) {
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
            let directives: &[&str] = match schema.dialect {
                Dialect::Core2 => &["include", "skip"],
                Dialect::Js16 => &["include", "skip", "deprecated", "specifiedBy", "oneOf"],
            };
            list_value(directives.iter(), out, |name, out| directive_value(schema, name, subs(field), out));
        }
        _ => out.push_str("null"),
    }
}

fn directive_value<M>(schema: &Schema<M>, name: &str, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(name, out),
        "description" => text(descriptions::of_directive(name)[0], out),
        "locations" => {
            let locations: &[&str] = match name {
                "deprecated" => {
                    &["FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"]
                }
                "specifiedBy" => &["SCALAR"],
                "oneOf" => &["INPUT_OBJECT"],
                _ => &CONDITION_LOCATIONS,
            };
            list_value(locations.iter(), out, |location, out| text(location, out));
        }
        "args" => {
            let described = Some(descriptions::of_directive(name)[1]);
            match schema.directive_inputs(name) {
                Some(inputs) => inputs_value(schema, inputs, described, subs(field), out),
                None => out.push_str("[]"),
            }
        }
        "onOperation" | "isRepeatable" | "isDeprecated" => out.push_str("false"),
        "deprecationReason" => out.push_str("null"),
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
        (_, TypeRef::Named(ty) | TypeRef::Loose(ty)) => named_type_field(schema, schema.def(ty), field, out),
        _ => out.push_str("null"),
    });
}

fn named_type_field<M>(schema: &Schema<M>, def: &TypeDef<M>, selected: &Selected<'_, M>, out: &mut Writer) {
    let (name, subs) = (selected.field.name.as_str(), subs(selected));
    let with_deprecated = selected.args.get("includeDeprecated").and_then(Value::as_bool) == Some(true);
    let named = |name: &str, out: &mut Writer| type_value(schema, &TypeRef::named(name), subs, out);
    match (name, &def.kind) {
        ("kind", kind) => text(kind_name(kind), out),
        ("name", _) => text(&def.name, out),
        ("description", _) => optional(def.description, out),
        ("fields", Kind::Object { fields, .. } | Kind::Interface { fields }) => {
            let shown = fields.values().filter(|field| with_deprecated || field.deprecation.is_none());
            list_value(shown, out, |field, out| field_value(schema, field, subs, out));
        }
        ("interfaces", Kind::Object { interfaces, .. }) => {
            list_value(interfaces.iter(), out, |name, out| named(name, out));
        }
        ("possibleTypes", Kind::Interface { .. }) => {
            list_value(schema.possible_types(def).into_iter(), out, |def, out| named(&def.name, out));
        }
        ("enumValues", Kind::Enum(values)) => {
            list_value(values.iter(), out, |value, out| enum_value(&def.name, value, subs, out));
        }
        ("inputFields", Kind::InputObject(inputs)) => inputs_value(schema, inputs, None, subs, out),
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

fn field_value<M>(schema: &Schema<M>, def: &FieldDef<M>, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(&def.name, out),
        "description" => optional(def.description, out),
        "args" => inputs_value(schema, &def.args, None, subs(field), out),
        "type" => type_value(schema, &def.ty, subs(field), out),
        "isDeprecated" => out.push_str(if def.deprecation.is_some() { "true" } else { "false" }),
        "deprecationReason" => optional(def.deprecation, out),
        _ => out.push_str("null"),
    });
}

fn enum_value<M>(owner: &str, name: &str, fields: &[Selected<'_, M>], out: &mut Writer) {
    object_value(fields, out, |field, out| match field.field.name.as_str() {
        "name" => text(name, out),
        "description" => optional(descriptions::of_value(owner, name), out),
        "isDeprecated" => out.push_str("false"),
        _ => out.push_str("null"),
    });
}

/// Arguments; `described` is said of those of which nothing else is.
fn inputs_value<M>(
    schema: &Schema<M>,
    inputs: &Inputs,
    described: Option<&str>,
    fields: &[Selected<'_, M>],
    out: &mut Writer,
) {
    list_value(inputs.iter(), out, |(name, input), out| {
        object_value(fields, out, |field, out| match field.field.name.as_str() {
            "name" => text(name, out),
            "description" => optional(input.description.or(described), out),
            "type" => type_value(schema, &input.ty, subs(field), out),
            "defaultValue" => match &input.default {
                // The words of an enum have no quotes.
                Some(Value::String(word)) if schema.is_enum(&input.ty) => text(word, out),
                Some(default) => text(&default.to_string(), out),
                None => out.push_str("null"),
            },
            "isDeprecated" => out.push_str("false"),
            _ => out.push_str("null"),
        });
    });
}
