//! Archives of several files.

use std::io;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};

use crate::Error;

/// The files (name, content) as `tar.gz`.
pub(crate) fn tar_gz(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<u8>, Error> {
    pack(files).map_err(|error| Error::Corrupt(format!("an archive cannot be made: {error}")))
}

fn pack(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in files {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_slice())?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn an_archive_holds_its_files() {
        let files = [("a.tsv".to_owned(), b"x".to_vec()), ("b.tsv".to_owned(), Vec::new())];
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
