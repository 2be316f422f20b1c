//! Jobs in the words of SciCat (v3 and v4), as they are told. Pure.

use archive::Row;
use serde_json::{Map, Value, json};
use workqueue::State;

use crate::model::{ArchiverJob, JobDataset};

/// Files that a job tells of; the reports of its runs have all.
pub(crate) const MOST_FILES: usize = 500;

/// Files of a run: states, and how many are in each.
pub(crate) type Counts = [(String, i64)];

/// How a dataset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It waits, or is being done.
    Open,
    Done,
    /// Something about its files is not as it must be; it would be the same another time.
    UserError,
    /// It may go better another time.
    SystemError,
    Canceled,
}

impl Outcome {
    /// A run that failed before its attempts were over would fail again. At its last attempt its files say
    /// whose fault it was.
    fn of(dataset: &JobDataset, counts: &Counts) -> Self {
        let has = |states: &[&str]| counts.iter().any(|(state, _)| states.contains(&state.as_str()));
        match dataset.state {
            State::Queued | State::Running => Self::Open,
            State::Succeeded => Self::Done,
            State::Canceled => Self::Canceled,
            State::Failed if has(&["failed", "busy", "damaged"]) => Self::SystemError,
            State::Failed if dataset.attempt < dataset.attempts || has(&["refused"]) => Self::UserError,
            State::Failed => Self::SystemError,
        }
    }

    /// SciCat's words for the life of a dataset.
    fn word(self, is_archive: bool) -> &'static str {
        match (is_archive, self) {
            (_, Self::Open) => "started",
            (true, Self::Done) => "datasetOnArchiveDisk",
            (true, Self::UserError) => "missingFilesError",
            (true, Self::SystemError | Self::Canceled) => "scheduleArchiveJobFailed",
            (false, Self::Done) => "datasetRetrieved",
            (false, _) => "datasetRetrievalFailed",
        }
    }
}

/// A job with its datasets.
pub(crate) fn job(job: &ArchiverJob, datasets: &[(&JobDataset, &Counts)]) -> Value {
    let list: Vec<Value> =
        datasets.iter().map(|(of, _)| json!({ "pid": of.pid, "files": of.files })).collect();
    let mut params = job.params.0.clone();
    params.insert("datasetList".to_owned(), json!(list));
    let message = match (job.status.as_str(), job.is_begun) {
        ("inProgress", false) => "jobStarted",
        ("inProgress", true) => "jobUpdated",
        _ => "jobFinished",
    };
    let id = job.id.to_string();
    json!({
        "id": id,
        "uuid": id,
        "name": format!("{}-{}", job.kind, &id[..8]),
        "type": job.kind,
        "statusCode": job.status,
        "statusMessage": message,
        "jobStatusMessage": job.status,
        "datasetList": list,
        "jobParams": params,
        "jobResultObject": { "datasets": datasets.iter().map(|of| dataset(job, of)).collect::<Vec<_>>() },
        "emailJobInitiator": job.contact,
        "contactEmail": job.contact,
        "ownerUser": job.requested_by,
        "ownerGroup": job.owner_group,
        "createdBy": job.requested_by,
        "creationTime": job.created,
        "createdAt": job.created,
        "updatedAt": job.changed,
    })
}

fn dataset(job: &ArchiverJob, (dataset, counts): &(&JobDataset, &Counts)) -> Value {
    let is_archive = job.kind == archive::ARCHIVE;
    let outcome = Outcome::of(dataset, counts);
    let (name, archivable, retrievable) = match (is_archive, outcome) {
        (true, Outcome::Open) => ("archiveStatusMessage", false, false),
        (true, Outcome::Done) => ("archiveStatusMessage", false, true),
        (true, _) => ("archiveStatusMessage", true, false),
        (false, Outcome::Open) => ("retrieveStatusMessage", false, false),
        (false, _) => ("retrieveStatusMessage", false, true),
    };
    let fault = match outcome {
        Outcome::UserError => Some("user"),
        Outcome::SystemError => Some("system"),
        Outcome::Open | Outcome::Done | Outcome::Canceled => None,
    };
    let files: Map<String, Value> =
        counts.iter().map(|(state, count)| (state.clone(), json!(count))).collect();
    json!({
        "pid": dataset.pid,
        name: outcome.word(is_archive),
        "archivable": archivable,
        "retrievable": retrievable,
        "fault": fault,
        "error": dataset.error,
        "files": files,
        "run": dataset.run,
    })
}

/// A file of a dataset, and what became of it. Where its bytes are read is told as the path of a download,
/// which asks whether its reader may.
pub(crate) fn file(job: &ArchiverJob, dataset: &JobDataset, row: &Row) -> Value {
    let is_archive = job.kind == archive::ARCHIVE;
    let (place, archived) = if is_archive { (&row.source, &row.target) } else { (&row.target, &row.source) };
    let name = place.as_deref().and_then(|url| url.rsplit('/').next()).unwrap_or(&row.guid);
    let is_back = !is_archive && matches!(row.state.as_str(), "retrieved" | "already");
    json!({
        "datasetId": dataset.pid,
        "guid": row.guid,
        "name": name,
        "size": row.size,
        "archiveId": archived,
        "url": is_back.then(|| format!("/user/data/download/{}", row.guid)),
        "state": row.state,
        "note": row.note,
    })
}

#[cfg(test)]
mod tests {
    use sqlx::types::Json;
    use uuid::Uuid;

    use super::*;

    fn told(kind: &str, state: State, attempt: i32, counts: &Counts) -> Value {
        let time = "2026-01-01T00:00:00Z".parse().unwrap();
        let of = ArchiverJob {
            id: Uuid::nil(),
            kind: kind.into(),
            requested_by: "ada".into(),
            contact: Some("a@b".into()),
            owner_group: None,
            params: Json(Map::new()),
            created: time,
            given_up: None,
            status: "inProgress".into(),
            changed: time,
            is_begun: attempt > 0,
        };
        let dataset = JobDataset {
            job: Uuid::nil(),
            pid: "P-x".into(),
            files: vec![],
            run: Uuid::nil(),
            state,
            error: None,
            attempt,
            attempts: 5,
        };
        job(&of, &[(&dataset, counts)])
    }

    #[test]
    fn the_state_of_a_run_is_told_in_the_words_of_the_catalogue() {
        let count = |state: &str| [(state.to_owned(), 1)];
        for (kind, state, attempt, counts, word, fault) in [
            ("archive", State::Queued, 0, "pending", "started", None),
            ("archive", State::Succeeded, 1, "archived", "datasetOnArchiveDisk", None),
            ("archive", State::Failed, 1, "refused", "missingFilesError", Some("user")),
            ("archive", State::Failed, 5, "refused", "missingFilesError", Some("user")),
            ("archive", State::Failed, 5, "failed", "scheduleArchiveJobFailed", Some("system")),
            ("archive", State::Failed, 1, "damaged", "scheduleArchiveJobFailed", Some("system")),
            ("archive", State::Canceled, 1, "pending", "scheduleArchiveJobFailed", None),
            ("retrieve", State::Running, 1, "pending", "started", None),
            ("retrieve", State::Succeeded, 1, "retrieved", "datasetRetrieved", None),
            ("retrieve", State::Failed, 1, "damaged", "datasetRetrievalFailed", Some("system")),
        ] {
            let told = told(kind, state, attempt, &count(counts));
            let dataset = &told["jobResultObject"]["datasets"][0];
            let name = format!("{kind}StatusMessage");
            assert_eq!(
                (&dataset[name], &dataset["fault"]),
                (&json!(word), &json!(fault)),
                "{kind} {state:?}"
            );
            assert!(!(dataset["archivable"] == true && dataset["retrievable"] == true));
        }
    }

    #[test]
    fn a_job_is_told_in_the_words_of_both_versions() {
        let told = told("archive", State::Running, 1, &[]);
        assert_eq!(
            (&told["statusCode"], &told["jobStatusMessage"]),
            (&json!("inProgress"), &json!("inProgress"))
        );
        assert_eq!(told["statusMessage"], "jobUpdated");
        assert_eq!(told["datasetList"], told["jobParams"]["datasetList"]);
        assert_eq!((&told["uuid"], &told["name"]), (&told["id"], &json!("archive-00000000")));
        assert_eq!(self::told("archive", State::Queued, 0, &[])["statusMessage"], "jobStarted");
    }

    #[test]
    fn a_file_that_is_back_has_the_path_of_its_download() {
        let row = Row {
            number: 1,
            guid: "g".into(),
            size: Some(3),
            expected: None,
            actual: None,
            source: Some("s3://cold/g".into()),
            target: Some("s3://data/g/x.h5".into()),
            state: "retrieved".into(),
            note: None,
            told: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let job = |kind: &str| {
            let time = row.told;
            let (params, status) = (Json(Map::new()), "finishedSuccessful".to_owned());
            let (id, kind, requested_by) = (Uuid::nil(), kind.to_owned(), "ada".to_owned());
            let (contact, owner_group, given_up) = (None, None, None);
            let (created, changed, is_begun) = (time, time, true);
            ArchiverJob {
                id,
                kind,
                requested_by,
                contact,
                owner_group,
                params,
                created,
                given_up,
                status,
                changed,
                is_begun,
            }
        };
        let dataset = JobDataset {
            job: Uuid::nil(),
            pid: "d".into(),
            files: vec![],
            run: Uuid::nil(),
            state: State::Succeeded,
            error: None,
            attempt: 1,
            attempts: 5,
        };
        let told = file(&job("retrieve"), &dataset, &row);
        assert_eq!((&told["name"], &told["archiveId"]), (&json!("x.h5"), &json!("s3://cold/g")));
        assert_eq!(told["url"], "/user/data/download/g");
        let waiting = Row { state: "waiting".into(), ..row.clone() };
        assert_eq!(file(&job("retrieve"), &dataset, &waiting)["url"], Value::Null);
        assert_eq!(file(&job("archive"), &dataset, &row)["url"], Value::Null);
    }
}
