//! Checks literals and variables against types, in the words of the dialect, and coerces them to JSON values.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::{
    ast::{Literal, Type, VariableDefinition},
    dialect::Dialect,
    error::Problem,
    schema::Schema,
    strict::{self, Variables, number},
    types::{Inputs, Kind, Scalar, TypeRef},
};

/// At most this many problems of one value are told; a list may have a million.
const MOST_PROBLEMS: usize = 100;

impl<M> Schema<M> {
    /// What is wrong with `literal` as a value of `ty`.
    pub(crate) fn literal_problems(&self, ty: &TypeRef, literal: Option<&Literal<'_>>) -> Vec<String> {
        match (ty, literal) {
            (_, Some(Literal::Variable(_))) => Vec::new(),
            (TypeRef::NonNull(_), None | Some(Literal::Null)) => {
                let value = if self.dialect == Dialect::Js16 { "value of type " } else { "" };
                vec![format!("Expected {value}\"{ty}\", found null.")]
            }
            (TypeRef::NonNull(inner), literal) => self.literal_problems(inner, literal),
            (_, None | Some(Literal::Null)) => Vec::new(),
            (TypeRef::List(item), Some(Literal::List(values))) => {
                let problems = values.iter().enumerate().flat_map(|(position, value)| {
                    let problems = self.literal_problems(item, Some(value));
                    problems.into_iter().map(move |problem| match self.dialect {
                        Dialect::Core2 => format!("In element #{position}: {problem}"),
                        Dialect::Js16 => problem,
                    })
                });
                problems.take(MOST_PROBLEMS).collect()
            }
            (TypeRef::List(item), literal) => self.literal_problems(item, literal),
            (TypeRef::Named(name), Some(literal)) => self.named_literal_problems(name, literal),
            (TypeRef::Loose(name), Some(literal)) => match any_literal(literal) {
                Some(_) => Vec::new(),
                None => vec![unfit(name, literal)],
            },
        }
    }

    fn named_literal_problems(&self, name: &str, literal: &Literal<'_>) -> Vec<String> {
        let Kind::InputObject(inputs) = &self.def(name).kind else {
            if self.dialect == Dialect::Js16 {
                return strict::literal_value(self.def(name), literal, &Variables::new())
                    .err()
                    .into_iter()
                    .collect();
            }
            return match self.leaf_literal(name, literal) {
                Some(_) => Vec::new(),
                None => vec![unfit(name, literal)],
            };
        };
        let Literal::Object(fields) = literal else {
            return vec![format!("Expected \"{name}\", found not an object.")];
        };
        let unknown = fields.iter().filter(|(key, _)| !inputs.contains_key(*key));
        let mut problems: Vec<String> = unknown
            .take(MOST_PROBLEMS)
            .map(|(key, _)| format!("In field \"{key}\": Unknown field."))
            .collect();
        for (key, input) in inputs.iter() {
            let value = fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value);
            let found = self.literal_problems(&input.ty, value);
            problems.extend(found.into_iter().map(|problem| format!("In field \"{key}\": {problem}")));
        }
        problems
    }

    fn leaf_literal(&self, name: &str, literal: &Literal<'_>) -> Option<Value> {
        match (&self.def(name).kind, literal) {
            (Kind::Scalar(Scalar::Int), Literal::Int(text)) => text.parse::<i32>().ok().map(Value::from),
            (Kind::Scalar(Scalar::Float), Literal::Int(text) | Literal::Float(text)) => number(text),
            (Kind::Scalar(Scalar::String), Literal::String(text)) => Some(Value::from(text.as_ref())),
            (Kind::Scalar(Scalar::Boolean), Literal::Boolean(value)) => Some(Value::from(*value)),
            (Kind::Scalar(Scalar::Id), Literal::String(text)) => Some(Value::from(text.as_ref())),
            (Kind::Scalar(Scalar::Id), Literal::Int(text)) => Some(Value::from(*text)),
            (Kind::Enum(values), Literal::Enum(word)) => {
                values.iter().any(|v| v == word).then(|| Value::from(*word))
            }
            _ => None,
        }
    }

    /// The value of a literal without problems; `None` when it is a variable without a value, or needs one.
    pub(crate) fn coerce_literal(
        &self,
        ty: &TypeRef,
        literal: &Literal<'_>,
        variables: &Variables,
    ) -> Option<Value> {
        match (ty, literal) {
            (_, Literal::Variable(name)) => variables.get(*name).cloned(),
            (_, Literal::Null) => (self.dialect == Dialect::Js16).then_some(Value::Null),
            (TypeRef::NonNull(inner), literal) => self.coerce_literal(inner, literal, variables),
            (TypeRef::List(item), Literal::List(values)) => {
                let value = |value| self.coerce_literal(item, value, variables).unwrap_or(Value::Null);
                Some(Value::Array(values.iter().map(value).collect()))
            }
            (TypeRef::List(item), literal) => {
                Some(Value::Array(vec![self.coerce_literal(item, literal, variables)?]))
            }
            (TypeRef::Named(name), literal) => match &self.def(name).kind {
                Kind::InputObject(inputs) => {
                    let Literal::Object(fields) = literal else { return None };
                    let value = |(key, value): &(&str, Literal<'_>)| {
                        let ty = &inputs.get(*key)?.ty;
                        Some(((*key).to_owned(), self.coerce_literal(ty, value, variables)?))
                    };
                    Some(Value::Object(fields.iter().filter_map(value).collect()))
                }
                _ if self.dialect == Dialect::Js16 => {
                    strict::literal_value(self.def(name), literal, variables).ok()
                }
                _ => self.leaf_literal(name, literal),
            },
            (TypeRef::Loose(_), literal) => any_literal(literal),
        }
    }

    /// The type that `ty` names, if the schema has it.
    pub(crate) fn resolve(&self, ty: &Type<'_>) -> Option<TypeRef> {
        Some(match ty {
            Type::Named(name) => TypeRef::Named(self.get(name)?.name.clone()),
            Type::List(item) => TypeRef::List(Box::new(self.resolve(item)?)),
            Type::NonNull(inner) => TypeRef::NonNull(Box::new(self.resolve(inner)?)),
        })
    }

    /// Values for the variables that an operation declares, from what the request sends.
    ///
    /// # Errors
    /// Which variables are missing or do not fit their types; in the dialect of graphql-core only the first.
    pub(crate) fn coerce_variables(
        &self,
        definitions: &[VariableDefinition<'_>],
        sent: &Map<String, Value>,
    ) -> Result<Variables, Vec<Problem>> {
        match self.dialect {
            Dialect::Core2 => self.loose_variables(definitions, sent).map_err(|problem| vec![problem]),
            Dialect::Js16 => self.strict_variables(definitions, sent),
        }
    }

    fn strict_variables(
        &self,
        definitions: &[VariableDefinition<'_>],
        sent: &Map<String, Value>,
    ) -> Result<Variables, Vec<Problem>> {
        let (mut variables, mut problems) = (Variables::new(), Vec::new());
        for definition in definitions {
            let name = definition.name;
            let mut report = |message| problems.push(Problem { message, at: Some(definition.at) });
            let Some(ty) = self.resolve(&definition.ty) else {
                report(format!("Unknown type \"{}\".", definition.ty));
                continue;
            };
            let needed = matches!(ty, TypeRef::NonNull(_));
            match (sent.get(name), &definition.default) {
                (None, Some(default)) => {
                    let value = self.coerce_literal(&ty, default, &Variables::new());
                    variables.extend(value.map(|value| (name.to_owned(), value)));
                }
                (None, None) if needed => {
                    report(format!("Variable \"${name}\" of required type \"{ty}\" was not provided."));
                }
                (None, None) => {}
                (Some(Value::Null), _) if needed => {
                    report(format!("Variable \"${name}\" of non-null type \"{ty}\" must not be null."));
                }
                (Some(value), _) => {
                    let mut reasons = Vec::new();
                    let coerced = self.strict_value(&ty, value, &mut reasons);
                    let told = || strict::shown(value);
                    for reason in reasons {
                        report(format!("Variable \"${name}\" got invalid value {}; {reason}", told()));
                    }
                    variables.insert(name.to_owned(), coerced);
                }
            }
        }
        if problems.is_empty() { Ok(variables) } else { Err(problems) }
    }

    /// The value as one of its type, with what is wrong with it.
    fn strict_value(&self, ty: &TypeRef, value: &Value, reasons: &mut Vec<String>) -> Value {
        match (ty, value) {
            (TypeRef::NonNull(_), Value::Null) => {
                reasons.push(format!("Expected non-nullable type \"{ty}\" not to be null."));
                Value::Null
            }
            (_, Value::Null) => Value::Null,
            (TypeRef::NonNull(inner), value) => self.strict_value(inner, value, reasons),
            (TypeRef::List(item), Value::Array(values)) => {
                values.iter().map(|value| self.strict_value(item, value, reasons)).collect()
            }
            (TypeRef::List(item), value) => Value::Array(vec![self.strict_value(item, value, reasons)]),
            (TypeRef::Named(name) | TypeRef::Loose(name), value) => match (&self.def(name).kind, value) {
                (Kind::InputObject(inputs), Value::Object(_)) => {
                    reasons.extend(self.object_problems(name, inputs, value));
                    self.coerce_value(ty, value)
                }
                _ => strict::sent_value(self.def(name), value).unwrap_or_else(|reason| {
                    if reasons.len() < MOST_PROBLEMS {
                        reasons.push(reason);
                    }
                    Value::Null
                }),
            },
        }
    }

    fn loose_variables(
        &self,
        definitions: &[VariableDefinition<'_>],
        sent: &Map<String, Value>,
    ) -> Result<Variables, Problem> {
        let mut variables = Variables::new();
        for definition in definitions {
            let name = definition.name;
            let ty = self
                .resolve(&definition.ty)
                .ok_or_else(|| Problem::new(format!("Unknown type \"{}\".", definition.ty)))?;
            match sent.get(name).filter(|value| !value.is_null()) {
                Some(value) => {
                    let problems = self.value_problems(&ty, value);
                    if !problems.is_empty() {
                        let list = problems.join("\n");
                        return Err(Problem::new(format!(
                            "Variable \"${name}\" got invalid value {value}.\n{list}"
                        )));
                    }
                    variables.insert(name.to_owned(), self.coerce_value(&ty, value));
                }
                None if matches!(ty, TypeRef::NonNull(_)) => {
                    return Err(Problem::new(format!(
                        "Variable \"${name}\" of required type \"{ty}\" was not provided."
                    )));
                }
                None => {
                    let default = definition.default.as_ref();
                    if let Some(value) =
                        default.and_then(|literal| self.coerce_literal(&ty, literal, &Variables::new()))
                    {
                        variables.insert(name.to_owned(), value);
                    }
                }
            }
        }
        Ok(variables)
    }

    fn value_problems(&self, ty: &TypeRef, value: &Value) -> Vec<String> {
        match (ty, value) {
            (TypeRef::NonNull(_), Value::Null) => vec![format!("Expected \"{ty}\", found null.")],
            (TypeRef::NonNull(inner), value) => self.value_problems(inner, value),
            (_, Value::Null) => Vec::new(),
            (TypeRef::List(item), Value::Array(values)) => {
                let problems = values.iter().enumerate().flat_map(|(position, value)| {
                    let problems = self.value_problems(item, value);
                    problems.into_iter().map(move |problem| format!("In element #{position}: {problem}"))
                });
                problems.take(MOST_PROBLEMS).collect()
            }
            (TypeRef::List(item), value) => self.value_problems(item, value),
            (TypeRef::Named(name), value) => match &self.def(name).kind {
                Kind::InputObject(inputs) => self.object_problems(name, inputs, value),
                kind => match leaf_value(kind, value) {
                    Some(_) => Vec::new(),
                    None => vec![unfit(name, value)],
                },
            },
            (TypeRef::Loose(_), Value::String(_) | Value::Number(_) | Value::Bool(_)) => Vec::new(),
            (TypeRef::Loose(name), value) => vec![unfit(name, value)],
        }
    }

    fn object_problems(&self, name: &str, inputs: &Inputs, value: &Value) -> Vec<String> {
        let Value::Object(fields) = value else {
            return vec![format!("Expected \"{name}\", found not an object.")];
        };
        let unknown = fields.keys().filter(|key| !inputs.contains_key(*key));
        let mut problems: Vec<String> =
            unknown.take(MOST_PROBLEMS).map(|key| format!("In field \"{key}\": Unknown field.")).collect();
        problems.sort();
        for (key, input) in inputs.iter() {
            let found = self.value_problems(&input.ty, fields.get(key).unwrap_or(&Value::Null));
            problems.extend(found.into_iter().map(|problem| format!("In field \"{key}\": {problem}")));
        }
        problems
    }

    fn coerce_value(&self, ty: &TypeRef, value: &Value) -> Value {
        match (ty, value) {
            (_, Value::Null) => Value::Null,
            (TypeRef::NonNull(inner), value) => self.coerce_value(inner, value),
            (TypeRef::List(item), Value::Array(values)) => {
                values.iter().map(|value| self.coerce_value(item, value)).collect()
            }
            (TypeRef::List(item), value) => Value::Array(vec![self.coerce_value(item, value)]),
            (TypeRef::Named(name), value) => match (&self.def(name).kind, value) {
                (Kind::InputObject(inputs), Value::Object(fields)) => {
                    let known = fields.iter().filter(|(_, value)| !value.is_null());
                    let coerced = known.filter_map(|(key, value)| {
                        Some((key.clone(), self.coerce_value(&inputs.get(key)?.ty, value)))
                    });
                    Value::Object(coerced.collect())
                }
                (kind, value) => leaf_value(kind, value).unwrap_or(Value::Null),
            },
            (TypeRef::Loose(_), value) => value.clone(),
        }
    }
}

fn unfit(name: &str, value: &impl Display) -> String {
    format!("Expected type \"{name}\", found {value}.")
}

/// A literal of any scalar.
fn any_literal(literal: &Literal<'_>) -> Option<Value> {
    match literal {
        Literal::Int(text) | Literal::Float(text) => number(text),
        Literal::String(text) => Some(Value::from(text.as_ref())),
        Literal::Boolean(value) => Some(Value::from(*value)),
        _ => None,
    }
}

/// A variable's value as a leaf. Strings are read as numbers where numbers are wanted, as in Python.
fn leaf_value(kind: &Kind<impl Sized>, value: &Value) -> Option<Value> {
    match (kind, value) {
        (Kind::Scalar(Scalar::Int), Value::Number(n)) => {
            let whole = n.as_i64().or_else(|| n.as_f64().map(|float| float.trunc() as i64))?;
            i32::try_from(whole).ok().map(Value::from)
        }
        (Kind::Scalar(Scalar::Int), Value::String(text)) => text.trim().parse::<i32>().ok().map(Value::from),
        (Kind::Scalar(Scalar::Int), Value::Bool(value)) => Some(Value::from(i32::from(*value))),
        (Kind::Scalar(Scalar::Float), Value::Number(_)) => Some(value.clone()),
        (Kind::Scalar(Scalar::Float), Value::String(text)) => number(text.trim()),
        (Kind::Scalar(Scalar::String | Scalar::Id), Value::String(_)) => Some(value.clone()),
        (Kind::Scalar(Scalar::String | Scalar::Id), Value::Number(_) | Value::Bool(_)) => {
            Some(value.to_string().into())
        }
        (Kind::Scalar(Scalar::Boolean), Value::Bool(_)) => Some(value.clone()),
        (Kind::Enum(values), Value::String(word)) => values.contains(word).then(|| value.clone()),
        _ => None,
    }
}
