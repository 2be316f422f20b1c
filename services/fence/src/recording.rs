//! What is written down of signed URLs and logins, for the audit service.

use actix_web::{HttpRequest, ResponseError as _};
use auditlog::{Event, Login, PresignedUrl, Recorder};
use indexclient::Record;
use prometheus_client::registry::Registry;
use web::client_address;

use crate::{
    error::Error,
    files::download::{Reader, choose_location},
    identity::caller::Caller,
    service::Fence,
};

/// The beginning of an address that is kept: no record is larger than a few kilobytes.
const LONGEST_URL: usize = 2_048;
/// Arguments that let somebody in.
const SECRETS: [&str; 3] = ["code", "state", "id_token"];

/// A request for signed URLs, as it is written down.
pub(crate) struct Asked(String);

impl Asked {
    /// The path and query of `request`.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let mut url = request.path().to_owned();
        if !request.query_string().is_empty() {
            url.push('?');
            url.push_str(&without_secrets(request.query_string()));
        }
        url.truncate(url.floor_char_boundary(LONGEST_URL));
        Self(url)
    }

    fn is_drs(&self) -> bool {
        self.0.contains("/ga4gh/drs/")
    }

    /// What another service of this process asks for as if it were asked for at `path`.
    pub(crate) fn at(path: &str) -> Self {
        Self(path[..path.floor_char_boundary(LONGEST_URL)].to_owned())
    }
}

/// What became of one file that was asked for.
pub(crate) struct Signed<'o> {
    pub(crate) guid: &'o str,
    /// The record; none if there is no such file.
    pub(crate) record: Option<&'o Record>,
    pub(crate) protocol: Option<&'o str>,
    /// Why there is no URL.
    pub(crate) failed: Option<&'o Error>,
}

impl Signed<'_> {
    fn event(&self, asked: &Asked, reader: &Reader) -> Event {
        // The resources that guard the file; in old records the access list.
        let guards =
            |record: &Record| if record.authz.is_empty() { record.acl.clone() } else { record.authz.clone() };
        Event::PresignedUrl(PresignedUrl {
            request_url: asked.0.clone(),
            status_code: self.failed.map_or(200, |error| error.status_code().as_u16().into()),
            username: reader.username().to_owned(),
            sub: reader.user_id(),
            guid: self.guid.to_owned(),
            resource_paths: self.record.map(guards),
            action: "download".to_owned(),
            protocol: self.protocol.map(str::to_owned),
            ..PresignedUrl::default()
        })
    }
}

impl Fence {
    /// Shows how many URLs and tokens were signed, and how many logins there were.
    pub fn register_counts(&self, registry: &mut Registry) {
        self.counts.register(&self.issuer.issued, registry);
    }

    /// From now on events go to `recorder`. Only the first call counts.
    pub fn record_to(&self, recorder: Recorder) {
        // A second recorder would have to be a mistake; the first one goes on.
        let _ = self.recorder.set(recorder);
    }

    /// Notes what became of files that were asked for, where the operator wants it (`ENABLE_AUDIT_LOGS`).
    pub(crate) async fn note_downloads(&self, asked: &Asked, caller: &Caller, files: &[Signed<'_>]) {
        for file in files.iter().filter(|file| file.failed.is_none()) {
            if let Some(record) = file.record {
                let url = choose_location(record, file.protocol).unwrap_or_default();
                self.counts.downloaded(record, url, asked.is_drs());
            }
        }
        let Some(recorder) = self.recorder.get().filter(|_| self.config.enable_audit_logs.presigned_url)
        else {
            return;
        };
        let reader = Reader::of(self, caller).await;
        files.iter().for_each(|file| recorder.note(file.event(asked, &reader)));
    }

    /// Notes a login by `request` that has just succeeded, where the operator wants it.
    pub(crate) fn note_login(&self, request: &HttpRequest, login: impl FnOnce() -> Login) {
        let login = login();
        self.counts.logged_in(&login);
        if let Some(recorder) = self.recorder.get().filter(|_| self.config.enable_audit_logs.login) {
            let ip = client_address(request).map(|address| address.to_string());
            let request_url = Asked::of(request).0;
            recorder.note(Event::Login(Login { request_url, ip, ..login }));
        }
    }
}

/// The query with `redacted` in the place of what lets somebody in.
fn without_secrets(query: &str) -> String {
    let kept = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}=redacted"),
        _ => pair.to_owned(),
    };
    query.split('&').map(kept).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_not_written_down() {
        let query = "idp=a&code=c0de&state=s&redirect=https://a/?code=b";
        assert_eq!(without_secrets(query), "idp=a&code=redacted&state=redacted&redirect=https://a/?code=b");
        assert_eq!(without_secrets(""), "");
    }
}
