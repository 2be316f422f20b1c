//! Query strings: reading parameters, and the list query of the record API.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    num::{IntErrorKind, ParseIntError},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use indexmap::IndexMap;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Error,
    hashes::{self, Accepted},
};

/// No list is longer than this.
pub(crate) const MAX_LIMIT: i64 = 1024;
const DEFAULT_LIMIT: i64 = 100;

/// The parameters of a query string in their order. One that is repeated counts with its first value, unless
/// all are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl FromRequest for Params {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(req.query_string())))
    }
}

impl Params {
    pub(crate) fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A whole number as Python's `int` reads it: spaces around it and a sign are fine.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        let parse = |text: &str| {
            text.trim().parse().map_err(|error: ParseIntError| match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                    Error::bad(format!("{name} must fit into 64 bits"))
                }
                _ => Error::bad(format!("{name} must be an integer")),
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// A comma separated list.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|text| text.split(',').map(str::to_owned).collect())
    }

    /// Refuses parameters that are not `allowed`.
    pub(crate) fn only(&self, allowed: &[&str]) -> Result<(), Error> {
        let unexpected: Vec<String> = self
            .0
            .iter()
            .filter(|(key, _)| !allowed.contains(&key.as_str()))
            .map(|(key, _)| format!("'{key}'"))
            .collect();
        match unexpected.is_empty() {
            true => Ok(()),
            false => Err(Error::bad(format!("Unexpected query parameter(s) [{}]", unexpected.join(", ")))),
        }
    }

    /// JSON in a parameter; an empty text counts as absent.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let value: Value = serde_json::from_str(text)
            .map_err(|_| Error::bad(format!("{name} must be a valid json string")))?;
        serde_json::from_value(value).map(Some).map_err(|error| Error::bad(format!("{name}: {error}")))
    }
}

/// Which kinds of entries a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Records,
    Bundles,
    Both,
}

/// Where a list begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: i64,
    /// Only what comes after this did (or bundle id).
    pub(crate) start: Option<String>,
    /// Number of a page of `limit` entries, from 0. Pages are sorted by the last change, not by did.
    pub(crate) page: Option<i64>,
}

impl Window {
    pub(crate) fn parse(params: &Params) -> Result<Self, Error> {
        let limit = params.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
        if !(0..=MAX_LIMIT).contains(&limit) {
            return Err(Error::bad("limit must be between 0 and 1024"));
        }
        let page = params.integer("page")?;
        if page.is_some_and(|page| !(0..=i64::MAX / MAX_LIMIT).contains(&page)) {
            return Err(Error::bad("page must be between 0 and 9007199254740991"));
        }
        Ok(Self { limit, start: params.get("start").map(str::to_owned), page })
    }

    pub(crate) fn offset(&self) -> i64 {
        self.page.unwrap_or(0) * self.limit
    }
}

/// A list of entries of an acl or authz, or the demand that a record has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entries {
    /// The record has all of them.
    All(Vec<String>),
    /// The record has none at all (`null`).
    Nothing,
}

impl Entries {
    fn parse(params: &Params, name: &str) -> Option<Self> {
        Some(match params.list(name)? {
            list if list == ["null"] => Self::Nothing,
            list => Self::All(list),
        })
    }

    /// As the envelope of a list echoes it.
    pub(crate) fn echo(&self) -> &[String] {
        match self {
            Self::All(list) => list,
            Self::Nothing => &[],
        }
    }
}

/// Conditions on url metadata: url pattern to key and value.
pub(crate) type UrlConditions = IndexMap<String, IndexMap<String, String>>;

/// What records must not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Negation {
    pub(crate) urls: Option<Vec<String>>,
    pub(crate) acl: Option<Vec<String>>,
    pub(crate) authz: Option<Vec<String>>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) metadata: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) urls_metadata: UrlConditions,
}

/// What records must have; all that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) ids: Option<Vec<String>>,
    pub(crate) size: Option<i64>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) uploader: Option<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) acl: Option<Entries>,
    pub(crate) authz: Option<Entries>,
    /// `None` when the parameter is absent.
    pub(crate) hashes: Option<IndexMap<String, String>>,
    pub(crate) metadata: IndexMap<String, String>,
    pub(crate) urls_metadata: Option<UrlConditions>,
    pub(crate) not: Negation,
}

/// `GET /index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) form: Form,
    pub(crate) window: Window,
    pub(crate) filter: Filter,
    /// The parameter `urls_metadata` is there but empty, which is echoed.
    pub(crate) empty_urls_metadata: bool,
}

impl ListQuery {
    /// `form` is what a missing parameter `form` means.
    pub(crate) fn parse(params: &Params, form: Form) -> Result<Self, Error> {
        let ids = params.list("ids").filter(|ids| ids != &[""]);
        if ids.is_some() && ["limit", "start", "page"].iter().any(|name| params.has(name)) {
            return Err(Error::bad("pagination is not supported when ids is provided"));
        }
        let window = Window::parse(params)?;
        let size = params.integer("size")?;
        if size.is_some_and(|size| size < 0) {
            return Err(Error::bad("size must be > 0"));
        }
        let text = |name: &str| params.get(name).map(str::to_owned);
        let hashes = params.all("hash");
        let filter = Filter {
            ids,
            size,
            file_name: text("file_name"),
            version: text("version"),
            uploader: text("uploader"),
            urls: params.all("url").into_iter().map(str::to_owned).collect(),
            acl: Entries::parse(params, "acl"),
            authz: Entries::parse(params, "authz"),
            hashes: match hashes.is_empty() {
                true => None,
                false => Some(hashes::parse_query(&hashes, Accepted::All)?),
            },
            metadata: metadata(params)?,
            urls_metadata: params.json("urls_metadata")?,
            not: params.json("negate_params")?.unwrap_or_default(),
        };
        let form = match params.get("form") {
            Some("bundle") => Form::Bundles,
            Some("all") => Form::Both,
            Some(_) => Form::Records,
            None => form,
        };
        let empty_urls_metadata = params.get("urls_metadata") == Some("");
        Ok(Self { form, window, filter, empty_urls_metadata })
    }
}

fn metadata(params: &Params) -> Result<IndexMap<String, String>, Error> {
    let pair = |text: &str| match text.split_once(':') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Error::bad("metadata must have the form key:value")),
    };
    params.all("metadata").into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ListQuery, String> {
        ListQuery::parse(&Params::parse(query), Form::Records).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let limit = |query: &str| parse(query).map(|list| list.window.limit);
        assert_eq!(limit("limit=%2B2"), Ok(2));
        assert_eq!(limit("limit=%202%20"), Ok(2));
        assert_eq!(limit(""), Ok(100));
        for (query, text) in [
            ("limit=", "limit must be an integer"),
            ("limit=1.5", "limit must be an integer"),
            ("limit=1025", "limit must be between 0 and 1024"),
            ("limit=-1", "limit must be between 0 and 1024"),
            ("page=-1", "page must be between 0 and 9007199254740991"),
            ("size=-1", "size must be > 0"),
        ] {
            assert_eq!(limit(query), Err(text.to_owned()), "{query}");
        }
    }

    #[test]
    fn paging_does_not_go_with_ids() {
        let text = Err("pagination is not supported when ids is provided".to_owned());
        for query in ["ids=a&limit=x", "ids=a&start=b", "ids=a&page=0"] {
            assert_eq!(parse(query), text, "{query}");
        }
    }

    #[test]
    fn a_malformed_filter_is_refused() {
        for query in [
            "hash=md5",
            "hash=foo:x",
            "hash=md5:XYZ",
            "metadata=x",
            "negate_params=x",
            "negate_params={\"x\":1}",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn null_asks_for_records_without_entries() {
        let list = parse("acl=null&authz=null,b").expect("a valid query");
        assert_eq!(list.filter.acl, Some(Entries::Nothing));
        assert_eq!(list.filter.authz, Some(Entries::All(vec!["null".into(), "b".into()])));
    }
}
