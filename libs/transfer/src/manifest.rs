//! Lists of files, in the forms that the Gen3 tools write.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{checksums::Checksums, error::TransferError, identifiers::Identifier};

/// Largest manifest in bytes.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Most files of a manifest.
pub const MAX_ENTRIES: usize = 5_000_000;

/// Names of what is read, in the order in which they count, as the portal, gen3-client, the SDK's manifests
/// and submission templates spell them.
const ID: [&str; 6] = ["guid", "object_id", "did", "drs_uri", "ga4gh_drs_uri", "id"];
const NAME: [&str; 3] = ["file_name", "filename", "name"];
const SIZE: [&str; 2] = ["file_size", "size"];
const MD5: [&str; 2] = ["md5sum", "md5"];
const COMMONS: [&str; 1] = ["commons_url"];

/// A file of a manifest, and what the manifest says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What names the file.
    pub identifier: Identifier,
    /// Name of the file.
    pub name: Option<String>,
    /// Its size.
    pub size: Option<u64>,
    /// Its checksums.
    pub checksums: Checksums,
}

impl Entry {
    /// An entry that only names a file.
    #[must_use]
    pub fn of(identifier: Identifier) -> Self {
        Self { identifier, name: None, size: None, checksums: Checksums::default() }
    }
}

/// Reads a manifest: a JSON array of objects (or of GUIDs), objects one a line, a table with tabs or commas
/// whose header has a column `guid` or `object_id`, or GUIDs one a line.
///
/// # Errors
/// When it is nothing of these, with the line or entry that is wrong.
pub fn read(text: &str) -> Result<Vec<Entry>, TransferError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let entries = match text.trim_start().as_bytes().first() {
        None => Vec::new(),
        Some(b'[' | b'{') => of_json(text)?,
        Some(_) => of_lines(text)?,
    };
    if entries.is_empty() {
        return Err(TransferError::Unusable("the manifest names no file".to_owned()));
    }
    Ok(entries)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Json {
    One(Map<String, Value>),
    Guid(String),
    Many(Vec<Json>),
}

fn of_json(text: &str) -> Result<Vec<Entry>, TransferError> {
    let mut entries = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Json>() {
        let document =
            document.map_err(|error| TransferError::Unusable(format!("the manifest is no JSON: {error}")))?;
        match document {
            Json::Many(all) => all.into_iter().try_for_each(|one| add(&mut entries, one))?,
            one => add(&mut entries, one)?,
        }
    }
    Ok(entries)
}

fn add(entries: &mut Vec<Entry>, one: Json) -> Result<(), TransferError> {
    let number = entries.len() + 1;
    let place = || format!("entry {number} of the manifest");
    let entry = match one {
        Json::Guid(guid) => Entry::of(named(&guid, None, &place)?),
        Json::One(object) => entry(|name| object.get(name).and_then(text_of), &place)?,
        Json::Many(_) => return Err(TransferError::Unusable(format!("{} is a list", place()))),
    };
    push(entries, entry)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn push(entries: &mut Vec<Entry>, entry: Entry) -> Result<(), TransferError> {
    if entries.len() == MAX_ENTRIES {
        return Err(TransferError::Unusable(format!(
            "the manifest has more than {MAX_ENTRIES} files; split it"
        )));
    }
    entries.push(entry);
    Ok(())
}

fn of_lines(text: &str) -> Result<Vec<Entry>, TransferError> {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = if header.contains('\t') { b'\t' } else { b',' };
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = table.records().enumerate();
    let wrong = |error: csv::Error| TransferError::Unusable(format!("the manifest is no table: {error}"));
    let Some((_, first)) = rows.next() else { return Ok(Vec::new()) };
    let first = first.map_err(wrong)?;
    let mut columns: HashMap<String, usize> = HashMap::new();
    for (number, name) in first.iter().enumerate() {
        columns.entry(name.to_ascii_lowercase()).or_insert(number);
    }
    let mut entries = Vec::new();
    if !ID.iter().any(|name| columns.contains_key(*name)) {
        if first.len() > 1 {
            let told = "the first line of the manifest has no column guid or object_id".to_owned();
            return Err(TransferError::Unusable(told));
        }
        let place = || "line 1 of the manifest".to_owned();
        push(&mut entries, Entry::of(named(first.get(0).unwrap_or_default(), None, &place)?))?;
    }
    for (number, row) in rows {
        let row = row.map_err(wrong)?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        let line = row.position().map_or(number as u64 + 1, csv::Position::line);
        let place = || format!("line {line} of the manifest");
        let one = if columns.len() == 1
            && !entries.is_empty()
            && !ID.iter().any(|id| columns.contains_key(*id))
        {
            Entry::of(named(row.get(0).unwrap_or_default(), None, &place)?)
        } else {
            entry(|name| columns.get(name).and_then(|column| row.get(*column)).map(str::to_owned), &place)?
        };
        push(&mut entries, one)?;
    }
    Ok(entries)
}

/// An entry whose values are found by their names.
fn entry(value: impl Fn(&str) -> Option<String>, place: &dyn Fn() -> String) -> Result<Entry, TransferError> {
    let first = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| value(name))
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let id = ID.iter().find_map(|name| value(name).filter(|text| !text.trim().is_empty()));
    let id = id.ok_or_else(|| TransferError::Unusable(format!("{} has no guid or object_id", place())))?;
    let size = match first(&SIZE) {
        None => None,
        Some(text) => Some(text.parse::<u64>().map_err(|_| {
            TransferError::Unusable(format!("{}: {text:?} is not a number of bytes", place()))
        })?),
    };
    Ok(Entry {
        identifier: named(&id, first(&COMMONS).as_deref(), place)?,
        name: first(&NAME),
        size,
        checksums: Checksums::of(first(&MD5).map(|md5| ("md5".to_owned(), md5))),
    })
}

fn named(text: &str, commons: Option<&str>, place: &dyn Fn() -> String) -> Result<Identifier, TransferError> {
    let in_place = |error| TransferError::Unusable(format!("{}: {error}", place()));
    let identifier = Identifier::parse(text).map_err(in_place)?;
    match (identifier, commons) {
        (Identifier::Guid(id), Some(commons)) => {
            let bare = commons.split_once("://").map_or(commons, |(_, rest)| rest);
            let host = bare.split('/').next().unwrap_or_default();
            Identifier::parse(&format!("drs://{host}/{id}")).map_err(in_place)
        }
        (identifier, _) => Ok(identifier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        read(text).unwrap().into_iter().map(|entry| entry.identifier.to_string()).collect()
    }

    fn refused(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn the_manifest_of_the_portal_is_read_with_what_it_says() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let text = format!(
            r#"[{{"object_id":"dg.1/a","file_name":"x.txt","file_size":5,"md5sum":"{md5}","subject_id":"s"}},
                {{"object_id":"b","commons_url":"https://other.example/"}}, "c"]"#
        );
        let entries = read(&text).unwrap();
        assert_eq!((entries[0].name.as_deref(), entries[0].size), (Some("x.txt"), Some(5)));
        assert!(!entries[0].checksums.is_empty());
        assert_eq!(ids(&text), ["dg.1/a", "drs://other.example/b", "c"]);
    }

    #[test]
    fn tables_lines_and_objects_one_a_line_are_read() {
        assert_eq!(ids("guid\tmd5\tsize\tfile_name\na\t\t3\tx\n\nb\t\t\t\n"), ["a", "b"]);
        assert_eq!(ids("\u{feff}file_name,Object_ID\r\n\"a, b\",g1\r\n"), ["g1"]);
        assert_eq!(ids("a\nb\n\ndrs://h.example/c\n"), ["a", "b", "drs://h.example/c"]);
        assert_eq!(ids("{\"guid\":\"a\"}\n{\"guid\":\"b\"}\n"), ["a", "b"]);
        assert_eq!(ids("guid\na\n"), ["a"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(refused(""), "the manifest names no file");
        assert_eq!(refused("[]"), "the manifest names no file");
        assert_eq!(refused("[{\"x\":1}]"), "entry 1 of the manifest has no guid or object_id");
        assert_eq!(refused("a,b\n1,2\n"), "the first line of the manifest has no column guid or object_id");
        assert_eq!(
            refused("guid,size\na,1\nb,-1\n"),
            "line 3 of the manifest: \"-1\" is not a number of bytes"
        );
        assert!(refused("[{\"guid\":\"..\"}]").starts_with("entry 1 of the manifest: \"..\" names no file"));
        assert!(refused("[1]").starts_with("the manifest is no JSON"));
        assert!(refused(&"[".repeat(100_000)).starts_with("the manifest is no JSON"));
    }
}
