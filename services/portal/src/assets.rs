//! Files that pages refer to. A public name has the digest of the content in it, so that browsers may keep a
//! file for good and never show an old one.

use std::{borrow::Cow, io::Read as _};

use flate2::read::GzDecoder;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// How a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Plain,
}

/// A file.
#[derive(Debug)]
pub(crate) struct Asset {
    name: &'static str,
    pub(crate) digest: &'static str,
    pub(crate) content_type: &'static str,
    gzip: &'static [u8],
}

impl Asset {
    /// `graphiql.js` as `graphiql-0123456789abcdef.js`.
    pub(crate) fn public_name(&self) -> String {
        let (stem, extension) = self.name.rsplit_once('.').unwrap_or((self.name, ""));
        format!("{stem}-{}.{extension}", self.digest)
    }

    /// The content in this encoding.
    pub(crate) fn content(&self, encoding: Encoding) -> Cow<'static, [u8]> {
        match encoding {
            Encoding::Gzip => Cow::Borrowed(self.gzip),
            Encoding::Plain => {
                let mut plain = Vec::new();
                let unpacked = GzDecoder::new(self.gzip).read_to_end(&mut plain);
                unpacked.expect("invariant: build.rs has compressed it");
                Cow::Owned(plain)
            }
        }
    }
}

/// The document of every page, before anything is put in.
pub(crate) fn index() -> &'static str {
    INDEX
}

/// The file of the query page of this public name.
pub(crate) fn find(public_name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.public_name() == public_name)
}

/// The file of the other pages of this name, which the bundler has made of its content.
pub(crate) fn bundled(name: &str) -> Option<&'static Asset> {
    BUNDLE.iter().find(|asset| asset.name == name)
}

/// The type of a file by its name.
pub(crate) fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

/// The public name of the file `name`.
pub(crate) fn public_name(name: &str) -> String {
    let known = ASSETS.iter().find(|asset| asset.name == name);
    known.map(Asset::public_name).expect("invariant: pages name files that build.rs has put in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_comes_out_as_it_went_in() {
        for asset in ASSETS {
            let path = format!("{}/assets/graphiql/{}", env!("CARGO_MANIFEST_DIR"), asset.name);
            assert!(asset.content(Encoding::Plain) == std::fs::read(path).unwrap(), "{}", asset.name);
            assert!(find(&asset.public_name()).is_some_and(|found| found.digest == asset.digest));
        }
    }

    #[test]
    fn the_document_names_no_file_that_is_not_there() {
        let files = INDEX.split('"').filter_map(|part| part.strip_prefix("/portal/assets/"));
        assert_eq!(files.clone().count() > 0, HAS_PAGES);
        for file in files {
            assert!(bundled(file).is_some(), "{file}");
        }
    }
}
