//! Reads JSON documents strictly, and a list element by element.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, de::Read as Source};

use crate::{
    fault::Fault,
    input::MARK,
    limits::{DEEPEST, LARGEST_DOCUMENT},
    strict::{self, Strict, levels},
};

/// What the database can hold.
const STORABLE: Strict = Strict { nul: strict::Nul::Refused };

/// Reads one strict JSON value: no duplicate keys, no NUL in strings, at most [`DEEPEST`] levels. A byte
/// order mark before it does not count.
///
/// # Errors
/// [`Fault::Unreadable`] with the place of the first fault.
pub fn value(text: &str) -> Result<Value, Fault> {
    let value = STORABLE.read(unmarked(text)).map_err(|error| unreadable(&error))?;
    if levels(&value) > DEEPEST { Err(too_deep()) } else { Ok(value) }
}

/// Documents from a stream.
pub(crate) fn read(
    mut source: impl Read,
    each: &mut impl FnMut(Value) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut first = Vec::with_capacity(MARK.len());
    source.by_ref().take(MARK.len() as u64).read_to_end(&mut first)?;
    if first == MARK {
        first.clear();
    }
    let source = io::Cursor::new(first).chain(source);
    let since = Rc::new(Cell::new(0));
    let reader = BufReader::with_capacity(64 << 10, Limited { source, since: since.clone() });
    drive(serde_json::Deserializer::from_reader(reader), &since, each)
}

/// Documents from memory.
pub(crate) fn read_text(text: &str, each: &mut impl FnMut(Value) -> ControlFlow<()>) -> Result<(), Fault> {
    let text = unmarked(text);
    if longest(text.as_bytes()) > LARGEST_DOCUMENT {
        return Err(Fault::Unreadable(format!("Unable to parse json: {}", too_large())));
    }
    drive(serde_json::Deserializer::from_str(text), &Rc::default(), each)
}

/// Bytes of the longest element of a list, or of whatever else it is. It is asked before anything is read: as
/// values, a document is many times as large.
fn longest(text: &[u8]) -> usize {
    let trimmed = text.trim_ascii_start();
    if text.len() <= LARGEST_DOCUMENT || trimmed.first() != Some(&b'[') {
        return trimmed.len();
    }
    let (mut longest, mut begun, mut depth, mut is_in_text, mut is_escaped) = (0, 1, 0_usize, false, false);
    for (at, byte) in trimmed.iter().enumerate() {
        if is_in_text {
            is_in_text = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => is_in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => {
                longest = longest.max(at - begun);
                begun = at + 1;
            }
            _ => {}
        }
    }
    longest.max(trimmed.len() - begun)
}

fn too_large() -> String {
    format!("a document is larger than {LARGEST_DOCUMENT} bytes")
}

/// The text without a byte order mark.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
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
    outcome
        .and_then(|()| deserializer.end())
        .map_err(|error| if error.is_io() { unreadable_source(error.into()) } else { unreadable(&error) })?;
    if top.is_too_deep {
        return Err(too_deep());
    }
    match top.other {
        Some(kind) => Err(Fault::Unreadable(format!("JSON parsed from request is an invalid type: {kind}"))),
        None => Ok(()),
    }
}

fn unreadable(error: &serde_json::Error) -> Fault {
    Fault::Unreadable(format!("Unable to parse json: {}", strict::message(error)))
}

/// The error of [`Limited`] is for the client, any other one is not.
fn unreadable_source(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Fault::Unreadable(format!("Unable to parse json: {error}")),
        _ => Fault::Source(error),
    }
}

fn too_deep() -> Fault {
    Fault::Unreadable(format!("Unable to parse json: nested deeper than {DEEPEST} levels"))
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
        if since > LARGEST_DOCUMENT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, too_large()));
        }
        Ok(count)
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
        if self.is_too_deep {
            // A fault further on would be reported first, so the reading continues; the documents are not
            // needed.
            return ControlFlow::Continue(());
        }
        (self.each)(document)
    }

    fn other<E>(&mut self, value: Result<Value, E>) -> Result<(), E> {
        self.other = Some(python::type_name(&value?));
        Ok(())
    }
}

impl<'de, F: FnMut(Value) -> ControlFlow<()>> Visitor<'de> for &mut Top<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        STORABLE.expecting(formatter)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.other(STORABLE.visit_bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.other(STORABLE.visit_i64(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.other(STORABLE.visit_u64(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.other(STORABLE.visit_f64(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.other(STORABLE.visit_str(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.other(STORABLE.visit_unit())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element_seed(STORABLE)? {
            if self.deliver(item, 1).is_break() {
                self.is_stopped = true;
                return Err(de::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let document = STORABLE.visit_map(access)?;
        self.is_stopped = self.deliver(document, 0).is_break();
        Ok(())
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
    fn a_byte_order_mark_does_not_count() {
        let text = "\u{feff}[{\"a\": 1}]";
        assert_eq!(value(text).unwrap(), json!([{"a": 1}]));
        for outcome in both(text) {
            assert_eq!(outcome.unwrap(), [json!({"a": 1})]);
        }
        assert!(both("\u{feff}\u{feff}[]").iter().all(Result::is_err));
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
        let large = "x".repeat(LARGEST_DOCUMENT + 1);
        for text in
            [format!("[\"{large}\"]"), format!("{{\"a\": \"{large}\"}}"), format!("[1, [\"{large}\"], 2]")]
        {
            for outcome in both(&text) {
                let fault = outcome.unwrap_err();
                assert!(fault.contains("a document is larger than 8388608 bytes"), "{fault}");
            }
        }
    }

    #[test]
    fn many_small_documents_may_be_larger_together() {
        let document = r#"{"a": "\\\",[{"},"#;
        let text = format!("[{}1]", document.repeat(LARGEST_DOCUMENT / document.len() + 1));
        assert!(longest(text.as_bytes()) < 100);
        assert!(read_text(&text, &mut |_| ControlFlow::Continue(())).is_ok());
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
                (Ok(object @ Value::Object(_)), documents) => {
                    proptest::prop_assert_eq!(Ok(vec![object]), documents);
                }
                (Ok(_), documents) => proptest::prop_assert!(documents.is_err()),
                (Err(error), documents) => proptest::prop_assert_eq!(Err(error), documents),
            }
        }
    }
}
