//! Signature Version 4 for domains of Amazon.

use std::time::{Duration, SystemTime};

use aws::{Credentials, Sessions};
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

/// How long credentials must still be good for.
const LIFE: Duration = Duration::from_secs(60);
/// Where there is nothing else that says it.
const DEFAULT_REGION: &str = "us-east-1";

/// Signs what is asked.
#[derive(Debug)]
pub(crate) struct Signer {
    sessions: Sessions,
    region: String,
    service: String,
}

impl Signer {
    /// Of these settings; the region is theirs, else that in the name of the host.
    pub(crate) async fn new(settings: &aws::Settings, service: &str, host: &Url) -> Result<Self, String> {
        let config = aws::shared_config(settings).await;
        let sessions = Sessions::of(&config).ok_or("there are no credentials of Amazon")?;
        let region = settings.region.clone().or_else(|| region_of(host));
        let region = region.or_else(|| config.region().map(|region| region.as_ref().to_owned()));
        let region = region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
        Ok(Self { sessions, region, service: service.to_owned() })
    }

    /// The headers that sign a request.
    pub(crate) async fn headers(
        &self,
        method: &Method,
        url: &Url,
        kind: &'static str,
        body: &[u8],
    ) -> Result<HeaderMap, String> {
        let credentials = self.sessions.living(LIFE).await;
        let credentials = credentials.map_err(|error| format!("no credentials of Amazon: {error}"))?;
        self.signed(method, url, kind, body, credentials, SystemTime::now())
            .map_err(|error| error.to_string())
    }

    fn signed(
        &self,
        method: &Method,
        url: &Url,
        kind: &'static str,
        body: &[u8],
        credentials: Credentials,
        now: SystemTime,
    ) -> Result<HeaderMap, Box<dyn std::error::Error + Send + Sync>> {
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(settings)
            .build()?
            .into();
        let signed = [(CONTENT_TYPE.as_str(), kind)].into_iter();
        let request = SignableRequest::new(method.as_str(), url.as_str(), signed, SignableBody::Bytes(body))?;
        let output = sign(request, &parameters)?;
        let mut headers = HeaderMap::new();
        for (name, text) in output.output().headers() {
            let mut value = HeaderValue::try_from(text)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name)?, value);
        }
        Ok(headers)
    }
}

/// Of `search-NAME-ID.REGION.es.amazonaws.com` and its like.
fn region_of(host: &Url) -> Option<String> {
    let name = host.host_str()?.strip_suffix(".amazonaws.com")?;
    let mut parts = name.rsplit('.');
    let service = parts.next()?;
    if matches!(service, "es" | "aoss") { parts.next().map(str::to_owned) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_the_name_of_a_domain() {
        let region = |url: &str| region_of(&Url::parse(url).unwrap());
        assert_eq!(
            region("https://search-gen3-abc.eu-west-1.es.amazonaws.com").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(region("https://abc.us-east-2.aoss.amazonaws.com/").as_deref(), Some("us-east-2"));
        assert_eq!(region("https://search.example.org"), None);
        assert_eq!(region("https://bucket.s3.amazonaws.com"), None);
    }

    #[tokio::test]
    async fn requests_are_signed_with_their_body() {
        let keys = aws::Keys { id: "AKID".into(), secret: "SECRET".into(), token: None };
        let settings = aws::Settings {
            source: aws::Source::Keys(keys),
            region: Some("us-east-1".into()),
            ..aws::Settings::default()
        };
        let url = Url::parse("https://search-gen3-abc.us-east-1.es.amazonaws.com/case/_bulk").unwrap();
        let signer = Signer::new(&settings, "es", &url).await.unwrap();
        let sign = async |body: &'static [u8]| {
            let headers = signer.headers(&Method::POST, &url, "application/json", body).await.unwrap();
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            (header("authorization"), header("x-amz-content-sha256"))
        };
        let (authorization, digest) = sign(b"{}").await;
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
        assert!(authorization.contains("/us-east-1/es/aws4_request"), "{authorization}");
        assert!(
            authorization.contains("content-type;host;x-amz-content-sha256;x-amz-date"),
            "{authorization}"
        );
        assert_eq!(digest, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert!(!authorization.contains("SECRET"));
        assert_ne!(sign(b"[]").await.1, digest);
    }
}
