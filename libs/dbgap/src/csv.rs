//! Tables with commas, as Python's `csv.DictReader` reads them with `skipinitialspace`.

use indexmap::IndexMap;

/// Why a text is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quoted cell does not end.
    #[error("the quoted cell that begins in line {0} does not end")]
    OpenQuote(usize),
    /// The heading lacks a column.
    #[error("line 1: the table has no column `{0}`")]
    NoColumn(&'static str),
}

/// One row below the heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line in which it begins; the first has the number 1.
    pub(crate) line: usize,
    cells: IndexMap<String, String>,
}

impl Row {
    /// The cell of a column; a cell that is not there is empty.
    pub(crate) fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", |cell| cell.trim())
    }

    /// Whether the table has the column, and the row is long enough.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.cells.contains_key(column)
    }
}

/// Reads a table whose heading has all of `wanted`.
pub(crate) fn read(text: &str, wanted: &[&'static str]) -> Result<Vec<Row>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Reader { rest: text, line: 1 };
    let Some((_, heading)) = lines.row()? else { return Ok(Vec::new()) };
    let heading: Vec<String> = heading.iter().map(|name| name.trim().to_owned()).collect();
    if let Some(missing) = wanted.iter().find(|name| !heading.iter().any(|known| known == **name)) {
        return Err(CsvError::NoColumn(missing));
    }
    let mut rows = Vec::new();
    while let Some((line, cells)) = lines.row()? {
        // What is longer than the heading is in no column.
        rows.push(Row { line, cells: heading.iter().cloned().zip(cells).collect() });
    }
    Ok(rows)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// The next row that is not blank, and the line in which it begins.
    fn row(&mut self) -> Result<Option<(usize, Vec<String>)>, CsvError> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let line = self.line;
            let cells = self.cells()?;
            if cells.len() > 1 || !cells[0].is_empty() {
                return Ok(Some((line, cells)));
            }
        }
    }

    /// The cells up to the end of the line; at least one.
    fn cells(&mut self) -> Result<Vec<String>, CsvError> {
        let mut cells = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            let mut cell = String::new();
            if let Some(quoted) = self.rest.strip_prefix('"') {
                self.rest = quoted;
                self.quoted(&mut cell)?;
            }
            let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at(end);
            cell.push_str(plain);
            cells.push(cell);
            if let Some(rest) = rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            self.rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])).unwrap_or(rest);
            self.line += 1;
            return Ok(cells);
        }
    }

    /// The rest of a quoted cell, in which a doubled quote is a quote.
    fn quoted(&mut self, cell: &mut String) -> Result<(), CsvError> {
        let begin = self.line;
        loop {
            let end = self.rest.find('"').ok_or(CsvError::OpenQuote(begin))?;
            let (inside, rest) = self.rest.split_at(end);
            cell.push_str(inside);
            self.line += inside.matches('\n').count();
            self.rest = &rest[1..];
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    cell.push('"');
                    self.rest = rest;
                }
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_blanks_and_short_rows_are_read_as_python_reads_them() {
        let text = "\u{feff}user name, login,phsid\r\n\"Doe, \"\"J\"\"\nX\", ada , phs1\r\n\nbob\n";
        let rows = read(text, &["login"]).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].get("user name"), rows[0].get("login")), ("Doe, \"J\"\nX", "ada"));
        assert_eq!((rows[0].line, rows[1].line), (2, 5));
        assert_eq!((rows[1].get("user name"), rows[1].get("login")), ("bob", ""));
        assert!(rows[0].has("phsid") && !rows[1].has("phsid"));
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_line() {
        assert_eq!(read("a,login\n\"x", &["login"]), Err(CsvError::OpenQuote(2)));
        assert_eq!(read("<html>", &["login"]), Err(CsvError::NoColumn("login")));
        assert_eq!(read("", &["login"]), Ok(Vec::new()));
    }
}
