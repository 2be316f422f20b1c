//! From tables to documents: TSV and CSV as the original reads them.

use std::{io::Read, ops::ControlFlow};

use dictionary::Dictionary;
use serde_json::Value;

use crate::{
    complaints,
    fault::Fault,
    input::{Input, nul},
    layout::Layout,
    records::Table,
    rows::{Row, Rows},
};

/// The rows of a table as documents. The result says why they must not be submitted, if that is so: a row has
/// no known type, or there is no row.
///
/// # Errors
/// [`Fault::Unreadable`] for an unclosed quote, NUL characters, columns that stand twice, cells without a
/// column, lists in brackets that are not JSON, and link columns that the row's type does not have.
pub(crate) fn read(
    source: impl Read,
    layout: Layout,
    dictionary: &Dictionary,
    each: &mut impl FnMut(Value) -> ControlFlow<()>,
) -> Result<Option<String>, Fault> {
    let mut input = Input::new(source)?;
    let head = input.head();
    input.skip_blanks()?;
    let mut rows = Rows::new(input, layout.delimiter);
    let mut reading = Reading { layout, dictionary, head, table: None, count: 0, each };
    match reading.run(&mut rows) {
        Err(Fault::Unreadable(_)) if rows.input.has_nul() => Err(nul()),
        outcome => outcome.map(|()| reading.complaint()),
    }
}

/// The work on one table.
struct Reading<'a, F> {
    layout: Layout,
    dictionary: &'a Dictionary,
    head: String,
    /// Known once the header has been read.
    table: Option<Table<'a>>,
    /// The number of documents so far.
    count: usize,
    each: &'a mut F,
}

impl<F: FnMut(Value) -> ControlFlow<()>> Reading<'_, F> {
    /// Blank rows do not count.
    fn run(&mut self, rows: &mut Rows<impl Read>) -> Result<(), Fault> {
        let mut row = Row::default();
        while rows.next(&mut row)? {
            if !row.is_blank() && self.take(&row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, row: &Row) -> Result<ControlFlow<()>, Fault> {
        let Some(table) = &mut self.table else {
            self.table = Some(Table::of(row, self.layout, self.head.clone())?);
            return Ok(ControlFlow::Continue(()));
        };
        let Some(document) = table.document(row, self.dictionary)? else {
            return Ok(ControlFlow::Continue(()));
        };
        self.count += 1;
        Ok((self.each)(document))
    }

    fn complaint(&self) -> Option<String> {
        let untyped = self.table.as_ref().and_then(|table| table.untyped.complaint());
        if self.count > 0 {
            return untyped;
        }
        let why = untyped.or_else(|| {
            let table = self.table.as_ref();
            if table.is_some_and(|table| table.type_column.is_some()) {
                return Some("there is no row below the names of the columns".to_owned());
            }
            let header = table.and_then(|_| self.head.trim().lines().next());
            Some(complaints::of_header(header, self.layout))
        });
        why.map(|why| format!("Nothing to submit: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Format, MOST_COLUMNS, parse, tests::dictionary};

    fn tsv(text: &str) -> Vec<Value> {
        parse(Format::Tsv, text, &dictionary()).unwrap().documents
    }

    fn complaint(format: Format, text: &str) -> String {
        parse(format, text, &dictionary()).unwrap().complaint.unwrap_or_default()
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
            json!({"type": "case", "submitter_id": "C2", "age": 5, "weight": 1000, "consented": "1",
                   "tags": null, "studies": []}),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn blank_cells_are_null_in_every_row_and_missing_ones_absent() {
        let rows = tsv("type\tsubmitter_id\tage\ncase\tC1\t\ncase\tC2\t\n");
        assert_eq!(rows[0], json!({"type": "case", "submitter_id": "C1", "age": null}));
        assert_eq!(rows[1], json!({"type": "case", "submitter_id": "C2", "age": null}));
        let rows = tsv("type\tsubmitter_id\tage\ncase\tC1\ncase\tC2");
        assert_eq!(rows[1], json!({"type": "case", "submitter_id": "C2"}));
    }

    #[test]
    fn quotes_hold_delimiters_newlines_and_doubled_quotes() {
        let rows = tsv("type\tsubmitter_id\ncase\t\"a\t\"\"b\"\"\nc\"\n\ncase\tx\"y\n");
        assert_eq!(rows[0]["submitter_id"], "a\t\"b\"\nc");
        assert_eq!(rows[1]["submitter_id"], "x\"y");
    }

    #[test]
    fn rows_without_a_known_type_are_complained_of_with_their_lines() {
        let text = "type\tsubmitter_id\ncase\tC1\nnope\tx\n\ty\n\t\ncase\tC2\n";
        assert_eq!(tsv(text).len(), 2);
        let expected = "Every row needs a node type of the dictionary: line 3 has the type 'nope', line 4 \
                        has no type";
        assert_eq!(complaint(Format::Tsv, text), expected);
        assert_eq!(complaint(Format::Csv, &text.replace('\t', ",")), expected);
        assert_eq!(complaint(Format::Tsv, "type\tsubmitter_id\ncase\tC1\n\t\n"), "");
    }

    #[test]
    fn a_table_without_rows_is_complained_of_with_the_cause() {
        let cases = [
            ("", "the body is empty"),
            ("type\tsubmitter_id\n", "there is no row below"),
            ("type,submitter_id\ncase,C\n", "separated by commas"),
            ("submitter_id\nx\n", "has no column type"),
            ("type\tsubmitter_id\nnope\tx\n", "line 2 has the type 'nope'"),
        ];
        for (text, cause) in cases {
            let complaint = complaint(Format::Tsv, text);
            assert!(complaint.starts_with("Nothing to submit: ") && complaint.contains(cause), "{complaint}");
        }
    }

    #[test]
    fn columns_have_one_name_each_or_none() {
        assert!(
            refused("type\tage\t*age\ncase\t1\t2\n")
                .contains("'A column stands more than once', 'columns': ['age'], 'line': 1")
        );
        assert!(refused("type\tstudies.id\tstudies.id\ncase\t1\t2\n").contains("['studies.id']"));
        assert_eq!(tsv("type\t\tage\t\ncase\t\t5\t \n"), [json!({"type": "case", "age": 5})]);
        assert!(refused("\ttype\tage\n0\tcase\t5\n").contains("column without a name"));
    }

    #[test]
    fn a_byte_order_mark_does_not_count() {
        assert_eq!(tsv("\u{feff}type\tage\ncase\t5\n"), [json!({"type": "case", "age": 5})]);
        assert_eq!(tsv("\u{feff}\"type\"\tage\ncase\t5\n"), [json!({"type": "case", "age": 5})]);
    }

    #[test]
    fn a_list_that_only_looks_like_one_is_refused() {
        let message = refused("type\ttags\ncase\t['a', 'b']\n");
        assert!(message.contains("has to be JSON") && message.ends_with("'columns': ['tags'], 'line': 2}]"));
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
    fn blanks_around_and_beside_the_rows_do_not_count() {
        let rows = tsv("\u{a0}\n type\tsubmitter_id\tage\ncase\tC1\t\n\t\t\n\u{2003}\t\n");
        assert_eq!(rows, vec![json!({"type": "case", "submitter_id": "C1", "age": null})]);
        let rows = tsv("type\tsubmitter_id\ncase\tC1\t\t\t\t\ncase\tC2\t \t\n");
        assert_eq!(rows[1], json!({"type": "case", "submitter_id": "C2"}));
        assert!(refused("type\tsubmitter_id\ncase\tC1\t\tx\ncase\tC2\n").contains("more cells"));
    }

    #[test]
    fn tables_beyond_the_limits_are_refused() {
        let wide = "x\t".repeat(MOST_COLUMNS) + "y\n1\n";
        assert_eq!(refused(&wide), "Unable to parse document: there are too many columns");
        let long = format!("type\t{}\ncase\tC1\n", "x".repeat(crate::LONGEST_HEADER));
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
        let wide = format!("type\tsubmitter_id\ncase\tC{}x\ncase\tD\n", "\t".repeat(3 * MOST_COLUMNS));
        assert!(refused(&wide).contains("Row has more cells than the header"));
        let wide = format!("type\tsubmitter_id\ncase\tC{}\n", "\t".repeat(3 * MOST_COLUMNS));
        assert_eq!(tsv(&wide), vec![json!({"type": "case", "submitter_id": "C"})]);
        let large = format!("type\tsubmitter_id\ncase\t{}\n", "x".repeat(crate::LARGEST_CELL + 1));
        assert_eq!(
            refused(&large),
            "Unable to parse document: a cell in line 2 is larger than 8388608 bytes"
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
                let trickled =
                    outcome.map(|complaint| crate::Parsed { documents, complaint });
                let trickled = trickled.map_err(|fault| fault.to_string());
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
