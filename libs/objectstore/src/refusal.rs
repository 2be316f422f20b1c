//! Why a request is refused that the protocol library does not see, or has no good answer to. Pure.

use std::{borrow::Cow, fmt::Write as _};

use http::{HeaderValue, StatusCode, header};
use s3s::{Body, HttpResponse};

/// A refusal, in the words of Amazon S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: Cow<'static, str>,
    /// What the document says beside code and text.
    fields: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new() }
    }

    /// A 400.
    pub(crate) fn bad(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What is not offered.
    pub(crate) fn not_implemented(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// An argument that cannot be.
    pub(crate) fn argument(message: &'static str, name: &'static str, value: &str) -> Self {
        Self::bad("InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", value)
    }

    /// The same, saying more.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The error document of S3.
    fn document(&self) -> String {
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error>");
        let code = ("Code", Cow::Borrowed(self.code));
        let message = ("Message", self.message.clone());
        let fields = self.fields.iter().map(|(name, value)| (*name, Cow::Borrowed(value.as_str())));
        for (name, value) in [code, message].into_iter().chain(fields) {
            // A text cannot be written that is not one.
            let _ = write!(document, "<{name}>{}</{name}>", escaped(&value));
        }
        document.push_str("</Error>");
        document
    }
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::new(Body::from(refusal.document()));
        *answer.status_mut() = refusal.status;
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        answer
    }
}

/// A text as XML has it; what XML cannot have is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            ' '..='\u{FFFD}' | '\u{10000}'.. => escaped.push(character),
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_document_whatever_the_client_said() {
        let refusal = Refusal::argument("wrong", "name", "<a&b>\u{0}\u{7}ä");
        let wanted = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidArgument</Code>\
                      <Message>wrong</Message><ArgumentName>name</ArgumentName>\
                      <ArgumentValue>&lt;a&amp;b&gt;ä</ArgumentValue></Error>";
        assert_eq!(refusal.document(), wanted);
    }
}
