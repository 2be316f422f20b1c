//! Where bytes are, however it is written.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

/// The place of an object in an object store: two locations with the same place may reach the same bytes.
///
/// It is coarser than any store's own comparison where stores and URL parsers differ: slashes that stand
/// before or beside one another, `.` and `..`, and percent-encoding make no difference. Letter case makes one
/// in keys, as it does in S3, and none in names of buckets and hosts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    scheme: &'static str,
    bucket: String,
    key: String,
}

impl Place {
    /// The place that `url` names, if that is in an object store: `s3://`, `gs://`, `az://`, or the HTTP
    /// address of an object at Amazon or Google. Bytes at other addresses are reached without us.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once(':')?;
        let rest = rest.trim_start_matches('/');
        let scheme = scheme.to_ascii_lowercase();
        let (scheme, bucket, key) = match scheme.as_str() {
            "s3" => bucket_and_key("s3", rest),
            "gs" => bucket_and_key("gs", rest),
            "az" => bucket_and_key("az", rest),
            "http" | "https" => of_address(rest.split(['?', '#']).next().unwrap_or(rest))?,
            _ => return None,
        };
        Some(Self { scheme, bucket: decoded(bucket).to_lowercase(), key: normal_key(key) })
    }

    /// `s3`, `gs` or `az`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The bucket's name, in lower case.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The GUIDs of the record for which the object was uploaded, as its key spells it and in lower case.
    pub fn guids(&self) -> Vec<String> {
        // At Azure the host stands first, and the container before the key.
        let key = match self.scheme {
            "az" => self.key.split_once('/').map_or("", |(_, key)| key),
            _ => &self.key,
        };
        let Some(guid) = guid_of_key(key) else { return Vec::new() };
        let lower = guid.to_lowercase();
        if lower == guid { vec![lower] } else { vec![guid.to_owned(), lower] }
    }

    /// Spellings under which records may have stored this place.
    pub fn spellings(&self) -> Vec<String> {
        let encoded = percent_encoding::utf8_percent_encode(&self.key, ENCODED);
        let mut spellings = vec![self.to_string(), format!("{}://{}/{encoded}", self.scheme, self.bucket)];
        spellings.dedup();
        spellings
    }
}

/// `scheme://bucket/key`, normalised.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}/{}", self.scheme, self.bucket, self.key)
    }
}

/// What clients encode in the path of a URL.
const ENCODED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

fn bucket_and_key<'u>(scheme: &'static str, rest: &'u str) -> (&'static str, &'u str, &'u str) {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (scheme, bucket, key)
}

/// The object behind an HTTP address, with its bucket in the path or in the host.
fn of_address(rest: &str) -> Option<(&'static str, &str, &str)> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    for (scheme, domain) in [
        ("s3", "amazonaws.com"),
        ("s3", "amazonaws.com.cn"),
        ("gs", "storage.googleapis.com"),
        ("gs", "storage.cloud.google.com"),
    ] {
        // Host names are ASCII here, so that lengths in bytes are the same in both cases.
        let at = host.len().checked_sub(domain.len())?;
        let Some((before, end)) = host.split_at_checked(at) else { continue };
        if !end.eq_ignore_ascii_case(domain) {
            continue;
        }
        let before = match scheme {
            "gs" => before.strip_suffix('.').unwrap_or(before),
            _ => before_s3(before)?,
        };
        return Some(if before.is_empty() { bucket_and_key(scheme, path) } else { (scheme, before, path) });
    }
    None
}

/// The bucket before the part of a host of Amazon that names the service and the region: `b.s3.us-east-1.`,
/// `b.s3-eu-west-1.`, `s3.dualstack.us-east-1.`; empty without a bucket. `None` for other services.
fn before_s3(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.')?;
    let mut start = host.len();
    for label in host.rsplit('.') {
        start = start.saturating_sub(label.len());
        let lower = label.to_ascii_lowercase();
        if lower == "s3" || lower.starts_with("s3-") {
            return host.get(..start).map(|before| before.strip_suffix('.').unwrap_or(before));
        }
        start = start.saturating_sub(1);
    }
    None
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn normal_key(key: &str) -> String {
    let key = decoded(key);
    let mut segments: Vec<&str> = Vec::new();
    for segment in key.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

/// The GUID in an object key: everything up to and including the first segment that is a UUID. A key of an
/// upload has a file name after it.
pub fn guid_of_key(key: &str) -> Option<&str> {
    let mut start = 0;
    for segment in key.split('/') {
        let end = start + segment.len();
        if segment.len() == 36 && Uuid::try_parse(segment).is_ok() && end < key.len() {
            return key.get(..end);
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0714aee0-0c5e-45c0-845d-8c073174242c";

    fn place(url: &str) -> String {
        Place::of(url).map(|place| place.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_spelling_of_a_location_is_one_place() {
        for spelling in [
            "s3://b/study/genome.bam",
            "S3://B/study/genome.bam",
            " s3://b/study/genome.bam",
            "s3:/b/study/genome.bam",
            "s3:///b/study/genome.bam",
            "s3://b//study/genome.bam",
            "s3://b///study//genome.bam",
            "s3://b/./study/genome.bam",
            "s3://b/x/../study/genome.bam",
            "s3://b/%73tudy%2Fgenome.bam",
            "https://s3.amazonaws.com/b/study/genome.bam",
            "https://b.s3.amazonaws.com/study/genome.bam?versionId=1",
            "https://b.s3.us-east-1.amazonaws.com:443/study/genome.bam",
            "https://B.S3-eu-west-1.AmazonAWS.com/study/genome.bam#x",
            "https://s3.dualstack.us-east-1.amazonaws.com/b/study/genome.bam",
            "http://u@s3.cn-north-1.amazonaws.com.cn./b/study/genome.bam",
        ] {
            assert_eq!(place(spelling), "s3://b/study/genome.bam", "{spelling}");
        }
        assert_eq!(place("https://storage.googleapis.com/b/k"), "gs://b/k");
        assert_eq!(place("https://b.storage.googleapis.com/k"), "gs://b/k");
        assert_eq!(place("https://a.b.s3.amazonaws.com/k"), "s3://a.b/k");
    }

    #[test]
    fn other_objects_and_other_addresses_are_not_that_place() {
        for other in ["s3://b/Study/genome.bam", "s3://b/study/genome.bam.bai", "gs://b/study/genome.bam"] {
            assert_ne!(place(other), "s3://b/study/genome.bam", "{other}");
        }
        for elsewhere in [
            "https://example.org/b/k",
            "https://ec2.amazonaws.com/k",
            "https://s3.example.org/b/k",
            "ftp://x/y",
            "b/k",
            "",
        ] {
            assert_eq!(Place::of(elsewhere), None, "{elsewhere}");
        }
        // What is taken apart wrongly must not bring anything down.
        for odd in
            ["s3:", "s3://", "https://", "https://é", "https://ü.s3.amazonaws.com", "s3://b/%ff%", ":", "%"]
        {
            let _ = Place::of(odd).map(|place| (place.guids(), place.spellings()));
        }
    }

    #[test]
    fn stored_spellings_are_the_plain_and_the_encoded_one() {
        let place = Place::of("s3://b/a%20b/c+d").unwrap();
        assert_eq!(place.spellings(), ["s3://b/a b/c+d", "s3://b/a%20b/c%2Bd"]);
        assert_eq!(Place::of("s3://b/k").unwrap().spellings(), ["s3://b/k"]);
    }

    #[test]
    fn the_guid_of_a_key_ends_with_its_first_uuid() {
        assert_eq!(guid_of_key(&format!("{UUID}/a/{UUID}")), Some(UUID));
        assert_eq!(guid_of_key(&format!("dg.1234/{UUID}/f.txt")), Some(&*format!("dg.1234/{UUID}")));
        assert_eq!(guid_of_key("mine/f"), None);
        assert_eq!(guid_of_key(UUID), None, "a key without a file name is not an upload");
    }

    #[test]
    fn the_record_of_an_upload_is_found_behind_odd_slashes_and_in_any_case() {
        let guids = |url: &str| Place::of(url).unwrap().guids();
        assert_eq!(guids(&format!("s3://b//{UUID}/f")), [UUID]);
        assert_eq!(
            guids(&format!("s3://b/{}/f", UUID.to_uppercase())),
            [UUID.to_uppercase(), UUID.to_owned()]
        );
        assert_eq!(guids("s3://b/study/f"), [""; 0]);
        assert_eq!(guids(&format!("gs://b/{UUID}/f")), [UUID]);
        assert_eq!(guids(&format!("az://a.blob.core.windows.net/box/{UUID}/f")), [UUID]);
        assert_eq!(guids(&format!("az://a.blob.core.windows.net/{UUID}/f")), [""; 0], "a container's name");
    }
}
