//! What can go wrong, and how it is told (guppy 0.20).

use actix_web::{
    HttpResponse, ResponseError,
    http::{Method, StatusCode},
};
use async_graphql::ServerError;
use serde_json::{Value, json};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the body is not a JSON object with a query")]
    NoQuery,
    #[error("Syntax Error: {0}")]
    Syntax(async_graphql::parser::Error),
    #[error("the query exceeds the depth of {0}")]
    TooDeep(usize),
    #[error("the query is not valid")]
    Invalid(Vec<ServerError>),
    #[error("the body is not a JSON object with a type")]
    NoType,
    #[error("Invalid es type: \"{0}\"")]
    UnknownType(String),
    #[error("[Refresh] guppy _refresh functionality is not enabled")]
    NoRefresh,
    #[error("Cannot {0} {1}")]
    NoRoute(Method, String),
}

impl Error {
    /// The code of an error of GraphQL; other errors are told as text.
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoQuery => Some("BAD_REQUEST"),
            Self::Syntax(_) => Some("GRAPHQL_PARSE_FAILED"),
            Self::TooDeep(_) | Self::Invalid(_) => Some("GRAPHQL_VALIDATION_FAILED"),
            Self::NoType | Self::UnknownType(_) | Self::NoRefresh | Self::NoRoute(..) => None,
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoRefresh | Self::NoRoute(..) => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        let Some(code) = self.code() else {
            return response.content_type("text/plain; charset=utf-8").body(self.to_string());
        };
        let extensions = json!({ "code": code });
        let errors: Vec<Value> = match self {
            Self::Invalid(errors) => errors
                .iter()
                .map(|ServerError { message, locations, .. }| {
                    json!({ "message": message, "locations": locations, "extensions": extensions })
                })
                .collect(),
            other => vec![json!({ "message": other.to_string(), "extensions": extensions })],
        };
        response.json(json!({ "errors": errors }))
    }
}
