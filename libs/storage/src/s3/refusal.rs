//! What the SDK's errors mean.

use aws::{CredentialsError, DisplayErrorContext};
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::StorageError;

const WITHOUT_A_CODE: &str = "without an error code";

/// The error of a call about the bucket `name`.
pub(super) fn refusal<E>(name: &str, error: SdkError<E, HttpResponse>) -> StorageError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (&error, status) {
        (SdkError::ServiceError(_) | SdkError::ResponseError(_), Some(status)) => {
            match (status, error.code().unwrap_or(WITHOUT_A_CODE)) {
                (404, _) | (_, "NoSuchKey" | "NoSuchUpload" | "NoSuchBucket") => StorageError::NotFound,
                // S3 may answer 200 before it knows, and then write an error document.
                (200..=299, code) => StorageError::Refused { status: 500, code: code.to_owned() },
                (status, code) => StorageError::Refused { status, code: code.to_owned() },
            }
        }
        _ if is_about_credentials(&error) => StorageError::Credentials {
            bucket: name.to_owned(),
            reason: DisplayErrorContext(&error).to_string(),
        },
        _ => StorageError::Unavailable(DisplayErrorContext(&error).to_string()),
    }
}

fn is_about_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(|error| error.is::<CredentialsError>())
}
