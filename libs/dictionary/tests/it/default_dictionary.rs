use std::path::Path;

use dictionary::{Dictionary, Validators};
use serde_json::json;

fn folder() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary");
    folder.to_str().expect("text").to_owned()
}

#[tokio::test]
async fn our_own_dictionary_breaks_no_rule() {
    let files = dictionary::read_files(&folder()).await.expect("it can be read");
    assert_eq!(dictionary::check(&files), []);
}

#[tokio::test]
async fn our_own_dictionary_has_the_types_of_a_research_study() {
    let dictionary = Dictionary::load(&folder()).await.expect("it loads");
    let ids: Vec<_> = dictionary.nodes.keys().map(String::as_str).collect();
    let expected = [
        "root",
        "data_release",
        "aliquot",
        "analysis_file",
        "core_metadata_collection",
        "demographics",
        "diagnosis",
        "imaging_file",
        "imaging_study",
        "program",
        "project",
        "sample",
        "sequencing_file",
        "study",
        "subject",
    ];
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn our_own_dictionary_accepts_plausible_records_and_no_others() {
    let dictionary = Dictionary::load(&folder()).await.expect("it loads");
    let validators = Validators::compile(&dictionary).expect("it compiles");
    let subject = json!({"submitter_id": "p1"});
    let good = [
        json!({"type": "study", "submitter_id": "s", "study_title": "T", "projects": {"code": "P"},
            "keywords": ["a", "b"], "study_design": "Cohort"}),
        json!({
            "type": "subject", "submitter_id": "p1", "studies": [{"submitter_id": "s"}],
            "lost_to_follow_up": "No",
        }),
        json!({"type": "demographics", "submitter_id": "d", "subjects": subject, "sex": "Female",
            "age_at_enrolment": 47, "body_mass_index": 23.5}),
        json!({"type": "diagnosis", "submitter_id": "d", "subjects": subject, "primary_diagnosis": "Asthma",
            "icd10_code": "J45.9", "confirmed_in_laboratory": false, "days_to_diagnosis": -300}),
        json!({"type": "imaging_file", "submitter_id": "i", "imaging_studies": {"submitter_id": "x"},
            "file_name": "a.dcm", "file_size": 1, "md5sum": "0".repeat(32), "data_category": "Imaging",
            "data_type": "Image", "data_format": "DICOM", "modality": "CT", "consent_codes": ["c"]}),
    ];
    for record in &good {
        let kind = record["type"].as_str().expect("a type");
        assert_eq!(validators.check(kind, record), []);
        let mut other = record.clone();
        other["type"] = json!("sample");
        assert!(!validators.is_valid(kind, &other), "{kind} with the type of another");
    }
    let bad =
        json!({"type": "demographics", "submitter_id": "d", "subjects": subject, "age_at_enrolment": 91});
    assert!(!validators.is_valid("demographics", &bad));
}
