//! What a client can have: names, grants, scopes, addresses, times.

use crate::{
    clock::now,
    error::Error,
    provider::client::{Grant, OPENID},
};

const LONGEST_NAME: usize = 40;
const LONGEST_DESCRIPTION: usize = 400;
const SECONDS_OF_A_DAY: f64 = 86_400.0;

pub(super) fn bad(told: impl Into<String>) -> Error {
    Error::BadRequest(told.into())
}

pub(super) fn checked_name(name: &str) -> Result<String, Error> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > LONGEST_NAME || name.contains(char::is_control) {
        return Err(bad(format!("a client's name has 1 to {LONGEST_NAME} characters, and none for control")));
    }
    Ok(name.to_owned())
}

pub(super) fn checked_description(description: Option<&str>) -> Result<String, Error> {
    let description = description.unwrap_or_default();
    if description.chars().count() > LONGEST_DESCRIPTION || description.contains('\0') {
        return Err(bad(format!("a client's description has at most {LONGEST_DESCRIPTION} characters")));
    }
    Ok(description.to_owned())
}

pub(super) fn grants(names: &[String]) -> Result<Vec<Grant>, Error> {
    if names.is_empty() {
        return Ok(vec![Grant::Code, Grant::Refresh]);
    }
    let known = Grant::ALL.map(Grant::name).join(", ");
    names
        .iter()
        .map(|name| {
            Grant::of(name).ok_or_else(|| bad(format!("there is no grant {name}; there are {known}")))
        })
        .collect()
}

pub(super) fn checked_scopes(scopes: &[String], allowed: &[String]) -> Result<Vec<String>, Error> {
    if scopes.iter().any(|scope| !allowed.contains(scope)) {
        return Err(bad(format!("each scope must be one of {}", allowed.join(", "))));
    }
    let mut scopes = scopes.to_vec();
    if !scopes.iter().any(|scope| scope == OPENID) {
        scopes.push(OPENID.to_owned());
    }
    Ok(scopes)
}

/// Browsers are sent there with a code: it must be an address that leads out of the page they are on.
pub(super) fn checked_addresses(addresses: &[String]) -> Result<Vec<String>, Error> {
    for address in addresses {
        let told = || bad(format!("{address:?} is not an address that users can return to"));
        let url = url::Url::parse(address).map_err(|_| told())?;
        let odd = matches!(url.scheme(), "javascript" | "data" | "vbscript" | "blob" | "file");
        let has_fragment = url.fragment().is_some();
        if odd || has_fragment || !address.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(told());
        }
    }
    Ok(addresses.to_vec())
}

pub(super) fn expiry(days: Option<f64>) -> Result<i32, Error> {
    let Some(days) = days else { return Ok(0) };
    if !days.is_finite() || days <= 0.0 {
        return Err(bad(format!("a client expires after a positive number of days, not {days}")));
    }
    // Days that are finite and positive; what is too long fails below.
    time(now().saturating_add((days * SECONDS_OF_A_DAY) as i64))
}

/// The database keeps times as 32 bits.
pub(super) fn time(seconds: i64) -> Result<i32, Error> {
    i32::try_from(seconds).map_err(|_| bad("that is later than the database can hold (19 January 2038)"))
}
