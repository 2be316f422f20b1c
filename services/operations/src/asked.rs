//! Bodies and queries. Pure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use web::Params;
use workqueue::{Filter, Place, Run, State};

use crate::{manifest::Form, problem::Problem};

/// Runs of a page that names no size.
const SIZE: u32 = 50;
/// Most runs of a page.
const MOST: u32 = 500;
/// Longest place in a list.
const LONGEST_AFTER: usize = 500;

/// A run that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRun {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
}

/// A run of the archive that is asked for: its parameters, and whether it is only to be said what it would
/// do.
#[derive(Debug, Deserialize)]
pub(crate) struct NewArchiveRun {
    #[serde(default)]
    pub(crate) dry_run: bool,
    #[serde(flatten)]
    pub(crate) params: Map<String, Value>,
}

/// A limit that is changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimit {
    pub(crate) most: u16,
}

/// Which part of a report is asked for, and in which form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReportPage {
    pub(crate) is_tsv: bool,
    pub(crate) after: i64,
    pub(crate) size: u32,
}

impl ReportPage {
    /// # Errors
    /// 400 with what is wrong.
    pub(crate) fn read(params: &Params) -> Result<Self, Problem> {
        let mut page = Self { is_tsv: false, after: 0, size: MOST };
        for (name, value) in params.iter() {
            match (name, value) {
                ("format", "json" | "tsv") => page.is_tsv = value == "tsv",
                ("format", _) => return Err(Problem::Invalid("format: there are json and tsv".to_owned())),
                ("size", _) => page.size = size(value)?,
                ("after", _) => {
                    let told = || Problem::Invalid("after: it is not the \"next\" of a page".to_owned());
                    page.after = value.parse().map_err(|_| told())?;
                }
                (other, _) => {
                    let told = format!("{other:?} is no parameter; there are format, after and size");
                    return Err(Problem::Invalid(told));
                }
            }
        }
        Ok(page)
    }
}

/// How a manifest is to be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ManifestQuery {
    pub(crate) form: Form,
    pub(crate) dry_run: bool,
}

impl ManifestQuery {
    /// # Errors
    /// 400 with what is wrong.
    pub(crate) fn read(params: &Params) -> Result<Self, Problem> {
        let mut query = Self { form: Form::Tsv, dry_run: false };
        let invalid = |told: &str| Problem::Invalid(told.to_owned());
        for (name, value) in params.iter() {
            match (name, value) {
                ("format", _) => {
                    let told = || invalid("format: there are tsv, csv, json and ndjson");
                    query.form = Form::of(value).ok_or_else(told)?;
                }
                ("dry_run", "true" | "false") => query.dry_run = value == "true",
                ("dry_run", _) => return Err(invalid("dry_run: it is true or false")),
                (other, _) => {
                    let told = format!("{other:?} is no parameter; there are format and dry_run");
                    return Err(invalid(&told));
                }
            }
        }
        Ok(query)
    }
}

/// # Errors
/// 400 with what is wrong.
pub(crate) fn body<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Invalid(format!("the body: {error}")))
}

/// Which part of a list is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) filter: Filter,
    pub(crate) place: Option<Place>,
    pub(crate) size: u32,
}

impl Page {
    /// The page that a query names, of what may be seen.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub(crate) fn read(params: &Params, seen: Filter) -> Result<Self, Problem> {
        let mut page = Self { filter: seen, place: None, size: SIZE };
        for (name, value) in params.iter() {
            match name {
                "kind" => page.filter.kind = Some(value.to_owned()),
                "requested_by" => page.filter.requested_by = Some(value.to_owned()),
                "state" => page.filter.states.push(state(value)?),
                "size" => page.size = size(value)?,
                "after" => page.place = Some(place(value)?),
                other => {
                    let told = format!(
                        "{other:?} is no parameter; there are kind, state, requested_by, size and after"
                    );
                    return Err(Problem::Invalid(told));
                }
            }
        }
        page.filter.states.truncate(State::ALL.len());
        Ok(page)
    }
}

fn state(word: &str) -> Result<State, Problem> {
    let words = || State::ALL.map(State::as_str).join(", ");
    State::of(word).ok_or_else(|| Problem::Invalid(format!("state: {word:?} is none; there are {}", words())))
}

fn size(text: &str) -> Result<u32, Problem> {
    let size = text.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| Problem::Invalid(format!("size: a page has 1 to {MOST} runs")))
}

/// The place of a run, for the page after it.
pub(crate) fn token(run: &Run) -> String {
    let place = Place { created: run.created, id: run.id };
    URL_SAFE_NO_PAD
        .encode(serde_json::to_vec(&place).expect("invariant: a place has no other keys than texts"))
}

fn place(token: &str) -> Result<Place, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| token.len() <= LONGEST_AFTER);
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    place.ok_or_else(|| Problem::Invalid("after: it is not the \"next\" of a page".to_owned()))
}

/// The id in a path or a query.
///
/// # Errors
/// 404: nothing has another name.
pub(crate) fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::NotFound("there is no such run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_or_refused_with_the_reason() {
        let read = |query: &str| Page::read(&Params::parse(query), Filter::default());
        let page = read("kind=etl&state=failed&state=running&requested_by=a%40b&size=3").unwrap();
        assert_eq!((page.filter.kind.as_deref(), page.size), (Some("etl"), 3));
        assert_eq!(page.filter.states, [State::Failed, State::Running]);
        assert_eq!(page.filter.requested_by.as_deref(), Some("a@b"));
        let refused = |query| read(query).unwrap_err().to_string();
        assert!(refused("state=done").contains("queued, running"));
        assert!(refused("size=0").contains("1 to 500"));
        assert!(refused("after=x").contains("next"));
        assert!(refused("knd=etl").contains("\"knd\""));
    }

    #[test]
    fn a_part_of_a_report_is_read_or_refused_with_the_reason() {
        let read = |query: &str| ReportPage::read(&Params::parse(query));
        assert_eq!(read("").unwrap(), ReportPage { is_tsv: false, after: 0, size: MOST });
        let page = read("format=tsv&after=7&size=2").unwrap();
        assert_eq!(page, ReportPage { is_tsv: true, after: 7, size: 2 });
        for wrong in ["format=xml", "after=x", "size=0", "page=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_manifest_is_taken_as_the_query_says() {
        let read = |query: &str| ManifestQuery::read(&Params::parse(query));
        assert_eq!(read("").unwrap(), ManifestQuery { form: Form::Tsv, dry_run: false });
        let query = read("format=ndjson&dry_run=true").unwrap();
        assert_eq!(query, ManifestQuery { form: Form::Ndjson, dry_run: true });
        for wrong in ["format=xlsx", "dry_run=1", "guards=/a"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_comes_back() {
        let given = Place { created: chrono::Utc::now(), id: Uuid::new_v4() };
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&given).unwrap());
        assert_eq!(place(&text).unwrap(), given);
    }
}
