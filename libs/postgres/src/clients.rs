//! The client programs `pg_dump`, `pg_restore` and `psql`, and how they are called.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::{
    PostgresError,
    admin::{names, run_utility},
    programs::{candidates, listed, major_of},
};

/// A client program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Writes the content of a database.
    Dump,
    /// Reads it into another one.
    Restore,
    /// Runs a script of statements.
    Script,
}

impl Client {
    fn name(self) -> &'static str {
        match self {
            Self::Dump => "pg_dump",
            Self::Restore => "pg_restore",
            Self::Script => "psql",
        }
    }

    /// Finds the program in a version that works with a server of the major version `server` or before. Of
    /// several the oldest is taken: what it writes can be read by most.
    ///
    /// # Errors
    /// [`PostgresError::NoClient`], with the remedy.
    pub fn find(self, server: u32) -> Result<PathBuf, PostgresError> {
        let folders = candidates();
        let found = folders.iter().map(|folder| folder.join(self.name())).filter(|path| path.is_file());
        let fitting = found.filter_map(|path| Some((version(&path)?, path)));
        let oldest = fitting.filter(|(major, _)| *major >= server).min_by_key(|(major, _)| *major);
        oldest.map(|(_, path)| path).ok_or_else(|| PostgresError::NoClient {
            program: self.name(),
            server,
            looked_at: listed(&folders),
        })
    }
}

fn version(program: &Path) -> Option<u32> {
    let said = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    major_of(&String::from_utf8_lossy(&said.stdout))?.parse().ok()
}

/// A connection URL in two: without its password, as it may stand among the arguments of a program, which
/// others of the machine see; and the password, for its variable `PGPASSWORD`.
pub fn without_password(url: &str) -> Option<(String, Option<String>)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let Some((login, host)) = authority.rsplit_once('@') else { return Some((url.to_owned(), None)) };
    let Some((user, password)) = login.split_once(':') else { return Some((url.to_owned(), None)) };
    Some((format!("{scheme}://{user}@{host}{path}"), Some(decoded(password)?)))
}

/// Percent-decoding (RFC 3986 §2).
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// A statement that the server makes of values, with its quoting.
type Making<'v> = (&'static str, &'v [&'v str]);

const DROP: &str = "select format('drop database if exists %I', $1::text)";

/// Makes the empty database `name`, in the place of one of this name. Names are ours, never of a user.
///
/// # Errors
/// When the server refuses.
pub async fn make_anew(any: &PgConnectOptions, name: &str) -> Result<(), PostgresError> {
    let create = "select format('create database %I', $1::text)";
    run(any, &[(DROP, &[name]), (create, &[name])]).await
}

/// Gives a database another name, in the place of the one that has it.
///
/// # Errors
/// When the server refuses, for instance because somebody is connected.
pub async fn replace(any: &PgConnectOptions, from: &str, to: &str) -> Result<(), PostgresError> {
    let rename = "select format('alter database %I rename to %I', $1::text, $2::text)";
    run(any, &[(DROP, &[to]), (rename, &[from, to])]).await
}

/// Deletes a database, if there is one.
///
/// # Errors
/// When the server refuses.
pub async fn remove(any: &PgConnectOptions, name: &str) -> Result<(), PostgresError> {
    run(any, &[(DROP, &[name])]).await
}

/// The databases of the server that `any` of them leads to.
///
/// # Errors
/// When the server cannot be reached.
pub async fn databases(any: &PgConnectOptions) -> Result<Vec<String>, PostgresError> {
    let mut connection = PgConnection::connect_with(any).await?;
    let names = names(&mut connection).await?;
    connection.close().await?;
    Ok(names)
}

async fn run(any: &PgConnectOptions, statements: &[Making<'_>]) -> Result<(), PostgresError> {
    let mut connection = PgConnection::connect_with(any).await?;
    for (statement, values) in statements {
        let mut making = sqlx::query_scalar::<_, String>(*statement);
        for value in *values {
            making = making.bind(*value);
        }
        let made = making.fetch_one(&mut connection).await?;
        run_utility(&mut connection, made).await?;
    }
    connection.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        for (url, bare, password) in [
            (
                "postgres://u:p%40%2Fs@h:5432/d?sslmode=require",
                "postgres://u@h:5432/d?sslmode=require",
                Some("p@/s"),
            ),
            ("postgres://u:p@localhost:1/d?host=%2Fa", "postgres://u@localhost:1/d?host=%2Fa", Some("p")),
            ("postgres://u@h/d", "postgres://u@h/d", None),
            ("postgres:///d?host=/a:b@c", "postgres:///d?host=/a:b@c", None),
        ] {
            let split = without_password(url).unwrap();
            assert_eq!((split.0.as_str(), split.1.as_deref()), (bare, password), "{url}");
        }
        assert_eq!(without_password("no url"), None);
    }

    #[test]
    fn a_program_that_is_too_old_is_not_taken() {
        let server = version(&Client::Dump.find(9).unwrap()).unwrap();
        assert!(version(&Client::Restore.find(server).unwrap()).unwrap() >= server);
        let refused = Client::Dump.find(10_000).unwrap_err().to_string();
        assert!(refused.contains("pg_dump") && refused.contains("postgresql-client"), "{refused}");
    }
}
