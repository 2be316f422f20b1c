//! Leaf values as graphql-js takes them: strictly, and with a sentence for each that it does not take.

use serde_json::{Map, Number, Value};

use crate::{
    ast::Literal,
    dialect::Dialect,
    types::{Kind, Scalar, TypeDef},
};

/// Values of variables, coerced to their declared types.
pub(crate) type Variables = Map<String, Value>;

/// The value of a literal, or why it is none of the type.
pub(crate) fn literal_value<M>(
    def: &TypeDef<M>,
    literal: &Literal<'_>,
    variables: &Variables,
) -> Result<Value, String> {
    let told = || literal.to_string();
    match (&def.kind, literal) {
        (Kind::Scalar(Scalar::Int), Literal::Int(text)) => match text.parse::<i32>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(format!("Int cannot represent non 32-bit signed integer value: {text}")),
        },
        (Kind::Scalar(Scalar::Float), Literal::Int(text) | Literal::Float(text)) => {
            number(text).ok_or_else(|| refused(Scalar::Float, &told()))
        }
        (Kind::Scalar(Scalar::String | Scalar::Id), Literal::String(text)) => Ok(text.as_ref().into()),
        (Kind::Scalar(Scalar::Id), Literal::Int(text)) => Ok((*text).into()),
        (Kind::Scalar(Scalar::Boolean), Literal::Boolean(value)) => Ok((*value).into()),
        (Kind::Scalar(Scalar::Json), literal) => json_value(literal, variables).map_err(|word| {
            format!(
                "Expected value of type \"{}\", found {literal}; {} cannot represent value: {word}",
                def.name, def.name
            )
        }),
        (Kind::Scalar(scalar), _) => Err(refused(*scalar, &told())),
        (Kind::Enum(words), Literal::Enum(word)) => enum_value(&def.name, words, word),
        (Kind::Enum(words), _) => {
            let meant = meant(words, &told());
            Err(format!("Enum \"{}\" cannot represent non-enum value: {literal}.{meant}", def.name))
        }
        (Kind::Object { .. } | Kind::Interface { .. } | Kind::InputObject(_), _) => {
            Err(format!("Expected value of type \"{}\", found {literal}.", def.name))
        }
    }
}

/// A variable's value, or why it is none of the type.
pub(crate) fn sent_value<M>(def: &TypeDef<M>, value: &Value) -> Result<Value, String> {
    match (&def.kind, value) {
        (Kind::Scalar(Scalar::Json), value) => Ok(value.clone()),
        (Kind::Scalar(Scalar::Int), Value::Number(sent)) => {
            let whole = sent.as_f64().filter(|number| number.fract() == 0.0);
            let whole = whole.ok_or_else(|| refused(Scalar::Int, &shown(value)))?;
            if whole < f64::from(i32::MIN) || whole > f64::from(i32::MAX) {
                return Err(format!("Int cannot represent non 32-bit signed integer value: {sent}"));
            }
            Ok((whole as i32).into())
        }
        (Kind::Scalar(Scalar::Float), Value::Number(_))
        | (Kind::Scalar(Scalar::String | Scalar::Id), Value::String(_))
        | (Kind::Scalar(Scalar::Boolean), Value::Bool(_)) => Ok(value.clone()),
        (Kind::Scalar(Scalar::Id), Value::Number(number)) => Ok(number.to_string().into()),
        (Kind::Scalar(scalar), value) => Err(refused(*scalar, &shown(value))),
        (Kind::Enum(words), Value::String(word)) => enum_value(&def.name, words, word),
        (Kind::Enum(words), value) => {
            let (told, name) = (shown(value), &def.name);
            Err(format!("Enum \"{name}\" cannot represent non-string value: {told}.{}", meant(words, &told)))
        }
        (Kind::Object { .. } | Kind::Interface { .. } | Kind::InputObject(_), value) => {
            Err(format!("Expected type \"{}\" to be an object, found {}.", def.name, shown(value)))
        }
    }
}

fn refused(scalar: Scalar, told: &str) -> String {
    let what = match scalar {
        Scalar::Int => "Int cannot represent non-integer value",
        Scalar::Float => "Float cannot represent non numeric value",
        Scalar::String => "String cannot represent a non string value",
        Scalar::Boolean => "Boolean cannot represent a non boolean value",
        Scalar::Id => "ID cannot represent a non-string and non-integer value",
        Scalar::Json => "JSON cannot represent value",
    };
    format!("{what}: {told}")
}

fn enum_value(name: &str, words: &[String], word: &str) -> Result<Value, String> {
    if words.iter().any(|known| known == word) {
        return Ok(word.into());
    }
    Err(format!("Value \"{word}\" does not exist in \"{name}\" enum.{}", meant(words, word)))
}

fn meant(words: &[String], told: &str) -> String {
    Dialect::Js16.did_you_mean(told, words.iter().map(String::as_str), "the enum value ")
}

/// Any literal as JSON, or the first bare word in it. A variable without a value is absent from its object.
fn json_value(literal: &Literal<'_>, variables: &Variables) -> Result<Value, String> {
    Ok(match literal {
        Literal::Variable(name) => variables.get(*name).cloned().unwrap_or(Value::Null),
        Literal::Int(text) | Literal::Float(text) => number(text).ok_or_else(|| (*text).to_owned())?,
        Literal::String(text) => text.as_ref().into(),
        Literal::Boolean(value) => (*value).into(),
        Literal::Null => Value::Null,
        Literal::Enum(word) => return Err((*word).to_owned()),
        Literal::List(items) => {
            Value::Array(items.iter().map(|item| json_value(item, variables)).collect::<Result<_, _>>()?)
        }
        Literal::Object(fields) => {
            let mut object = Map::new();
            for (name, value) in fields {
                let absent = matches!(value, Literal::Variable(name) if !variables.contains_key(*name));
                if !absent {
                    object.insert((*name).to_owned(), json_value(value, variables)?);
                }
            }
            Value::Object(object)
        }
    })
}

/// At most this much of a value is shown in a message.
const SHOWN: usize = 200;

/// A value as JavaScript's inspection shows it.
pub(crate) fn shown(value: &Value) -> String {
    let mut text = match value {
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields = fields.iter().take(SHOWN).map(|(name, value)| format!("{name}: {value}"));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().take(SHOWN).map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    };
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// A number as JSON; `None` for one that no double can hold.
pub(crate) fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)).map(Value::Number)
}
