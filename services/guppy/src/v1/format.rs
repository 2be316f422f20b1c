//! Forms of downloads. Pure.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    columns::{Column, Found, found, plain},
    parquet::{Table, TableError},
};
use crate::answer::write_document;

/// The form of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Tsv,
    Csv,
    Json,
    Ndjson,
    Parquet,
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

/// A download that is being written.
pub(super) enum Writer {
    Text { format: Format, columns: Vec<Column>, has_rows: bool },
    Table(Box<Table>),
}

impl Writer {
    /// One with its beginning.
    ///
    /// # Errors
    /// When the columns make no table.
    pub(super) fn begin(format: Format, columns: Vec<Column>, out: &mut Vec<u8>) -> Result<Self, TableError> {
        match format {
            Format::Parquet => return Ok(Self::Table(Box::new(Table::begin(columns, out)?))),
            Format::Json => out.push(b'['),
            Format::Ndjson => {}
            Format::Tsv | Format::Csv => line(format, columns.iter().map(|column| column.path.clone()), out),
        }
        Ok(Self::Text { format, columns, has_rows: false })
    }

    /// One more row, of which nothing may come out yet.
    ///
    /// # Errors
    /// When a value does not fit into its column.
    pub(super) fn row(&mut self, row: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), TableError> {
        match self {
            Self::Table(table) => return table.row(row, out),
            Self::Text { format: Format::Json, has_rows, .. } => {
                out.extend_from_slice(if *has_rows { b",\n" } else { b"\n" });
                write_document(row, out);
                *has_rows = true;
            }
            Self::Text { format: Format::Ndjson | Format::Parquet, .. } => {
                write_document(row, out);
                out.push(b'\n');
            }
            Self::Text { format, columns, .. } => {
                line(*format, columns.iter().map(|column| cell(row, &column.path)), out);
            }
        }
        Ok(())
    }

    /// What comes after the last row.
    ///
    /// # Errors
    /// When the table cannot be ended.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), TableError> {
        match self {
            Self::Table(table) => table.end(out),
            Self::Text { format: Format::Json, .. } => {
                out.extend_from_slice(b"\n]\n");
                Ok(())
            }
            Self::Text { .. } => Ok(()),
        }
    }
}

fn line(format: Format, cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
    let delimiter = if format == Format::Tsv { b'\t' } else { b',' };
    for (position, cell) in cells.enumerate() {
        if position > 0 {
            out.push(delimiter);
        }
        let is_plain = !cell.bytes().any(|byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r'));
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

/// The cell of a field: a value as it is, and a list as JSON.
fn cell(row: &Map<String, Value>, field: &str) -> String {
    match found(row, field) {
        None | Some(Found::One(Value::Null)) => String::new(),
        Some(Found::One(Value::String(text))) => text.clone(),
        Some(Found::One(value)) => plain(value),
        Some(Found::Several(values)) => plain(&Value::Array(values)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::columns::Kind, *};

    fn written(format: Format) -> String {
        let column = |path: &str| Column { path: path.to_owned(), kind: Kind::Text, is_list: false };
        let columns = ["id", "age", "list", "visits.year"].map(column).into();
        let rows = [
            json!({ "id": "a\tb", "age": 3.0, "list": ["x", "y"], "visits": [{ "year": 1 }, {}] }),
            json!({ "id": "say \"c\"" }),
        ];
        let mut out = Vec::new();
        let mut writer = Writer::begin(format, columns, &mut out).unwrap();
        for row in &rows {
            writer.row(row.as_object().unwrap(), &mut out).unwrap();
        }
        writer.end(&mut out).unwrap();
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
