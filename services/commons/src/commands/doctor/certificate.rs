//! The certificate of `--tls`: whether it can be read, its key fits, it is valid today, and it has the name
//! by which users come.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use chrono::{DateTime, Days, Utc};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use super::{der, finding::Finding};
use crate::{
    failure,
    up::{self, Options, UpArgs},
};

const WHAT: &str = "certificate";
/// Whoever renews by hand should be told in time.
const DAYS_BEFORE_END: Days = Days::new(14);

/// What there is to say of the certificate, if there is one.
pub(super) fn findings(up: &UpArgs) -> Vec<Finding> {
    let (file, key) = match &up.front.tls[..] {
        [] => return Vec::new(),
        [file, key] => (file, key),
        _ => return vec![Finding::told(WHAT, "--tls needs two files: the certificate chain and its key")],
    };
    if let Err(error) = web::Tls::read(file, key) {
        let remedy = "name the PEM file with the chain first, then the one with its key";
        return vec![Finding::error(WHAT, failure::message(&error.into()), remedy)];
    }
    let host = up::public_url(&Options::from_args(up), up.port).ok();
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    let mut findings = vec![read(file, host.as_deref(), Utc::now())];
    if fs::metadata(key).is_ok_and(|meta| meta.mode() & 0o077 != 0) {
        findings.push(Finding::warning(
            WHAT,
            format!("other accounts can read its key {}", key.display()),
            format!("chmod 600 {}", key.display()),
        ));
    }
    findings
}

fn read(file: &Path, host: Option<&str>, now: DateTime<Utc>) -> Finding {
    match CertificateDer::from_pem_file(file) {
        Ok(certificate) => judge(&certificate, &file.display().to_string(), host, now),
        Err(error) => Finding::told(WHAT, format!("{} cannot be read as PEM: {error}", file.display())),
    }
}

fn judge(certificate: &CertificateDer<'_>, file: &str, host: Option<&str>, now: DateTime<Utc>) -> Finding {
    let Some((from, until)) = der::validity(certificate) else {
        return Finding::error(WHAT, format!("{file} has no dates that can be read"), "have it made anew");
    };
    let day = |time: DateTime<Utc>| time.format("%F").to_string();
    if now < from {
        let remedy = "wait, or look at the clock of this machine";
        return Finding::error(WHAT, format!("{file} is not valid before {}", day(from)), remedy);
    }
    if now > until {
        return Finding::error(
            WHAT,
            format!("{file} is not valid any more since {}", day(until)),
            "renew it",
        );
    }
    if let Some(host) = host
        && let Err(told) = has_name(certificate, host)
    {
        let remedy = "use a certificate for this name, or a --public-url with one of its names";
        return Finding::error(WHAT, format!("{file} is not for {host}: {told}"), remedy);
    }
    if now + DAYS_BEFORE_END > until {
        return Finding::warning(WHAT, format!("{file} ends on {}", day(until)), "renew it");
    }
    Finding::ok(WHAT, format!("{file} is valid until {}", day(until)))
}

fn has_name(certificate: &CertificateDer<'_>, host: &str) -> Result<(), String> {
    let name = ServerName::try_from(host.trim_matches(['[', ']'])).map_err(|error| error.to_string())?;
    let certificate = webpki::EndEntityCert::try_from(certificate).map_err(|error| error.to_string())?;
    certificate.verify_is_valid_for_subject_name(&name).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::finding::State;
    use super::*;

    #[test]
    fn dates_and_names_are_judged() {
        crate::install_crypto();
        let mut params =
            CertificateParams::new(vec!["commons.example.org".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 10), date_time_ymd(2051, 3, 1));
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let at = |day: &str, host: &str| {
            let now = format!("{day}T12:00:00Z").parse::<DateTime<Utc>>().unwrap();
            judge(made.der(), "cert.pem", Some(host), now)
        };
        let state = |day: &str, host: &str| at(day, host).state;
        assert_eq!(state("2026-02-01", "commons.example.org"), State::Ok);
        assert_eq!(state("2026-02-01", "127.0.0.1"), State::Ok);
        assert_eq!(state("2026-01-09", "commons.example.org"), State::Error);
        assert_eq!(state("2051-02-20", "commons.example.org"), State::Warning);
        assert_eq!(state("2051-03-02", "commons.example.org"), State::Error);
        let other = at("2026-02-01", "other.example.org");
        assert_eq!(other.state, State::Error);
        assert!(other.said.contains("other.example.org"), "{}", other.said);
    }
}
