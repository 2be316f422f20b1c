//! Requests that another site's page has made a browser send. The gateway checks no CSRF token here, as in
//! the original, so that programs in workspaces can send what they like; browsers themselves say where a
//! request comes from.

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, ORIGIN},
};

use crate::{error::Error, service::Workspaces};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Workspaces {
    /// Refuses what changes something, or opens a WebSocket, in the name of another site.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn refuse_other_sites(&self, request: &HttpRequest) -> Result<(), Error> {
        let opens = relay::asked_protocol(request.headers()).is_some();
        if request.method().is_safe() && !opens {
            return Ok(());
        }
        let forged = Error::Forbidden("another site has sent this request");
        let public = self.config.public_url.origin().ascii_serialization();
        if request.headers().get(ORIGIN).is_some_and(|origin| origin.as_bytes() != public.as_bytes()) {
            return Err(forged);
        }
        let site = request.headers().get(FETCH_SITE);
        match site.map(|site| site.as_bytes()) {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) => Err(forged),
        }
    }
}
