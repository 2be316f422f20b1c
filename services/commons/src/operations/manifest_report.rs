//! What has become of the rows of a manifest, as a file for who has sent it. Pure but for the file.

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, Write as _},
};

use indexclient::Written;
use serde_json::{Value, json};

/// A report that grows.
pub(super) struct Report {
    out: BufWriter<File>,
    counts: Counts,
}

/// How many rows have ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    created: u64,
    updated: u64,
    unchanged: u64,
    left: u64,
    refused: u64,
}

impl Report {
    /// # Errors
    /// When there is no room for a temporary file.
    pub(super) fn begin() -> io::Result<Self> {
        let mut out = BufWriter::new(tempfile::tempfile()?);
        out.write_all(b"row\tguid\toutcome\treason\n")?;
        Ok(Self { out, counts: Counts::default() })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&mut self, row: usize, guid: &str, written: &Written) -> io::Result<()> {
        let counts = &mut self.counts;
        let (count, outcome, reason) = match written {
            Written::Created => (&mut counts.created, "created", ""),
            Written::Updated => (&mut counts.updated, "updated", ""),
            Written::Unchanged => (&mut counts.unchanged, "unchanged", ""),
            Written::Left => (&mut counts.left, "left", "a row beside it was refused"),
            Written::Refused { detail, .. } => (&mut counts.refused, "refused", detail.as_str()),
        };
        *count += 1;
        // What would end a field or a line is a space.
        let field = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        writeln!(self.out, "{row}\t{}\t{outcome}\t{}", field(guid), field(reason))
    }

    /// The file, at its beginning, and the counts.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(self) -> io::Result<(File, Value)> {
        let Counts { created, updated, unchanged, left, refused } = self.counts;
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let counts = json!({
            "created": created, "updated": updated, "unchanged": unchanged, "left": left, "refused": refused,
        });
        Ok((file, counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_row() {
        let mut report = Report::begin().unwrap();
        let refused = Written::Refused { status: 401, detail: "no\tright".to_owned() };
        for (row, written) in [(1, Written::Created), (2, Written::Left), (3, refused)] {
            report.add(row, &format!("g{row}"), &written).unwrap();
        }
        let (file, counts) = report.finish().unwrap();
        assert_eq!(
            io::read_to_string(file).unwrap(),
            "row\tguid\toutcome\treason\n1\tg1\tcreated\t\n2\tg2\tleft\ta row beside it was refused\n\
             3\tg3\trefused\tno right\n"
        );
        assert_eq!(counts, json!({"created": 1, "updated": 0, "unchanged": 0, "left": 1, "refused": 1}));
    }
}
