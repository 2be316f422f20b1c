//! Bodies of requests. Pure.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    document::{Body, Document},
    error::{Error, Fault},
};

/// A GUID that would be mistaken for a path.
const FORBIDDEN: &str = "upload";
/// Documents of one request.
const MOST_DOCUMENTS: usize = 100_000;
/// Aliases, or resource paths, of one request.
const MOST_NAMES: usize = 1_000;
/// Faults that are told.
const MOST_FAULTS: usize = 100;

const MISSING: (&str, &str) = ("missing", "Field required");
const TEXT: (&str, &str) = ("string_type", "Input should be a valid string");
const LIST: (&str, &str) = ("list_type", "Input should be a valid list");
const OBJECT: (&str, &str) = ("dict_type", "Input should be a valid dictionary");
const MODEL: (&str, &str) =
    ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from");

fn wrong((kind, message): (&'static str, &'static str), loc: &[Value]) -> Error {
    Error::fault(kind, loc, message)
}

/// The JSON of a body. One that is null is one that is missing.
fn given(body: Body, otherwise: (&'static str, &'static str)) -> Result<Box<RawValue>, Error> {
    match body {
        Body::Json(value) if value.get() != "null" => Ok(value),
        Body::Json(_) | Body::Absent => Err(wrong(MISSING, &[json!("body")])),
        Body::Other => Err(wrong(otherwise, &[json!("body")])),
    }
}

/// Text that was read before as JSON.
fn reread<'j, T: Deserialize<'j>>(text: &'j str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::bad(format!("the body cannot be used: {error}")))
}

/// The document that a body is.
///
/// # Errors
/// 422 for anything but an object.
pub(crate) fn document(body: Body) -> Result<Document, Error> {
    let value = given(body, OBJECT)?;
    if !value.get().starts_with('{') {
        return Err(wrong(OBJECT, &[json!("body")]));
    }
    Ok(value.into())
}

/// The search that a body is.
///
/// # Errors
/// 422 for anything but an object, 400 for one of another form.
pub(crate) fn search(body: Body) -> Result<crate::search::Request, Error> {
    let value = given(body, OBJECT)?;
    if !value.get().starts_with('{') {
        return Err(wrong(OBJECT, &[json!("body")]));
    }
    reread(value.get())
}

/// # Errors
/// 400 for a GUID that would be mistaken for a path.
pub(crate) fn check_guid(guid: &str) -> Result<(), Error> {
    if is_forbidden(guid) { Err(Error::bad(format!("GUID cannot have value: {guid}"))) } else { Ok(()) }
}

/// Whether no document may have this GUID.
pub(crate) fn is_forbidden(guid: &str) -> bool {
    guid == FORBIDDEN
}

/// A document of a list of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewDocument {
    pub(crate) guid: String,
    pub(crate) data: Document,
}

/// The documents `[{"guid", "data"}]` of a body; `data` may be anything.
///
/// # Errors
/// 422 for another form, 400 for too many.
pub(crate) fn batch(body: Body) -> Result<Vec<NewDocument>, Error> {
    let value = given(body, LIST)?;
    if !value.get().starts_with('[') {
        return Err(wrong(LIST, &[json!("body")]));
    }
    let items: Vec<&RawValue> = reread(value.get())?;
    if items.len() > MOST_DOCUMENTS {
        return Err(Error::bad(format!("a request has at most {MOST_DOCUMENTS} documents")));
    }
    let (mut documents, mut faults) = (Vec::with_capacity(items.len()), Vec::new());
    for (position, item) in items.into_iter().enumerate() {
        match new_document(item, position)? {
            Ok(document) => documents.push(document),
            Err(fault) if faults.len() < MOST_FAULTS => faults.push(fault),
            Err(_) => break,
        }
    }
    if faults.is_empty() { Ok(documents) } else { Err(Error::Unusable(faults)) }
}

fn new_document(item: &RawValue, position: usize) -> Result<Result<NewDocument, Fault>, Error> {
    let place = [json!("body"), json!(position), json!("guid")];
    let fault = |(kind, message), length| Ok(Err(Fault::of(kind, &place[..length], message)));
    if !item.get().starts_with('{') {
        return fault(OBJECT, 2);
    }
    // A key that is repeated has its last value.
    let mut fields: IndexMap<String, Box<RawValue>> = reread(item.get())?;
    let Some(guid) = fields.swap_remove("guid") else { return fault(MISSING, 3) };
    if !guid.get().starts_with('"') {
        return fault(TEXT, 3);
    }
    let data = fields.swap_remove("data").map_or_else(Document::null, Document::from);
    Ok(Ok(NewDocument { guid: reread(guid.get())?, data }))
}

/// Takes the fields of an object one by one; others are ignored, as in the original.
struct Fields {
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    fn of(body: Body) -> Result<Self, Error> {
        let value = given(body, MODEL)?;
        match reread(value.get())? {
            Value::Object(fields) => Ok(Self { fields, faults: Vec::new() }),
            _ => Err(wrong(MODEL, &[json!("body")])),
        }
    }

    fn fault(&mut self, (kind, message): (&'static str, &'static str), loc: &[Value]) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault::of(kind, &[&[json!("body")], loc].concat(), message));
        }
    }

    fn optional(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    fn required_text(&mut self, name: &str) -> String {
        match self.fields.remove(name) {
            Some(Value::String(text)) => return text,
            Some(_) => self.fault(TEXT, &[json!(name)]),
            None => self.fault(MISSING, &[json!(name)]),
        }
        String::new()
    }

    fn required_object(&mut self, name: &str) -> Map<String, Value> {
        match self.fields.remove(name) {
            Some(Value::Object(object)) => return object,
            Some(_) => self.fault(OBJECT, &[json!(name)]),
            None => self.fault(MISSING, &[json!(name)]),
        }
        Map::new()
    }

    fn object(&mut self, name: &str) -> Map<String, Value> {
        match self.optional(name) {
            Some(Value::Object(object)) => return object,
            Some(_) => self.fault(OBJECT, &[json!(name)]),
            None => {}
        }
        Map::new()
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        let items = match self.optional(name) {
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.fault(LIST, &[json!(name)]);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut texts = Vec::with_capacity(items.len());
        for (position, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => self.fault(TEXT, &[json!(name), json!(position)]),
            }
        }
        texts
    }

    fn done<T>(self, value: T) -> Result<T, Error> {
        if self.faults.is_empty() { Ok(value) } else { Err(Error::Unusable(self.faults)) }
    }
}

/// The names in `{"aliases": [...]}`, sorted, each once.
///
/// # Errors
/// 422 for another form, 400 for too many.
pub(crate) fn aliases(body: Body) -> Result<Vec<String>, Error> {
    let mut fields = Fields::of(body)?;
    let aliases = fields.texts("aliases");
    let mut aliases = few(fields.done(aliases)?, "aliases")?;
    aliases.sort_unstable();
    aliases.dedup();
    Ok(aliases)
}

fn few(names: Vec<String>, what: &str) -> Result<Vec<String>, Error> {
    if names.len() > MOST_NAMES {
        return Err(Error::bad(format!("a request has at most {MOST_NAMES} {what}")));
    }
    Ok(names)
}

/// What a new file is called, and its document.
#[derive(Debug, PartialEq)]
pub(crate) struct NewFile {
    pub(crate) file_name: String,
    /// As they were given: the file index has its own word on repeated ones.
    pub(crate) aliases: Vec<String>,
    pub(crate) metadata: Map<String, Value>,
}

impl NewFile {
    fn of(fields: &mut Fields) -> Self {
        Self {
            file_name: fields.required_text("file_name"),
            aliases: fields.texts("aliases"),
            metadata: fields.object("metadata"),
        }
    }

    fn checked(self) -> Result<Self, Error> {
        if self.aliases.iter().any(|alias| is_forbidden(alias)) {
            return Err(Error::bad(format!("Aliases cannot have value: {FORBIDDEN}")));
        }
        Ok(Self { aliases: few(self.aliases, "aliases")?, ..self })
    }

    /// The body of a new file of a record that exists.
    ///
    /// # Errors
    /// 422 for another form, 400 for too many aliases.
    pub(crate) fn read(body: Body) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let file = Self::of(&mut fields);
        fields.done(file)?.checked()
    }

    /// The body of a new file, and who may use it: `authz`, whose form [`resources`] reads.
    ///
    /// # Errors
    /// 422 for another form.
    pub(crate) fn read_with_authz(body: Body) -> Result<(Self, Map<String, Value>), Error> {
        let mut fields = Fields::of(body)?;
        let file_and_authz = (Self::of(&mut fields), fields.required_object("authz"));
        let (file, authz) = fields.done(file_and_authz)?;
        Ok((file.checked()?, authz))
    }
}

/// The resource paths in `{"version": "0", "resource_paths": [...]}`.
///
/// # Errors
/// 400 for another form.
pub(crate) fn resources(authz: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let is_known = authz.get("version").is_some_and(|version| *version == "0" || *version == 0);
    let paths = authz.get("resource_paths").and_then(Value::as_array).filter(|_| is_known);
    let text = |path: &Value| path.as_str().map(str::to_owned);
    let paths: Option<Vec<String>> = paths.and_then(|paths| paths.iter().map(text).collect());
    let told = || {
        let authz = python::repr(&Value::Object(authz.clone()));
        Error::bad(format!("Unsupported authz version: {authz}"))
    };
    few(paths.ok_or_else(told)?, "resource paths")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> Body {
        Body::read(value.to_string().as_bytes(), Some("application/json")).unwrap()
    }

    fn faults<T: std::fmt::Debug>(read: Result<T, Error>) -> Vec<(&'static str, Vec<Value>)> {
        let Err(Error::Unusable(faults)) = read else { panic!("{read:?}") };
        faults.into_iter().map(|fault| (fault.kind, fault.loc)).collect()
    }

    #[test]
    fn a_document_is_an_object() {
        assert_eq!(document(json(&json!({"a": 1}))).unwrap().as_str(), r#"{"a":1}"#);
        let body = || vec![json!("body")];
        assert_eq!(faults(document(json(&json!(5)))), [("dict_type", body())]);
        assert_eq!(faults(document(json(&Value::Null))), [("missing", body())]);
        assert_eq!(faults(document(Body::Absent)), [("missing", body())]);
        assert_eq!(faults(document(Body::Other)), [("dict_type", body())]);
    }

    #[test]
    fn a_batch_is_a_list_of_guids_with_anything() {
        let items =
            json!([{"guid": "a", "data": {"x": 1}, "y": 2}, {"guid": "b"}, {"guid": "c", "data": [1]}]);
        let read = batch(json(&items)).unwrap();
        let read: Vec<_> = read.iter().map(|new| (new.guid.as_str(), new.data.as_str())).collect();
        assert_eq!(read, [("a", r#"{"x":1}"#), ("b", "null"), ("c", "[1]")]);
        let read = batch(json(&json!([5, {"data": {}}, {"guid": 5}, {"guid": "a"}])));
        let at = |rest: &[Value]| [&[json!("body")], rest].concat();
        let expected = [
            ("dict_type", at(&[json!(0)])),
            ("missing", at(&[json!(1), json!("guid")])),
            ("string_type", at(&[json!(2), json!("guid")])),
        ];
        assert_eq!(faults(read), expected);
        assert_eq!(faults(batch(json(&json!({"guid": "x"})))), [("list_type", at(&[]))]);
        let many = format!("[{}0]", "0,".repeat(1_000_000));
        let many = Body::read(many.as_bytes(), Some("application/json")).unwrap();
        assert!(matches!(batch(many), Err(Error::BadRequest(_))));
    }

    #[test]
    fn aliases_are_texts_each_once_and_in_order() {
        assert_eq!(aliases(json(&json!({"aliases": ["b", "a", "b"]}))).unwrap(), ["a", "b"]);
        assert!(aliases(json(&json!({"aliases": null}))).unwrap().is_empty());
        assert_eq!(faults(aliases(json(&json!({"aliases": [1]}))))[0].0, "string_type");
        assert_eq!(faults(aliases(json(&json!(["x"]))))[0].0, "model_attributes_type");
        let many: Vec<String> = (0..=MOST_NAMES).map(|number| number.to_string()).collect();
        assert!(matches!(aliases(json(&json!({"aliases": many}))), Err(Error::BadRequest(_))));
    }

    #[test]
    fn a_new_file_needs_a_name_and_who_may_use_it() {
        let read = |body: Value| NewFile::read_with_authz(json(&body));
        let (file, authz) = read(json!({"file_name": "f", "authz": {}, "aliases": null})).unwrap();
        assert_eq!((file.file_name.as_str(), file.aliases.len(), authz.len()), ("f", 0, 0));
        let missing = faults(read(json!({})));
        assert_eq!(missing.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["missing", "missing"]);
        let wrong = faults(read(json!({"file_name": 5, "authz": [], "aliases": "x", "metadata": []})));
        let kinds: Vec<_> = wrong.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["string_type", "list_type", "dict_type", "dict_type"]);
        let reserved = read(json!({"file_name": "f", "authz": {}, "aliases": ["upload"]}));
        assert!(matches!(reserved, Err(Error::BadRequest(_))));
    }

    #[test]
    fn resources_have_a_version() {
        let read = |authz: Value| resources(authz.as_object().unwrap());
        assert_eq!(read(json!({"version": "0", "resource_paths": ["/a"]})).unwrap(), ["/a"]);
        for authz in [
            json!({}),
            json!({"version": "1", "resource_paths": []}),
            json!({"resource_paths": []}),
            json!({"version": "0", "resource_paths": null}),
            json!({"version": "0", "resource_paths": [1]}),
        ] {
            let told = read(authz.clone()).unwrap_err().to_string();
            assert_eq!(told, format!("Unsupported authz version: {}", python::repr(&authz)));
        }
    }
}
