//! Jobs in the words of SciCat (v3 and v4), as they are asked for. Pure.
//!
//! The archiver of ETH (ScopeM) takes the id and the type of a job, and asks the catalogue for the rest. Here
//! a job brings its datasets along, as v3 (`datasetList`) or as v4 (`jobParams.datasetList`) has them.

use std::collections::HashSet;

use archive::{Selector, Task};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use web::Params;

use crate::{model::JobFilter, problem::Problem};

/// Datasets of a job; each is a run, of which a user may have so many.
const MOST_DATASETS: usize = 50;
/// Names of files in all datasets of a job.
const MOST_FILES: usize = 10_000;
const LONGEST_PID: usize = 255;
const LONGEST_NAME: usize = 1_024;
const LONGEST_CONTACT: usize = 320;
/// Largest parameters, in bytes of JSON.
const LARGEST_PARAMS: usize = 16 << 10;
/// Jobs of a page that names no size, and most of them.
const SIZE: u32 = 50;
const MOST: u32 = 100;
const DATASETS: &str = "datasetList";
/// States of a job that is over, and of one that is not.
pub(crate) const IN_PROGRESS: &str = "inProgress";
pub(crate) const UNSUCCESSFUL: &str = "finishedUnsuccessful";
pub(crate) const STATES: [&str; 4] =
    [IN_PROGRESS, "finishedSuccessful", UNSUCCESSFUL, "finishedWithDatasetErrors"];
/// Parameters that SciCat's pages send with each job. Files go back to where they came from.
const UNHEEDED: [&str; 4] = ["username", "destinationPath", "option", "location"];

/// What is wrong with a request, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) place: Vec<Value>,
    pub(crate) told: String,
}

impl Wrong {
    fn body(place: &[&str], told: impl Into<String>) -> Self {
        let names = place.iter().map(|name| json!(name));
        Self { place: std::iter::once(json!("body")).chain(names).collect(), told: told.into() }
    }

    fn query(name: &str, told: impl Into<String>) -> Self {
        Self { place: vec![json!("query"), json!(name)], told: told.into() }
    }
}

/// A dataset that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dataset {
    pub(crate) pid: String,
    /// Names of files; all of the dataset without any.
    pub(crate) files: Vec<String>,
}

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) id: Option<Uuid>,
    pub(crate) task: Task,
    pub(crate) datasets: Vec<Dataset>,
    /// As they were given, without the datasets.
    pub(crate) params: Map<String, Value>,
    pub(crate) contact: Option<String>,
    pub(crate) owner_group: Option<String>,
}

impl Order {
    /// The job of a body. Members that are not about archiving are ignored, as the original does.
    ///
    /// # Errors
    /// With what is wrong first.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let mut body = object(bytes)?;
        let task = match body.get("type").and_then(Value::as_str) {
            Some("archive") => Task::Archive,
            Some("retrieve") => Task::Retrieve,
            _ => return Err(Wrong::body(&["type"], "it is archive or retrieve")),
        };
        let id = text(&body, "id", usize::MAX)?.map(|id| Uuid::try_parse(&id));
        let id = id.transpose().map_err(|_| Wrong::body(&["id"], "it is a UUID"))?;
        if body.get("executionTime").is_some_and(|time| !time.is_null()) {
            return Err(Wrong::body(&["executionTime"], "jobs begin as soon as they can; leave it away"));
        }
        let mut params = match body.remove("jobParams") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Wrong::body(&["jobParams"], "it is a JSON object")),
        };
        let datasets = datasets(body.remove(DATASETS), params.shift_remove(DATASETS))?;
        checked(task, &params)?;
        let contact = match text(&body, "contactEmail", LONGEST_CONTACT)? {
            None => text(&body, "emailJobInitiator", LONGEST_CONTACT)?,
            contact => contact,
        };
        if contact.as_ref().is_some_and(|contact| !contact.contains('@')) {
            return Err(Wrong::body(&["contactEmail"], "it is no e-mail address"));
        }
        let owner_group = text(&body, "ownerGroup", LONGEST_PID)?;
        Ok(Self { id, task, datasets, params, contact, owner_group })
    }

    /// The parameters of the run over the files of one of its datasets.
    pub(crate) fn run(&self, selector: &Selector) -> Map<String, Value> {
        let mut run: Map<String, Value> = [("selector".to_owned(), json!(selector))].into_iter().collect();
        let heeded = [("tier", "tier"), ("graceDays", "grace_days"), ("days", "days")];
        for (name, ours) in heeded {
            run.extend(self.params.get(name).map(|value| (ours.to_owned(), value.clone())));
        }
        if self.params.get("deleteSource") == Some(&Value::Bool(true)) {
            run.insert("delete_source".to_owned(), json!("after_verification"));
        }
        run
    }
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Wrong> {
    let body: Value =
        serde_json::from_slice(bytes).map_err(|error| Wrong::body(&[], format!("it is no JSON: {error}")))?;
    if body.to_string().contains("\\u0000") {
        return Err(Wrong::body(&[], "it holds U+0000, which cannot be stored"));
    }
    match body {
        Value::Object(body) => Ok(body),
        _ => Err(Wrong::body(&[], "it is a JSON object")),
    }
}

fn text(body: &Map<String, Value>, name: &str, longest: usize) -> Result<Option<String>, Wrong> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() <= longest => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(Wrong::body(&[name], format!("it has more than {longest} bytes"))),
        Some(_) => Err(Wrong::body(&[name], "it is a text")),
    }
}

/// The datasets of v3, or of v4.
fn datasets(v3: Option<Value>, v4: Option<Value>) -> Result<Vec<Dataset>, Wrong> {
    let wrong = |told: &str| Wrong::body(&[DATASETS], told);
    let list = match (v3, v4) {
        (Some(one), Some(other)) if one != other => {
            return Err(wrong("it is not the one of jobParams"));
        }
        (Some(list), _) | (None, Some(list)) => list,
        (None, None) => return Err(wrong("a job names its datasets, as in [{\"pid\": …, \"files\": []}]")),
    };
    let Value::Array(list) = list else { return Err(wrong("it is a list")) };
    if list.is_empty() || list.len() > MOST_DATASETS {
        return Err(wrong(&format!("a job has 1 to {MOST_DATASETS} datasets")));
    }
    let datasets = list.iter().enumerate().map(|(number, dataset)| {
        dataset_of(dataset).map_err(|(name, told)| {
            let mut wrong = Wrong::body(&[DATASETS], told);
            wrong.place.extend([json!(number), json!(name)]);
            wrong
        })
    });
    let datasets: Vec<Dataset> = datasets.collect::<Result<_, _>>()?;
    if datasets.iter().map(|dataset| dataset.files.len()).sum::<usize>() > MOST_FILES {
        return Err(wrong(&format!("a job names at most {MOST_FILES} files")));
    }
    let mut seen = HashSet::new();
    match datasets.iter().find(|dataset| !seen.insert(dataset.pid.as_str())) {
        Some(twice) => Err(wrong(&format!("{:?} is in it twice", twice.pid))),
        None => Ok(datasets),
    }
}

fn dataset_of(value: &Value) -> Result<Dataset, (&'static str, String)> {
    let within = |text: &&str, longest: usize| !text.is_empty() && text.len() <= longest;
    let pid = value.get("pid").and_then(Value::as_str).filter(|pid| within(pid, LONGEST_PID));
    let pid = pid.ok_or_else(|| ("pid", format!("it is a text of at most {LONGEST_PID} bytes")))?;
    let files = match value.get("files") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(files)) => files
            .iter()
            .map(|name| name.as_str().filter(|name| within(name, LONGEST_NAME)).map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .ok_or_else(|| ("files", format!("names are texts of at most {LONGEST_NAME} bytes")))?,
        Some(_) => return Err(("files", "it is a list of names".to_owned())),
    };
    Ok(Dataset { pid: pid.to_owned(), files })
}

/// Parameters that mean something. Whether there is such a tier, and so many days, the archive says.
fn checked(task: Task, params: &Map<String, Value>) -> Result<(), Wrong> {
    if json!(params).to_string().len() > LARGEST_PARAMS {
        return Err(Wrong::body(&["jobParams"], format!("they have more than {LARGEST_PARAMS} bytes")));
    }
    for (name, value) in params {
        let (is_right, told) = match (task, name.as_str()) {
            (Task::Archive, "tier") => (value.is_string(), "it is the name of a tier"),
            (Task::Archive, "deleteSource") => (value.is_boolean(), "it is true or false"),
            (Task::Archive, "graceDays") | (Task::Retrieve, "days") => {
                (value.as_u64().is_some_and(|days| days <= u64::from(u16::MAX)), "it is a number of days")
            }
            (Task::Archive, "tapeCopies") => (value == "one", "there is one copy"),
            (_, name) if UNHEEDED.contains(&name) => (true, ""),
            _ => (false, "there is no such parameter of this type of job"),
        };
        if !is_right {
            return Err(Wrong::body(&["jobParams", name], told));
        }
    }
    Ok(())
}

/// The state that a job is wanted to have, in the words of v4 or of v3. What it tells beside that is made
/// from its runs.
///
/// # Errors
/// With what is wrong first.
pub(crate) fn wanted(bytes: &[u8]) -> Result<&'static str, Wrong> {
    let body = object(bytes)?;
    let told = || format!("it is one of {}", STATES.join(", "));
    let named = ["statusCode", "jobStatusMessage"].into_iter().find(|name| body.contains_key(*name));
    let name = named.ok_or_else(|| Wrong::body(&["statusCode"], told()))?;
    let word = body.get(name).and_then(Value::as_str);
    let known = STATES.into_iter().find(|known| Some(*known) == word);
    known.ok_or_else(|| Wrong::body(&[name], told()))
}

/// Which part of the list of jobs is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JobPage {
    pub(crate) filter: JobFilter,
    pub(crate) after: Option<Uuid>,
    pub(crate) size: u32,
}

impl JobPage {
    /// The page that a query names, of what may be seen.
    ///
    /// # Errors
    /// With what is wrong first.
    pub(crate) fn read(params: &Params, seen: JobFilter) -> Result<Self, Wrong> {
        let mut page = Self { filter: seen, after: None, size: SIZE };
        for (name, value) in params.iter() {
            let one_of = |words: &[&'static str]| {
                let known = words.iter().find(|word| **word == value).copied();
                known.ok_or_else(|| Wrong::query(name, format!("it is one of {}", words.join(", "))))
            };
            match name {
                "type" => page.filter.only = Some(one_of(&[archive::ARCHIVE, archive::RETRIEVE])?),
                "statusCode" => page.filter.status = Some(one_of(&STATES)?),
                "limit" => {
                    let size = value.parse().ok().filter(|size| (1..=MOST).contains(size));
                    page.size = size.ok_or_else(|| Wrong::query(name, format!("it is 1 to {MOST}")))?;
                }
                "after" => {
                    let told = || Wrong::query(name, "it is the id of the last job of a page");
                    page.after = Some(Uuid::try_parse(value).map_err(|_| told())?);
                }
                _ => {
                    let told = "there are type, statusCode, limit and after";
                    return Err(Wrong::query(name, told));
                }
            }
        }
        Ok(page)
    }
}

/// The id in a path.
///
/// # Errors
/// 404: no job has another name.
pub(crate) fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::NotFound("there is no such job"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Value) -> Result<Order, String> {
        Order::read(body.to_string().as_bytes())
            .map_err(|wrong| format!("{}: {}", json!(wrong.place), wrong.told))
    }

    #[test]
    fn a_job_of_v3_is_one_of_v4() {
        let datasets = json!([{"pid": "a", "files": []}, {"pid": "b", "files": ["x.h5"]}]);
        let v3 = read(json!({
            "type": "archive", "emailJobInitiator": "a@b", "datasetList": datasets, "creationTime": "now",
            "jobParams": {
                "username": "ada", "tapeCopies": "one", "deleteSource": true, "graceDays": 3, "tier": "t",
            },
        }));
        let v3 = v3.unwrap();
        assert_eq!((v3.task, v3.id, v3.contact.as_deref()), (Task::Archive, None, Some("a@b")));
        assert_eq!(v3.datasets[1], Dataset { pid: "b".into(), files: vec!["x.h5".into()] });
        let selector = Selector::Guids(vec!["g".into()]);
        let run = json!({
            "selector": {"guids": ["g"]}, "tier": "t", "grace_days": 3, "delete_source": "after_verification",
        });
        assert_eq!(Value::Object(v3.run(&selector)), run);
        let id = "00000000-0000-4000-8000-000000000001";
        let v4 = read(json!({
            "id": id, "type": "retrieve", "ownerUser": "ada", "ownerGroup": "g", "contactEmail": "a@b",
            "jobParams": {"datasetList": datasets, "days": 2, "destinationPath": "/x"},
        }));
        let v4 = v4.unwrap();
        assert_eq!((v4.id, v4.owner_group.as_deref()), (Some(id.parse().unwrap()), Some("g")));
        assert_eq!(v4.datasets, v3.datasets);
        assert_eq!(Value::Object(v4.run(&selector)), json!({"selector": {"guids": ["g"]}, "days": 2}));
    }

    #[test]
    fn what_is_no_job_is_refused_with_the_place() {
        let with = |name: &str, value: Value| {
            let mut body = json!({"type": "archive", "datasetList": [{"pid": "a"}]});
            body[name] = value;
            body
        };
        let many: Vec<Value> = (0..51).map(|number| json!({"pid": number.to_string()})).collect();
        for (wrong, told) in [
            (json!([]), r#"["body"]: it is a JSON object"#),
            (json!({"type": "reset"}), r#"["body","type"]: it is archive or retrieve"#),
            (json!({"type": "archive"}), r#"["body","datasetList"]: a job names its datasets"#),
            (with("id", json!("x")), r#"["body","id"]: it is a UUID"#),
            (with("id", json!(1)), r#"["body","id"]: it is a text"#),
            (with("datasetList", json!([])), "1 to 50"),
            (with("datasetList", json!(many)), "1 to 50"),
            (with("datasetList", json!([{"pid": ""}])), r#"["body","datasetList",0,"pid"]"#),
            (with("datasetList", json!([{"pid": "a", "files": [1]}])), r#"["body","datasetList",0,"files"]"#),
            (with("datasetList", json!([{"pid": "a"}, {"pid": "a"}])), "is in it twice"),
            (with("datasetList", json!([{"pid": "a", "files": vec!["x"; 10_001]}])), "at most 10000 files"),
            (with("datasetList", json!([{"pid": "a\0"}])), "U+0000"),
            (with("executionTime", json!("2030-01-01T00:00:00Z")), "leave it away"),
            (with("jobParams", json!({"datasetList": [{"pid": "b"}]})), "not the one of jobParams"),
            (with("jobParams", json!({"tapeCopies": "two"})), r#"["body","jobParams","tapeCopies"]"#),
            (with("jobParams", json!({"days": 1})), "no such parameter of this type"),
            (with("jobParams", json!({"graceDays": -1})), "number of days"),
            (with("jobParams", json!({"username": "x".repeat(20_000)})), "more than 16384 bytes"),
            (with("contactEmail", json!("nobody")), "no e-mail address"),
            (with("ownerGroup", json!("x".repeat(256))), "more than 255 bytes"),
        ] {
            let refused = read(wrong.clone()).unwrap_err();
            assert!(refused.contains(told), "{wrong}: {refused}");
        }
        assert!(Order::read(b"{").unwrap_err().told.starts_with("it is no JSON"));
    }

    #[test]
    fn a_state_is_wanted_in_the_words_of_both_versions() {
        let of = |body: Value| wanted(body.to_string().as_bytes());
        assert_eq!(
            of(json!({"statusCode": UNSUCCESSFUL, "statusMessage": "jobFinished"})).unwrap(),
            UNSUCCESSFUL
        );
        assert_eq!(of(json!({"jobStatusMessage": IN_PROGRESS})).unwrap(), IN_PROGRESS);
        for wrong in [json!({}), json!({"statusCode": "done"}), json!({"statusCode": 1})] {
            assert!(of(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_of_jobs_is_read_or_refused() {
        let read = |query: &str| JobPage::read(&Params::parse(query), JobFilter::default());
        let page = read("type=archive&statusCode=inProgress&limit=7").unwrap();
        assert_eq!(
            (page.filter.only, page.filter.status, page.size),
            (Some("archive"), Some(IN_PROGRESS), 7)
        );
        for wrong in ["type=verify", "statusCode=done", "limit=0", "limit=101", "after=x", "skip=1"] {
            assert_eq!(read(wrong).unwrap_err().place[0], "query", "{wrong}");
        }
    }
}
