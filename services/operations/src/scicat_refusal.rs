//! Problems as the archiver tells them: what is wrong with a request in FastAPI's list, everything else as a
//! code and a message.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header::RETRY_AFTER};
use serde_json::{Value, json};

use crate::{problem::Problem, scicat::Wrong};

/// Why a job is not told or done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobRefusal {
    /// 422, with the place.
    #[error("{}", .0.told)]
    Wrong(Wrong),
    /// As the problem says; 422 for what is wrong with a request.
    #[error(transparent)]
    Problem(#[from] Problem),
}

impl From<Wrong> for JobRefusal {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<web::BodyError> for JobRefusal {
    fn from(error: web::BodyError) -> Self {
        Self::Problem(error.into())
    }
}

impl ResponseError for JobRefusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Wrong(_) | Self::Problem(Problem::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let list = |place: &[Value], told: &str| {
            let one = json!({ "loc": place, "msg": told, "type": "value_error" });
            json!({ "detail": [one] })
        };
        let status = self.status_code();
        let problem = match self {
            Self::Wrong(wrong) => return HttpResponse::build(status).json(list(&wrong.place, &wrong.told)),
            Self::Problem(problem) => problem,
        };
        problem.log();
        let mut response = match problem {
            Problem::Failed(failure) => failure.response(),
            _ => HttpResponse::build(status),
        };
        if problem.is_passing() {
            response.insert_header((RETRY_AFTER, "5"));
        }
        response.json(match problem {
            Problem::Invalid(told) => list(&[json!("body")], told),
            problem => json!({
                "code": status.canonical_reason().unwrap_or_default(),
                "message": problem.told(),
            }),
        })
    }
}
