//! Archives of several files, made piece by piece.

use std::io::{self, Write as _};

use flate2::{Compression, write::GzEncoder};
use tar::{EntryType, Header};

use crate::Error;

/// Files of an archive fill blocks of this many bytes.
const BLOCK: usize = 512;

/// A `tar.gz` whose bytes can be taken while it is written.
pub(crate) struct Archive {
    encoder: GzEncoder<Vec<u8>>,
    /// Bytes of the file at hand so far.
    length: usize,
}

impl Archive {
    /// An empty archive.
    pub(crate) fn new() -> Self {
        Self { encoder: GzEncoder::new(Vec::new(), Compression::default()), length: 0 }
    }

    /// Begins the next file, of which exactly `size` bytes have to follow.
    pub(crate) fn begin(&mut self, name: &str, size: usize) -> Result<(), Error> {
        self.end_file().map_err(failed)?;
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(size as u64);
        header.set_mode(0o644);
        header.set_path(name).map_err(failed)?;
        header.set_cksum();
        self.encoder.write_all(header.as_bytes()).map_err(failed)
    }

    /// Writes more of the file.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.length += bytes.len();
        self.encoder.write_all(bytes).map_err(failed)
    }

    /// Takes the bytes that are ready to be sent.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.encoder.get_mut())
    }

    /// Ends the archive and returns the rest of it.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.end_file().map_err(failed)?;
        self.encoder.write_all(&[0; 2 * BLOCK]).map_err(failed)?;
        self.encoder.finish().map_err(failed)
    }

    fn end_file(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.length) % BLOCK {
            0 => Ok(()),
            rest => self.encoder.write_all(&[0; BLOCK][rest..]),
        }
    }
}

fn failed(error: io::Error) -> Error {
    Error::internal("making an archive", error)
}

/// The files (name, content) as `tar.gz`.
pub(crate) fn tar_gz(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<u8>, Error> {
    let mut archive = Archive::new();
    for (name, content) in files {
        archive.begin(&name, content.len())?;
        archive.write(&content)?;
    }
    archive.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn an_archive_holds_its_files() {
        let files = [
            ("a.tsv".to_owned(), b"x".to_vec()),
            ("b.tsv".to_owned(), Vec::new()),
            ("c.tsv".to_owned(), vec![b'y'; BLOCK]),
            ("d.tsv".to_owned(), vec![b'z'; 3 * BLOCK + 1]),
        ];
        let bytes = tar_gz(files.clone()).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), content)
        });
        assert_eq!(read.collect::<Vec<_>>(), files);
    }
}
