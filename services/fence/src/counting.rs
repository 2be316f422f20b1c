//! Signed URLs and logins as figures, under the names of fence 10. Nobody's name is among the labels.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::ResponseError as _;
use auditlog::Login;
use indexclient::Record;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use storage::Location;
use tokens::Purpose;

use crate::error::Error;

/// More different labels than these are counted together, as [`OTHER`].
const MOST: usize = 5_000;
const OTHER: &str = "other";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfUrl {
    action: &'static str,
    /// The resources that guard the file, with commas.
    authz: String,
    /// The access list of an old record, with commas.
    acl: String,
    bucket: String,
    protocol: String,
    /// Whether it was asked for by DRS.
    drs: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSize {
    action: &'static str,
    protocol: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLogin {
    idp: String,
    fence_idp: String,
    shib_idp: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfToken {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRefusal {
    grant: &'static str,
}

/// Tokens that were signed. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Issued(Family<OfToken, Counter>);

impl Issued {
    /// A token of this purpose was signed.
    pub(crate) fn count(&self, purpose: Option<Purpose>) {
        let kind = match purpose {
            Some(Purpose::Access) => "access",
            Some(Purpose::Id) => "id",
            Some(Purpose::Refresh) => "refresh",
            Some(Purpose::ApiKey) => "api_key",
            Some(Purpose::Session) => "session",
            None => OTHER,
        };
        self.0.get_or_create(&OfToken { kind }).inc();
    }
}

/// What is counted.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    urls: Family<OfUrl, Counter>,
    sizes: Family<OfSize, Histogram>,
    logins: Family<OfLogin, Counter>,
    refused: Family<OfRefusal, Counter>,
    /// Labels of URLs that there are.
    known: Arc<Mutex<HashSet<OfUrl>>>,
}

/// From a kilobyte to sixteen terabytes.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1024.0, 8.0, 12))
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            urls: Family::default(),
            sizes: Family::new_with_constructor(sizes),
            logins: Family::default(),
            refused: Family::default(),
            known: Arc::default(),
        }
    }
}

impl Counts {
    pub(crate) fn register(&self, issued: &Issued, registry: &mut Registry) {
        registry.register("gen3_token_issued", "Tokens that were signed, by their purpose", issued.0.clone());
        registry.register("gen3_fence_presigned_url", "Signed URLs that were given", self.urls.clone());
        registry.register(
            "gen3_fence_presigned_url_size",
            "Bytes of the files of signed URLs",
            self.sizes.clone(),
        );
        registry.register("gen3_fence_login", "Logins", self.logins.clone());
        let told = "Requests for a token that were refused, by what was given for it";
        // Shown before the first one, for whoever wants to see its rate.
        drop(self.refused.get_or_create(&OfRefusal { grant: "api_key" }));
        registry.register("gen3_token_refused", told, self.refused.clone());
    }

    /// A URL for downloading a file was given, of the copy at `url`.
    pub(crate) fn downloaded(&self, record: &Record, url: &str, drs: bool) {
        let scheme = url.split_once("://").map_or(OTHER, |(scheme, _)| scheme);
        let location = Location::from_url(url).and_then(Result::ok);
        let labels = OfUrl {
            action: "download",
            authz: record.authz.join(","),
            acl: record.acl.join(","),
            bucket: location.map(|location| location.bucket().to_owned()).unwrap_or_default(),
            protocol: scheme.to_owned(),
            drs: if drs { "True" } else { "False" },
        };
        if let Some(size) = record.size {
            let labels = OfSize { action: "download", protocol: scheme.to_owned() };
            self.sizes.get_or_create(&labels).observe(size as f64);
        }
        self.urls.get_or_create(&self.bounded(labels)).inc();
    }

    /// Somebody has logged in.
    pub(crate) fn logged_in(&self, login: &Login) {
        let labels = OfLogin {
            idp: login.idp.clone(),
            fence_idp: login.fence_idp.clone().unwrap_or_default(),
            shib_idp: login.shib_idp.clone().unwrap_or_default(),
        };
        self.logins.get_or_create(&labels).inc();
    }

    /// Somebody wanted a token for this, and if it was refused to them, that is counted.
    pub(crate) fn answered<T>(&self, grant: &'static str, answer: Result<T, Error>) -> Result<T, Error> {
        if answer.as_ref().is_err_and(|error| error.status_code().is_client_error()) {
            self.refused.get_or_create(&OfRefusal { grant }).inc();
        }
        answer
    }

    /// The labels, or those of all others once there are too many.
    fn bounded(&self, labels: OfUrl) -> OfUrl {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&labels) || known.len() < MOST {
            known.insert(labels.clone());
            return labels;
        }
        let other = || OTHER.to_owned();
        OfUrl { authz: other(), acl: other(), bucket: other(), protocol: other(), ..labels }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn urls_and_logins_are_counted_and_labels_do_not_grow_for_ever() {
        let (counts, mut registry) = (Counts::default(), Registry::default());
        let issued = Issued::default();
        counts.register(&issued, &mut registry);
        issued.count(Some(Purpose::ApiKey));
        let refused: Result<(), Error> = Err(Error::Unauthorized("no".into()));
        assert!(counts.answered("code", refused).is_err() && counts.answered("code", Ok(())).is_ok());
        let mut record = Record { size: Some(2_000), ..Record::default() };
        for number in 0..MOST + 10 {
            record.authz = vec![format!("/programs/{number}")];
            counts.downloaded(&record, "s3://bucket/key", number % 2 == 0);
        }
        counts.logged_in(&Login { idp: "google".to_owned(), ..Login::default() });
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let first = r#"gen3_fence_presigned_url_total{action="download",authz="/programs/0",acl="",bucket="bucket",protocol="s3",drs="True"} 1"#;
        assert!(text.contains(first), "{}", &text[..2_000]);
        let others: Vec<_> = text.lines().filter(|line| line.contains(r#"authz="other""#)).collect();
        assert_eq!(others.len(), 2, "{others:?}");
        assert!(others.iter().all(|line| line.ends_with(" 5")), "{others:?}");
        assert!(text.contains("gen3_fence_login_total{idp=\"google\",fence_idp=\"\",shib_idp=\"\"} 1\n"));
        assert!(text.contains("gen3_token_issued_total{kind=\"api_key\"} 1\n"), "{}", &text[..500]);
        assert!(text.contains("gen3_token_refused_total{grant=\"code\"} 1\n"));
        let count = format!(
            "gen3_fence_presigned_url_size_count{{action=\"download\",protocol=\"s3\"}} {}\n",
            MOST + 10
        );
        assert!(text.contains(&count));
    }
}
