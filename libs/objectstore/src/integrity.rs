//! What a client says of the bytes that it sends: compared before they become an object.

use http::{HeaderMap, StatusCode};
use s3s::{
    S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::ChecksumAlgorithm,
    s3_error,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    checksums::{Algorithm, Checksums},
    wording::refused,
};

/// Names the checksum that follows the body.
const TRAILER: &str = "x-amz-trailer";
/// Names the checksum that a client computes, whether it comes before or after the body.
const BY_CLIENT: &str = "x-amz-sdk-checksum-algorithm";

/// The algorithm of the checksum that a request gives or names: in a header, in the trailer, or by itself.
///
/// # Errors
/// 400 for two that differ, and for an unknown one.
pub(crate) fn named(
    given: &Checksums,
    algorithm: Option<&ChecksumAlgorithm>,
    headers: &HeaderMap,
) -> S3Result<Option<Algorithm>> {
    // The library does not hand on the header in which clients of Amazon name it.
    let by_client = headers.get(BY_CLIENT).and_then(|name| name.to_str().ok()).map(str::to_ascii_uppercase);
    let algorithm = by_client.as_deref().or(algorithm.map(ChecksumAlgorithm::as_str));
    let algorithm = algorithm.map(Algorithm::named).transpose()?;
    let sent = given.algorithm().or(trailing(headers));
    if let (Some(algorithm), Some(sent)) = (algorithm, sent)
        && algorithm != sent
    {
        return Err(s3_error!(InvalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid."));
    }
    Ok(sent.or(algorithm))
}

/// The algorithm of the checksum that follows the body.
fn trailing(headers: &HeaderMap) -> Option<Algorithm> {
    let names = headers.get(TRAILER)?.to_str().ok()?;
    let is_named = |algorithm: &Algorithm| {
        let header = format!("x-amz-checksum-{}", algorithm.name());
        names.split(',').any(|name| name.trim().eq_ignore_ascii_case(&header))
    };
    Algorithm::ALL.into_iter().find(is_named)
}

/// The digests of a body while it comes in, and what they must be.
pub(crate) struct Integrity {
    md5: Md5,
    hasher: ChecksumHasher,
    wanted_md5: Option<Vec<u8>>,
    wanted: Checksums,
    trailers: Option<TrailingHeaders>,
    /// What the trailers are to have.
    announced: Option<Algorithm>,
}

/// Computes one checksum.
pub(crate) fn digest(algorithm: Algorithm) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    switch_on(&mut hasher, algorithm);
    hasher
}

fn switch_on(hasher: &mut ChecksumHasher, algorithm: Algorithm) {
    match algorithm {
        Algorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
        Algorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
        Algorithm::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
        Algorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
        Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
    }
}

/// The MD5 of bytes, and the other checksums that are kept of them.
pub(crate) struct Hashed {
    pub(crate) md5: Md5,
    pub(crate) others: ChecksumHasher,
}

impl Hashed {
    pub(crate) fn with(kept: &Checksums) -> Self {
        let mut others = ChecksumHasher::default();
        for algorithm in Algorithm::ALL {
            if kept.get(algorithm).is_some() {
                switch_on(&mut others, algorithm);
            }
        }
        Self { md5: Md5::new(), others }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        self.others.update(piece);
    }

    /// Whether these are the bytes of which `md5` and `kept` are.
    pub(crate) fn agrees_with(self, md5: Option<&str>, kept: &Checksums) -> bool {
        let found = hex::encode(self.md5.finalize().as_ref());
        md5.is_none_or(|md5| md5 == found) && compare(kept, &Checksums::from(self.others.finalize())).is_ok()
    }
}

/// The digests of a whole body.
#[derive(Debug, Clone)]
pub(crate) struct Digests {
    /// In hexadecimal digits, as entity tags have it.
    pub(crate) md5: String,
    /// Those that the client named.
    pub(crate) checksums: Checksums,
}

impl Integrity {
    /// Of a body with these headers: `content_md5`, the checksums, the algorithm to use.
    ///
    /// # Errors
    /// 400 for a digest that cannot be one, and for an unknown algorithm.
    pub(crate) fn expect(
        content_md5: Option<&str>,
        wanted: Checksums,
        algorithm: Option<&ChecksumAlgorithm>,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        let wanted_md5 =
            match content_md5 {
                Some(text) => {
                    let digest = STANDARD.decode(text).ok().filter(|digest| digest.len() == 16);
                    Some(digest.ok_or_else(|| {
                        s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid.")
                    })?)
                }
                None => None,
            };
        check(&wanted)?;
        let announced = trailing(headers).filter(|_| trailers.is_some());
        let (md5, hasher) = (Md5::new(), ChecksumHasher::default());
        let mut integrity = Self { md5, hasher, wanted_md5, wanted, trailers, announced };
        integrity.choose(algorithm, headers)?;
        Ok(integrity)
    }

    /// Which checksums are computed: those that are given, or named by a header.
    fn choose(&mut self, algorithm: Option<&ChecksumAlgorithm>, headers: &HeaderMap) -> S3Result<()> {
        let named = named(&self.wanted, algorithm, headers)?;
        for algorithm in Algorithm::ALL {
            if self.wanted.get(algorithm).is_some() || named == Some(algorithm) {
                switch_on(&mut self.hasher, algorithm);
            }
        }
        Ok(())
    }

    /// Takes the next piece of the body.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        self.hasher.update(piece);
    }

    /// The digests, after the last piece.
    ///
    /// # Errors
    /// 400 when one is not what the client said.
    pub(crate) fn finish(mut self) -> S3Result<Digests> {
        let md5 = self.md5.finalize();
        if self.wanted_md5.is_some_and(|wanted| wanted != md5.as_ref()) {
            let told = "The Content-MD5 you specified did not match what we received.";
            return Err(s3_error!(BadDigest, "{told}"));
        }
        if let Some(trailers) = self.trailers.and_then(|trailers| trailers.take()) {
            add_trailers(&mut self.wanted, &trailers);
            check(&self.wanted)?;
        }
        if self.announced.is_some_and(|announced| self.wanted.get(announced).is_none()) {
            let told = "The request contained trailing data that was not well-formed or did not conform to \
                        our published schema.";
            return Err(refused(StatusCode::BAD_REQUEST, "MalformedTrailerError", told));
        }
        let checksums = Checksums::from(self.hasher.finalize());
        compare(&self.wanted, &checksums)?;
        Ok(Digests { md5: hex::encode(md5.as_ref()), checksums })
    }
}

/// Refuses checksums that cannot be right, in the words of Amazon S3.
pub(crate) fn check(wanted: &Checksums) -> S3Result<()> {
    let mut given = Algorithm::ALL.into_iter().filter_map(|named| Some((named, wanted.get(named)?)));
    let Some((named, value)) = given.next() else { return Ok(()) };
    if given.next().is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        ));
    }
    if STANDARD.decode(value).ok().is_none_or(|digest| digest.len() != named.length()) {
        let name = named.name().to_ascii_lowercase();
        return Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-{name} header is invalid."));
    }
    Ok(())
}

fn add_trailers(wanted: &mut Checksums, trailers: &HeaderMap) {
    let value = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    for (place, name) in [
        (&mut wanted.crc32, "x-amz-checksum-crc32"),
        (&mut wanted.crc32c, "x-amz-checksum-crc32c"),
        (&mut wanted.crc64nvme, "x-amz-checksum-crc64nvme"),
        (&mut wanted.sha1, "x-amz-checksum-sha1"),
        (&mut wanted.sha256, "x-amz-checksum-sha256"),
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
fn compare(wanted: &Checksums, found: &Checksums) -> S3Result<()> {
    for algorithm in Algorithm::ALL {
        let (wanted, found) = (wanted.get(algorithm), found.get(algorithm));
        if wanted.is_some() && wanted != found {
            let name = algorithm.name();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5_OF_HELLO: &str = "XUFAKrxLKna5cZ2REBfFkg==";
    const CRC32_OF_HELLO: &str = "NhCmhg==";

    fn digests(content_md5: Option<&str>, wanted: Checksums) -> S3Result<Digests> {
        let mut integrity = Integrity::expect(content_md5, wanted, None, &HeaderMap::new(), None)?;
        integrity.update(b"hel");
        integrity.update(b"lo");
        integrity.finish()
    }

    fn crc32(value: &str) -> Checksums {
        Checksums::only(Algorithm::Crc32, value.into())
    }

    #[test]
    fn bytes_must_have_the_digests_that_were_given() {
        let found = digests(Some(MD5_OF_HELLO), crc32(CRC32_OF_HELLO)).unwrap();
        assert_eq!(found.md5, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(found.checksums.crc32.as_deref(), Some(CRC32_OF_HELLO));
        let sha1 = "qvTGHdzF6KLavt4PO0gs2a6pQ00=".to_owned();
        for (content_md5, wanted, code) in [
            (Some("1B2M2Y8AsgTpgAmY7PhCfg=="), Checksums::default(), "BadDigest"),
            (Some("no digest"), Checksums::default(), "InvalidDigest"),
            (Some("AAAA"), Checksums::default(), "InvalidDigest"),
            (None, crc32("AAAAAA=="), "BadDigest"),
            (None, crc32("%"), "InvalidRequest"),
            (None, crc32("AAAA"), "InvalidRequest"),
            (None, Checksums { sha1: Some(sha1), ..crc32(CRC32_OF_HELLO) }, "InvalidRequest"),
        ] {
            assert_eq!(digests(content_md5, wanted).unwrap_err().code().as_str(), code, "{content_md5:?}");
        }
    }

    #[test]
    fn a_checksum_is_named_once() {
        let trailer = |name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRAILER, http::HeaderValue::from_str(name).unwrap());
            headers
        };
        let sha1 = ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA1);
        let (none, of_sha1) = (Checksums::default(), trailer("x-amz-checksum-sha1"));
        let found = |given: &Checksums, algorithm, headers: &HeaderMap| named(given, algorithm, headers).ok();
        assert_eq!(found(&none, None, &HeaderMap::new()), Some(None));
        assert_eq!(found(&none, None, &of_sha1), Some(Some(Algorithm::Sha1)));
        assert_eq!(found(&none, Some(&sha1), &of_sha1), Some(Some(Algorithm::Sha1)));
        assert_eq!(found(&none, Some(&sha1), &HeaderMap::new()), Some(Some(Algorithm::Sha1)));
        assert_eq!(found(&crc32(CRC32_OF_HELLO), None, &HeaderMap::new()), Some(Some(Algorithm::Crc32)));
        assert_eq!(found(&crc32(CRC32_OF_HELLO), Some(&sha1), &HeaderMap::new()), None);
        assert_eq!(found(&none, Some(&sha1), &trailer("a, x-amz-checksum-crc32")), None);
        let mut of_client = trailer("x-amz-checksum-crc32");
        for (algorithm, wanted) in
            [("CRC32", Some(Some(Algorithm::Crc32))), ("SHA256", None), ("CRC13", None)]
        {
            of_client.insert(BY_CLIENT, http::HeaderValue::from_static(algorithm));
            assert_eq!(found(&none, None, &of_client), wanted, "{algorithm}");
        }
    }

    #[test]
    fn a_checksum_that_is_only_named_is_computed() {
        let algorithm = ChecksumAlgorithm::from_static(ChecksumAlgorithm::CRC32);
        let headers = HeaderMap::new();
        let mut integrity =
            Integrity::expect(None, Checksums::default(), Some(&algorithm), &headers, None).unwrap();
        integrity.update(b"hello");
        assert_eq!(integrity.finish().unwrap().checksums.crc32.as_deref(), Some(CRC32_OF_HELLO));
        let unknown = ChecksumAlgorithm::from("CRC13".to_owned());
        assert!(Integrity::expect(None, Checksums::default(), Some(&unknown), &headers, None).is_err());
    }
}
