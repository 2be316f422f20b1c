//! The list query of the record API.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use web::Params;

use crate::{Error, guid::Guid, hashes, parameters};

/// No list is longer than this.
pub(crate) const MAX_LIMIT: i64 = 1024;
const DEFAULT_LIMIT: i64 = 100;

/// Which kinds of entries a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Records,
    Bundles,
    Both,
}

/// How far down the members of a bundle are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The members, without their own members.
    Members,
    /// The members, with their own members, and so on.
    Everything,
}

impl Depth {
    /// The parameter `expand`.
    pub(crate) fn parse(params: &Params) -> Self {
        if params.get("expand") == Some("true") { Self::Everything } else { Self::Members }
    }

    /// The parameter `expand` in any letter case, or the key `expand` of a body.
    pub(crate) fn parse_strict(params: &Params, body: Option<&serde_json::Value>) -> Self {
        let asked = params.get("expand").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let in_body = body.and_then(|body| body.get("expand")?.as_bool()).unwrap_or(false);
        if asked || in_body { Self::Everything } else { Self::Members }
    }
}

/// Where a list begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: i64,
    /// Only what comes after this did or bundle id.
    pub(crate) start: Option<Guid>,
    /// Number of a page of `limit` entries, from 0. Pages are sorted by the last change, not by did.
    pub(crate) page: Option<i64>,
}

impl Window {
    pub(crate) fn parse(params: &Params) -> Result<Self, Error> {
        let limit = parameters::integer(params, "limit")?.unwrap_or(DEFAULT_LIMIT);
        if !(0..=MAX_LIMIT).contains(&limit) {
            return Err(Error::bad("limit must be between 0 and 1024"));
        }
        let page = parameters::integer(params, "page")?;
        if page.is_some_and(|page| !(0..=i64::MAX / MAX_LIMIT).contains(&page)) {
            return Err(Error::bad("page must be between 0 and 9007199254740991"));
        }
        Ok(Self { limit, start: start(params), page })
    }

    pub(crate) fn offset(&self) -> i64 {
        self.page.unwrap_or(0) * self.limit
    }
}

fn start(params: &Params) -> Option<Guid> {
    params.get("start").map(|text| Guid::from(text.to_owned()))
}

/// The parameter `ids`; absent when it is empty.
pub(crate) fn ids(params: &Params) -> Option<Vec<Guid>> {
    let ids = parameters::list(params, "ids").filter(|ids| ids != &[""])?;
    Some(ids.into_iter().map(Guid::from).collect())
}

/// Entries of an acl or authz, or the demand that a record has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccessFilter {
    /// The record has all of them.
    All(Vec<String>),
    /// The record has none at all (`null`).
    Nothing,
}

impl AccessFilter {
    fn parse(params: &Params, name: &str) -> Option<Self> {
        Some(match parameters::list(params, name)? {
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

/// What records must not have. Null and an empty list or object are conditions that always hold; an empty
/// value or null in `metadata` and `urls_metadata` stands for any value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Negation {
    pub(crate) urls: Option<Vec<String>>,
    pub(crate) acl: Option<Vec<String>>,
    pub(crate) authz: Option<Vec<String>>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    #[serde(default, deserialize_with = "facts")]
    pub(crate) metadata: IndexMap<String, String>,
    #[serde(default, deserialize_with = "facts_of_urls")]
    pub(crate) urls_metadata: UrlConditions,
}

/// Keys and values, where a null stands for an empty text, and for no keys at all.
type Facts = Option<IndexMap<String, Option<String>>>;

fn present(facts: Facts) -> IndexMap<String, String> {
    facts.into_iter().flatten().map(|(key, value)| (key, value.unwrap_or_default())).collect()
}

fn facts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, String>, D::Error> {
    Facts::deserialize(deserializer).map(present)
}

fn facts_of_urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UrlConditions, D::Error> {
    let urls = Option::<IndexMap<String, Facts>>::deserialize(deserializer)?;
    Ok(urls.into_iter().flatten().map(|(url, facts)| (url, present(facts))).collect())
}

/// What records must have. Everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) ids: Option<Vec<Guid>>,
    pub(crate) size: Option<i64>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) uploader: Option<String>,
    pub(crate) urls: Vec<String>,
    /// Ours: some location begins with this text.
    pub(crate) url_prefix: Option<String>,
    pub(crate) acl: Option<AccessFilter>,
    pub(crate) authz: Option<AccessFilter>,
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
    /// The parameter `ids` is there but empty, which is echoed.
    pub(crate) empty_ids: bool,
    /// The parameter `urls_metadata` is there but empty, which is echoed.
    pub(crate) empty_urls_metadata: bool,
}

impl ListQuery {
    /// `form` is what a missing parameter `form` means.
    pub(crate) fn parse(params: &Params, form: Form) -> Result<Self, Error> {
        let ids = ids(params);
        if ids.is_some() && ["limit", "start", "page"].iter().any(|name| params.has(name)) {
            return Err(Error::bad("pagination is not supported when ids is provided"));
        }
        let window = Window::parse(params)?;
        let size = parameters::integer(params, "size")?;
        if size.is_some_and(|size| size < 0) {
            return Err(Error::bad("size must be > 0"));
        }
        let text = |name: &str| params.get(name).map(str::to_owned);
        let filter = Filter {
            ids,
            size,
            file_name: text("file_name"),
            version: text("version"),
            uploader: text("uploader"),
            urls: params.all("url").map(str::to_owned).collect(),
            url_prefix: text("url_prefix").filter(|prefix| !prefix.is_empty()),
            acl: AccessFilter::parse(params, "acl"),
            authz: AccessFilter::parse(params, "authz"),
            hashes: hashes::filter(params, "hash")?,
            metadata: metadata(params)?,
            urls_metadata: parameters::json(params, "urls_metadata")?,
            not: parameters::json(params, "negate_params")?.unwrap_or_default(),
        };
        let form = match params.get("form") {
            Some("bundle") => Form::Bundles,
            Some("all") => Form::Both,
            Some(_) => Form::Records,
            None => form,
        };
        let is_empty = |name: &str| params.get(name) == Some("");
        let (empty_ids, empty_urls_metadata) = (is_empty("ids"), is_empty("urls_metadata"));
        Ok(Self { form, window, filter, empty_ids, empty_urls_metadata })
    }
}

fn metadata(params: &Params) -> Result<IndexMap<String, String>, Error> {
    let pair = |text: &str| match text.split_once(':') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Error::bad("metadata must have the form key:value")),
    };
    params.all("metadata").map(pair).collect()
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
    fn what_is_empty_or_null_is_no_condition() {
        for value in [
            "",
            "null",
            "{}",
            "[]",
            "\"\"",
            "0",
            "false",
            r#"{"urls":null,"acl":null,"authz":null,"file_name":null,"metadata":null,"urls_metadata":null}"#,
        ] {
            let list = parse(&format!("negate_params={value}")).expect("a valid query");
            assert_eq!(list.filter.not, Negation::default(), "{value}");
        }
        let not = r#"{"metadata":{"a":null},"urls_metadata":{"s3":null,"gs":{"b":null}}}"#;
        let not = parse(&format!("negate_params={not}")).expect("a valid query").filter.not;
        assert_eq!(not.metadata, [("a".to_owned(), String::new())].into());
        assert_eq!(
            not.urls_metadata,
            [
                ("s3".to_owned(), IndexMap::new()),
                ("gs".to_owned(), [("b".to_owned(), String::new())].into()),
            ]
            .into()
        );
        assert_eq!(parse("urls_metadata=null").map(|list| list.filter.urls_metadata), Ok(None));
    }

    #[test]
    fn null_asks_for_records_without_entries() {
        let list = parse("acl=null&authz=null,b").expect("a valid query");
        assert_eq!(list.filter.acl, Some(AccessFilter::Nothing));
        assert_eq!(list.filter.authz, Some(AccessFilter::All(vec!["null".into(), "b".into()])));
    }
}
