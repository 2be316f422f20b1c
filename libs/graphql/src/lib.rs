//! GraphQL without an executor: parse, validate, coerce, and flatten a query against a schema.
//!
//! The result is a tree of selected fields with their arguments, fragments and directives resolved; the owner
//! of the schema plans and executes it. A schema has a [`Dialect`]: whose rules hold, and in whose words
//! problems are told, because clients match on them.
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
mod dialect;
mod error;
mod introspection;
mod lexer;
mod limits;
mod parser;
mod schema;
mod select;
mod strict;
mod suggest;
mod syntax_error;
mod types;
mod validate;
mod values;
mod wording;

use serde_json::{Map, Value};

pub use dialect::{Dialect, Position};
pub use error::{Error, Problem, Refusal, Step};
pub use introspection::{INTROSPECTION_QUERY, introspect};
pub use limits::Limits;
pub use parser::{parse, parse_in};
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
    let document = parse_in(schema.dialect, source, limits.depth).map_err(|problem| vec![problem.message])?;
    let refused = |refusal: Refusal| refusal.problems.into_iter().map(|problem| problem.message).collect();
    resolve(schema, &document, None, variables, limits).map_err(refused)
}

/// Validates and flattens the operation of a document that has this name, or its only one. Gives what it
/// selects of the root type, in order.
///
/// # Errors
/// Everything that is wrong with the query, and in which step it was seen.
pub fn resolve<'s, M>(
    schema: &'s Schema<M>,
    document: &Document<'_>,
    name: Option<&str>,
    variables: &Map<String, Value>,
    limits: &Limits,
) -> Result<Vec<Selected<'s, M>>, Refusal> {
    let chosen = choose(schema.dialect, document, name);
    if document.operations().nth(MOST_OPERATIONS).is_some() {
        // Validation would look at every fragment for each of them.
        let message = format!("The document has more than {MOST_OPERATIONS} operations.");
        let refused = || Refusal::one(Step::Validation, Problem::new(message));
        return Err(chosen.err().unwrap_or_else(refused));
    }
    let problems = validate(schema, document, limits.errors);
    if !problems.is_empty() {
        return Err(Refusal { step: Step::Validation, problems });
    }
    let operation = chosen?;
    let variables = schema
        .coerce_variables(&operation.variables, variables)
        .map_err(|problems| Refusal { step: Step::Variables, problems })?;
    select(schema, document, operation, &variables, limits)
        .map_err(|problem| Refusal::one(Step::Validation, problem))
}

/// Documents with more operations than this are not validated.
const MOST_OPERATIONS: usize = 20;

/// The operation of this name, or the only one.
fn choose<'d, 'a>(
    dialect: Dialect,
    document: &'d Document<'a>,
    name: Option<&str>,
) -> Result<&'d Operation<'a>, Refusal> {
    let refused = |message: String| Refusal::one(Step::Choice, Problem::new(message));
    let mut operations = document.operations().filter(|operation| name.is_none() || operation.name == name);
    let Some(operation) = operations.next() else {
        return Err(refused(match name {
            Some(name) => format!("Unknown operation named \"{name}\"."),
            None => "Must provide an operation.".to_owned(),
        }));
    };
    if name.is_none() && operations.next().is_some() {
        return Err(refused("Must provide operation name if query contains multiple operations.".to_owned()));
    }
    let kind = match operation.kind {
        OperationKind::Query => return Ok(operation),
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    };
    let problem = Problem { message: dialect.not_configured(kind), at: Some(operation.at) };
    Err(Refusal::one(Step::Kind, problem))
}
