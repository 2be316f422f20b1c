//! Which failure gives which exit status.

use std::process::ExitCode;

use crate::style::{self, Stream};

/// Failures that have an exit status of their own.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something that must be there is missing or in use; the message names the remedy. Exit status 3.
    #[error("{0}")]
    Prerequisite(String),
    /// A check found something. Exit status 4.
    #[error("{0}")]
    NotInOrder(String),
    /// Another process of ours has failed with this exit status, and said why.
    #[error("see above")]
    Told(Option<i32>),
}

/// Tells people of a failure, unless they know already.
pub(crate) fn tell_of(error: &anyhow::Error) {
    if !matches!(error.downcast_ref(), Some(Failure::Told(_))) {
        tell(&message(error));
    }
}

/// Tells people what went wrong.
pub(crate) fn tell(told: &str) {
    eprintln!("{} {told}", style::red(Stream::Error, "commons:"));
}

/// Tells people what they should look at.
pub(crate) fn warn(told: &str) {
    eprintln!("{} {told}", style::yellow(Stream::Error, "commons:"));
}

/// The exit status of the program for `error`.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if let Some(Failure::Told(code)) = error.downcast_ref() {
        return ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    let missing = error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(Failure::Prerequisite(_)))
            || cause.is::<web::BindError>()
            || cause.downcast_ref().is_some_and(backup::BackupError::is_prerequisite)
            || matches!(
                cause.downcast_ref(),
                Some(
                    postgres::PostgresError::NotInstalled { .. }
                        | postgres::PostgresError::NoClient { .. }
                        | postgres::PostgresError::OtherMajor { .. }
                        | postgres::PostgresError::NoAccount
                )
            )
    });
    let not_in_order = error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(Failure::NotInOrder(_)))
            || cause.downcast_ref().is_some_and(backup::BackupError::is_damage)
    });
    ExitCode::from(if missing {
        3
    } else if not_in_order {
        4
    } else {
        1
    })
}

/// The failure and its causes on one line. A cause that is named already is not named twice.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        // A database error, and its own cause, also know at which line of PostgreSQL's source they were made,
        // which is of use to nobody here.
        let of_database = cause.downcast_ref().and_then(sqlx::Error::as_database_error);
        let said = of_database.map_or_else(|| cause.to_string(), |error| error.message().to_owned());
        if told.is_empty() {
            told = said;
        } else if !told.contains(&said) {
            told = format!("{told}: {said}");
        }
        if of_database.is_some() {
            break;
        }
    }
    told
}
