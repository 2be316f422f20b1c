use std::sync::Mutex;

use demo::{DemoError, Progress, Silent, Summary, load};

use crate::server::Commons;

/// Remembers how far it was.
#[derive(Default)]
struct Counter(Mutex<(u64, u64)>);

impl Progress for Counter {
    fn total(&self, steps: u64) {
        self.0.lock().unwrap().0 = steps;
    }

    fn advance(&self, steps: u64) {
        self.0.lock().unwrap().1 += steps;
    }

    fn message(&self, _: &str) {}
}

async fn loaded(commons: &Commons) -> Result<Summary, DemoError> {
    load(&commons.url, "token".to_owned(), &Silent).await
}

#[actix_web::test]
async fn a_new_commons_gets_the_whole_study() {
    let commons = Commons::start().await;
    let progress = Counter::default();
    let summary = load(&commons.url, "token".to_owned(), &progress).await.unwrap();
    assert_eq!((summary.project_id.as_str(), summary.was_there), ("demo-airways", false));
    let state = commons.state.lock().unwrap();
    assert_eq!(state.records.len(), summary.records);
    assert_eq!(state.files.len(), summary.files);
    assert_eq!(state.largest_request, 1_000);
    let with_object = state.records.values().filter(|record| record.contains_key("object_id"));
    for record in with_object {
        let file = &state.files[record["object_id"].as_str().unwrap()];
        assert_eq!(
            (record["md5sum"].as_str(), record["file_size"].as_u64()),
            (Some(file.md5().as_str()), file.size())
        );
    }
    let steps = (summary.records + summary.files) as u64;
    assert_eq!(*progress.0.lock().unwrap(), (steps, steps));
}

#[actix_web::test]
async fn a_second_load_sends_nothing() {
    let commons = Commons::start().await;
    let first = loaded(&commons).await.unwrap();
    let writes = commons.state.lock().unwrap().writes;
    let second = loaded(&commons).await.unwrap();
    assert_eq!(second, Summary { was_there: true, ..first });
    assert_eq!(commons.state.lock().unwrap().writes, writes);
}

#[actix_web::test]
async fn an_interrupted_load_is_completed_without_uploading_files_again() {
    let commons = Commons::start().await;
    // The last files are uploaded, but their records do not arrive.
    commons.state.lock().unwrap().refuse = Some("analysis_file");
    let error = loaded(&commons).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "submitting the files' records: the commons answered 400: a-record: no analysis_file today"
    );
    let uploads = commons.state.lock().unwrap().files.len();
    commons.state.lock().unwrap().refuse = None;
    let summary = loaded(&commons).await.unwrap();
    assert!(!summary.was_there);
    let state = commons.state.lock().unwrap();
    assert_eq!((state.files.len(), state.records.len()), (uploads, summary.records));
}

#[actix_web::test]
async fn a_refused_token_is_told_with_the_servers_words() {
    let commons = Commons::start().await;
    let error = load(&commons.url, "wrong".to_owned(), &Silent).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the dictionary: the commons answered 401: Authentication Error: wrong token"
    );
}

#[actix_web::test]
async fn a_file_that_arrives_changed_is_noticed() {
    let commons = Commons::start().await;
    commons.state.lock().unwrap().corrupt = true;
    let error = loaded(&commons).await.unwrap_err();
    assert!(
        matches!(&error, DemoError::NotIndexed { reason, .. } if reason == "size or MD5 differ"),
        "{error}"
    );
}

#[actix_web::test]
async fn where_nobody_listens_the_reason_is_told() {
    Commons::start().await;
    let error = load("http://127.0.0.1:1", "token".to_owned(), &Silent).await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
    let error = load("localhost:8080", "token".to_owned(), &Silent).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "localhost:8080 is not the address of a commons: it is not an http address"
    );
}
