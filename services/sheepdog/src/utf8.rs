//! Bodies as strings: whether bytes are UTF-8, and how the original says that they are not.

use crate::Error;

/// The body as a string.
///
/// # Errors
/// [`Error::BadRequest`] in the original's words when it is not UTF-8; the bytes are not repeated in it.
pub(crate) fn text(body: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(body).map_err(|error| not_utf8(body, &error, 0))
}

/// The complete characters at the beginning of `bytes`.
pub(crate) fn whole_characters(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error, before: usize) -> Error {
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    let position = before + error.valid_up_to();
    let reason = match error.error_len() {
        None => "unexpected end of data",
        Some(_) if (0xc2..=0xf4).contains(&byte) => "invalid continuation byte",
        Some(_) => "invalid start byte",
    };
    Error::BadRequest(format!(
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}: \
         unable to decode data"
    ))
}

/// Checks a body that comes in pieces.
#[derive(Default)]
pub(crate) struct Check {
    /// Bytes of complete characters so far.
    position: usize,
    /// The beginning of a character.
    begun: Vec<u8>,
}

impl Check {
    /// The next piece.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let joined;
        let bytes = if self.begun.is_empty() {
            chunk
        } else {
            joined = [self.begun.as_slice(), chunk].concat();
            &joined
        };
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(not_utf8(bytes, &error, self.position)),
        };
        let begun = bytes[valid..].to_vec();
        self.position += valid;
        self.begun = begun;
        Ok(())
    }

    /// The end.
    pub(crate) fn end(&self) -> Result<(), Error> {
        match std::str::from_utf8(&self.begun) {
            Ok(_) => Ok(()),
            Err(error) => Err(not_utf8(&self.begun, &error, self.position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_text_in_pieces_is_refused_like_the_whole(
            bytes in "[a-zäß€😀]{0,6}".prop_map(String::into_bytes),
            broken in proptest::collection::vec(proptest::num::u8::ANY, 0..4),
            size in 1_usize..5,
        ) {
            let body = [bytes.as_slice(), &broken, &bytes].concat();
            let mut check = Check::default();
            let pieces = body.chunks(size).try_for_each(|piece| check.feed(piece)).and_then(|()| check.end());
            let whole = text(&body).map(|_| ());
            let message = |result: Result<(), Error>| result.map_err(|error| error.to_string());
            proptest::prop_assert_eq!(message(pieces), message(whole));
        }
    }

    use proptest::strategy::Strategy as _;
}
