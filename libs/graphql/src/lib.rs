//! GraphQL without an executor: parse, validate, coerce, and flatten a query against a schema.
//!
//! The result is a tree of selected fields with their arguments, fragments and directives resolved; the owner
//! of the schema plans and executes it. The language is that of graphql-core 2 (October 2016) with the
//! literal `null`, and all messages have the words of graphql-core 2, because clients match on them.
//!
//! ```
//! use graphql::{FieldDef, Limits, Schema, TypeDef, TypeRef};
//! let field = FieldDef::new("name", TypeRef::named("String"), "the name");
//! let schema = Schema::new("Root", vec![TypeDef::object("Root", vec![field], vec![])]).unwrap();
//! let query = graphql::prepare(&schema, "{a: name}", &Default::default(), &Limits::default()).unwrap();
//! assert_eq!(query[0].key, "a");
//! assert_eq!(query[0].field.meaning, Some("the name"));
//! let refused = graphql::prepare(&schema, "{nam}", &Default::default(), &Limits::default()).unwrap_err();
//! assert_eq!(refused, ["Cannot query field \"nam\" on type \"Root\". Did you mean \"name\"?"]);
//! ```

pub mod ast;
mod builtin;
mod descriptions;
mod error;
mod introspection;
mod lexer;
mod limits;
mod parser;
mod schema;
mod select;
mod suggest;
mod syntax_error;
mod types;
mod validate;
mod values;

use serde_json::{Map, Value};

pub use error::Error;
pub use introspection::{INTROSPECTION_QUERY, introspect};
pub use limits::Limits;
pub use parser::parse;
pub use schema::{Schema, SchemaError};
pub use select::{Selected, Sub};
pub use types::{FieldDef, Input, Inputs, TypeDef, TypeRef};

use ast::{Document, Operation, OperationKind};
use select::select;
use validate::validate;

/// Parses, validates and flattens `source`. Gives what it selects of the root type, in order.
///
/// # Errors
/// Everything that is wrong with the query.
pub fn prepare<'s, M>(
    schema: &'s Schema<M>,
    source: &str,
    variables: &Map<String, Value>,
    limits: &Limits,
) -> Result<Vec<Selected<'s, M>>, Vec<String>> {
    let one = |error: Error| vec![error.0];
    let document = parse(source, limits.depth).map_err(one)?;
    if document.operations().nth(MOST_OPERATIONS).is_some() {
        // They are refused anyway, and validation would look at every fragment for each of them.
        return only_operation(&document).map(|_| Vec::new()).map_err(one);
    }
    let problems = validate(schema, &document, limits.errors);
    if !problems.is_empty() {
        return Err(problems);
    }
    let operation = only_operation(&document).map_err(one)?;
    let variables = schema.coerce_variables(&operation.variables, variables).map_err(one)?;
    select(schema, &document, operation, &variables, limits).map_err(one)
}

/// Documents with more operations than this are not validated.
const MOST_OPERATIONS: usize = 20;

/// The only operation of a document: a request cannot choose among several.
fn only_operation<'d, 'a>(document: &'d Document<'a>) -> Result<&'d Operation<'a>, Error> {
    let mut operations = document.operations();
    let Some(operation) = operations.next() else { return Err(Error("Must provide an operation.".into())) };
    if operations.next().is_some() {
        return Err(Error("Must provide operation name if query contains multiple operations.".into()));
    }
    match operation.kind {
        OperationKind::Query => Ok(operation),
        OperationKind::Mutation => Err(Error("Schema is not configured for mutations".into())),
        OperationKind::Subscription => Err(Error("Schema is not configured for subscriptions".into())),
    }
}
