//! Rows by `copy (...) to stdout`, for very many: each is cut out of what the server sends, and nothing else
//! is made for it.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream::BoxStream};
use sqlx::PgConnection;

use crate::{Sql, safe};

/// What the binary form begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Bytes that follow: flags, and the length of an extension.
const FLAGS: usize = 4;

/// The rows of a query, in the order in which the server finds them. It finds the next ones while these are
/// worked on.
pub struct CopiedRows<'c> {
    messages: BoxStream<'c, Result<Bytes, sqlx::Error>>,
    has_begun: bool,
}

/// A row. Its fields are in the binary form of their types.
#[derive(Debug, Clone)]
pub struct CopiedRow(Bytes);

impl Sql {
    /// Runs a select and copies its rows. The database refuses one with binds: values have to be literals.
    ///
    /// A connection whose rows have not been read to their end without an error is good for nothing else and
    /// has to be closed: sqlx takes what is still to come for the answer to its next statement.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn copy_out(self, connection: &mut PgConnection) -> Result<CopiedRows<'_>, sqlx::Error> {
        let (text, _) =
            Self::raw("copy ").then(self.in_parentheses()).text(" to stdout (format binary)").render();
        let text = sqlx::SqlSafeStr::into_sql_str(safe(text));
        Ok(CopiedRows { messages: connection.copy_out_raw(text.as_str()).await?, has_begun: false })
    }
}

impl CopiedRows<'_> {
    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// Those of the database, and [`sqlx::Error::Protocol`] for what is not in the binary form.
    pub async fn next(&mut self) -> Result<Option<CopiedRow>, sqlx::Error> {
        // The server sends one message for each row, and one for the end.
        while let Some(mut message) = self.messages.try_next().await? {
            if !self.has_begun {
                message = without_header(message).ok_or_else(unexpected)?;
                self.has_begun = true;
            }
            match message.get(..2) {
                Some([0xff, 0xff]) | None => {}
                Some(_) => return Ok(Some(CopiedRow(message))),
            }
        }
        Ok(None)
    }
}

fn without_header(message: Bytes) -> Option<Bytes> {
    let extension = message.strip_prefix(SIGNATURE)?.get(FLAGS..)?;
    let length = usize::try_from(i32::from_be_bytes(*extension.first_chunk()?)).ok()?;
    Some(message.slice_ref(extension.get(4..)?.get(length..)?))
}

impl CopiedRow {
    /// The fields; `None` is a null.
    ///
    /// # Errors
    /// [`sqlx::Error::Protocol`] when there are not so many.
    pub fn fields<const N: usize>(&self) -> Result<[Option<&[u8]>; N], sqlx::Error> {
        let ranges = self.ranges::<N>().ok_or_else(unexpected)?;
        Ok(ranges.map(|range| range.and_then(|range| self.0.get(range))))
    }

    /// A part of the row, which keeps the row in memory.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.0.slice_ref(part)
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    fn ranges<const N: usize>(&self) -> Option<[Option<Range<usize>>; N]> {
        let row = &self.0[..];
        let count = i16::from_be_bytes(*row.first_chunk()?);
        if usize::try_from(count).ok()? != N {
            return None;
        }
        let (mut ranges, mut at) = ([const { None }; N], 2);
        for range in &mut ranges {
            let length = i32::from_be_bytes(*row.get(at..)?.first_chunk()?);
            at += 4;
            // A null has the length -1.
            if let Ok(length) = usize::try_from(length) {
                *range = Some(at..at + length);
                at += length;
            }
        }
        (at == row.len()).then_some(ranges)
    }
}

/// A `text`.
///
/// # Errors
/// [`sqlx::Error::Decode`] when it is not in UTF-8.
pub fn text(field: &[u8]) -> Result<&str, sqlx::Error> {
    std::str::from_utf8(field).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The text of a `jsonb`, before which its version stands.
///
/// # Errors
/// [`sqlx::Error::Decode`] when it is not in UTF-8.
pub fn json(field: &[u8]) -> Result<&str, sqlx::Error> {
    text(field.get(1..).unwrap_or_default())
}

/// A `timestamptz`, in microseconds since 2000.
///
/// # Errors
/// [`sqlx::Error::Protocol`] when it has another length.
pub fn timestamp(field: &[u8]) -> Result<i64, sqlx::Error> {
    Ok(i64::from_be_bytes(field.try_into().map_err(|_| unexpected())?))
}

fn unexpected() -> sqlx::Error {
    sqlx::Error::Protocol("copied rows are not in the form that was asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut row = i16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |field| i32::try_from(field.len()).unwrap());
            row.extend(length.to_be_bytes());
            row.extend(field.unwrap_or_default());
        }
        row
    }

    #[test]
    fn a_row_is_cut_into_its_fields() {
        let row = CopiedRow(row(&[Some(b"id"), None, Some(b""), Some(b"\x01{}")]).into());
        let fields = row.fields::<4>().unwrap();
        assert_eq!(fields, [Some(&b"id"[..]), None, Some(b""), Some(b"\x01{}")]);
        assert_eq!(json(fields[3].unwrap()).unwrap(), "{}");
        assert_eq!(row.share(fields[0].unwrap()), "id");
        assert!(row.fields::<3>().is_err());
    }

    #[test]
    fn a_row_that_is_cut_off_is_refused() {
        let whole = row(&[Some(b"id"), Some(b"key")]);
        for length in 0..whole.len() {
            let row = CopiedRow(Bytes::copy_from_slice(&whole[..length]));
            assert!(row.fields::<2>().is_err(), "{length}");
        }
    }

    #[test]
    fn the_header_and_its_extension_are_left_out() {
        let mut message = [SIGNATURE, &[0; 4], &3_i32.to_be_bytes(), b"ext"].concat();
        message.extend(row(&[Some(b"id")]));
        let rest = without_header(message.clone().into()).unwrap();
        assert_eq!(rest, row(&[Some(b"id")]));
        assert_eq!(without_header(message.split_off(1).into()), None);
    }
}
