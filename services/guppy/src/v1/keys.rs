//! Keys of buckets as they are shown. Pure.

use search::Scalar;
use serde_json::{Value, json};

/// As JSON; null for documents without a value.
pub(super) fn key(key: Option<&Scalar>) -> Value {
    match key {
        None => Value::Null,
        Some(Scalar::Text(text)) => json!(text),
        Some(Scalar::Number(number)) => json!(number),
        Some(Scalar::Boolean(flag)) => json!(flag),
    }
}
