//! The types that every schema has: scalars, and those of introspection.

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    descriptions,
    dialect::Dialect,
    types::{FieldDef, Input, Inputs, Kind, Scalar, TypeDef, TypeRef},
};

/// Has the fields that can be selected without being listed: `__schema`, `__type` and `__typename`.
pub(crate) const META: &str = "__Meta";
/// Has the arguments of `@include` and `@skip` as its fields.
pub(crate) const CONDITION: &str = "__Condition";
/// Has the argument of `@deprecated` as its field.
pub(crate) const DEPRECATED: &str = "__Deprecated";
/// Has the argument of `@specifiedBy` as its field.
pub(crate) const SPECIFIED: &str = "__SpecifiedBy";
/// Begins the names of types whose fields later versions of GraphQL added to the types of introspection.
const LATER: &str = "__Later";
/// Where `@include` and `@skip` may stand.
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

/// The type of the argument `if` of `@include` and `@skip`.
pub(crate) fn condition_type() -> TypeRef {
    TypeRef::required("Boolean")
}

/// Whether it is a type of our own that introspection does not show.
pub(crate) fn is_hidden(name: &str) -> bool {
    matches!(name, META | CONDITION | DEPRECATED | SPECIFIED) || name.starts_with(LATER)
}

/// The type whose fields later versions of GraphQL added to `name`, a type of introspection.
pub(crate) fn later(name: &str) -> Option<String> {
    name.starts_with("__").then(|| format!("{LATER}{name}"))
}

fn inputs(list: &[(&str, TypeRef, Option<Value>)]) -> Inputs {
    let input = |(name, ty, default): &(&str, TypeRef, Option<Value>)| {
        ((*name).to_owned(), Input { default: default.clone(), ..Input::new(ty.clone()) })
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

/// Fields and arguments that clients of today ask for. They are answered but not listed: introspection lists
/// what that of the original does.
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

/// The types of introspection of graphql-js 16, in its order.
const OBJECTS_OF_JS: [(&str, &[&str]); 7] = [
    (
        "__Schema",
        &[
            "description:String",
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
            "specifiedByURL:String",
            "fields:[__Field!]",
            "interfaces:[__Type!]",
            "possibleTypes:[__Type!]",
            "enumValues:[__EnumValue!]",
            "inputFields:[__InputValue!]",
            "ofType:__Type",
            "isOneOf:Boolean",
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
    (
        "__InputValue",
        &[
            "name:String!",
            "description:String",
            "type:__Type!",
            "defaultValue:String",
            "isDeprecated:Boolean!",
            "deprecationReason:String",
        ],
    ),
    (
        "__EnumValue",
        &["name:String!", "description:String", "isDeprecated:Boolean!", "deprecationReason:String"],
    ),
    (
        "__Directive",
        &[
            "name:String!",
            "description:String",
            "isRepeatable:Boolean!",
            "locations:[__DirectiveLocation!]!",
            "args:[__InputValue!]!",
            "isDeprecated:Boolean!",
            "deprecationReason:String",
        ],
    ),
    (META, &["__schema:__Schema!", "__type:__Type", "__typename:String!"]),
];
/// Where a directive may stand in graphql-js 16, beside [`LOCATIONS`].
const VARIABLE_DEFINITION: &str = "VARIABLE_DEFINITION";
const DIRECTIVE_DEFINITION: &str = "DIRECTIVE_DEFINITION";

fn words<M>(name: &str, list: impl IntoIterator<Item = &'static str>) -> TypeDef<M> {
    TypeDef::new(name, Kind::Enum(list.into_iter().map(str::to_owned).collect()))
}

/// The scalar of this name, if it is one of GraphQL's own.
pub(crate) fn scalar<M>(name: &str) -> Option<TypeDef<M>> {
    let (name, scalar) = SCALARS.into_iter().find(|(known, _)| *known == name)?;
    let mut def = TypeDef::new(name, Kind::Scalar(scalar));
    def.description = descriptions::of_type(Dialect::Js16, name);
    Some(def)
}

/// All types that every schema of the dialect has; in that of JavaScript without the scalars, of which a
/// schema has those that it refers to.
pub(crate) fn types<M>(dialect: Dialect) -> Vec<TypeDef<M>> {
    let condition = TypeDef::input(CONDITION, inputs(&[("if", condition_type(), None)]));
    let mut types: Vec<TypeDef<M>> = match dialect {
        Dialect::Core2 => {
            let mut types: Vec<_> = SCALARS.iter().filter_map(|(name, _)| scalar(name)).collect();
            types.extend(
                OBJECTS.iter().chain(&LATER_OBJECTS).map(|(name, fields)| object(dialect, name, fields)),
            );
            types.push(words("__TypeKind", TYPE_KINDS));
            types.push(words("__DirectiveLocation", LOCATIONS));
            types
        }
        Dialect::Js16 => {
            let mut types: Vec<_> =
                OBJECTS_OF_JS.iter().map(|(name, fields)| object(dialect, name, fields)).collect();
            types.insert(2, words("__TypeKind", TYPE_KINDS));
            let (execution, definitions) = LOCATIONS.split_at(7);
            let locations = execution.iter().copied().chain([VARIABLE_DEFINITION]);
            let locations = locations.chain(definitions.iter().copied()).chain([DIRECTIVE_DEFINITION]);
            types.insert(7, words("__DirectiveLocation", locations));
            let reason = Some(json!("No longer supported"));
            types.push(TypeDef::input(DEPRECATED, inputs(&[("reason", TypeRef::named("String"), reason)])));
            types.push(TypeDef::input(SPECIFIED, inputs(&[("url", TypeRef::required("String"), None)])));
            types
        }
    };
    types.push(condition);
    for def in &mut types {
        def.description = descriptions::of_type(dialect, &def.name);
    }
    types
}

/// An object type; its fields are written as `name:type`.
fn object<M>(dialect: Dialect, owner: &str, fields: &[&str]) -> TypeDef<M> {
    let is_js = dialect == Dialect::Js16;
    let deprecated = inputs(&[("includeDeprecated", TypeRef::named("Boolean"), Some(json!(false)))]);
    let named = inputs(&[("name", TypeRef::required("String"), None)]);
    let is_later = owner.starts_with(LATER);
    let field = |spec: &&str| {
        let (name, ty) = spec.split_once(':').expect("invariant: the lists above are written so");
        let args = match name {
            "fields" | "enumValues" => deprecated.clone(),
            "args" | "inputFields" if is_later || is_js => deprecated.clone(),
            "directives" if is_js => {
                inputs(&[("includeDeprecated", TypeRef::required("Boolean"), Some(json!(false)))])
            }
            "__type" => named.clone(),
            _ => Inputs::default(),
        };
        let (description, deprecation) =
            (descriptions::of_field(owner, name), descriptions::of_deprecation(owner, name));
        let (name, ty) = (name.to_owned(), written_type(ty));
        (name.clone(), FieldDef { name, args, ty, meaning: None, description, deprecation })
    };
    let fields: IndexMap<String, FieldDef<M>> = fields.iter().map(field).collect();
    TypeDef::new(owner, Kind::Object { fields, interfaces: Vec::new() })
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
