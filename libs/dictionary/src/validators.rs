//! Checks records against node schemas, with one compiled Draft 4 validator for each node type.

use std::{collections::HashMap, sync::Arc};

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::Serialize;
use serde_json::Value;

use crate::{Dictionary, LoadError, NodeType, Problem, draft4, patterns::Patterns, wording};

/// The subject of a violation: the `type` of a submission's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ViolationKind {
    /// A value of a wrong type.
    InvalidValue,
    /// A required property or link is absent.
    MissingProperty,
    /// Anything else: an enum, a pattern, a bound, an unknown property.
    Error,
}

impl ViolationKind {
    /// The word in sheepdog's answers, for example `INVALID_VALUE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidValue => "INVALID_VALUE",
            Self::MissingProperty => "MISSING_PROPERTY",
            Self::Error => "ERROR",
        }
    }
}

/// One way in which a record breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The message, worded as python-jsonschema words it.
    pub message: String,
    /// The dotted path of the value, or the missing property; empty if it concerns the whole record.
    pub keys: Vec<String>,
    /// Its subject.
    pub kind: ViolationKind,
}

/// The validators of a dictionary, which any number of threads can share.
#[derive(Debug)]
pub struct Validators {
    nodes: HashMap<String, SchemaValidator>,
}

/// The validator of a single schema, for documents that are not records.
#[derive(Debug)]
pub struct SchemaValidator {
    validator: Validator,
    schema: Value,
}

impl Validators {
    /// Compiles the schemas of all node types, null tolerance included.
    ///
    /// # Errors
    /// A schema that is not valid, for example because a `type` is none.
    pub fn compile(dictionary: &Dictionary) -> Result<Self, LoadError> {
        let (mut nodes, patterns) = (HashMap::new(), Arc::default());
        let mut problems = Vec::new();
        for node in dictionary.nodes.values() {
            match of_node(node, &patterns) {
                Ok(validator) => drop(nodes.insert(node.id.clone(), validator)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { nodes }) } else { Err(LoadError::Invalid(problems)) }
    }

    /// Whether `record` obeys the schema of the type `node`; false for an unknown type.
    pub fn is_valid(&self, node: &str, record: &Value) -> bool {
        self.nodes.get(node).is_some_and(|node| node.validator.is_valid(record))
    }

    /// All violations, in the order of the schema. An unknown type is the only violation.
    pub fn check(&self, node: &str, record: &Value) -> Vec<Violation> {
        match self.nodes.get(node) {
            Some(node) if node.validator.is_valid(record) => Vec::new(),
            Some(node) => node.violations(record),
            None => vec![Violation {
                message: format!("Node type \"{node}\" not found in dictionary"),
                keys: Vec::new(),
                kind: ViolationKind::Error,
            }],
        }
    }
}

fn of_node(node: &NodeType, patterns: &Arc<Patterns>) -> Result<SchemaValidator, Problem> {
    SchemaValidator::with_patterns(&node.nullable_schema(), patterns).map_err(|(path, message)| {
        let message = format!("it is not a JSON schema: {message}");
        Problem::new(&format!("{}.yaml", node.id), path, message, "Write JSON schema Draft 4.")
    })
}

impl SchemaValidator {
    /// Compiles the Draft 4 keywords of `schema`; others are ignored.
    ///
    /// # Errors
    /// The path of the invalid part, and what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, (String, String)> {
        Self::with_patterns(schema, &Arc::default())
    }

    fn with_patterns(schema: &Value, patterns: &Arc<Patterns>) -> Result<Self, (String, String)> {
        let schema = draft4::keywords_only(schema);
        match draft4::compile(&schema, patterns) {
            Ok(validator) => Ok(Self { validator, schema }),
            Err(error) => Err((error.instance_path().to_string(), error.to_string())),
        }
    }

    /// What is wrong with `document`, worded as python-jsonschema words it. Why alternatives failed is left
    /// out.
    pub fn messages(&self, document: &Value) -> Vec<String> {
        let errors = self.errors(document);
        errors.iter().map(|error| wording::single(&self.schema, error)).collect()
    }

    /// Whether `document` obeys the schema.
    pub fn is_valid(&self, document: &Value) -> bool {
        self.validator.is_valid(document)
    }

    /// The errors in the order of the schema.
    pub(crate) fn errors<'v>(&'v self, document: &'v Value) -> Vec<ValidationError<'v>> {
        let mut errors: Vec<_> = self.validator.iter_errors(document).collect();
        errors.sort_by_cached_key(|error| wording::position(&self.schema, error));
        errors
    }

    fn violations(&self, record: &Value) -> Vec<Violation> {
        self.errors(record).iter().map(|error| self.violation(error)).collect()
    }

    fn violation(&self, error: &ValidationError<'_>) -> Violation {
        let path: Vec<String> = error.instance_path().segments().map(|step| step.to_string()).collect();
        let keys = match error.kind() {
            _ if !path.is_empty() => vec![path.join(".")],
            ValidationErrorKind::Required { property } => named(property).into_iter().collect(),
            _ => Vec::new(),
        };
        Violation { message: wording::message(&self.schema, error), keys, kind: kind(error) }
    }
}

/// The missing property, if the original can read it out of its own message: only letters, `_` and `-`.
fn named(property: &Value) -> Option<String> {
    let name = property.as_str()?;
    let readable = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
    (!name.is_empty() && name.chars().all(readable)).then(|| name.to_owned())
}

fn kind(error: &ValidationError<'_>) -> ViolationKind {
    let said = |wanted: fn(&ValidationErrorKind) -> bool| {
        wanted(error.kind()) || wording::context(error).any(|inner| wanted(inner.kind()))
    };
    if said(|kind| matches!(kind, ValidationErrorKind::Type { .. })) {
        ViolationKind::InvalidValue
    } else if said(|kind| matches!(kind, ValidationErrorKind::Required { .. })) {
        ViolationKind::MissingProperty
    } else {
        ViolationKind::Error
    }
}
