//! The ports that `commons up` wants, and the address by which users reach it.

use std::{
    net::{IpAddr, ToSocketAddrs as _},
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use url::Url;

use super::finding::Finding;
use crate::{
    failure,
    state::Run,
    up::{self, Options, UpArgs},
};

const PATIENCE: Duration = Duration::from_secs(5);
/// Signed URLs and tokens bear less than the minutes that they are valid for.
const MOST_SECONDS_APART: u64 = 60;

/// The gateway's port and the published one of the object store.
pub(super) fn ports(up: &UpArgs, running: Option<&Run>) -> Vec<Finding> {
    let mut findings = vec![port(up.host, up.port, running, |run| run.local_address().to_owned())];
    if let Some(store) = up.object_store_port {
        findings.push(port(up.host, store, running, |run| run.object_store.clone()));
    }
    findings
}

fn port(host: IpAddr, port: u16, running: Option<&Run>, own: impl Fn(&Run) -> String) -> Finding {
    const WHAT: &str = "port";
    if port == 0 {
        return Finding::ok(WHAT, "a free one is taken");
    }
    if let Some(run) = running {
        let is_own = Url::parse(&own(run)).is_ok_and(|url| url.port_or_known_default() == Some(port));
        if is_own {
            return Finding::ok(WHAT, format!("{port} is the running commons'"));
        }
    }
    match web::bind(host, port) {
        Ok(_closed_at_once) => Finding::ok(WHAT, format!("{host}:{port} is free")),
        Err(error) => Finding::told(WHAT, failure::message(&error.into())),
    }
}

/// Whether the public URL is refused.
pub(super) fn permitted(up: &UpArgs) -> Option<Finding> {
    let refused = up::public_url(&Options::from_args(up), up.port).err()?;
    Some(Finding::told("public URL", format!("{refused:#}")))
}

/// The address by which users reach the commons.
pub(super) async fn public_url(up: &UpArgs, running: Option<&Run>) -> Vec<Finding> {
    const WHAT: &str = "public URL";
    let url = match up::public_url(&Options::from_args(up), up.port) {
        Ok(url) => url,
        Err(error) => return vec![Finding::told(WHAT, format!("{error:#}"))],
    };
    if !up.front.tls.is_empty() && url.scheme() == "http" {
        let remedy = "let --public-url begin with https";
        return vec![Finding::warning(
            WHAT,
            format!("{url} is http, although there is a certificate"),
            remedy,
        )];
    }
    let Some(run) = running else {
        return vec![resolved(&url)];
    };
    let url = Url::parse(&run.url).unwrap_or(url);
    match ask(&url).await {
        Ok(date) => {
            let mut findings = vec![Finding::ok(WHAT, format!("{url} answers"))];
            findings.extend(date.and_then(|date| apart(SystemTime::now(), date)));
            findings
        }
        Err(error) => vec![Finding::error(
            WHAT,
            format!("the running commons is not reached at {url}: {}", failure::message(&error)),
            "look at the name, the proxy in front and its certificate, or at --public-url; from this machine \
             it may be closed, although users reach it",
        )],
    }
}

fn resolved(url: &Url) -> Finding {
    const WHAT: &str = "public URL";
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match (host, url.port_or_known_default().unwrap_or(80)).to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
            Finding::ok(
                WHAT,
                format!("{url} leads to {}; nothing runs that could answer", addresses.join(", ")),
            )
        }
        Err(error) => Finding::error(
            WHAT,
            format!("the name {host} is not known here: {error}"),
            "correct --public-url, or make the name known (DNS, /etc/hosts)",
        ),
    }
}

/// Asks the gateway as a user's program would, and returns the time that it says.
async fn ask(url: &Url) -> anyhow::Result<Option<SystemTime>> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let answer = client.get(url.join("/_status")?).send().await?.error_for_status()?;
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    Ok(date.map(|date| SystemTime::from(date.with_timezone(&Utc))))
}

/// Whether two clocks do not agree: ours and that of what answers at the public URL.
fn apart(ours: SystemTime, theirs: SystemTime) -> Option<Finding> {
    let seconds = match ours.duration_since(theirs) {
        Ok(apart) => apart.as_secs(),
        Err(error) => error.duration().as_secs(),
    };
    (seconds > MOST_SECONDS_APART).then(|| {
        Finding::warning(
            "clock",
            format!("what answers at the public URL has a clock that is {seconds} seconds off ours"),
            "let both machines follow a time server: tokens and signed URLs are refused by a wrong clock",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_port_in_use_and_a_name_that_is_not_known_are_found() {
        let taken = web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let number = taken.local_addr().unwrap().port();
        let look = || port(Ipv4Addr::LOCALHOST.into(), number, None, |_| String::new());
        let found = look();
        assert_eq!(found.state, State::Error);
        assert!(found.said.contains(&number.to_string()), "{}", found.said);
        drop(taken);
        assert_eq!(look().state, State::Ok);
        assert_eq!(resolved(&Url::parse("http://commons.invalid").unwrap()).state, State::Error);
        assert_eq!(resolved(&Url::parse("http://127.0.0.1:8080").unwrap()).state, State::Ok);
        assert_eq!(resolved(&Url::parse("http://[::1]:8080").unwrap()).state, State::Ok);
    }

    #[test]
    fn clocks_that_do_not_agree_are_found() {
        let now = SystemTime::now();
        let later = now + Duration::from_secs(61);
        assert!(apart(now, later).is_some() && apart(later, now).is_some());
        assert!(apart(now, now + Duration::from_secs(5)).is_none());
    }
}
