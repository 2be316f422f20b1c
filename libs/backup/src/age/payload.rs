//! What is sealed, in chunks that cannot be exchanged, left out or added.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};

use super::primitives::{AgeError, FileKey, TAG, cipher, derive, random};

/// Bytes of a chunk; the last one has fewer or as many.
const CHUNK: usize = 64 * 1024;
const SALT: usize = 16;

pub(super) fn seal(file_key: &FileKey, text: &[u8], sealed: &mut Vec<u8>) -> Result<(), AgeError> {
    let salt: [u8; SALT] = random()?;
    sealed.extend_from_slice(&salt);
    let key = key(file_key, &salt)?;
    let (mut rest, mut number) = (text, 0);
    loop {
        let (chunk, more) = rest.split_at(rest.len().min(CHUNK));
        let mut chunk = chunk.to_vec();
        key.seal_in_place_append_tag(nonce(number, more.is_empty()), Aad::empty(), &mut chunk)?;
        sealed.append(&mut chunk);
        if more.is_empty() {
            return Ok(());
        }
        (rest, number) = (more, number + 1);
    }
}

pub(super) fn open(file_key: &FileKey, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    let (salt, mut rest) = sealed.split_at_checked(SALT).ok_or(AgeError::Damaged)?;
    let key = key(file_key, salt)?;
    let (mut text, mut number) = (Vec::new(), 0);
    loop {
        let (chunk, more) = rest.split_at(rest.len().min(CHUNK + TAG));
        let mut chunk = chunk.to_vec();
        let nonce = nonce(number, more.is_empty());
        let opened = key.open_in_place(nonce, Aad::empty(), &mut chunk).map_err(|_| AgeError::Damaged)?;
        // Only nothing at all ends with an empty chunk.
        if opened.is_empty() && number > 0 {
            return Err(AgeError::Damaged);
        }
        text.extend_from_slice(opened);
        if more.is_empty() {
            return Ok(text);
        }
        (rest, number) = (more, number + 1);
    }
}

fn key(file_key: &FileKey, salt: &[u8]) -> Result<LessSafeKey, AgeError> {
    cipher(&derive(file_key, salt, "payload")?)
}

/// The number of the chunk, and whether it is the last.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; 12];
    if let Some(place) = bytes.get_mut(3..11) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}
