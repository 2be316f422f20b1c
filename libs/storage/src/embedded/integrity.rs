//! What a client says of the bytes that it sends: compared before they become an object.

use http::HeaderMap;
use s3s::{
    S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::{Checksum, ChecksumAlgorithm},
    s3_error,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Names the checksum that follows the body.
const TRAILER: &str = "x-amz-trailer";

/// The digests of a body while it comes in, and what they must be.
pub(super) struct Integrity {
    md5: Md5,
    hasher: ChecksumHasher,
    wanted_md5: Option<Vec<u8>>,
    wanted: Checksum,
    trailers: Option<TrailingHeaders>,
}

/// The digests of a whole body.
#[derive(Debug, Clone)]
pub(super) struct Digests {
    /// In hexadecimal digits, as entity tags have it.
    pub(super) md5: String,
    /// Those that the client named.
    pub(super) checksum: Checksum,
}

impl Integrity {
    /// Of a body with these headers: `content_md5`, the checksums, the algorithm to use.
    ///
    /// # Errors
    /// 400 for a digest that cannot be one, and for an unknown algorithm.
    pub(super) fn expect(
        content_md5: Option<&str>,
        wanted: Checksum,
        algorithm: Option<&ChecksumAlgorithm>,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        let wanted_md5 = match content_md5 {
            Some(text) => {
                let digest = STANDARD.decode(text).ok().filter(|digest| digest.len() == 16);
                Some(digest.ok_or_else(|| s3_error!(InvalidDigest, "Content-MD5 is not a digest"))?)
            }
            None => None,
        };
        let mut integrity =
            Self { md5: Md5::new(), hasher: ChecksumHasher::default(), wanted_md5, wanted, trailers };
        integrity.choose(algorithm, headers)?;
        Ok(integrity)
    }

    /// Which checksums are computed: those that are given, or named by a header.
    fn choose(&mut self, algorithm: Option<&ChecksumAlgorithm>, headers: &HeaderMap) -> S3Result<()> {
        let trailing = headers.get(TRAILER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let named = |algorithm_name: &str| {
            let header = format!("x-amz-checksum-{}", algorithm_name.to_ascii_lowercase());
            trailing.split(',').any(|name| name.trim().eq_ignore_ascii_case(&header))
                || algorithm.is_some_and(|algorithm| algorithm.as_str() == algorithm_name)
        };
        const KNOWN: [&str; 5] = [
            ChecksumAlgorithm::CRC32,
            ChecksumAlgorithm::CRC32C,
            ChecksumAlgorithm::CRC64NVME,
            ChecksumAlgorithm::SHA1,
            ChecksumAlgorithm::SHA256,
        ];
        if algorithm.is_some_and(|algorithm| !KNOWN.contains(&algorithm.as_str())) {
            return Err(s3_error!(InvalidRequest, "this checksum algorithm is not known"));
        }
        let wanted = &self.wanted;
        let hasher = &mut self.hasher;
        let is_wanted = |value: &Option<String>, name: &str| value.is_some() || named(name);
        hasher.crc32 = is_wanted(&wanted.checksum_crc32, KNOWN[0]).then(Crc32::new);
        hasher.crc32c = is_wanted(&wanted.checksum_crc32c, KNOWN[1]).then(Crc32c::new);
        hasher.crc64nvme = is_wanted(&wanted.checksum_crc64nvme, KNOWN[2]).then(Crc64Nvme::new);
        hasher.sha1 = is_wanted(&wanted.checksum_sha1, KNOWN[3]).then(Sha1::new);
        hasher.sha256 = is_wanted(&wanted.checksum_sha256, KNOWN[4]).then(Sha256::new);
        Ok(())
    }

    /// Takes the next piece of the body.
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        self.hasher.update(piece);
    }

    /// The digests, after the last piece.
    ///
    /// # Errors
    /// 400 when one is not what the client said.
    pub(super) fn finish(mut self) -> S3Result<Digests> {
        let md5 = self.md5.finalize();
        if self.wanted_md5.is_some_and(|wanted| wanted != md5.as_ref()) {
            return Err(s3_error!(BadDigest, "the body does not have the digest of Content-MD5"));
        }
        if let Some(trailers) = self.trailers.and_then(|trailers| trailers.take()) {
            add_trailers(&mut self.wanted, &trailers);
        }
        let checksum = self.hasher.finalize();
        compare(&self.wanted, &checksum)?;
        Ok(Digests { md5: hex::encode(md5.as_ref()), checksum })
    }
}

fn add_trailers(wanted: &mut Checksum, trailers: &HeaderMap) {
    let value = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    for (place, name) in [
        (&mut wanted.checksum_crc32, "x-amz-checksum-crc32"),
        (&mut wanted.checksum_crc32c, "x-amz-checksum-crc32c"),
        (&mut wanted.checksum_crc64nvme, "x-amz-checksum-crc64nvme"),
        (&mut wanted.checksum_sha1, "x-amz-checksum-sha1"),
        (&mut wanted.checksum_sha256, "x-amz-checksum-sha256"),
    ] {
        if let Some(value) = value(name) {
            *place = Some(value);
        }
    }
}

/// Whether every checksum that is wanted is there and equal.
///
/// # Errors
/// 400 when one is not.
pub(super) fn compare(wanted: &Checksum, found: &Checksum) -> S3Result<()> {
    for (wanted, found, name) in [
        (&wanted.checksum_crc32, &found.checksum_crc32, "CRC32"),
        (&wanted.checksum_crc32c, &found.checksum_crc32c, "CRC32C"),
        (&wanted.checksum_crc64nvme, &found.checksum_crc64nvme, "CRC64NVME"),
        (&wanted.checksum_sha1, &found.checksum_sha1, "SHA1"),
        (&wanted.checksum_sha256, &found.checksum_sha256, "SHA256"),
    ] {
        if wanted.is_some() && wanted != found {
            return Err(s3_error!(BadDigest, "the body does not have the {name} checksum that was given"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5_OF_HELLO: &str = "XUFAKrxLKna5cZ2REBfFkg==";
    const CRC32_OF_HELLO: &str = "NhCmhg==";

    fn digests(content_md5: Option<&str>, wanted: Checksum) -> S3Result<Digests> {
        let mut integrity = Integrity::expect(content_md5, wanted, None, &HeaderMap::new(), None)?;
        integrity.update(b"hel");
        integrity.update(b"lo");
        integrity.finish()
    }

    fn crc32(value: &str) -> Checksum {
        Checksum { checksum_crc32: Some(value.into()), ..Checksum::default() }
    }

    #[test]
    fn bytes_must_have_the_digests_that_were_given() {
        let found = digests(Some(MD5_OF_HELLO), crc32(CRC32_OF_HELLO)).unwrap();
        assert_eq!(found.md5, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(found.checksum.checksum_crc32.as_deref(), Some(CRC32_OF_HELLO));
        for (content_md5, wanted, code) in [
            (Some("1B2M2Y8AsgTpgAmY7PhCfg=="), Checksum::default(), "BadDigest"),
            (Some("no digest"), Checksum::default(), "InvalidDigest"),
            (Some("AAAA"), Checksum::default(), "InvalidDigest"),
            (None, crc32("AAAAAA=="), "BadDigest"),
            (None, crc32("%"), "BadDigest"),
        ] {
            assert_eq!(digests(content_md5, wanted).unwrap_err().code().as_str(), code, "{content_md5:?}");
        }
    }

    #[test]
    fn a_checksum_that_is_only_named_is_computed() {
        let algorithm = ChecksumAlgorithm::from_static(ChecksumAlgorithm::CRC32);
        let headers = HeaderMap::new();
        let mut integrity =
            Integrity::expect(None, Checksum::default(), Some(&algorithm), &headers, None).unwrap();
        integrity.update(b"hello");
        assert_eq!(integrity.finish().unwrap().checksum.checksum_crc32.as_deref(), Some(CRC32_OF_HELLO));
        let unknown = ChecksumAlgorithm::from("CRC13".to_owned());
        assert!(Integrity::expect(None, Checksum::default(), Some(&unknown), &headers, None).is_err());
    }
}
