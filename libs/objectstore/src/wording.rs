//! What Amazon S3 says with an error code, for errors that say nothing of their own: some clients show the
//! text alone. Pure.

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// An error whose code the library does not know.
pub(crate) fn refused(status: StatusCode, code: &'static str, told: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), told);
    error.set_status_code(status);
    error
}

/// The error with a text.
pub(crate) fn worded(mut error: S3Error) -> S3Error {
    if error.message().is_none()
        && let Some(text) = text(error.code())
    {
        error.set_message(text);
    }
    error
}

/// The document of an error with the text of its code; `None` if it has one, or there is none for it. The
/// library makes these documents by itself, of errors that no operation sees.
pub(crate) fn with_text(document: &str) -> Option<String> {
    let (head, rest) = document.split_once("<Code>")?;
    let (code, tail) = rest.split_once("</Code>")?;
    if tail.contains("<Message>") {
        return None;
    }
    let text = text(&S3ErrorCode::from_bytes(code.as_bytes())?)?;
    Some(format!("{head}<Code>{code}</Code><Message>{text}</Message>{tail}"))
}

/// The texts have no characters that XML writes in another way.
fn text(code: &S3ErrorCode) -> Option<&'static str> {
    Some(match code {
        S3ErrorCode::AccessDenied => "Access Denied.",
        S3ErrorCode::BucketAlreadyOwnedByYou => {
            "Your previous request to create the named bucket succeeded and you already own it."
        }
        S3ErrorCode::BucketNotEmpty => "The bucket you tried to delete is not empty.",
        S3ErrorCode::EntityTooLarge => "Your proposed upload exceeds the maximum allowed object size.",
        S3ErrorCode::EntityTooSmall => "Your proposed upload is smaller than the minimum allowed size",
        S3ErrorCode::IncompleteBody => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        }
        S3ErrorCode::InternalError => "We encountered an internal error. Please try again.",
        S3ErrorCode::InvalidAccessKeyId => {
            "The AWS Access Key Id you provided does not exist in our records."
        }
        S3ErrorCode::InvalidBucketName => "The specified bucket is not valid.",
        S3ErrorCode::InvalidPart => {
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or \
             the specified entity tag may not match the part's entity tag."
        }
        S3ErrorCode::InvalidPartOrder => {
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        }
        S3ErrorCode::InvalidRange => "The requested range is not satisfiable",
        S3ErrorCode::InvalidURI => "Couldn't parse the specified URI.",
        S3ErrorCode::KeyTooLongError => "Your key is too long.",
        S3ErrorCode::MalformedXML => {
            "The XML you provided was not well-formed or did not validate against our published schema."
        }
        S3ErrorCode::MetadataTooLarge => "Your metadata headers exceed the maximum allowed metadata size",
        S3ErrorCode::MethodNotAllowed => "The specified method is not allowed against this resource.",
        S3ErrorCode::NoSuchBucket => "The specified bucket does not exist.",
        S3ErrorCode::NoSuchKey => "The specified key does not exist.",
        S3ErrorCode::NoSuchUpload => {
            "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed."
        }
        S3ErrorCode::NoSuchVersion => "The specified version does not exist.",
        S3ErrorCode::PreconditionFailed => "At least one of the pre-conditions you specified did not hold.",
        S3ErrorCode::SignatureDoesNotMatch => {
            "The request signature we calculated does not match the signature you provided. Check your key \
             and signing method."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use s3s::s3_error;

    use super::*;

    #[test]
    fn an_error_without_a_text_gets_that_of_its_code() {
        let message = |error: S3Error| worded(error).message().map(str::to_owned);
        let said = message(s3_error!(NoSuchBucket));
        assert_eq!(said.as_deref(), Some("The specified bucket does not exist."));
        assert_eq!(message(s3_error!(NoSuchBucket, "ours")).as_deref(), Some("ours"));
        assert_eq!(message(s3_error!(NotModified)), None);
    }

    #[test]
    fn so_does_the_document_of_one() {
        let document = "<Error><Code>NoSuchBucket</Code></Error>";
        let told =
            "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist.</Message></Error>";
        assert_eq!(with_text(document).as_deref(), Some(told));
        for other in [told, "<Error><Code>Unheard</Code></Error>", "<ListBucketResult/>", ""] {
            assert_eq!(with_text(other), None, "{other}");
        }
    }
}
