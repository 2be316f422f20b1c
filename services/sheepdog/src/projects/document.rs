//! The one document of a program or project.

use dictionary::Dictionary;
use documents::{Format, Parsed};
use serde_json::{Map, Value};

use crate::{Error, utf8};

/// The document in a body; `what` is a program or a project.
///
/// # Errors
/// [`Error::BadRequest`] when it cannot be read, or there are several.
pub(crate) fn read_one(
    body: &[u8],
    format: Format,
    dictionary: &Dictionary,
    what: &str,
) -> Result<Map<String, Value>, Error> {
    let Parsed { mut documents, complaint } = documents::parse(format, utf8::text(body)?, dictionary)?;
    if let Some(complaint) = complaint {
        return Err(Error::BadRequest(complaint));
    }
    match (documents.pop(), documents.is_empty()) {
        (Some(Value::Object(document)), true) => Ok(document),
        (last, _) => {
            documents.extend(last);
            let received = python::repr(&Value::Array(documents));
            Err(Error::BadRequest(format!(
                "The {what} creation endpoint only supports single documents (dict). Received data of type \
                 <class 'list'>: {received}"
            )))
        }
    }
}

/// A string that is not empty.
pub(super) fn text<'a>(document: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
