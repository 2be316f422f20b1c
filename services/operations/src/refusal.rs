//! Problems as sower tells them: a status and a line of text.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use crate::problem::Problem;

/// A problem of a job.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Refusal(#[from] Problem);

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        let mut response = match &self.0 {
            Problem::Failed(failure) => failure.response(),
            _ => HttpResponse::build(self.status_code()),
        };
        response.content_type("text/plain; charset=utf-8").body(format!("{}\n", self.0.told()))
    }
}

macro_rules! from {
    ($($error:ty),*) => {
        $(impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                Self(error.into())
            }
        })*
    };
}

from!(web::BodyError, web::Failure);
