//! The body of a bulk transfer: a list of documents, each with its name and format.

use std::fmt;

use documents::Format;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use crate::Error;

/// A document of a bulk transfer.
#[derive(Debug)]
pub(crate) struct BulkDocument {
    pub name: String,
    pub format: Format,
    pub text: String,
}

/// The documents of the body.
///
/// # Errors
/// [`Error::BadRequest`] when it is not such a list; [`Error::TooManyDocuments`] when there
/// are more than `most`.
pub(crate) fn read(text: &str, most: usize) -> Result<Vec<BulkDocument>, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Items(items) = match Items::deserialize(&mut deserializer).and_then(|items| {
        deserializer.end()?;
        Ok(items)
    }) {
        Ok(items) => items,
        Err(error) if error.is_data() => return Err(malformed()),
        Err(error) => return Err(Error::BadRequest(format!("Unable to parse json: {error}"))),
    };
    if items.is_empty() {
        return Err(malformed());
    }
    if items.len() > most {
        return Err(Error::TooManyDocuments { limit: most });
    }
    items.into_iter().map(document).collect()
}

fn document(item: Item) -> Result<BulkDocument, Error> {
    let Item { name, doc_format, doc } = item;
    if name.contains('\0') || doc.contains('\0') {
        return Err(Error::BadRequest(
            "Unable to parse json: the character U+0000 is not allowed".to_owned(),
        ));
    }
    let format = Format::named(&doc_format).ok_or_else(|| {
        Error::BadRequest(format!("Unsupported document format '{doc_format}' in a bulk transfer"))
    })?;
    Ok(BulkDocument { name, format, text: doc })
}

fn malformed() -> Error {
    Error::BadRequest(
        "Bulk transfers must be an array of JSON objects of format: {\n    \"name\": string,\n    \
         \"doc_format\": string,\n    \"doc\": string,\n}"
            .to_owned(),
    )
}

/// Read into what is needed, not into values of any kind: those may be many times as large as their text.
#[derive(Deserialize)]
struct Item {
    name: String,
    doc_format: String,
    doc: String,
}

struct Items(Vec<Item>);

/// A longer list is not even read to its end.
const MOST_READ: usize = 200_000;

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of documents")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element::<Item>()? {
                    if items.len() == MOST_READ {
                        return Err(A::Error::custom("too many documents"));
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read(text, 2).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_list_of_documents_is_read_and_everything_else_refused() {
        let item = r#"{"name": "a", "doc_format": "json", "doc": "[]", "more": [1]}"#;
        assert_eq!(read(&format!("[{item},{item}]"), 2).unwrap().len(), 2);
        let number = r#"[{"name": 1, "doc_format": "json", "doc": ""}]"#;
        for wrong in ["[]", "{}", "1", "[1]", r#"[{"name": "a"}]"#, number] {
            assert!(refusal(wrong).starts_with("Bulk transfers must be"), "{wrong}");
        }
        for broken in ["", "[", "[] x", &format!("[{item}")] {
            assert!(refusal(broken).starts_with("Unable to parse json"), "{broken}");
        }
        assert!(refusal(&format!("[{item},{item},{item}]")).starts_with("413 "));
        let format = r#"[{"name": "a", "doc_format": "xml", "doc": ""}]"#;
        assert!(refusal(format).starts_with("Unsupported document format 'xml'"));
        let nul = r#"[{"name": "\u0000", "doc_format": "json", "doc": ""}]"#;
        assert!(refusal(nul).contains("U+0000"));
    }
}
