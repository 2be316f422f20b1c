//! Reading manifests, a row at a time.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek as _, SeekFrom},
    path::Path,
};

use anyhow::{Context as _, anyhow, bail};
use csv::StringRecord;
use serde_json::{Map, Value, json};

use super::{Format, Row, RowError, cell, columns::Column};
use crate::failure::Failure;

/// No row is longer than this.
const MAX_ROW: u64 = 1 << 20;
/// A list of objects is read as a whole, and must not be larger than this.
const MAX_JSON: u64 = 512 << 20;
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The rows of a manifest. Each is right or says what is wrong with it; an error in another place ends them.
pub(crate) struct Rows {
    source: Source,
    number: usize,
}

enum Source {
    Table { reader: Box<csv::Reader<File>>, columns: Vec<(String, Option<Column>)> },
    Lines(BufReader<File>),
    List(std::vec::IntoIter<Value>),
}

impl Rows {
    /// Opens a manifest.
    ///
    /// # Errors
    /// When it cannot be read, has no rows that could be meant, or lacks a column that every record needs.
    pub(crate) fn open(file: &Path, format: Option<Format>) -> anyhow::Result<Self> {
        let name = file.display();
        let format = format.or_else(|| Format::of(file)).ok_or_else(|| {
            Failure::Prerequisite(format!("{name}: say what it is with --format tsv, csv, json or ndjson"))
        })?;
        let opened = File::open(file).map_err(|error| Failure::Prerequisite(format!("{name}: {error}")))?;
        Self::of(opened, format, &name.to_string())
    }

    /// The rows of a file that is open, at its beginning, and is called `name`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn of(opened: File, format: Format, name: &str) -> anyhow::Result<Self> {
        let opened = behind_mark(opened).with_context(|| format!("{name} cannot be read"))?;
        let source = match format {
            Format::Tsv => table(opened, b'\t'),
            Format::Csv => table(opened, b','),
            Format::Ndjson => Ok(Source::Lines(BufReader::new(opened))),
            Format::Json => list(opened),
        };
        Ok(Self { source: source.with_context(|| format!("{name} is no manifest"))?, number: 0 })
    }
}

fn behind_mark(mut file: File) -> std::io::Result<File> {
    let mut first = [0; 3];
    let read = file.read(&mut first)?;
    if read < 3 || first != BYTE_ORDER_MARK {
        file.seek(SeekFrom::Start(0))?;
    }
    Ok(file)
}

fn table(file: File, delimiter: u8) -> anyhow::Result<Source> {
    let mut reader =
        Box::new(csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file));
    let columns: Vec<(String, Option<Column>)> =
        reader.headers()?.iter().map(|name| (name.trim().to_owned(), Column::of(name))).collect();
    for (index, (name, column)) in columns.iter().enumerate() {
        let again = columns.iter().take(index).find(|(_, other)| column.is_some() && other == column);
        if let (Some(column), Some((other, _))) = (column, again)
            && !column.adds_up()
        {
            bail!("the columns {other} and {name} mean the same; leave one of them out");
        }
    }
    let has =
        |wanted: fn(&Column) -> bool| columns.iter().any(|(_, column)| column.as_ref().is_some_and(wanted));
    let missing = [
        ("size", has(|column| *column == Column::Size)),
        ("md5", has(|column| matches!(column, Column::Hash(_)))),
        ("urls", has(|column| *column == Column::Urls)),
    ];
    let missing: Vec<&str> = missing.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        let found = columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        bail!("it has no column {}; its columns are: {found}", missing.join(", "));
    }
    Ok(Source::Table { reader, columns })
}

fn list(file: File) -> anyhow::Result<Source> {
    let length = file.metadata()?.len();
    if length > MAX_JSON {
        bail!("a list of {length} bytes is too large to be read at once; write an object a line (.ndjson)");
    }
    let value: Value = serde_json::from_reader(BufReader::new(file))?;
    match value {
        Value::Array(items) => Ok(Source::List(items.into_iter())),
        Value::Object(mut object) => match object.remove("files").or_else(|| object.remove("records")) {
            Some(Value::Array(items)) => Ok(Source::List(items.into_iter())),
            _ => Err(anyhow!("it is no list of objects")),
        },
        _ => Err(anyhow!("it is no list of objects")),
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<Result<Row, RowError>>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.number + 1;
        let read = match &mut self.source {
            Source::Table { reader, columns } => {
                let mut cells = StringRecord::new();
                match reader.read_record(&mut cells) {
                    Ok(false) => return None,
                    Ok(true) => of_cells(number, columns, &cells),
                    Err(error) => match error.kind() {
                        csv::ErrorKind::Utf8 { err, .. } => Err(RowError {
                            row: number,
                            column: columns.get(err.field()).map(|(name, _)| name.clone()),
                            reason: "it is not UTF-8; save the manifest as UTF-8".to_owned(),
                        }),
                        _ => return Some(Err(error.into())),
                    },
                }
            }
            Source::Lines(reader) => match line(reader) {
                Ok(None) => return None,
                Ok(Some(line)) => of_line(number, &line),
                Err(error) => return Some(Err(error)),
            },
            Source::List(items) => of_value(number, items.next()?),
        };
        self.number = number;
        Some(Ok(read.and_then(completed)))
    }
}

/// The next line that is not blank.
fn line(reader: &mut BufReader<File>) -> anyhow::Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(MAX_ROW + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if u64::try_from(read).unwrap_or(u64::MAX) > MAX_ROW {
            bail!("a line is longer than {MAX_ROW} bytes");
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line));
        }
    }
}

fn of_cells(
    number: usize,
    columns: &[(String, Option<Column>)],
    cells: &StringRecord,
) -> Result<Row, RowError> {
    let mut record = Map::new();
    if cells.len() > columns.len() {
        let reason = format!("it has {} cells, and the head has {}", cells.len(), columns.len());
        return Err(RowError { row: number, column: None, reason });
    }
    for ((name, column), text) in columns.iter().zip(cells) {
        if let Some(column) = column {
            cell::put(&mut record, *column, text).map_err(|reason| RowError {
                row: number,
                column: Some(name.clone()),
                reason,
            })?;
        }
    }
    Ok(Row { number, record })
}

fn of_line(number: usize, line: &[u8]) -> Result<Row, RowError> {
    match serde_json::from_slice(line) {
        Ok(value) => of_value(number, value),
        Err(error) => Err(RowError { row: number, column: None, reason: format!("it is not JSON: {error}") }),
    }
}

/// An object with columns as a table has them, or with the fields of a record.
fn of_value(number: usize, value: Value) -> Result<Row, RowError> {
    let wrong = |column: Option<&str>, reason: String| RowError {
        row: number,
        column: column.map(str::to_owned),
        reason,
    };
    let Value::Object(fields) = value else { return Err(wrong(None, "it is no JSON object".to_owned())) };
    let mut record = Map::new();
    for (name, value) in fields {
        if name == "hashes" {
            record.insert(name, value);
            continue;
        }
        let Some(column) = Column::of(&name) else { continue };
        let text = match value {
            Value::Null => continue,
            Value::String(text) if matches!(column, Column::Text(_)) => {
                if let Column::Text(field) = column {
                    record.insert(field.to_owned(), json!(text));
                }
                continue;
            }
            Value::String(text) => text,
            other => other.to_string(),
        };
        cell::put(&mut record, column, &text).map_err(|reason| wrong(Some(&name), reason))?;
    }
    Ok(Row { number, record })
}

/// The row with what every record needs.
fn completed(mut row: Row) -> Result<Row, RowError> {
    let lacks = |column: &str, reason: &str| RowError {
        row: row.number,
        column: Some(column.to_owned()),
        reason: reason.to_owned(),
    };
    if !row.record.contains_key("size") {
        return Err(lacks("size", "it is empty; the size of the file in bytes is needed"));
    }
    let has_hashes =
        row.record.get("hashes").and_then(Value::as_object).is_some_and(|hashes| !hashes.is_empty());
    if !has_hashes {
        return Err(lacks(
            "md5",
            "it is empty; a hash of the file is needed: md5, sha1, sha256, sha512, crc or etag",
        ));
    }
    row.record.entry("urls").or_insert_with(|| json!([]));
    row.record.entry("form").or_insert_with(|| json!("object"));
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn read(name: &str, text: &str) -> anyhow::Result<Vec<Result<Row, RowError>>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(name);
        File::create(&file)?.write_all(text.as_bytes())?;
        Rows::open(&file, None)?.collect()
    }

    #[test]
    fn every_format_gives_the_same_rows() {
        let table = |d: &str| {
            format!(
                "\u{feff}GUID{d}md5sum{d}file_size{d}s3_path{d}acl{d}note\n\
                 g1{d}{MD5}{d}3{d}s3://b/1{d}[a]{d}x\n"
            )
        };
        let object = format!(r#"{{"guid":"g1","md5":"{MD5}","size":"3","urls":["s3://b/1"],"acl":["a"]}}"#);
        let expected = json!({"did": "g1", "hashes": {"md5": MD5}, "size": 3, "urls": ["s3://b/1"],
            "acl": ["a"], "form": "object"});
        for (name, text) in [
            ("m.tsv", table("\t")),
            ("m.CSV", table(",")),
            ("m.json", format!("[{object}]")),
            ("m.ndjson", format!("\n{object}\n")),
        ] {
            let rows = read(name, &text).expect(name);
            let row = rows[0].as_ref().expect(name);
            assert_eq!(
                (rows.len(), row.number, Value::Object(row.record.clone())),
                (1, 1, expected.clone()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_manifest_without_what_records_need_is_refused() {
        for (name, text, part) in [
            ("m.tsv", "guid\tsize\n", "no column md5, urls; its columns are: guid, size"),
            ("m.tsv", "md5\thash\tsize\turl\n", "md5 and hash mean the same"),
            ("m.json", "{}", "no list of objects"),
            ("m.json", "[", "is no manifest"),
        ] {
            let told = format!("{:#}", read(name, text).expect_err(part));
            assert!(told.contains(part), "{told}");
        }
        let unknown = Rows::open(Path::new("manifest.xlsx"), None).err().map(|error| error.to_string());
        assert!(unknown.is_some_and(|told| told.contains("--format")));
    }

    #[test]
    fn a_wrong_row_is_named_with_its_column_and_the_others_are_read() {
        let text =
            format!("md5\tsize\turls\n{MD5}\tx\t\n{MD5}\t1\ts3://b/1\n\t1\t\n{MD5}\t\t\n{MD5}\t1\t\t\t\n");
        let rows = read("m.tsv", &text).expect("a table");
        let told: Vec<String> = rows
            .iter()
            .map(|row| row.as_ref().map_or_else(ToString::to_string, |_| "right".into()))
            .collect();
        assert!(told[0].starts_with("row 1, column size: 'x' is no size"), "{told:?}");
        assert_eq!(told[1], "right");
        assert!(told[2].starts_with("row 3, column md5: it is empty"), "{told:?}");
        assert!(told[3].starts_with("row 4, column size: it is empty"), "{told:?}");
        assert_eq!(told[4], "row 5: it has 5 cells, and the head has 3");
    }
}
