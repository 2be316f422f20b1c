//! JSON documents: strictly read, a list element by element.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

use dictionary::python;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, de::Read as Source};

use crate::{Fault, LARGEST_DOCUMENT};

/// Levels of lists and objects in a body. Documents come back inside answers and transaction logs, a few levels further
/// down, and those must stay readable for parsers that stop at 128.
pub const DEEPEST: usize = 100;

const DUPLICATE: &str = "The document contains duplicate keys: ";

/// One strict JSON value: no duplicate keys, no NUL in strings, not too many levels.
///
/// # Errors
/// [`Fault::Unreadable`] with the place of the first fault.
pub fn value(text: &str) -> Result<Value, Fault> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) if levels(&value) > DEEPEST => Err(too_deep()),
        Ok(Strict(value)) => Ok(value),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Documents from a stream.
pub(crate) fn read(source: impl Read, each: &mut impl FnMut(Value) -> ControlFlow<()>) -> Result<(), Fault> {
    let since = Rc::new(Cell::new(0));
    let reader = BufReader::with_capacity(64 << 10, Limited { source, since: since.clone() });
    drive(serde_json::Deserializer::from_reader(reader), &since, each)
}

/// Documents from memory.
pub(crate) fn read_text(text: &str, each: &mut impl FnMut(Value) -> ControlFlow<()>) -> Result<(), Fault> {
    drive(serde_json::Deserializer::from_str(text), &Rc::default(), each)
}

fn drive<'de, R: Source<'de>>(
    mut deserializer: serde_json::Deserializer<R>,
    since: &Rc<Cell<usize>>,
    each: &mut impl FnMut(Value) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut top = Top { each, since, is_stopped: false, is_too_deep: false, other: None };
    let outcome = (&mut deserializer).deserialize_any(&mut top);
    if top.is_stopped {
        return Ok(());
    }
    outcome.and_then(|()| deserializer.end()).map_err(|error| match error.is_io() {
        // The limit's own error says so itself.
        true => unreadable_source(error.into()),
        false => unreadable(&error),
    })?;
    match (top.is_too_deep, top.other) {
        (true, _) => Err(too_deep()),
        (false, Some(kind)) => {
            Err(Fault::Unreadable(format!("JSON parsed from request is an invalid type: {kind}")))
        }
        (false, None) => Ok(()),
    }
}

fn unreadable(error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    // The original says these without a place.
    let message = match message.find(DUPLICATE) {
        Some(_) => message.split(" at line ").next().unwrap_or(DUPLICATE).to_owned(),
        None => message,
    };
    Fault::Unreadable(format!("Unable to parse json: {message}"))
}

fn unreadable_source(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Fault::Unreadable(format!("Unable to parse json: {error}")),
        _ => Fault::Source(error),
    }
}

fn too_deep() -> Fault {
    Fault::Unreadable(format!("Unable to parse json: nested deeper than {DEEPEST} levels"))
}

fn levels(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(levels).max(),
        Value::Object(map) => map.values().map(levels).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

/// A source that fails when too much was read since the last document.
struct Limited<R> {
    source: R,
    since: Rc<Cell<usize>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let since = self.since.get().saturating_add(count);
        self.since.set(since);
        match since > LARGEST_DOCUMENT {
            true => {
                let message = format!("a document is larger than {LARGEST_DOCUMENT} bytes");
                Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
            }
            false => Ok(count),
        }
    }
}

/// The outermost value: its elements, or itself, are the documents.
struct Top<'e, F> {
    each: &'e mut F,
    since: &'e Rc<Cell<usize>>,
    is_stopped: bool,
    is_too_deep: bool,
    /// The type of a value that is neither list nor object.
    other: Option<&'static str>,
}

impl<F: FnMut(Value) -> ControlFlow<()>> Top<'_, F> {
    fn deliver(&mut self, document: Value, above: usize) -> ControlFlow<()> {
        self.since.set(0);
        self.is_too_deep |= above + levels(&document) > DEEPEST;
        // What is wrong further on is still looked for, but nobody needs the documents.
        match self.is_too_deep {
            true => ControlFlow::Continue(()),
            false => (self.each)(document),
        }
    }

    fn other<E>(&mut self, value: Result<Value, E>) -> Result<(), E> {
        self.other = Some(python::type_name(&value?));
        Ok(())
    }
}

impl<'de, F: FnMut(Value) -> ControlFlow<()>> Visitor<'de> for &mut Top<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        StrictVisitor.expecting(formatter)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.other(StrictVisitor.visit_bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.other(StrictVisitor.visit_i64(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.other(StrictVisitor.visit_u64(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.other(StrictVisitor.visit_f64(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.other(StrictVisitor.visit_str(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.other(StrictVisitor.visit_unit())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(Strict(item)) = seq.next_element()? {
            if self.deliver(item, 1).is_break() {
                self.is_stopped = true;
                return Err(de::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let document = StrictVisitor.visit_map(access)?;
        self.is_stopped = self.deliver(document, 0).is_break();
        Ok(())
    }
}

/// A value read strictly.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        without_nul(&value)?;
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            without_nul::<A::Error>(&key)?;
            let Strict(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("{DUPLICATE}{key}")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

fn without_nul<E: de::Error>(text: &str) -> Result<&str, E> {
    match text.contains('\0') {
        true => Err(E::custom("the character U+0000 cannot be stored")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(text: &str) -> String {
        value(text).unwrap_err().to_string()
    }

    /// What reading `text` comes to, from memory and from a stream.
    fn both(text: &str) -> [Result<Vec<Value>, String>; 2] {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let memory = read_text(text, &mut |document| {
            first.push(document);
            ControlFlow::Continue(())
        });
        let stream = read(text.as_bytes(), &mut |document| {
            second.push(document);
            ControlFlow::Continue(())
        });
        [
            memory.map(|()| first).map_err(|fault| fault.to_string()),
            stream.map(|()| second).map_err(|fault| fault.to_string()),
        ]
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth() {
        let expected = "Unable to parse json: The document contains duplicate keys: a";
        assert_eq!(message(r#"{"a": 1, "a": 2}"#), expected);
        assert_eq!(message(r#"[{"b": {"a": 1, "a": 2}}]"#), expected);
        for outcome in both(r#"[{"b": {"a": 1, "a": 2}}]"#) {
            assert_eq!(outcome.unwrap_err(), expected);
        }
    }

    #[test]
    fn what_json_or_the_database_cannot_hold_is_refused() {
        for text in ["", "{", "NaN", "1e400", r#"["\u0000"]"#, r#"{"\u0000": 1}"#, r#""\ud800""#, "[1,]"] {
            assert!(message(text).starts_with("Unable to parse json: "), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(message(&deep).contains("recursion limit"));
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(value(&nested(DEEPEST)).is_ok());
        assert!(message(&nested(DEEPEST + 1)).contains("nested deeper"));
        let [memory, stream] = both(&nested(DEEPEST + 1));
        assert_eq!(memory, Err(message(&nested(DEEPEST + 1))));
        assert_eq!(stream, memory);
        assert!(both(&nested(DEEPEST))[0].is_ok());
    }

    #[test]
    fn numbers_keep_their_form() {
        assert_eq!(value("[5, 5.0, 0.07]").unwrap(), json!([5, 5.0, 0.07]));
    }

    #[test]
    fn a_fault_after_a_deep_document_comes_first() {
        let text = format!("[{}{}, {{]", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        for outcome in both(&text) {
            assert!(outcome.unwrap_err().contains("line 1 column"));
        }
    }

    #[test]
    fn a_document_beyond_the_limit_is_refused() {
        let text = format!("[\"{}\"]", "x".repeat(LARGEST_DOCUMENT + 1));
        let fault = read(text.as_bytes(), &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert!(fault.to_string().contains("a document is larger than 67108864 bytes"), "{fault}");
    }

    #[test]
    fn reading_ends_when_it_is_told_to() {
        let mut count = 0;
        let outcome = read_text("[1, 2, 3, nonsense", &mut |_| {
            count += 1;
            if count == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(outcome.is_ok());
        assert_eq!(count, 2);
    }

    proptest::proptest! {
        #[test]
        fn a_stream_and_a_text_are_read_alike(text in "(\\[|\\]|\\{|\\}|,|:|\"a\"|\"\\\\u0000\"|1|-2.5|null|true| |\n|x|\"){0,24}") {
            let [memory, stream] = both(&text);
            let whole = value(&text).map_err(|fault| fault.to_string());
            proptest::prop_assert_eq!(memory.is_ok(), stream.is_ok());
            match (whole, memory) {
                (Ok(Value::Array(items)), documents) => proptest::prop_assert_eq!(Ok(items), documents),
                (Ok(object @ Value::Object(_)), documents) => proptest::prop_assert_eq!(Ok(vec![object]), documents),
                (Ok(_), documents) => proptest::prop_assert!(documents.is_err()),
                (Err(error), documents) => proptest::prop_assert_eq!(Err(error), documents),
            }
        }
    }
}
