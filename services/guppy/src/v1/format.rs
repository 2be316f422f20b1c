//! Forms of downloads. Pure.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::write_document;

/// The form of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Tsv,
    Csv,
    Json,
    Ndjson,
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    pub(super) fn begin(self, fields: &[String], out: &mut Vec<u8>) {
        match self {
            Self::Json => out.push(b'['),
            Self::Ndjson => {}
            Self::Tsv | Self::Csv => {
                let cells = fields.iter().map(String::clone);
                self.line(cells, out);
            }
        }
    }

    pub(super) fn row(self, fields: &[String], row: &Map<String, Value>, is_first: bool, out: &mut Vec<u8>) {
        match self {
            Self::Json => {
                out.extend_from_slice(if is_first { b"\n" } else { b",\n" });
                write_document(row, out);
            }
            Self::Ndjson => {
                write_document(row, out);
                out.push(b'\n');
            }
            Self::Tsv | Self::Csv => self.line(fields.iter().map(|field| cell(row, field)), out),
        }
    }

    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Json {
            out.extend_from_slice(b"\n]\n");
        }
    }

    fn line(self, cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
        let delimiter = if self == Self::Tsv { b'\t' } else { b',' };
        for (position, cell) in cells.enumerate() {
            if position > 0 {
                out.push(delimiter);
            }
            let is_plain =
                !cell.bytes().any(|byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r'));
            if is_plain {
                out.extend_from_slice(cell.as_bytes());
            } else {
                out.push(b'"');
                out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            }
        }
        out.push(b'\n');
    }
}

/// The cell of a field: a value as it is, and a list as JSON.
fn cell(row: &Map<String, Value>, field: &str) -> String {
    match found(row, field) {
        None | Some(Found::One(Value::Null)) => String::new(),
        Some(Found::One(Value::String(text))) => text.clone(),
        Some(Found::One(value)) => plain(value),
        Some(Found::Several(values)) => plain(&Value::Array(values)),
    }
}

fn plain(value: &Value) -> String {
    let mut document = Vec::new();
    // Numbers are written as in the other forms.
    write_document(&Map::from_iter([(String::new(), value.clone())]), &mut document);
    let text = String::from_utf8_lossy(&document);
    text.strip_prefix("{\"\":").and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned()
}

enum Found<'r> {
    One(&'r Value),
    /// From a list of objects.
    Several(Vec<Value>),
}

fn found<'r>(row: &'r Map<String, Value>, path: &str) -> Option<Found<'r>> {
    if let Some(value) = row.get(path) {
        return Some(Found::One(value));
    }
    let (first, rest) = path.split_once('.')?;
    match row.get(first)? {
        Value::Object(inner) => found(inner, rest),
        Value::Array(items) => {
            let values = items.iter().filter_map(Value::as_object).map(|item| match found(item, rest) {
                None => Value::Null,
                Some(Found::One(value)) => value.clone(),
                Some(Found::Several(values)) => Value::Array(values),
            });
            Some(Found::Several(values.collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format) -> String {
        let fields: Vec<String> = ["id", "age", "list", "visits.year"].map(str::to_owned).into();
        let rows = [
            json!({ "id": "a\tb", "age": 3.0, "list": ["x", "y"], "visits": [{ "year": 1 }, {}] }),
            json!({ "id": "say \"c\"" }),
        ];
        let mut out = Vec::new();
        format.begin(&fields, &mut out);
        for (position, row) in rows.iter().enumerate() {
            format.row(&fields, row.as_object().unwrap(), position == 0, &mut out);
        }
        format.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_form_has_its_lines() {
        assert_eq!(
            written(Format::Tsv),
            concat!(
                "id\tage\tlist\tvisits.year\n",
                "\"a\tb\"\t3\t\"[\"\"x\"\",\"\"y\"\"]\"\t[1,null]\n",
                "\"say \"\"c\"\"\"\t\t\t\n"
            )
        );
        assert!(written(Format::Csv).starts_with("id,age,list,visits.year\na\tb,3,"));
        let json: Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(json[1]["id"], "say \"c\"");
        assert_eq!(written(Format::Ndjson).lines().count(), 2);
    }
}
