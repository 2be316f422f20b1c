//! Pieces of JSON and of an answer.

/// Writes a comma before every item of a list but the first.
#[derive(Default)]
pub(crate) struct Commas {
    has_items: bool,
}

impl Commas {
    pub(crate) fn before_item(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_items, true) {
            out.push(b',');
        }
    }
}

/// Writes a JSON string.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Notes an error, once.
pub(crate) fn report(errors: &mut Vec<String>, message: &str) {
    if !errors.iter().any(|known| known == message) {
        errors.push(message.to_owned());
    }
}
