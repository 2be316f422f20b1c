//! Why a table that can be read must not be submitted: rows whose type is unknown, or nothing that is a row.

use crate::layout::Layout;

/// At most this many rows are named.
const MOST_NAMED: usize = 20;
/// At most this many characters of a wrong type are shown.
const MOST_SHOWN: usize = 60;

/// Rows that have no known type.
#[derive(Debug, Default)]
pub(crate) struct Untyped {
    count: usize,
    named: Vec<String>,
}

impl Untyped {
    /// The row in this line has the type `label`, which no dictionary entry has.
    pub(crate) fn add(&mut self, line: usize, label: &str) {
        self.count += 1;
        if self.named.len() < MOST_NAMED {
            let shown: String = label.chars().take(MOST_SHOWN).collect();
            self.named.push(match label {
                "" => format!("line {line} has no type"),
                _ if shown == label => format!("line {line} has the type {}", python::repr_text(label)),
                _ => format!("line {line} has a type that begins with {}", python::repr_text(&shown)),
            });
        }
    }

    /// The complaint about them, if there are any.
    pub(crate) fn complaint(&self) -> Option<String> {
        let more = match self.count - self.named.len() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let rows = self.named.join(", ");
        (self.count > 0).then(|| format!("Every row needs a node type of the dictionary: {rows}{more}"))
    }
}

/// What is wrong with a header that has no column `type`, or with a body that has none.
pub(crate) fn of_header(header: Option<&str>, layout: Layout) -> String {
    let Some(header) = header else { return "the body is empty".to_owned() };
    let own = char::from(layout.delimiter);
    let has_type = |delimiter: char, wanted: fn(&str) -> bool| {
        header.split(delimiter).any(|cell| wanted(cell.trim().trim_matches('"').trim_start_matches('*')))
    };
    let others = [
        ('\t', "tabs: send it as text/tab-separated-values"),
        (',', "commas: send it as text/csv"),
        (';', "semicolons: write it with commas (text/csv) or tabs (text/tab-separated-values)"),
        ('|', "the character |: write it with commas (text/csv) or tabs (text/tab-separated-values)"),
    ];
    if header.starts_with(['{', '[']) {
        return "the body looks like JSON: send it as application/json".to_owned();
    }
    let exact: fn(&str) -> bool = |cell| cell == "type";
    for (delimiter, remedy) in others.into_iter().filter(|(delimiter, _)| *delimiter != own) {
        if has_type(delimiter, exact) {
            return format!("the cells of the table are separated by {remedy}");
        }
    }
    if has_type(own, |cell| cell.eq_ignore_ascii_case("type")) {
        return "the column with the node types has to be called type, in small letters".to_owned();
    }
    "the first line has no column type, which says what each row is".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{CSV, TSV};

    #[test]
    fn a_header_without_type_is_explained() {
        let cases = [
            (TSV, "type,submitter_id", "separated by commas: send it as text/csv"),
            (TSV, "\"type\";\"x\"", "separated by semicolons"),
            (CSV, "*type\tsubmitter_id", "separated by tabs: send it as text/tab-separated-values"),
            (TSV, "[{\"type\": \"case\"}]", "looks like JSON"),
            (TSV, "Type\tsubmitter_id", "in small letters"),
            (CSV, "submitter_id,x", "has no column type"),
        ];
        for (layout, header, expected) in cases {
            let complaint = of_header(Some(header), layout);
            assert!(complaint.contains(expected), "{header}: {complaint}");
        }
    }

    #[test]
    fn rows_are_named_up_to_a_limit() {
        let mut untyped = Untyped::default();
        assert_eq!(untyped.complaint(), None);
        untyped.add(3, "smaple");
        untyped.add(4, "");
        let expected = "Every row needs a node type of the dictionary: line 3 has the type 'smaple', \
                        line 4 has no type";
        assert_eq!(untyped.complaint().as_deref(), Some(expected));
        (0..MOST_NAMED).for_each(|line| untyped.add(line, &"x".repeat(1000)));
        let complaint = untyped.complaint().unwrap();
        assert!(complaint.ends_with(", and 2 more") && complaint.len() < 3000, "{complaint}");
    }
}
