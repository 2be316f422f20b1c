//! Documents of stores that the crate `object_store` does not ask for, fetched by a signed URL.

use std::{collections::HashMap, sync::OnceLock, time::Duration};

use quick_xml::{Reader, events::Event};
use url::Url;

use crate::StorageError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(60);
/// A blob at Azure has at most 100,000 blocks that are not its own yet, of some 100 bytes in the list.
const LARGEST: usize = 32 * 1024 * 1024;

fn client() -> Result<&'static reqwest::Client, StorageError> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT);
    let made =
        builder.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| unreadable(&error))?;
    Ok(CLIENT.get_or_init(|| made))
}

/// The URL is a secret, and in the text of an error of the client.
fn unreadable(error: &reqwest::Error) -> StorageError {
    let what = if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "it cannot be connected to"
    } else {
        "its answer breaks off"
    };
    StorageError::Unavailable(what.to_owned())
}

/// Gets a document.
///
/// # Errors
/// As the store says.
pub(crate) async fn get(url: Url) -> Result<String, StorageError> {
    let mut answer = client()?.get(url).send().await.map_err(|error| unreadable(&error))?;
    let status = answer.status();
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| unreadable(&error))? {
        if text.len() + piece.len() > LARGEST {
            return Err(StorageError::Unavailable("its answer is too long".to_owned()));
        }
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8(text).map_err(|_| unexpected())?;
    if status.is_success() {
        return Ok(text.trim_start_matches('\u{feff}').to_owned());
    }
    let code = Document::read(&text, "").ok().and_then(|document| document.texts.get("Code").cloned());
    match (status.as_u16(), code.as_deref()) {
        (404, None | Some("NoSuchUpload" | "NoSuchKey" | "BlobNotFound")) => Err(StorageError::NotFound),
        (status, code) => Err(StorageError::Refused { status, code: code.unwrap_or_default().to_owned() }),
    }
}

pub(crate) fn unexpected() -> StorageError {
    StorageError::Unavailable("its answer is no document that it should be".to_owned())
}

/// A document of two levels: texts, and items that have texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// By the name of their element.
    pub(crate) texts: HashMap<String, String>,
    pub(crate) items: Vec<HashMap<String, String>>,
}

impl Document {
    /// Reads a document whose items are elements of the name `item`.
    ///
    /// # Errors
    /// For what is no such document.
    pub(crate) fn read(text: &str, item: &str) -> Result<Self, StorageError> {
        let (mut reader, mut document) = (Reader::from_str(text), Self::default());
        let (mut open, mut current, mut within) = (Vec::<String>::new(), String::new(), None);
        loop {
            match reader.read_event().map_err(|_| unexpected())? {
                Event::Start(start) => {
                    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                    if name == item {
                        within = Some(HashMap::new());
                    }
                    open.push(name);
                    current.clear();
                }
                Event::Text(text) => current.push_str(&text.decode().map_err(|_| unexpected())?),
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|_| unexpected())?;
                    match reference.resolve_char_ref() {
                        Ok(Some(character)) => current.push(character),
                        _ => current.push_str(
                            quick_xml::escape::resolve_predefined_entity(&name).ok_or_else(unexpected)?,
                        ),
                    }
                }
                Event::End(_) => {
                    let name = open.pop().ok_or_else(unexpected)?;
                    if name == item {
                        document.items.extend(within.take());
                    } else {
                        let texts = within.as_mut().unwrap_or(&mut document.texts);
                        texts.insert(name, std::mem::take(&mut current));
                    }
                }
                Event::Eof if open.is_empty() => return Ok(document),
                Event::Eof => return Err(unexpected()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_items_are_read_and_what_breaks_off_is_not() {
        let text = "<?xml version=\"1.0\"?><L xmlns=\"x\"><N>3</N>\n<P><E>&quot;a&amp;b&#34;</E><S>1</S></P><P/>\
                    <P><S>2</S></P></L>";
        let document = Document::read(text, "P").unwrap();
        assert_eq!(document.texts["N"], "3");
        assert_eq!(document.items.len(), 2);
        assert_eq!((document.items[0]["E"].as_str(), document.items[1]["S"].as_str()), ("\"a&b\"", "2"));
        for length in 1..text.len() {
            if let Ok(document) = Document::read(&text[..length], "P") {
                assert_eq!(document, Document::default(), "cut at {length}");
            }
        }
    }
}
