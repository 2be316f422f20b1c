//! Writing manifests, a record at a time.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{Format, cell};

/// The columns of a manifest that is written. Each can be read again.
const COLUMNS: [&str; 19] = [
    "guid",
    "md5",
    "size",
    "urls",
    "acl",
    "authz",
    "file_name",
    "sha1",
    "sha256",
    "sha512",
    "crc",
    "etag",
    "form",
    "version",
    "uploader",
    "description",
    "baseid",
    "metadata",
    "urls_metadata",
];

/// Writes records of the index as the rows of a manifest.
pub(crate) struct Writer<W: Write> {
    out: Out<W>,
}

enum Out<W: Write> {
    Table(Box<csv::Writer<W>>),
    Objects { out: W, is_list: bool, written: bool },
}

impl<W: Write> Writer<W> {
    /// # Errors
    /// When the head cannot be written.
    pub(crate) fn new(mut out: W, format: Format) -> io::Result<Self> {
        let table = |delimiter: u8, out: W| -> io::Result<Out<W>> {
            let mut writer = Box::new(csv::WriterBuilder::new().delimiter(delimiter).from_writer(out));
            writer.write_record(COLUMNS).map_err(io::Error::other)?;
            Ok(Out::Table(writer))
        };
        let out = match format {
            Format::Tsv => table(b'\t', out)?,
            Format::Csv => table(b',', out)?,
            Format::Json => {
                out.write_all(b"[")?;
                Out::Objects { out, is_list: true, written: false }
            }
            Format::Ndjson => Out::Objects { out, is_list: false, written: false },
        };
        Ok(Self { out })
    }

    /// Writes a record as the index shows it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&mut self, record: &Map<String, Value>) -> io::Result<()> {
        match &mut self.out {
            Out::Table(writer) => {
                writer.write_record(COLUMNS.map(|column| text(record, column))).map_err(io::Error::other)
            }
            Out::Objects { out, is_list, written } => {
                let separator: &[u8] = match (*is_list, std::mem::replace(written, true)) {
                    (true, true) => b",\n",
                    (true, false) => b"\n",
                    (false, _) => b"",
                };
                out.write_all(separator)?;
                serde_json::to_writer(&mut *out, &object(record))?;
                if *is_list { Ok(()) } else { out.write_all(b"\n") }
            }
        }
    }

    /// Ends it, and returns where it was written.
    ///
    /// # Errors
    /// When the end cannot be written.
    pub(crate) fn into_inner(self) -> io::Result<W> {
        match self.out {
            Out::Table(writer) => writer.into_inner().map_err(|error| io::Error::other(error.to_string())),
            Out::Objects { mut out, is_list, .. } => {
                if is_list {
                    out.write_all(b"\n]\n")?;
                }
                out.flush()?;
                Ok(out)
            }
        }
    }

    /// # Errors
    /// When the end cannot be written.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.into_inner().map(drop)
    }
}

/// What the record has for a column; `None` when it has nothing.
fn value<'r>(record: &'r Map<String, Value>, column: &str) -> Option<&'r Value> {
    let value = match column {
        "guid" => record.get("did"),
        "md5" | "sha1" | "sha256" | "sha512" | "crc" | "etag" => record.get("hashes")?.get(column),
        _ => record.get(column),
    };
    value.filter(|value| !value.is_null())
}

fn text(record: &Map<String, Value>, column: &str) -> String {
    match value(record, column) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => cell::written(list),
        Some(Value::Object(object)) if !says_something(object) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Whether a map has more than urls without facts.
fn says_something(object: &Map<String, Value>) -> bool {
    object.values().any(|value| value.as_object().is_none_or(|facts| !facts.is_empty()))
}

fn object(record: &Map<String, Value>) -> Map<String, Value> {
    let cell = |column: &&str| {
        let value = value(record, column)?;
        let is_empty = value.as_object().is_some_and(|object| !says_something(object));
        (!is_empty).then(|| ((*column).to_owned(), value.clone()))
    };
    COLUMNS.iter().filter_map(cell).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::index::manifest::Rows;

    #[test]
    fn what_is_written_is_read_again_as_the_same_record() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let full = json!({
            "did": "dg.1/x", "baseid": "family", "size": 3, "form": "object",
            "hashes": {"md5": md5, "crc": "deadbeef"},
            "urls": ["s3://b/a b", "gs://b/1"], "acl": ["a"], "authz": ["/x", "/y"],
            "file_name": "a\t\"b\".txt", "version": null, "metadata": {"k": "v"},
            "urls_metadata": {"s3://b/a b": {"s": "t"}, "gs://b/1": {}},
            "rev": "r",
        });
        let bare = json!({"did": "y", "size": 0, "form": "object", "hashes": {"md5": md5}, "urls": [],
            "urls_metadata": {}, "metadata": {}});
        for (name, format) in [
            ("m.tsv", Format::Tsv),
            ("m.csv", Format::Csv),
            ("m.json", Format::Json),
            ("m.ndjson", Format::Ndjson),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join(name);
            let out = std::fs::File::create(&file).expect("a file");
            let mut writer = Writer::new(out, format).expect("a head");
            for record in [&full, &bare] {
                writer.write(record.as_object().expect("an object")).expect("written");
            }
            writer.finish().expect("an end");
            let rows: Vec<_> =
                Rows::open(&file, None).expect("a manifest").collect::<Result<_, _>>().expect("rows");
            let rows: Vec<Value> =
                rows.into_iter().map(|row| Value::Object(row.expect("a right row").record)).collect();
            let mut expected = full.clone();
            expected
                .as_object_mut()
                .expect("an object")
                .retain(|key, value| key != "rev" && !value.is_null());
            assert_eq!(rows[0], expected, "{name}");
            assert_eq!(
                rows[1],
                json!({"did": "y", "size": 0, "form": "object", "hashes": {"md5": md5}, "urls": []})
            );
        }
    }
}
