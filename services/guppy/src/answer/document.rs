//! Documents as they are.

use serde_json::{Map, Value};

/// Writes a document. Whole numbers have no fraction, as JavaScript writes them.
pub(crate) fn write_document(document: &Map<String, Value>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (position, (key, value)) in document.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut *out, key);
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(document) => write_document(document, out),
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0 && float.abs() < 1e21 {
                out.extend_from_slice(format!("{:.0}", float + 0.0).as_bytes());
            } else {
                let _ = serde_json::to_writer(out, value);
            }
        }
        value => {
            let _ = serde_json::to_writer(out, value);
        }
    }
}
