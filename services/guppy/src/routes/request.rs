//! What a request says beside its body.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, CONTENT_TYPE},
};
use authz::Subject;
use fairness::Place;
use futures_util::{Stream, StreamExt as _};

/// Who asks. A header that is no bearer token is as none.
pub(super) fn caller(request: &HttpRequest) -> Subject {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    match Subject::from_authorization(header) {
        Some(Subject::Token(token)) if token.is_empty() || token.contains(char::is_whitespace) => {
            Subject::Anonymous
        }
        Some(subject) => subject,
        None => Subject::Anonymous,
    }
}

/// The media type of the body, in lower case.
pub(super) fn media_type(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = header.split(';').next().unwrap_or_default().trim().to_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}

/// The same stream, which has a turn until it ends.
pub(super) fn holding<T>(turn: Place, stream: impl Stream<Item = T>) -> impl Stream<Item = T> {
    stream.inspect(move |_| {
        let _ = &turn;
    })
}
