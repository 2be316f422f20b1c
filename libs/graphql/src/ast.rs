//! A parsed document. Names borrow from the source text.

use std::borrow::Cow;

/// Operations and fragments in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'a> {
    /// Everything that the text defines.
    pub definitions: Vec<Definition<'a>>,
}

/// One definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition<'a> {
    /// `query Q {...}` or `{...}`.
    Operation(Operation<'a>),
    /// `fragment F on T {...}`.
    Fragment(Fragment<'a>),
}

/// What an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// `query`, or without a word.
    Query,
    /// `mutation`.
    Mutation,
    /// `subscription`.
    Subscription,
}

/// An operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// Query, mutation or subscription.
    pub kind: OperationKind,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Declared variables.
    pub variables: Vec<VariableDefinition<'a>>,
    /// Directives on the operation itself.
    pub directives: Vec<Directive<'a>>,
    /// What is selected of the root type.
    pub selections: Vec<Selection<'a>>,
}

/// `$name: Type = default`.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableDefinition<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// Without the `$`.
    pub name: &'a str,
    /// The declared type.
    pub ty: Type<'a>,
    /// The value when the request has none.
    pub default: Option<Literal<'a>>,
}

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Type<'a> {
    /// `T`.
    Named(&'a str),
    /// `[T]`.
    List(Box<Type<'a>>),
    /// `T!`.
    NonNull(Box<Type<'a>>),
}

/// A named fragment.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// Its name.
    pub name: &'a str,
    /// The type that it selects of.
    pub on: &'a str,
    /// Directives on the definition.
    pub directives: Vec<Directive<'a>>,
    /// What it selects.
    pub selections: Vec<Selection<'a>>,
}

/// One item of a selection set.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection<'a> {
    /// A field.
    Field(Field<'a>),
    /// `...Name`.
    Spread {
        /// The byte at which it begins.
        at: usize,
        /// The fragment's name.
        name: &'a str,
        /// Directives.
        directives: Vec<Directive<'a>>,
    },
    /// `... on T {...}` or `... {...}`.
    Inline {
        /// The byte at which it begins.
        at: usize,
        /// The type condition.
        on: Option<&'a str>,
        /// Directives.
        directives: Vec<Directive<'a>>,
        /// What it selects.
        selections: Vec<Selection<'a>>,
    },
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// The key in the answer, when it is not the name.
    pub alias: Option<&'a str>,
    /// The field's name.
    pub name: &'a str,
    /// Arguments as written.
    pub arguments: Vec<Argument<'a>>,
    /// Directives.
    pub directives: Vec<Directive<'a>>,
    /// What is selected of its value; `None` without braces.
    pub selections: Option<Vec<Selection<'a>>>,
}

impl<'a> Field<'a> {
    /// The key in the answer.
    pub fn key(&self) -> &'a str {
        self.alias.unwrap_or(self.name)
    }
}

/// `name: value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// Name.
    pub name: &'a str,
    /// Value.
    pub value: Literal<'a>,
}

/// `@name(...)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Directive<'a> {
    /// The byte at which it begins.
    pub at: usize,
    /// Without the `@`.
    pub name: &'a str,
    /// Arguments.
    pub arguments: Vec<Argument<'a>>,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal<'a> {
    /// `$name`.
    Variable(&'a str),
    /// A whole number, as text.
    Int(&'a str),
    /// A number with a point or an exponent, as text.
    Float(&'a str),
    /// A string; its escapes are resolved.
    String(Cow<'a, str>),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// Any other word.
    Enum(&'a str),
    /// `[...]`.
    List(Vec<Literal<'a>>),
    /// `{...}`.
    Object(Vec<(&'a str, Literal<'a>)>),
}

impl std::fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(item) => write!(f, "[{item}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

/// Prints the value as graphql-core does in its messages.
impl std::fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "${name}"),
            Self::Int(text) | Self::Float(text) | Self::Enum(text) => f.write_str(text),
            Self::String(text) => write!(f, "{}", serde_json::Value::from(text.as_ref())),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
            Self::List(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if position == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (position, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if position == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'a> Document<'a> {
    /// The operations.
    pub fn operations(&self) -> impl Iterator<Item = &Operation<'a>> {
        self.definitions.iter().filter_map(|definition| match definition {
            Definition::Operation(operation) => Some(operation),
            Definition::Fragment(_) => None,
        })
    }

    /// The fragments.
    pub fn fragments(&self) -> impl Iterator<Item = &Fragment<'a>> {
        self.definitions.iter().filter_map(|definition| match definition {
            Definition::Fragment(fragment) => Some(fragment),
            Definition::Operation(_) => None,
        })
    }
}
