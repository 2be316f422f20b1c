//! Tables to documents: TSV and CSV as the original reads them (Python's `csv` module, excel dialect).

use dictionary::{Dictionary, NodeType, Property, ScalarType};
use serde_json::{Map, Number, Value, json};

use crate::{Error, python};

/// More columns than any dictionary has; beyond it the table is a mistake or an attack.
const MOST_COLUMNS: usize = 20_000;

/// The rows of a table as documents. Rows without a known `type` are left out, as the original does.
/// `separator` stands between the targets of one link cell.
///
/// # Errors
/// [`Error::BadRequest`] for an unclosed quote, NUL characters, more cells than columns, and link columns that
/// the row's type does not have.
pub(crate) fn parse(
    text: &str,
    delimiter: char,
    separator: char,
    dictionary: &Dictionary,
) -> Result<Vec<Value>, Error> {
    if text.contains('\0') {
        return Err(unreadable("the character U+0000 cannot be stored"));
    }
    // Trimmed as a whole first: trailing empty cells of the last row disappear, which counts as absent.
    let mut rows = Rows { rest: text.trim(), delimiter, line: 1 };
    let Some(header) = rows.next().transpose()? else { return Ok(Vec::new()) };
    if header.cells.len() > MOST_COLUMNS {
        return Err(unreadable("there are too many columns"));
    }
    let columns: Vec<Column> = header.cells.iter().map(|name| Column::of(name)).collect();
    let table = Table { text, columns, separator };
    let mut documents = Vec::new();
    for row in rows {
        let row = row?;
        if let Some(document) = table.document(&row, dictionary)? {
            documents.push(document);
        }
    }
    Ok(documents)
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::BadRequest(format!("Unable to parse document: {why}"))
}

/// A column of the header.
enum Column {
    Property(String),
    Link { name: String, key: String, whole: String },
}

impl Column {
    fn of(header: &str) -> Self {
        let header = header.trim().trim_start_matches('*');
        match header.split_once('.') {
            None => Self::Property(header.to_owned()),
            Some((name, key)) => {
                Self::Link { name: name.to_owned(), key: key.to_owned(), whole: header.to_owned() }
            }
        }
    }
}

struct Table<'a> {
    text: &'a str,
    columns: Vec<Column>,
    separator: char,
}

impl Table<'_> {
    fn document(&self, row: &Row, dictionary: &Dictionary) -> Result<Option<Value>, Error> {
        let type_column =
            self.columns.iter().position(|c| matches!(c, Column::Property(name) if name == "type"));
        let label = type_column.and_then(|position| row.cells.get(position)).map(|cell| cell.trim());
        let Some(node) = label.and_then(|label| dictionary.nodes.get(label)) else { return Ok(None) };
        if row.cells.len() > self.columns.len() {
            return Err(self.refuse("Row has more cells than the header", &[], row.line));
        }
        let mut document = Map::new();
        for (column, cell) in self.columns.iter().zip(&row.cells) {
            let cell = cell.trim();
            match column {
                Column::Property(name) if name == "type" => {
                    document.insert(name.clone(), json!(cell));
                }
                Column::Property(name) => {
                    document.insert(name.clone(), convert(node.properties.get(name), cell));
                }
                Column::Link { name, key, whole } => {
                    self.check_link(node, name, key, whole, row.line)?;
                    self.add_targets(&mut document, name, key, cell);
                }
            }
        }
        Ok(Some(Value::Object(document)))
    }

    fn check_link(
        &self,
        node: &NodeType,
        name: &str,
        key: &str,
        whole: &str,
        line: usize,
    ) -> Result<(), Error> {
        if name.is_empty() {
            return Err(self.refuse(&format!("Invalid link name: {whole}"), &[whole], line));
        }
        if key.is_empty() {
            return Err(self.refuse(&format!("Invalid link id: {whole}"), &[whole], line));
        }
        match node.is_link(name) {
            true => Ok(()),
            false => Err(unreadable(format!("{} has no link {name}", node.id))),
        }
    }

    fn add_targets(&self, document: &mut Map<String, Value>, name: &str, key: &str, cell: &str) {
        let entry = document.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(targets) = entry else { return };
        if is_null(cell) {
            return;
        }
        targets.extend(cell.split(self.separator).map(|target| json!({ key: target.trim() })));
    }

    fn refuse(&self, message: &str, columns: &[&str], line: usize) -> Error {
        /// Enough of the document to recognise it.
        const SHOWN: usize = 500;
        let shown: String = self.text.chars().take(SHOWN).collect();
        Error::BadRequest(format!(
            "Unable to parse doc '{shown}': [{{'message': {}, 'columns': {}, 'line': {line}}}]",
            python::repr_text(message),
            python::repr_list(columns.iter().copied()),
        ))
    }
}

fn is_null(cell: &str) -> bool {
    cell.is_empty() || cell == "null"
}

/// A cell as the property's type wants it; what does not fit stays text, for the schema to refuse.
fn convert(property: Option<&Property>, cell: &str) -> Value {
    if is_null(cell) {
        return Value::Null;
    }
    let text = || Value::String(cell.to_owned());
    let Some(property) = property else { return text() };
    match property.scalar {
        ScalarType::String => text(),
        ScalarType::Number => number(cell).unwrap_or_else(text),
        ScalarType::Integer => integer(cell).unwrap_or_else(text),
        ScalarType::Boolean => boolean(cell).unwrap_or_else(text),
        ScalarType::Array => {
            Value::Array(cell.split(',').map(|item| convert_item(property.items, item.trim())).collect())
        }
    }
}

fn convert_item(items: Option<ScalarType>, item: &str) -> Value {
    let text = || Value::String(item.to_owned());
    match items {
        Some(ScalarType::Integer) => truncated(item).unwrap_or_else(text),
        Some(ScalarType::Number) => float(item).unwrap_or_else(text),
        Some(ScalarType::Boolean) => {
            Value::Bool(["true", "t", "yes", "y"].contains(&item.to_ascii_lowercase().as_str()))
        }
        _ => text(),
    }
}

/// `5.0` and `1e3` become whole numbers.
fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| {
        let value = finite(text)?;
        match value.fract() == 0.0 {
            true => truncated(text),
            false => Number::from_f64(value).map(Value::Number),
        }
    })
}

fn float(text: &str) -> Option<Value> {
    Number::from_f64(finite(text)?).map(Value::Number)
}

fn integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let small = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
    small.ok().or_else(|| float(text))
}

fn truncated(text: &str) -> Option<Value> {
    let value = finite(text)?.trunc();
    // Exact in this range; beyond it the number stays a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in the exact range")]
        true => Some(Value::from(value as i64)),
        false => Number::from_f64(value).map(Value::Number),
    }
}

fn finite(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which JSON cannot hold.
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// A row with the line it begins in.
struct Row {
    cells: Vec<String>,
    line: usize,
}

/// Reads rows; blank lines are skipped.
struct Rows<'a> {
    rest: &'a str,
    delimiter: char,
    line: usize,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let row = self.read_row();
            match &row {
                Ok(row) if row.cells.iter().all(String::is_empty) && row.cells.len() == 1 => {}
                Ok(_) => return Some(row),
                Err(_) => {
                    self.rest = "";
                    return Some(row);
                }
            }
        }
    }
}

impl Rows<'_> {
    fn read_row(&mut self) -> Result<Row, Error> {
        let mut row = Row { cells: Vec::new(), line: self.line };
        loop {
            let cell = match self.rest.starts_with('"') {
                true => self.read_quoted()?,
                false => self.read_plain(),
            };
            row.cells.push(cell);
            let mut chars = self.rest.chars();
            match chars.next() {
                Some(c) if c == self.delimiter => self.rest = chars.as_str(),
                Some(c) => {
                    let after = chars.as_str();
                    self.rest = if c == '\r' { after.strip_prefix('\n').unwrap_or(after) } else { after };
                    self.line += 1;
                    return Ok(row);
                }
                None => return Ok(row),
            }
        }
    }

    /// Up to the next delimiter or line end.
    fn read_plain(&mut self) -> String {
        let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        self.rest = rest;
        cell.to_owned()
    }

    /// A quoted part, doubled quotes being one, and what stands between it and the delimiter.
    fn read_quoted(&mut self) -> Result<String, Error> {
        let (begin, mut cell) = (self.line, String::new());
        let mut rest = &self.rest[1..];
        loop {
            let Some(end) = rest.find('"') else {
                return Err(unreadable(format!("the quote that begins in line {begin} is not closed")));
            };
            let part = &rest[..end];
            self.line += part.matches('\n').count();
            cell.push_str(part);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        self.rest = rest;
        let tail = self.read_plain();
        cell.push_str(&tail);
        Ok(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tsv(text: &str) -> Vec<Value> {
        parse(text, '\t', ',', &crate::testing::dictionary()).unwrap()
    }

    fn refused(text: &str) -> String {
        parse(text, '\t', ',', &crate::testing::dictionary()).unwrap_err().to_string()
    }

    #[test]
    fn cells_become_what_the_property_says() {
        let rows = tsv("*type\tsubmitter_id\tage\tweight\tconsented\ttags\tstudies.submitter_id\r\n\
             case\tC1\t7\t5.0\tTrue\ta, b\tS1, S2\r\n\
             case\t C2 \t5.0\t1e3\t1\t\tnull\n");
        let expected = vec![
            json!({"type": "case", "submitter_id": "C1", "age": 7, "weight": 5, "consented": true, "tags": ["a", "b"],
                   "studies": [{"submitter_id": "S1"}, {"submitter_id": "S2"}]}),
            json!({"type": "case", "submitter_id": "C2", "age": "5.0", "weight": 1000, "consented": "1", "tags": null,
                   "studies": []}),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn trailing_cells_of_the_last_row_are_absent_and_others_null() {
        let rows = tsv("type\tsubmitter_id\tage\ncase\tC1\t\ncase\tC2\t\n");
        assert_eq!(rows[0], json!({"type": "case", "submitter_id": "C1", "age": null}));
        assert_eq!(rows[1], json!({"type": "case", "submitter_id": "C2"}));
    }

    #[test]
    fn quotes_hold_delimiters_newlines_and_doubled_quotes() {
        let rows = tsv("type\tsubmitter_id\ncase\t\"a\t\"\"b\"\"\nc\"\n\ncase\tx\"y\n");
        assert_eq!(rows[0]["submitter_id"], "a\t\"b\"\nc");
        assert_eq!(rows[1]["submitter_id"], "x\"y");
    }

    #[test]
    fn rows_without_a_known_type_are_left_out() {
        assert_eq!(tsv("type\tsubmitter_id\nnope\tx\n\ty\n"), Vec::<Value>::new());
        assert_eq!(tsv("submitter_id\nx\n"), Vec::<Value>::new());
        assert_eq!(tsv(""), Vec::<Value>::new());
    }

    #[test]
    fn broken_tables_are_refused_with_the_place() {
        assert_eq!(
            refused("type\tsubmitter_id\ncase\t\"C1\n"),
            "Unable to parse document: the quote that begins in line 2 is not closed"
        );
        assert_eq!(refused("type\tnope.id\ncase\tC1\n"), "Unable to parse document: case has no link nope");
        assert!(
            refused("type\t.id\ncase\tC1\n")
                .ends_with("[{'message': 'Invalid link name: .id', 'columns': ['.id'], 'line': 2}]")
        );
        assert!(refused("type\ncase\tC1\n").contains("Row has more cells than the header"));
        assert!(refused("type\0\n").contains("U+0000"));
    }

    #[test]
    fn whole_numbers_beyond_64_bits_become_floats() {
        assert_eq!(integer("12345678901234567890"), Some(json!(12_345_678_901_234_567_890_u64)));
        assert_eq!(integer("-1"), Some(json!(-1)));
        assert_eq!(integer("1.0"), None);
        assert_eq!(number("1e300"), Some(json!(1e300)));
        assert_eq!(number("nan"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "(type|case|\t|\n|\r|\"|,|#|\\.|\\*|studies\\.id|null|1e9|\\PC){0,40}") {
            let dictionary = crate::testing::dictionary();
            let _ = parse(&text, '\t', ',', &dictionary);
            let _ = parse(&text, ',', '#', &dictionary);
            let _ = crate::document::parse(crate::document::Format::Json, &text, &dictionary);
        }

        #[test]
        fn a_quoted_cell_is_read_as_it_was_written(text in "[a-z\t\n\",]{1,20}") {
            let quoted = text.replace('"', "\"\"");
            let rows = tsv(&format!("type\tsubmitter_id\tsex\ncase\t\"{quoted}\"\tfemale\n"));
            let expected = match text.trim() {
                "" | "null" => Value::Null,
                trimmed => json!(trimmed),
            };
            proptest::prop_assert_eq!(&rows[0]["submitter_id"], &expected);
        }
    }
}
