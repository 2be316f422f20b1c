//! From tables to documents: TSV and CSV as the original reads them.

use std::{io::Read, ops::ControlFlow};

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use crate::{
    cells::{convert, is_null},
    fault::Fault,
    input::{Input, nul, unreadable},
    limits::{LONGEST_HEADER, LONGEST_LINK, MOST_COLUMNS, MOST_TARGETS},
    rows::{Row, Rows},
};

/// The separators of a format.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Between cells.
    delimiter: u8,
    /// Between the targets of one link cell.
    separator: char,
}

pub(crate) const TSV: Layout = Layout { delimiter: b'\t', separator: ',' };
pub(crate) const CSV: Layout = Layout { delimiter: b',', separator: '#' };

/// The rows of a table as documents. Rows without a known `type` are left out, as the original does.
///
/// # Errors
/// [`Fault::Unreadable`] for an unclosed quote, NUL characters, more cells than columns, and link columns
/// that the row's type does not have.
pub(crate) fn read(
    source: impl Read,
    layout: Layout,
    dictionary: &Dictionary,
    each: &mut impl FnMut(Value) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut input = Input::new(source)?;
    let head = input.head();
    // The document is trimmed as a whole first.
    input.skip_whitespace()?;
    let mut rows = Rows::new(input, layout.delimiter);
    let mut reading = Reading { layout, dictionary, head, table: None, each };
    match reading.run(&mut rows) {
        Err(Fault::Unreadable(_)) if rows.input.has_nul() => Err(nul()),
        outcome => outcome,
    }
}

/// The work on one table.
struct Reading<'a, F> {
    layout: Layout,
    dictionary: &'a Dictionary,
    head: String,
    /// Known once the header has been read.
    table: Option<Table>,
    each: &'a mut F,
}

impl<F: FnMut(Value) -> ControlFlow<()>> Reading<'_, F> {
    /// Hands out each row when the next one has been read, because empty cells at the end of the last row are
    /// trimmed and so count as absent. Blank rows may follow the last one; elsewhere they have no type.
    fn run(&mut self, rows: &mut Rows<impl Read>) -> Result<(), Fault> {
        let (mut row, mut next) = (Row::default(), Row::default());
        let mut is_waiting = false;
        loop {
            match rows.next(&mut next) {
                Ok(true) if next.is_empty() || self.layout.delimiter == b'\t' && next.is_blank() => continue,
                Ok(false) => break,
                Ok(true) if !is_waiting => is_waiting = true,
                Ok(true) if self.take(&row)?.is_break() => return Ok(()),
                Ok(true) => {}
                Err(fault) => {
                    if is_waiting {
                        let _ = self.take(&row)?;
                    }
                    return Err(fault);
                }
            }
            std::mem::swap(&mut row, &mut next);
        }
        if is_waiting {
            if self.layout.delimiter == b'\t' {
                row.trim_end();
            }
            let _ = self.take(&row)?;
        }
        Ok(())
    }

    fn take(&mut self, row: &Row) -> Result<ControlFlow<()>, Fault> {
        let Some(table) = &self.table else {
            self.table = Some(Table::of(row, self.layout.separator, std::mem::take(&mut self.head))?);
            return Ok(ControlFlow::Continue(()));
        };
        let document = table.document(row, self.dictionary)?;
        Ok(document.map_or(ControlFlow::Continue(()), |document| (self.each)(document)))
    }
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

struct Table {
    columns: Vec<Column>,
    /// Where the type stands.
    type_column: Option<usize>,
    separator: char,
    /// The beginning of the text.
    head: String,
}

impl Table {
    fn of(header: &Row, separator: char, head: String) -> Result<Self, Fault> {
        if header.len() > MOST_COLUMNS {
            return Err(unreadable("there are too many columns"));
        }
        if header.bytes() > LONGEST_HEADER {
            return Err(unreadable(format!(
                "the names of the columns have more than {LONGEST_HEADER} bytes"
            )));
        }
        let columns: Vec<Column> = header.cells()?.into_iter().map(Column::of).collect();
        let is_long =
            |column: &Column| matches!(column, Column::Link { whole, .. } if whole.len() > LONGEST_LINK);
        if columns.iter().any(is_long) {
            return Err(unreadable(format!("the name of a link column has more than {LONGEST_LINK} bytes")));
        }
        let type_column = columns.iter().position(|c| matches!(c, Column::Property(name) if name == "type"));
        Ok(Self { columns, type_column, separator, head })
    }

    fn document(&self, row: &Row, dictionary: &Dictionary) -> Result<Option<Value>, Fault> {
        let cells = row.cells()?;
        let label = self.type_column.and_then(|position| cells.get(position)).map(|cell| cell.trim());
        let Some(node) = label.and_then(|label| dictionary.nodes.get(label)) else { return Ok(None) };
        if row.len() > self.columns.len() {
            return Err(self.refuse("Row has more cells than the header", &[], row.line));
        }
        let mut document = Map::new();
        for (column, cell) in self.columns.iter().zip(&cells) {
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
                    if cell.matches(self.separator).count() >= MOST_TARGETS {
                        let message = format!("A link has more than {MOST_TARGETS} targets");
                        return Err(self.refuse(&message, &[whole], row.line));
                    }
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
    ) -> Result<(), Fault> {
        if name.is_empty() {
            return Err(self.refuse(&format!("Invalid link name: {whole}"), &[whole], line));
        }
        if key.is_empty() {
            return Err(self.refuse(&format!("Invalid link id: {whole}"), &[whole], line));
        }
        if !node.is_link(name) {
            return Err(unreadable(format!("{} has no link {name}", node.id)));
        }
        Ok(())
    }

    fn add_targets(&self, document: &mut Map<String, Value>, name: &str, key: &str, cell: &str) {
        let entry = document.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(targets) = entry else { return };
        if is_null(cell) {
            return;
        }
        targets.extend(cell.split(self.separator).map(|target| json!({ key: target.trim() })));
    }

    fn refuse(&self, message: &str, columns: &[&str], line: usize) -> Fault {
        Fault::Unreadable(format!(
            "Unable to parse doc '{}': [{{'message': {}, 'columns': {}, 'line': {line}}}]",
            self.head,
            python::repr_text(message),
            python::repr_list(columns.iter().copied()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, parse, tests::dictionary};

    fn tsv(text: &str) -> Vec<Value> {
        parse(Format::Tsv, text, &dictionary()).unwrap()
    }

    fn refused(text: &str) -> String {
        parse(Format::Tsv, text, &dictionary()).unwrap_err().to_string()
    }

    #[test]
    fn cells_become_what_the_property_says() {
        let rows = tsv("*type\tsubmitter_id\tage\tweight\tconsented\ttags\tstudies.submitter_id\r\n\
             case\tC1\t7\t5.0\tTrue\ta, b\tS1, S2\r\n\
             case\t C2 \t5.0\t1e3\t1\t\tnull\n");
        let expected = vec![
            json!({"type": "case", "submitter_id": "C1", "age": 7, "weight": 5, "consented": true,
                   "tags": ["a", "b"], "studies": [{"submitter_id": "S1"}, {"submitter_id": "S2"}]}),
            json!({"type": "case", "submitter_id": "C2", "age": "5.0", "weight": 1000, "consented": "1",
                   "tags": null, "studies": []}),
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
    fn the_first_fault_wins_but_a_nul_character_anywhere_comes_before_it() {
        let unclosed = "type\tnope.id\ncase\tC1\ncase\t\"C1\n";
        assert_eq!(refused(unclosed), "Unable to parse document: case has no link nope");
        assert!(refused(&format!("{unclosed}{}\0", "x".repeat(100_000))).contains("U+0000"));
    }

    #[test]
    fn a_row_is_the_last_one_if_only_blanks_follow() {
        let rows = tsv("\u{a0}\n type\tsubmitter_id\tage\ncase\tC1\t\n\t\t\n\u{2003}\t\n");
        assert_eq!(rows, vec![json!({"type": "case", "submitter_id": "C1"})]);
        let rows = tsv("type\tsubmitter_id\tage\ncase\tC1\t\t\t\t\n");
        assert_eq!(rows, vec![json!({"type": "case", "submitter_id": "C1"})]);
        assert!(refused("type\tsubmitter_id\ncase\tC1\t\t\ncase\tC2\n").contains("more cells"));
    }

    #[test]
    fn tables_beyond_the_limits_are_refused() {
        let wide = "x\t".repeat(MOST_COLUMNS) + "y\n1\n";
        assert_eq!(refused(&wide), "Unable to parse document: there are too many columns");
        let long = format!("type\t{}\ncase\tC1\n", "x".repeat(LONGEST_HEADER));
        assert_eq!(
            refused(&long),
            "Unable to parse document: the names of the columns have more than 262144 bytes"
        );
        let long = format!("type\tstudies.{}\ncase\tS\n", "x".repeat(crate::LONGEST_LINK));
        assert_eq!(
            refused(&long),
            "Unable to parse document: the name of a link column has more than 1000 bytes"
        );
        let many = format!("type\tstudies.id\ncase\tS{}\n", ",".repeat(crate::MOST_TARGETS));
        assert!(refused(&many).contains("A link has more than 100000 targets"));
        let wide = format!("type\tsubmitter_id\ncase\tC{}\ncase\tD\n", "\t".repeat(3 * MOST_COLUMNS));
        assert!(refused(&wide).contains("Row has more cells than the header"));
        let wide = format!("type\tsubmitter_id\ncase\tC{}\n", "\t".repeat(3 * MOST_COLUMNS));
        assert_eq!(tsv(&wide), vec![json!({"type": "case", "submitter_id": "C"})]);
        let large = format!("type\tsubmitter_id\ncase\t{}\n", "x".repeat(crate::LARGEST_CELL + 1));
        assert_eq!(
            refused(&large),
            "Unable to parse document: a cell in line 2 is larger than 33554432 bytes"
        );
    }

    /// A source that gives one byte at a time.
    struct Trickle<'a>(&'a [u8]);

    impl std::io::Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            self.0 = rest;
            buffer[0] = *first;
            Ok(1)
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic_or_depends_on_how_it_arrives(
            text in "(type|case|\t|\n|\r|\"|,|#|\\.|\\*|studies\\.id|null|1e9|\\PC){0,40}",
        ) {
            let dictionary = dictionary();
            for format in [Format::Tsv, Format::Csv, Format::Json] {
                let whole = parse(format, &text, &dictionary).map_err(|fault| fault.to_string());
                let mut documents = Vec::new();
                let outcome = crate::read(format, Trickle(text.as_bytes()), &dictionary, |document| {
                    documents.push(document);
                    ControlFlow::Continue(())
                });
                let trickled = outcome.map(|()| documents).map_err(|fault| fault.to_string());
                proptest::prop_assert_eq!(whole.is_ok(), trickled.is_ok());
                if format != Format::Json || whole.is_ok() {
                    proptest::prop_assert_eq!(whole, trickled);
                }
            }
        }

        #[test]
        fn bytes_that_are_no_text_are_refused(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60),
        ) {
            let dictionary = dictionary();
            let all = [b"type\tsubmitter_id\ncase\t".as_slice(), &bytes, b"\ncase\tx"].concat();
            for format in [Format::Tsv, Format::Csv, Format::Json] {
                let _ = crate::read(format, all.as_slice(), &dictionary, |_| ControlFlow::Continue(()));
            }
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
