//! Connections that go on in another protocol (RFC 9110 §7.8): what both sides send is passed on as it comes.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    web::Payload,
};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use crate::hop::Hop;

/// The protocol that a request asks to go on in. Only WebSocket is passed on.
pub fn asked_protocol(headers: &HeaderMap) -> Option<&'static str> {
    let asked = headers.get(header::UPGRADE)?.to_str().ok()?;
    let hop = Hop::of(headers.get_all(header::CONNECTION).map(header::HeaderValue::as_bytes));
    (asked.eq_ignore_ascii_case("websocket") && hop.names("upgrade")).then_some("websocket")
}

/// Answers `request` as the other server did, and connects both sides until one of them closes or the server
/// stops.
///
/// # Errors
/// When the other server does not go on after all.
pub(crate) async fn open(
    answer: reqwest::Response,
    protocol: &'static str,
    mut body: Payload,
    request: &HttpRequest,
) -> Result<HttpResponse, reqwest::Error> {
    let mut response = HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS);
    let hop =
        Hop::of(answer.headers().get_all(reqwest::header::CONNECTION).iter().map(|value| value.as_bytes()));
    for (name, value) in answer.headers() {
        // `Connection: Upgrade` names only `Upgrade`, which is written anew.
        if !hop.ends(name.as_str()) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    response.upgrade(protocol);
    let (reader, mut writer) = tokio::io::split(answer.upgrade().await?);
    actix_web::rt::spawn(async move {
        while let Some(Ok(chunk)) = body.next().await {
            if writer.write_all(&chunk).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
        // The other side is told; whether it still listens makes no difference.
        let _ = writer.shutdown().await;
    });
    let stopping = web::stopping(request);
    Ok(response.streaming(Box::pin(ReaderStream::new(reader).take_until(stopping))))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_websocket_is_asked_for() {
        let asked = |connection: &str, upgrade: &str| {
            let request = TestRequest::get()
                .insert_header(("Connection", connection))
                .insert_header(("Upgrade", upgrade))
                .to_http_request();
            asked_protocol(request.headers())
        };
        assert_eq!(asked("keep-alive, Upgrade", "WebSocket"), Some("websocket"));
        assert_eq!(asked("keep-alive", "websocket"), None);
        assert_eq!(asked("Upgrade", "h2c"), None);
    }
}
