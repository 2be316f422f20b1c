//! Request bodies.

use ::web::{BodyError, read_body};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{self, Bytes, Data},
};
use futures_util::future::LocalBoxFuture;

use crate::{Arborist, Error};

/// The body of a request, whatever its content type says, within the limit of the configuration.
pub(super) struct Body(pub(super) Bytes);

impl FromRequest for Body {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request.app_data::<Data<Arborist>>().map_or(0, |arborist| arborist.config.body_limit);
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            let payload = payload.map_err(|_| Error::BadRequest("the body cannot be read".into()))?;
            match read_body(payload, limit).await {
                Ok(bytes) => Ok(Self(bytes)),
                Err(BodyError::TooLarge { limit }) => Err(Error::TooLarge(limit)),
                Err(BodyError::BrokenOff(_)) => Err(Error::BadRequest("the body ends too early".into())),
            }
        })
    }
}
