//! What introspection says of the built-in types, in the words of graphql-core 2, which clients print as the
//! documentation of a schema.

use crate::dialect::Dialect;

/// What is said of a built-in type.
pub(crate) fn of_type(dialect: Dialect, name: &str) -> Option<&'static str> {
    match (name, dialect) {
        (name, _) if name.starts_with("__") => of_meta_type(name),
        ("Int", Dialect::Js16) => Some(
            "The `Int` scalar type represents non-fractional signed whole numeric values. Int can represent \
             values between -(2^31) and 2^31 - 1.",
        ),
        ("Float", Dialect::Js16) => Some(
            "The `Float` scalar type represents signed double-precision fractional values as specified by \
             [IEEE 754](https://en.wikipedia.org/wiki/IEEE_floating_point).",
        ),
        (name, _) => of_scalar(name),
    }
}

fn of_scalar(name: &str) -> Option<&'static str> {
    Some(match name {
        "ID" => {
            "The `ID` scalar type represents a unique identifier, often used to refetch an object or as \
             key for a cache. The ID type appears in a JSON response as a String; however, it is not \
             intended to be human-readable. When expected as an input type, any string (such as `\"4\"`) or \
             integer (such as `4`) input value will be accepted as an ID."
        }
        "Boolean" => "The `Boolean` scalar type represents `true` or `false`.",
        "String" => {
            "The `String` scalar type represents textual data, represented as UTF-8 character sequences. The \
             String type is most often used by GraphQL to represent free-form human-readable text."
        }
        // The blank that is missing, and the one that is too many, are missing and too many there.
        "Int" => {
            "The `Int` scalar type represents non-fractional signed whole numeric values. Int can represent \
             values between -(2^31 - 1) and 2^31 - 1 since represented in JSON as double-precision floating \
             point numbers specifiedby [IEEE 754](http://en.wikipedia.org/wiki/IEEE_floating_point)."
        }
        "Float" => {
            "The `Float` scalar type represents signed double-precision fractional values as specified by \
             [IEEE 754](http://en.wikipedia.org/wiki/IEEE_floating_point). "
        }
        _ => return None,
    })
}

fn of_meta_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "__Schema" => {
            "A GraphQL Schema defines the capabilities of a GraphQL server. It exposes all available types \
             and directives on the server, as well as the entry points for query, mutation and subscription \
             operations."
        }
        "__Type" => {
            "The fundamental unit of any GraphQL Schema is the type. There are many kinds of types in \
             GraphQL as represented by the `__TypeKind` enum.\n\nDepending on the kind of a type, certain \
             fields describe information about that type. Scalar types provide no information beyond a name \
             and description, while Enum types provide their values. Object and Interface types provide the \
             fields they describe. Abstract types, Union and Interface, provide the Object types possible at \
             runtime. List and NonNull types compose other types."
        }
        "__TypeKind" => "An enum describing what kind of type a given `__Type` is",
        "__Field" => {
            "Object and Interface types are described by a list of Fields, each of which has a name, \
             potentially a list of arguments, and a return type."
        }
        "__InputValue" => {
            "Arguments provided to Fields or Directives and the input fields of an InputObject are \
             represented as Input Values which describe their type and optionally a default value."
        }
        "__EnumValue" => {
            "One possible value for a given Enum. Enum values are unique values, not a placeholder for a \
             string or numeric value. However an Enum value is returned in a JSON response as a string."
        }
        "__Directive" => {
            "A Directive provides a way to describe alternate runtime execution and type validation behavior \
             in a GraphQL document.\n\nIn some cases, you need to provide options to alter GraphQL's \
             execution behavior in ways field arguments will not suffice, such as conditionally including or \
             skipping a field. Directives provide this by describing additional information to the executor."
        }
        "__DirectiveLocation" => {
            "A Directive can be adjacent to many parts of the GraphQL language, a __DirectiveLocation \
             describes one such possible adjacencies."
        }
        _ => return None,
    })
}

/// What is said of a field of `__Schema`; the fields of the other types speak for themselves.
pub(crate) fn of_field(owner: &str, field: &str) -> Option<&'static str> {
    if owner != "__Schema" {
        return None;
    }
    Some(match field {
        "types" => "A list of all types supported by this server.",
        "queryType" => "The type that query operations will be rooted at.",
        "mutationType" => {
            "If this server supports mutation, the type that mutation operations will be rooted at."
        }
        "subscriptionType" => {
            "If this server support subscription, the type that subscription operations will be rooted at."
        }
        "directives" => "A list of all directives supported by this server.",
        _ => return None,
    })
}

/// Why a field should not be used any more.
pub(crate) fn of_deprecation(owner: &str, field: &str) -> Option<&'static str> {
    let is_old = owner == "__Directive" && matches!(field, "onOperation" | "onFragment" | "onField");
    is_old.then_some("Use `locations`.")
}

/// What is said of the value of a built-in enum.
pub(crate) fn of_value(owner: &str, value: &str) -> Option<&'static str> {
    match owner {
        "__TypeKind" => of_kind(value),
        "__DirectiveLocation" => of_location(value),
        _ => None,
    }
}

fn of_kind(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "SCALAR" => "Indicates this type is a scalar.",
        "OBJECT" => "Indicates this type is an object. `fields` and `interfaces` are valid fields.",
        "INTERFACE" => "Indicates this type is an interface. `fields` and `possibleTypes` are valid fields.",
        "UNION" => "Indicates this type is a union. `possibleTypes` is a valid field.",
        "ENUM" => "Indicates this type is an enum. `enumValues` is a valid field.",
        "INPUT_OBJECT" => "Indicates this type is an input object. `inputFields` is a valid field.",
        "LIST" => "Indicates this type is a list. `ofType` is a valid field.",
        "NON_NULL" => "Indicates this type is a non-null. `ofType` is a valid field.",
        _ => return None,
    })
}

fn of_location(location: &str) -> Option<&'static str> {
    Some(match location {
        "QUERY" => "Location adjacent to a query operation.",
        "MUTATION" => "Location adjacent to a mutation operation.",
        "SUBSCRIPTION" => "Location adjacent to a subscription operation.",
        "FIELD" => "Location adjacent to a field.",
        "FRAGMENT_DEFINITION" => "Location adjacent to a fragment definition.",
        "FRAGMENT_SPREAD" => "Location adjacent to a fragment spread.",
        "INLINE_FRAGMENT" => "Location adjacent to an inline fragment.",
        "SCHEMA" => "Location adjacent to a schema definition.",
        "SCALAR" => "Location adjacent to a scalar definition.",
        "OBJECT" => "Location adjacent to an object definition.",
        "FIELD_DEFINITION" => "Location adjacent to a field definition.",
        "ARGUMENT_DEFINITION" => "Location adjacent to an argument definition.",
        "INTERFACE" => "Location adjacent to an interface definition.",
        "UNION" => "Location adjacent to a union definition.",
        "ENUM" => "Location adjacent to an enum definition.",
        "ENUM_VALUE" => "Location adjacent to an enum value definition.",
        "INPUT_OBJECT" => "Location adjacent to an input object definition.",
        "INPUT_FIELD_DEFINITION" => "Location adjacent to an input object field definition.",
        _ => return None,
    })
}

/// What is said of a directive, and of its argument.
pub(crate) fn of_directive(name: &str) -> [&'static str; 2] {
    match name {
        "deprecated" => [
            "Marks an element of a GraphQL schema as no longer supported.",
            "Explains why this element was deprecated, usually also including a suggestion for how to access \
             supported similar data. Formatted using the Markdown syntax, as specified by \
             [CommonMark](https://commonmark.org/).",
        ],
        "specifiedBy" => [
            "Exposes a URL that specifies the behavior of this scalar.",
            "The URL that specifies the behavior of this scalar.",
        ],
        "oneOf" => ["Indicates exactly one field must be supplied and this field must not be `null`.", ""],
        "skip" => [
            "Directs the executor to skip this field or fragment when the `if` argument is true.",
            "Skipped when true.",
        ],
        _ => [
            "Directs the executor to include this field or fragment only when the `if` argument is true.",
            "Included when true.",
        ],
    }
}
