//! What a cell of a table says.

use serde_json::{Map, Value, json};

use super::columns::Column;

/// Puts what a cell says into the record. An empty cell says nothing.
///
/// # Errors
/// What is wrong with it, and what it should look like.
pub(super) fn put(record: &mut Map<String, Value>, column: Column, text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    match column {
        Column::Guid => put_once(record, "did", json!(unquoted(text))),
        Column::Size => put_once(record, "size", json!(size(unquoted(text))?)),
        Column::Hash(kind) => {
            let hashes = record.entry("hashes").or_insert_with(|| json!({}));
            let hash = unquoted(text).to_lowercase();
            check_hash(kind, &hash)?;
            match hashes.as_object_mut() {
                Some(hashes) => put_once(hashes, kind, json!(hash)),
                None => Err("the hashes are not an object".to_owned()),
            }
        }
        Column::Urls => add(record, "urls", list(text)?),
        Column::Acl if ["['open']", "[u'open']"].contains(&text.to_lowercase().as_str()) => {
            add(record, "acl", vec!["*".to_owned()])
        }
        Column::Acl => add(record, "acl", list(text)?),
        Column::Authz => {
            let list = list(text)?;
            if let Some(wrong) = list.iter().find(|path| !path.starts_with('/')) {
                return Err(format!("'{wrong}' is no resource path, such as /programs/P/projects/p"));
            }
            add(record, "authz", list)
        }
        Column::Text(name) => put_once(record, name, json!(text)),
        Column::Object(name) => {
            let value: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
            put_once(record, name, value.ok_or_else(|| format!("'{}' is no JSON object", shortened(text)))?)
        }
    }
}

fn put_once(record: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    match record.get(name) {
        Some(before) if *before != value => Err(format!("another column says that it is {before}")),
        _ => {
            record.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

fn add(record: &mut Map<String, Value>, name: &str, more: Vec<String>) -> Result<(), String> {
    let list = record.entry(name).or_insert_with(|| json!([]));
    let list = list.as_array_mut().ok_or_else(|| format!("{name} is not a list"))?;
    for entry in more {
        if !list.contains(&json!(entry)) {
            list.push(json!(entry));
        }
    }
    Ok(())
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

fn size(text: &str) -> Result<i64, String> {
    text.parse().ok().filter(|size: &i64| *size >= 0).ok_or_else(|| {
        format!("'{}' is no size: a whole number of bytes from 0 to 9223372036854775807", shortened(text))
    })
}

/// How many hex digits a hash has.
fn check_hash(kind: &str, hash: &str) -> Result<(), String> {
    let (digits, rest) = match kind {
        "etag" => hash.split_at_checked(32).unwrap_or((hash, "")),
        _ => (hash, ""),
    };
    let length = match kind {
        "sha1" => 40,
        "sha256" => 64,
        "sha512" => 128,
        "crc" => 8,
        _ => 32,
    };
    let parts = rest.strip_prefix('-').unwrap_or(rest);
    let is_right = digits.len() == length
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && parts.bytes().all(|byte| byte.is_ascii_digit());
    if is_right {
        Ok(())
    } else {
        Err(format!("'{}' is no {kind}: it has {length} hex digits", shortened(hash)))
    }
}

/// A JSON list as it stands; otherwise entries between spaces or commas, perhaps in brackets and quotes, in
/// which `%20` is a space, as in the SDK.
fn list(text: &str) -> Result<Vec<String>, String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return Ok(list);
    }
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    let entries =
        inner.split([' ', ',', '\t']).map(|entry| entry.replace(['\'', '"'], "").replace("%20", " "));
    let entries: Vec<String> = entries.filter(|entry| !entry.is_empty()).collect();
    match entries.iter().find(|entry| entry.chars().any(char::is_control)) {
        Some(entry) => {
            Err(format!("'{}' has a control character", shortened(&entry.escape_debug().to_string())))
        }
        None => Ok(entries),
    }
}

/// A list as [`list`] reads it.
pub(super) fn written(list: &[Value]) -> String {
    let is_plain = |entry: &Value| {
        entry.as_str().is_some_and(|text| {
            !text.is_empty()
                && !text.contains("%20")
                && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "[],'\"".contains(c))
        })
    };
    match list {
        list if list.iter().all(is_plain) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        list => json!(list).to_string(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_sdk_reads_them_and_json_as_it_stands() {
        for (text, expected) in [
            ("s3://b/1", &["s3://b/1"][..]),
            ("[s3://b/1]", &["s3://b/1"]),
            ("['a', 'b']", &["a", "b"]),
            ("a,  b c", &["a", "b", "c"]),
            ("s3://b/a%20b", &["s3://b/a b"]),
            (r#"["s3://b/a%20b", "x, y"]"#, &["s3://b/a%20b", "x, y"]),
            ("[]", &[]),
        ] {
            assert_eq!(list(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for entries in
            [&["a", "s3://b/k"][..], &["with space", "b"], &["x%20y"], &["'q'"], &["[b]"], &[""], &[]]
        {
            let values: Vec<Value> = entries.iter().map(|entry| json!(entry)).collect();
            assert_eq!(list(&written(&values)).expect("a list"), entries);
        }
    }

    #[test]
    fn a_cell_that_cannot_be_right_says_what_it_should_be() {
        let put_all = |cells: &[(Column, &str)]| {
            let mut record = Map::new();
            cells.iter().try_for_each(|(column, text)| put(&mut record, *column, text)).map(|()| record)
        };
        for (cells, part) in [
            (&[(Column::Size, "-1")][..], "no size"),
            (&[(Column::Size, "9223372036854775808")], "no size"),
            (&[(Column::Size, "3.5")], "no size"),
            (&[(Column::Hash("md5"), "xyz")], "no md5: it has 32 hex digits"),
            (&[(Column::Authz, "programs/x")], "no resource path"),
            (&[(Column::Object("metadata"), "[1]")], "no JSON object"),
            (&[(Column::Size, "1"), (Column::Size, "2")], "another column says"),
            (&[(Column::Urls, "s3://b/a\u{7}")], "a control character"),
        ] {
            let told = put_all(cells).expect_err(part);
            assert!(told.contains(part), "{told}");
        }
        let urls = put_all(&[(Column::Urls, "s3://b/1"), (Column::Urls, "gs://b/1 s3://b/1")]).expect("urls");
        assert_eq!(urls["urls"], json!(["s3://b/1", "gs://b/1"]));
        assert_eq!(put_all(&[(Column::Acl, "['open']")]).expect("an acl")["acl"], json!(["*"]));
        let md5 = put_all(&[(Column::Hash("md5"), "D41D8CD98F00B204E9800998ECF8427E")]).expect("a hash");
        assert_eq!(md5["hashes"]["md5"], "d41d8cd98f00b204e9800998ecf8427e");
    }
}
