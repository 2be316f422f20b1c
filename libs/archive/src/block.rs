//! Tar files of many objects: where each member stands, and the bytes around it. Pure.

use serde::Serialize;

/// Bytes of the header before a member, to whose multiple members are filled up.
pub(crate) const HEADER: u64 = 512;
/// Bytes of zero at the end of the file.
pub(crate) const END: u64 = 1024;

/// A member of a tar file, as its index names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Member {
    /// The GUID.
    pub(crate) guid: String,
    /// Its name in the tar file.
    pub(crate) name: String,
    /// Where its bytes begin.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) size: u64,
    /// Their SHA-256.
    pub(crate) sha256: String,
}

/// Bytes after a member of `size`.
pub(crate) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % HEADER
}

/// What a file of members of these sizes has.
pub(crate) fn length(sizes: impl IntoIterator<Item = u64>) -> u64 {
    sizes.into_iter().map(|size| HEADER + size + padding(size)).sum::<u64>() + END
}

/// The header of a member, and its name: the GUID where tar can say it.
pub(crate) fn header(guid: &str, size: u64, number: usize) -> (Vec<u8>, String) {
    let mut header = tar::Header::new_gnu();
    let mut name = guid.to_owned();
    if guid.starts_with('/') || header.set_path(&name).is_err() {
        name = format!("member-{number}");
        header.set_path(&name).expect("invariant: so short a name has its place");
    }
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    (header.as_bytes().to_vec(), name)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_laid_out_is_a_tar_file_in_which_everything_is_where_it_should_be() {
        let long = format!("dg.{}/{}", "x".repeat(120), "y".repeat(120));
        let members = [
            ("dg.1/a", vec![1_u8; 5]),
            ("b", vec![]),
            (long.as_str(), vec![2_u8; 512]),
            ("../c", vec![3; 513]),
        ];
        let (mut file, mut offsets) = (Vec::new(), Vec::new());
        for (number, (guid, bytes)) in members.iter().enumerate() {
            let (header, name) = header(guid, bytes.len() as u64, number);
            file.extend(header);
            offsets.push((name, file.len() as u64));
            file.extend(bytes);
            file.extend(vec![0; usize::try_from(padding(bytes.len() as u64)).unwrap()]);
        }
        file.extend([0; 1024]);
        assert_eq!(file.len() as u64, length(members.iter().map(|(_, bytes)| bytes.len() as u64)));
        let mut archive = tar::Archive::new(file.as_slice());
        let mut seen = 0;
        for (entry, ((name, offset), (_, bytes))) in
            archive.entries().unwrap().zip(offsets.iter().zip(&members))
        {
            let mut entry = entry.unwrap();
            assert_eq!(entry.path().unwrap().to_str().unwrap(), name);
            assert_eq!(entry.raw_file_position(), *offset);
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            assert_eq!(&read, bytes);
            seen += 1;
        }
        assert_eq!((seen, offsets[2].0.as_str(), offsets[3].0.as_str()), (4, "member-2", "member-3"));
    }
}
